//! # Confusion: what was called positive against what is
//!
//! ```text
//!                     is positive   is negative         precision = TP / (TP + FP)     of those called positive
//! called positive         TP            FP              recall    = TP / (TP + FN)     of those that are positive
//! called negative         FN            TN              F1        = 2·TP / (2·TP + FP + FN), their harmonic mean
//!                                                       accuracy  = (TP + TN) / all
//! ```
//!
//! Precision, recall and F1 look at the positives only, so they change when the two kinds trade places
//! ([`Confusion::swapped`]); accuracy does not.
//!
//! Source: van Rijsbergen, "Information Retrieval", 1979, chapter 7.

/// Counts of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Called positive, rightly.
    pub true_positives: usize,
    /// Called positive, wrongly.
    pub false_positives: usize,
    /// Called negative, rightly.
    pub true_negatives: usize,
    /// Called negative, wrongly.
    pub false_negatives: usize,
}

impl Confusion {
    /// Counts (called positive, is positive).
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

    /// Of those called positive, the part that is; none where nothing was.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Of the positives, the part that was called so; none where there are none.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Harmonic mean of precision and recall; none where nothing is positive and nothing was called so.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)
    }

    /// The part that was called rightly; none where there is no sample.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
