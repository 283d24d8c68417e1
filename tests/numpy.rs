//! Arrays of numpy as data: .npy files of every type and order, and .npz files.

use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use handgrad_dataset::arrays::{Found, decode_npy, decode_npz};
use handgrad_dataset::{Error, Samples, Values};

/// A .npy file, following the format.
fn npy_file(descr: &str, fortran_order: bool, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let shape: String = shape.iter().map(|size| format!("{size},")).collect();
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), values].concat()
}

/// A zip file, following the format: for each file its local header and contents, then the directory and its end.
/// `claim` replaces the lengths that the directory gives for a file, before and after compression.
fn zip_file(files: &[(&str, &[u8])], deflate: bool, claim: Option<[u32; 2]>) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in files {
        let mut crc = flate2::Crc::new();
        crc.update(contents);
        let stored = if deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(contents).expect("compressed");
            encoder.finish().expect("compressed")
        } else {
            contents.to_vec()
        };
        let [packed, unpacked] = claim.unwrap_or([stored.len() as u32, contents.len() as u32]);
        // Version, flags, method, time, date, checksum, the two lengths, the length of the name and of extra fields.
        let method = if deflate { 8_u16 } else { 0 };
        let about = [
            &20_u16.to_le_bytes()[..],
            &[0, 0],
            &method.to_le_bytes(),
            &[0; 4],
            &crc.sum().to_le_bytes(),
            &packed.to_le_bytes(),
            &unpacked.to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        let offset = (zip.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0", &about[..], &[0; 10], &offset, name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", &about[..], name.as_bytes(), &stored].concat());
    }
    let (count, start) = ((files.len() as u16).to_le_bytes(), zip.len() as u32);
    let length = directory.len() as u32;
    let lengths = [length.to_le_bytes(), start.to_le_bytes()].concat();
    zip.extend([&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &lengths, &[0, 0]].concat());
    zip
}

fn name() -> &'static Path {
    Path::new("some.file")
}

fn npy(bytes: &[u8]) -> Result<Found, Error> {
    decode_npy(bytes, name())
}

fn npz(bytes: &[u8]) -> Result<Found, Error> {
    decode_npz(Cursor::new(bytes), name())
}

fn says<T>(outcome: Result<T, Error>, words: &[&str]) {
    let Err(error) = outcome else { panic!("accepted, where an error with {words:?} was expected") };
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)) && text.len() < 1500, "{text}");
}

fn all(found: Found) -> Samples {
    assert!(found.validation.is_none());
    found.train.expect("samples")
}

#[test]
fn every_type_is_read_in_both_byte_orders() {
    let floats = |descr: &str, bytes: Vec<u8>| {
        let samples = all(npy(&npy_file(descr, false, &[2, 2], &bytes)).unwrap_or_else(|error| panic!("{error}")));
        let Values::Floats(values) = samples.values else { panic!("{descr}: floats were expected") };
        values.into_iter().collect::<Vec<f32>>()
    };
    macro_rules! both {
        ($type:ty, $name:literal, $values:expr) => {
            let values: [$type; 4] = $values;
            let expected = values.map(|value| value as f32);
            let little = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            assert_eq!(floats(concat!("<", $name), little), expected);
            let big = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            assert_eq!(floats(concat!(">", $name), big), expected);
        };
    }
    both!(i16, "i2", [-32_768, 32_767, 258, 0]);
    both!(u16, "u2", [65_535, 258, 1, 0]);
    both!(i32, "i4", [-16_777_216, 258, 1, 0]);
    both!(u32, "u4", [2_147_483_648, 258, 1, 0]);
    both!(i64, "i8", [-(1 << 40), 258, 1, 0]);
    both!(u64, "u8", [1 << 63, 258, 1, 0]);
    both!(f32, "f4", [-1.5, 0.1, f32::MAX, 0.0]);
    both!(f64, "f8", [-1.5, 0.25, 1024.0, 0.0]);
    assert_eq!(floats("|i1", vec![0x80, 0xff, 0x7f, 0]), [-128.0, -1.0, 127.0, 0.0]);
    // Floats of 16 bits: the largest one, a subnormal one, −2 and 1/3.
    let halves: [u16; 4] = [0x7bff, 0x0001, 0xc000, 0x3555];
    let expected = [65_504.0, 5.960_464_5e-8, -2.0, 0.333_251_95];
    assert_eq!(floats("<f2", halves.iter().flat_map(|value| value.to_le_bytes()).collect()), expected);
    assert_eq!(floats(">f2", halves.iter().flat_map(|value| value.to_be_bytes()).collect()), expected);
    // Bytes stay bytes, and stand for value/255; so do truth values.
    let bytes = |descr: &str| all(npy(&npy_file(descr, false, &[2, 2], &[0, 1, 1, 0])).expect("read"));
    assert_eq!(bytes("|u1").values, Values::Bytes(ndarray::array![[0, 1], [1, 0]]));
    assert_eq!(bytes("|b1").to_floats(), ndarray::array![[0.0, 1.0], [1.0, 0.0]]);
}

