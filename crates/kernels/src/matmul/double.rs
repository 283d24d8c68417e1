//! The products for f64, computed by the `matrixmultiply` crate. The gradient checks use them.

use super::{BatchRows, Finish, Range, finished};

/// c ← a·b + beta·c for strided a (m×k) and b (k×n), row-major c (m×n).
fn gemm(
    [m, k, n]: [usize; 3],
    a: &[f64],
    [rsa, csa]: [usize; 2],
    b: &[f64],
    [rsb, csb]: [usize; 2],
    beta: f64,
    c: &mut [f64],
) {
    if m == 0 || n == 0 {
        return;
    }
    let last = |rows: usize, rs: usize, cols: usize, cs: usize| (rows - 1) * rs + (cols - 1) * cs;
    assert!(k == 0 || (last(m, rsa, k, csa) < a.len() && last(k, rsb, n, csb) < b.len()));
    assert_eq!(m.checked_mul(n), Some(c.len()));
    // SAFETY: the assertions above keep every element that the strides reach inside its slice.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            rsa as isize,
            csa as isize,
            b.as_ptr(),
            rsb as isize,
            csb as isize,
            beta,
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}

pub(crate) fn matmul(x: &[f64], w: &[f64], b: &[f64], finish: Finish, y: &mut [f64], [m, k, n]: [usize; 3]) {
    gemm([m, k, n], x, [k, 1], w, [n, 1], 0.0, y);
    for y in y.chunks_exact_mut(n.max(1)) {
        y.iter_mut().enumerate().for_each(|(j, y)| *y = finished(*y, b, j, finish));
    }
}

pub(crate) fn matmul_nt(d: &[f64], w: &[f64], dx: &mut [f64], m: usize, k: usize, n: usize) {
    gemm([m, n, k], d, [n, 1], w, [1, n], 0.0, dx);
}

pub(crate) fn matmul_tn(x: BatchRows<f64>, d: BatchRows<f64>, inputs: Range<usize>, dw: &mut [f64]) {
    dw.fill(0.0);
    for (x, d) in x.iter().zip(d.iter()) {
        gemm([inputs.len(), 1, d.len()], &x[inputs.clone()], [1, 1], d, [d.len(), 1], 1.0, dw);
    }
}
