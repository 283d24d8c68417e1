//! # The model file: one `.safetensors` file holds the weights and what they are for
//!
//! Tensors carry the names and the orientation that PyTorch gives them in an `nn.Sequential` of the same layers:
//! `0.weight` (units × inputs, the transpose of w), `0.bias`, `2.weight`, … The file's metadata has one entry,
//! `handgrad`: the [`Spec`] as TOML, the number of this format, and the SHA-256 of the weights. f32, little endian.

use std::collections::HashMap;

use handgrad_layers::ParamRole;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, LayerSpec, Network, Param, Spec};

/// The number of this format.
const FORMAT: u64 = 1;
/// The key in the file's metadata.
const KEY: &str = "handgrad";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u64,
    weights_sha256: String,
    model: Spec,
}

/// SHA-256 over θ as little-endian f32, in hexadecimal: equal only where every bit of every weight is.
#[must_use]
pub fn weights_sha256(theta: &[f32]) -> String {
    let mut hash = Sha256::new();
    for value in theta {
        hash.update(value.to_le_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A model as the bytes of its file.
///
/// # Errors
/// If the network cannot be described in a file: none is known, so this is a defect to report.
pub fn encode(network: &Network<f32>, theta: &[f32]) -> Result<Vec<u8>, Error> {
    let header = Header { format: FORMAT, weights_sha256: weights_sha256(theta), model: network.spec().clone() };
    let header = toml::to_string(&header).map_err(|error| Error::NotAModel(error.to_string()))?;
    let stored: Vec<_> = network.params().iter().map(|param| to_torch(param, &theta[param.range.clone()])).collect();
    let mut views = Vec::new();
    for (param, (shape, bytes)) in network.params().iter().zip(&stored) {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|e| Error::NotAModel(e.to_string()))?;
        views.push((param.torch_name.as_str(), view));
    }
    let metadata = HashMap::from([(KEY.to_string(), header)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| Error::NotAModel(error.to_string()))
}

/// Spec and weights from the bytes of a model file.
///
/// # Errors
/// If they are not a handgrad model, or not a whole one: every tensor must be there with its shape, none besides, and the
/// weights must have the SHA-256 that the file states.
pub fn decode(bytes: &[u8]) -> Result<(Network<f32>, Vec<f32>), Error> {
    let not_a_model = |error: safetensors::SafeTensorError| Error::NotAModel(error.to_string());
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_a_model)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(not_a_model)?;
    let header = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let header = header.ok_or_else(|| Error::NotAModel(format!("its metadata has no entry {KEY:?}")))?;
    // The format number is read first and alone: what else a newer format has is not known here.
    let table: toml::Table = toml::from_str(header).map_err(|error| Error::Damaged(error.to_string()))?;
    let format = table.get("format").and_then(toml::Value::as_integer).and_then(|format| u64::try_from(format).ok());
    match format {
        Some(FORMAT) => {}
        Some(found) if found > FORMAT => return Err(Error::TooNew { found, newest: FORMAT }),
        _ => return Err(Error::Damaged("its format number is missing or not one that ever was".into())),
    }
    let header: Header = toml::from_str(header).map_err(|error| Error::Damaged(error.to_string()))?;

    // What the spec claims is compared with the tensors that are there before anything of that size is allocated.
    let with_weights = |layer: &&LayerSpec| {
        matches!(layer, LayerSpec::Dense { .. } | LayerSpec::Conv2d { .. } | LayerSpec::ConvTranspose2d { .. })
    };
    let claimed = header.model.layers().filter(with_weights).count();
    if claimed > tensors.len() {
        let held = tensors.len();
        return Err(Error::Damaged(format!("it describes {claimed} layers with weights and holds {held} tensors")));
    }
    let network = Network::new(&header.model)?;
    if network.params().len() != tensors.len() {
        let (expected, found) = (network.params().len(), tensors.len());
        return Err(Error::Damaged(format!("it holds {found} tensors, its network has {expected}")));
    }
    let mut theta = Vec::new();
    for param in network.params() {
        let name = &param.torch_name;
        let tensor = tensors.tensor(name).map_err(|error| Error::Damaged(error.to_string()))?;
        let expected = torch_shape(param);
        if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(Error::Damaged(format!("tensor {name} is {found}, its network needs F32 {expected:?}")));
        }
        theta.extend(from_torch(param, tensor.data()));
    }
    let found = weights_sha256(&theta);
    if found != header.weights_sha256 {
        let stated = header.weights_sha256;
        return Err(Error::Damaged(format!("its weights have SHA-256 {found}, and it states {stated}")));
    }
    Ok((network, theta))
}

/// PyTorch's linear layer keeps the transpose of our w; its convolutions keep w as it is.
fn is_transposed(param: &Param) -> bool {
    matches!(param.spec.role, ParamRole::Weight { .. }) && param.spec.shape.len() == 2
}

fn torch_shape(param: &Param) -> Vec<usize> {
    match is_transposed(param) {
        true => param.spec.shape.iter().rev().copied().collect(),
        false => param.spec.shape.clone(),
    }
}

fn to_torch(param: &Param, values: &[f32]) -> (Vec<usize>, Vec<u8>) {
    if !is_transposed(param) {
        return (torch_shape(param), values.iter().copied().flat_map(f32::to_le_bytes).collect());
    }
    let [rows, cols] = [param.spec.rows(), values.len() / param.spec.rows().max(1)];
    let transposed = (0..cols).flat_map(|col| (0..rows).map(move |row| values[row * cols + col]));
    (torch_shape(param), transposed.flat_map(f32::to_le_bytes).collect())
}

fn from_torch(param: &Param, bytes: &[u8]) -> Vec<f32> {
    let (stored, _) = bytes.as_chunks::<4>();
    if !is_transposed(param) {
        return stored.iter().copied().map(f32::from_le_bytes).collect();
    }
    let [rows, cols] = [param.spec.rows(), stored.len() / param.spec.rows().max(1)];
    let place = |row: usize, col: usize| f32::from_le_bytes(stored[col * rows + row]);
    (0..rows).flat_map(|row| (0..cols).map(move |col| place(row, col))).collect()
}