#[test]
fn numbers_that_32_bits_do_not_hold_keep_64() {
    let doubles = |descr: &str, bytes: Vec<u8>| {
        let Values::Doubles(values) = all(npy(&npy_file(descr, false, &[2, 1], &bytes)).expect("read")).values else {
            panic!("{descr}: 64 bits were expected")
        };
        values.into_iter().collect::<Vec<f64>>()
    };
    let values = [1e8 + 0.125, 1e300];
    assert_eq!(doubles("<f8", values.iter().flat_map(|value: &f64| value.to_le_bytes()).collect()), values);
    let values = [i32::MAX, -3];
    assert_eq!(doubles(">i4", values.iter().flat_map(|value| value.to_be_bytes()).collect()), values.map(f64::from));
    let values = [(1_i64 << 53) - 1, -3];
    let expected = [9_007_199_254_740_991.0, -3.0];
    assert_eq!(doubles("<i8", values.iter().flat_map(|value| value.to_le_bytes()).collect()), expected);
}

/// The value of an element says where it is: its digits are its indices.
fn digits(shape: &[usize]) -> impl Fn(&[usize]) -> u8 + use<> {
    let rank = shape.len();
    move |at| (0..rank).fold(0, |number, axis| number * 3 + at[axis] as u8)
}

/// All indices in C order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &size| {
        all.iter().flat_map(|at| (0..size).map(move |next| [&at[..], &[next]].concat())).collect()
    })
}

#[test]
fn channels_are_put_first_and_orders_are_told_apart() {
    for (shape, fortran_order, inside, words) in [
        (vec![2, 2, 3, 3], false, vec![3, 2, 3], "samples × height × width × channels"),
        (vec![2, 2, 3, 3], true, vec![3, 2, 3], "samples × height × width × channels"),
        (vec![2, 3, 2, 2], false, vec![3, 2, 2], "samples × channels × height × width"),
        (vec![2, 3, 2, 2], true, vec![3, 2, 2], "samples × channels × height × width"),
        (vec![2, 2, 3, 1], true, vec![2, 3], "samples × height × width × channels"),
        (vec![2, 1, 3, 2], false, vec![3, 2], "samples × channels × height × width"),
        (vec![2, 2, 3], true, vec![2, 3], "samples × height × width"),
        (vec![2, 3], true, vec![3], "2 samples of 3 bytes"),
    ] {
        let value = digits(&shape);
        let bytes: Vec<u8> = if fortran_order {
            let turned: Vec<usize> = shape.iter().rev().copied().collect();
            indices(&turned).iter().map(|at| value(&at.iter().rev().copied().collect::<Vec<_>>())).collect()
        } else {
            indices(&shape).iter().map(|at| value(at)).collect()
        };
        let found = npy(&npy_file("|u1", fortran_order, &shape, &bytes)).expect("read");
        assert!(found.understood[0].contains(words), "{}", found.understood[0]);
        let samples = all(found);
        assert_eq!(samples.shape, inside, "{shape:?}");
        let Values::Bytes(values) = samples.values else { panic!("bytes") };
        let is_last = words.ends_with("width × channels") && shape[3] > 1;
        for (sample, row) in values.rows().into_iter().enumerate() {
            let expected: Vec<u8> = indices(&inside)
                .iter()
                .map(|at| match (is_last, &shape[..]) {
                    (true, _) => value(&[sample, at[1], at[2], at[0]]),
                    (false, [_, _, _, 1]) => value(&[sample, at[0], at[1], 0]),
                    (false, [_, 1, _, _]) => value(&[sample, 0, at[0], at[1]]),
                    _ => value(&[&[sample], &at[..]].concat()),
                })
                .collect();
            assert_eq!(row.to_vec(), expected, "{shape:?}");
        }
    }
}

