//! # Gradient clipping: a gradient that is longer than c is shortened to c
//!
//! ```text
//! ‖g‖ = √( Σ_i g_i² )              over all parameters of the network together: the global norm
//! g  ← g·min(1, c/‖g‖)             c > 0 is the largest norm that passes unchanged
//! ```
//!
//! Of all g′ with ‖g′‖ ≤ c this is the one nearest to g: ‖g′ − g‖ ≥ ‖g‖ − ‖g′‖ ≥ ‖g‖ − c by the triangle inequality,
//! and for c·g/‖g‖ this is an equality. So a batch with a very steep loss still determines the direction of the step,
//! but no longer its length. The factor is the same for all parameters, so the direction is kept; clipping each value
//! separately would change it. With Adam, whose step hardly depends on the scale of the gradient, clipping prevents a
//! single huge gradient from dominating the running means.
//!
//! Squares are added in f64, because the square of an f32 neither overflows nor underflows there. The order of a sum
//! is fixed: value i is added to partial sum i mod 16, and then the partial sums are added in order.
//!
//! Slides: none. Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML
//! 2013, algorithm 1. PyTorch's `clip_grad_norm_` divides by ‖g‖ + 10⁻⁶ instead.

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::Scalar;

/// Σ g_i². g may be a part of the gradient; then the sums of all parts are to be added.
pub fn sum_of_squares<T: Scalar>(g: &[T]) -> f64 {
    vectorize!({
        let mut sums = [0.0_f64; PARTIAL_SUMS];
        by_lanes!(
            |lane, g| {
                let g = g.to_f64();
                sums[lane] += g * g;
            },
            g
        );
        in_order(&sums)
    })
}

/// min(1, c/‖g‖): the factor for every value of a gradient that has this norm.
#[must_use]
pub fn factor(norm: f64, max_norm: f64) -> f64 {
    (max_norm / norm).min(1.0)
}

/// g ← factor·g.
pub fn scale<T: Scalar>(g: &mut [T], factor: f64) {
    let factor = T::from_f64(factor);
    vectorize!({
        for g in g {
            *g *= factor;
        }
    });
}
