//! # Tied dense: a decoder layer with the transposed weights of an encoder layer
//!
//! ```text
//! encoder     h = φ(x·w + b)               x m×n, w n×k, b k, h m×k             a dense layer
//! decoder     z = h·wᵀ + b′                b′ n, z m×n: the same w, transposed
//!             y = φ(z)                     y m×n
//!
//! given dy = ∂L/∂y:  δ = ∂L/∂z = dy ⊙ φ′(z), and through z_ri = Σ_j h_rj·w_ij + b′_i
//!   ∂L/∂b′_i = Σ_r δ_ri                                 ∂L/∂b′ = Σ over the rows of δ
//!   ∂L/∂h_rj = Σ_i δ_ri·w_ij                            ∂L/∂h  = δ·w
//!   w_ij is used twice: here as the weight of h_rj in z_ri, in the encoder as the weight of x_ri in its z_rj (δ_enc):
//!   ∂L/∂w_ij = Σ_r x_ri·δ_enc,rj + Σ_r δ_ri·h_rj        ∂L/∂w  = xᵀ·δ_enc + δᵀ·h = xᵀ·δ_enc + (hᵀ·δ)ᵀ
//! ```
//!
//! The first sum is computed by the [dense] layer, the second one by this layer, and the trainer adds them. So w is
//! stored once and updated once per step, and the network has about half as many weights. In a linear network, tying
//! makes the decoder the transpose of the encoder. The squared error is then smallest where the columns of w are an
//! orthonormal basis of the space of the principal components. So the network learns an orthogonal projection onto
//! this space, which is PCA.
//!
//! The θ of this layer is b′, then w. The θ of the network contains b′, w, b in this order, so that the parameters of
//! each of the two layers are contiguous.
//!
//! Slides: CE6146 "Guideline for Autoencoders (2/4)": "Mirror the encoder's architecture in the decoder"; here its
//! weights are mirrored too. Source: Vincent, Larochelle, Lajoie, Bengio & Manzagol, JMLR 11 (2010), section 2.2.

use std::ops::Range;

use handgrad_kernels::{Finish, matmul, matmul_bias_columns, matmul_nt, matmul_nt_columns, matmul_tn, vectorize};
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{
    Activation, BatchRows, Block, Divisible, Error, Layer, ParamRole, ParamSpec, Pass, Saved, SavedBatch, Scalar,
    activation, dense,
};

/// y ← φ(h·wᵀ + b). Shapes: h m×inputs, w units×inputs, b units, y m×units.
pub fn forward<T: Scalar>(h: &[T], w: &[T], b: &[T], phi: Activation, y: &mut [T]) {
    matmul_nt(h, w, y, b.len(), w.len() / b.len());
    vectorize!({
        for y in y.chunks_exact_mut(b.len()) {
            for (y, &b) in y.iter_mut().zip(b) {
                *y += b;
            }
        }
    });
    activation::forward(phi, y);
}

/// dh ← δ·w. Shapes: w units×inputs, δ m×units, dh m×inputs.
pub fn backward_input<T: Scalar>(w: &[T], delta: &[T], units: usize, dh: &mut [T]) {
    matmul(delta, w, dh, units, w.len() / units);
}

/// dw ← δᵀ·h, for the rows `units` of dw: the part of ∂L/∂w that comes from this layer. Shapes: h m×inputs, δ
/// m×units, dw units.len()×inputs.
pub fn backward_weights<T: Scalar>(h: BatchRows<T>, delta: BatchRows<T>, units: Range<usize>, dw: &mut [T]) {
    matmul_tn(delta, h, units, dw);
}

/// The sizes of a tied dense layer and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TiedDense {
    /// Values per sample of the input: the units of the layer that it mirrors.
    pub inputs: usize,
    /// Values per sample of the output: the inputs of the layer that it mirrors.
    pub units: usize,
    /// The activation function φ.
    pub activation: Activation,
}

impl<T: Scalar> Layer<T> for TiedDense {
    fn describe(&self) -> String {
        format!("Tied dense {} → {}, {}", self.inputs, self.units, self.activation.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let found = input.iter().product();
        if found != self.inputs {
            let layer = Layer::<T>::describe(self);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected: self.inputs });
        }
        Ok(vec![self.units])
    }

    fn params(&self) -> Vec<ParamSpec> {
        let role = ParamRole::Weight { fan_in: self.inputs, fan_out: self.units };
        vec![
            ParamSpec { name: "b", shape: vec![self.units], uses: 1, role: ParamRole::Bias },
            ParamSpec { name: "w", shape: vec![self.units, self.inputs], uses: 1, role },
        ]
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        let (b, w) = theta.split_at(self.units);
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
        activation::backward(self.activation, saved.y, dy);
        if let Some(dx) = dx {
            backward_input(&theta[self.units..], dy, self.units, dx);
        }
    }

    fn divisible(&self) -> Option<&dyn Divisible<T>> {
        Some(self)
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], _: &mut [T]) {
        match block.param {
            0 => dense::backward_bias(saved.delta, block.rows.clone(), dtheta),
            _ => backward_weights(saved.x, saved.delta, block.rows.clone(), dtheta),
        }
    }
}

impl<T: Scalar> Divisible<T> for TiedDense {
    fn forward_units(&self, theta: &[T], x: &[T], units: Range<usize>, mut y: ArrayViewMut2<T>) {
        let (b, w) = theta.split_at(self.units);
        matmul_nt_columns(x, &w[units.start * self.inputs..units.end * self.inputs], y.view_mut());
        vectorize!({
            for mut y in y.rows_mut() {
                y.iter_mut().zip(&b[units.clone()]).for_each(|(y, &b)| *y += b);
            }
        });
        activation::forward_columns(self.activation, y);
    }

    fn backward_activation(&self, y: ArrayView2<T>, dy: ArrayViewMut2<T>) {
        activation::backward_columns(self.activation, y, dy);
    }

    fn backward_inputs(&self, theta: &[T], delta: &[T], inputs: Range<usize>, dx: ArrayViewMut2<T>) {
        let w = dense::columns_of(&theta[self.units..], self.inputs, inputs);
        matmul_bias_columns(delta, w, &[], Finish::None, dx);
    }
}
