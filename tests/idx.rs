//! IDX files: written files are read back, and everything that is not exactly IDX is refused.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use handgrad_dataset::idx::{self, Array};
use handgrad_dataset::{Error, Values, load};
use ndarray::{ArrayD, Axis, IxDyn};
use proptest::prelude::*;

fn header(code: u8, dims: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, dims.len() as u8];
    dims.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes
}

fn file(code: u8, dims: &[u32], values: &[u8]) -> Vec<u8> {
    [header(code, dims), values.to_vec()].concat()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn decode(bytes: &[u8]) -> Result<Array, Error> {
    idx::decode(bytes, Path::new("some.idx"))
}

/// Reads from a file on the disk, whose length is known, instead of a stream.
fn read(bytes: &[u8]) -> Result<Array, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.idx");
    std::fs::write(&path, bytes).unwrap();
    idx::read(&path)
}

/// The error for a stream, plain and compressed, and for a file. All three have to be of the same kind.
fn error(bytes: &[u8]) -> Error {
    let (stream, zipped) = (decode(bytes).unwrap_err(), decode(&gz(bytes)).unwrap_err());
    let on_disk = read(bytes).unwrap_err();
    assert_eq!(std::mem::discriminant(&stream), std::mem::discriminant(&zipped), "{stream} / {zipped}");
    assert_eq!(std::mem::discriminant(&stream), std::mem::discriminant(&on_disk), "{stream} / {on_disk}");
    assert!(stream.to_string().starts_with("some.idx: "), "{stream}");
    assert!(stream.to_string().contains("expected"), "{stream}");
    on_disk
}

fn array<T>(shape: &[usize], values: Vec<T>) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap()
}

#[test]
fn every_element_type_is_read_plain_and_compressed() {
    let i16s = [-32_768_i16, -1, 0, 1, 258, 32_767];
    let i32s = [i32::MIN, -1, 0, 1, 16_909_060, i32::MAX];
    let f32s = [-0.0_f32, 1.5, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, -2.25];
    let f64s = [-0.0_f64, 1.5, f64::MIN_POSITIVE, f64::MAX, f64::NEG_INFINITY, 0.1];
    let shape = [3_usize, 2];
    let cases = [
        (0x08, vec![0, 1, 127, 128, 254, 255], Array::U8(array(&shape, vec![0, 1, 127, 128, 254, 255]))),
        (0x09, vec![0, 1, 127, 128, 254, 255], Array::I8(array(&shape, vec![0, 1, 127, -128, -2, -1]))),
        (0x0b, i16s.iter().flat_map(|v| v.to_be_bytes()).collect(), Array::I16(array(&shape, i16s.to_vec()))),
        (0x0c, i32s.iter().flat_map(|v| v.to_be_bytes()).collect(), Array::I32(array(&shape, i32s.to_vec()))),
        (0x0d, f32s.iter().flat_map(|v| v.to_be_bytes()).collect(), Array::F32(array(&shape, f32s.to_vec()))),
        (0x0e, f64s.iter().flat_map(|v| v.to_be_bytes()).collect(), Array::F64(array(&shape, f64s.to_vec()))),
    ];
    for (code, values, expected) in cases {
        let bytes = file(code, &[3, 2], &values);
        assert_eq!(decode(&bytes).unwrap(), expected);
        assert_eq!(decode(&gz(&bytes)).unwrap(), expected);
        assert_eq!(read(&bytes).unwrap(), expected);
        assert_eq!(read(&gz(&bytes)).unwrap(), expected);
    }
}