#[test]
fn npy_files_that_lie_are_refused() {
    let file = |descr: &str, shape: &[usize], values: usize| npy(&npy_file(descr, false, shape, &vec![0; values]));
    says(file("|u1", &[2, 3], 5), &["some.file: ", "claims 2×3 values of 1 byte,", "different number"]);
    says(file("|u1", &[2, 3], 7), &["different number"]);
    says(file("|u1", &[1 << 40, 1 << 40], 7), &["claims"]);
    says(file("<f8", &[1 << 60], 8), &["claims"]);
    says(file("|u1", &[3, 0], 0), &["claims"]);
    says(file("|u1", &[], 1), &["single number"]);
    says(file("|u1", &[4], 4), &["only one dimension"]);
    says(file("|O", &[2, 2], 32), &["'|O'".trim_matches('\''), "whole numbers of 8 to 64 bits"]);
    says(file("<c16", &[2, 2], 64), &["<c16"]);
    says(file("|f4", &[2, 2], 16), &["|f4"]);
    let nan: Vec<u8> = [0.0, f64::NAN].iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
    says(npy(&npy_file("<f8", false, &[2, 1], &nan)), &["sample 1 (counted from 0) has NaN at position 0"]);
    says(npy(&npy_file("<f2", false, &[1, 1], &0x7c00_u16.to_le_bytes())), &["has inf at position 0"]);
}

/// Numbers from 0 on, as an array of this shape.
fn counting(shape: &[usize]) -> Vec<u8> {
    let values: Vec<u8> = (0..shape.iter().product()).map(|value: usize| value as u8).collect();
    npy_file("|u1", false, shape, &values)
}

