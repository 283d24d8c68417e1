//! # The model file: one `.safetensors` file holds the weights and the specification of the network
//!
//! Tensors have the same names and the same orientation as in a PyTorch `nn.Sequential` of the same layers:
//! `0.weight` (units × inputs, the transpose of w), `0.bias`, `2.weight`, … Tied weights are stored twice, under the
//! names of both layers, as in PyTorch; both copies must be equal. Values are f32, little endian.
//!
//! If PyTorch has the same recurrent layer, its tensors have PyTorch's names: `0.weight_ih_l0`,
//! `0.bias_hh_l0_reverse`, … These layers are the LSTM, the GRU whose reset is applied after the product and whose
//! update gate keeps the old state, and the Elman network with tanh or ReLU. All other GRU and Elman networks, Jordan
//! networks and ConvLSTMs have the names of this project, such as `0.w_ih`. `load_state_dict` then refuses them,
//! because PyTorch's layer of that name would compute something else. A recurrent module in PyTorch also returns its
//! state and does not repeat its input; `tests/reference/load_model.py` has a short module that handles both.
//!
//! The same holds for convolutions with a stride and *same* padding, and for transposed convolutions of which *same*
//! padding removes an odd number of lines: `0.w`, `0.b`. PyTorch's `padding=p` puts the same number of zeros on both
//! sides, but *same* padding, which is that of Keras, puts an odd zero below and to the right: for example none above
//! and one below with a 3×3 window, stride 2 and an even height. With the names `weight` and `bias`, the tensors would
//! load into `Conv2d(…, padding=1)`, which computes other numbers. In PyTorch, with a window of k, stride s and
//! dilation d, these modules compute the same:
//!
//! ```text
//! reach = d·(k − 1) + 1
//! Conv2d           zeros = max((⌈h/s⌉ − 1)·s + reach − h, 0),  top = ⌊zeros/2⌋,  bottom = zeros − top;  w likewise
//!                  nn.Conv2d(c, o, k, s, dilation=d)(F.pad(x, (left, right, top, bottom)))
//! ConvTranspose2d  top = left = ⌊max(reach − s, 0)/2⌋
//!                  nn.ConvTranspose2d(c, o, k, s, dilation=d)(x)[..., top : top + s·h, left : left + s·w]
//! ```
//!
//! With k = 3, s = 2 and d = 1 on images of even height and width, these are `F.pad(x, (0, 1, 0, 1))` and
//! `[..., :-1, :-1]`. `tests/reference/load_model.py` has both as modules.
//!
//! The file's metadata has one entry, `handgrad`, in TOML: the number of the format, the SHA-256 of the weights, the
//! SHA-256 of the text of the specification, and at the end the [`Spec`] as the table `model`, followed by a comment
//! with the version of the program that wrote it, which belongs to that text. A file of only an encoder or only a
//! decoder also has the key `part`. Its tensors have the names of a separate Sequential, but its specification is
//! that of the whole model. The specification of a decoder thus gives the shape of its samples and whether its codes
//! have a distribution. A classifier has the key `part` too; its specification and its tensors are those of its encoder
//! and, as the decoder, of its head, whose output are logits.
//!
//! | format | |
//! | --- | --- |
//! | 1 | without parts and without the SHA-256 of the specification; still read |
//! | 2 | feed-forward networks without a scale |
//! | 3 | recurrent layers, other layers for sequences, and a scale |
//! | 4 | tensor names of strided convolutions; tables, masks, series, a scale per channel; the file of the training |
//! | 5 | classifiers |
//!
//! Before format 4, the tensors of convolutions with *same* padding and a stride were named `weight` and `bias` too.
//! Such files are still read.
//!
//! For a model of tables, a last line follows: `#table ` and then the [`Schema`] in JSON. For a model of series whose
//! steps have names, it is `#steps ` and a list of these names in JSON. For a classifier, another line follows:
//! `#classes ` and a list of the names of the classes in JSON. The SHA-256 of the specification covers these texts too,
//! one after the other.
//!
//! A file must state the lowest format number that supports everything in it. An older program can then read every
//! file that it supports, and reports for all others that they are too new.

