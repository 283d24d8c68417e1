//! Loading data by a name, a folder or a file, and the errors if the data is wrong.

use std::path::Path;

use handgrad_dataset::{Error, Samples, Values, Whole, idx, load, named, synthetic, without_parts};
use ndarray::{Array2, ArrayD, IxDyn, array};

fn write(path: &Path, shape: &[usize]) {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| i as u8).collect();
    idx::write_gz(path, &ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().view()).unwrap();
}

fn load_path(path: &Path) -> Result<handgrad_dataset::DataSet, Error> {
    // The data folder does not exist: loading by a path must not need it.
    load(path.to_str().unwrap(), Path::new("/nowhere"), &Default::default(), &())
}

/// A plain IDX file of 2 × 2 values of another type.
fn write_values(path: &Path, code: u8, values: &[u8]) {
    let mut bytes = vec![0, 0, code, 2, 0, 0, 0, 2, 0, 0, 0, 2];
    bytes.extend(values);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_gives_both_parts_and_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("train-images-idx3-ubyte.gz"), &[12, 2, 3]);
    write(&at("train-labels-idx1-ubyte.gz"), &[12]);
    write(&at("t10k-images-idx3-ubyte"), &[4, 2, 3]);
    std::fs::write(at("train-notes.txt"), "not data").unwrap();
    let set = load_path(folder.path()).unwrap();
    assert_eq!((set.train.len(), set.train.features(), &set.train.shape[..]), (12, 6, &[2, 3][..]));
    assert_eq!(set.train.labels, Some((0..12).collect::<Vec<u8>>().into()));
    assert_eq!((set.validation.len(), set.validation.labels), (4, None));
    assert_eq!(set.validation_origin, "the 4 images of t10k-images-idx3-ubyte");
    assert!(set.origin.starts_with("the 12 images of "), "{}", set.origin);
    assert_eq!(set.train.range(), (0.0, 71.0 / 255.0));
    // The same file twice, plain and compressed, is not ambiguous.
    write(&at("t10k-images-idx3-ubyte.gz"), &[5, 2, 3]);
    assert_eq!(load_path(folder.path()).unwrap().validation.len(), 4);
}

/// Upper-case names and the names of EMNIST, in which the name of the set comes first, are found.
#[test]
fn names_of_other_publishers_are_found() {
    for [train, labels, test] in [
        ["TRAIN-IMAGES-IDX3-UBYTE", "TRAIN-LABELS-IDX1-UBYTE", "T10K-IMAGES-IDX3-UBYTE"],
        [
            "emnist-letters-train-images-idx3-ubyte.gz",
            "emnist-letters-train-labels-idx1-ubyte.gz",
            "test-images.idx3.gz",
        ],
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join(train), &[12, 2, 3]);
        write(&folder.path().join(labels), &[12]);
        write(&folder.path().join(test), &[4, 2, 3]);
        let set = load_path(folder.path()).unwrap();
        assert_eq!((set.train.len(), set.train.classes().len(), set.validation.len()), (12, 12, 4));
    }
}

/// A model can be used on a folder that has only test samples, but training needs both parts.
#[test]
fn test_samples_alone_are_enough_to_use_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let alone = || without_parts(folder.path(), &Default::default(), &());
    assert_eq!(alone().unwrap(), None);
    write(&folder.path().join("emnist-digits-test-images-idx3-ubyte.gz"), &[4, 2, 3]);
    write(&folder.path().join("emnist-digits-test-labels-idx1-ubyte.gz"), &[4]);
    let Whole { samples, origin, .. } = alone().unwrap().expect("test samples");
    assert_eq!((samples.len(), samples.classes().len()), (4, 4));
    assert!(origin.starts_with("the 4 images of "), "{origin}");
    assert!(matches!(load_path(folder.path()), Err(Error::Folder { .. })));
    write(&folder.path().join("train-images-idx3-ubyte.gz"), &[12, 2, 3]);
    assert_eq!(alone().unwrap(), None);
}

