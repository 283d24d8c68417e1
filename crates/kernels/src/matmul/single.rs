//! f32: tiles of our own, and what they are fed with.

use std::cell::RefCell;
use std::ptr::null;

use super::{BatchRows, Finish, KC, Range, finished};
use crate::microkernel::{Plain, Register, Tile, tile};
use crate::simd::{Level, level};

/// Widest panel of any register: NV·LANES floats.
const NR_MAX: usize = 32;
/// Rows of dw that share one packing of δ.
const MC: usize = 96;

/// What a product packs. Aligned, so that no load of a register straddles two cache lines.
#[repr(align(64))]
struct Packed {
    /// A panel of the second operand, KC deep.
    panel: [f32; KC * NR_MAX],
    /// Up to MC columns of x, KC deep.
    columns: [f32; KC * MC],
}

thread_local! {
    /// One for every thread, in the memory that a thread has from the start: nothing is allocated.
    static PACKED: RefCell<Packed> =
        const { RefCell::new(Packed { panel: [0.0; KC * NR_MAX], columns: [0.0; KC * MC] }) };
}

/// Calls `$body::<register, MR, NV>` with the register of this machine.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident = $body:ident($($arg:ident: $type:ty),*)) => {
        $(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::{__m256, __m512};
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512($($arg: $type),*, packed: &mut Packed) {
                    // SAFETY: compiled for, and called only with, AVX-512; slices hold what the shapes say.
                    unsafe { $body::<__m512, 12, 2>($($arg),*, packed) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*, packed: &mut Packed) {
                    // SAFETY: as above, for AVX2 and FMA.
                    unsafe { $body::<__m256, 6, 2>($($arg),*, packed) }
                }
                match level() {
                    Level::Avx512 => {
                        return PACKED.with_borrow_mut(|packed| {
                            // SAFETY: `level` answers Avx512 only where these instructions were detected.
                            unsafe { avx512($($arg),*, packed) }
                        });
                    }
                    Level::Avx2 => {
                        return PACKED.with_borrow_mut(|packed| {
                            // SAFETY: as above, for AVX2 and FMA.
                            unsafe { avx2($($arg),*, packed) }
                        });
                    }
                    Level::Portable => {}
                }
            }
            PACKED.with_borrow_mut(|packed| {
                // SAFETY: plain Rust needs no instruction set; slices hold what the shapes say.
                unsafe { $body::<Plain, 4, 4>($($arg),*, packed) }
            });
        }
    };
}

dispatch!(matmul = matmul_on(x: &[f32], w: &[f32], b: &[f32], finish: Finish, y: &mut [f32], sizes: [usize; 3]));
dispatch!(matmul_nt = matmul_nt_on(d: &[f32], w: &[f32], dx: &mut [f32], m: usize, k: usize, n: usize));
dispatch!(matmul_tn = matmul_tn_on(x: BatchRows<f32>, d: BatchRows<f32>, inputs: Range<usize>, dw: &mut [f32]));

/// `from`, and zeros where it is shorter than `to`.
#[inline(always)]
fn copy_padded(from: &[f32], to: &mut [f32]) {
    if from.len() == to.len() {
        // The common case: a copy of constant size.
        to.copy_from_slice(from);
    } else {
        let (to, padding) = to.split_at_mut(from.len());
        to.copy_from_slice(from);
        padding.fill(0.0);
    }
}