pub mod header;
pub(crate) mod room;
mod tensors;

use std::collections::HashMap;
use std::io::Read;

use handgrad_dataset::tables::Schema;
use handgrad_files::memory;
use safetensors::{Dtype, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::header::{LONGEST, LONGEST_TABLE, LONGEST_TEXT, check_toml, one_line};
use self::room::{classes_text, spec_text, steps_text, table_text};
use self::tensors::tensors_of;
use crate::{Error, LayerSpec, Network, Part, Spec};

/// The newest format, which has classifiers.
const FORMAT: u64 = 5;
/// The format with other names for the tensors of some convolutions.
const TABLES: u64 = 4;
/// The last format in which the tensors of all convolutions have PyTorch's names.
const SEQUENCES: u64 = 3;
/// The last format without sequences.
const FEED_FORWARD: u64 = 2;
/// Largest number of bytes of a file: the 2³⁰ values of the largest network, twice if they are tied, and a header.
const LONGEST_FILE: u64 = (1 << 33) + LONGEST + 8;
/// The key in the file's metadata.
const KEY: &str = "handgrad";
/// The beginning of the line with the columns of a table, which TOML reads as a comment.
const TABLE: &str = "\n#table ";
/// The beginning of the line with the names of the steps of a series.
const STEPS: &str = "\n#steps ";
/// The beginning of the line with the names of the classes of a classifier.
const CLASSES: &str = "\n#classes ";
/// The line with which the specification begins in the text.
const MODEL: &str = "[model]";

/// The part of the text before the specification.
#[derive(Serialize)]
struct Head {
    format: u64,
    #[serde(skip_serializing_if = "is_whole")]
    part: Part,
    weights_sha256: String,
    model_sha256: String,
}

/// The whole text, including the specification, as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u64,
    #[serde(default)]
    part: Part,
    weights_sha256: String,
    model_sha256: Option<String>,
    model: Spec,
}

/// Returns the lowest format that supports everything in a specification.
fn format_of(spec: &Spec) -> u64 {
    if !spec.classes.is_empty() {
        return FORMAT;
    }
    let channels = spec.scale.as_ref().is_some_and(|scale| scale.offset.len() > 1);
    let newest = spec.table.is_some() || spec.series.is_some() || spec.takes_missing() || channels;
    if newest || spec.layers().any(LayerSpec::pads_one_side) { TABLES } else { format_with_old_names(spec) }
}

/// Returns the format of a specification before some convolutions had other names for their tensors.
fn format_with_old_names(spec: &Spec) -> u64 {
    if !spec.classes.is_empty() {
        return FORMAT;
    }
    if spec.trained_on.is_some() || spec.value_kind.is_some() {
        return TABLES;
    }
    let of_sequences = |layer: &LayerSpec| {
        matches!(
            layer,
            LayerSpec::Recurrent(_)
                | LayerSpec::ConvLstm { .. }
                | LayerSpec::RepeatVector { .. }
                | LayerSpec::TimeDistributed { .. }
                | LayerSpec::Shift
        )
    };
    if spec.scale.is_some() || spec.layers().any(of_sequences) { SEQUENCES } else { FEED_FORWARD }
}

fn is_whole(part: &Part) -> bool {
    *part == Part::Whole
}

/// Returns the SHA-256 of θ as little-endian f32, in hexadecimal. Two hashes are equal only if all bits of all
/// weights are equal.
#[must_use]
pub fn weights_sha256(theta: &[f32]) -> String {
    let mut hash = Sha256::new();
    for value in theta {
        hash.update(value.to_le_bytes());
    }
    handgrad_files::hex(hash)
}

