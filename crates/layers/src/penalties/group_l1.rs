//! # Group-L1 penalty: all weights of an input become 0 together
//!
//! ```text
//! w_i = row i of w, inputs×units: all weights that leave input i
//! Ω(w) = λ·Σ_i ‖w_i‖₂                                    to be added to the loss
//!
//! ‖w_i‖ = √(Σ_j w_ij²)     ∂‖w_i‖/∂w_ij = 2·w_ij / (2·‖w_i‖)
//! ∂Ω/∂w_ij = λ·w_ij / ‖w_i‖                              0 at w_i = 0, the subgradient at the kink
//! ```
//!
//! The gradient of a group has the length λ however short w_i is, so unimportant inputs are drawn to 0. But steps of a
//! finite length jump over 0 and back: a gradient alone gives no exact zeros. The proximal step does. It takes the step
//! of length s = η·λ (η: learning rate) exactly, as the solution of a small problem:
//!
//! ```text
//! w_i ← argmin_v  ½·‖v − w_i‖² + s·‖v‖
//!   v ≠ 0:  v − w_i + s·v/‖v‖ = 0,  so v has the direction of w_i and ‖v‖ = ‖w_i‖ − s      possible if ‖w_i‖ > s
//!   otherwise v = 0
//! w_i ← w_i·max(0, 1 − s/‖w_i‖)
//! ```
//!
//! An input whose weights are all 0 is not used: this penalty selects inputs. An [L1 penalty on the
//! code](crate::activity_l1) does not: it makes activities sparse, and every input still has its weights.
//!
//! Sources: Yuan & Lin, "Model selection and estimation in regression with grouped variables", Journal of the Royal
//! Statistical Society B 68 (2006); for networks: Scardapane et al., "Group sparse regularization for deep neural
//! networks", Neurocomputing 241 (2017); the proximal step: Parikh & Boyd, "Proximal algorithms" (2014), section 6.5.1.

use crate::Scalar;

/// The norm ‖w_i‖ of each row. Shape: w inputs×units.
pub fn norms<T: Scalar>(w: &[T], units: usize) -> impl Iterator<Item = T> {
    w.chunks_exact(units).map(|row| row.iter().fold(T::ZERO, |sum, &w| sum + w * w).sqrt())
}

/// Ω = weight·Σ_i ‖w_i‖. Shape: w inputs×units.
///
/// ```
/// // The rows have the norms 5 and 2.
/// assert_eq!(handgrad_layers::group_l1::penalty(&[3.0, 4.0, 0.0, -2.0], 2, 10.0), 70.0);
/// ```
pub fn penalty<T: Scalar>(w: &[T], units: usize, weight: T) -> T {
    weight * norms(w, units).fold(T::ZERO, |sum, norm| sum + norm)
}

/// dw ← dw + ∂Ω/∂w. Shapes: w and dw inputs×units.
pub fn backward<T: Scalar>(w: &[T], units: usize, weight: T, dw: &mut [T]) {
    for ((dw, w), norm) in dw.chunks_exact_mut(units).zip(w.chunks_exact(units)).zip(norms(w, units)) {
        if norm > T::ZERO {
            dw.iter_mut().zip(w).for_each(|(dw, &w)| *dw += weight * w / norm);
        }
    }
}

/// The proximal step of length `step` = η·λ: shortens each row by it, but not below 0. Shape: w inputs×units.
///
/// ```
/// let mut w = [3.0, 4.0, 0.0, -2.0];
/// handgrad_layers::group_l1::proximal(&mut w, 2, 2.5);
/// assert_eq!(w, [1.5, 2.0, 0.0, 0.0]);
/// ```
pub fn proximal<T: Scalar>(w: &mut [T], units: usize, step: T) {
    for row in w.chunks_exact_mut(units) {
        let norm = row.iter().fold(T::ZERO, |sum, &w| sum + w * w).sqrt();
        if norm > step {
            row.iter_mut().for_each(|w| *w *= T::ONE - step / norm);
        } else {
            row.fill(T::ZERO);
        }
    }
}
