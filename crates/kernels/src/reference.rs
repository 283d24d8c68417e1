//! Plain versions of the products. The fast versions must give the same results, bit for bit.

use crate::matmul::KC;

/// Σ_p a(p)·b(p): each block of 256 terms is a chain of fused multiply-adds, and the blocks are added in order.
fn dot(k: usize, a: impl Fn(usize) -> f32, b: impl Fn(usize) -> f32) -> f32 {
    let mut total = 0.0;
    for p in (0..k).step_by(KC) {
        let mut block = 0.0_f32;
        for p in p..k.min(p + KC) {
            block = a(p).mul_add(b(p), block);
        }
        total = if p == 0 { block } else { total + block };
    }
    total
}

/// y ← x·w. Shapes: x m×k, w k×n.
pub fn matmul(x: &[f32], w: &[f32], y: &mut [f32], k: usize, n: usize) {
    for (place, y) in y.iter_mut().enumerate() {
        let (i, j) = (place / n, place % n);
        *y = dot(k, |p| x[i * k + p], |p| w[p * n + j]);
    }
}

/// dx ← δ·wᵀ. Shapes: δ m×n, w k×n.
pub fn matmul_nt(delta: &[f32], w: &[f32], dx: &mut [f32], k: usize, n: usize) {
    for (place, dx) in dx.iter_mut().enumerate() {
        let (i, j) = (place / k, place % k);
        *dx = dot(n, |p| delta[i * n + p], |p| w[j * n + p]);
    }
}

/// dw ← xᵀ·δ. Shapes: x m×k, δ m×n.
pub fn matmul_tn(x: &[f32], delta: &[f32], dw: &mut [f32], k: usize, n: usize) {
    let m = x.len().checked_div(k).unwrap_or(0);
    for (place, dw) in dw.iter_mut().enumerate() {
        let (i, j) = (place / n, place % n);
        *dw = dot(m, |p| x[p * k + i], |p| delta[p * n + j]);
    }
}
