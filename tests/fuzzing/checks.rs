//! The checked properties: no panic; an error is one paragraph that names the file; accepted data can be written and
//! read again without a change.

use std::fmt::Display;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::LazyLock;

use handgrad_dataset::csv::{self, Fill, Label, Layout, Window};
use handgrad_dataset::idx::{self, Array};
use handgrad_dataset::series::{Asked, decode};
use handgrad_dataset::{DataSet, Samples, Values, arrays, npy, photo};
use handgrad_models::{Network, Spec, file};
use handgrad_tests::stop;
use handgrad_trainer::checkpoint::{self, Checkpoint};
use handgrad_trainer::{Source, go_on};
use image::{GrayImage, ImageFormat};
use sha2::{Digest, Sha256};

use super::seeds;
use handgrad_runs::Settings;

pub fn name() -> &'static Path {
    Path::new("some.file")
}

/// The error is one paragraph, and not too long.
pub fn check_error(error: &impl Display, starts: &str) {
    let text = error.to_string();
    assert!(text.starts_with(starts) && text.len() < 1500 && !text.contains('\n'), "{text}");
}

/// IDX, plain or gzip.
pub fn idx(bytes: &[u8]) {
    let array = match idx::decode(bytes, name()) {
        Ok(array) => array,
        Err(error) => return check_error(&error, "some.file: "),
    };
    let plain = idx_bytes(&array);
    if bytes.starts_with(&[0, 0]) {
        assert_eq!(plain, bytes, "the file is what was read from it, and nothing else");
    }
    let again = idx::decode(&plain[..], name()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(idx_bytes(&again), plain);
    match Samples::from_idx(array, name()) {
        Ok(samples) => assert!(!samples.is_empty() && samples.shape.iter().product::<usize>() == samples.features()),
        Err(error) => check_error(&error, "some.file: "),
    }
}

/// An independent writer of IDX, following the format.
fn idx_bytes(array: &Array) -> Vec<u8> {
    let code = match array {
        Array::U8(_) => 0x08,
        Array::I8(_) => 0x09,
        Array::I16(_) => 0x0b,
        Array::I32(_) => 0x0c,
        Array::F32(_) => 0x0d,
        Array::F64(_) => 0x0e,
    };
    let mut bytes = vec![0, 0, code, array.shape().len() as u8];
    array.shape().iter().for_each(|&size| bytes.extend((size as u32).to_be_bytes()));
    match array {
        Array::U8(values) => bytes.extend(values),
        Array::I8(values) => bytes.extend(values.iter().flat_map(|value| value.to_be_bytes())),
        Array::I16(values) => bytes.extend(values.iter().flat_map(|value| value.to_be_bytes())),
        Array::I32(values) => bytes.extend(values.iter().flat_map(|value| value.to_be_bytes())),
        Array::F32(values) => bytes.extend(values.iter().flat_map(|value| value.to_be_bytes())),
        Array::F64(values) => bytes.extend(values.iter().flat_map(|value| value.to_be_bytes())),
    }
    bytes
}

/// A layout chosen by the length of the input.
pub fn layout(bytes: &[u8]) -> Layout {
    let size = |size: usize| NonZeroUsize::MIN.saturating_add(size);
    let window = Window { steps: size(bytes.len() / 6 % 4), stride: size(bytes.len() / 24 % 3) };
    match bytes.len() % 6 {
        0 => Layout::default(),
        1 => Layout { fill: Some(Fill::Mean), ..Layout::default() },
        2 => Layout { fill: Some(Fill::Previous), label: Label::None, ..Layout::default() },
        3 => Layout { label: Label::Last, fill: Some(Fill::Zero), ..Layout::default() },
        4 => Layout { label: Label::Column("1".into()), ..Layout::default() },
        _ => Layout { fill: Some(Fill::Previous), window: Some(window), ..Layout::default() },
    }
}

/// CSV, with this layout.
pub fn csv(bytes: &[u8]) {
    let layout = layout(bytes);
    let rows = match csv::decode(bytes, name(), &layout) {
        Ok(rows) => rows,
        Err(error) => return check_error(&error, "some.file"),
    };
    assert!(!rows.is_empty() && rows.values.iter().all(|value| value.is_finite()));
    let mut text = "value,".repeat(rows.values.ncols()) + "label\n";
    for (number, row) in rows.values.rows().into_iter().enumerate() {
        row.iter().for_each(|value| text += &format!("{value},"));
        let label = rows.labels.as_ref().and_then(|labels| labels.name(number)).unwrap_or("0");
        text += &format!("{}\n", handgrad_dataset::table::cell_text(label));
    }
    let again = csv::decode(text.as_bytes(), name(), &Layout::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        again.values == rows.values && rows.labels.as_ref().is_none_or(|labels| again.labels.as_ref() == Some(labels))
    );
    let (values, length) = (rows.values.clone(), rows.len());
    let samples = rows.samples();
    assert_eq!((samples.features(), samples.len()), (values.ncols(), length));
}

/// CSV with one step per row, with this layout and columns that the length of the input chooses.
pub fn series_layout(bytes: &[u8]) -> Layout {
    let column = |choice: usize| choice.is_multiple_of(3).then(|| (1 + choice / 3 % 2).to_string());
    let asked = Asked { time: column(bytes.len()), series: column(bytes.len() / 2 + 1), ..Asked::default() };
    Layout { series: Some(asked), ..layout(bytes) }
}

/// Series in a format that the name says.
fn series(bytes: &[u8], name: &str, layout: &Layout) {
    let (samples, told) = match decode(bytes, name.as_ref(), layout) {
        Ok(both) => both,
        Err(error) => return check_error(&error, name),
    };
    assert!(!samples.is_empty() && !told.is_empty());
    assert_eq!(samples.shape.iter().product::<usize>(), samples.features());
    assert!(samples.labels.as_ref().is_none_or(|labels| labels.len() == samples.len()));
    let Values::Doubles(values) = &samples.values else { panic!("series have 64-bit numbers") };
    assert!(values.iter().all(|value| value.is_finite() || value.is_nan()));
    if let Some(window) = layout.window.filter(|_| name.ends_with(".csv")) {
        assert_eq!(samples.shape[0], window.steps.get());
    }
}

/// CSV with one step per row.
pub fn series_csv(bytes: &[u8]) {
    series(bytes, "some.csv", &series_layout(bytes));
}

/// A `.ts` file.
pub fn ts(bytes: &[u8]) {
    series(bytes, "some.ts", &layout(bytes));
}

/// A `.tsv` file.
pub fn tsv(bytes: &[u8]) {
    series(bytes, "some.tsv", &layout(bytes));
}

/// A .npy file.
pub fn npy(bytes: &[u8]) {
    let array = match npy::decode(bytes, name()) {
        Ok(array) => array,
        Err(error) => return check_error(&error, "some.file: "),
    };
    let again =
        npy::decode(&npy::encode(&array.view().into_dyn())[..], name()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(array.dim(), again.dim());
    assert!(array.iter().map(|v| v.to_bits()).eq(again.iter().map(|v| v.to_bits())));
}

/// A .npy file of any type and shape, as samples.
pub fn array(bytes: &[u8]) {
    found(arrays::decode_npy(bytes, name()));
}

/// An .npz file.
pub fn npz(bytes: &[u8]) {
    found(arrays::decode_npz(Cursor::new(bytes), name()));
}

fn found(found: Result<arrays::Found, handgrad_dataset::Error>) {
    let found = match found {
        Ok(found) => found,
        Err(error) => return check_error(&error, "some.file"),
    };
    assert!(found.train.is_some() || found.validation.is_some());
    assert!(found.understood.iter().all(|line| !line.contains('\n') && line.len() < 8 << 10));
    for samples in found.train.iter().chain(&found.validation) {
        assert!(!samples.is_empty() && samples.shape.iter().product::<usize>() == samples.features());
        assert!(samples.labels.as_ref().is_none_or(|labels| labels.len() == samples.len()));
        let is_finite = match &samples.values {
            Values::Bytes(_) => true,
            Values::Floats(values) => values.iter().all(|value| value.is_finite()),
            Values::Doubles(values) => values.iter().all(|value| value.is_finite()),
        };
        assert!(is_finite);
        // Written as IDX and read again, they are the same.
        let set = DataSet {
            name: String::new(),
            origin: String::new(),
            train: samples.clone(),
            validation: samples.clone(),
            validation_origin: String::new(),
            understood: Vec::new(),
            columns: Vec::new(),
            table: None,
            series: None,
        };
        static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));
        let size = samples.len().saturating_mul(samples.features());
        if size < 1 << 8 && samples.shape.len() < 10 && samples.labels.as_ref().is_none_or(|l| l.classes().len() <= 256)
        {
            let folder = FOLDER.path();
            let files = handgrad_dataset::convert::write_idx(&set, folder).unwrap_or_else(|error| panic!("{error}"));
            let again = handgrad_dataset::load(folder.to_str().unwrap_or_default(), folder, &Layout::default(), &());
            files.iter().for_each(|file| std::fs::remove_file(file).unwrap_or_else(|error| panic!("{error}")));
            let again = again.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(&again.train.values, &samples.values);
            assert_eq!(&again.train.labels, &samples.labels);
        }
    }
}

