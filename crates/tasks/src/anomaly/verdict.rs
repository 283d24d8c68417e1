//! Applies a threshold to scores: how many samples are called anomalous, and how many of these calls are right.

use handgrad_analysis::{Confusion, average_precision, roc};

use super::Threshold;

/// Scored samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The score of each sample.
    pub scores: Vec<f64>,
    /// Which samples are anomalous, if that is known: one entry for each score.
    pub truth: Option<Vec<bool>>,
    /// The threshold: a sample is called anomalous if its score is at least this.
    pub threshold: Threshold,
}

/// How well the two kinds of samples are separated, with one of them as the positive kind.
#[derive(Clone, Copy, Debug)]
pub struct Positive {
    /// The positive kind: `normal` or `anomaly`.
    pub name: &'static str,
    /// The confusion matrix.
    pub counts: Confusion,
    /// The average precision over all thresholds. `None` if it is not defined.
    pub average_precision: Option<f64>,
}

impl Verdict {
    /// True if a sample with this score is called anomalous.
    #[must_use]
    pub fn calls(&self, score: f64) -> bool {
        score >= self.threshold.value
    }

    /// The number of samples that are called anomalous.
    #[must_use]
    pub fn called(&self) -> usize {
        self.scores.iter().filter(|&&score| self.calls(score)).count()
    }

    /// The area under the ROC curve. It does not depend on which kind is the positive one. `None` if it is not known
    /// which samples are anomalous, or unless there are both kinds.
    ///
    /// # Panics
    /// If `truth` does not have one entry for each score.
    #[must_use]
    pub fn roc_area(&self) -> Option<f64> {
        roc::area(&self.scores, self.truth.as_deref()?)
    }

    /// The points of the ROC curve: the false positive rate, then the true positive rate. `None` in the same cases as
    /// [`roc_area`](Self::roc_area).
    ///
    /// # Panics
    /// If `truth` does not have one entry for each score.
    #[must_use]
    pub fn roc_curve(&self) -> Option<Vec<[f64; 2]>> {
        roc::curve(&self.scores, self.truth.as_deref()?)
    }

    /// The results with normal samples as the positive kind, then with anomalies as the positive kind. `None` if it is
    /// not known which samples are anomalous.
    ///
    /// # Panics
    /// If `truth` does not have one entry for each score.
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
