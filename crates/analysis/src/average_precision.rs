//! # Average precision: the precision at each step of the recall
//!
//! ```text
//! for a threshold s:  P(s) = TP(s) / (TP(s) + FP(s)),  R(s) = TP(s) / positives
//!
//! AP = Σ_k (R_k − R_{k−1})·P_k                    over the distinct scores, highest first, R₀ = 0
//! ```
//!
//! Unlike the area under the ROC curve, the average precision depends on how rare positives are: for a useless score it
//! is about the fraction of positives among all samples. If the two kinds are swapped, the result is a different
//! number, so always state which kind is the positive one.
//!
//! Source: Davis & Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006; the sum without
//! interpolation is that of scikit-learn's `average_precision_score`.

use crate::ranking::{Cut, cuts};

/// Returns the average precision, or `None` unless there are both positives and negatives.
///
/// # Panics
/// If the numbers of labels and scores differ.
#[must_use]
pub fn average_precision(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let cuts = cuts(scores, positive);
    let all = cuts.last().filter(|all| all.tp > 0 && all.fp > 0)?;
    let precision = |cut: &Cut| cut.tp as f64 / (cut.tp + cut.fp) as f64;
    let found_before = [0].into_iter().chain(cuts.iter().map(|cut| cut.tp));
    let step = |(cut, before): (&Cut, usize)| (cut.tp - before) as f64 / all.tp as f64 * precision(cut);
    Some(cuts.iter().zip(found_before).map(step).sum())
}
