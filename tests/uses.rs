//! Uses of a trained model: encode, decode, sample, interpolate, alter. This file belongs to the package `handgrad`,
//! whose binary it needs.

use std::fs;

use ndarray::{Array2, Array3, Axis};
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;

mod command;

use command::{err, json, list, number, png_size, run, samples, small, train};

#[test]
fn eval_and_reconstruct_use_a_finished_run() {
    let folder = small();
    let at = folder.path();
    let report = train(at, "run", &[]);
    let eval = json(at, &["eval", "run", "--json"]);
    assert_eq!((&eval["value"], &eval["samples"]), (&report["val_loss"], &60.into()));
    let whole = json(at, &["eval", "run", "--data", "small/train-images-idx3-ubyte.gz", "--json"]);
    assert_eq!(whole["samples"], 300, "a file is tried whole");
    let model = json(at, &["eval", "run/model.safetensors", "--data", "small", "--json"]);
    assert_eq!(model["value"], report["val_loss"]);

    let picture = json(at, &["reconstruct", "run", "--out", "seen/it.png", "--count", "4", "--json"]);
    assert_eq!(picture["mse_of_each"].as_array().map(Vec::len), Some(4));
    let bytes = fs::read(at.join("seen/it.png")).expect("a picture");
    assert_eq!(png_size(&bytes), (4 * 90 + 6, 2 * 90 + 6));
    // The first row of the picture shows the data; its top left sample is enlarged threefold.
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    reader.next_frame(&mut pixels).expect("pixels");
    let drawn =
        handgrad_dataset::load(at.join("small").to_str().expect("UTF-8"), at, &Default::default(), &()).expect("data");
    let handgrad_dataset::Values::Bytes(first) = drawn.validation.values else { panic!("bytes") };
    for (y, x) in [(0, 0), (14, 14), (20, 9), (27, 27)] {
        assert_eq!(pixels[(6 + 3 * y) * 366 + 6 + 3 * x], first[(0, y * 28 + x)]);
    }
}

#[test]
fn a_variational_model_draws_and_encodes() {
    let folder = small();
    train(folder.path(), "vae-2d", &["--preset", "vae-2d", "--epochs", "1"]);
    train(folder.path(), "vae", &["--preset", "vae", "--epochs", "1"]);
    let picture = |name: &str| fs::read(folder.path().join(name)).expect("a picture");
    let sample = |seed: &str, out: &str| {
        let args = ["sample", "vae", "--count", "9", "--seed", seed, "--out", out, "--json"];
        assert_eq!(json(folder.path(), &args)["images"], 9);
    };
    sample("1", "a.png");
    sample("1", "b.png");
    sample("2", "c.png");
    assert_eq!(picture("a.png"), picture("b.png"), "the same seed, the same picture");
    assert_ne!(picture("a.png"), picture("c.png"));
    assert_eq!(png_size(&picture("a.png")), (3 * 90 + 6, 3 * 90 + 6));
    assert_eq!(
        json(folder.path(), &["latent-grid", "vae-2d", "--side", "4", "--out", "map.png", "--json"])["images"],
        16
    );
    assert_eq!(png_size(&picture("map.png")), (4 * 90 + 6, 4 * 90 + 6));

    let args = ["encode", "vae-2d", "--data", "small", "--out", "codes.csv", "--json", "--quiet"];
    assert_eq!(json(folder.path(), &args)["values"], 2);
    let codes = fs::read_to_string(folder.path().join("codes.csv")).expect("codes");
    let lines: Vec<_> = codes.lines().collect();
    assert_eq!((lines[0], lines.len()), ("label,z0,z1", 61));
    assert!(lines[1..].iter().all(|line| line.split(',').all(|value| value.parse::<f64>().is_ok_and(f64::is_finite))));

    for (args, says) in [
        (&["latent-grid", "vae", "--out", "x.png"][..], "a code of 20 places"),
        (&["sample", "vae", "--out", "codes.csv"], ".png"),
    ] {
        let output = run(folder.path(), args);
        assert!(!output.status.success() && err(&output).contains(says), "{args:?}: {}", err(&output));
        assert!(!folder.path().join("x.png").exists());
    }
}

