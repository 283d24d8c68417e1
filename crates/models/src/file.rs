//! # The model file: one `.safetensors` file holds the weights and what they are for
//!
//! Tensors carry the names and the orientation that PyTorch gives them in an `nn.Sequential` of the same layers:
//! `0.weight` (units × inputs, the transpose of w), `0.bias`, `2.weight`, … Tied weights are there under the names of
//! both layers, as PyTorch would have them, and must be equal. f32, little endian.
//!
//! A recurrent layer's are `0.weight_ih_l0`, `0.bias_hh_l0_reverse`, … where PyTorch has the layer: an LSTM, a GRU with
//! the reset after the product and an update gate that keeps the old, an Elman network with tanh or ReLU. Of any other
//! GRU or Elman network, a Jordan network and a ConvLSTM the tensors carry their names here, `0.w_ih`, so that
//! `load_state_dict` refuses them: PyTorch's layer of that name would compute something else. A module there gives its
//! state beside its output and repeats no input; `tests/reference/load_model.py` has the few lines that do.
//!
//! The file's metadata has one entry, `handgrad`, in TOML: the number of this format, the SHA-256 of the weights, that
//! of the specification's text, and the [`Spec`] as the table `model`, which ends it. Of an encoder or a decoder alone
//! it says `part`; its tensors are named as in a Sequential of its own, but its specification is that of the whole
//! model, so a decoder knows what shape its samples have and whether its codes have a distribution.
//!
//! | format | |
//! | --- | --- |
//! | 1 | without parts and without the SHA-256 of the specification; still read |
//! | 2 | feed-forward networks without a scale |
//! | 3 | recurrent layers and those around sequences, a scale |
//!
//! A file states the lowest number whose format has all that it holds, no other, so that an older program reads what it
//! can and says of the rest that it is too new.

pub mod header;
pub(crate) mod room;

use std::collections::HashMap;
use std::io::Read;