#[test]
fn what_is_written_is_read_back_and_written_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("new/one.gz"), folder.path().join("new/two-with-another-name"));
    let values: Vec<u8> = (0..5 * 7 * 9).map(|i| (i * 31 % 256) as u8).collect();
    let images = array(&[5, 7, 9], values);
    idx::write_gz(&one, &images.view()).unwrap();
    idx::write_gz(&two, &images.view()).unwrap();
    assert_eq!(idx::read(&one).unwrap(), Array::U8(images.clone()));
    let bytes = std::fs::read(&one).unwrap();
    assert_eq!(bytes, std::fs::read(&two).unwrap());
    assert_eq!(bytes[4..8], [0; 4], "the header holds a time");
    // In another memory order, the same file.
    let turned = images.view().permuted_axes(IxDyn(&[2, 1, 0])).as_standard_layout().into_owned();
    idx::write_gz(&two, &turned.view().permuted_axes(IxDyn(&[2, 1, 0]))).unwrap();
    assert_eq!(bytes, std::fs::read(&two).unwrap());
    assert_eq!(folder.path().join("new").read_dir().unwrap().count(), 2, "something was left beside the files");
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.gz");
    std::fs::write(&path, "kept").unwrap();
    let write = |shape: &[usize]| idx::write_gz(&path, &ArrayD::zeros(IxDyn(shape)).view()).unwrap_err();
    for (shape, words) in
        [(&[][..], "would be none"), (&[2, 0][..], "would be 2×0"), (&[1; 256][..], "would be 1×1×1×")]
    {
        let error = write(shape);
        assert!(matches!(error, Error::CannotWrite { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("download") && !text.contains("damaged"), "{text}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn each_fault_has_an_error_of_its_own() {
    assert!(matches!(error(b""), Error::Empty { .. }));
    assert!(matches!(error(b"P5 28 28"), Error::NotIdx { found, .. } if found == "50 35 20 32"));
    assert!(matches!(error(b"a"), Error::NotIdx { .. }));
    assert!(matches!(error(&[0, 0, 0x0a, 1]), Error::UnknownElement { found: 0x0a, .. }));
    assert!(matches!(error(&[0, 0, 0x08, 0]), Error::NoDimensions { .. }));
    assert!(matches!(error(&[0, 0, 0x08]), Error::HeaderTruncated { found: 3, expected: 4, .. }));
    let header_of_three = header(0x08, &[1, 2, 3]);
    assert!(matches!(error(&header_of_three[..15]), Error::HeaderTruncated { found: 15, expected: 16, .. }));
    assert!(matches!(error(&header(0x08, &[0, 28, 28])), Error::NoSamples { .. }));
    assert!(matches!(error(&header(0x08, &[28, 0])), Error::NoSamples { .. }));
    let short = error(&file(0x0b, &[2, 2], &[1; 7]));
    assert!(matches!(short, Error::TooFewBytes { expected: 8, found: 7, .. }), "{short}");
    let one = error(&file(0x0b, &[2, 2], &[1])).to_string();
    assert!(one.contains("is followed by 1 byte instead of the expected 8;"), "{one}");
    let long = error(&file(0x0b, &[2, 2], &[1; 9]));
    assert!(matches!(long, Error::TrailingBytes { expected: 8, .. }), "{long}");
}

#[test]
fn a_header_is_not_believed() {
    let start = Instant::now();
    for dims in [&[u32::MAX; 3][..], &[u32::MAX; 255], &[1 << 31, 1 << 31, 2]] {
        assert!(matches!(error(&file(0x08, dims, &[7; 100])), Error::TooLarge { .. }), "{dims:?}");
    }
    assert!(matches!(error(&file(0x0e, &[1 << 30, 1 << 30], &[7; 100])), Error::TooLarge { .. }));
    // These sizes fit the address space. If they were allocated, the error would be a different one: not enough
    // memory.
    for dims in [&[1 << 31, 1 << 31][..], &[1 << 20, 1 << 24], &[1 << 31]] {
        let error = error(&file(0x08, dims, &[7; 100]));
        assert!(matches!(error, Error::TooFewBytes { found: 100, .. }), "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn each_fault_of_a_gzip_stream_has_an_error_of_its_own() {
    let whole = gz(&file(0x08, &[2, 3], &[1, 2, 3, 4, 5, 6]));
    let end = whole.len();
    let damage = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        decode(&bytes).unwrap_err()
    };
    assert!(matches!(damage(end - 8), Error::GzipCorrupt { .. }), "a wrong checksum");
    assert!(matches!(damage(end - 1), Error::GzipCorrupt { .. }), "a wrong length");
    assert!(matches!(damage(2), Error::GzipCorrupt { .. }), "an unknown method");
    assert!(matches!(decode(&whole[..end - 3]).unwrap_err(), Error::GzipTruncated { .. }));
    for rest in [&[0][..], b"garbage", &[0; 512], &[0x1f, 0x8c]] {
        let error = decode(&[&whole, rest].concat()).unwrap_err();
        assert!(matches!(error, Error::GzipTrailing { decoded: 18, .. }), "{error}");
    }
    let more = decode(&[whole.clone(), gz(b"!")].concat()).unwrap_err();
    assert!(matches!(more, Error::TrailingBytes { expected: 6, .. }), "{more}");
}

#[test]
fn members_of_gzip_are_one_stream() {
    let bytes = file(0x08, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    for at in 0..=bytes.len() {
        let members = [gz(&bytes[..at]), gz(&bytes[at..]), gz(b"")].concat();
        assert_eq!(decode(&members).unwrap(), decode(&bytes).unwrap(), "cut at {at}");
    }
}

#[test]
fn nothing_cut_short_is_accepted() {
    let values: Vec<u8> = (0..60).map(|i| i * 4).collect();
    let plain = file(0x08, &[3, 4, 5], &values);
    for bytes in [plain.clone(), gz(&plain)] {
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
            assert!(read(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn no_flipped_bit_of_a_gzip_file_changes_what_is_read() {
    let plain = file(0x0d, &[2, 2], &[7; 16]);
    let bytes = gz(&plain);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(array) = decode(&flipped) {
            assert_eq!(array, decode(&plain).unwrap(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), zipped in any::<bool>()) {
        let _ = decode(&if zipped { gz(&bytes) } else { bytes });
    }

    #[test]
    fn what_is_accepted_is_as_long_as_it_says(
        code in 7_u8..16,
        dims in proptest::collection::vec(0_u32..5, 0..4),
        values in proptest::collection::vec(any::<u8>(), 0..100),
        exact in any::<bool>(),
        zipped in any::<bool>(),
    ) {
        let size = match code { 8 | 9 => 1, 0x0b => 2, 0x0c | 0x0d => 4, _ => 8 };
        let count = dims.iter().product::<u32>() as usize;
        let values = if exact { values.iter().cycle().take(count * size).copied().collect() } else { values };
        let bytes = file(code, &dims, &values);
        let known = matches!(code, 8 | 9 | 0x0b..=0x0e);
        let outcome = decode(&if zipped { gz(&bytes) } else { bytes });
        let right = known && !dims.is_empty() && count > 0 && values.len() == count * size;
        prop_assert_eq!(outcome.is_ok(), right, "{:?}", outcome);
        if let Ok(array) = outcome {
            let shape: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
            prop_assert_eq!(array.shape(), &shape[..]);
        }
    }

    #[test]
    fn bytes_survive_a_file(dims in proptest::collection::vec(1_usize..6, 1..5), seed in any::<u64>()) {
        let count = dims.iter().product();
        let values = (0..count).map(|i| (seed >> (i % 57)) as u8).collect();
        let written = array(&dims, values);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.gz");
        idx::write_gz(&path, &written.view()).unwrap();
        prop_assert_eq!(idx::read(&path).unwrap(), Array::U8(written));
    }
}

#[test]
fn fashion_mnist_is_as_published() {
    let Some(data) = std::env::var_os("HANDGRAD_DATA") else {
        // Written to stderr directly, because the captured output of a passing test is not shown.
        let _ = writeln!(std::io::stderr(), "skipped: HANDGRAD_DATA is not set");
        return;
    };
    let set = load("fashion-mnist", Path::new(&data), &Default::default(), &()).unwrap();
    assert_eq!((set.name.as_str(), set.train.len(), set.validation.len()), ("fashion-mnist", 60_000, 10_000));
    assert_eq!(set.validation_origin, "the 10,000 images of t10k-images-idx3-ubyte.gz");
    for (part, each) in [(&set.train, 6_000), (&set.validation, 1_000)] {
        assert_eq!((&part.shape[..], part.features(), part.range()), (&[28, 28][..], 784, (0.0, 1.0)));
        let labels = part.labels.as_ref().unwrap();
        for class in 0..10 {
            assert_eq!(
                labels.among(&[class.to_string()]).into_iter().filter(|among| *among).count(),
                each,
                "class {class}"
            );
        }
    }
    let Values::Bytes(images) = &set.train.values else { panic!("not bytes") };
    let scaled =
        |power: i32| images.iter().map(|&v| (f64::from(v) / 255.0).powi(power)).sum::<f64>() / images.len() as f64;
    let (mean, square) = (scaled(1), scaled(2));
    assert!((mean - 0.2860).abs() < 5e-5, "{mean}");
    assert!(((square - mean * mean).sqrt() - 0.3530).abs() < 5e-5, "{}", (square - mean * mean).sqrt());
    assert_eq!(images.index_axis(Axis(0), 0).len(), 784);
}
