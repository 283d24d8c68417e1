//! # Weight decay: what no gradient holds up fades
//!
//! ```text
//! w ← w − α·λ·w                    beside the optimiser's own step; α the learning rate of this step, λ the decay
//! ```
//!
//! Without a gradient w is multiplied by (1 − α·λ) a step and so falls as e^(−α·λ·t). A penalty ½·λ·‖w‖² in the loss
//! has the gradient λ·w, and under plain gradient descent comes to the same. Under Adam it does not: there each
//! gradient is divided by its own size, and the penalty's part with it, so weights with large gradients would hardly
//! shrink at all. Decoupled, as here, every weight shrinks at the same rate; Adam with it is AdamW.
//!
//! It belongs to what multiplies, [`ParamRole::Weight`](crate::ParamRole::Weight): a large w makes the output depend on
//! small differences of the input. A bias does not, so biases do not decay. (PyTorch's AdamW decays all that it is
//! given: give it two groups for the same.)
//!
//! Weights below 2⁻¹⁰⁰ become 0: they would end as denormal numbers, over which some processors take a hundred times as
//! long.
//!
//! Slides: none. Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, line 12.
//! There λ is multiplied by the schedule alone; here by the whole rate, as in PyTorch, so that λ = 0.01 is usual.

use handgrad_kernels::vectorize;

use crate::Scalar;

/// 2⁻¹⁰⁰: a weight below this is 0.
const NEGLIGIBLE: f64 = 1.0 / (1_u128 << 100) as f64;

/// w ← w − α·λ·w, rounded once.
pub fn decay<T: Scalar>(w: &mut [T], learning_rate: f64, weight_decay: f64) {
    let (rate, negligible) = (T::from_f64(-learning_rate * weight_decay), T::from_f64(NEGLIGIBLE));
    vectorize!({
        for w in w {
            let smaller = rate.mul_add(*w, *w);
            *w = if smaller.abs() < negligible { T::ZERO } else { smaller };
        }
    });
}
