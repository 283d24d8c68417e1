//! # Gradient descent with momentum
//!
//! ```text
//! v ← μ·v + g           g = ∂L/∂θ, v starts at 0; μ = 0 is plain gradient descent: θ ← θ − α·g
//! θ ← θ − α·v           α learning rate
//! ```
//!
//! v is a running sum of gradients that is multiplied by μ in each step. Components with a constant sign add up to
//! 1/(1 − μ) times a gradient; components that alternate cancel. This is the form of PyTorch. Keras puts α inside v,
//! which is equivalent as long as α is constant.
//!
//! Slides: CE6146 "BPTT Steps (3/4)": W ← W − α·∂Loss/∂W. Source: Polyak 1964.

use handgrad_kernels::vectorize;

use crate::Scalar;

/// Performs one step. All slices have the same length.
pub fn update<T: Scalar>(theta: &mut [T], g: &[T], v: &mut [T], learning_rate: f64, momentum: f64) {
    let (alpha, mu) = (T::from_f64(learning_rate), T::from_f64(momentum));
    vectorize!({
        for ((theta, &g), v) in theta.iter_mut().zip(g).zip(v) {
            *v = mu * *v + g;
            *theta -= alpha * *v;
        }
    });
}