/// The error of decoded codes is the loss that `eval` measures, so nothing is lost or mixed up.
#[test]
fn codes_go_out_and_come_back() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--loss", "mse", "--layers", "40,8"]);
    for out in ["codes.csv", "codes.npy"] {
        let found = json(at, &["encode", "run", "--out", out, "--json"]);
        assert_eq!((&found["samples"], &found["values"]), (&60.into(), &8.into()));
    }
    let decode = |codes: &str, out: &str| json(at, &["decode", "run", codes, "--out", out, "--json"]);
    decode("codes.csv", "back.npy");
    let back: Array3<f32> = read_npy(at.join("back.npy")).expect("a .npy file");
    assert_eq!(back.dim(), (60, 28, 28));
    let x = samples(at).into_shape_with_order((60, 28, 28)).expect("images");
    let loss = (&back - &x).mapv(|error| f64::from(error).powi(2)).mean().expect("values");
    let eval = number(&json(at, &["eval", "run", "--json"])["value"]);
    assert!((loss - eval).abs() < 1e-6 * eval, "{loss} after decoding, {eval} measured");

    // The same codes in every format in which they may be written.
    let codes: Array2<f32> = read_npy(at.join("codes.npy")).expect("a .npy file");
    write_npy(at.join("double.npy"), &codes.mapv(f64::from)).expect("written");
    write_npy(at.join("fortran.npy"), &codes.t().as_standard_layout().into_owned().reversed_axes()).expect("written");
    let csv = fs::read_to_string(at.join("codes.csv")).expect("codes");
    let without = |header: bool, label: bool| -> String {
        let lines = csv.lines().skip(usize::from(header));
        lines
            .map(|line| {
                line.split_once(',').map_or(line, |(_, codes)| if label { codes } else { line }).to_string() + "\n"
            })
            .collect()
    };
    for (name, text) in
        [("bare.csv", without(true, true)), ("labels.csv", without(true, false)), ("names.csv", without(false, true))]
    {
        fs::write(at.join(name), text).expect("written");
    }
    for codes in ["codes.npy", "double.npy", "fortran.npy", "bare.csv", "labels.csv", "names.csv"] {
        let out = format!("{codes}.back.npy");
        decode(codes, &out);
        assert_eq!(read_npy::<_, Array3<f32>>(at.join(&out)).expect("a .npy file"), back, "{codes}");
    }

    // Each part of the model does its half on its own.
    json(at, &["split", "run", "--encoder", "e.safetensors", "--decoder", "d.safetensors", "--json"]);
    json(at, &["encode", "e.safetensors", "--data", "small", "--out", "by-encoder.npy", "--json"]);
    assert_eq!(fs::read(at.join("by-encoder.npy")).expect("codes"), fs::read(at.join("codes.npy")).expect("codes"));
    json(at, &["decode", "d.safetensors", "by-encoder.npy", "--out", "by-decoder.npy", "--json"]);
    assert_eq!(read_npy::<_, Array3<f32>>(at.join("by-decoder.npy")).expect("a .npy file"), back);

    // Several outputs at once: a picture with as many columns as rows, and a CSV file that keeps the labels.
    let both = json(at, &["decode", "run", "codes.csv", "--out", "back.png", "--out", "back.csv", "--json"]);
    assert_eq!((&both["samples"], &both["values"], &both["drawn_from"]), (&60.into(), &784.into(), &Value::Null));
    assert_eq!(png_size(&fs::read(at.join("back.png")).expect("a picture")), (8 * 90 + 6, 8 * 90 + 6));
    let text = fs::read_to_string(at.join("back.csv")).expect("samples");
    let labels = |text: &str| text.lines().map(|line| line.split(',').next().map(str::to_string)).collect::<Vec<_>>();
    assert_eq!(labels(&text), labels(&csv));
    let (first, second) = (text.lines().next().expect("a header"), text.lines().nth(1).expect("a sample"));
    assert!(first.starts_with("label,x0,x1,") && first.ends_with(",x783"), "{first}");
    let values: Vec<f32> = second.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect();
    assert!(values.iter().eq(back.index_axis(Axis(0), 0).iter()), "every digit is written");
}

/// If outputs leave 0..1, the picture is scaled, and the scale is printed.
#[test]
fn what_leaves_0_to_1_is_scaled_and_said() {
    let folder = small();
    let at = folder.path();
    train(at, "linear", &["--preset", "vae-2d", "--loss", "mse", "--output-activation", "linear"]);
    train(at, "sigmoid", &["--preset", "vae-2d"]);
    for (args, out) in [(&["sample", "linear"][..], "a.png"), (&["latent-grid", "linear"], "b.png")] {
        let found = json(at, &[args, &["--out", out, "--json"]].concat());
        let range = list(&found["drawn_from"]);
        assert!(range[0] < 0.0 || range[1] > 1.0, "{found}");
        let image = image::open(at.join(out)).expect("a picture").into_luma8();
        // Black occurs, and white occurs within the samples, which begin at 6, 6.
        assert!(image.pixels().any(|pixel| pixel[0] == 0));
        let inside = image.enumerate_pixels().filter(|(x, y, _)| x % 90 >= 6 && y % 90 >= 6);
        assert!(inside.clone().any(|(_, _, pixel)| pixel[0] == 255) && inside.count() > 0);
        let text = run(at, &[args, &["--out", out]].concat());
        assert!(String::from_utf8_lossy(&text.stdout).contains("as black"), "{text:?}");
    }
    assert_eq!(json(at, &["sample", "sigmoid", "--out", "c.png", "--json"])["drawn_from"], Value::Null);
}

