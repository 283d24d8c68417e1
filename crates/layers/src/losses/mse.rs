//! # Squared error
//!
//! ```text
//! ℓ(p, t)  = (p − t)²
//! ∂ℓ/∂p    = 2·(p − t)
//! ```
//!
//! Averaged over a sample's values and over the batch it is the mean squared error, MSE, as Keras and PyTorch define
//! it: 1/n·Σ(p − t)². There is no factor ½, which some texts add to cancel the 2 of the derivative.
//!
//! Slides: KERAS "Reconstruction Loss": MSE = 1/n·Σ(y_i − ỹ_i)². Its text defines N, but its formula sums to n.

use crate::Scalar;

/// ℓ(p, t) = (p − t)².
#[inline(always)]
pub fn loss<T: Scalar>(p: T, t: T) -> T {
    let error = p - t;
    error * error
}

/// ∂ℓ/∂p = 2·(p − t).
#[inline(always)]
pub fn derivative<T: Scalar>(p: T, t: T) -> T {
    let error = p - t;
    error + error
}
