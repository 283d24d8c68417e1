//! The three products of a dense layer, where each element is computed in a fixed order of roundings.
//!
//! ```text
//! y  ← x·w      forward           m×n ← m×k · k×n      matmul
//! dx ← δ·wᵀ     backward_input    m×k ← m×n · n×k      matmul_nt
//! dw ← xᵀ·δ     backward_params   k×n ← k×m · m×n      matmul_tn
//! ```
//!
//! Matrices are row-major. Every element is Σ_p a_p·b_p with p in blocks of 256: each block is a chain of fused
//! multiply-adds that starts from 0, and the blocks are added in order. The `matrixmultiply` crate uses the same
//! order at alpha = 1, and the tests compare these products with it, bit for bit. The chain of an element depends
//! only on its own row and column. Therefore the number of rows in a call, the number of threads and the register
//! width do not change a bit.
//!
//! Blocking follows BLIS (Van Zee & van de Geijn 2015): tiles of MR rows run down a panel of the second operand, 256
//! deep and as wide as a tile. Three things are special, because they help in training. The first of several tiles
//! that read a panel also packs it, in parallel with its multiply-adds, if the panel is as wide as the registers. The
//! tiles below it prefetch the next panel. For δ·wᵀ the smaller operand is transposed, which is δ unless there are
//! many rows. Each thread keeps its own memory for packed data.

pub(crate) mod double;
pub(crate) mod single;
mod tiles;

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{BatchRows, Finish, Scalar};

/// Number of terms in a block of the sum.
pub(crate) const KC: usize = 256;
/// Width of the widest panel, NV·LANES floats, over all register types.
const NR_MAX: usize = 32;

/// y ← x·w. Shapes: x m×k, w k×n, y m×n with m = x.len() / k.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul<T: Scalar>(x: &[T], w: &[T], y: &mut [T], k: usize, n: usize) {
    let m = rows_of(y.len(), n, x.len(), k);
    assert!(holds(x, m, k) && holds(w, k, n) && holds(y, m, n), "x {m}×{k}, w {k}×{n}, y {m}×{n}");
    T::matmul(x, view(w, k, n), &[], Finish::None, view_mut(y, m, n));
}

/// y ← finish(x·w + b): the bias is added to the complete sum. Shapes: x m×k, w k×n, b n, y m×n with m = y.len() / n.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul_bias<T: Scalar>(x: &[T], w: &[T], b: &[T], finish: Finish, y: &mut [T]) {
    let n = b.len();
    let k = w.len().checked_div(n).unwrap_or(0);
    let m = rows_of(y.len(), n, x.len(), k);
    assert!(holds(x, m, k) && holds(w, k, n) && holds(y, m, n), "x {m}×{k}, w {k}×{n}, y {m}×{n}");
    T::matmul(x, view(w, k, n), b, finish, view_mut(y, m, n));
}

/// Some columns of [`matmul_bias`]: w, b and y hold only these, so that the rows of w and y may be apart in memory. An
/// empty b means 0. Shapes: x m×k, w k×n, b n, y m×n.
///
/// # Panics
/// If the shapes are different, or the values of a row are not side by side.
pub fn matmul_bias_columns<T: Scalar>(x: &[T], w: ArrayView2<T>, b: &[T], finish: Finish, y: ArrayViewMut2<T>) {
    let ((k, n), m) = (w.dim(), y.nrows());
    let fits = b.is_empty() || b.len() == n;
    assert!(holds(x, m, k) && fits && y.ncols() == n, "x {m}×{k}, w {k}×{n}, b {}, y {:?}", b.len(), y.dim());
    assert!(has_whole_rows(w) && has_whole_rows(y.view()), "the values of a row of w or y are not side by side");
    T::matmul(x, w, b, finish, y);
}

/// dx ← δ·wᵀ. Shapes: δ m×n, w k×n, dx m×k with m = δ.len() / n.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul_nt<T: Scalar>(delta: &[T], w: &[T], dx: &mut [T], k: usize, n: usize) {
    let m = rows_of(dx.len(), k, delta.len(), n);
    assert!(holds(delta, m, n) && holds(w, k, n) && holds(dx, m, k), "δ {m}×{n}, w {k}×{n}, dx {m}×{k}");
    T::matmul_nt(delta, w, view_mut(dx, m, k));
}

/// Some columns of [`matmul_nt`]: w holds only the rows that belong to them, and dx only these columns, so that its
/// rows may be apart in memory. Shapes: δ m×n, w k×n, dx m×k.
///
/// # Panics
/// If the shapes are different, or the values of a row are not side by side.
pub fn matmul_nt_columns<T: Scalar>(delta: &[T], w: &[T], dx: ArrayViewMut2<T>) {
    let (m, k) = dx.dim();
    let n = w.len().checked_div(k).unwrap_or(0);
    assert!(holds(delta, m, n) && holds(w, k, n), "δ {} values, w {k}×{n}, dx {m}×{k}", delta.len());
    assert!(has_whole_rows(dx.view()), "the values of a row of dx are not side by side");
    T::matmul_nt(delta, w, dx);
}

/// dw ← xᵀ·δ for the rows `inputs` of dw. The sum runs over the samples in order; their division into shards does not
/// matter. Shapes: x m×k, δ m×n, dw inputs.len()×n with `inputs` within 0..k.
///
/// # Panics
/// If the shapes are different.
pub fn matmul_tn<T: Scalar>(x: BatchRows<T>, delta: BatchRows<T>, inputs: Range<usize>, dw: &mut [T]) {
    assert!(
        x.rows() == delta.rows() && inputs.end <= x.cols() && holds(dw, inputs.len(), delta.cols()),
        "x {}×{}, δ {}×{}, rows {inputs:?} of dw in {} values",
        x.rows(),
        x.cols(),
        delta.rows(),
        delta.cols(),
        dw.len()
    );
    T::matmul_tn(x, delta, inputs, dw);
}

/// The values as a matrix.
fn view<T>(values: &[T], rows: usize, cols: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((rows, cols), values).expect("the caller has checked the length")
}

/// The values as a matrix.
fn view_mut<T>(values: &mut [T], rows: usize, cols: usize) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape((rows, cols), values).expect("the caller has checked the length")
}

/// Returns whether the values of each row are side by side and the rows are in order.
fn has_whole_rows<T>(matrix: ArrayView2<T>) -> bool {
    let [row, col] = [matrix.strides()[0], matrix.strides()[1]];
    row >= 0 && (matrix.ncols() <= 1 || col == 1)
}

/// Returns whether this is a rows×cols matrix. The product rows·cols must not wrap around: unsafe code relies on
/// this.
fn holds<T>(matrix: &[T], rows: usize, cols: usize) -> bool {
    rows.checked_mul(cols) == Some(matrix.len())
}

/// Returns the number of rows, computed from y, or from x if y has no columns.
fn rows_of(y_len: usize, n: usize, x_len: usize, k: usize) -> usize {
    y_len.checked_div(n).or(x_len.checked_div(k)).unwrap_or(0)
}

/// Returns a finished element: sum [+ b(j)], and with ReLU 0 if that is below 0.
fn finished<T: Scalar>(sum: T, b: &[T], j: usize, finish: Finish) -> T {
    let z = if b.is_empty() { sum } else { sum + b[j] };
    if finish == Finish::Relu && z < T::ZERO { T::ZERO } else { z }
}
