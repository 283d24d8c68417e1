//! # Dense: every output depends on every input
//!
//! ```text
//! forward     z = x·w + b            x m×inputs, w inputs×units, b units; m samples, one per row
//!             y = φ(z)               y m×units
//!
//! given dy = ∂L/∂y:
//!   through φ:    y_rj = φ(z_rj)                    δ     = ∂L/∂z = dy ⊙ φ′(z)
//!   through x·w:  z_rj = Σ_i x_ri·w_ij + b_j
//!     ∂L/∂w_ij  = Σ_r ∂z_rj/∂w_ij · δ_rj = Σ_r x_ri·δ_rj      ∂L/∂w = xᵀ·δ
//!     ∂L/∂b_j   = Σ_r δ_rj                                    ∂L/∂b = Σ over the rows of δ
//!     ∂L/∂x_ri  = Σ_j ∂z_rj/∂x_ri · δ_rj = Σ_j δ_rj·w_ij      ∂L/∂x = δ·wᵀ
//! ```
//!
//! Kept from the forward pass: x and y (φ′ is a function of y, see [`activation`]).
//!
//! Slides: KERAS "Encoder", "Decoder"; CE6146 "Basic Autoencoder (2/3)", where `encoding_dim` is 32:
//! `layers.Dense(encoding_dim, activation='relu')`. The slides write a sample as a column vector. Here a sample is a
//! row, so their W·x is x·w with w = Wᵀ. Source: Rumelhart, Hinton & Williams, "Learning representations by
//! back-propagating errors", Nature 323 (1986).

use std::ops::Range;

use handgrad_kernels::{Finish, matmul_bias, matmul_bias_columns, matmul_nt, matmul_nt_columns, matmul_tn, vectorize};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::{
    Activation, BatchRows, Block, Divisible, Error, Layer, ParamRole, ParamSpec, Pass, Saved, SavedBatch, Scalar,
    activation,
};

/// y ← φ(x·w + b). Shapes: x m×inputs, w inputs×units, b units, y m×units.
pub fn forward<T: Scalar>(x: &[T], w: &[T], b: &[T], phi: Activation, y: &mut [T]) {
    // ReLU is cheap, so it is applied while z is still in registers.
    if phi == Activation::Relu {
        return matmul_bias(x, w, b, Finish::Relu, y);
    }
    matmul_bias(x, w, b, Finish::None, y);
    activation::forward(phi, y);
}

/// dy becomes δ = dy ⊙ φ′(z), in place. Shapes: y and dy m×units.
pub fn backward_activation<T: Scalar>(y: &[T], phi: Activation, dy: &mut [T]) {
    activation::backward(phi, y, dy);
}

/// dx ← δ·wᵀ. Shapes: w inputs×units, δ m×units, dx m×inputs.
pub fn backward_input<T: Scalar>(w: &[T], delta: &[T], units: usize, dx: &mut [T]) {
    matmul_nt(delta, w, dx, w.len() / units, units);
}

/// dw ← xᵀ·δ, for the rows `inputs` of dw. Shapes: x m×inputs, δ m×units, dw inputs.len()×units.
pub fn backward_weights<T: Scalar>(x: BatchRows<T>, delta: BatchRows<T>, inputs: Range<usize>, dw: &mut [T]) {
    matmul_tn(x, delta, inputs, dw);
}

/// db ← Σ over the rows of δ, for the units `units`. Shapes: δ m×units, db units.len().
pub fn backward_bias<T: Scalar>(delta: BatchRows<T>, units: Range<usize>, db: &mut [T]) {
    db.fill(T::ZERO);
    vectorize!({
        for delta in delta.iter() {
            for (db, &delta) in db.iter_mut().zip(&delta[units.clone()]) {
                *db += delta;
            }
        }
    });
}

/// The sizes of a dense layer and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    /// Values per sample of the input.
    pub inputs: usize,
    /// Values per sample of the output.
    pub units: usize,
    /// The activation function φ.
    pub activation: Activation,
}

impl Dense {
    /// Splits θ into w and b.
    fn split<'a, T>(&self, theta: &'a [T]) -> (&'a [T], &'a [T]) {
        theta.split_at(self.inputs * self.units)
    }
}

impl<T: Scalar> Layer<T> for Dense {
    fn describe(&self) -> String {
        format!("Dense {} → {}, {}", self.inputs, self.units, self.activation.name())
    }

    /// Accepts samples of any shape with the right number of values: a sample is read as one vector.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let found = input.iter().product();
        if self.units == 0 {
            let range = "at least 1";
            return Err(Error::OutOfRange { name: "the number of units of a dense layer", value: "0".into(), range });
        }
        if found != self.inputs {
            let layer = Layer::<T>::describe(self);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected: self.inputs });
        }
        Ok(vec![self.units])
    }

    fn params(&self) -> Vec<ParamSpec> {
        let role = ParamRole::Weight { fan_in: self.inputs, fan_out: self.units };
        vec![
            ParamSpec { name: "w", shape: vec![self.inputs, self.units], uses: 1, role },
            ParamSpec { name: "b", shape: vec![self.units], uses: 1, role: ParamRole::Bias },
        ]
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        let (w, b) = self.split(theta);
        forward(x, w, b, self.activation, y);
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        _: &mut Pass<'_, T>,
    ) {
        backward_activation(saved.y, self.activation, dy);
        if let Some(dx) = dx {
            backward_input(self.split(theta).0, dy, self.units, dx);
        }
    }

    fn divisible(&self) -> Option<&dyn Divisible<T>> {
        Some(self)
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], _: &mut [T]) {
        match block.param {
            0 => backward_weights(saved.x, saved.delta, block.rows.clone(), dtheta),
            _ => backward_bias(saved.delta, block.rows.clone(), dtheta),
        }
    }
}

impl<T: Scalar> Divisible<T> for Dense {
    fn forward_units(&self, theta: &[T], x: &[T], units: Range<usize>, mut y: ArrayViewMut2<T>) {
        let (w, b) = self.split(theta);
        let finish = if self.activation == Activation::Relu { Finish::Relu } else { Finish::None };
        let w = columns_of(w, self.units, units.clone());
        matmul_bias_columns(x, w, &b[units], finish, y.view_mut());
        if finish == Finish::None {
            activation::forward_columns(self.activation, y);
        }
    }

    fn backward_activation(&self, y: ArrayView2<T>, dy: ArrayViewMut2<T>) {
        activation::backward_columns(self.activation, y, dy);
    }

    fn backward_inputs(&self, theta: &[T], delta: &[T], inputs: Range<usize>, dx: ArrayViewMut2<T>) {
        let rows = inputs.start * self.units..inputs.end * self.units;
        matmul_nt_columns(delta, &self.split(theta).0[rows], dx);
    }
}

/// Some columns of a matrix with rows of `width`.
pub(crate) fn columns_of<T>(w: &[T], width: usize, columns: Range<usize>) -> ArrayView2<'_, T> {
    let w = ArrayView2::from_shape((w.len() / width, width), w).expect("w has a row for each input");
    w.split_at(Axis(1), columns.end).0.split_at(Axis(1), columns.start).1
}