#[test]
fn a_folder_that_lacks_something_or_does_not_fit_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = || load_path(folder.path()).unwrap_err();
    assert!(matches!(error(), Error::Folder { found, expected, .. } if found == "none" && expected.contains("train-")));
    write(&at("train-images-idx3-ubyte.gz"), &[12, 2, 3]);
    assert!(matches!(error(), Error::Folder { expected, .. } if expected.contains("t10k-")));
    write(&at("t10k-images-idx3-ubyte.gz"), &[4, 3, 2]);
    let differ = error();
    assert!(matches!(&differ, Error::ShapesDiffer { .. }));
    assert!(differ.to_string().contains("3×2 bytes, where samples of 2×3 bytes were expected"), "{differ}");
    write(&at("t10k-images-idx3-ubyte.gz"), &[4, 2, 3]);
    write(&at("t10k-labels-idx1-ubyte.gz"), &[5]);
    assert!(matches!(error(), Error::WrongLabels { expected: 4, found, .. } if found == "5 bytes"));
    write(&at("t10k-labels-idx1-ubyte.gz"), &[1]);
    let words = "found 1 byte, where one byte for each sample, 4 in all, was expected";
    assert!(error().to_string().contains(words), "{}", error());
    write_values(&at("t10k-labels-idx1-ubyte.gz"), 0x09, &[1, 2, 3, 4]);
    assert!(error().to_string().contains("found 2×2 values of type i8"), "{}", error());
    write(&at("t10k-labels-idx1-ubyte.gz"), &[4]);
    assert!(load_path(folder.path()).is_ok());
    write(&at("train-images-of-others-idx3-ubyte.gz"), &[12, 2, 3]);
    assert!(matches!(error(), Error::Folder { found, .. } if found.contains(", ")));
}

#[test]
fn of_one_file_the_last_tenth_is_held_out_without_a_seed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pictures.idx");
    for (samples, held_out) in [(2_usize, 1), (9, 1), (10, 1), (20, 2), (25, 2)] {
        write(&path, &[samples, 2, 2]);
        let set = load_path(&path).unwrap();
        assert_eq!((set.train.len(), set.validation.len()), (samples - held_out, held_out));
        let (Values::Bytes(train), Values::Bytes(last)) = (&set.train.values, &set.validation.values) else { panic!() };
        assert_eq!((train[[0, 0]], last[[0, 0]]), (0, ((samples - held_out) * 4) as u8));
        assert!(set.validation_origin.starts_with("the last tenth of pictures.idx"), "{}", set.validation_origin);
    }
    write(&path, &[2, 2, 2]);
    let set = load_path(&path).unwrap();
    assert_eq!(set.origin, format!("1 image of {}", path.display()));
    assert_eq!(set.validation_origin, "the last tenth of pictures.idx: 1 image");
    write(&path, &[12, 1]);
    let set = load_path(&path).unwrap();
    assert_eq!(set.origin, format!("11 samples of {}", path.display()));
    assert!(set.train.fingerprint().starts_with("11 samples of 1 bytes with SHA-256"), "checkpoints store this text");
    write(&path, &[1, 2, 2]);
    let error = load_path(&path).unwrap_err();
    assert!(
        matches!(error, Error::TooFewSamples { found: 1, .. }) && error.to_string().contains("1 sample,"),
        "{error}"
    );
    write(&path, &[40]);
    assert!(matches!(load_path(&path).unwrap_err(), Error::OnlyLabels { found: 40, .. }));
}

