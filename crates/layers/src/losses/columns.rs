//! # Loss of a sample whose columns differ in kind, and whose values may be missing
//!
//! ```text
//! A sample is a row of columns j. Each has one or several values, and one head:
//!   numbers   of width d:    ℓ_j = 1/d · Σ_i ℓ(p_ji, t_ji)            ℓ = mse, mae or bce, one for all such columns
//!   category  of k classes:  ℓ_j = −Σ_c t_jc·ln p_jc,   p_j = softmax(z_j),  t_j is 1 for one class and 0 elsewhere
//!
//! O = the columns of the sample that are not missing,  w_j = the weight of head j
//!   L = 1/|O| · Σ_{j∈O} w_j·ℓ_j       mean;   the sum leaves out the factor 1/|O|;   L = 0 if all columns are missing
//!
//! A missing column is a constant 0 in L:
//!   ∂L/∂p_ji = 0                               j ∉ O
//!   ∂L/∂p_ji = w_j/(|O|·d) · ∂ℓ/∂p(p_ji, t_ji)     numbers, j ∈ O
//!   ∂L/∂z_jc = w_j/|O| · (p_jc − t_jc)             category, j ∈ O: the derivation is in softmax_cross_entropy
//! ```
//!
//! The target of a missing value is NaN. A column with several values is either missing as a whole or not at all. Over
//! a batch, L is the mean over all its rows as usual, so the gradient is divided by the size of the batch.
//!
//! The weight lets no column drown the others. A number is scaled to variance 1, so the loss of the best constant
//! prediction, its mean, is 1. For a category, the best constant prediction is the marginal distribution q of the
//! training samples, and its loss is the entropy H(q) = −Σ_c q_c·ln q_c. With w = 1/H(q) this is 1 as well.
//!
//! Slides: DIVE "Applications of Autoencoders", 4: "corruptions or missing values". Source: Vincent, Larochelle,
//! Lajoie, Bengio & Manzagol, JMLR 11 (2010): a denoising autoencoder learns to fill in hidden values; Nazábal, Olmos,
//! Ghahramani & Valera, "Handling incomplete heterogeneous data using VAEs", Pattern Recognition 107 (2020): one head
//! for each kind of column, and only observed values in the loss.

use serde::{Deserialize, Serialize};

use crate::{Loss, LossKind, Reduction, Scalar};

/// The head of one column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Head {
    /// Numbers, with the loss of the network: the mean over them.
    Numbers {
        /// How many values the column has.
        width: usize,
    },
    /// One of several classes, with the cross-entropy of a softmax.
    Category {
        /// How many classes there are. The column has as many values.
        classes: usize,
        /// w, the weight of the loss, above 0.
        weight: f64,
    },
}

impl Head {
    /// How many values the column has.
    #[must_use]
    pub fn width(&self) -> usize {
        match *self {
            Head::Numbers { width } => width,
            Head::Category { classes, .. } => classes,
        }
    }

    fn weight(&self) -> f64 {
        match *self {
            Head::Numbers { .. } => 1.0,
            Head::Category { weight, .. } => weight,
        }
    }
}

/// The loss of samples that consist of columns.
///
/// ```
/// use handgrad_layers::{Columns, Head, Loss, LossKind, Reduction};
///
/// let heads = vec![Head::Numbers { width: 1 }, Head::Category { classes: 2, weight: 1.0 }];
/// let loss = Columns { loss: Loss { kind: LossKind::Mse, reduction: Reduction::Mean }, heads };
/// // The number is 3 and its prediction 1. The class is the first one, and both logits are equal.
/// assert_eq!(loss.forward(&[1.0, 0.0, 0.0], &[3.0, 1.0, 0.0]), (4.0 + 2.0_f64.ln()) / 2.0);
/// // If the class is missing, only the number counts.
/// assert_eq!(loss.forward(&[1.0, 0.0, 0.0], &[3.0, f64::NAN, f64::NAN]), 4.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// The loss of the columns of numbers, and whether the losses of the columns are averaged or summed.
    pub loss: Loss,
    /// The heads of the columns, in the order of their values.
    pub heads: Vec<Head>,
}