/// Encodes a model as the bytes of its file.
///
/// # Errors
/// If the network cannot be described in a file. No such network is known; please report it as a bug.
pub fn encode(network: &Network<f32>, theta: &[f32]) -> Result<Vec<u8>, Error> {
    let cannot = |error: toml::ser::Error| Error::NotAModel(error.to_string());
    let tail = spec_text(network.spec())?;
    let (part, weights_sha256) = (network.part(), weights_sha256(theta));
    let (table, steps) = (table_text(network.spec())?, steps_text(network.spec())?);
    let classes = classes_text(network.spec())?;
    let model_sha256 = model_sha256(&tail, [&table, &steps, &classes].map(Option::as_deref));
    let format = format_of(network.spec());
    let head = toml::to_string(&Head { format, part, weights_sha256, model_sha256 }).map_err(cannot)?;
    let stored: Vec<_> = tensors_of(network)
        .into_iter()
        .map(|tensor| {
            let bytes = tensor.write(&theta[tensor.param.range.clone()]);
            (tensor, bytes)
        })
        .collect();
    let mut views = Vec::new();
    for (tensor, bytes) in &stored {
        let view = TensorView::new(Dtype::F32, tensor.shape(), bytes).map_err(|e| Error::NotAModel(e.to_string()))?;
        views.push((&*tensor.name, view));
    }
    // A second entry would stand before or after the first one at random.
    let line = |start: &str, text: Option<String>| text.map_or_else(String::new, |text| format!("{start}{text}"));
    let lines = line(TABLE, table) + &line(STEPS, steps) + &line(CLASSES, classes);
    let metadata = HashMap::from([(KEY.to_string(), format!("{head}\n{tail}{lines}"))]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| Error::NotAModel(error.to_string()))?;
    header_len(&bytes)?;
    Ok(bytes)
}

/// Reads a network and its weights from a model file of `length` bytes. The length of the header is checked before
/// more is read.
///
/// # Errors
/// As [`decode`], and if the file cannot be read or is longer than any model.
pub fn read(mut file: impl Read, length: u64) -> Result<(Network<f32>, Vec<f32>), Error> {
    let mut bytes = Vec::new();
    file.by_ref().take(512).read_to_end(&mut bytes)?;
    let starts_as_model = bytes.get(8) == Some(&b'{');
    if let Some(kind) = handgrad_files::kind(&bytes).filter(|_| !starts_as_model) {
        return Err(Error::NotAModel(format!("it is {kind}, where the file model.safetensors of a run was expected")));
    }
    header_len(&bytes)?;
    if length > LONGEST_FILE {
        return Err(Error::TooLong { what: "it", found: length, most: LONGEST_FILE });
    }
    let rest = length.saturating_sub(bytes.len() as u64);
    let room = usize::try_from(rest).ok().and_then(|rest| memory::reserve(&mut bytes, rest).ok());
    room.ok_or(std::io::ErrorKind::OutOfMemory).map_err(std::io::Error::from)?;
    file.take(rest).read_to_end(&mut bytes)?;
    decode(&bytes)
}

/// Returns the length of the header, which is the first number in the file.
fn header_len(bytes: &[u8]) -> Result<usize, Error> {
    header::len(bytes, LONGEST).map_err(|found| Error::TooLong { what: "its header", found, most: LONGEST })
}

