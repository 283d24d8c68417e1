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
//! the gradient is lost. Here they never appear, and ln(1 + eᶻ) is computed as max(z, 0) + ln(1 + e^−|z|), so nothing
//! overflows either.
//!
//! σ(z) − t must not be computed as it is written. For t = 1 and a large z, σ(z) rounds to a number near 1, and the
//! difference keeps few digits: in f32 it is 17 % wrong at z = 15 and 0 from z = 17 on. With e = e^−|z|:
//!
//! ```text
//! z ≥ 0:   σ(z) = 1/(1 + e) = 1 − e/(1 + e)      ∂ℓ/∂z = (1 − t) − e/(1 + e)
//! z < 0:   σ(z) = e/(1 + e)                      ∂ℓ/∂z =     −t  + e/(1 + e)
//! ```
//!
//! So where the target is 0 or 1, the first term is exact, and the gradient keeps all its digits however small it is.
//!
//! Over the values of a sample 64 logarithms become one, since a product needs but a multiplication where a logarithm
//! needs twenty: Σ ln(1 + e^−|z|) = ln Π (1 + e^−|z|). Each factor lies in 1..=2, so 64 of them are far from
//! overflowing. The product is kept as q = Π − 1, since where all e^−|z| are small 1 + e^−|z| would lose their digits:
//! (1 + q)·(1 + e) = 1 + (q + e + q·e), and the sum is ln(1 + q).
//!
//! Slides: the loss of CE6146 "Basic Autoencoder", sigmoid output and `binary_crossentropy` taken together.

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::Scalar;

/// ℓ(z, t) = ln(1 + eᶻ) − t·z.
#[inline(always)]
pub fn loss<T: Scalar>(z: T, t: T) -> T {
    // ln(1 + eᶻ) − t·z = ln(1 + e^−|z|) + max(z, 0) − t·z, and max(z, 0) − t·z = |z|·(1 − t) for z > 0: written as
    // one product it keeps its digits where t is 1 and z is large.
    let softplus_of_minus = (-z.abs()).softplus();
    softplus_of_minus + if z > T::ZERO { z * (T::ONE - t) } else { -z * t }
}

/// ∂ℓ/∂z = σ(z) − t = (1 − t) − e/(1 + e) for z ≥ 0, −t + e/(1 + e) for z < 0, with e = e^−|z|.
/// ([`forward_backward`] does not let e fall below e⁻⁶⁰, which is about 10⁻²⁶.)
#[inline(always)]
pub fn derivative<T: Scalar>(z: T, t: T) -> T {
    let e = (-z.abs()).exp();
    if z >= T::ZERO { (T::ONE - t) - e / (T::ONE + e) } else { -t + e / (T::ONE + e) }
}

/// Σ ℓ over the values of one sample.
pub fn forward<T: Scalar>(z: &[T], t: &[T]) -> T {
    vectorize!(over_lanes(z, t, None, T::ZERO))
}

/// As [`forward`], and delta ← scale·∂ℓ/∂z.
pub fn forward_backward<T: Scalar>(z: &[T], t: &[T], scale: T, delta: &mut [T]) -> T {
    vectorize!(over_lanes(z, t, Some(&mut *delta), scale))
}

/// Factors of a product.
const FACTORS: usize = 64;
/// e^−60 is held for anything smaller: beside 1 it is nothing, and scaled it is still no denormal number, of which
/// some processors are slow.
pub const FARTHEST: f64 = -60.0;

#[inline(always)]
fn over_lanes<T: Scalar>(z: &[T], t: &[T], mut delta: Option<&mut [T]>, scale: T) -> T {
    let mut sums = [T::ZERO; PARTIAL_SUMS];
    for start in (0..z.len()).step_by(PARTIAL_SUMS * FACTORS) {
        let end = z.len().min(start + PARTIAL_SUMS * FACTORS);
        let (z, t) = (&z[start..end], &t[start..end]);
        // q of each lane.
        let mut products = [T::ZERO; PARTIAL_SUMS];
        match delta.as_deref_mut() {
            None => by_lanes!(|lane, z, t| value(z, t, &mut products[lane], &mut sums[lane]), z, t),
            Some(delta) => by_lanes!(
                |lane, z, t| scale * value(z, t, &mut products[lane], &mut sums[lane]),
                z, t => delta[start..end]
            ),
        }
        for lane in 0..PARTIAL_SUMS {
            sums[lane] += products[lane].ln_1p();
        }
    }
    in_order(&sums)
}

/// 1 + q ← (1 + q)·(1 + e^−|z|), sum ← sum + max(z, 0) − t·z. Returns σ(z) − t: [`loss`] and [`derivative`] in one.
#[inline(always)]
fn value<T: Scalar>(z: T, t: T, q: &mut T, sum: &mut T) -> T {
    let minus_abs = -z.abs();
    let farthest = T::from_f64(FARTHEST);
    // Written so that NaN stays NaN.
    let e = if minus_abs < farthest { farthest } else { minus_abs }.exp_normal();
    *q = q.mul_add(e, *q + e);
    // 1 − t or −t: of both the loss and the gradient.
    let far = (if z >= T::ZERO { T::ONE } else { T::ZERO }) - t;
    *sum += z * far;
    far + (if z >= T::ZERO { -e } else { e }) / (T::ONE + e)
}