impl Columns {
    /// How many values a sample has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.heads.iter().map(Head::width).sum()
    }

    /// Loss of one sample, given the output of the last layer.
    #[must_use]
    pub fn forward<T: Scalar>(&self, output: &[T], target: &[T]) -> T {
        self.over_columns(output, target, |loss, output, target| loss.forward(output, target))
    }

    /// How far the loss of one sample is above its least possible value: see [`Loss::excess`].
    #[must_use]
    pub fn excess<T: Scalar>(&self, output: &[T], target: &[T]) -> T {
        self.over_columns(output, target, |loss, output, target| loss.excess(output, target))
    }

    /// The least possible loss of a sample with this target: see [`Loss::least`].
    #[must_use]
    pub fn least<T: Scalar>(&self, target: &[T]) -> T {
        self.over_columns(target, target, |loss, _, target| loss.least(target))
    }

    /// Loss of one sample, and its gradient: delta ← ∂L/∂output, where L is the mean over `batch` samples.
    pub fn forward_backward<T: Scalar>(&self, output: &[T], target: &[T], batch: usize, delta: &mut [T]) -> T {
        let share = T::from_f64(self.share(target));
        let mut sum = T::ZERO;
        self.each(|head, at| {
            let (target, delta) = (&target[at.clone()], &mut delta[at.clone()]);
            if is_missing(target) {
                delta.fill(T::ZERO);
                return;
            }
            let factor = share * T::from_f64(head.weight());
            sum += factor * self.of(head).forward_backward(&output[at], target, batch, delta);
            delta.iter_mut().for_each(|delta| *delta *= factor);
        });
        sum
    }

    /// The loss of each column, without its weight. It is NaN for a missing column.
    #[must_use]
    pub fn of_columns<T: Scalar>(&self, output: &[T], target: &[T]) -> Vec<f64> {
        let mut losses = Vec::with_capacity(self.heads.len());
        self.each(|head, at| {
            let missing = is_missing(&target[at.clone()]);
            let loss = self.of(head).forward(&output[at.clone()], &target[at]).to_f64();
            losses.push(if missing { f64::NAN } else { loss });
        });
        losses
    }

    /// Replaces the output of one sample by its prediction, in place.
    pub fn predict<T: Scalar>(&self, output: &mut [T]) {
        self.each(|head, at| self.of(head).kind.output().forward(&mut output[at]));
    }

    /// Replaces the prediction of one sample by an output that gives it, in place: see
    /// [`Output::inverse`](crate::Output::inverse).
    pub fn inverse<T: Scalar>(&self, prediction: &mut [T]) {
        self.each(|head, at| self.of(head).kind.output().inverse(&mut prediction[at]));
    }

    /// The loss of one head, as a mean over its numbers or as the cross-entropy of its class.
    fn of(&self, head: &Head) -> Loss {
        match head {
            Head::Numbers { .. } => Loss { kind: self.loss.kind, reduction: Reduction::Mean },
            Head::Category { .. } => Loss { kind: LossKind::CrossEntropy, reduction: Reduction::Sum },
        }
    }

    /// The factor of each column: 1/|O|, or 1 for the sum.
    fn share<T: Scalar>(&self, target: &[T]) -> f64 {
        let mut observed = 0;
        self.each(|_, at| observed += usize::from(!is_missing(&target[at])));
        match self.loss.reduction {
            Reduction::Mean => 1.0 / observed.max(1) as f64,
            Reduction::Sum => 1.0,
        }
    }

    fn over_columns<T: Scalar>(&self, output: &[T], target: &[T], f: impl Fn(Loss, &[T], &[T]) -> T) -> T {
        let share = T::from_f64(self.share(target));
        let mut sum = T::ZERO;
        self.each(|head, at| {
            if !is_missing(&target[at.clone()]) {
                let factor = share * T::from_f64(head.weight());
                sum += factor * f(self.of(head), &output[at.clone()], &target[at]);
            }
        });
        sum
    }

    /// Calls `f` for each head with the range of its values.
    fn each(&self, mut f: impl FnMut(&Head, std::ops::Range<usize>)) {
        let mut start = 0;
        for head in &self.heads {
            f(head, start..start + head.width());
            start += head.width();
        }
    }
}

/// Returns whether the values of a column are missing.
fn is_missing<T: Scalar>(target: &[T]) -> bool {
    target.first().is_some_and(|value| value.to_f64().is_nan())
}
