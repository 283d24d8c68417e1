//! # The nearest row by the values that two rows have in common
//!
//! ```text
//! S = { j : x_j and t_j are known }            for a sample x and a known row t, in which some values may be NaN
//! D²(x, t) = 1/|S| · Σ_{j∈S} (x_j − t_j)²      the mean, so that rows with few values in common are not near for that
//! ```
//!
//! Two series of unequal length have the steps of the shorter one in common. Values that are only padding must not take
//! part: they would compare the lengths. Source: Dixon, "Pattern recognition with partly missing data", IEEE
//! Transactions on Systems, Man, and Cybernetics 9 (1979).

use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Returns for each of `samples` (m×d) the row of `known` (n×d) with the smallest D², and of equal ones the first.
/// `None` for a sample that has no value in common with any row.
///
/// ```
/// use handgrad_analysis::neighbours::nearest_by_shared;
/// use ndarray::array;
///
/// let known = array![[1.0, 1.0, f32::NAN], [2.0, 9.0, 9.0]];
/// let samples = array![[1.4, f32::NAN, f32::NAN], [2.0, 3.0, 9.0], [f32::NAN; 3]];
/// assert_eq!(nearest_by_shared(known.view(), samples.view()), [Some(0), Some(0), None]);
/// ```
///
/// # Panics
/// If the samples do not have as many values as the known rows.
#[must_use]
pub fn nearest_by_shared(known: ArrayView2<f32>, samples: ArrayView2<f32>) -> Vec<Option<usize>> {
    assert_eq!(samples.ncols(), known.ncols(), "samples of the size of the known rows");
    let nearest = |sample: ArrayView1<f32>| {
        let mut best: Option<(usize, f64)> = None;
        for (row, distance) in known.rows().into_iter().map(|row| squared(sample, row)).enumerate() {
            if distance < best.map_or(f64::INFINITY, |best| best.1) {
                best = Some((row, distance));
            }
        }
        best.map(|best| best.0)
    };
    samples.axis_iter(Axis(0)).into_par_iter().map(nearest).collect()
}

/// D² of two rows. NaN, which is never the smallest, if they have no value in common.
fn squared(x: ArrayView1<f32>, t: ArrayView1<f32>) -> f64 {
    let (mut sum, mut shared) = (0.0, 0);
    for (&x, &t) in x.iter().zip(t) {
        if !x.is_nan() && !t.is_nan() {
            sum += (f64::from(x) - f64::from(t)).powi(2);
            shared += 1;
        }
    }
    sum / f64::from(shared)
}
