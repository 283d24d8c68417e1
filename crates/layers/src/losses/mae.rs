//! # Absolute error
//!
//! ```text
//! ℓ(p, t)  = |p − t|
//! ∂ℓ/∂p    = sign(p − t): 1 above the target, −1 below it, and the subgradient 0 at the target
//! ```
//!
//! Averaged over a sample's values and over the batch it is the mean absolute error, MAE.
//!
//! Slides: none has this loss. It is the loss of the anomaly detector for electrocardiograms in the TensorFlow
//! tutorial that UTMIST "Tensorflow/Keras Implementation" links to.

use crate::Scalar;

/// ℓ(p, t) = |p − t|.
#[inline(always)]
pub fn loss<T: Scalar>(p: T, t: T) -> T {
    (p - t).abs()
}

/// ∂ℓ/∂p = sign(p − t), 0 at 0.
#[inline(always)]
pub fn derivative<T: Scalar>(p: T, t: T) -> T {
    if p > t {
        T::ONE
    } else if p < t {
        -T::ONE
    } else {
        // 0 at the target, NaN if either is NaN
        p - t
    }
}
