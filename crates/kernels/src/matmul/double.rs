//! The products for f64, computed by the `matrixmultiply` crate. The gradient checks use them.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{BatchRows, Finish, Range, finished};

/// c ← a·b + beta·c for strided a (m×k) and b (k×n), and c (m×n) with the stride `rsc` from row to row.
///
/// # Safety
/// All elements that the strides reach are valid: those of a and b for reading, those of c for writing.
unsafe fn gemm(
    [m, k, n]: [usize; 3],
    a: *const f64,
    [rsa, csa]: [usize; 2],
    b: *const f64,
    [rsb, csb]: [usize; 2],
    beta: f64,
    (c, rsc): (*mut f64, usize),
) {
    let [rsa, csa, rsb, csb, rsc] = [rsa, csa, rsb, csb, rsc].map(|stride| stride as isize);
    // SAFETY: guaranteed by the caller.
    unsafe { matrixmultiply::dgemm(m, k, n, 1.0, a, rsa, csa, b, rsb, csb, beta, c, rsc, 1) };
}

pub(crate) fn matmul(x: &[f64], w: ArrayView2<f64>, b: &[f64], finish: Finish, mut y: ArrayViewMut2<f64>) {
    let ((k, n), m) = (w.dim(), y.nrows());
    let [w_row, y_row] = [w.strides()[0], y.strides()[0]].map(|stride| stride as usize);
    // SAFETY: the caller has checked that x holds m·k values and that the shapes of w and y fit; the views are valid.
    unsafe { gemm([m, k, n], x.as_ptr(), [k, 1], w.as_ptr(), [w_row, 1], 0.0, (y.as_mut_ptr(), y_row)) };
    for mut y in y.rows_mut() {
        y.iter_mut().enumerate().for_each(|(j, y)| *y = finished(*y, b, j, finish));
    }
}

pub(crate) fn matmul_nt(d: &[f64], w: &[f64], mut dx: ArrayViewMut2<f64>) {
    let (m, k) = dx.dim();
    let (n, dx_row) = (w.len().checked_div(k).unwrap_or(0), dx.strides()[0] as usize);
    // SAFETY: the caller has checked that d holds m·n values and w k·n; dx is a valid view.
    unsafe { gemm([m, n, k], d.as_ptr(), [n, 1], w.as_ptr(), [1, n], 0.0, (dx.as_mut_ptr(), dx_row)) };
}

pub(crate) fn matmul_tn(x: BatchRows<f64>, d: BatchRows<f64>, inputs: Range<usize>, dw: &mut [f64]) {
    dw.fill(0.0);
    for (x, d) in x.iter().zip(d.iter()) {
        let (x, n) = (&x[inputs.clone()], d.len());
        // SAFETY: the caller has checked that dw holds x.len()·n values.
        unsafe { gemm([x.len(), 1, n], x.as_ptr(), [1, 1], d.as_ptr(), [n, 1], 1.0, (dw.as_mut_ptr(), n)) };
    }
}
