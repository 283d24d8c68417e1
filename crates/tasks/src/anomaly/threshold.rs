//! Thresholds: a sample is called anomalous if its score is at least the threshold.

use std::str::FromStr;

use handgrad_analysis::threshold;
use handgrad_dataset::count;

use crate::Error;

/// How a threshold is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Mean + k·std of the scores of normal samples.
    Std(f64),
    /// A quantile of the scores of normal samples.
    Quantile(f64),
    /// The threshold with the best F1 on the scored samples.
    BestF1,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        match text.split_once(':') {
            None if text == "best-f1" => Ok(Self::BestF1),
            Some(("std", k)) => number(k).map(Self::Std).ok_or_else(|| format!("{k:?} is not a number; try std:2")),
            Some(("quantile", q)) => number(q)
                .filter(|q| (0.0..=1.0).contains(q))
                .map(Self::Quantile)
                .ok_or_else(|| format!("{q:?} is not within 0..1; try quantile:0.99")),
            _ => Err("must be std:K, quantile:Q or best-f1".into()),
        }
    }
}

impl Rule {
    /// Returns an error if the number of the rule is not valid.
    fn check(self) -> Result<(), Error> {
        match self {
            Self::Std(k) if !k.is_finite() => {
                Err(Error::Usage(format!("the k of mean + k·std is {k}, but must be a finite number, such as 2")))
            }
            Self::Quantile(q) if !(0.0..=1.0).contains(&q) => {
                Err(Error::Usage(format!("the quantile is {q}, but must be within 0..1, such as 0.99")))
            }
            _ => Ok(()),
        }
    }
}

/// Returns an error if a score is not finite.
fn check_finite(scores: &[f64]) -> Result<(), Error> {
    match scores.iter().position(|score| !score.is_finite()) {
        Some(at) => Err(Error::Score { at, score: scores[at] }),
        None => Ok(()),
    }
}

/// Statistics of the normal scores from which a threshold was computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Their number.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub std: f64,
}

/// A threshold for scores, and how it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The threshold: a sample is called anomalous if its score is at least this.
    pub value: f64,
    /// How it was found, in words.
    pub how: String,
    /// Statistics of the normal scores, if the threshold was computed from normal scores.
    pub normal: Option<Normal>,
}

impl Threshold {
    /// Computes a threshold from the scores of normal samples.
    ///
    /// # Errors
    /// If there are no scores, if a score is not finite, if the number of the rule is not valid, or if the rule is
    /// [`Rule::BestF1`], for which [`Threshold::best_f1`] must be used.
    pub fn from_normal(rule: Rule, scores: &[f64]) -> Result<Self, Error> {
        rule.check()?;
        check_finite(scores)?;
        let (mean, std) = threshold::mean_and_std(scores).ok_or(Error::NoScores)?;
        let (value, how) = match rule {
            Rule::Quantile(q) => (threshold::quantile(scores, q), format!("the quantile {q} of the normal scores")),
            Rule::Std(k) => (threshold::mean_plus_std(scores, k), format!("mean + {k}·std of the normal scores")),
            Rule::BestF1 => {
                return Err(Error::Usage("the best F1 needs labelled samples, not only normal ones".into()));
            }
        };
        let value = value.ok_or(Error::NoScores)?;
        if !value.is_finite() {
            return Err(Error::Usage(format!("{how} is {value}, which is not a threshold: take smaller numbers")));
        }
        let normal = Some(Normal { count: scores.len(), mean, std });
        Ok(Self { value, how, normal })
    }

    /// Finds the threshold that separates labelled samples best, that is, with the highest F1 of anomalies.
    ///
    /// # Errors
    /// If no sample is anomalous, if a score is not finite, or if the numbers of labels and scores differ.
    pub fn best_f1(scores: &[f64], truth: &[bool]) -> Result<Self, Error> {
        if scores.len() != truth.len() {
            let (scores, labels) = (count(scores.len(), "score", "scores"), count(truth.len(), "label", "labels"));
            return Err(Error::Usage(format!(
                "the scores and the labels do not belong together, {scores} and {labels}: give one label for each score"
            )));
        }
        check_finite(scores)?;
        let (value, f1) = threshold::best_f1(scores, truth).ok_or(Error::NoAnomaly)?;
        let how = format!("the best F1 of anomalies, {f1:.4}, on these same samples, which makes it too optimistic");
        Ok(Self { value, how, normal: None })
    }
}
