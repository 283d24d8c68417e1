//! The three products for f32, divided into tiles.

use std::cell::RefCell;
use std::ptr::null;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::tiles::{column_of_tiles, rows_of_tiles, transpose, turn_back};
use super::{BatchRows, Finish, KC, NR_MAX, Range, finished};
use crate::microkernel::{Columns, Leap, Rows, Tile};
use crate::register::{Register, dispatch};

/// Prefetch distance in rows, for rows of b that are read without packing. 16 was the best of 8, 16 and 20.
const AHEAD: usize = 16;
/// Up to this number of rows, w counts as a matrix of few rows: it fits into the L2 cache with much space to spare.
const FEW_ROWS_OF_W: usize = 64;
/// Number of rows of δ that are transposed at a time.
const MC: usize = 128;
/// Number of columns of x that are packed at a time.
const XC: usize = 96;
/// Number of rows of dxᵀ that are transposed back at a time: a multiple of every MR and every LANES.
const IC: usize = 48;

/// The buffers for packed operands of a product. They are aligned so that no load of a register crosses a cache line.
#[repr(align(64))]
struct Packed {
    /// A panel of the second operand, KC deep.
    panel: [f32; KC * NR_MAX],
    /// Up to MC rows of δ, transposed, or XC columns of x, KC deep.
    turned: [f32; KC * MC],
    /// IC rows of dxᵀ, a panel wide.
    dxt: [f32; IC * NR_MAX],
}

thread_local! {
    /// Each thread has its own buffers in thread-local memory, so nothing is allocated.
    static PACKED: RefCell<Packed> = const {
        RefCell::new(Packed { panel: [0.0; KC * NR_MAX], turned: [0.0; KC * MC], dxt: [0.0; IC * NR_MAX] })
    };
}

/// y ← finish(x·w + b) with the registers of this machine. The shapes are those that [`crate::matmul_bias`] asserts.
pub(crate) fn matmul(x: &[f32], w: ArrayView2<f32>, b: &[f32], finish: Finish, y: ArrayViewMut2<f32>) {
    dispatch!(run = matmul_on[12, 2; 6, 2; 4, 4](
        x: &[f32], w: ArrayView2<f32>, b: &[f32], finish: Finish, y: ArrayViewMut2<f32>, packed: &mut Packed
    ));
    PACKED.with_borrow_mut(|packed| run(x, w, b, finish, y, packed));
}

/// dx ← δ·wᵀ with the registers of this machine. The shapes are those that [`crate::matmul_nt`] asserts.
pub(crate) fn matmul_nt(d: &[f32], w: &[f32], dx: ArrayViewMut2<f32>) {
    dispatch!(run = matmul_nt_on[12, 2; 6, 2; 4, 4](
        d: &[f32], w: &[f32], dx: ArrayViewMut2<f32>, packed: &mut Packed
    ));
    PACKED.with_borrow_mut(|packed| run(d, w, dx, packed));
}

/// dw ← xᵀ·δ with the registers of this machine. The shapes are those that [`crate::matmul_tn`] asserts.
pub(crate) fn matmul_tn(x: BatchRows<f32>, d: BatchRows<f32>, inputs: Range<usize>, dw: &mut [f32]) {
    dispatch!(run = matmul_tn_on[12, 2; 6, 2; 4, 4](
        x: BatchRows<f32>, d: BatchRows<f32>, inputs: Range<usize>, dw: &mut [f32], packed: &mut Packed
    ));
    PACKED.with_borrow_mut(|packed| run(x, d, inputs, dw, packed));
}

