//! # Gradient clipping: no step from a gradient that is longer than c
//!
//! ```text
//! ‖g‖ = √( Σ_i g_i² )              over all parameters of the network together: the global norm
//! g  ← g·min(1, c/‖g‖)             c > 0 is the largest norm that passes unchanged
//! ```
//!
//! Of all g′ with ‖g′‖ ≤ c this is the one nearest to g: ‖g′ − g‖ ≥ ‖g‖ − ‖g′‖ ≥ ‖g‖ − c by the triangle inequality,
//! and c·g/‖g‖ comes up to that. So a batch on which the loss is steep, as at the edge of a cliff, still says which way
//! to go, but no longer how far. The factor is one for all parameters: the direction stays, which clipping each value
//! would change. Under Adam, whose step hardly depends on the gradient's scale, clipping keeps a single huge gradient
//! from filling the running means.
//!
//! Squares are added in f64: of f32 none is too large or too small for it. A sum has one order, value i to partial sum
//! i mod 16, and these in order.
//!
//! Slides: none. Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML
//! 2013, algorithm 1. PyTorch's `clip_grad_norm_` divides by ‖g‖ + 10⁻⁶ instead.

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::Scalar;

/// Σ g_i², of all of g or of a part whose sum is to be added to the others'.
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

/// min(1, c/‖g‖): what every value of a gradient of this norm is multiplied by.
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