/// The interpolation begins and ends with the reconstructions of both samples; `reconstruct` reports the same errors.
#[test]
fn a_walk_leads_from_one_reconstruction_to_the_other() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--loss", "mse"]);
    let each = list(&json(at, &["reconstruct", "run", "--out", "seen.png", "--count", "10", "--json"])["mse_of_each"]);
    let args = ["interpolate", "run", "--from", "2", "--to", "7", "--steps", "5", "--out", "walk.png", "--json"];
    let found = json(at, &args);
    let apart = list(&found["mse_of_walk_and_blend"]);
    assert_eq!(apart.len(), 5);
    for (ours, theirs) in [(apart[0], each[2]), (apart[4], each[7])] {
        assert!((ours - theirs).abs() < 1e-6 * theirs, "{ours} at the end of the walk, {theirs} by reconstruct");
    }
    assert!(number(&found["code_distance"]) > 0.0 && found["from"]["label"] == "2", "{found}");
    assert_eq!(png_size(&fs::read(at.join("walk.png")).expect("a picture")), (5 * 90 + 6, 2 * 90 + 6));
}

#[test]
fn altered_images_come_nearer_to_the_other_class() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--loss", "mse", "--epochs", "20", "--batch-size", "32"]);
    let args = [
        "alter",
        "run",
        "--from-class",
        "1",
        "--to-class",
        "0",
        "--strength=-1,0,1,2",
        "--count",
        "3",
        "--out",
        "a.png",
    ];
    let found = json(at, &[&args[..], &["--json"]].concat());
    let arrived = list(&found["nearer_to_class"]);
    assert!(arrived[0] <= arrived[1] && arrived[1] < 0.5 && arrived[2] > 0.5 && arrived[3] > 0.9, "{found}");
    assert_eq!(png_size(&fs::read(at.join("a.png")).expect("a picture")), (5 * 90 + 6, 3 * 90 + 6), "a row an image");
    // Strength 0 is the reconstruction: the second column equals the picture that `reconstruct` draws of that sample.
    let labels = handgrad_dataset::idx::read(&at.join("small/t10k-labels-idx1-ubyte.gz")).expect("labels");
    let handgrad_dataset::idx::Array::U8(labels) = labels else { panic!("bytes") };
    let first = labels.iter().position(|&label| label == 1).expect("the class occurs") as u32;
    json(at, &["reconstruct", "run", "--out", "all.png", "--count", "60", "--json"]);
    let [altered, all] = ["a.png", "all.png"].map(|path| image::open(at.join(path)).expect("a picture").into_luma8());
    for (x, y) in (0..84).flat_map(|x| (0..84).map(move |y| (x, y))) {
        assert_eq!(altered.get_pixel(6 + x, 6 + y), all.get_pixel(6 + 90 * first + x, 6 + y), "the image itself");
        // The columns after the image have the strengths −1, 0, …
        let (ours, theirs) = (altered.get_pixel(6 + 2 * 90 + x, 6 + y), all.get_pixel(6 + 90 * first + x, 6 + 90 + y));
        assert!(ours[0].abs_diff(theirs[0]) <= 1, "{ours:?} {theirs:?}");
    }
}

#[test]
fn help_teaches_by_example_and_quiet_is_quiet() {
    let folder = small();
    let at = folder.path();
    for command in
        ["reconstruct", "encode", "decode", "denoise", "sample", "latent-grid", "interpolate", "alter", "anomaly"]
    {
        let help = run(at, &[command, "--help"]);
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        for word in [&format!("handgrad {command} runs/"), "Example", "--json", "--quiet"] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
    train(at, "run", &["--preset", "tf-denoise", "--epochs", "1"]);
    for args in [
        &["denoise", "run", "--out", "a.png", "--quiet"][..],
        &["anomaly", "run", "--out", "b.png", "--quiet"],
        &["encode", "run", "--out", "c.csv", "--quiet"],
    ] {
        assert_eq!(err(&run(at, args)), "", "{args:?}");
    }
}
