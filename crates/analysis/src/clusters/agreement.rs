//! # Agreement of clusters with classes
//!
//! ```text
//! n_rc = number of samples of cluster r and class c,   a_r = Σ_c n_rc,   b_c = Σ_r n_rc,   n = Σ a_r
//!
//! pairs of samples        S = Σ n_rc·(n_rc − 1)/2      together in cluster and class
//!                         A = Σ a_r·(a_r − 1)/2        together in their cluster
//!                         B = Σ b_c·(b_c − 1)/2        together in their class
//! adjusted Rand index     ARI = (S − E) / ((A + B)/2 − E),   E = A·B / (n·(n − 1)/2)
//!
//! mutual information      I = Σ n_rc/n · ln( n·n_rc / (a_r·b_c) )
//! entropies               H_a = −Σ a_r/n · ln(a_r/n),  H_b likewise
//! normalised              NMI = I / ((H_a + H_b)/2)
//!
//! accuracy                Σ_r n_r,c(r) / n,  where c is the best matching of clusters with classes
//! ```
//!
//! ARI is about 0 for clusters that were drawn at random, and may be negative; ARI and NMI are 1 if clusters and
//! classes are the same. A matching gives each class at most one cluster: samples of further clusters count as wrong.
//! The logarithms are natural; their base has no influence on NMI.
//!
//! Sources: Hubert & Arabie, "Comparing partitions", Journal of Classification 2 (1985); Vinh, Epps & Bailey,
//! "Information theoretic measures for clusterings comparison", Journal of Machine Learning Research 11 (2010). With
//! the arithmetic mean of the entropies, NMI is that of scikit-learn.

use ndarray::{Array2, Axis};

use super::matching::best_matching;

/// How well clusters agree with classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// The adjusted Rand index.
    pub ari: f64,
    /// The normalised mutual information.
    pub nmi: f64,
    /// The part of the samples whose class is that of their cluster.
    pub accuracy: f64,
    /// For each cluster the class that it is matched with, if there are enough classes.
    pub classes: Vec<Option<u32>>,
}

/// Compares the cluster of each sample with its class. Returns `None` if there are no samples, or not as many clusters
/// as classes.
///
/// ```
/// use handgrad_analysis::clusters::agreement;
///
/// let found = agreement(&[1, 1, 0, 0, 0], &[0, 0, 1, 1, 0]).expect("as many classes as clusters");
/// assert_eq!((found.accuracy, found.classes), (0.8, vec![Some(1), Some(0)]));
/// assert!((found.ari - 1.0 / 6.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn agreement(clusters: &[u32], classes: &[u32]) -> Option<Agreement> {
    if clusters.is_empty() || clusters.len() != classes.len() {
        return None;
    }
    let count = |numbers: &[u32]| numbers.iter().max().map_or(0, |&largest| largest as usize + 1);
    let mut table = Array2::<u32>::zeros((count(clusters), count(classes)));
    clusters.iter().zip(classes).for_each(|(&r, &c)| table[[r as usize, c as usize]] += 1);
    let n = clusters.len() as f64;
    let counts = |axis: usize| table.mapv(f64::from).sum_axis(Axis(axis));
    let (a, b) = (counts(1), counts(0));
    let matched = best_matching(&table);
    let right: u32 = matched.iter().enumerate().filter_map(|(r, c)| Some(table[[r, (*c)?]])).sum();
    Some(Agreement {
        ari: adjusted_rand(&table, a.as_slice()?, b.as_slice()?, n),
        nmi: normalised_information(&table, a.as_slice()?, b.as_slice()?, n),
        accuracy: f64::from(right) / n,
        classes: matched.into_iter().map(|class| class.map(|class| class as u32)).collect(),
    })
}

fn adjusted_rand(table: &Array2<u32>, a: &[f64], b: &[f64], n: f64) -> f64 {
    let pairs = |count: f64| count * (count - 1.0) / 2.0;
    let s: f64 = table.iter().map(|&count| pairs(f64::from(count))).sum();
    let [a, b] = [a, b].map(|counts| counts.iter().map(|&count| pairs(count)).sum::<f64>());
    // All samples alone in both, all together in both, or the same partition.
    if s == a && s == b {
        return 1.0;
    }
    let expected = a * b / pairs(n);
    (s - expected) / (f64::midpoint(a, b) - expected)
}

fn normalised_information(table: &Array2<u32>, a: &[f64], b: &[f64], n: f64) -> f64 {
    let present = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count();
    if present(a) == 1 && present(b) == 1 {
        return 1.0;
    }
    if present(a) == 1 || present(b) == 1 {
        return 0.0;
    }
    let entropy = |counts: &[f64]| {
        let terms = counts.iter().filter(|count| **count > 0.0).map(|count| count / n * libm::log(count / n));
        -terms.sum::<f64>()
    };
    let term = |((r, c), &count): ((usize, usize), &u32)| {
        let count = f64::from(count);
        if count == 0.0 { 0.0 } else { count / n * libm::log(n * count / (a[r] * b[c])) }
    };
    let information: f64 = table.indexed_iter().map(term).sum();
    information.max(0.0) / f64::midpoint(entropy(a), entropy(b))
}
