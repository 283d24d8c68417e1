//! # k-NN imputation: a missing cell gets the mean of the k nearest rows that know it
//!
//! ```text
//! a ∈ {0, 1}^d: which cells of the row x are known       b: those of the fitting row t
//! s = a·b                                                 how many cells both rows know
//! D²(x, t) = d/s · Σ_{j: a_j = b_j = 1} (x_j − t_j)²      not defined if s = 0
//!          = d/s · ( (a∘x²)·b + a·(b∘t²) − 2·(a∘x)·(b∘t) )
//! x_j = mean of t_j over the k rows with the smallest D among those with b_j = 1      if a_j = 0
//! ```
//!
//! The second form of D² needs only matrix products, each for many rows x and t at once. Only the order of the
//! distances is used, so the factor d is left out. If two distances are equal, the earlier row is the nearer one. If
//! fewer than k rows have the value and a distance, the mean is that of these rows; if there are none, it is the mean
//! of the column over all fitting rows.
//!
//! Source: Troyanskaya et al., "Missing value estimation methods for DNA microarrays", Bioinformatics 17 (2001); the
//! distance is that of Dixon, "Pattern recognition with partly missing data", IEEE Transactions on Systems, Man, and
//! Cybernetics 9 (1979). scikit-learn's KNNImputer computes the same, with k = 5 and uniform weights.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{SAMPLES, TRAIN};

/// Returns `rows` (m×d) with their missing cells (NaN) filled from the `k` nearest rows of `train` (n×d), which may
/// also have missing cells. Known cells do not change. Cells of a column that has no value in `train` stay missing.
/// Returns `None` if `k` is 0, if `train` has no rows, or if a value is infinite.
///
/// ```
/// use ndarray::array;
///
/// let train = array![[1.0, 10.0], [2.0, 20.0], [9.0, 90.0], [2.0, f32::NAN]];
/// let rows = array![[2.0, f32::NAN], [f32::NAN, 88.0]];
/// let filled = handgrad_analysis::knn_impute(train.view(), rows.view(), 2).expect("finite values");
/// assert_eq!(filled, array![[2.0, 15.0], [5.5, 88.0]]);
/// ```
///
/// # Panics
/// If the rows do not have as many columns as those of `train`.
#[must_use]
pub fn knn_impute(train: ArrayView2<f32>, rows: ArrayView2<f32>, k: usize) -> Option<Array2<f32>> {
    assert_eq!(rows.ncols(), train.ncols(), "rows of the size of the fitting rows");
    let infinite = |rows: ArrayView2<f32>| rows.iter().any(|value| value.is_infinite());
    if k == 0 || train.nrows() == 0 || infinite(train) || infinite(rows) {
        return None;
    }
    let means: Array1<f64> = train.columns().into_iter().map(|column| mean(column.iter().copied())).collect();
    let mut filled = rows.to_owned();
    let with_holes: Vec<usize> =
        (0..rows.nrows()).filter(|&i| rows.row(i).iter().any(|value| value.is_nan())).collect();
    let holes = rows.select(Axis(0), &with_holes);
    let blocks = holes.axis_chunks_iter(Axis(0), SAMPLES).into_par_iter().with_min_len(1);
    let blocks: Vec<Array2<f32>> = blocks.map(|block| fill_block(train, block, k, &means)).collect();
    for (&i, row) in with_holes.iter().zip(blocks.iter().flat_map(|block| block.rows())) {
        filled.row_mut(i).assign(&row);
    }
    Some(filled)
}

/// The mean of the values that are not missing; NaN if there are none.
fn mean(values: impl Iterator<Item = f32>) -> f64 {
    let (sum, count) = values
        .filter(|value| !value.is_nan())
        .fold((0.0, 0), |(sum, count), value| (sum + f64::from(value), count + 1));
    sum / f64::from(count)
}

/// Which values are known, and the values with 0 where they are missing; both as f64.
fn known_and_values(rows: ArrayView2<f32>) -> [Array2<f64>; 2] {
    let known = rows.mapv(|value| if value.is_nan() { 0.0 } else { 1.0 });
    [known, rows.mapv(|value| if value.is_nan() { 0.0 } else { f64::from(value) })]
}

/// Fills one block of rows.
fn fill_block(train: ArrayView2<f32>, rows: ArrayView2<f32>, k: usize, means: &Array1<f64>) -> Array2<f32> {
    let distances = distances(train, rows);
    let mut filled = rows.to_owned();
    let mut order: Vec<(f64, usize)> = Vec::with_capacity(train.nrows());
    for (row, distances) in filled.rows_mut().into_iter().zip(distances.rows()) {
        order.clear();
        order.extend(distances.iter().enumerate().filter(|(_, d)| !d.is_nan()).map(|(r, &d)| (d, r)));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        fill_row(train, row, &order, k, means);
    }
    filled
}

/// Fills one row from the rows of `train` in `order`, the nearest first.
fn fill_row(train: ArrayView2<f32>, row: ArrayViewMut1<f32>, order: &[(f64, usize)], k: usize, means: &Array1<f64>) {
    for (j, cell) in row.into_iter().enumerate().filter(|(_, cell)| cell.is_nan()) {
        let donors = order.iter().map(|&(_, r)| train[[r, j]]).filter(|value| !value.is_nan());
        let of_donors = mean(donors.take(k));
        *cell = (if of_donors.is_nan() { means[j] } else { of_donors }) as f32;
    }
}

/// D²/d for each of `rows` and each row of `train`, rows×n; NaN where the two rows share no known cell.
fn distances(train: ArrayView2<f32>, rows: ArrayView2<f32>) -> Array2<f64> {
    let [a, x] = known_and_values(rows);
    let x_squared = &x * &x;
    let known_of_rows: Array1<f64> = a.sum_axis(Axis(1));
    let squares_of_rows: Array1<f64> = x_squared.sum_axis(Axis(1));
    let mut distances = Array2::zeros((rows.nrows(), train.nrows()));
    let blocks = train.axis_chunks_iter(Axis(0), TRAIN);
    for (block, mut out) in blocks.zip(distances.axis_chunks_iter_mut(Axis(1), TRAIN)) {
        let [b, t] = known_and_values(block);
        let mut squares = a.dot(&(&t * &t).t());
        squares.scaled_add(-2.0, &x.dot(&t.t()));
        // If all cells of the block are known, b is 1 everywhere, and two products are sums over rows.
        let all_known = b.iter().all(|&known| known == 1.0);
        let shared = if all_known {
            squares += &squares_of_rows.view().insert_axis(Axis(1));
            None
        } else {
            squares += &x_squared.dot(&b.t());
            Some(a.dot(&b.t()))
        };
        for ((i, r), out) in out.indexed_iter_mut() {
            let shared = shared.as_ref().map_or(known_of_rows[i], |shared| shared[[i, r]]);
            // Rounding makes some distances of 0 slightly negative.
            *out = if shared == 0.0 { f64::NAN } else { squares[[i, r]].max(0.0) / shared };
        }
    }
    distances
}
