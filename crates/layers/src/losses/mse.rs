//! # Squared error
//!
//! ```text
//! ℓ(p, t)  = (p − t)²
//! ∂ℓ/∂p    = 2·(p − t)
//! ```
//!
//! Averaged over a sample's values and over the batch it is the mean squared error, MSE, as Keras and PyTorch define
//! it: 1/n·Σ(p − t)², without the factor ½ that some texts add to lose the 2.
//!
//! Slides: KERAS "Reconstruction Loss": MSE = 1/n·Σ(y_i − ỹ_i)². The text beneath it says N where the sum says n.

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
