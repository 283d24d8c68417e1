//! # Weight decay: every weight shrinks a little in each step
//!
//! ```text
//! w ← w − α·λ·w                    in addition to the optimiser's step; α: learning rate of this step, λ: decay
//! ```
//!
//! Without a gradient, w is multiplied by (1 − α·λ) in each step and so decreases as e^(−α·λ·t). A penalty ½·λ·‖w‖²
//! in the loss has the gradient λ·w and, with plain gradient descent, the same effect. With Adam it does not: Adam
//! divides each gradient by its typical size, including the part from the penalty, so weights with large gradients
//! would hardly shrink. Decoupled weight decay, as here, makes all weights shrink at the same rate; Adam with it is
//! called AdamW.
//!
//! It applies to the parameters that are multiplied by an input, [`ParamRole::Weight`](crate::ParamRole::Weight): a
//! large w makes the output depend on small differences of the input. A bias does not, so biases do not decay.
//! (PyTorch's AdamW applies the decay to all parameters that it gets; two parameter groups give the same as here.)
//!
//! Weights below 2⁻¹⁰⁰ are set to 0. Otherwise they would become denormal numbers, and some processors are a hundred
//! times slower with those.
//!
//! Slides: none. Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019, line 12 of
//! algorithm 2. The paper multiplies λ by the schedule alone. Here it is multiplied by the whole learning rate, as in
//! PyTorch, so that λ = 0.01 is a usual value.

use handgrad_kernels::vectorize;

use crate::Scalar;

/// 2⁻¹⁰⁰: a weight below this is set to 0.
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
