//! Wrong uses of a trained model, and files with false headers. This file belongs to the package `handgrad`, whose
//! binary it needs.

use std::fs;
use std::process::Command;

use image::{GrayImage, Luma};
use ndarray::Array2;
use ndarray_npy::write_npy;

mod command;

use command::{err, files, json, run, small, train};

/// Exit code, arguments, and words that the error must contain. The code is 2 for wrong usage and 1 for other
/// failures.
const MISTAKES: &[(i32, &[&str], &[&str])] = &[
    (1, &["sample", "run", "--out", "x.png"], &["run", "not variational", "--preset vae"]),
    (1, &["latent-grid", "run", "--out", "x.png"], &["not variational"]),
    (2, &["encode", "run", "--out", "x.txt"], &["x.txt", ".csv or .npy"]),
    (1, &["encode", "run", "--out", "codes.csv"], &["codes.csv", "not overwritten"]),
    (1, &["encode", "run", "--data", "flat.idx", "--out", "x.csv"], &["flat.idx", "16×49", "28×28"]),
    (1, &["reconstruct", "run", "--data", "flat.idx", "--out", "x.png"], &["flat.idx", "16×49", "28×28"]),
    (1, &["reconstruct", "run", "--data", "deep.idx", "--out", "x.png"], &["deep.idx", "3×28×28", "2,352"]),
    (1, &["eval", "run", "--data", "flat.idx"], &["flat.idx", "16×49", "28×28"]),
    (1, &["denoise", "run", "--data", "deep.idx", "--noise", "gaussian", "--out", "x.png"], &["deep.idx", "3×28×28"]),
    (1, &["decode", "e.safetensors", "codes.csv", "--out", "x.png"], &["e.safetensors", "encoder", "whole model"]),
    (1, &["denoise", "e.safetensors", "ok.png", "--out", "x.png"], &["e.safetensors", "encoder", "whole model"]),
    (1, &["decode", "run", "narrow.csv", "--out", "x.png"], &["narrow.csv", "3 values", "code has 4"]),
    (1, &["decode", "run", "wide.csv", "--out", "x.png"], &["wide.csv", "5 values", "code has 4"]),
    (1, &["decode", "run", "cell.csv", "--out", "x.png"], &["cell.csv, line 2, column 3", "oops"]),
    (1, &["decode", "run", "first.csv", "--out", "x.png"], &["first.csv, line 1, column 4", "oops"]),
    (1, &["decode", "run", "infinite.csv", "--out", "x.png"], &["infinite.csv, line 1, column 2", "inf"]),
    (1, &["decode", "run", "ragged.csv", "--out", "x.png"], &["ragged.csv, line 3", "2 cells", "4"]),
    (1, &["decode", "run", "label.csv", "--out", "x.png"], &["label.csv, line 2, column 1", "\"\"", "label"]),
    (1, &["decode", "run", "empty.csv", "--out", "x.png"], &["empty.csv", "empty"]),
    (1, &["decode", "run", "names.csv", "--out", "x.png"], &["names.csv", "no rows", "header"]),
    (1, &["decode", "run", "bytes.csv", "--out", "x.png"], &["bytes.csv", "CSV"]),
    (1, &["decode", "run", "text.npy", "--out", "x.png"], &["text.npy", "NUMPY"]),
    (1, &["decode", "run", "huge.npy", "--out", "x.png"], &["huge.npy", "4294967296×1073741824", "0 bytes follow"]),
    (1, &["decode", "run", "overflow.npy", "--out", "x.png"], &["overflow.npy", "0 bytes follow"]),
    (1, &["decode", "run", "none.npy", "--out", "x.png"], &["none.npy", "18446744073709551615×0"]),
    (1, &["decode", "run", "header.npy", "--out", "x.png"], &["header.npy", "4,294,967,295 bytes"]),
    (1, &["decode", "run", "nested.npy", "--out", "x.png"], &["nested.npy", "plain numbers"]),
    (1, &["decode", "run", "cut.npy", "--out", "x.png"], &["cut.npy", "2×4", "31 bytes follow"]),
    (1, &["decode", "run", "whole.npy", "--out", "x.png"], &["whole.npy", "<i8", "<f4"]),
    (1, &["decode", "run", "line.npy", "--out", "x.png"], &["line.npy", "shape 4"]),
    (1, &["decode", "run", "nan.npy", "--out", "x.png"], &["nan.npy", "row 1", "NaN"]),
    (1, &["decode", "run", "large.npy", "--out", "x.png"], &["large.npy", "row 0", "inf"]),
    (1, &["decode", "run", "/dev/zero", "--out", "x.png"], &["/dev/zero", "not a file"]),
    (2, &["decode", "run", "words.txt", "--out", "x.png"], &["words.txt", ".csv or .npy"]),
    (2, &["decode", "run", "codes.csv", "--out", "x.bmp"], &["x.bmp", ".png"]),
    (1, &["decode", "run", "codes.csv", "--out", "codes.npy"], &["codes.npy", "not overwritten"]),
    (1, &["decode", "run", "codes.csv", "--out", "no.png"], &["no.png", "not overwritten"]),
    (1, &["denoise", "run", "no.png", "--out", "x.png"], &["no.png", "not a PNG or JPEG"]),
    (1, &["denoise", "run", "cut.png", "--out", "x.png"], &["cut.png", "not a PNG or JPEG"]),
    (1, &["denoise", "run", "cut.jpg", "--out", "x.png"], &["cut.jpg", "not a PNG or JPEG"]),
    (1, &["denoise", "run", "claim.png", "--out", "x.png"], &["claim.png", "8000×8000", "cannot hold"]),
    (1, &["denoise", "run", "giant.png", "--out", "x.png"], &["giant.png", "100000×100000", "67,108,864"]),
    (1, &["denoise", "run", "/dev/zero", "--out", "x.png"], &["/dev/zero", "not a file"]),
    (1, &["denoise", "run", "ok.png", "--clean", "other.png", "--out", "x.png"], &["other.png", "5×6", "30×20"]),
    (1, &["denoise", "run", "ok.png", "--out", "ok.png"], &["ok.png", "the image itself"]),
    (
        1,
        &["denoise", "run", "ok.png", "--clean", "other.png", "--out", "other.png"],
        &["other.png", "the image itself"],
    ),
    (1, &["reconstruct", "run", "--out", "folder.png"], &["folder.png", "not overwritten"]),
    (2, &["decode", "run", "codes.csv", "--out", "x.npy", "--out", "x.npy"], &["x.npy", "given twice"]),
    (1, &["denoise", "lines", "ok.png", "--out", "x.png"], &["lines", "not images"]),
    (2, &["denoise", "run", "--out", "x.png"], &["--noise"]),
    (2, &["denoise", "run", "--noise", "gaussian", "--noise-level", "-1", "--out", "x.png"], &["-1", "0 or more"]),
    (2, &["denoise", "run", "ok.png", "--noise", "masking", "--noise-level", "2", "--out", "x.png"], &["2", "0..1"]),
    (2, &["denoise", "run", "ok.png", "--noise-level", "2", "--out", "x.png"], &["--noise"]),
    (2, &["denoise", "run", "ok.png", "--out", "x.txt"], &["x.txt", ".png"]),
    (2, &["interpolate", "run", "--from", "3", "--to", "3", "--out", "x.png"], &["both 3"]),
    (1, &["interpolate", "run", "--from", "3", "--to", "60", "--out", "x.png"], &["60", "from 0 to 59"]),
    (2, &["interpolate", "run", "--from", "3", "--to", "4", "--steps", "1", "--out", "x.png"], &["2..=100"]),
    (2, &["alter", "run", "--from-class", "3", "--to-class", "3", "--out", "x.png"], &["both 3"]),
    (2, &["alter", "run", "--from-class", "3", "--to-class", "77", "--out", "x.png"], &["77", "0, 1, 2, 3"]),
    (1, &["alter", "lines", "--from-class", "3", "--to-class", "4", "--out", "x.png"], &["no labels"]),
    (2, &["alter", "run", "--from-class", "3", "--to-class", "4", "--strength", "nan", "--out", "x.png"], &["NaN"]),
];

