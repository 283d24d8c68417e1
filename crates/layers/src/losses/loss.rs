//! # Losses: how far a reconstruction is from its target
//!
//! ```text
//! L = 1/m · Σ_r  reduce_i ℓ(p_ri, t_ri)          p prediction, t target, m samples of n values
//!
//! reduce = mean over a sample's values:  ∂L/∂p_ri = 1/(m·n) · ∂ℓ/∂p (p_ri, t_ri)
//! reduce = sum over a sample's values:   ∂L/∂p_ri = 1/m     · ∂ℓ/∂p (p_ri, t_ri)
//! ```
//!
//! Each loss has its own file with ℓ and ∂ℓ/∂p. The loops over a row are here for [`mse`], [`mae`] and [`bce`]; the
//! two losses of logits have their own loops. The loss is always averaged over the batch. The field
//! [`Loss::reduction`] says whether the values of a sample are averaged or summed. This matters: the sum makes the
//! gradient n times as large, so that a penalty beside the loss has n times less influence.
//!
//! Slides: KERAS "Reconstruction Loss" (its text defines N, but its formula sums to n), CE6146 "How Does an
//! Autoencoder Work (2/3)", point 4: "Loss Calculation".

use std::fmt;

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};
use serde::{Deserialize, Serialize};

use crate::{Activation, Scalar, activation, bce, bce_logits, mae, mse, softmax_cross_entropy};

/// Which loss ℓ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// Squared error, [`mse`].
    Mse,
    /// Absolute error, [`mae`].
    Mae,
    /// Binary cross-entropy of a probability, clipped away from 0 and 1, [`bce`].
    Bce,
    /// Binary cross-entropy of a logit: the sigmoid is part of the loss, [`bce_logits`].
    BceLogits,
    /// Cross-entropy of a row of logits: the softmax is part of the loss, [`softmax_cross_entropy`].
    CrossEntropy,
}

/// The function that turns the last layer's output into the prediction. For a loss of logits, it is part of the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The output is the prediction.
    Linear,
    /// p = σ(z), for each value separately.
    Sigmoid,
    /// p = softmax(z), over all values of a sample.
    Softmax,
}

impl Output {
    /// The name in summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Output::Linear => "linear",
            Output::Sigmoid => "sigmoid",
            Output::Softmax => "softmax",
        }
    }

    /// Replaces the output of one sample by its prediction, in place.
    pub fn forward<T: Scalar>(self, row: &mut [T]) {
        match self {
            Output::Linear => {}
            Output::Sigmoid => activation::forward(Activation::Sigmoid, row),
            Output::Softmax => softmax_cross_entropy::softmax(row),
        }
    }

    /// Replaces the prediction of one sample by an output that gives it, in place: ln(p/(1 − p)) for the sigmoid, ln p
    /// for the softmax. p is first clipped as in [`bce`], so that no output is infinite.
    pub fn inverse<T: Scalar>(self, row: &mut [T]) {
        match self {
            Output::Linear => {}
            Output::Sigmoid => row.iter_mut().for_each(|p| *p = (bce::clip(*p) / (T::ONE - bce::clip(*p))).ln()),
            Output::Softmax => row.iter_mut().for_each(|p| *p = bce::clip(*p).ln()),
        }
    }
}

impl LossKind {
    /// The name in words, with the unit if there is one.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            LossKind::Mse => "squared error",
            LossKind::Mae => "absolute error",
            LossKind::Bce | LossKind::BceLogits => "binary cross-entropy (nats)",
            LossKind::CrossEntropy => "cross-entropy (nats)",
        }
    }

    /// The name of [`Loss::excess`] in words.
    #[must_use]
    pub fn excess_in_words(self) -> &'static str {
        match self {
            LossKind::Mse | LossKind::Mae => self.in_words(),
            LossKind::Bce | LossKind::BceLogits => {
                "binary cross-entropy minus the entropy of the sample (KL divergence, nats)"
            }
            LossKind::CrossEntropy => "cross-entropy minus the entropy of the sample (KL divergence, nats)",
        }
    }

    /// How the prediction is computed from the last layer's output.
    #[must_use]
    pub fn output(self) -> Output {
        match self {
            LossKind::Mse | LossKind::Mae | LossKind::Bce => Output::Linear,
            LossKind::BceLogits => Output::Sigmoid,
            LossKind::CrossEntropy => Output::Softmax,
        }
    }

    /// The usual reduction: the sum for cross-entropy, which by definition is one number per sample, and the mean
    /// otherwise.
    #[must_use]
    pub fn usual_reduction(self) -> Reduction {
        if self == LossKind::CrossEntropy { Reduction::Sum } else { Reduction::Mean }
    }
}

/// How the losses of the values of one sample are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// Their mean: the loss is per value (per pixel).
    Mean,
    /// Their sum: the loss is per sample (per image).
    Sum,
}

/// A loss with its reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Which loss ℓ.
    pub kind: LossKind,
    /// How the losses of the values of a sample are combined.
    pub reduction: Reduction,
}

/// Writes the loss in words, with its reference quantity: `squared error per value`.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.reduction {
            Reduction::Mean => "per value",
            Reduction::Sum => "per sample",
        };
        write!(f, "{} {per}", self.kind.in_words())
    }
}

