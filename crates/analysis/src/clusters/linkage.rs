//! # Hierarchical clustering: the two nearest clusters are merged until there is only one
//!
//! ```text
//! average      D(A, B) = mean of ‖a − b‖ over all a ∈ A, b ∈ B
//! complete     D(A, B) = max of ‖a − b‖
//! Ward         D(A, B) = √( 2·|A|·|B| / (|A| + |B|) ) · ‖mean of A − mean of B‖
//! ```
//!
//! D²/2 of Ward is what the merge adds to the sum of squared distances to the means, the J of k-means; for two single
//! rows, D is their distance. After a merge, the distances of the new cluster follow from those of its two parts (Lance
//! & Williams 1967). The crate kodama does this with the algorithms of Müllner in O(n²) steps. It works on all
//! n·(n − 1)/2 distances, which limits n: 10,000 rows need 400 MB.
//!
//! Sources: Ward, "Hierarchical grouping to optimize an objective function", Journal of the American Statistical
//! Association 58 (1963); Müllner, "Modern hierarchical, agglomerative clustering algorithms", arXiv 1109.2378 (2011).

use std::collections::HashMap;

use ndarray::{ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::squared::squared;
use super::{OTHERS, ROWS, finite};

/// The distance of two clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// By the growth of the squared distances to the mean.
    Ward,
    /// The mean distance of their rows.
    Average,
    /// The largest distance of their rows.
    Complete,
}

/// A merge of two clusters. The clusters 0 to n − 1 are the single rows, and merge i makes the cluster n + i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merge {
    /// The two clusters.
    pub of: [usize; 2],
    /// Their distance.
    pub height: f64,
    /// The number of rows of both together.
    pub size: usize,
}

/// Returns the n − 1 merges of `rows` (n×d), in ascending order of their height. Returns `None` if a value is not
/// finite.
///
/// ```
/// use handgrad_analysis::clusters::{Linkage, cut, linkage};
/// use ndarray::array;
///
/// let merges = linkage(array![[0.0], [1.0], [5.0]].view(), Linkage::Complete).expect("finite values");
/// assert_eq!((merges[0].of, merges[0].height), ([0, 1], 1.0));
/// assert_eq!((merges[1].height, merges[1].size), (5.0, 3));
/// assert_eq!(cut(&merges, 2), [0, 0, 1]);
/// ```
#[must_use]
pub fn linkage(rows: ArrayView2<f32>, linkage: Linkage) -> Option<Vec<Merge>> {
    let n = rows.nrows();
    if !finite(rows) {
        return None;
    }
    if n < 2 {
        return Some(Vec::new());
    }
    let method = match linkage {
        Linkage::Ward => kodama::Method::Ward,
        Linkage::Average => kodama::Method::Average,
        Linkage::Complete => kodama::Method::Complete,
    };
    let tree = kodama::linkage(&mut distances(rows), n, method);
    let merge = |step: &kodama::Step<f64>| Merge {
        of: [step.cluster1, step.cluster2],
        height: step.dissimilarity,
        size: step.size,
    };
    Some(tree.steps().iter().map(merge).collect())
}

/// The distances of the pairs (0, 1), (0, 2), …, (1, 2), …: the upper triangle, row by row.
fn distances(rows: ArrayView2<f32>) -> Vec<f64> {
    let n = rows.nrows();
    let mut all = vec![0.0; n * (n - 1) / 2];
    // Each block of rows gets its part of the triangle.
    let mut parts = Vec::new();
    let mut rest = &mut all[..];
    for first in (0..n).step_by(ROWS) {
        let length = (first..n.min(first + ROWS)).map(|i| n - 1 - i).sum();
        let (part, after) = rest.split_at_mut(length);
        parts.push((first, part));
        rest = after;
    }
    parts.into_par_iter().with_max_len(1).for_each(|(first, part)| {
        let x = rows.slice_axis(Axis(0), (first..n.min(first + ROWS)).into()).mapv(f64::from);
        for (number, block) in rows.axis_chunks_iter(Axis(0), OTHERS).enumerate() {
            let others = number * OTHERS;
            if others + block.nrows() <= first {
                continue;
            }
            let squared = squared(x.view(), block.mapv(f64::from).view());
            let mut start = 0;
            for (at, squared) in squared.rows().into_iter().enumerate() {
                let i = first + at;
                for (j, &squared) in (others..).zip(squared).skip((i + 1).saturating_sub(others)) {
                    part[start + j - i - 1] = squared.sqrt();
                }
                start += n - 1 - i;
            }
        }
    });
    all
}

/// Undoes the last merges, so that `clusters` clusters are left, and returns the cluster of each row. The clusters are
/// numbered in the order of their first rows. There are as many clusters as rows if `clusters` is greater.
#[must_use]
pub fn cut(merges: &[Merge], clusters: usize) -> Vec<u32> {
    let wholes = wholes(merges, clusters);
    let numbers = numbers(&wholes);
    wholes.iter().map(|whole| numbers[whole] as u32).collect()
}

/// The last merges alone: those that [`cut`] undoes. The clusters 0 to `clusters` − 1 are numbered as by [`cut`], and
/// merge i makes the cluster `clusters` + i.
///
/// ```
/// use handgrad_analysis::clusters::{Linkage, last_merges, linkage};
/// use ndarray::array;
///
/// let merges = linkage(array![[0.0], [1.0], [5.0], [9.0]].view(), Linkage::Complete).expect("finite values");
/// let last = last_merges(&merges, 3);
/// assert_eq!((last[0].of, last[1].of), ([1, 2], [0, 3]));
/// ```
#[must_use]
pub fn last_merges(merges: &[Merge], clusters: usize) -> Vec<Merge> {
    let n = merges.len() + 1;
    let left = clusters.clamp(1, n);
    let numbers = numbers(&wholes(merges, clusters));
    let number = |cluster: usize| numbers.get(&cluster).copied().unwrap_or_else(|| cluster - (n + n - left) + left);
    merges[n - left..].iter().map(|merge| Merge { of: merge.of.map(number), ..*merge }).collect()
}

/// The whole cluster of each row, after all merges but the last `clusters` − 1.
fn wholes(merges: &[Merge], clusters: usize) -> Vec<usize> {
    let n = merges.len() + 1;
    let made = n - clusters.clamp(1, n);
    // The cluster that each cluster is merged into; itself if it is not merged.
    let mut into: Vec<usize> = (0..n + made).collect();
    for (merge, new) in merges[..made].iter().zip(n..) {
        merge.of.iter().for_each(|&part| into[part] = new);
    }
    // A cluster is merged only into later ones.
    for cluster in (0..into.len()).rev() {
        into[cluster] = into[into[cluster]];
    }
    into.truncate(n);
    into
}

/// Numbers clusters in the order of their first rows.
fn numbers(wholes: &[usize]) -> HashMap<usize, usize> {
    let mut numbers = HashMap::new();
    for whole in wholes {
        let next = numbers.len();
        numbers.entry(*whole).or_insert(next);
    }
    numbers
}
