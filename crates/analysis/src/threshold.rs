//! # Thresholds: a sample is called positive if its score is at least the threshold
//!
//! ```text
//! mean + k·std     std = √(1/n · Σ (s_i − mean)²) of the scores of negatives            `mean_plus_std`
//! quantile q       the score below which the fraction q of the negatives lies: with sorted scores s₀ ≤ … ≤ s_{n−1}
//!                  and h = q·(n − 1),  s_⌊h⌋ + (h − ⌊h⌋)·(s_{⌊h⌋+1} − s_⌊h⌋)                `quantile`
//! best F1          the score that has the highest F1 if it is used as the threshold      `best_f1`
//! ```
//!
//! The first two need only negatives. With the quantile q, about the fraction 1 − q of the negatives is called positive
//! (false alarms). The third needs labels, and its F1 is too optimistic on the samples that were used to choose it.
//!
//! Source: Hyndman & Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), definition
//! 7, which is numpy's; mean + std: the TensorFlow tutorial "Intro to autoencoders" on ECG5000.

use crate::ranking::cuts;

/// Returns the mean and the standard deviation (divided by n, not n − 1) of `scores`, or `None` if there are no scores.
#[must_use]
pub fn mean_and_std(scores: &[f64]) -> Option<(f64, f64)> {
    if scores.is_empty() {
        return None;
    }
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n;
    Some((mean, variance.sqrt()))
}

/// Returns mean + k·std, or `None` if there are no scores.
#[must_use]
pub fn mean_plus_std(scores: &[f64], k: f64) -> Option<f64> {
    mean_and_std(scores).map(|(mean, std)| mean + k * std)
}

/// Returns the quantile q, or `None` if there are no scores or q is outside 0..=1.
#[must_use]
pub fn quantile(scores: &[f64], q: f64) -> Option<f64> {
    if scores.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let h = q * (sorted.len() - 1) as f64;
    let low = h.floor() as usize;
    let next = sorted[(low + 1).min(sorted.len() - 1)];
    Some(sorted[low] + (h - h.floor()) * (next - sorted[low]))
}

/// Returns the score that gives the highest F1 as a threshold, and that F1. If several scores are equally good, the
/// highest of them is returned. Returns `None` if there are no positives.
///
/// # Panics
/// If the numbers of labels and scores differ.
#[must_use]
pub fn best_f1(scores: &[f64], positive: &[bool]) -> Option<(f64, f64)> {
    let cuts = cuts(scores, positive);
    let positives = cuts.last().map(|all| all.tp).filter(|&positives| positives > 0)?;
    // F1 = 2·TP / (2·TP + FP + FN), where TP + FN is the number of positives.
    let all = cuts.iter().map(|cut| (cut.score, 2.0 * cut.tp as f64 / (cut.tp + cut.fp + positives) as f64));
    all.reduce(|best, next| if next.1 > best.1 { next } else { best })
}
