//! # Softmax cross-entropy: for samples that are distributions
//!
//! ```text
//! p_i      = e^z_i / S,  S = Σ_j e^z_j                  softmax: n logits become n probabilities; part of the loss
//! ℓ(z, t)  = −Σ_i t_i·ln p_i = Σ_i t_i·(ln S − z_i)     t_i ≥ 0, Σ t = 1; one number per sample, in nats
//! ln S     = m + ln Σ_j e^(z_j − m),  m = max z         log-sum-exp: no power is above 1, and at least one is 1
//!
//! Every p_i depends on every logit, through S: ∂ln S/∂z_j = e^z_j/S = p_j, so the Jacobian of softmax is
//!   ∂p_i/∂z_j = p_i·∂ln p_i/∂z_j = p_i·(1[i = j] − p_j)
//! and the gradient of the loss is
//!   ∂ℓ/∂z_j = −Σ_i t_i·(1[i = j] − p_j) = p_j·Σ_i t_i − t_j
//!           = p_j − t_j                                 δ = softmax(z) − t, for Σ t = 1
//! ```
//!
//! The target of a sample is a distribution over its n values; a one-hot target is a choice of one of them. In
//! contrast, [`bce`] treats each value as a separate choice between 0 and 1. Adding the same number c to
//! all logits changes nothing, since e^c cancels in p. So the largest logit may be subtracted from all, and the sum
//! of δ is 0.
//!
//! ℓ is smallest at p = t, where it is the entropy of t, H(t). What it has above that is the Kullback–Leibler
//! divergence, which is 0 only at p = t. It is what samples are compared by, since H differs from sample to sample:
//!
//! ```text
//! H(t)       = −Σ_i t_i·ln t_i
//! KL(t ‖ p)  = Σ_i t_i·ln(t_i/p_i) = ℓ(z, t) − H(t) ≥ 0
//! ```
//!
//! Where one probability is close to 1, p_j − t_j would lose its digits: in f32 the p of a well-classified sample is
//! 1 or one of the numbers next to it. For the largest logit, where e^(z_j − m) = 1, δ is therefore computed from r
//! = S·e^−m − 1, the sum of the powers of the other logits:
//!
//! ```text
//! p_j = 1/(1 + r) = 1 − r/(1 + r)          δ_j = p_j·Σ t − t_j = (Σ t − t_j) − Σ t·r/(1 + r)
//! ```
//!
//! As two steps, softmax would return δ_j = p_j·(dp_j − Σ_i dp_i·p_i) for the gradient of the loss, dp = −t/p, which
//! is infinite where p rounds to 0. As one function, there is no division by p.
//!
//! Slides: KERAS "Hyperparameters to Train an Autoencoder": "The mean squared error (MSE) or cross-entropy is used as
//! the loss function." PyTorch's `CrossEntropyLoss` with probabilities as targets is this loss with
//! [`Reduction::Sum`], the sum over the values of a sample. Source: Bridle, "Probabilistic interpretation of
//! feedforward classification network outputs", Neurocomputing (1990).
//!
//! [`Reduction::Sum`]: crate::Reduction::Sum

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};

use crate::{Scalar, bce};

/// z ← softmax(z), in place, for one row.
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

/// Like [`forward`], and also delta ← scale·∂ℓ/∂z.
pub fn forward_backward<T: Scalar>(z: &[T], t: &[T], scale: T, delta: &mut [T]) -> T {
    vectorize!({
        let powers = Powers::of(z, t, Some(&mut *delta));
        // delta holds e = e^(z − m). p·Σ t is e/S·Σ t, where S = 1 + rest.
        let (sum, rest) = (in_order(&powers.targets), powers.rest());
        let factor = sum / (T::ONE + rest);
        for (delta, &t) in delta.iter_mut().zip(t) {
            let of_largest = (sum - t) - factor * rest;
            *delta = scale * if *delta == T::ONE { of_largest } else { factor * *delta - t };
        }
        powers.loss()
    })
}

/// H(t) = −Σ t·ln t, where 0·ln 0 = 0: the least ℓ of a target.
pub fn entropy<T: Scalar>(t: &[T]) -> T {
    let term = |t: T| if t > T::ZERO { t * t.ln() } else { T::ZERO };
    -t.iter().fold(T::ZERO, |sum, &t| sum + term(t))
}

/// KL(t ‖ softmax(z)) = ℓ(z, t) − H(t) of one sample, at least 0.
pub fn excess<T: Scalar>(z: &[T], t: &[T]) -> T {
    bce::not_below_zero(forward(z, t) - entropy(t))
}

/// Smaller exponents are replaced by this one. e^−60 is negligible beside 1, and it is so large that its product with
/// a scale is not a denormal number; some processors are slow with denormal numbers.
const FARTHEST: f64 = -60.0;

/// Sums over a row of logits and its target, by lanes.
struct Powers<T> {
    /// m, the largest logit.
    largest: T,
    /// How many logits are equal to m.
    ones: [T; PARTIAL_SUMS],
    /// Σ e^(z − m) over the other logits. It is kept apart from `ones`, so that a small sum keeps its digits.
    others: [T; PARTIAL_SUMS],
    /// Σ t.
    targets: [T; PARTIAL_SUMS],
    /// Σ t·(m − z); every term is at least 0.
    below: [T; PARTIAL_SUMS],
}

impl<T: Scalar> Powers<T> {
    /// Computes the sums of a row, and writes e^(z − m) to `e` if it is given.
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

    /// Adds one logit and its target to the sums of a lane. Returns e^(z − m).
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
