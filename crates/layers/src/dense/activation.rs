//! # Activation functions
//!
//! ```text
//! name      y = φ(z)          φ′(z), from y alone      derivation
//! linear    z                 1
//! relu      max(z, 0)         1 if y > 0, else 0       the kink at z = 0 gets the subgradient 0; NaN stays NaN
//! sigmoid   1/(1 + e⁻ᶻ)       y·(1 − y)                φ′ = e⁻ᶻ/(1 + e⁻ᶻ)² = y·(1 − y)
//! tanh      (e²ᶻ−1)/(e²ᶻ+1)   1 − y²                   φ′ = (cosh² z − sinh² z)/cosh² z = 1 − tanh² z
//! ```
//!
//! Each derivative is a function of y alone, so a layer stores its output y and does not need z.
//!
//! Slides: CE6146 "Guideline for Autoencoders (3/4)": ReLU in hidden layers, sigmoid at the output for data in 0..1,
//! linear for unbounded data.

use handgrad_kernels::vectorize;
use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::Scalar;

/// The activation function φ of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// φ(z) = z.
    Linear,
    /// φ(z) = max(z, 0).
    Relu,
    /// φ(z) = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// φ(z) = tanh z.
    Tanh,
}

impl Activation {
    /// The name in configurations and summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Activation::Linear => "linear",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
        }
    }
}

/// y ← φ(z), in place: on entry y holds z.
pub fn forward<T: Scalar>(activation: Activation, y: &mut [T]) {
    match activation {
        Activation::Linear => {}
        Activation::Relu => each(y, |z| if z < T::ZERO { T::ZERO } else { z }),
        Activation::Sigmoid => each(y, T::sigmoid),
        Activation::Tanh => each(y, T::tanh),
    }
}

/// δ ← dy ⊙ φ′(z), in place: on entry dy holds ∂L/∂y, on return δ.
pub fn backward<T: Scalar>(activation: Activation, y: &[T], dy: &mut [T]) {
    match activation {
        Activation::Linear => {}
        Activation::Relu => each_pair(y, dy, |y, dy| if y > T::ZERO { dy } else { T::ZERO }),
        Activation::Sigmoid => each_pair(y, dy, |y, dy| dy * (y * (T::ONE - y))),
        Activation::Tanh => each_pair(y, dy, |y, dy| dy * (T::ONE - y * y)),
    }
}

/// [`forward`] for some columns of a batch.
pub(crate) fn forward_columns<T: Scalar>(activation: Activation, mut y: ArrayViewMut2<T>) {
    for row in y.rows_mut() {
        forward(activation, row.into_slice().expect(SIDE_BY_SIDE));
    }
}

/// [`backward`] for some columns of a batch.
pub(crate) fn backward_columns<T: Scalar>(activation: Activation, y: ArrayView2<T>, mut dy: ArrayViewMut2<T>) {
    for (y, dy) in y.rows().into_iter().zip(dy.rows_mut()) {
        backward(activation, y.to_slice().expect(SIDE_BY_SIDE), dy.into_slice().expect(SIDE_BY_SIDE));
    }
}

/// What the views of [`Divisible`](crate::Divisible) promise.
const SIDE_BY_SIDE: &str = "the values of a row are side by side";

fn each<T: Scalar>(y: &mut [T], phi: impl Fn(T) -> T) {
    vectorize!({
        for y in y.iter_mut() {
            *y = phi(*y);
        }
    });
}

fn each_pair<T: Scalar>(y: &[T], dy: &mut [T], delta: impl Fn(T, T) -> T) {
    vectorize!({
        for (dy, &y) in dy.iter_mut().zip(y) {
            *dy = delta(y, *dy);
        }
    });
}
