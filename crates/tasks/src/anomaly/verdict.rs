//! What scores and a threshold come to: how many samples are called anomalous, and how often rightly.

use handgrad_analysis::{Confusion, average_precision, roc};

use super::Threshold;

/// Scored samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// A score a sample.
    pub scores: Vec<f64>,
    /// Which are anomalous, if that is known.
    pub truth: Option<Vec<bool>>,
    /// From which score on a sample is called so.
    pub threshold: Threshold,
}

/// How well samples are told apart, with one kind as the positive one.
#[derive(Clone, Copy, Debug)]
pub struct Positive {
    /// `normal` or `anomaly`.
    pub name: &'static str,
    /// Samples called rightly and wrongly.
    pub counts: Confusion,
    /// Over all thresholds; None where it is not defined.
    pub average_precision: Option<f64>,
}

impl Verdict {
    /// Is a sample with this score called anomalous?
    #[must_use]
    pub fn calls(&self, score: f64) -> bool {
        score >= self.threshold.value
    }

    /// How many samples are called anomalous.
    #[must_use]
    pub fn called(&self) -> usize {
        self.scores.iter().filter(|&&score| self.calls(score)).count()
    }

    /// Area under the ROC curve: the same whichever kind is the positive one.
    #[must_use]
    pub fn roc_area(&self) -> Option<f64> {
        roc::area(&self.scores, self.truth.as_deref()?)
    }

    /// The points of the ROC curve: false and true positives, as parts of their kinds.
    #[must_use]
    pub fn roc_curve(&self) -> Option<Vec<[f64; 2]>> {
        roc::curve(&self.scores, self.truth.as_deref()?)
    }

    /// Both kinds as the positive one, anomalies second.
    #[must_use]
    pub fn kinds(&self) -> Option<[Positive; 2]> {
        let truth = self.truth.as_deref()?;
        let anomalies = Confusion::new(self.scores.iter().map(|&score| self.calls(score)).zip(truth.iter().copied()));
        let negated: Vec<f64> = self.scores.iter().map(|score| -score).collect();
        let normal: Vec<bool> = truth.iter().map(|anomalous| !anomalous).collect();
        Some([
            Positive {
                name: "normal",
                counts: anomalies.swapped(),
                average_precision: average_precision(&negated, &normal),
            },
            Positive { name: "anomaly", counts: anomalies, average_precision: average_precision(&self.scores, truth) },
        ])
    }
}
