//! Safe functions for the products of other crates. Tests use them as the reference, and benchmarks compare with
//! them.

/// The strides of a matrix: element (i, j) is at `i·strides[0] + j·strides[1]`.
pub type Strides = [usize; 2];

fn assert_fits([rows, cols]: [usize; 2], strides: Strides, len: usize) {
    let last = (rows.max(1) - 1) * strides[0] + (cols.max(1) - 1) * strides[1];
    assert!(rows * cols == 0 || last < len, "a {rows}×{cols} matrix with strides {strides:?} in {len} floats");
}

/// c ← a·b with the `matrixmultiply` crate at alpha = 1. Shapes: a m×k, b k×n, c m×n; c is row-major.
///
/// # Panics
/// If the strides reach beyond a slice.
pub fn matrixmultiply([m, k, n]: [usize; 3], a: &[f32], sa: Strides, b: &[f32], sb: Strides, c: &mut [f32]) {
    assert_fits([m, k], sa, a.len());
    assert_fits([k, n], sb, b.len());
    assert_eq!(c.len(), m * n);
    let [a0, a1, b0, b1] = [sa[0], sa[1], sb[0], sb[1]].map(|stride| stride as isize);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    // SAFETY: the assertions keep every element that the strides reach inside its slice.
    unsafe { ::matrixmultiply::sgemm(m, k, n, 1.0, a, a0, a1, b, b0, b1, 0.0, c, n as isize, 1) }
}

/// c ← a·b with the `gemm` crate on one thread. The shapes are those of [`matrixmultiply()`].
///
/// # Panics
/// If the strides reach beyond a slice.
pub fn gemm([m, k, n]: [usize; 3], a: &[f32], sa: Strides, b: &[f32], sb: Strides, c: &mut [f32]) {
    assert_fits([m, k], sa, a.len());
    assert_fits([k, n], sb, b.len());
    assert_eq!(c.len(), m * n);
    let [a0, a1, b0, b1] = [sa[0], sa[1], sb[0], sb[1]].map(|stride| stride as isize);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let one_thread = ::gemm::Parallelism::None;
    // SAFETY: the assertions keep every element that the strides reach inside its slice; c is not read (alpha = 0).
    unsafe {
        ::gemm::gemm(m, n, k, c, 1, n as isize, false, a, a1, a0, b, b1, b0, 0.0, 1.0, false, false, false, one_thread);
    }
}
