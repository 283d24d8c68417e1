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
//! It is [`bce`] after a sigmoid, without the clipping. As two steps, δ would be (p − t)/(p·(1 − p)) ·
//! p·(1 − p). The factors p·(1 − p) cancel on paper. In f32, however, 1 − p is 0 from z = 17 on, and below z = −17 p
//! is outside the clipping range. In both cases the gradient is lost. Here these factors do not occur. ln(1 + eᶻ) is
//! computed as max(z, 0) + ln(1 + e^−|z|), so nothing overflows.
//!
//! The gradient must not be computed as σ(z) − t. For t = 1 and a large z, σ(z) rounds to a number near 1, and the
//! difference keeps few digits: in f32 it is 17 % wrong at z = 15, and 0 from z = 17 on. With e = e^−|z|:
//!
//! ```text
//! z ≥ 0:   σ(z) = 1/(1 + e) = 1 − e/(1 + e)      ∂ℓ/∂z = (1 − t) − e/(1 + e)
//! z < 0:   σ(z) = e/(1 + e)                      ∂ℓ/∂z =     −t  + e/(1 + e)
//! ```
//!
//! So where the target is 0 or 1, the first term is exact, and the gradient keeps all its digits however small it is.
//!
//! In the sum over the values of a sample, one logarithm replaces 64: Σ ln(1 + e^−|z|) = ln Π (1 + e^−|z|). A factor
//! costs one multiplication, a logarithm about twenty. Each factor is in 1..=2, so a product of 64 factors does not
//! overflow. The product is stored as q = Π − 1, because 1 + e^−|z| would lose digits where all e^−|z| are small. One
//! factor more gives (1 + q)·(1 + e) = 1 + (q + e + q·e), and the sum is ln(1 + q).
//!
//! For the comparison of samples there is also the excess of ℓ over the entropy of the target, which is the
//! Kullback–Leibler divergence KL(t ‖ p) of [`bce`]. From a logit it has no upper limit: −ln p =
//! ln(1 + e⁻ᶻ) keeps its digits where p itself would round to 0 or 1.
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)": its sigmoid output and its `binary_crossentropy` as one function.

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::{Scalar, bce};

/// ℓ(z, t) = ln(1 + eᶻ) − t·z.
#[inline(always)]
pub fn loss<T: Scalar>(z: T, t: T) -> T {
    // ln(1 + eᶻ) − t·z = ln(1 + e^−|z|) + max(z, 0) − t·z, and max(z, 0) − t·z = |z|·(1 − t) for z > 0. As a product
    // it stays accurate where t is 1 and z is large.
    let softplus_of_minus = (-z.abs()).softplus();
    softplus_of_minus + if z > T::ZERO { z * (T::ONE - t) } else { -z * t }
}

/// ∂ℓ/∂z = σ(z) − t = (1 − t) − e/(1 + e) for z ≥ 0, −t + e/(1 + e) for z < 0, with e = e^−|z|. ([`forward_backward`]
/// replaces e by e⁻⁶⁰, about 10⁻²⁶, where it would be smaller.)
#[inline(always)]
pub fn derivative<T: Scalar>(z: T, t: T) -> T {
    let e = (-z.abs()).exp();
    if z >= T::ZERO { (T::ONE - t) - e / (T::ONE + e) } else { -t + e / (T::ONE + e) }
}

/// KL(c ‖ σ(z)) + 2·(t − c)², with c = t clipped to 0..1, at least 0: see [`bce`]. Within 0..1 it is
/// ℓ(z, t) − H(t).
#[inline(always)]
pub fn excess<T: Scalar>(z: T, t: T) -> T {
    let c = bce::to_unit(t);
    bce::not_below_zero(loss(z, c) - bce::entropy(c)) + bce::outside(t)
}

/// Σ ℓ over the values of one sample. Targets are clipped to 0..1.
pub fn forward<T: Scalar>(z: &[T], t: &[T]) -> T {
    vectorize!(over_lanes(z, t, None, T::ZERO))
}

/// Like [`forward`], and also delta ← scale·∂ℓ/∂z. Targets must be within 0..1.
pub fn forward_backward<T: Scalar>(z: &[T], t: &[T], scale: T, delta: &mut [T]) -> T {
    vectorize!(over_lanes(z, t, Some(&mut *delta), scale))
}

/// Number of factors of a product.
const FACTORS: usize = 64;
/// Smaller exponents are replaced by this one. e^−60 is negligible beside 1, and it is so large that its product with
/// a scale is not a denormal number; some processors are slow with denormal numbers.
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
            None => by_lanes!(|lane, z, t| value(z, bce::to_unit(t), &mut products[lane], &mut sums[lane]), z, t),
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

/// 1 + q ← (1 + q)·(1 + e^−|z|), sum ← sum + max(z, 0) − t·z. Returns σ(z) − t. It combines [`loss`] and
/// [`derivative`].
#[inline(always)]
fn value<T: Scalar>(z: T, t: T, q: &mut T, sum: &mut T) -> T {
    let minus_abs = -z.abs();
    let farthest = T::from_f64(FARTHEST);
    // Written so that NaN stays NaN.
    let e = if minus_abs < farthest { farthest } else { minus_abs }.exp_normal();
    *q = q.mul_add(e, *q + e);
    // 1 − t or −t, which both the loss and the gradient need.
    let far = (if z >= T::ZERO { T::ONE } else { T::ZERO }) - t;
    *sum += z * far;
    far + (if z >= T::ZERO { -e } else { e }) / (T::ONE + e)
}