/// y ← finish(x·w + b); b is empty or has n floats.
///
/// # Safety
/// The machine has the instructions of `V`; x holds m·k floats, w has the shape k×n, y m×n, and the values of each of
/// their rows are side by side.
#[inline(always)]
unsafe fn matmul_on<V: Register, const MR: usize, const NV: usize>(
    x: &[f32],
    w: ArrayView2<f32>,
    b: &[f32],
    finish: Finish,
    mut y: ArrayViewMut2<f32>,
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    let ((k, n), m) = (w.dim(), y.nrows());
    if k == 0 {
        return y.indexed_iter_mut().for_each(|((_, j), y)| *y = finished(0.0, b, j, finish));
    }
    let [w_row, y_row] = [w.strides()[0], y.strides()[0]].map(|stride| stride as usize);
    let (w, y) = (w.as_ptr(), y.as_mut_ptr());
    let mut bias = [0.0_f32; NR_MAX];
    // If w has few rows, it is read again for every MR rows of y, so that y is written row by row. Otherwise each
    // panel of w is used for all rows.
    let rows = if k <= FEW_ROWS_OF_W { MR } else { m.max(1) };
    for top in (0..m).step_by(rows) {
        let rows = rows.min(m - top);
        for p in (0..k).step_by(KC) {
            let kc = KC.min(k - p);
            for j in (0..n).step_by(nr) {
                let columns = nr.min(n - j);
                let whole = p + kc == k;
                if whole && !b.is_empty() {
                    bias[..columns].copy_from_slice(&b[j..][..columns]);
                }
                let t = Tile {
                    a: x[top * k + p..].as_ptr(),
                    a_row: k,
                    b: w.wrapping_add(p * w_row + j),
                    b_step: w_row,
                    ahead: w.wrapping_add((p + AHEAD) * w_row + j),
                    ahead_step: w_row,
                    leap: Leap::NONE,
                    c: y.wrapping_add(top * y_row + j),
                    c_row: y_row,
                    columns,
                    kc,
                    overwrite: p == 0,
                    bias: if whole && !b.is_empty() { bias.as_ptr() } else { null() },
                    relu: whole && finish == Finish::Relu,
                };
                // SAFETY: rows p..p+kc of w exist, and columns j..j+columns of rows top..top+rows of y.
                unsafe { column_of_tiles::<V, Rows, MR, NV>(t, rows, &mut packed.panel) };
            }
        }
    }
}

/// dx ← δ·wᵀ. Transposes w, or δ and dx, whichever is smaller.
///
/// # Safety
/// The machine has the instructions of `V`; d holds m·n floats, w k·n, dx has the shape m×k, and the values of each of
/// its rows are side by side.
#[inline(always)]
unsafe fn matmul_nt_on<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    mut dx: ArrayViewMut2<f32>,
    packed: &mut Packed,
) {
    let (m, k) = dx.dim();
    let n = w.len().checked_div(k).unwrap_or(0);
    if n == 0 {
        return dx.fill(0.0);
    }
    // SAFETY: guaranteed by the caller.
    unsafe {
        if m < V::LANES || k * n <= m * (k + n) {
            with_w_turned::<V, MR, NV>(d, w, dx, n, packed);
        } else {
            with_delta_turned::<V, MR, NV>(d, w, dx, n, packed);
        }
    }
}

/// dx ← δ·wᵀ, like `matmul_on` with panels of wᵀ.
///
/// # Safety
/// As for [`matmul_nt_on`].
#[inline(always)]
unsafe fn with_w_turned<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    mut dx: ArrayViewMut2<f32>,
    n: usize,
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    let ((m, k), dx_row) = (dx.dim(), dx.strides()[0] as usize);
    let dx = dx.as_mut_ptr();
    for p in (0..n).step_by(KC) {
        let kc = KC.min(n - p);
        for j in (0..k).step_by(nr) {
            let columns = nr.min(k - j);
            let width = if columns <= V::LANES { V::LANES } else { nr };
            // SAFETY: rows j..j+columns and columns p..p+kc of w exist, and the panel has room for kc rows of `width`
            // floats.
            unsafe { transpose::<V>(&w[j * n + p..], n, columns, kc, &mut packed.panel, width) };
            let t = Tile {
                a: d[p..].as_ptr(),
                a_row: n,
                b: packed.panel.as_ptr(),
                b_step: width,
                ahead: packed.panel.as_ptr(),
                ahead_step: 0,
                leap: Leap::NONE,
                c: dx.wrapping_add(j),
                c_row: dx_row,
                columns,
                kc,
                overwrite: p == 0,
                bias: null(),
                relu: false,
            };
            // SAFETY: columns p..p+kc of δ and j..j+columns of dx exist; the panel is full.
            unsafe {
                match columns <= V::LANES {
                    true => rows_of_tiles::<V, Rows, MR, 1>(t, m),
                    false => rows_of_tiles::<V, Rows, MR, NV>(t, m),
                }
            }
        }
    }
}

