//! # Softmax cross-entropy: samples that are distributions
//!
//! ```text
//! p_i      = e^z_i / S,  S = Σ_j e^z_j                  softmax: n logits become n parts of 1; it is part of the loss
//! ℓ(z, t)  = −Σ_i t_i·ln p_i = Σ_i t_i·(ln S − z_i)     t_i ≥ 0, Σ t = 1; one number a sample, in nats
//! ln S     = m + ln Σ_j e^(z_j − m),  m = max z         log-sum-exp: no power is above 1, and one of them is 1
//!
//! Every logit moves every part, through S: ∂ln S/∂z_k = e^z_k/S = p_k, so the Jacobian of softmax is
//!   ∂p_i/∂z_k = p_i·∂ln p_i/∂z_k = p_i·(1[i = k] − p_k)
//! and of it the loss leaves
//!   ∂ℓ/∂z_k = −Σ_i t_i·(1[i = k] − p_k) = p_k·Σ_i t_i − t_k
//!           = p_k − t_k                                 δ = softmax(z) − t, for Σ t = 1
//! ```
//!
//! A sample is one choice among its n values, one-hot, or a distribution over them; [`bce`](crate::bce) takes each
//! value for a choice of its own. Adding the same number to all logits changes nothing, since e^c cancels in p; that is
//! why the largest may be subtracted, and why a δ sums to 0. ℓ is least at p = t, where it is the entropy of t, −Σ t·ln
//! t.
//!
//! Where one part is close to 1, p_k − t_k would lose its digits: in f32 the p of a well-classified sample is 1 − 10⁻⁷
//! at best. For the largest logit, where e^(z_k − m) = 1, it is computed from r = S·e^−m − 1, the powers of the others:
//!
//! ```text
//! p_k = 1/(1 + r) = 1 − r/(1 + r)          δ_k = p_k·Σ t − t_k = (Σ t − t_k) − Σ t·r/(1 + r)
//! ```
//!
//! Taken apart, softmax would pass on δ_k = p_k·(dp_k − Σ_i dp_i·p_i) of a loss with dp = −t/p, which is infinite where
//! p rounds to 0. Taken together, no division by p is left.
//!
//! Slides: KERAS "Hyperparameters of Autoencoders": "the mean squared error (MSE) or cross-entropy". PyTorch's
//! `CrossEntropyLoss` with probabilities as targets is this with the values of a sample summed, [`Reduction::Sum`].
//! Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", Neurocomputing (1990).
//!
//! [`Reduction::Sum`]: crate::Reduction::Sum

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::Scalar;

/// z becomes p = softmax(z), in place: one row.
pub fn softmax<T: Scalar>(z: &mut [T]) {
    vectorize!({
        let m = largest(z);
        z.iter_mut().for_each(|z| *z = (*z - m).exp());
        let mut sums = [T::ZERO; PARTIAL_SUMS];
        by_lanes!(|lane, power| sums[lane] += power, z);
        let s = in_order(&sums);
        z.iter_mut().for_each(|p| *p /= s);
    });
}

/// ℓ of one sample.
pub fn forward<T: Scalar>(z: &[T], t: &[T]) -> T {
    vectorize!(Powers::of(z, t, None).loss())
}

/// As [`forward`], and delta ← scale·∂ℓ/∂z.
pub fn forward_backward<T: Scalar>(z: &[T], t: &[T], scale: T, delta: &mut [T]) -> T {
    vectorize!({
        let powers = Powers::of(z, t, Some(&mut *delta));
        // delta holds e = e^(z − m): p·Σ t is e/S, times Σ t, with S = 1 + rest.
        let (sum, rest) = (in_order(&powers.targets), powers.rest());
        let factor = sum / (T::ONE + rest);
        for (delta, &t) in delta.iter_mut().zip(t) {
            let of_largest = (sum - t) - factor * rest;
            *delta = scale * if *delta == T::ONE { of_largest } else { factor * *delta - t };
        }
        powers.loss()
    })
}

/// ℓ of a sample of which the parts p are known, not the logits: −Σ t·ln p. A part of 0 counts as 10⁻⁷, so that no loss
/// is infinite; of parts that equal t it is the entropy of t.
pub fn of_probabilities<T: Scalar>(p: &[T], t: &[T]) -> T {
    let term = |p: T, t: T| match t == T::ZERO {
        true => T::ZERO,
        false => -t * if p == T::ZERO { T::from_f64(crate::bce::CLIP) } else { p }.ln(),
    };
    p.iter().zip(t).fold(T::ZERO, |sum, (&p, &t)| sum + term(p, t))
}

/// e^−60 stands for anything smaller: beside 1 it is nothing, and scaled it is still no denormal number, of which some
/// processors are slow.
const FARTHEST: f64 = -60.0;

/// What a row of logits and its target come to, by lanes.
struct Powers<T> {
    /// m, the largest logit.
    largest: T,
    /// How often it is there.
    ones: [T; PARTIAL_SUMS],
    /// Σ e^(z − m) over the others: apart from the ones it keeps its digits where it is small.
    others: [T; PARTIAL_SUMS],
    /// Σ t.
    targets: [T; PARTIAL_SUMS],
    /// Σ t·(m − z): no term is below 0.
    below: [T; PARTIAL_SUMS],
}

impl<T: Scalar> Powers<T> {
    /// Also writes e^(z − m).
    #[inline(always)]
    fn of(z: &[T], t: &[T], e: Option<&mut [T]>) -> Self {
        let [ones, others, targets, below] = [[T::ZERO; PARTIAL_SUMS]; 4];
        let mut powers = Self { largest: largest(z), ones, others, targets, below };
        match e {
            None => by_lanes!(|lane, z, t| powers.add(lane, z, t), z, t),
            Some(e) => by_lanes!(|lane, z, t| powers.add(lane, z, t), z, t => e),
        }
        powers
    }

    /// Takes in one value; returns e^(z − m).
    #[inline(always)]
    fn add(&mut self, lane: usize, z: T, t: T) -> T {
        let distance = z - self.largest;
        let farthest = T::from_f64(FARTHEST);
        // Written so that NaN stays NaN.
        let power = if distance < farthest { farthest } else { distance }.exp_normal();
        let is_largest = distance == T::ZERO;
        self.ones[lane] += if is_largest { T::ONE } else { T::ZERO };
        self.others[lane] += if is_largest { T::ZERO } else { power };
        self.targets[lane] += t;
        self.below[lane] -= t * distance;
        power
    }

    /// Σ e^(z − m) − 1.
    #[inline(always)]
    fn rest(&self) -> T {
        in_order(&self.ones) - T::ONE + in_order(&self.others)
    }

    /// Σ t·(ln S − z) = Σ t·(m − z) + Σ t·ln(1 + rest).
    #[inline(always)]
    fn loss(&self) -> T {
        in_order(&self.below) + in_order(&self.targets) * self.rest().ln_1p()
    }
}

#[inline(always)]
fn largest<T: Scalar>(z: &[T]) -> T {
    let larger = |m: T, z: T| if z > m { z } else { m };
    let mut lanes = [T::from_f64(f64::NEG_INFINITY); PARTIAL_SUMS];
    by_lanes!(|lane, z| lanes[lane] = larger(lanes[lane], z), z);
    lanes.into_iter().fold(T::from_f64(f64::NEG_INFINITY), larger)
}