impl Loss {
    /// Loss of one sample, given the output of the last layer: logits for the losses of logits. Binary cross-entropy is
    /// that of the target clipped to 0..1, because it is not defined for other targets.
    #[must_use]
    pub fn forward<T: Scalar>(&self, prediction: &[T], target: &[T]) -> T {
        let sum = match self.kind {
            LossKind::Mse => sum_of(prediction, target, mse::loss),
            LossKind::Mae => sum_of(prediction, target, mae::loss),
            LossKind::Bce => sum_of(prediction, target, |p, t| bce::loss(p, bce::to_unit(t))),
            LossKind::BceLogits => bce_logits::forward(prediction, target),
            LossKind::CrossEntropy => softmax_cross_entropy::forward(prediction, target),
        };
        sum * T::from_f64(self.factor(prediction.len()))
    }

    /// The least possible loss of a sample with this target, which a perfect reconstruction has: 0 for squared and
    /// absolute error, and the entropy of the target for the others.
    #[must_use]
    pub fn least<T: Scalar>(&self, target: &[T]) -> T {
        let sum = match self.kind {
            LossKind::Mse | LossKind::Mae => T::ZERO,
            LossKind::Bce | LossKind::BceLogits => sum_of(target, target, |_, t| bce::entropy(bce::to_unit(t))),
            LossKind::CrossEntropy => softmax_cross_entropy::entropy(target),
        };
        sum * T::from_f64(self.factor(target.len()))
    }

    /// How far the loss of one sample is above [`least`](Self::least): the loss itself for squared and absolute error,
    /// and for the others the Kullback–Leibler divergence between the target and the prediction. It is 0 for a perfect
    /// reconstruction of any sample, so samples can be compared by it. `output` is the output of the last layer, as in
    /// [`forward`](Self::forward). For binary cross-entropy, a target outside 0..1 adds twice the squared distance, as
    /// derived in [`bce`].
    ///
    /// ```
    /// use handgrad_layers::{Loss, LossKind, Reduction};
    ///
    /// let loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Mean };
    /// // A grey value and a black one, both reconstructed perfectly: p = σ(0) = ½, and p = σ(−40) ≈ 0.
    /// let (grey, black) = (([0.0], [0.5]), ([-40.0], [0.0]));
    /// assert_eq!(loss.forward(&grey.0, &grey.1), 2.0_f64.ln());
    /// assert!(loss.excess(&grey.0, &grey.1) < 1e-15 && loss.excess(&black.0, &black.1) < 1e-15);
    /// ```
    #[must_use]
    pub fn excess<T: Scalar>(&self, output: &[T], target: &[T]) -> T {
        let sum = match self.kind {
            LossKind::Mse => sum_of(output, target, mse::loss),
            LossKind::Mae => sum_of(output, target, mae::loss),
            LossKind::Bce => sum_of(output, target, bce::excess),
            LossKind::BceLogits => sum_of(output, target, bce_logits::excess),
            LossKind::CrossEntropy => softmax_cross_entropy::excess(output, target),
        };
        sum * T::from_f64(self.factor(output.len()))
    }

    /// Loss of one sample, and its gradient: delta ← ∂L/∂prediction, where L is the mean over `batch` samples. For
    /// binary cross-entropy, targets must be within 0..1.
    pub fn forward_backward<T: Scalar>(&self, prediction: &[T], target: &[T], batch: usize, delta: &mut [T]) -> T {
        let factor = self.factor(prediction.len());
        let scale = T::from_f64(factor / batch as f64);
        let sum = match self.kind {
            LossKind::Mse => both(prediction, target, scale, delta, mse::loss, mse::derivative),
            LossKind::Mae => both(prediction, target, scale, delta, mae::loss, mae::derivative),
            LossKind::Bce => both(prediction, target, scale, delta, bce::loss, bce::derivative),
            LossKind::BceLogits => bce_logits::forward_backward(prediction, target, scale, delta),
            LossKind::CrossEntropy => softmax_cross_entropy::forward_backward(prediction, target, scale, delta),
        };
        sum * T::from_f64(factor)
    }

    /// Converts a loss with this reduction to two numbers: per value, and per sample of n values.
    #[must_use]
    pub fn per_value_and_sample(&self, loss: f64, n: usize) -> [f64; 2] {
        match self.reduction {
            Reduction::Mean => [loss, loss * n as f64],
            Reduction::Sum => [loss / n as f64, loss],
        }
    }

    /// The factor by which the reduction multiplies the sum over the n values of a sample.
    fn factor(&self, n: usize) -> f64 {
        match self.reduction {
            Reduction::Mean => 1.0 / n as f64,
            Reduction::Sum => 1.0,
        }
    }
}

/// Σ ℓ over a row, in the order that [`sums`](handgrad_kernels::sums) describes.
fn sum_of<T: Scalar>(prediction: &[T], target: &[T], loss: impl Fn(T, T) -> T) -> T {
    vectorize!({
        let mut sums = [T::ZERO; PARTIAL_SUMS];
        by_lanes!(|lane, p, t| sums[lane] += loss(p, t), prediction, target);
        in_order(&sums)
    })
}

/// Like [`sum_of`], and also delta ← scale·∂ℓ/∂p.
fn both<T: Scalar>(
    prediction: &[T],
    target: &[T],
    scale: T,
    delta: &mut [T],
    loss: impl Fn(T, T) -> T,
    derivative: impl Fn(T, T) -> T,
) -> T {
    vectorize!({
        let mut sums = [T::ZERO; PARTIAL_SUMS];
        by_lanes!(
            |lane, p, t| {
                sums[lane] += loss(p, t);
                scale * derivative(p, t)
            },
            prediction, target => delta
        );
        in_order(&sums)
    })
}
