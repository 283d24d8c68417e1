//! # Binary cross-entropy of a logit
//!
//! ```text
//! p        = σ(z),  σ(z) = 1/(1 + e⁻ᶻ):  the sigmoid of the output layer is part of the loss
//!
//! ln p       = −ln(1 + e⁻ᶻ) = z − ln(1 + eᶻ)
//! ln(1 − p)  = −ln(1 + eᶻ)
//!
//! ℓ(z, t)  = −t·ln p − (1 − t)·ln(1 − p) = ln(1 + eᶻ) − t·z
//! ∂ℓ/∂z    = σ(z) − t                                        since d/dz ln(1 + eᶻ) = σ(z)
//! ```
//!
//! It is [`bce`](crate::bce) after a sigmoid, without the clip. There, δ would be (p − t)/(p·(1 − p)) · p·(1 − p): the
//! factors cancel on paper, but in f32 1 − p is 0 from z = 17 on, and below z = −17 p lies beyond the clip: either way
//! the gradient is lost. Here
//! they never appear, and ln(1 + eᶻ) is computed as max(z, 0) + ln(1 + e^−|z|), so nothing overflows either.
//!
//! Slides: the loss of CE6146 "Basic Autoencoder", sigmoid output and `binary_crossentropy` taken together.

use crate::Scalar;

/// ℓ(z, t) = ln(1 + eᶻ) − t·z.
#[inline(always)]
pub fn loss<T: Scalar>(z: T, t: T) -> T {
    // ln(1 + eᶻ) − t·z = ln(1 + e^−|z|) + max(z, 0) − t·z, and max(z, 0) − t·z = |z|·(1 − t) for z > 0: written as
    // one product it keeps its digits where t is 1 and z is large.
    let softplus_of_minus = (-z.abs()).softplus();
    softplus_of_minus + if z > T::ZERO { z * (T::ONE - t) } else { -z * t }
}

/// ∂ℓ/∂z = σ(z) − t.
#[inline(always)]
pub fn derivative<T: Scalar>(z: T, t: T) -> T {
    z.sigmoid() - t
}