/// A .npy file with a padded header, and data.
fn npy(shape: &str, element: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {element}, 'fortran_order': False, 'shape': {shape}, }}\n");
    [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A PNG that claims a size and contains almost nothing.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().expect("a header");
    // The header chunk, and the start of a chunk whose data is missing.
    bytes.truncate(33);
    [&bytes[..], &8_u32.to_be_bytes(), b"IDAT", &[0; 12]].concat()
}

#[test]
fn wrong_uses_are_refused_in_words_and_nothing_is_touched() {
    let folder = small();
    let at = folder.path();
    train(at, "run", &["--layers", "4"]);
    let write = |name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).expect("written");
    let idx = |dims: &[u32]| -> Vec<u8> {
        let header = [0, 0, 8, dims.len() as u8].into_iter().chain(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        header.chain((0..dims.iter().product::<u32>()).map(|v| (v % 251) as u8)).collect()
    };
    write("flat.idx", &idx(&[20, 16, 49]));
    write("deep.idx", &idx(&[20, 3, 28, 28]));
    write("lines.idx", &idx(&[20, 12]));
    write("in-a-line.idx", &idx(&[20, 784]));
    json(
        at,
        &["train", "--data", "lines.idx", "--layers", "2", "--epochs", "1", "--out", "lines", "--json", "--quiet"],
    );
    // Samples stored as one row of values have the same size.
    json(at, &["reconstruct", "run", "--data", "in-a-line.idx", "--out", "line.png", "--json"]);
    json(at, &["split", "run", "--encoder", "e.safetensors", "--json"]);
    json(at, &["encode", "run", "--out", "codes.csv", "--json"]);
    json(at, &["encode", "run", "--out", "codes.npy", "--json"]);
    for (name, text) in [
        ("narrow.csv", "1,2,3\n"),
        ("wide.csv", "1.5,1,2,3,4\n"),
        ("cell.csv", "1,2,3,4\n1,2,oops,4\n"),
        ("first.csv", "1,2,3,oops\n1,2,3,4\n"),
        ("infinite.csv", "1,inf,3,4\n"),
        ("ragged.csv", "z0,z1,z2,z3\n1,2,3,4\n1,2\n"),
        ("label.csv", "label,z0,z1,z2,z3\n,1,2,3,4\n"),
        ("empty.csv", ""),
        ("names.csv", "z0,z1,z2,z3\n"),
        ("words.txt", "words"),
        ("no.png", "not a picture"),
        ("numbered.csv", "0,1,2,3\n4,5,6,7\n"),
        ("text.npy", "these are words, not numbers"),
    ] {
        write(name, text.as_bytes());
    }
    // The columns of this file are numbered, and it has a header.
    assert_eq!(json(at, &["decode", "run", "numbered.csv", "--out", "one.png", "--json"])["samples"], 1);
    fs::create_dir(at.join("folder.png")).expect("a folder");
    write("bytes.csv", b"\xff\xfe,1,2,3\n");
    write("huge.npy", &npy("(4294967296, 1073741824)", "'<f4'", &[]));
    write("overflow.npy", &npy("(9223372036854775808, 4)", "'<f4'", &[]));
    write("none.npy", &npy("(18446744073709551615, 0)", "'<f4'", &[]));
    write("header.npy", &[&b"\x93NUMPY\x02\x00"[..], &[255; 4], b"{'descr'"].concat());
    write("nested.npy", &npy("(1, 4)", &("[".repeat(4000) + &"]".repeat(4000)), &[]));
    write("cut.npy", &npy("(2, 4)", "'<f4'", &[0; 31]));
    write("whole.npy", &npy("(1, 4)", "'<i8'", &[0; 32]));
    write("line.npy", &npy("(4,)", "'<f4'", &[0; 16]));
    write_npy(at.join("nan.npy"), &Array2::from_shape_fn((2, 4), |(row, _)| [0.0, f32::NAN][row])).expect("written");
    write_npy(at.join("large.npy"), &Array2::from_elem((1, 4), 1e300_f64)).expect("written");
    let ok = GrayImage::from_fn(30, 20, |x, y| Luma([(x * 5 + y) as u8]));
    ok.save(at.join("ok.png")).expect("written");
    ok.save(at.join("ok.jpg")).expect("written");
    GrayImage::new(5, 6).save(at.join("other.png")).expect("written");
    for name in ["ok.png", "ok.jpg"] {
        let bytes = fs::read(at.join(name)).expect("a picture");
        write(&name.replace("ok", "cut"), &bytes[..bytes.len() / 2]);
    }
    write("claim.png", &png_of(8000, 8000));
    write("giant.png", &png_of(100_000, 100_000));

    let before = files(at);
    for (code, args, words) in MISTAKES {
        let output = run(at, args);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {text}");
        let error = text.split("error: ").nth(1).unwrap_or_else(|| panic!("{args:?}: no error in {text:?}"));
        let usage = error.contains("For more information, try '--help'");
        assert!(usage || (error.trim().lines().count() == 1 && error.len() < 600), "{args:?}: one paragraph: {error}");
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        for word in *words {
            assert!(error.contains(word), "{args:?}: {word:?} is not in {error:?}");
        }
    }
    assert_eq!(before, files(at), "what was there is as it was, and nothing was added");

    // Waiting for a pipe to which nobody writes would never end.
    if !cfg!(unix) {
        return;
    }
    assert!(Command::new("mkfifo").arg(at.join("pipe.png")).status().expect("mkfifo").success());
    let output = run(at, &["reconstruct", "run", "--out", "pipe.png"]);
    assert!(output.status.code() == Some(1) && err(&output).contains("pipe.png"), "{}", err(&output));
}