fn labels_file(values: &[i64], shape: &[usize]) -> Vec<u8> {
    npy_file("<i8", false, shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

#[test]
fn npz_files_of_keras_and_medmnist_have_parts_and_labels() {
    let (train, test, two) = (counting(&[3, 2, 2]), counting(&[2, 2, 2]), counting(&[1, 2, 2]));
    let (of_train, of_test) = (labels_file(&[7, 300, 7], &[3]), labels_file(&[7, -1], &[2, 1]));
    for deflate in [false, true] {
        let keras: &[(&str, &[u8])] =
            &[("x_test.npy", &test), ("x_train.npy", &train), ("y_train.npy", &of_train), ("y_test.npy", &of_test)];
        let found = npz(&zip_file(keras, deflate, None)).unwrap_or_else(|error| panic!("{error}"));
        let (train, validation) = (found.train.expect("train"), found.validation.expect("test"));
        assert_eq!((train.len(), validation.len(), &train.shape[..]), (3, 2, &[2, 2][..]));
        assert_eq!(train.labels.expect("labels").names().collect::<Vec<_>>(), ["7", "300", "7"]);
        assert_eq!(validation.labels.expect("labels").names().collect::<Vec<_>>(), ["7", "-1"]);
        assert_eq!(train.values, Values::Bytes(ndarray::array![[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]));
    }
    let med: &[(&str, &[u8])] = &[
        ("train_images.npy", &train),
        ("val_images.npy", &test),
        ("test_images.npy", &two),
        ("train_labels.npy", &of_train),
        ("val_labels.npy", &of_test),
    ];
    let found = npz(&zip_file(med, true, None)).expect("read");
    assert_eq!(found.understood.last().map(String::as_str), Some("not used: test_images"));
    assert_eq!(found.validation.map(|samples| samples.len()), Some(2), "val is used, not test");
    // A single array may have any name, and samples and labels may have no parts.
    let one = npz(&zip_file(&[("arr_0.npy", &train)], false, None)).expect("read");
    assert_eq!(all(one).len(), 3);
    let found = npz(&zip_file(&[("X.npy", &train), ("y.npy", &of_train)], false, None)).expect("read");
    assert!(found.understood[0].starts_with("X: 3 images of 2×2 bytes, 2 classes: 7, 300"), "{:?}", found.understood);
    // Several labels for each sample are not classes.
    let several = labels_file(&[1, 0, 0, 1, 0, 0], &[3, 2]);
    let found = npz(&zip_file(&[("x.npy", &train), ("y.npy", &several)], false, None)).expect("read");
    assert!(found.understood[0].starts_with("y is left out: it has the shape 3×2"), "{:?}", found.understood);
}

#[test]
fn npz_files_that_are_not_as_they_should_be_are_refused() {
    let (train, labels) = (counting(&[3, 2, 2]), labels_file(&[1, 2], &[2]));
    let zip = |files: &[(&str, &[u8])]| npz(&zip_file(files, false, None));
    says(zip(&[("a.npy", &train), ("b.npy", &labels)]), &["a of shape 3×2×2, b of shape 2", "x_train"]);
    says(zip(&[("x_train.npy", &train), ("y_train.npy", &labels)]), &["some.file/y_train.npy: ", "shape 2"]);
    says(zip(&[("x_train.npy", &train), ("train_images.npy", &train)]), &["x_train and train_images"]);
    says(zip(&[("x.npy", &train), ("x_train.npy", &train)]), &["with and without train"]);
    says(zip(&[("readme.txt", b"text")]), &["no arrays"]);
    says(zip(&[]), &["no arrays"]);
    says(npz(b"PK\x03\x04nothing"), &["not an .npz file"]);
    let valid = zip_file(&[("x.npy", &train)], false, None);
    for length in 0..valid.len() {
        assert!(npz(&valid[..length]).is_err(), "cut to {length}");
    }
    // A wrong bit in the values does not pass the checksum.
    let mut damaged = valid.clone();
    let at = valid.windows(4).position(|four| four == [8, 9, 10, 11]).expect("the values");
    damaged[at] ^= 1;
    says(npz(&damaged), &["some.file/x.npy", "checksum"]);
    // Lengths that the directory makes up.
    for (deflate, claim, words) in [
        (false, [1 << 30, 1 << 30], "the archive ends before it"),
        (false, [20, 1 << 30], "another length"),
        (true, [1 << 30, 1 << 30], "the archive ends before it"),
        (true, [20, 1 << 30], "decompress to 1073741824"),
    ] {
        says(npz(&zip_file(&[("x.npy", &train)], deflate, Some(claim))), &["some.file/x.npy", words]);
    }
    // A bomb: 100 MB of zeros in 100 KB.
    let bomb = npy_file("|u1", false, &[100, 1_000_000], &vec![0; 100_000_000]);
    says(npz(&zip_file(&[("x.npy", &bomb)], true, None)), &["at most 64 MiB plus 256 times", "numpy.savez"]);
    let too_many: Vec<(String, Vec<u8>)> = (0..1001).map(|at| (format!("{at}.npy"), train.clone())).collect();
    let too_many: Vec<(&str, &[u8])> = too_many.iter().map(|(name, file)| (&**name, &file[..])).collect();
    says(zip(&too_many), &["more than 1,000 entries"]);
}