/// Decodes a network and its weights from the bytes of a model file, which may be a whole model or a part:
/// [`Network::part`] says which.
///
/// # Errors
/// If the bytes are not a handgrad model, or the model is damaged: exactly the tensors of the network must be there
/// with their shapes, and the weights and the specification must have the SHA-256 that the file states.
pub fn decode(bytes: &[u8]) -> Result<(Network<f32>, Vec<f32>), Error> {
    header_len(bytes)?;
    let (metadata, data) = header::read(bytes, LONGEST).map_err(Error::NotAModel)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or_else(|| Error::NotAModel(format!("its metadata has no entry {KEY:?}")))?;
    let (text, classes) = split(text, CLASSES);
    let (text, table, steps) = match (split(text, TABLE), split(text, STEPS)) {
        ((text, Some(table)), _) => (text, Some(table), None),
        (_, (text, steps)) => (text, None, steps),
    };
    // The format number is read first, without the rest: a newer format may have unknown entries.
    let format = text.lines().find_map(|line| line.strip_prefix("format = "));
    match format.and_then(|format| format.trim().parse().ok()) {
        Some(1..=FORMAT) => {}
        Some(found) if found > FORMAT => return Err(Error::TooNew { found, newest: FORMAT }),
        _ => return Err(Error::Damaged("its format number is missing or does not exist".into())),
    }
    // The part before the specification has about 200 bytes.
    if text.len() > LONGEST_TEXT + 1024 {
        let (found, most) = (text.len() as u64, LONGEST_TEXT as u64 + 1024);
        return Err(Error::TooLong { what: "its entry \"handgrad\"", found, most });
    }
    check_toml(text).map_err(Error::Damaged)?;
    let mut header: Header = toml::from_str(text).map_err(|error| Error::Damaged(one_line(error.message())))?;
    header.model.table = table.map(read_table).transpose()?;
    if header.format < FORMAT && (classes.is_some() || header.part == Part::Classifier) {
        return Err(Error::Damaged(format!("it is a classifier, but states format {}", header.format)));
    }
    header.model.classes = classes.map(|text| read_names(text, "classes")).transpose()?.unwrap_or_default();
    match (steps.map(|text| read_names(text, "steps")).transpose()?, &mut header.model.series) {
        (None, _) => {}
        (Some(steps), Some(series)) => series.steps = steps,
        (Some(_), None) => return Err(Error::Damaged("it names steps, but has no series".into())),
    }
    check_model_text(&header, text, [table, steps, classes])?;

    // The specification is compared with the tensors in the file before memory of the size that it claims is
    // allocated.
    let with_weights = |layer: &&LayerSpec| layer.has_weights();
    let Spec { encoder, decoder, .. } = &header.model;
    let claimed = match header.part {
        Part::Whole | Part::Classifier => header.model.layers().filter(with_weights).count(),
        Part::Encoder => encoder.iter().filter(with_weights).count(),
        Part::Decoder => decoder.iter().filter(with_weights).count(),
    };
    let held = metadata.offset_keys().len();
    if claimed > held {
        return Err(Error::Damaged(format!("it describes {claimed} layers with weights, but holds {held} tensors")));
    }
    let network = Network::of(&header.model, header.part)?;
    let mut expected = tensors_of(&network);
    if header.format <= SEQUENCES {
        let layers: Vec<_> = header.model.layers().skip(kept_from(&header)).collect();
        let named_otherwise = expected.iter_mut().filter(|tensor| layers[tensor.param.layer].pads_one_side());
        named_otherwise.for_each(|tensor| tensor.name = old_name(&tensor.name).into());
    }
    if expected.len() != held {
        let expected = expected.len();
        return Err(Error::Damaged(format!("it holds {held} tensors, but its network has {expected}")));
    }
    // The data is in memory already, so allocating as much again is safe.
    let mut theta = Vec::with_capacity(network.param_count().min(bytes.len() / 4));
    for expected in expected {
        let name = &*expected.name;
        let missing = || Error::Damaged(format!("it has no tensor {name}"));
        let tensor = metadata.info(name).ok_or_else(missing)?;
        let shape = expected.shape();
        if tensor.dtype != Dtype::F32 || tensor.shape != shape {
            let found = format!("{:?} {:?}", tensor.dtype, tensor.shape);
            return Err(Error::Damaged(format!("tensor {name} is {found}, but its network needs F32 {shape:?}")));
        }
        let values = expected.read(data.get(tensor.data_offsets.0..tensor.data_offsets.1).ok_or_else(missing)?);
        match theta.get(expected.param.range.clone()) {
            None => {
                if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                    return Err(Error::Damaged(format!("its tensor {name} contains {value}, which is not finite")));
                }
                theta.extend(values);
            }
            // The second copy of tied weights. The bits are compared, so −0 differs from 0.
            Some(first) if first.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits())) => {}
            Some(_) => {
                let first = &expected.param.torch_name;
                return Err(Error::Damaged(format!("its tensors {first} and {name} are tied but differ")));
            }
        }
    }
    let found = weights_sha256(&theta);
    if found != header.weights_sha256 {
        let stated = header.weights_sha256;
        return Err(Error::Damaged(format!("its weights have SHA-256 {found}, but it states {stated}")));
    }
    Ok((network, theta))
}

