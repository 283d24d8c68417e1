//! # Gradient descent with momentum
//!
//! ```text
//! v ← μ·v + g           g = ∂L/∂θ, v starts at 0; μ = 0 is plain gradient descent: θ ← θ − α·g
//! θ ← θ − α·v           α learning rate
//! ```
//!
//! v is a running sum of gradients that forgets by the factor μ a step: directions that agree add up to 1/(1 − μ) times
//! a gradient, those that alternate cancel. This is the form of PyTorch; Keras puts α inside v, which is the same as
//! long as α stays the same.
//!
//! Slides: CE6146 "BPTT Steps (3/4)": W ← W − α·∂Loss/∂W. Source: Polyak 1964.

use handgrad_kernels::vectorize;

use crate::Scalar;

/// One step. Shapes: all alike.
pub fn update<T: Scalar>(theta: &mut [T], g: &[T], v: &mut [T], learning_rate: f64, momentum: f64) {
    let (alpha, mu) = (T::from_f64(learning_rate), T::from_f64(momentum));
    vectorize!({
        for ((theta, &g), v) in theta.iter_mut().zip(g).zip(v) {
            *v = mu * *v + g;
            *theta -= alpha * *v;
        }
    });
}