/// to(row, column) ← from(column, row) for `rows` rows and `columns` columns, zeros in the other columns up to
/// `to_stride`. Whole blocks of LANES × LANES go through registers.
///
/// # Safety
/// The instructions of `V` exist; `from` holds `columns` rows of stride `from_stride`, each of `rows` floats, and
/// `to` `rows` rows of `to_stride`, a multiple of LANES.
#[inline(always)]
unsafe fn transpose<V: Register>(
    from: &[f32],
    from_stride: usize,
    columns: usize,
    rows: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    let whole_rows = rows / V::LANES * V::LANES;
    for column in (0..to_stride).step_by(V::LANES) {
        let whole = column + V::LANES <= columns;
        for row in (0..whole_rows).step_by(V::LANES).filter(|_| whole) {
            let (from, to) = (&from[column * from_stride + row..], &mut to[row * to_stride + column..]);
            debug_assert!(from.len() >= (V::LANES - 1) * from_stride + V::LANES);
            debug_assert!(to.len() >= (V::LANES - 1) * to_stride + V::LANES);
            // SAFETY: the block lies within both, as the caller vouches and the assertions say.
            unsafe { V::transpose(from.as_ptr(), from_stride, to.as_mut_ptr(), to_stride) };
        }
        for row in if whole { whole_rows } else { 0 }..rows {
            for column in column..column + V::LANES {
                let value = if column < columns { from[column * from_stride + row] } else { 0.0 };
                to[row * to_stride + column] = value;
            }
        }
    }
}

/// Runs `t` for `rows` rows from its a and c on, MR at a time.
///
/// # Safety
/// As for [`tile`], for `rows` rows.
#[inline(always)]
unsafe fn column_of_tiles<V: Register, const MR: usize, const NV: usize>(t: Tile, rows: usize) {
    // SAFETY: the caller's promise. A last panel that one register covers does not compute a second one's padding.
    unsafe {
        if t.columns <= V::LANES { rows_of_tiles::<V, MR, 1>(t, rows) } else { rows_of_tiles::<V, MR, NV>(t, rows) }
    }
}

/// As [`column_of_tiles`], for panels of NV registers.
///
/// # Safety
/// As for [`tile`], for `rows` rows.
#[inline(always)]
unsafe fn rows_of_tiles<V: Register, const MR: usize, const NV: usize>(mut t: Tile, rows: usize) {
    let mut left = rows;
    while left > 0 {
        let now = left.min(MR);
        // SAFETY: the caller vouches for all rows; `now` of them are left at least.
        unsafe {
            if now == MR {
                tile::<V, MR, NV>(&t);
            } else {
                match now {
                    1 => tile::<V, 1, NV>(&t),
                    2 => tile::<V, 2, NV>(&t),
                    3 => tile::<V, 3, NV>(&t),
                    4 => tile::<V, 4, NV>(&t),
                    5 => tile::<V, 5, NV>(&t),
                    6 => tile::<V, 6, NV>(&t),
                    7 => tile::<V, 7, NV>(&t),
                    8 => tile::<V, 8, NV>(&t),
                    9 => tile::<V, 9, NV>(&t),
                    10 => tile::<V, 10, NV>(&t),
                    _ => tile::<V, 11, NV>(&t),
                }
            }
            t.a = t.a.add(now * t.a_row);
            t.c = t.c.add(now * t.c_row);
        }
        left -= now;
    }
}

/// y ← finish(x·w + b); b is empty or has n floats.
///
/// # Safety
/// The instructions of `V` exist; x holds m·k floats, w k·n, y m·n.
#[inline(always)]
unsafe fn matmul_on<V: Register, const MR: usize, const NV: usize>(
    x: &[f32],
    w: &[f32],
    b: &[f32],
    finish: Finish,
    y: &mut [f32],
    [m, k, n]: [usize; 3],
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    if k == 0 {
        let rows = y.chunks_exact_mut(n.max(1));
        return rows.for_each(|y| y.iter_mut().enumerate().for_each(|(j, y)| *y = finished(0.0, b, j, finish)));
    }
    let mut bias = [0.0_f32; NR_MAX];
    let panel = &mut packed.panel;
    for p in (0..k).step_by(KC) {
        let kc = KC.min(k - p);
        for j in (0..n).step_by(nr) {
            let columns = nr.min(n - j);
            // A few rows do not pay for packing; a panel that is narrower than a tile must be padded.
            let pack = columns < nr || m > 2 * MR;
            if pack {
                for (row, to) in panel.chunks_exact_mut(nr).take(kc).enumerate() {
                    copy_padded(&w[(p + row) * n + j..][..columns], to);
                }
            }
            let whole = p + kc == k;
            if whole && !b.is_empty() {
                bias[..columns].copy_from_slice(&b[j..][..columns]);
            }
            let t = Tile {
                a: x[p..].as_ptr(),
                a_row: k,
                a_step: 1,
                b: if pack { panel.as_ptr() } else { w[p * n + j..].as_ptr() },
                b_step: if pack { nr } else { n },
                c: y[j..].as_mut_ptr(),
                c_row: n,
                columns,
                kc,
                overwrite: p == 0,
                bias: if whole && !b.is_empty() { bias.as_ptr() } else { null() },
                relu: whole && finish == Finish::Relu,
            };
            // SAFETY: rows p..p+kc of w and columns j..j+columns of y exist; an unpacked panel is full width.
            unsafe { column_of_tiles::<V, MR, NV>(t, m) };
        }
    }
}

