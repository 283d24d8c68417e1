//! # Binary cross-entropy of a probability
//!
//! ```text
//! p̃        = p clipped to 10⁻⁷ ..= 1 − 10⁻⁷, so that no logarithm is infinite
//! ℓ(p, t)  = −( t·ln p̃ + (1 − t)·ln(1 − p̃) )                 0 ≤ t ≤ 1, in nats
//! ∂ℓ/∂p    = −t/p̃ + (1 − t)/(1 − p̃) = (p̃ − t)/(p̃·(1 − p̃))    inside the clipping range
//!          = 0                                              outside, where p̃ does not depend on p
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
//! **Targets outside 0..1** have no ℓ, and no network is trained on them. But a trained network is used on samples that
//! may have them, for instance on values beyond the range of the training that a scale takes to 0..1. For these, ℓ and
//! H are those of the nearest value within 0..1, and the excess continues to grow with the distance d from it:
//!
//! ```text
//! c = t clipped to 0 ..= 1,  d = |t − c|
//! excess(p, t) = KL(c ‖ p) + 2·d²
//!
//! ∂²KL/∂t² = 1/t + 1/(1 − t) ≥ 4 for 0 < t < 1, and KL(p ‖ p) = 0 is the minimum, so KL(t ‖ p) ≥ 2·(t − p)²
//! ∂²(2·d²)/∂d² = 4:  the curvature that KL has at least, continued outside
//! excess ≥ 2·(c − p)² + 2·d² ≥ (|c − p| + d)² ≥ (t − p)²
//! ```
//!
//! So for every p the excess grows with d, has no step at 0 and 1, and is never below the squared error, however far
//! outside a value is. (KL(t ‖ p) ≥ 2·(t − p)² is Pinsker's inequality for two values.)
//!
//! After a sigmoid, use [`bce_logits`](crate::bce_logits): it computes the same quantity without clipping and without
//! cancellation.
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)": `loss='binary_crossentropy'`. DIVE "Define Autoencoder Model" applies it
//! to the output of a ReLU, for which it is not defined: ln(1 − p) needs p < 1. The clipping is that of Keras.

use crate::Scalar;

/// Predictions are clipped to CLIP ..= 1 − CLIP.
pub const CLIP: f64 = 1e-7;

#[inline(always)]
pub(crate) fn clip<T: Scalar>(p: T) -> T {
    let epsilon = T::from_f64(CLIP);
    // Written so that NaN stays NaN.
    let p = if p < epsilon { epsilon } else { p };
    if p > T::ONE - epsilon { T::ONE - epsilon } else { p }
}

/// c: a target clipped to 0 ..= 1.
#[inline(always)]
pub fn to_unit<T: Scalar>(t: T) -> T {
    // Written so that NaN stays NaN.
    let t = if t < T::ZERO { T::ZERO } else { t };
    if t > T::ONE { T::ONE } else { t }
}

/// ℓ(p, t) = −(t·ln p̃ + (1 − t)·ln(1 − p̃)) with p̃ = p clipped.
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

/// KL(c ‖ p) + 2·(t − c)², at least 0. Within 0..1, where c = t, it is ℓ(p, t) − H(t).
#[inline(always)]
pub fn excess<T: Scalar>(p: T, t: T) -> T {
    let c = to_unit(t);
    not_below_zero(loss(p, c) - entropy(c)) + outside(t)
}

/// 2·(t − c)²: 0 for a target within 0..1.
#[inline(always)]
pub fn outside<T: Scalar>(t: T) -> T {
    let d = t - to_unit(t);
    (d + d) * d
}

/// A divergence, which rounding may have made a number just below 0. NaN stays NaN.
#[inline(always)]
pub(crate) fn not_below_zero<T: Scalar>(divergence: T) -> T {
    if divergence < T::ZERO { T::ZERO } else { divergence }
}

/// ∂ℓ/∂p = (p̃ − t)/(p̃·(1 − p̃)) inside the clipping range, 0 outside.
#[inline(always)]
pub fn derivative<T: Scalar>(p: T, t: T) -> T {
    let epsilon = T::from_f64(CLIP);
    let outside = p < epsilon || p > T::ONE - epsilon;
    if outside { T::ZERO } else { (p - t) / (p * (T::ONE - p)) }
}