use handgrad_files::memory;
use safetensors::{Dtype, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::header::{LONGEST, LONGEST_TEXT, check_toml, one_line};
use self::room::spec_text;
use crate::{Error, LayerSpec, Network, Param, Part, Spec};

/// The newest format.
const FORMAT: u64 = 3;
/// The one before there were sequences.
const FEED_FORWARD: u64 = 2;
/// Bytes that a file may have: the 2³⁰ values of the largest network, twice where they are tied, and a header.
const LONGEST_FILE: u64 = (1 << 33) + LONGEST + 8;
/// The key in the file's metadata.
const KEY: &str = "handgrad";
/// Where the specification begins in its text.
const MODEL: &str = "[model]";

/// What stands before the specification.
#[derive(Serialize)]
struct Head {
    format: u64,
    #[serde(skip_serializing_if = "is_whole")]
    part: Part,
    weights_sha256: String,
    model_sha256: String,
}

/// Both, as they are read.
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

/// The first format that has all that a specification can hold.
fn format_of(spec: &Spec) -> u64 {
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
    if spec.scale.is_some() || spec.layers().any(of_sequences) { FORMAT } else { FEED_FORWARD }
}

fn is_whole(part: &Part) -> bool {
    *part == Part::Whole
}

/// SHA-256 over θ as little-endian f32, in hexadecimal: equal only where every bit of every weight is.
#[must_use]
pub fn weights_sha256(theta: &[f32]) -> String {
    let mut hash = Sha256::new();
    for value in theta {
        hash.update(value.to_le_bytes());
    }
    handgrad_files::hex(hash)
}

/// A model as the bytes of its file.
///
/// # Errors
/// If the network cannot be described in a file: none is known, so this is a defect to report.
pub fn encode(network: &Network<f32>, theta: &[f32]) -> Result<Vec<u8>, Error> {
    let cannot = |error: toml::ser::Error| Error::NotAModel(error.to_string());
    let tail = spec_text(network.spec())?;
    let (part, weights_sha256) = (network.part(), weights_sha256(theta));
    let model_sha256 = handgrad_files::hex(Sha256::new_with_prefix(&tail));
    let format = format_of(network.spec());
    let head = toml::to_string(&Head { format, part, weights_sha256, model_sha256 }).map_err(cannot)?;
    let stored: Vec<_> = tensors_of(network)
        .into_iter()
        .map(|tensor| (tensor, tensor.write(&theta[tensor.param.range.clone()])))
        .collect();
    let mut views = Vec::new();
    for (tensor, bytes) in &stored {
        let view = TensorView::new(Dtype::F32, tensor.shape(), bytes).map_err(|e| Error::NotAModel(e.to_string()))?;
        views.push((tensor.name, view));
    }
    let metadata = HashMap::from([(KEY.to_string(), format!("{head}\n{tail}"))]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| Error::NotAModel(error.to_string()))?;
    header_len(&bytes)?;
    Ok(bytes)
}

/// Network and weights from a model file of `length` bytes; its header is looked at before more is read.
///
/// # Errors
/// As [`decode`]'s, and if it cannot be read or is longer than any model.
pub fn read(mut file: impl Read, length: u64) -> Result<(Network<f32>, Vec<f32>), Error> {
    let mut bytes = Vec::new();
    file.by_ref().take(8).read_to_end(&mut bytes)?;
    header_len(&bytes)?;
    if length > LONGEST_FILE {
        return Err(Error::TooLong { what: "it", found: length, most: LONGEST_FILE });
    }
    let rest =
        usize::try_from(length).ok().and_then(|length| memory::reserve(&mut bytes, length.saturating_sub(8)).ok());
    rest.ok_or(std::io::ErrorKind::OutOfMemory).map_err(std::io::Error::from)?;
    file.take(length.saturating_sub(8)).read_to_end(&mut bytes)?;
    decode(&bytes)
}

/// The length of the header, which is that of the file's first number.
fn header_len(bytes: &[u8]) -> Result<usize, Error> {
    header::len(bytes).map_err(|found| Error::TooLong { what: "its header", found, most: LONGEST })
}

/// Network and weights from the bytes of a model file, whole or a part: [`Network::part`] says which.
///
/// # Errors
/// If they are not a handgrad model, or not a whole one: every tensor must be there with its shape, none besides, and
/// the weights and the specification must have the SHA-256 that the file states.
pub fn decode(bytes: &[u8]) -> Result<(Network<f32>, Vec<f32>), Error> {
    header_len(bytes)?;
    let (metadata, data) = header::read(bytes).map_err(Error::NotAModel)?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or_else(|| Error::NotAModel(format!("its metadata has no entry {KEY:?}")))?;
    // The format number is read first and alone: what else a newer format has is not known here.
    let format = text.lines().find_map(|line| line.strip_prefix("format = "));
    match format.and_then(|format| format.trim().parse().ok()) {
        Some(1..=FORMAT) => {}
        Some(found) if found > FORMAT => return Err(Error::TooNew { found, newest: FORMAT }),
        _ => return Err(Error::Damaged("its format number is missing or not one that ever was".into())),
    }
    // What stands before the specification has 200.
    if text.len() > LONGEST_TEXT + 1024 {
        let (found, most) = (text.len() as u64, LONGEST_TEXT as u64 + 1024);
        return Err(Error::TooLong { what: "its entry \"handgrad\"", found, most });
    }
    check_toml(text).map_err(Error::Damaged)?;
    let header: Header = toml::from_str(text).map_err(|error| Error::Damaged(one_line(error.message())))?;
    check_model_text(&header, text)?;

    // What the spec claims is compared with the tensors that are there before anything of that size is allocated.
    let with_weights = |layer: &&LayerSpec| layer.has_weights();
    let Spec { encoder, decoder, .. } = &header.model;
    let claimed = match header.part {
        Part::Whole => header.model.layers().filter(with_weights).count(),
        Part::Encoder => encoder.iter().filter(with_weights).count(),
        Part::Decoder => decoder.iter().filter(with_weights).count(),
    };
    let held = metadata.offset_keys().len();
    if claimed > held {
        return Err(Error::Damaged(format!("it describes {claimed} layers with weights and holds {held} tensors")));
    }
    let network = Network::of(&header.model, header.part)?;
    let expected = tensors_of(&network);
    if expected.len() != held {
        let expected = expected.len();
        return Err(Error::Damaged(format!("it holds {held} tensors, its network has {expected}")));
    }
    // The data is there, so as many values may be asked for.
    let mut theta = Vec::with_capacity(network.param_count().min(bytes.len() / 4));
    for expected in expected {
        let name = expected.name;
        let missing = || Error::Damaged(format!("it has no tensor {name}"));
        let tensor = metadata.info(name).ok_or_else(missing)?;
        let shape = expected.shape();
        if tensor.dtype != Dtype::F32 || tensor.shape != shape {
            let found = format!("{:?} {:?}", tensor.dtype, tensor.shape);
            return Err(Error::Damaged(format!("tensor {name} is {found}, its network needs F32 {shape:?}")));
        }
        let values = expected.read(data.get(tensor.data_offsets.0..tensor.data_offsets.1).ok_or_else(missing)?);
        match theta.get(expected.param.range.clone()) {
            None => {
                if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                    return Err(Error::Damaged(format!("its tensor {name} has {value} among its values")));
                }
                theta.extend(values);
            }
            // Tied weights, once more. Bits are compared: −0 is not 0.
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
        return Err(Error::Damaged(format!("its weights have SHA-256 {found}, and it states {stated}")));
    }
    Ok((network, theta))
}

/// The specification's text is compared with its SHA-256, which the first format does not have, nor parts.
fn check_model_text(header: &Header, text: &str) -> Result<(), Error> {
    match (header.format, &header.model_sha256) {
        (1, None) if header.part == Part::Whole => Ok(()),
        (format, Some(_)) if format > 1 && format != format_of(&header.model) => {
            let needed = format_of(&header.model);
            Err(Error::Damaged(format!("it states format {format}, and what it holds makes it format {needed}")))
        }
        (FEED_FORWARD..=FORMAT, Some(stated)) => {
            let start = text.find(MODEL).unwrap_or(text.len());
            match handgrad_files::hex(Sha256::new_with_prefix(&text[start..])) {
                found if found == *stated => Ok(()),
                found => {
                    let problem = format!("its specification has SHA-256 {found}, and it states {stated}");
                    Err(Error::Damaged(problem))
                }
            }
        }
        (format, _) => Err(Error::Damaged(format!("its entries are not those of format {format}"))),
    }
}

/// A parameter as the file holds it.
#[derive(Clone, Copy)]
struct Stored<'a> {
    param: &'a Param,
    name: &'a str,
    transposed: bool,
}