/// PNG and JPEG, in grey and in colour.
pub fn photo(bytes: &[u8]) {
    let grey = photo::decode(Cursor::new(bytes), name(), 1);
    if grey.as_ref().is_ok_and(|grey| grey.len() > 1 << 12) {
        // Large pictures take long to process; checking this much is enough.
        return;
    }
    let colour = photo::decode(Cursor::new(bytes), name(), 3);
    let (grey, colour) = match (grey, colour) {
        (Ok(grey), Ok(colour)) => (grey, colour),
        (Err(error), Err(_)) => return check_error(&error, "some.file: "),
        (grey, colour) => panic!("in grey {:?}, in colour {:?}", grey.map(|_| ()), colour.map(|_| ())),
    };
    let (_, height, width) = grey.dim();
    assert_eq!((grey.dim(), colour.dim()), ((1, height, width), (3, height, width)));
    // A tolerance for rounding errors.
    let within = |value: &f32| (-1e-6..=1.0 + 1e-6).contains(value);
    assert!(height > 0 && width > 0 && grey.iter().all(within) && colour.iter().all(within));
    let bytes: Vec<u8> = grey.iter().map(|value| (value * 255.0).round() as u8).collect();
    let image = GrayImage::from_raw(width as u32, height as u32, bytes.clone()).unwrap_or_else(|| panic!("its size"));
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).unwrap_or_else(|error| panic!("{error}"));
    let again = photo::decode(file, name(), 1).unwrap_or_else(|error| panic!("{error}"));
    assert!(again.iter().eq(bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect::<Vec<_>>().iter()));
}

