//! The three products of a dense layer, each element one fixed chain of roundings.
//!
//! ```text
//! y  ← x·w      forward           m×n ← m×k · k×n      matmul
//! dx ← δ·wᵀ     backward_input    m×k ← m×n · n×k      matmul_nt
//! dw ← xᵀ·δ     backward_params   k×n ← k×m · m×n      matmul_tn
//! ```
//!
//! Matrices are row-major. Every element is Σ_p a_p·b_p with p in blocks of 256: within a block one chain of fused
//! multiply-adds from 0 upwards, then the blocks added in order. That is the order of the `matrixmultiply` crate at
//! alpha = 1, which the tests hold these products to, bit for bit. An element's chain depends on nothing but its own
//! row and column, so neither the number of rows a call has, nor threads, nor the register width change a bit.
//!
//! Blocking follows BLIS (Van Zee & van de Geijn 2015): tiles of MR rows run down a panel of the second operand, 256
//! deep and as wide as a tile. What is particular to training: a panel as wide as registers is packed by the first of
//! several tiles that read it, next to its multiply-adds; the tiles below ask the caches for the panel after it; and of
//! δ·wᵀ the smaller operand is turned, which is δ unless there are many rows. What is packed lies in memory that each
//! thread keeps.

pub(crate) mod double;
pub(crate) mod single;
mod tiles;

use std::ops::Range;

use crate::{BatchRows, Finish, Scalar};

/// Depth of a block of the sum.
pub(crate) const KC: usize = 256;
/// Widest panel of any register: NV·LANES floats.
const NR_MAX: usize = 32;

/// y ← x·w. Shapes: x m×k, w k×n, y m×n with m = x.len() / k.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul<T: Scalar>(x: &[T], w: &[T], y: &mut [T], k: usize, n: usize) {
    let m = rows_of(y.len(), n, x.len(), k);
    assert!(holds(x, m, k) && holds(w, k, n) && holds(y, m, n), "x {m}×{k}, w {k}×{n}, y {m}×{n}");
    T::matmul(x, w, &[], Finish::None, y, [m, k, n]);
}

/// y ← finish(x·w + b): the bias is added to the whole sum. Shapes: x m×k, w k×n, b n, y m×n with m = y.len() / n.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul_bias<T: Scalar>(x: &[T], w: &[T], b: &[T], finish: Finish, y: &mut [T]) {
    let n = b.len();
    let k = w.len().checked_div(n).unwrap_or(0);
    let m = rows_of(y.len(), n, x.len(), k);
    assert!(holds(x, m, k) && holds(w, k, n) && holds(y, m, n), "x {m}×{k}, w {k}×{n}, y {m}×{n}");
    T::matmul(x, w, b, finish, y, [m, k, n]);
}

/// dx ← δ·wᵀ. Shapes: δ m×n, w k×n, dx m×k with m = δ.len() / n.
///
/// # Panics
/// If the lengths are not those of such matrices.
pub fn matmul_nt<T: Scalar>(delta: &[T], w: &[T], dx: &mut [T], k: usize, n: usize) {
    let m = rows_of(dx.len(), k, delta.len(), n);
    assert!(holds(delta, m, n) && holds(w, k, n) && holds(dx, m, k), "δ {m}×{n}, w {k}×{n}, dx {m}×{k}");
    T::matmul_nt(delta, w, dx, m, k, n);
}

/// dw ← xᵀ·δ for the rows `inputs` of dw: the sum runs over the samples in order, whatever shards they lie in.
/// Shapes: x m×k, δ m×n, dw inputs.len()×n with `inputs` within 0..k.
///
/// # Panics
/// If the shapes are not those.
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

/// Is this a rows×cols matrix? The product must not wrap around: unsafe code relies on it.
fn holds<T>(matrix: &[T], rows: usize, cols: usize) -> bool {
    rows.checked_mul(cols) == Some(matrix.len())
}

/// Number of rows, from whichever matrix has columns.
fn rows_of(y_len: usize, n: usize, x_len: usize, k: usize) -> usize {
    y_len.checked_div(n).or(x_len.checked_div(k)).unwrap_or(0)
}

/// What a finished element is: sum [+ b(j)] [, 0 where that is below 0].
fn finished<T: Scalar>(sum: T, b: &[T], j: usize, finish: Finish) -> T {
    let z = if b.is_empty() { sum } else { sum + b[j] };
    if finish == Finish::Relu && z < T::ZERO { T::ZERO } else { z }
}
