//! # Binary cross-entropy of a probability
//!
//! ```text
//! q        = p clipped to ε ..= 1 − ε,  ε = 10⁻⁷, so that no logarithm is infinite
//! ℓ(p, t)  = −( t·ln q + (1 − t)·ln(1 − q) )                 0 ≤ t ≤ 1, in nats
//! ∂ℓ/∂p    = −t/q + (1 − t)/(1 − q) = (q − t)/(q·(1 − q))    inside the clipping range
//!          = 0                                              outside, where q does not depend on p
//! ```
//!
//! The target may be any grey value, not just 0 or 1. ℓ is then smallest at p = t. This minimum is not 0 but the
//! entropy of t: ℓ(t, t) = −(t·ln t + (1 − t)·ln(1 − t)). Training prints it beside the loss for comparison.
//!
//! After a sigmoid, use [`bce_logits`](crate::bce_logits): it computes the same quantity without clipping and without
//! cancellation.
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)": `loss='binary_crossentropy'`. DIVE "Define Autoencoder Model" applies it
//! to the output of a ReLU, for which it is not defined: ln(1 − p) needs p < 1. The clipping and its ε are those of
//! Keras.

use crate::Scalar;

/// ε: predictions are clipped to ε ..= 1 − ε.
pub const CLIP: f64 = 1e-7;

#[inline(always)]
fn clip<T: Scalar>(p: T) -> T {
    let epsilon = T::from_f64(CLIP);
    // Written so that NaN stays NaN.
    let p = if p < epsilon { epsilon } else { p };
    if p > T::ONE - epsilon { T::ONE - epsilon } else { p }
}

/// ℓ(p, t) = −(t·ln q + (1 − t)·ln(1 − q)) with q = p clipped.
#[inline(always)]
pub fn loss<T: Scalar>(p: T, t: T) -> T {
    let q = clip(p);
    -(t * q.ln() + (T::ONE - t) * (T::ONE - q).ln())
}

/// ∂ℓ/∂p = (q − t)/(q·(1 − q)) inside the clipping range, 0 outside.
#[inline(always)]
pub fn derivative<T: Scalar>(p: T, t: T) -> T {
    let epsilon = T::from_f64(CLIP);
    let outside = p < epsilon || p > T::ONE - epsilon;
    if outside { T::ZERO } else { (p - t) / (p * (T::ONE - p)) }
}
