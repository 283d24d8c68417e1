//! `handgrad denoise`. This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use handgrad_analysis::psnr;
use handgrad_dataset::photo;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::s;
use serde_json::Value;

mod command;

use command::{err, handgrad, json, number, png_size, run, samples, small, train};

/// On samples, the error after denoising is the loss that `eval` measures with the same noise.
#[test]
fn a_denoiser_is_shown_and_measured_on_its_noise() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--preset", "tf-denoise"]);
    let rows = |path: &str| png_size(&fs::read(at.join(path)).expect("a picture"));
    assert_eq!(rows("run/reconstructions.png"), (10 * 90 + 6, 4 * 90 + 6), "clean, noisy, denoised, errors");
    let found = json(at, &["denoise", "run", "--out", "ten.png", "--json"]);
    assert_eq!(rows("ten.png"), (10 * 90 + 6, 3 * 90 + 6));
    let eval = number(&json(at, &["eval", "run", "--json"])["value"]);
    assert!((number(&found["denoised"]["mse"]) - eval).abs() < 1e-6 * eval, "{found}, {eval}");
    assert!(number(&found["noisy"]["mse"]) < 0.04, "clipped noise of 0.2 has less: {found}");
    for kind in ["noisy", "denoised"] {
        let ssim = number(&found[kind]["ssim"]);
        assert!((0.0..1.0).contains(&ssim) && number(&found[kind]["psnr"]) > 5.0, "{found}");
    }
    // For masking noise the expected squared error is p times the mean square of the samples.
    let args =
        ["denoise", "run", "--noise", "masking", "--noise-level", "0.3", "--count", "4", "--out", "four.png", "--json"];
    let found = json(at, &args);
    assert_eq!(rows("four.png"), (4 * 90 + 6, 3 * 90 + 6));
    let square = samples(at).mapv(|v| f64::from(v).powi(2)).mean().expect("values");
    let ratio = number(&found["noisy"]["mse"]) / square;
    assert!((ratio - 0.3).abs() < 0.01, "{ratio}");
    // A network that was not trained to remove noise may be tried, and the output says so.
    train(at, "basic", &[]);
    let output = run(at, &["denoise", "basic", "--noise", "gaussian", "--out", "basic.png"]);
    assert!(output.status.success() && err(&output).contains("not trained to remove noise"), "{}", err(&output));
}

/// Noise is added after the scale of the model is applied. With level 0 it changes neither samples nor images.
#[test]
fn no_noise_is_none_behind_a_scale() {
    let folder = small();
    let at = folder.path();
    GrayImage::from_fn(40, 30, |x, y| Luma([(x * 6 + y / 2) as u8])).save(at.join("own.png")).expect("written");
    for scale in ["standard", "min-max"] {
        let settings = ["--preset", "tf-denoise", "--scale", scale, "--loss", "mse", "--output-activation", "linear"];
        train(at, scale, &settings);
        for image in [&[][..], &["own.png"]] {
            let noise = ["--noise", "gaussian", "--noise-level", "0", "--out", "out.png", "--json", "--quiet"];
            let found = json(at, &[&["denoise", scale], image, &noise].concat());
            assert_eq!(number(&found["noisy"]["mse"]), 0.0, "{scale} {image:?}: {found}");
        }
    }
}

/// PSNR of two pictures, computed from their bytes.
fn distance(at: &Path, a: &str, b: &str) -> f64 {
    let [a, b] = [a, b].map(|path| {
        let bytes = image::open(at.join(path)).expect("a picture").into_luma8().into_raw();
        bytes.into_iter().map(|byte| f32::from(byte) / 255.0).collect::<Vec<_>>()
    });
    psnr(&a, &b, 1.0).expect("values")
}

