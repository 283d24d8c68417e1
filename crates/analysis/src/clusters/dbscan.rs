//! # DBSCAN: dense regions are clusters, and rows in sparse regions are noise
//!
//! ```text
//! N(i) = { j : ‖x_i − x_j‖ ≤ ε }               the neighbours of row i, with i itself
//! core       |N(i)| ≥ m
//! cluster    core rows that are connected by steps from a core row to a core row among its neighbours
//! border     a row that is not core, but a neighbour of a core row: of the cluster with the smallest number
//! noise      all other rows
//! ```
//!
//! Clusters are numbered in the order of their first core rows; scikit-learn's DBSCAN gives the same labels. The
//! neighbours are kept as one bit for each pair of rows: n²/8 bytes.
//!
//! The radius ε is usually read off the k-distance plot: the distances of all rows to their (m − 1)-th nearest other
//! row in ascending order. The rows up to a height of ε are core rows.
//!
//! Source: Ester, Kriegel, Sander & Xu, "A density-based algorithm for discovering clusters in large spatial databases
//! with noise", KDD 1996; the choice of ε is in its section 4.2.

use ndarray::{ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::squared::squared;
use super::{OTHERS, ROWS, finite};

/// Returns for each of `rows` (n×d) the number of its cluster, or `None` if it is noise. `eps` is the radius of
/// neighbourhoods, and `min_samples` the number of rows that a core row has in it, itself included. Returns `None`
/// instead of the labels if the radius or a value is not finite.
///
/// ```
/// use ndarray::array;
///
/// let rows = array![[0.0], [1.0], [2.0], [50.0], [51.0], [90.0]];
/// let found = handgrad_analysis::clusters::dbscan(rows.view(), 1.5, 2).expect("finite values");
/// assert_eq!(found, [Some(0), Some(0), Some(0), Some(1), Some(1), None]);
/// ```
#[must_use]
pub fn dbscan(rows: ArrayView2<f32>, eps: f64, min_samples: usize) -> Option<Vec<Option<u32>>> {
    if !eps.is_finite() || !finite(rows) {
        return None;
    }
    let near = neighbours(rows, eps);
    let is_core: Vec<bool> = near.iter().map(|near| near.count() >= min_samples).collect();
    let mut labels = vec![None; rows.nrows()];
    let mut clusters = 0;
    let mut open = Vec::new();
    for first in 0..rows.nrows() {
        if !is_core[first] || labels[first].is_some() {
            continue;
        }
        labels[first] = Some(clusters);
        open.push(first);
        // A border row keeps the first label that it gets, and does not lead to further rows.
        while let Some(row) = open.pop() {
            for neighbour in near[row].iter() {
                if labels[neighbour].is_none() {
                    labels[neighbour] = Some(clusters);
                    open.extend(is_core[neighbour].then_some(neighbour));
                }
            }
        }
        clusters += 1;
    }
    Some(labels)
}

/// A set of numbers as bits.
struct Set(Vec<u64>);

impl Set {
    fn count(&self) -> usize {
        self.0.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// The numbers in ascending order.
    fn iter(&self) -> impl Iterator<Item = usize> {
        let of_word = |(word, &bits): (usize, &u64)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let lowest = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(word * 64 + lowest)
            })
        };
        self.0.iter().enumerate().flat_map(of_word)
    }
}

/// The rows that are at most `eps` from each row.
fn neighbours(rows: ArrayView2<f32>, eps: f64) -> Vec<Set> {
    let words = rows.nrows().div_ceil(64);
    let blocks = rows.axis_chunks_iter(Axis(0), ROWS).into_par_iter().with_max_len(1);
    let of_block = |block: ArrayView2<f32>| {
        let x = block.mapv(f64::from);
        let mut near: Vec<Set> = block.rows().into_iter().map(|_| Set(vec![0; words])).collect();
        for (number, others) in rows.axis_chunks_iter(Axis(0), OTHERS).enumerate() {
            let squared = squared(x.view(), others.mapv(f64::from).view());
            for (near, squared) in near.iter_mut().zip(squared.rows()) {
                for (j, _) in (number * OTHERS..).zip(squared).filter(|(_, squared)| squared.sqrt() <= eps) {
                    near.0[j / 64] |= 1 << (j % 64);
                }
            }
        }
        near
    };
    let blocks: Vec<Vec<Set>> = blocks.map(of_block).collect();
    blocks.into_iter().flatten().collect()
}
