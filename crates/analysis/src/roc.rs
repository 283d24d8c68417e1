//! # ROC: how much of the positives is found, for how many false alarms
//!
//! ```text
//! for a threshold s:  tpr(s) = TP(s) / positives,  fpr(s) = FP(s) / negatives         the curve: (fpr, tpr) as s falls
//!
//! area = Σ_k (fpr_k − fpr_{k−1})·(tpr_k + tpr_{k−1}) / 2  =  P(s⁺ > s⁻) + ½·P(s⁺ = s⁻)
//! ```
//!
//! The area is the probability that a positive has a higher score than a negative, a draw counting half: 1 for a
//! perfect score, ½ for a useless one. Equal scores are one step of the curve, which goes through them in a straight
//! line.
//!
//! Source: Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
//! Radiology 143 (1982); Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

use crate::ranking::cuts;

/// The curve as (fpr, tpr), from (0, 0) to (1, 1); none unless there are positives and negatives.
///
/// # Panics
/// If there are not as many labels as scores.
#[must_use]
pub fn curve(scores: &[f64], positive: &[bool]) -> Option<Vec<[f64; 2]>> {
    let cuts = cuts(scores, positive);
    let all = cuts.last().filter(|all| all.tp > 0 && all.fp > 0)?;
    let points = cuts.iter().map(|cut| [cut.fp as f64 / all.fp as f64, cut.tp as f64 / all.tp as f64]);
    Some([[0.0, 0.0]].into_iter().chain(points).collect())
}

/// The area under the curve; none unless there are positives and negatives.
///
/// # Panics
/// If there are not as many labels as scores.
#[must_use]
pub fn area(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let curve = curve(scores, positive)?;
    Some(curve.windows(2).map(|pair| (pair[1][0] - pair[0][0]) * (pair[1][1] + pair[0][1]) / 2.0).sum())
}
