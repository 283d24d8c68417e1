//! # k-NN classification: the class of most of the k nearest known rows
//!
//! ```text
//! v_c = number of the k nearest known rows that are of class c
//! class of the sample = the c with the largest v_c      of equal ones, the smallest c
//! ```
//!
//! Source: Cover & Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13 (1967).
//! scikit-learn's KNeighborsClassifier with uniform weights computes the same.

use super::Nearest;
use crate::argmax;

/// Returns for each sample of `nearest` the class of most of its nearest rows. `classes` has the class of each known
/// row, a number below `count`.
///
/// ```
/// use handgrad_analysis::{nearest, vote};
/// use ndarray::array;
///
/// let known = array![[0.0], [1.0], [5.0], [6.0], [7.0]];
/// let found = nearest(known.view(), array![[2.0], [6.5]].view(), 3).expect("finite values");
/// assert_eq!(vote(&found, &[0, 0, 1, 1, 1], 2), [0, 1]);
/// ```
///
/// # Panics
/// If a row has no class, or if a class is not below `count`.
#[must_use]
pub fn vote(nearest: &Nearest, classes: &[u32], count: usize) -> Vec<u32> {
    let of_sample = |rows: ndarray::ArrayView1<u32>| {
        let mut votes = vec![0_u32; count];
        rows.iter().for_each(|&row| votes[classes[row as usize] as usize] += 1);
        argmax(votes) as u32
    };
    nearest.rows.rows().into_iter().map(of_sample).collect()
}