#[test]
fn other_types_become_floats_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers");
    let floats = |code: u8, bytes: Vec<u8>| {
        write_values(&path, code, &bytes);
        let set = load_path(&path)?;
        let (Values::Floats(a), Values::Floats(b)) = (set.train.values, set.validation.values) else { panic!("bytes") };
        Ok::<_, Error>((a.into_iter().collect::<Vec<_>>(), b.into_iter().collect::<Vec<_>>()))
    };
    assert_eq!(floats(0x09, vec![1, 255, 128, 127]).unwrap(), (vec![1.0, -1.0], vec![-128.0, 127.0]));
    let i16s = [300_i16, -300, 0, 1].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(floats(0x0b, i16s).unwrap(), (vec![300.0, -300.0], vec![0.0, 1.0]));
    let i32s = [70_000_i32, -70_000, 0, 1].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(floats(0x0c, i32s).unwrap(), (vec![70_000.0, -70_000.0], vec![0.0, 1.0]));
    let f64s = |values: [f64; 4]| values.iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(floats(0x0e, f64s([0.5, -2e9, 0.0, 1.5])).unwrap(), (vec![0.5, -2e9], vec![0.0, 1.5]));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = floats(0x0e, f64s([0.0, 0.0, 0.0, bad])).unwrap_err();
        assert!(matches!(error, Error::NotFinite { sample: 1, position: 1, .. }), "{error}");
    }
    let nan = [0.0_f32, 0.0, f32::NAN, 0.0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let error = floats(0x0d, nan).unwrap_err();
    assert!(error.to_string().contains("sample 1 (counted from 0) has NaN at position 0"), "{error}");
}

/// Numbers that 32 bits do not hold exactly keep 64 bits, so that they can be scaled first.
#[test]
fn values_of_64_bits_stay_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers");
    let doubles = |code: u8, bytes: Vec<u8>| {
        write_values(&path, code, &bytes);
        let set = load_path(&path).unwrap();
        let (Values::Doubles(a), Values::Doubles(b)) = (set.train.values, set.validation.values) else { panic!() };
        a.into_iter().chain(b).collect::<Vec<_>>()
    };
    let f64s = [0.1, 1e8 + 0.25, 0.0, 1e300];
    assert_eq!(doubles(0x0e, f64s.iter().flat_map(|v: &f64| v.to_be_bytes()).collect()), f64s);
    let i32s = [i32::MAX, i32::MIN, 16_777_217, 0];
    let expected = i32s.map(f64::from);
    assert_eq!(doubles(0x0c, i32s.iter().flat_map(|v| v.to_be_bytes()).collect()), expected);
}

#[test]
fn what_is_neither_a_name_nor_a_path_is_an_error_that_lists_the_names() {
    let error = load("fashion-mnits", Path::new("/nowhere"), &Default::default(), &()).unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }) && !error.is_unavailable());
    for set in named::all() {
        assert!(error.to_string().contains(set.name), "{error}");
        assert_eq!(named::find(set.name), Some(set));
    }
}

#[test]
fn every_named_file_has_a_size_and_a_digest_and_two_mirrors() {
    for set in named::all() {
        for file in set.files {
            assert!(file.bytes > 0 && file.sha256.len() == 64, "{file:?}");
            assert!(file.sha256.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)), "{file:?}");
        }
        // No server offers the heartbeats in the form that is needed: data/README.md says where they come from.
        let served = !set.files.is_empty() && set.name != "ecg5000";
        assert!(if served { set.mirrors.len() >= 2 } else { set.mirrors.is_empty() }, "{set:?}");
        assert!(set.mirrors.iter().all(|m| m.starts_with("https://") && m.ends_with('/')), "{set:?}");
    }
}

#[test]
fn synthetic_needs_nothing() {
    let set = load("synthetic", Path::new("/nowhere"), &Default::default(), &()).unwrap();
    assert_eq!((set.train.len(), set.validation.len(), set.train.range()), (10_000, 2_000, (0.0, 1.0)));
    let all = synthetic::draw(0, 12_000);
    let (Values::Bytes(all), Values::Bytes(last)) = (&all.values, &set.validation.values) else { panic!("not bytes") };
    assert_eq!(all.row(10_000), last.row(0));
    assert!(set.origin.contains("drawn from seed 0"), "{}", set.origin);
}

#[test]
fn ranges_are_on_the_scale_of_the_values() {
    let samples = |values| Samples { values, shape: vec![2], labels: None, places: None };
    assert_eq!(samples(Values::Bytes(array![[51, 102], [255, 204]])).range(), (0.2, 1.0));
    assert_eq!(samples(Values::Floats(array![[-3.0, 7.5]])).range(), (-3.0, 7.5));
    assert_eq!(samples(Values::Floats(Array2::zeros((0, 2)))).range(), (0.0, 0.0));
    assert!(samples(Values::Bytes(Array2::zeros((0, 2)))).is_empty());
}
