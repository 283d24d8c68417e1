//! The promises: no panic; an error is one paragraph that names the file; what is taken can be written and read again the same.

use std::fmt::Display;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::LazyLock;

use handgrad_dataset::csv::{self, Fill, Label, Layout, Window};
use handgrad_dataset::idx::{self, Array};
use handgrad_dataset::{Samples, npy, photo};
use handgrad_models::{Network, Spec, file};
use image::{GrayImage, ImageFormat};
use sha2::{Digest, Sha256};

use super::config::Settings;
use super::seeds;

fn name() -> &'static Path {
    Path::new("some.file")
}

/// An error of one paragraph, and not a long one.
fn check_error(error: &impl Display, starts: &str) {
    let text = error.to_string();
    assert!(text.starts_with(starts) && text.len() < 1500 && !text.contains('\n'), "{text}");
}

/// IDX, plain or in gzip.
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

/// IDX as the format says, written here once more.
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

/// CSV, in the layout that the length draws.
pub fn csv(bytes: &[u8]) {
    let steps = NonZeroUsize::MIN.saturating_add(1);
    let layouts = [
        Layout::default(),
        Layout { fill: Some(Fill::Mean), ..Layout::default() },
        Layout { fill: Some(Fill::Previous), label: Label::None, ..Layout::default() },
        Layout { label: Label::Last, fill: Some(Fill::Zero), ..Layout::default() },
        Layout { label: Label::Column("1".into()), ..Layout::default() },
        Layout { fill: Some(Fill::Previous), window: Some(Window { steps, stride: steps }), ..Layout::default() },
    ];
    let rows = match csv::decode(bytes, name(), &layouts[bytes.len() % layouts.len()]) {
        Ok(rows) => rows,
        Err(error) => return check_error(&error, "some.file"),
    };
    assert!(!rows.is_empty() && rows.values.iter().all(|value| value.is_finite()));
    let mut text = "value,".repeat(rows.values.ncols()) + "label\n";
    for (number, row) in rows.values.rows().into_iter().enumerate() {
        row.iter().for_each(|value| text += &format!("{value},"));
        text += &format!("{}\n", rows.labels.as_ref().map_or(0, |labels| labels[number]));
    }
    let again = csv::decode(text.as_bytes(), name(), &Layout::default()).unwrap_or_else(|error| panic!("{error}"));
    assert!(again.values == rows.values && rows.labels.is_none_or(|labels| again.labels == Some(labels)));
}

/// numpy's file.
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

/// PNG and JPEG, in grey and in colour.
pub fn photo(bytes: &[u8]) {
    let [grey, colour] = [1, 3].map(|channels| photo::decode(Cursor::new(bytes), name(), channels));
    let (grey, colour) = match (grey, colour) {
        (Ok(grey), Ok(colour)) => (grey, colour),
        (Err(error), Err(_)) => return check_error(&error, "some.file: "),
        (grey, colour) => panic!("in grey {:?}, in colour {:?}", grey.map(|_| ()), colour.map(|_| ())),
    };
    let (_, height, width) = grey.dim();
    assert_eq!((grey.dim(), colour.dim()), ((1, height, width), (3, height, width)));
    // What rounding leaves over.
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

/// The specification in a model file, with its digest put right, so that the digest does not shield what comes after.
pub fn spec(bytes: &[u8]) {
    static REST: LazyLock<[Vec<u8>; 2]> = LazyLock::new(seeds::head_and_tensors);
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
    let sha256: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let [head, tensors] = &*REST;
    let head = String::from_utf8_lossy(head).replace("MODEL_SHA256", &sha256) + text;
    let json = serde_json::to_string(&head).unwrap_or_else(|error| panic!("{error}"));
    model(&seeds::model_file(&json, tensors));
}

#[derive(serde::Deserialize)]
struct Whole {
    model: Spec,
}

/// A `--config` file.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let settings = match Settings::parse(text, name()) {
        Ok(settings) => settings,
        Err(error) => return check_error(&error, "some.file, line "),
    };
    let text = toml::to_string(&settings).unwrap_or_else(|error| panic!("{error}"));
    let again = Settings::parse(&text, name()).unwrap_or_else(|error| panic!("{error}"));
    // NaN is a number for TOML, and is refused later.
    assert!(again == settings || text.contains("nan"), "{text}");
}
