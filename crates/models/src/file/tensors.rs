//! The tensors of a model file: the parameters of a network, each under the name and in the orientation of PyTorch.

use std::borrow::Cow;

use crate::{Network, Param};

/// A parameter as it is stored in the file.
#[derive(Clone)]
pub(super) struct Stored<'a> {
    pub param: &'a Param,
    pub name: Cow<'a, str>,
    transposed: bool,
}

/// Returns the tensors of a network: those of θ in order, then the second copies of tied weights.
pub(super) fn tensors_of(network: &Network<f32>) -> Vec<Stored<'_>> {
    let params = network.params();
    let first =
        params.iter().map(|param| Stored { param, name: Cow::from(&param.torch_name), transposed: param.transposed });
    let second = params.iter().filter_map(|param| {
        param.tie.as_ref().map(|tie| Stored { param, name: Cow::from(&tie.torch_name), transposed: !param.transposed })
    });
    first.chain(second).collect()
}

impl Stored<'_> {
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.param.spec.shape.iter();
        if self.transposed { shape.rev().copied().collect() } else { shape.copied().collect() }
    }

    /// Returns the numbers of rows and columns of the parameter. A transposed parameter is always a matrix.
    fn sizes(&self) -> [usize; 2] {
        let rows = self.param.spec.rows();
        [rows, self.param.spec.len() / rows.max(1)]
    }

    pub fn write(&self, values: &[f32]) -> Vec<u8> {
        if !self.transposed {
            return values.iter().copied().flat_map(f32::to_le_bytes).collect();
        }
        let [rows, cols] = self.sizes();
        let transposed = (0..cols).flat_map(|col| (0..rows).map(move |row| values[row * cols + col]));
        transposed.flat_map(f32::to_le_bytes).collect()
    }

    pub fn read(&self, bytes: &[u8]) -> Vec<f32> {
        let (stored, _) = bytes.as_chunks::<4>();
        if !self.transposed {
            return stored.iter().copied().map(f32::from_le_bytes).collect();
        }
        let [rows, cols] = self.sizes();
        let place = |row: usize, col: usize| f32::from_le_bytes(stored[col * rows + row]);
        (0..rows).flat_map(|row| (0..cols).map(move |col| place(row, col))).collect()
    }
}
