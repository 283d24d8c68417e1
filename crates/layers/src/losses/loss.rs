//! # Losses: how far a reconstruction is from its target
//!
//! ```text
//! L = 1/m · Σ_r  reduce_i ℓ(p_ri, t_ri)          p prediction, t target, m samples of n values
//!
//! reduce = mean over a sample's values:  ∂L/∂p_ri = 1/(m·n) · ∂ℓ/∂p (p_ri, t_ri)
//! reduce = sum over a sample's values:   ∂L/∂p_ri = 1/m     · ∂ℓ/∂p (p_ri, t_ri)
//! ```
//!
//! ℓ and ∂ℓ/∂p stand in a file of their own for each loss; the loop over a row, here, is the same for all. The
//! batch is always averaged; whether a sample's values are averaged or summed is the field [`Loss::reduction`], and it
//! matters: it scales the gradient by n, and with it the weight of any penalty beside the loss.
//!
//! Slides: KERAS "Reconstruction Loss" (its text defines N and sums to n), CE6146 "Loss Calculation".

use std::fmt;

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{by_lanes, vectorize};
use serde::{Deserialize, Serialize};

use crate::{Activation, Scalar, activation, bce, bce_logits, mae, mse, softmax_cross_entropy};

/// Which ℓ.
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

/// What turns the last layer's output into the prediction: a loss that takes logits brings it along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// It is the prediction.
    Linear,
    /// Each value on its own, p = σ(z).
    Sigmoid,
    /// All values of a sample together, p = softmax(z).
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

    /// The output of one sample becomes its prediction, in place.
    pub fn forward<T: Scalar>(self, row: &mut [T]) {
        match self {
            Output::Linear => {}
            Output::Sigmoid => activation::forward(Activation::Sigmoid, row),
            Output::Softmax => softmax_cross_entropy::softmax(row),
        }
    }
}

impl LossKind {
    /// What people call it, and its unit where it has one.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            LossKind::Mse => "squared error",
            LossKind::Mae => "absolute error",
            LossKind::Bce | LossKind::BceLogits => "binary cross-entropy (nats)",
            LossKind::CrossEntropy => "cross-entropy (nats)",
        }
    }

    /// What the loss takes the last layer's output for.
    #[must_use]
    pub fn output(self) -> Output {
        match self {
            LossKind::Mse | LossKind::Mae | LossKind::Bce => Output::Linear,
            LossKind::BceLogits => Output::Sigmoid,
            LossKind::CrossEntropy => Output::Softmax,
        }
    }

    /// The mean, but for cross-entropy, which is one number a sample from the start.
    #[must_use]
    pub fn usual_reduction(self) -> Reduction {
        if self == LossKind::CrossEntropy { Reduction::Sum } else { Reduction::Mean }
    }
}

/// What becomes of the values of one sample.
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
    /// Which ℓ.
    pub kind: LossKind,
    /// How the values of a sample are brought together.
    pub reduction: Reduction,
}

/// In words, with what it is counted by: `squared error per value`.
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
    /// Loss of one sample.
    #[must_use]
    pub fn forward<T: Scalar>(&self, prediction: &[T], target: &[T]) -> T {
        let sum = match self.kind {
            LossKind::Mse => sum_of(prediction, target, mse::loss),
            LossKind::Mae => sum_of(prediction, target, mae::loss),
            LossKind::Bce => sum_of(prediction, target, bce::loss),
            LossKind::BceLogits => bce_logits::forward(prediction, target),
            LossKind::CrossEntropy => softmax_cross_entropy::forward(prediction, target),
        };
        sum * T::from_f64(self.factor(prediction.len()))
    }

    /// Loss of one sample of which the prediction is known, where [`forward`](Self::forward) of some losses takes
    /// logits.
    #[must_use]
    pub fn of_prediction<T: Scalar>(&self, prediction: &[T], target: &[T]) -> T {
        match self.kind {
            LossKind::Mse | LossKind::Mae | LossKind::Bce => self.forward(prediction, target),
            LossKind::BceLogits => Self { kind: LossKind::Bce, ..*self }.forward(prediction, target),
            LossKind::CrossEntropy => {
                let sum = softmax_cross_entropy::of_probabilities(prediction, target);
                sum * T::from_f64(self.factor(prediction.len()))
            }
        }
    }

    /// Loss of one sample, and its gradient: delta ← ∂L/∂prediction, where L averages `batch` samples.
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

    /// A loss as this reduction gives it, both per value and per sample of n values.
    #[must_use]
    pub fn per_value_and_sample(&self, loss: f64, n: usize) -> [f64; 2] {
        match self.reduction {
            Reduction::Mean => [loss, loss * n as f64],
            Reduction::Sum => [loss / n as f64, loss],
        }
    }

    /// What the reduction multiplies the sum over a sample's n values by.
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

/// As [`sum_of`], and delta ← scale·∂ℓ/∂p on the way.
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