/// The tensors of a network: those of θ in its order, then the second ones of tied weights.
fn tensors_of(network: &Network<f32>) -> Vec<Stored<'_>> {
    let params = network.params();
    let first = params.iter().map(|param| Stored { param, name: &param.torch_name, transposed: param.transposed });
    let second = params.iter().filter_map(|param| {
        param.tie.as_ref().map(|tie| Stored { param, name: &tie.torch_name, transposed: !param.transposed })
    });
    first.chain(second).collect()
}

impl Stored<'_> {
    fn shape(&self) -> Vec<usize> {
        let shape = self.param.spec.shape.iter();
        if self.transposed { shape.rev().copied().collect() } else { shape.copied().collect() }
    }

    /// Rows and columns of the parameter, which is a matrix where it is transposed.
    fn sizes(&self) -> [usize; 2] {
        let rows = self.param.spec.rows();
        [rows, self.param.spec.len() / rows.max(1)]
    }

    fn write(&self, values: &[f32]) -> Vec<u8> {
        if !self.transposed {
            return values.iter().copied().flat_map(f32::to_le_bytes).collect();
        }
        let [rows, cols] = self.sizes();
        let transposed = (0..cols).flat_map(|col| (0..rows).map(move |row| values[row * cols + col]));
        transposed.flat_map(f32::to_le_bytes).collect()
    }

    fn read(&self, bytes: &[u8]) -> Vec<f32> {
        let (stored, _) = bytes.as_chunks::<4>();
        if !self.transposed {
            return stored.iter().copied().map(f32::from_le_bytes).collect();
        }
        let [rows, cols] = self.sizes();
        let place = |row: usize, col: usize| f32::from_le_bytes(stored[col * rows + row]);
        (0..rows).flat_map(|row| (0..cols).map(move |col| place(row, col))).collect()
    }
}
