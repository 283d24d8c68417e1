//! # Confusion matrix: samples called positive or negative, compared with their labels
//!
//! ```text
//!                     is positive   is negative         precision = TP / (TP + FP)     of those called positive
//! called positive         TP            FP              recall    = TP / (TP + FN)     of those that are positive
//! called negative         FN            TN              F1        = 2·TP / (2·TP + FP + FN), their harmonic mean
//!                                                       accuracy  = (TP + TN) / all
//! ```
//!
//! Precision, recall and F1 are about the positives only, so they change if the two kinds are swapped
//! ([`Confusion::swapped`]). The accuracy does not change.
//!
//! Source: van Rijsbergen, "Information Retrieval", 1979, chapter 7.

/// Counts of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Positives that are called positive.
    pub true_positives: usize,
    /// Negatives that are called positive.
    pub false_positives: usize,
    /// Negatives that are called negative.
    pub true_negatives: usize,
    /// Positives that are called negative.
    pub false_negatives: usize,
}

impl Confusion {
    /// Counts samples. Each is given as a pair: whether it is called positive, and whether it is positive.
    pub fn new(samples: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for sample in samples {
            *match sample {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            } += 1;
        }
        counts
    }

    /// The same counts with the other kind as the positive one.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self {
            true_positives: self.true_negatives,
            false_positives: self.false_negatives,
            true_negatives: self.true_positives,
            false_negatives: self.false_positives,
        }
    }

    /// The fraction of the samples called positive that are positive. `None` if no sample is called positive.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// The fraction of the positives that are called positive. `None` if there are no positives.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The harmonic mean of precision and recall. `None` if no sample is positive and none is called positive.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)
    }

    /// The fraction of the samples that are classified correctly. `None` if there are no samples.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
