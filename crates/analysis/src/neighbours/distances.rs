//! # k-NN distance: a sample far from all training rows is likely an anomaly
//!
//! ```text
//! x_i, d values: a sample       t_r, d values: a training row, r < n
//! ‖x_i − t_r‖² = ‖x_i‖² + ‖t_r‖² − 2·x_i·t_r     for all i and r: one product X·Tᵀ, samples×n
//! score_i = the k-th smallest of ‖x_i − t_1‖, …, ‖x_i − t_n‖
//! ```
//!
//! The sum of three terms loses digits if rows are close together and far from 0. So it only selects the k nearest
//! rows; their distances are then computed from the differences. Equal rows have a distance of exactly 0.
//!
//! Source: Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD 2000. The
//! detector KNN of the Python library PyOD computes the same, with k = 5.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{SAMPLES, TRAIN};

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
    assert_eq!(samples.ncols(), train.ncols(), "samples of the size of the training rows");
    let finite = |rows: ArrayView2<f32>| rows.iter().all(|value| value.is_finite());
    if k == 0 || k > train.nrows() || !finite(train) || !finite(samples) {
        return None;
    }
    let blocks = samples.axis_chunks_iter(Axis(0), SAMPLES).into_par_iter().with_min_len(1);
    let found: Vec<Vec<f64>> = blocks.map(|block| of_block(train, block, k)).collect();
    Some(found.concat())
}

/// The distances of one block of samples.
fn of_block(train: ArrayView2<f32>, samples: ArrayView2<f32>, k: usize) -> Vec<f64> {
    let x = samples.mapv(f64::from);
    // Of each sample the k nearest rows so far, the nearest first: ‖t‖² − 2·x·t, and the number of the row.
    let mut nearest: Vec<Vec<(f64, usize)>> = vec![Vec::with_capacity(k + 1); samples.nrows()];
    for (number, block) in train.axis_chunks_iter(Axis(0), TRAIN).enumerate() {
        let t = block.mapv(f64::from);
        let squares: Array1<f64> = t.rows().into_iter().map(|row| row.dot(&row)).collect();
        let products: Array2<f64> = x.dot(&t.t());
        for (nearest, products) in nearest.iter_mut().zip(products.rows()) {
            for (r, (&product, &square)) in products.iter().zip(&squares).enumerate() {
                let key = square - 2.0 * product;
                if nearest.len() < k || key < nearest[k - 1].0 {
                    let place = nearest.partition_point(|&(other, _)| other <= key);
                    nearest.insert(place, (key, number * TRAIN + r));
                    nearest.truncate(k);
                }
            }
        }
    }
    let farthest = |(x, nearest): (ArrayView1<f32>, &Vec<(f64, usize)>)| {
        let distance = |&(_, r): &(f64, usize)| -> f64 {
            let differences = x.iter().zip(train.row(r)).map(|(&x, &t)| f64::from(x) - f64::from(t));
            differences.map(|difference| difference * difference).sum::<f64>().sqrt()
        };
        nearest.iter().map(distance).fold(0.0, f64::max)
    };
    samples.rows().into_iter().zip(&nearest).map(farthest).collect()
}