#[test]
fn images_of_any_size_are_denoised() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--preset", "tf-denoise", "--epochs", "40", "--batch-size", "16"]);
    let denoise = |args: &[&str]| json(at, &[&["denoise", "run", "--json", "--quiet"], args].concat());
    // Shapes of different brightness, larger than the network's 28×28 and not a multiple of it.
    let grey = |x: u32, y: u32| if (x / 9 + y / 13).is_multiple_of(2) { 200 } else { 30 };
    let clean = GrayImage::from_fn(75, 50, |x, y| Luma([grey(x, y)]));
    clean.save(at.join("clean.png")).expect("written");
    let jitter =
        |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(97) >> 25;
    let noisy = GrayImage::from_fn(75, 50, |x, y| {
        Luma([(u32::from(grey(x, y)) + jitter(x, y)).saturating_sub(64).min(255) as u8])
    });
    noisy.save(at.join("noisy.png")).expect("written");

    let found = denoise(&["noisy.png", "--clean", "clean.png", "--out", "tiled.png"]);
    assert_eq!((&found["width"], &found["height"]), (&75.into(), &50.into()), "its own size");
    assert_eq!(png_size(&fs::read(at.join("tiled.png")).expect("a picture")), (75, 50));
    assert!((number(&found["noisy"]["psnr"]) - distance(at, "noisy.png", "clean.png")).abs() < 1e-3, "{found}");
    // The picture is rounded to bytes; the measured values are not.
    let after = number(&found["denoised"]["psnr"]);
    assert!((after - distance(at, "tiled.png", "clean.png")).abs() < 0.05, "{found}");
    assert!(after > number(&found["noisy"]["psnr"]), "{found}");

    // Noise added by the command: clean, noisy and denoised image below each other, separated by 6 white lines.
    let found = denoise(&["clean.png", "--noise", "salt-and-pepper", "--noise-level", "0.1", "--out", "three.png"]);
    assert_eq!(png_size(&fs::read(at.join("three.png")).expect("a picture")), (75, 3 * 50 + 2 * 6));
    let three = image::open(at.join("three.png")).expect("a picture").into_luma8();
    assert!((0..50).all(|y| (0..75).all(|x| three.get_pixel(x, y) == clean.get_pixel(x, y))), "the image is on top");
    let hit = (0..50).flat_map(|y| (0..75).map(move |x| (x, y)));
    let hit = hit.filter(|&(x, y)| three.get_pixel(x, y + 56) != clean.get_pixel(x, y)).count();
    assert!((300..450).contains(&hit), "{hit} of 3750 pixels, of which a tenth was to be hit");
    assert!(number(&found["denoised"]["psnr"]) > number(&found["noisy"]["psnr"]), "{found}");

    // Resized to the size of the network; and the smallest possible image.
    let found = denoise(&["noisy.png", "--fit", "resized", "--clean", "clean.png", "--out", "small.png"]);
    assert_eq!((&found["width"], &found["height"]), (&28.into(), &28.into()));
    GrayImage::from_pixel(1, 1, Luma([128])).save(at.join("one.png")).expect("written");
    let found = denoise(&["one.png", "--clean", "one.png", "--out", "one-out.png"]);
    assert_eq!((&found["width"], &found["denoised"]["ssim"]), (&1.into(), &Value::Null), "no window fits: {found}");
}

/// In an image of uniform grey the tiles must not be visible: no edges, and no pattern from the stride of the
/// network.
#[test]
fn tiles_leave_no_seams() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--preset", "tf-denoise", "--epochs", "40", "--batch-size", "16"]);
    GrayImage::from_pixel(100, 70, Luma([120])).save(at.join("even.png")).expect("written");
    json(at, &["denoise", "run", "even.png", "--out", "out.png", "--json", "--quiet"]);
    let image = image::open(at.join("out.png")).expect("a picture").into_luma8();
    let (low, high) = image.pixels().fold((255, 0), |(low, high), pixel| (pixel[0].min(low), pixel[0].max(high)));
    assert!(high - low <= 2, "{low}..{high}");
}

