//! The command with pictures of one's own: a folder of colour pictures and arrays of numpy, from training to every use
//! of the model. This file belongs to the package of the command, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::{DataSet, Samples, load};
use image::{Rgb, RgbImage};

mod command;

use command::{err, files, json, number, png_size, run};

/// 60 pictures of 16 × 16 in three classes, each class in a colour of its own.
fn pictures(at: &Path) {
    for (class, name) in ["blue", "green", "red"].iter().enumerate() {
        let folder = at.join("pictures").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        for number in 0..20_u32 {
            let image = RgbImage::from_fn(16, 16, |x, y| {
                let mut pixel = [(20 + number) as u8; 3];
                pixel[2 - class] = (60 + 10 * ((x + y * number) % 16)) as u8;
                Rgb(pixel)
            });
            image.save(folder.join(format!("{number:02}.png"))).expect("a picture");
        }
    }
}

fn loaded(at: &Path, name: &str) -> DataSet {
    load(at.join(name).to_str().expect("text"), at, &Default::default(), &()).unwrap_or_else(|error| panic!("{error}"))
}

/// The kinds of colours that a PNG has, and its pixels.
fn drawn(path: &Path) -> (png::ColorType, Vec<u8>) {
    let bytes = fs::read(path).expect("a picture");
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    (info.color_type, pixels)
}

#[test]
fn models_of_colour_pictures_are_used_in_colour() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(at);
    for (preset, out) in [("strided-conv", "convolutional"), ("basic", "dense"), ("vae-2d", "vae")] {
        let args = ["train", "--data", "pictures", "--preset", preset, "--epochs", "2", "--out", out];
        let output = run(at, &args);
        assert!(output.status.success(), "{}", err(&output));
        let line = "60 pictures of 16×16 in colour (channels × height × width inside), 3 classes: blue, green, red";
        assert!(err(&output).contains(line), "{}", err(&output));
        let config = fs::read_to_string(at.join(out).join("config.toml")).expect("a configuration");
        assert!(config.contains("pictures"), "{config}");
        let uses: &[&[&str]] = &[
            &["reconstruct", out, "--out", "reconstruct.png"],
            &["denoise", out, "--noise", "gaussian", "--out", "denoise.png"],
            &["interpolate", out, "--from", "0", "--to", "3", "--out", "interpolate.png"],
            &["anomaly", out, "--normal-class", "red", "--out", "anomaly.png"],
            &["sample", out, "--out", "sample.png"],
            &["latent-grid", out, "--side", "3", "--out", "latent-grid.png"],
        ];
        let count = if preset == "vae-2d" { uses.len() } else { 4 };
        for args in &uses[..count] {
            let output = run(at, args);
            assert!(output.status.success(), "{args:?}: {}", err(&output));
        }
        for name in ["reconstruct", "denoise", "interpolate", "sample", "latent-grid"] {
            let path = at.join(format!("{name}.png"));
            if path.exists() {
                let (kind, pixels) = drawn(&path);
                assert_eq!(kind, png::ColorType::Rgb, "{name}");
                let coloured = pixels.as_chunks::<3>().0.iter().filter(|[r, g, b]| r != g || g != b).count();
                assert!(coloured > 100, "{name} has {coloured} pixels in colour");
                fs::remove_file(path).expect("removed");
            }
        }
        assert_eq!(drawn(&at.join(out).join("reconstructions.png")).0, png::ColorType::Rgb);
    }
    // Other pictures are scaled, and get the channels of the model.
    fs::create_dir(at.join("others")).expect("a folder");
    for number in 0..3_u8 {
        image::GrayImage::from_pixel(20, 30, image::Luma([90 * number]))
            .save(at.join(format!("others/{number}.jpg")))
            .expect("a picture");
    }
    let output = run(at, &["eval", "dense", "--data", "others"]);
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("3 pictures of 16×16 in colour") && said.contains("scaled from 1 size: 3 of 30×20"),
        "{said}"
    );
    // The first sample is drawn with the colours of its file.
    json(at, &["reconstruct", "dense", "--out", "again.png", "--count", "3", "--json"]);
    let (_, pixels) = drawn(&at.join("again.png"));
    let (width, _) = png_size(&fs::read(at.join("again.png")).expect("a picture"));
    let set = loaded(at, "pictures");
    let first = set.validation.rows(&[0]);
    for (y, x) in [(0, 0), (3, 9), (15, 15)] {
        // A gap of 6 pixels, and a sample enlarged fivefold.
        let place = ((6 + 5 * y) * width as usize + 6 + 5 * x) * 3;
        let expected: Vec<u8> = (0..3).map(|c| (first[(0, (c * 16 + y) * 16 + x)] * 255.0).round() as u8).collect();
        assert_eq!(&pixels[place..place + 3], expected);
    }
}

