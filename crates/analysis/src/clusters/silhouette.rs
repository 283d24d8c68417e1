//! # Silhouette: is a row nearer to its own cluster than to the next one?
//!
//! ```text
//! a_i = mean of ‖x_i − x_j‖ over the other rows j of its own cluster
//! b_i = the smallest mean of ‖x_i − x_j‖ over the rows j of another cluster
//! s_i = (b_i − a_i) / max(a_i, b_i)     from −1 to 1; 0 if the row is alone in its cluster
//! ```
//!
//! The mean of all s_i is near 1 if the clusters are far apart, about 0 if they overlap, and negative if many rows are
//! nearer to another cluster. Only the sums over each cluster are kept, so no n×n numbers are stored.
//!
//! The row with the smallest a_i is the medoid of its cluster: the one with the smallest mean distance to the others.
//!
//! Source: Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", Journal
//! of Computational and Applied Mathematics 20 (1987).

use ndarray::{Array2, ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::squared::squared;
use super::{OTHERS, ROWS, finite};

/// The mean distances of each row to the rows of clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterDistances {
    /// The mean distance to the other rows of its own cluster, a; 0 for a row that is alone.
    pub own: Vec<f64>,
    /// The mean distance to the nearest other cluster, b; infinite if there is no other cluster.
    pub other: Vec<f64>,
    /// How many clusters there are, and which of the rows are alone in theirs.
    clusters: usize,
    is_alone: Vec<bool>,
}

impl ClusterDistances {
    /// Returns the mean silhouette of all rows. Returns `None` unless there are at least two clusters and fewer
    /// clusters than rows.
    #[must_use]
    pub fn silhouette(&self) -> Option<f64> {
        let n = self.own.len();
        let of_row = |((&a, &b), &alone): ((&f64, &f64), &bool)| {
            if alone || a.max(b) == 0.0 { 0.0 } else { (b - a) / a.max(b) }
        };
        let sum: f64 = self.own.iter().zip(&self.other).zip(&self.is_alone).map(of_row).sum();
        (self.clusters >= 2 && self.clusters < n).then_some(sum / n as f64)
    }
}

/// Computes the mean distances of `rows` (n×d) to clusters. `labels` has the number of the cluster of each row. Returns
/// `None` if there are not as many labels as rows, or if a value is not finite.
///
/// ```
/// use handgrad_analysis::clusters::cluster_distances;
/// use ndarray::array;
///
/// let rows = array![[0.0], [1.0], [10.0], [11.0]];
/// let found = cluster_distances(rows.view(), &[0, 0, 1, 1]).expect("finite values");
/// assert_eq!((found.own[0], found.other[0]), (1.0, 10.5));
/// assert_eq!(found.silhouette(), Some((9.5 / 10.5 + 8.5 / 9.5) / 2.0));
/// ```
#[must_use]
pub fn cluster_distances(rows: ArrayView2<f32>, labels: &[u32]) -> Option<ClusterDistances> {
    if labels.len() != rows.nrows() || !finite(rows) {
        return None;
    }
    let largest = labels.iter().max().map_or(0, |&largest| largest as usize + 1);
    let mut counts = vec![0_usize; largest];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let blocks = rows.axis_chunks_iter(Axis(0), ROWS).into_par_iter().with_max_len(1);
    let sums: Vec<Array2<f64>> = blocks
        .map(|block| {
            let x = block.mapv(f64::from);
            let mut sums = Array2::zeros((block.nrows(), largest));
            for (others, labels) in rows.axis_chunks_iter(Axis(0), OTHERS).zip(labels.chunks(OTHERS)) {
                let squared = squared(x.view(), others.mapv(f64::from).view());
                for (mut sums, squared) in sums.rows_mut().into_iter().zip(squared.rows()) {
                    for (&label, squared) in labels.iter().zip(squared) {
                        sums[label as usize] += squared.sqrt();
                    }
                }
            }
            sums
        })
        .collect();
    let mut found = ClusterDistances {
        own: Vec::new(),
        other: Vec::new(),
        clusters: counts.iter().filter(|count| **count > 0).count(),
        is_alone: Vec::new(),
    };
    for (sums, &label) in sums.iter().flat_map(|block| block.rows()).zip(labels) {
        let own = label as usize;
        let others = (0..largest).filter(|&other| other != own && counts[other] > 0);
        found.own.push(sums[own] / (counts[own] - 1).max(1) as f64);
        found.other.push(others.map(|other| sums[other] / counts[other] as f64).fold(f64::INFINITY, f64::min));
        found.is_alone.push(counts[own] == 1);
    }
    Some(found)
}
