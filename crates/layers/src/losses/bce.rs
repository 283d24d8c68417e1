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
//! entropy of t, H(t). Training prints it beside the loss for comparison. What ℓ has above it is the Kullback–Leibler
//! divergence of the two-valued distributions (t, 1 − t) and (p, 1 − p), which is 0 only at p = t:
//!
//! ```text
//! H(t)        = −( t·ln t + (1 − t)·ln(1 − t) ) = ℓ(t, t)
//! KL(t ‖ p)   = t·ln(t/p) + (1 − t)·ln((1 − t)/(1 − p)) = ℓ(p, t) − H(t) ≥ 0
//! ```
//!
//! A comparison of samples needs KL, because H differs from sample to sample whatever the model is: an image of many
//! grey values has a large ℓ even if its reconstruction is perfect, and a black and white one has H = 0.
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
pub(crate) fn clip<T: Scalar>(p: T) -> T {
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

/// H(t) = −(t·ln t + (1 − t)·ln(1 − t)), where 0·ln 0 = 0: the least ℓ of a target within 0..1.
#[inline(always)]
pub fn entropy<T: Scalar>(t: T) -> T {
    let term = |t: T| if t > T::ZERO { t * t.ln() } else { T::ZERO };
    -(term(t) + term(T::ONE - t))
}

/// KL(t ‖ p) = ℓ(p, t) − H(t), at least 0.
#[inline(always)]
pub fn excess<T: Scalar>(p: T, t: T) -> T {
    not_below_zero(loss(p, t) - entropy(t))
}

/// An excess, which rounding may have made a number just below 0. NaN stays NaN.
#[inline(always)]
pub(crate) fn not_below_zero<T: Scalar>(excess: T) -> T {
    if excess < T::ZERO { T::ZERO } else { excess }
}

/// ∂ℓ/∂p = (q − t)/(q·(1 − q)) inside the clipping range, 0 outside.
#[inline(always)]
pub fn derivative<T: Scalar>(p: T, t: T) -> T {
    let epsilon = T::from_f64(CLIP);
    let outside = p < epsilon || p > T::ONE - epsilon;
    if outside { T::ZERO } else { (p - t) / (p * (T::ONE - p)) }
}