/// A whole model file.
pub fn model(bytes: &[u8]) {
    let (network, theta) = match file::decode(bytes) {
        Ok(model) => model,
        Err(error) => return check_error(&error, ""),
    };
    let again = file::encode(&network, &theta).and_then(|bytes| file::decode(&bytes));
    let (network_again, theta_again) = again.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((network.spec(), network.part()), (network_again.spec(), network_again.part()));
    assert_eq!(file::weights_sha256(&theta), file::weights_sha256(&theta_again));
}

/// A specification, or a model file around it.
pub fn spec(bytes: &[u8]) {
    model(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(spec) = toml::from_str::<Whole>(text)
        && let Ok(network) = Network::<f32>::new(&spec.model)
    {
        let text = toml::to_string(network.spec()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(toml::from_str::<Spec>(&text).as_ref(), Ok(network.spec()));
        if network.param_count() < 1 << 12 {
            let bytes = file::encode(&network, &network.init(0)).unwrap_or_else(|error| panic!("{error}"));
            file::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// A model file with this specification and its correct digest.
pub fn with_spec(bytes: &[u8]) -> Vec<u8> {
    let text = &*String::from_utf8_lossy(bytes);
    static REST: LazyLock<[Vec<u8>; 2]> = LazyLock::new(seeds::head_and_tensors);
    let sha256: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let [head, tensors] = &*REST;
    let head = String::from_utf8_lossy(head).replace("MODEL_SHA256", &sha256) + text;
    let json = serde_json::to_string(&head).unwrap_or_else(|error| panic!("{error}"));
    seeds::model_file(&json, tensors)
}

/// The terms of the loss in the checkpoints.
pub const TERMS: &[&str] = &["reconstruction"];

/// A checkpoint, which is loaded and trained for one step.
pub fn checkpoint(bytes: &[u8]) {
    let checkpoint = match (checkpoint::about(bytes), Checkpoint::decode(bytes, TERMS)) {
        (Ok(about), Ok(checkpoint)) => {
            assert_eq!(about, checkpoint.about);
            checkpoint
        }
        (_, Err(error)) => return check_error(&error, "the checkpoint "),
        (Err(error), Ok(_)) => panic!("{error}"),
    };
    let encode = |checkpoint: &Checkpoint| checkpoint.encode().unwrap_or_else(|error| panic!("{error}"));
    let again = encode(&checkpoint);
    let decoded = Checkpoint::decode(&again, TERMS).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, encode(&decoded));
    let (mut trainer, samples, plan) = seeds::training();
    let mut state = match checkpoint.restore(&mut trainer) {
        Ok(state) => state,
        Err(error) => return check_error(&error, "the checkpoint "),
    };
    let source = Source::new(&samples);
    if let Err(error) = go_on(&mut trainer, &source, &source, &plan, &mut state, &mut stop) {
        check_error(&error, "");
    }
}

/// A checkpoint with its correct digest.
pub fn with_right_digest(bytes: &[u8]) -> Vec<u8> {
    let body = &bytes[..bytes.len().saturating_sub(32)];
    [body, &Sha256::digest(body)].concat()
}

/// A PNG with the correct checksums of its chunks.
pub fn with_right_crcs(bytes: &[u8]) -> Vec<u8> {
    let (mut bytes, mut at) = (bytes.to_vec(), 8);
    while let Some(length) = bytes.get(at..at + 4).and_then(|length| length.try_into().ok()) {
        let end = at + 8 + u32::from_be_bytes(length) as usize;
        let Some(chunk) = bytes.get(at + 4..end) else { break };
        let crc = seeds::crc32(chunk).to_be_bytes();
        let Some(place) = bytes.get_mut(end..end + 4) else { break };
        place.copy_from_slice(&crc);
        at = end + 4;
    }
    bytes
}

#[derive(serde::Deserialize)]
struct Whole {
    model: Spec,
}

/// The largest part that a `--config` file may have.
pub fn start_of(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(8 << 10)]
}

/// A `--config` file.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(start_of(bytes)) else { return };
    let settings = match Settings::parse(text, name()) {
        Ok(settings) => settings,
        Err(error) => return check_error(&error, "some.file, line "),
    };
    let text = toml::to_string(&settings).unwrap_or_else(|error| panic!("{error}"));
    let again = Settings::parse(&text, name()).unwrap_or_else(|error| panic!("{error}"));
    // NaN is a valid number in TOML; it is refused later.
    assert!(again == settings || text.contains("nan"), "{text}");
}
