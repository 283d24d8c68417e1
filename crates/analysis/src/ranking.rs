//! Sorts scores from the highest to the lowest, and treats equal scores together.
//!
//! ```text
//! for each distinct score s, highest first:   TP(s) = positives with a score ≥ s,   FP(s) = negatives with a score ≥ s
//! ```
//!
//! A threshold cannot separate equal scores, so every measure over thresholds goes from one distinct score to the next.

/// The number of positives and negatives with a score at or above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cut {
    /// The threshold: one of the scores.
    pub score: f64,
    /// The number of positives at or above the threshold.
    pub tp: usize,
    /// The number of negatives at or above the threshold.
    pub fp: usize,
}

/// Returns one [`Cut`] for each distinct score, highest first.
pub(crate) fn cuts(scores: &[f64], positive: &[bool]) -> Vec<Cut> {
    assert_eq!(scores.len(), positive.len(), "one label a score");
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut cuts = Vec::<Cut>::new();
    let (mut tp, mut fp) = (0, 0);
    for at in order {
        *(if positive[at] { &mut tp } else { &mut fp }) += 1;
        match cuts.last_mut() {
            Some(last) if last.score == scores[at] => (last.tp, last.fp) = (tp, fp),
            _ => cuts.push(Cut { score: scores[at], tp, fp }),
        }
    }
    cuts
}