/// dx ← δ·wᵀ, computed as dxᵀ ← w·δᵀ, so that w is read without packing.
///
/// # Safety
/// As for [`matmul_nt_on`].
#[inline(always)]
unsafe fn with_delta_turned<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    mut dx: ArrayViewMut2<f32>,
    n: usize,
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    let ((m, k), dx_row) = (dx.dim(), dx.strides()[0] as usize);
    let dx = dx.as_mut_ptr();
    let Packed { turned, dxt, .. } = packed;
    for top in (0..m).step_by(MC) {
        let mc = MC.min(m - top);
        for p in (0..n).step_by(KC) {
            let kc = KC.min(n - p);
            for (r, panel) in (0..mc).step_by(nr).zip(turned.chunks_exact_mut(KC * nr)) {
                let rows = nr.min(mc - r);
                let width = if rows <= V::LANES { V::LANES } else { nr };
                // SAFETY: these rows and the columns p..p+kc of δ exist, and a panel has room for kc rows of `width`
                // floats.
                unsafe { transpose::<V>(&d[(top + r) * n + p..], n, rows, kc, panel, width) };
            }
            for i in (0..k).step_by(IC) {
                let ic = IC.min(k - i);
                for (r, panel) in (0..mc).step_by(nr).zip(turned.chunks_exact(KC * nr)) {
                    let rows = nr.min(mc - r);
                    let width = if rows <= V::LANES { V::LANES } else { nr };
                    let t = Tile {
                        a: w[i * n + p..].as_ptr(),
                        a_row: n,
                        b: panel.as_ptr(),
                        b_step: width,
                        ahead: panel.as_ptr(),
                        ahead_step: 0,
                        leap: Leap::NONE,
                        c: dxt.as_mut_ptr(),
                        c_row: width,
                        columns: width,
                        kc,
                        overwrite: true,
                        bias: null(),
                        relu: false,
                    };
                    // SAFETY: rows i..i+ic and columns p..p+kc of w exist, dxᵀ has room for IC rows, and these rows
                    // of dx have columns i..i+ic.
                    unsafe {
                        match width == V::LANES {
                            true => rows_of_tiles::<V, Rows, MR, 1>(t, ic),
                            false => rows_of_tiles::<V, Rows, MR, NV>(t, ic),
                        }
                        let to = dx.wrapping_add((top + r) * dx_row + i);
                        turn_back::<V>(dxt, width, to, dx_row, [rows, ic], p == 0);
                    }
                }
            }
        }
    }
}

/// dw ← xᵀ·δ for the rows `inputs` of dw.
///
/// # Safety
/// The machine has the instructions of `V`; x and d have the same rows, `inputs` is within the columns of x, and dw
/// holds inputs.len()·d.cols() floats.
#[inline(always)]
unsafe fn matmul_tn_on<V: Register, const MR: usize, const NV: usize>(
    x: BatchRows<f32>,
    d: BatchRows<f32>,
    inputs: Range<usize>,
    dw: &mut [f32],
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    let (m, n) = (x.rows(), d.cols());
    if m == 0 {
        return dw.fill(0.0);
    }
    for p in (0..m).step_by(KC) {
        let kc = KC.min(m - p);
        // x is packed row by row; only δ is read across its shards.
        let first = d.shard_rows() - p % d.shard_rows();
        for i in (0..inputs.len()).step_by(XC) {
            let columns_of_x = XC.min(inputs.len() - i);
            // Copies the values side by side: in x, each row may be on a different page and in the cache of another
            // core.
            for (from, to) in x.rows_from(p).zip(packed.turned.chunks_exact_mut(XC)).take(kc) {
                to[..columns_of_x].copy_from_slice(&from[inputs.start + i..][..columns_of_x]);
            }
            for j in (0..n).step_by(nr) {
                let b = d.as_ptr(p, j);
                let t = Tile {
                    a: packed.turned.as_ptr(),
                    a_row: 1,
                    b,
                    b_step: n,
                    ahead: b.wrapping_add(AHEAD * n),
                    ahead_step: n,
                    leap: Leap { first, every: d.shard_rows(), b: d.gap(), ahead: d.gap() },
                    c: dw[i * n + j..].as_mut_ptr(),
                    c_row: n,
                    columns: nr.min(n - j),
                    kc,
                    overwrite: p == 0,
                    bias: null(),
                    relu: false,
                };
                // SAFETY: rows p..p+kc of x and δ exist, and so do rows i..i+columns_of_x of dw.
                unsafe { column_of_tiles::<V, Columns<XC>, MR, NV>(t, columns_of_x, &mut packed.panel) };
            }
        }
    }
}
