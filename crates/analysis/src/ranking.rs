//! Scores from the highest to the lowest, those that are equal taken together.
//!
//! ```text
//! for each distinct score s, highest first:   TP(s) = positives with a score ≥ s,   FP(s) = negatives with a score ≥ s
//! ```
//!
//! A threshold cannot tell equal scores apart, so every measure over thresholds goes from one distinct score to the
//! next.

/// What lies at or above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cut {
    /// The threshold: one of the scores.
    pub score: f64,
    /// Positives at or above it.
    pub tp: usize,
    /// Negatives at or above it.
    pub fp: usize,
}

/// A cut for each distinct score, highest first.
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
