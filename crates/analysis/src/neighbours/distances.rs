//! # k-NN distance: a sample far from all training rows is likely an anomaly
//!
//! ```text
//! x_i, d values: a sample       t_r, d values: a training row, r < n
//! score_i = the k-th smallest of ‖x_i − t_1‖, …, ‖x_i − t_n‖
//! ```
//!
//! Source: Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD 2000. The
//! detector KNN of the Python library PyOD computes the same, with k = 5.

use ndarray::ArrayView2;

use super::nearest;

/// Returns for each of `samples` (m×d) the Euclidean distance to its `k`-th nearest row of `train` (n×d). A higher
/// distance means that the sample is more likely an anomaly. Returns `None` if `k` is 0 or greater than n, or if a
/// value is not finite.
///
/// A sample that is a training row itself is its own nearest neighbour. So scores of training rows are lower than
/// scores of new samples.
///
/// ```
/// use ndarray::array;
///
/// let train = array![[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]];
/// let samples = array![[0.0, 0.0], [3.0, 4.0]];
/// assert_eq!(handgrad_analysis::knn_distances(train.view(), samples.view(), 2), Some(vec![3.0, 4.0]));
/// ```
///
/// # Panics
/// If the samples do not have as many values as the training rows.
#[must_use]
pub fn knn_distances(train: ArrayView2<f32>, samples: ArrayView2<f32>, k: usize) -> Option<Vec<f64>> {
    Some(nearest(train, samples, k)?.distances.column(k.checked_sub(1)?).to_vec())
}