/// Compares the text of the specification with its SHA-256. Format 1 has no such SHA-256 and no parts.
fn check_model_text(header: &Header, text: &str, lines: [Option<&str>; 3]) -> Result<(), Error> {
    match (header.format, &header.model_sha256) {
        (1, None) if header.part == Part::Whole => Ok(()),
        (format, Some(_))
            if format > 1 && ![format_of(&header.model), format_with_old_names(&header.model)].contains(&format) =>
        {
            let needed = format_of(&header.model);
            Err(Error::Damaged(format!("it states format {format}, but its content needs format {needed}")))
        }
        (FEED_FORWARD..=FORMAT, Some(stated)) => {
            let start = text.find(MODEL).unwrap_or(text.len());
            match model_sha256(&text[start..], lines) {
                found if found == *stated => Ok(()),
                found => {
                    let problem = format!("its specification has SHA-256 {found}, but it states {stated}");
                    Err(Error::Damaged(problem))
                }
            }
        }
        (format, _) => Err(Error::Damaged(format!("its entries are not those of format {format}"))),
    }
}

/// Splits a text before the first line that begins with `start`. Returns the text before it, and the rest of it.
fn split<'a>(text: &'a str, start: &str) -> (&'a str, Option<&'a str>) {
    text.split_once(start).map_or((text, None), |(text, line)| (text, Some(line)))
}

/// Returns the SHA-256 of the text of the specification, followed by those of the lines after it.
fn model_sha256(spec: &str, lines: [Option<&str>; 3]) -> String {
    let mut hash = Sha256::new_with_prefix(spec);
    lines.into_iter().flatten().for_each(|line| hash.update(line));
    handgrad_files::hex(hash)
}

fn read_table(text: &str) -> Result<Schema, Error> {
    check_length(text, "the description of its table")?;
    let schema: Schema = serde_json::from_str(text)
        .map_err(|error| Error::Damaged(format!("its table cannot be read: {}", one_line(&error.to_string()))))?;
    schema.check().map_err(|problem| Error::Damaged(format!("its table is not valid: {problem}")))?;
    Ok(schema)
}

/// Reads a list of names in JSON. `what` has names, in the plural.
fn read_names(text: &str, what: &'static str) -> Result<Vec<String>, Error> {
    check_length(text, "a list of names")?;
    serde_json::from_str(text)
        .map_err(|error| Error::Damaged(format!("its {what} cannot be read: {}", one_line(&error.to_string()))))
}

fn check_length(text: &str, what: &'static str) -> Result<(), Error> {
    let (found, most) = (text.len() as u64, LONGEST_TABLE as u64);
    if found > most { Err(Error::TooLong { what, found, most }) } else { Ok(()) }
}

/// Returns the number of the layer of the specification with which the network of the file begins.
fn kept_from(header: &Header) -> usize {
    if header.part == Part::Decoder { header.model.encoder.len() } else { 0 }
}

/// Returns the name of a tensor of a convolution as in PyTorch: `0.weight` for `0.w`, `0.bias` for `0.b`.
fn old_name(name: &str) -> String {
    match name.strip_suffix(".w") {
        Some(layer) => format!("{layer}.weight"),
        None => format!("{}.bias", name.trim_end_matches(".b")),
    }
}
