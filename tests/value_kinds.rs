//! Bytes and numbers: bytes are divided by 255 and numbers are not, and a model knows which of them it was trained on.
//! This file belongs to the package `handgrad`, whose binary it needs.

use std::fs;
use std::path::Path;

use handgrad_dataset::arrays;
use ndarray::Array3;
use ndarray_npy::WriteNpyExt;

mod command;

use command::{err, json, number, run};

fn pictures() -> Array3<u8> {
    Array3::from_shape_fn((30, 4, 4), |(n, i, j)| (n * 37 + i * 50 + j * 21) as u8)
}

fn write<T: ndarray_npy::WritableElement>(path: &Path, array: &Array3<T>) {
    array.write_npy(fs::File::create(path).expect("a file")).expect("written");
}

/// The loss of a file, and what is said about it.
fn eval(at: &Path, model: &str, data: &str) -> (f64, String) {
    let value = number(&json(at, &["eval", model, "--data", data, "--json"])["value"]);
    (value, err(&run(at, &["eval", model, "--data", data])))
}

#[test]
fn the_same_pictures_have_the_same_loss_as_bytes_and_as_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let bytes = pictures();
    write(&at.join("bytes.npy"), &bytes);
    write(&at.join("whole.npy"), &bytes.mapv(i32::from));
    write(&at.join("single.npy"), &bytes.mapv(f32::from));
    write(&at.join("unit.npy"), &bytes.mapv(|byte| f32::from(byte) / 255.0));
    write(&at.join("halves.npy"), &bytes.mapv(|byte| f32::from(byte) / 2.0));
    let idx = [&[0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 4, 0, 0, 0, 4][..], bytes.as_slice().expect("in order")].concat();
    fs::write(at.join("pictures-idx3-ubyte"), idx).expect("written");
    let train = |data: &str, out: &str| {
        let output = run(at, &["train", "--data", data, "--epochs", "1", "--out", out]);
        assert!(output.status.success(), "{}", err(&output));
        err(&output)
    };
    train("bytes.npy", "of_bytes");
    train("unit.npy", "of_unit");
    // Without --loss, values outside 0..1 are no failure.
    let told = train("whole.npy", "of_numbers");
    assert!(told.contains("the loss is the squared error and the scale standard"), "{told}");
    for model in ["of_bytes", "of_numbers"] {
        let (expected, _) = eval(at, model, "bytes.npy");
        for data in ["whole.npy", "single.npy", "pictures-idx3-ubyte"] {
            assert_eq!(expected, eval(at, model, data).0, "{model}, {data}");
        }
    }
    assert_eq!(eval(at, "of_bytes", "bytes.npy").0, eval(at, "of_bytes", "unit.npy").0);
    assert_eq!(eval(at, "of_unit", "bytes.npy").0, eval(at, "of_unit", "unit.npy").0);
    for (model, data, words) in [
        ("of_bytes", "whole.npy", "are divided by 255, as the bytes"),
        ("of_bytes", "halves.npy", "trained on bytes divided by 255"),
        ("of_numbers", "bytes.npy", "the bytes are taken as numbers"),
        ("of_unit", "bytes.npy", "the bytes are divided by 255"),
        ("of_unit", "whole.npy", "are within 0..1"),
    ] {
        let said = eval(at, model, data).1;
        assert!(said.contains(words), "{model}, {data}, {words}: {said}");
    }
    let picture = run(at, &["denoise", "of_numbers", "x.png", "--out", "y.png"]);
    assert!(err(&picture).contains("numbers that are not within 0..1"), "{}", err(&picture));
}

/// A .npy file of this type and shape with these bytes.
fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
}

#[test]
fn words_of_numpy_are_read() {
    let unicode: Vec<u8> = ["cat\0\0", "größe"]
        .iter()
        .flat_map(|word| word.chars())
        .flat_map(|char| (char as u32).to_le_bytes())
        .collect();
    for (file, expected) in
        [(npy("<U5", "(2,)", &unicode), ["cat", "größe"]), (npy("|S3", "(2,)", b"abcd\0\0"), ["abc", "d"])]
    {
        let array = handgrad_dataset::npy::decode_array(&file[..], Path::new("y.npy")).expect("words");
        let expected = expected.map(str::to_owned).to_vec();
        assert_eq!(array, handgrad_dataset::npy::Array::Words(ndarray::Array1::from(expected).into_dyn()));
        let error = arrays::decode_npy(&file[..], Path::new("y.npy")).expect_err("labels only").to_string();
        assert!(error.contains("y.npy"), "{error}");
    }
    // A word that is longer than what is read at a time.
    let long = npy("|S4000", "(9,)", &[b'a'; 36_000]);
    let array = handgrad_dataset::npy::decode_array(&long[..], Path::new("y.npy")).expect("words");
    assert_eq!(array.shape(), [9]);
}
