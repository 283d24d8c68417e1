//! # The k nearest rows of a sample
//!
//! ```text
//! x_i, d values: a sample       t_r, d values: a known row, r < n
//! ‖x_i − t_r‖² = ‖x_i‖² + ‖t_r‖² − 2·x_i·t_r     for all i and r: one product X·Tᵀ, samples×n
//! ```
//!
//! The sum of three terms loses digits if rows are close together and far from 0. So it only selects some more than k
//! candidates; their distances are then computed from the differences, and the k nearest of them are returned. Equal
//! rows have a distance of exactly 0. If two rows are equally far, the earlier one is the nearer one.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{SAMPLES, TRAIN};

/// Rows that are selected in addition to the k nearest, because the first selection is not exact.
const MORE: usize = 8;

/// The nearest known rows of some samples, the nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// The numbers of the rows, samples×k.
    pub rows: Array2<u32>,
    /// Their Euclidean distances, samples×k.
    pub distances: Array2<f64>,
}

/// Returns for each of `samples` (m×d) its `k` nearest rows of `known` (n×d). Returns `None` if `k` is 0 or greater
/// than n, or if a value is not finite.
///
/// ```
/// use ndarray::array;
///
/// let known = array![[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]];
/// let found = handgrad_analysis::nearest(known.view(), array![[3.0, 4.0]].view(), 2).expect("finite values");
/// assert_eq!(found.rows, array![[2, 1]]);
/// assert_eq!(found.distances, array![[3.0, 4.0]]);
/// ```
///
/// # Panics
/// If the samples do not have as many values as the known rows.
#[must_use]
pub fn nearest(known: ArrayView2<f32>, samples: ArrayView2<f32>, k: usize) -> Option<Nearest> {
    search(known, samples, k, false)
}

/// Returns for each of `rows` (n×d) the `k` nearest of the other rows. An equal row is a neighbour, the row itself is
/// not. Returns `None` if `k` is 0, if there are not more than `k` rows, or if a value is not finite.
///
/// ```
/// use ndarray::array;
///
/// let rows = array![[0.0], [1.0], [5.0]];
/// let found = handgrad_analysis::nearest_others(rows.view(), 1).expect("finite values");
/// assert_eq!(found.rows, array![[1], [0], [1]]);
/// ```
#[must_use]
pub fn nearest_others(rows: ArrayView2<f32>, k: usize) -> Option<Nearest> {
    search(rows, rows, k, true)
}

/// Searches for the nearest rows. `without_self` says that the samples are the known rows, and that a row is not a
/// neighbour of itself.
fn search(known: ArrayView2<f32>, samples: ArrayView2<f32>, k: usize, without_self: bool) -> Option<Nearest> {
    assert_eq!(samples.ncols(), known.ncols(), "samples of the size of the known rows");
    let finite = |rows: ArrayView2<f32>| rows.iter().all(|value| value.is_finite());
    if k == 0 || k + usize::from(without_self) > known.nrows() || !finite(known) || !finite(samples) {
        return None;
    }
    let mut found =
        Nearest { rows: Array2::zeros((samples.nrows(), k)), distances: Array2::zeros((samples.nrows(), k)) };
    let blocks = found.rows.axis_chunks_iter_mut(Axis(0), SAMPLES).into_par_iter().with_min_len(1);
    let distances = found.distances.axis_chunks_iter_mut(Axis(0), SAMPLES).into_par_iter();
    blocks.zip(distances).enumerate().for_each(|(block, (mut rows, mut distances))| {
        let first = block * SAMPLES;
        let samples = samples.slice_axis(Axis(0), (first..first + rows.nrows()).into());
        let candidates = candidates(known, samples, k + MORE, without_self.then_some(first));
        for ((sample, mut candidates), (mut rows, mut distances)) in
            samples.rows().into_iter().zip(candidates).zip(rows.rows_mut().into_iter().zip(distances.rows_mut()))
        {
            for (distance, r) in &mut candidates {
                let differences = sample.iter().zip(known.row(*r)).map(|(&x, &t)| f64::from(x) - f64::from(t));
                *distance = differences.map(|difference| difference * difference).sum::<f64>();
            }
            candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (place, (squared, r)) in candidates.into_iter().take(k).enumerate() {
                (rows[place], distances[place]) = (r as u32, squared.sqrt());
            }
        }
    });
    Some(found)
}

/// Returns for each sample the `most` rows t with the smallest key ‖t‖² − 2·x·t, as pairs of the key and the number of
/// the row. If the samples are known rows themselves, `first` is the number of the first one, so that no row becomes
/// its own neighbour.
fn candidates(
    known: ArrayView2<f32>,
    samples: ArrayView2<f32>,
    most: usize,
    first: Option<usize>,
) -> Vec<Vec<(f64, usize)>> {
    let x = samples.mapv(f64::from);
    // In ascending order of the key.
    let mut nearest: Vec<Vec<(f64, usize)>> = vec![Vec::with_capacity(most + 1); samples.nrows()];
    for (number, block) in known.axis_chunks_iter(Axis(0), TRAIN).enumerate() {
        let t = block.mapv(f64::from);
        let squares: Array1<f64> = t.rows().into_iter().map(|row| row.dot(&row)).collect();
        let products: Array2<f64> = x.dot(&t.t());
        for (i, (nearest, products)) in nearest.iter_mut().zip(products.rows()).enumerate() {
            for (r, (&product, &square)) in products.iter().zip(&squares).enumerate() {
                let (key, r) = (square - 2.0 * product, number * TRAIN + r);
                let is_near = nearest.len() < most || key < nearest[most - 1].0;
                if is_near && first.map(|first| first + i) != Some(r) {
                    let place = nearest.partition_point(|&(other, _)| other <= key);
                    nearest.insert(place, (key, r));
                    nearest.truncate(most);
                }
            }
        }
    }
    nearest
}