/// The same samples train the same model, whatever form they have.
#[test]
fn converted_pictures_are_the_same_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(at);
    let output = run(at, &["data", "convert", "pictures", "idx"]);
    assert!(output.status.success(), "{}", err(&output));
    let names: Vec<_> = files(&at.join("idx")).into_iter().map(|(path, _)| path).collect();
    let names: Vec<_> = names.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(
        names,
        [
            "classes.txt",
            "t10k-images-idx4-ubyte",
            "t10k-labels-idx1-ubyte",
            "train-images-idx4-ubyte",
            "train-labels-idx1-ubyte"
        ]
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("classes.txt has their names"));
    assert_eq!(fs::read_to_string(at.join("idx/classes.txt")).expect("names"), "blue\ngreen\nred\n");
    let (pictures, idx) = (loaded(at, "pictures"), loaded(at, "idx"));
    // An IDX file has no names of files.
    let [train, validation] =
        [&pictures.train, &pictures.validation].map(|part| Samples { places: None, ..part.clone() });
    assert_eq!((&train, &validation), (&idx.train, &idx.validation));
    let train = |data: &str, threads: &str| {
        let args = ["train", "--data", data, "--epochs", "2", "--threads", threads, "--json", "--quiet", "--out"];
        json(at, &[&args[..], &[&format!("{data}-{threads}")]].concat())["weights_sha256"].clone()
    };
    let first = train("pictures", "1");
    assert!([train("pictures", "2"), train("idx", "1"), train("idx", "2")].iter().all(|sha| *sha == first));

    // Nothing is overwritten.
    let before = files(at);
    let output = run(at, &["data", "convert", "pictures", "idx"]);
    assert!(!output.status.success() && err(&output).contains("exists already"), "{}", err(&output));
    assert_eq!(files(at), before);
    // A file of classes that is too short is refused.
    fs::write(at.join("idx/classes.txt"), "blue\n").expect("written");
    let output = run(at, &["eval", "idx-1", "--data", "idx"]);
    assert!(err(&output).contains("classes.txt: it has 1 line, but there are labels up to 2"), "{}", err(&output));
}

/// Values that 32 bits cannot tell apart are scaled in 64 bits. Without a scale, they are refused with their place.
#[test]
fn doubles_are_scaled_before_they_become_floats() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let value = |sample: usize, at: usize| 1e8 + ((sample * (at + 3)) % 10) as f64 / 10.0;
    let idx = |large: bool| {
        let mut bytes = vec![0, 0, 14, 3, 0, 0, 0, 50, 0, 0, 0, 2, 0, 0, 0, 2];
        for sample in 0..50 {
            let values = (0..4).map(|at| if large && (sample, at) == (7, 2) { 1e300 } else { value(sample, at) });
            bytes.extend(values.flat_map(f64::to_be_bytes));
        }
        bytes
    };
    fs::write(at.join("doubles.idx"), idx(false)).expect("written");
    let args = ["train", "--data", "doubles.idx", "--scale", "min-max", "--loss", "mse", "--layers", "4", "--epochs"];
    let report = json(
        at,
        &[&args[..], &["100", "--batch-size", "5", "--code-activation", "linear", "--out", "run", "--json", "--quiet"]]
            .concat(),
    );
    // As 32-bit numbers all values would be equal.
    assert!(number(&report["val_loss"]) < 0.05, "{report}");
    let report = json(at, &["eval", "run", "--data", "doubles.idx", "--json"]);
    assert_eq!(report["samples"], 50);
    fs::write(at.join("large.idx"), idx(true)).expect("written");
    let output = run(at, &["train", "--data", "large.idx", "--loss", "mse", "--layers", "4", "--out", "none"]);
    let said = err(&output);
    assert!(said.contains("large.idx: sample ") && said.contains(" samples has 1e300 at position 2"), "{said}");
    assert!(!output.status.success() && !at.join("none").exists());
}

#[test]
fn info_describes_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(at);
    let says = |args: &[&str], words: &[&str]| {
        let output = run(at, args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{args:?}: {}", err(&output));
        assert!(words.iter().all(|word| text.contains(word)), "{args:?}: {text}");
    };
    says(&["data", "info", "pictures"], &["60 pictures of 16×16 in colour", "60 samples of 3×16×16, values from"]);
    says(&["data", "info", "pictures", "--size", "8x4"], &["60 pictures of 8×4", "scaled from 1 size: 60 of 16×16"]);
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 2)}\n";
    let values: Vec<u8> = (0..12).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let bytes = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &values].concat();
    fs::write(at.join("a.npy"), bytes).expect("written");
    says(&["data", "info", "a.npy"], &["3×2×2 was taken as samples × height × width", "values from 0 to 11"]);
    says(&["data", "convert", "a.npy", "idx"], &["2 training and 1 validation samples", "train-images-idx3-float"]);
    says(&["data", "info", "idx"], &["2 samples of 2×2", "1 samples of 2×2"]);
    says(&["data", "info", "idx/train-images-idx3-float"], &["IDX, 2×2×2 values of type f32"]);
    let output = run(at, &["data", "info", "a.npy", "--size", "4"]);
    assert!(err(&output).contains("only PNG and JPEG files in a folder can be scaled"), "{}", err(&output));
    let output = run(at, &["train", "--data", "pictures", "--size", "0"]);
    assert!(err(&output).contains("each from 1 to 8192"), "{}", err(&output));
}