#[test]
fn images_of_every_kind_become_what_the_network_takes() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &[]);
    let sum = |image: &DynamicImage, name: &str, format: ImageFormat| {
        image.save_with_format(at.join(name), format).expect("written");
        let out = format!("{name}.out.png");
        json(at, &["denoise", "run", name, "--out", &out, "--json", "--quiet"]);
        fs::read(at.join(out)).expect("a picture")
    };
    // Transparent pixels count as white, whatever their hidden colour.
    let white = DynamicImage::ImageLuma8(GrayImage::from_pixel(40, 30, Luma([255])));
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(40, 30, Rgba([200, 0, 0, 0])));
    let on_white = sum(&white, "white.png", ImageFormat::Png);
    assert_eq!(sum(&clear, "clear.png", ImageFormat::Png), on_white);
    let colour = DynamicImage::ImageRgb8(RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, 200, y as u8])));
    let grey = DynamicImage::ImageLuma8(colour.to_luma8());
    let [a, b] = [(&colour, "colour"), (&grey, "grey")]
        .map(|(image, name)| sum(image, &format!("{name}.png"), ImageFormat::Png));
    let [a, b] = [a, b].map(|bytes| image::load_from_memory(&bytes).expect("a picture").into_luma8());
    assert!(a.pixels().zip(b.pixels()).all(|(a, b)| a[0].abs_diff(b[0]) <= 1), "but for the rounding of grey to bytes");
    // JPEG; 16 bits per pixel; and a file with a wrong extension.
    let wide = DynamicImage::ImageLuma16(grey.to_luma16());
    sum(&wide, "wide.png", ImageFormat::Png);
    sum(&colour, "colour.jpg", ImageFormat::Jpeg);
    sum(&grey, "really-a-jpeg.png", ImageFormat::Jpeg);
}

/// A large, nearly empty picture with few bits per pixel, and bytes that some programs append after its end.
#[test]
fn sound_pngs_of_every_sort_are_read() {
    for depth in [png::BitDepth::One, png::BitDepth::Two, png::BitDepth::Four] {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2000, 2000);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette(&[255, 0, 0, 0, 255, 0][..]);
        encoder.set_compression(png::Compression::High);
        let pixels = vec![0; 2000 * 2000 * depth as usize / 8];
        encoder.write_header().and_then(|mut file| file.write_image_data(&pixels)).expect("written");
        for more in [&b""[..], b"Some text that follows the picture\n"] {
            let file = Cursor::new([&bytes[..], more].concat());
            let image = photo::decode(file, Path::new("some.png"), 3).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(image.dim(), (3, 2000, 2000), "{} bytes", bytes.len());
            assert!(image.slice(s![0, .., ..]).iter().all(|&red| red == 1.0));
            assert!(image.slice(s![1.., .., ..]).iter().all(|&other| other == 0.0));
        }
    }
}

/// The commands of the README do what it says: the network removes noise.
#[test]
fn the_denoiser_of_the_readme_improves_its_images() {
    let readme = include_str!("../README.md");
    let folder = tempfile::tempdir().expect("a folder");
    let lines = readme.lines().filter_map(|line| line.strip_prefix("$ handgrad "));
    let commands: Vec<_> = lines.filter(|line| line.contains("runs/denoiser")).collect();
    assert_eq!(commands.len(), 2, "one trains it and one uses it: {commands:?}");
    let trained: Vec<_> = commands[0].split_whitespace().collect();
    assert!(run(folder.path(), &trained).status.success());
    let used: Vec<_> = commands[1].split_whitespace().chain(["--json"]).collect();
    let found = json(folder.path(), &used);
    for measure in ["psnr", "ssim"] {
        let [noisy, denoised] = ["noisy", "denoised"].map(|kind| number(&found[kind][measure]));
        assert!(denoised > noisy, "{measure}: {noisy} with noise, {denoised} without");
    }
}

/// The tiles of a picture, and the measures of samples, are computed on all threads, with the same bits on any number.
#[test]
fn pictures_and_measures_do_not_depend_on_the_number_of_threads() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--noise", "gaussian"]);
    assert!(run(at, &["reconstruct", "run", "--out", "picture.png", "--count", "7"]).status.success());
    let on = |threads: &str| {
        let (picture, ten) = (format!("clean-{threads}.png"), format!("ten-{threads}.png"));
        let denoise = |args: &[&str]| {
            let output = handgrad(at).args(["denoise", "run"]).args(args).env("RAYON_NUM_THREADS", threads).output();
            let output = output.expect("it starts");
            assert!(output.status.success(), "{}", err(&output));
            String::from_utf8(output.stdout).expect("text")
        };
        denoise(&["picture.png", "--out", &picture, "--quiet"]);
        let measured = denoise(&["--out", &ten, "--json", "--quiet"]).replace(&ten, "");
        (fs::read(at.join(picture)).expect("written"), fs::read(at.join(ten)).expect("written"), measured)
    };
    let alone = on("1");
    for threads in ["2", "3", "8"] {
        assert!(on(threads) == alone, "{threads} threads");
    }
}