/// dx ← δ·wᵀ: as `matmul_on`, with panels of wᵀ.
///
/// # Safety
/// The instructions of `V` exist; d holds m·n floats, w k·n, dx m·k.
#[inline(always)]
unsafe fn matmul_nt_on<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    dx: &mut [f32],
    m: usize,
    k: usize,
    n: usize,
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    if n == 0 {
        return dx.fill(0.0);
    }
    let panel = &mut packed.panel;
    for p in (0..n).step_by(KC) {
        let kc = KC.min(n - p);
        for j in (0..k).step_by(nr) {
            let columns = nr.min(k - j);
            // SAFETY: rows j..j+columns and columns p..p+kc of w exist, and the panel has room for kc rows of nr.
            unsafe { transpose::<V>(&w[j * n + p..], n, columns, kc, panel, nr) };
            let t = Tile {
                a: d[p..].as_ptr(),
                a_row: n,
                a_step: 1,
                b: panel.as_ptr(),
                b_step: nr,
                c: dx[j..].as_mut_ptr(),
                c_row: k,
                columns,
                kc,
                overwrite: p == 0,
                bias: null(),
                relu: false,
            };
            // SAFETY: columns p..p+kc of δ and j..j+columns of dx exist; the panel is full.
            unsafe { column_of_tiles::<V, MR, NV>(t, m) };
        }
    }
}

/// dw ← xᵀ·δ for some rows of dw.
///
/// # Safety
/// The instructions of `V` exist; x and d have the same rows, `inputs` lies within x's columns, dw holds
/// inputs.len()·d.cols() floats.
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
    let Packed { panel, columns: columns_of_x } = packed;
    for p in (0..m).step_by(KC) {
        let kc = KC.min(m - p);
        for i in (0..inputs.len()).step_by(MC) {
            let mc = MC.min(inputs.len() - i);
            for (from, to) in x.rows_from(p).zip(columns_of_x.chunks_exact_mut(MC)).take(kc) {
                copy_padded(&from[inputs.start + i..][..mc], to);
            }
            for j in (0..n).step_by(nr) {
                let columns = nr.min(n - j);
                for (from, to) in d.rows_from(p).zip(panel.chunks_exact_mut(nr)).take(kc) {
                    copy_padded(&from[j..][..columns], to);
                }
                for top in (0..mc).step_by(MR) {
                    let t = Tile {
                        a: columns_of_x[top..].as_ptr(),
                        a_row: 1,
                        a_step: MC,
                        b: panel.as_ptr(),
                        b_step: nr,
                        c: dw[(i + top) * n + j..].as_mut_ptr(),
                        c_row: n,
                        columns,
                        kc,
                        overwrite: p == 0,
                        bias: null(),
                        relu: false,
                    };
                    // SAFETY: the packed columns and the panel are kc deep; rows i+top.. of dw exist.
                    unsafe { column_of_tiles::<V, MR, NV>(t, MR.min(mc - top)) };
                }
            }
        }
    }
}
