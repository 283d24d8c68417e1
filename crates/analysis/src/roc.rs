//! # ROC: the true positive rate as a function of the false positive rate
//!
//! ```text
//! for a threshold s:  tpr(s) = TP(s) / positives,  fpr(s) = FP(s) / negatives         curve: (fpr, tpr) as s decreases
//!
//! area = Σ_k (fpr_k − fpr_{k−1})·(tpr_k + tpr_{k−1}) / 2  =  P(s⁺ > s⁻) + ½·P(s⁺ = s⁻)
//! ```
//!
//! The area is the probability that a positive has a higher score than a negative, where equal scores count half. It is
//! 1 for a perfect score and ½ for a useless one. Samples with equal scores are one straight piece of the curve.
//!
//! Source: Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
//! Radiology 143 (1982); Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

use crate::ranking::cuts;

/// Returns the points (fpr, tpr) of the curve from (0, 0) to (1, 1), or `None` unless there are both positives and
/// negatives.
///
/// # Panics
/// If the numbers of labels and scores differ.
#[must_use]
pub fn curve(scores: &[f64], positive: &[bool]) -> Option<Vec<[f64; 2]>> {
    let cuts = cuts(scores, positive);
    let all = cuts.last().filter(|all| all.tp > 0 && all.fp > 0)?;
    let points = cuts.iter().map(|cut| [cut.fp as f64 / all.fp as f64, cut.tp as f64 / all.tp as f64]);
    Some([[0.0, 0.0]].into_iter().chain(points).collect())
}

/// Returns the area under the curve, or `None` unless there are both positives and negatives.
///
/// # Panics
/// If the numbers of labels and scores differ.
#[must_use]
pub fn area(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = curve(scores, positive)?;
    Some(curve.windows(2).map(|pair| (pair[1][0] - pair[0][0]) * (pair[1][1] + pair[0][1]) / 2.0).sum())
}
