//! # Squared distances of two blocks of rows
//!
//! ```text
//! D_ij = ‖x_i − t_j‖² = ‖x_i‖² + ‖t_j‖² − 2·x_i·t_j          all of them by one product X·Tᵀ
//! ```
//!
//! The sum of three terms loses digits if the two rows are close together and far from 0: its error is about
//! 2⁻⁵²·(‖x_i‖² + ‖t_j‖²). Where D is less than 10⁻⁴ of these two, it is computed from the differences.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// The squared distance is computed from differences if it is a smaller part of the squared norms than this.
const SMALL: f64 = 1e-4;

/// All squared distances of the rows of `x` (m×d) and those of `t` (n×d): m×n.
pub(super) fn squared(x: ArrayView2<f64>, t: ArrayView2<f64>) -> Array2<f64> {
    let mut squared = x.dot(&t.t());
    let norms = |rows: ArrayView2<f64>| -> Array1<f64> { rows.rows().into_iter().map(|row| row.dot(&row)).collect() };
    let (of_x, of_t) = (norms(x), norms(t));
    for ((i, j), value) in squared.indexed_iter_mut() {
        let norms = of_x[i] + of_t[j];
        *value = norms - 2.0 * *value;
        if *value < SMALL * norms {
            *value = squared_of(x.row(i), t.row(j));
        }
    }
    squared
}

/// The squared distance of two rows from their differences.
pub(super) fn squared_of(x: ArrayView1<f64>, t: ArrayView1<f64>) -> f64 {
    x.iter().zip(t).map(|(x, t)| (x - t) * (x - t)).sum()
}
