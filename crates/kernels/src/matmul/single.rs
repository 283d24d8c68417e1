//! f32: tiles of our own, and what they are fed with.

use std::cell::RefCell;
use std::ptr::{null, null_mut};

use super::{BatchRows, Finish, KC, Range, finished};
use crate::microkernel::{Leap, Plain, Register, Tile, tile};
use crate::simd::{Level, level};

/// Widest panel of any register: NV·LANES floats.
const NR_MAX: usize = 32;
/// A row of b is asked for so many rows before it is needed: about as long as the third cache takes to answer.
const AHEAD: usize = 16;
/// Rows of w that are few: these fit into the second cache with much room to spare.
const FEW: usize = 64;
/// Rows of δ that are turned at a time.
const MC: usize = 128;
/// Columns of x that are packed at a time.
const XC: usize = 96;
/// Rows of dxᵀ that are turned back at a time: a multiple of every MR and every LANES.
const IC: usize = 48;

/// What a product packs. Aligned, so that no load of a register straddles two cache lines.
#[repr(align(64))]
struct Packed {
    /// A panel of the second operand, KC deep.
    panel: [f32; KC * NR_MAX],
    /// Up to MC rows of δ, turned, or XC columns of x, KC deep.
    turned: [f32; KC * MC],
    /// IC rows of dxᵀ, a panel wide.
    dxt: [f32; IC * NR_MAX],
}

thread_local! {
    /// One for every thread, in the memory that a thread has from the start: nothing is allocated.
    static PACKED: RefCell<Packed> = const {
        RefCell::new(Packed { panel: [0.0; KC * NR_MAX], turned: [0.0; KC * MC], dxt: [0.0; IC * NR_MAX] })
    };
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
/// Where b is not as wide as registers are, it is copied to `panel` with zeros in the missing columns. Otherwise the
/// first tile reads it where it lies and copies it on the way, so that the others find its rows side by side. They in
/// turn ask the caches for the next panel, a cache line a step: the first tile of that one would wait for it.
///
/// # Safety
/// As for [`tile`], for `rows` rows; b needs only `columns` floats in a row.
#[inline(always)]
unsafe fn column_of_tiles<V: Register, const MR: usize, const NV: usize>(
    mut t: Tile,
    rows: usize,
    panel: &mut [f32; KC * NR_MAX],
) {
    let narrow = t.columns <= V::LANES;
    let width = if narrow { V::LANES } else { NV * V::LANES };
    let panel = panel.as_mut_ptr();
    let mut left = rows;
    // SAFETY: the caller's promise; a panel has room for kc ≤ KC rows of width ≤ NR_MAX floats.
    unsafe {
        let packed = t.columns < width;
        if packed {
            pack_padded(&t, panel, width);
        } else if rows > MR {
            match narrow {
                true => tile::<V, MR, 1, true>(&t, panel),
                false => tile::<V, MR, NV, true>(&t, panel),
            }
            t.a = t.a.add(MR * t.a_row);
            t.c = t.c.add(MR * t.c_row);
            left -= MR;
        }
        if packed || rows > MR {
            t.ahead = t.b.wrapping_add(width);
            t.ahead_more = 0;
            t.b = panel;
            t.b_step = width;
            t.leap.b = 0;
        }
        match narrow {
            true => rows_of_tiles::<V, MR, 1>(t, left),
            false => rows_of_tiles::<V, MR, NV>(t, left),
        }
    }
}

/// Copies t's b to `panel`, `width` floats a row, zeros behind its columns.
///
/// # Safety
/// b is valid as [`Tile`] says, its first `columns` floats in each row; the panel has room.
#[inline(always)]
unsafe fn pack_padded(t: &Tile, panel: *mut f32, width: usize) {
    let (mut b, mut steps) = (t.b, t.leap.first);
    for row in 0..t.kc {
        // SAFETY: the caller's promise.
        unsafe {
            let to = panel.add(row * width);
            std::ptr::copy_nonoverlapping(b, to, t.columns);
            std::ptr::write_bytes(to.add(t.columns), 0, width - t.columns);
        }
        b = b.wrapping_add(t.b_step);
        steps -= 1;
        if steps == 0 {
            b = b.wrapping_add(t.leap.b);
            steps = t.leap.every;
        }
    }
}

/// As [`column_of_tiles`], for a b that registers can load where it lies.
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
            let none = null_mut();
            if now == MR {
                tile::<V, MR, NV, false>(&t, none);
            } else {
                match now {
                    1 => tile::<V, 1, NV, false>(&t, none),
                    2 => tile::<V, 2, NV, false>(&t, none),
                    3 => tile::<V, 3, NV, false>(&t, none),
                    4 => tile::<V, 4, NV, false>(&t, none),
                    5 => tile::<V, 5, NV, false>(&t, none),
                    6 => tile::<V, 6, NV, false>(&t, none),
                    7 => tile::<V, 7, NV, false>(&t, none),
                    8 => tile::<V, 8, NV, false>(&t, none),
                    9 => tile::<V, 9, NV, false>(&t, none),
                    10 => tile::<V, 10, NV, false>(&t, none),
                    _ => tile::<V, 11, NV, false>(&t, none),
                }
            }
            t.a = t.a.add(now * t.a_row);
            t.c = t.c.add(now * t.c_row);
            t.ahead = t.ahead.wrapping_add(V::LANES);
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
    // A w of few rows is read again for every tile, so that y is written row by row; else a panel of w serves all rows.
    let rows = if k <= FEW { MR } else { m.max(1) };
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
                    a_step: 1,
                    b: w[p * n + j..].as_ptr(),
                    b_step: n,
                    ahead: w.as_ptr().wrapping_add((p + AHEAD) * n + j),
                    ahead_step: n,
                    ahead_more: V::LANES,
                    leap: Leap::NONE,
                    c: y[top * n + j..].as_mut_ptr(),
                    c_row: n,
                    columns,
                    kc,
                    overwrite: p == 0,
                    bias: if whole && !b.is_empty() { bias.as_ptr() } else { null() },
                    relu: whole && finish == Finish::Relu,
                };
                // SAFETY: rows p..p+kc of w exist, and columns j..j+columns of rows top..top+rows of y.
                unsafe { column_of_tiles::<V, MR, NV>(t, rows, &mut packed.panel) };
            }
        }
    }
}

/// dx ← δ·wᵀ: whichever is smaller is turned, w, or δ and with it dx.
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
    if n == 0 {
        return dx.fill(0.0);
    }
    // SAFETY: the caller's promise.
    unsafe {
        if m < V::LANES || k * n <= m * (k + n) {
            with_w_turned::<V, MR, NV>(d, w, dx, [m, k, n], packed);
        } else {
            with_delta_turned::<V, MR, NV>(d, w, dx, [m, k, n], packed);
        }
    }
}

/// dx ← δ·wᵀ: as `matmul_on`, with panels of wᵀ.
///
/// # Safety
/// As for [`matmul_nt_on`].
#[inline(always)]
unsafe fn with_w_turned<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    dx: &mut [f32],
    [m, k, n]: [usize; 3],
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    for p in (0..n).step_by(KC) {
        let kc = KC.min(n - p);
        for j in (0..k).step_by(nr) {
            let columns = nr.min(k - j);
            let width = if columns <= V::LANES { V::LANES } else { nr };
            // SAFETY: rows j..j+columns and columns p..p+kc of w exist, and the panel has room for kc rows of width.
            unsafe { transpose::<V>(&w[j * n + p..], n, columns, kc, &mut packed.panel, width) };
            let t = Tile {
                a: d[p..].as_ptr(),
                a_row: n,
                a_step: 1,
                b: packed.panel.as_ptr(),
                b_step: width,
                ahead: packed.panel.as_ptr(),
                ahead_step: 0,
                ahead_more: 0,
                leap: Leap::NONE,
                c: dx[j..].as_mut_ptr(),
                c_row: k,
                columns,
                kc,
                overwrite: p == 0,
                bias: null(),
                relu: false,
            };
            // SAFETY: columns p..p+kc of δ and j..j+columns of dx exist; the panel is full.
            unsafe {
                match columns <= V::LANES {
                    true => rows_of_tiles::<V, MR, 1>(t, m),
                    false => rows_of_tiles::<V, MR, NV>(t, m),
                }
            }
        }
    }
}

/// dx ← δ·wᵀ by way of dxᵀ ← w·δᵀ: w is read where it lies.
///
/// # Safety
/// As for [`matmul_nt_on`].
#[inline(always)]
unsafe fn with_delta_turned<V: Register, const MR: usize, const NV: usize>(
    d: &[f32],
    w: &[f32],
    dx: &mut [f32],
    [m, k, n]: [usize; 3],
    packed: &mut Packed,
) {
    let nr = NV * V::LANES;
    let Packed { turned, dxt, .. } = packed;
    for top in (0..m).step_by(MC) {
        let mc = MC.min(m - top);
        for p in (0..n).step_by(KC) {
            let kc = KC.min(n - p);
            for (r, panel) in (0..mc).step_by(nr).zip(turned.chunks_exact_mut(KC * nr)) {
                let rows = nr.min(mc - r);
                let width = if rows <= V::LANES { V::LANES } else { nr };
                // SAFETY: these rows and columns p..p+kc of δ exist, and a panel has room for kc rows of width.
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
                        a_step: 1,
                        b: panel.as_ptr(),
                        b_step: width,
                        ahead: panel.as_ptr(),
                        ahead_step: 0,
                        ahead_more: 0,
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
                            true => rows_of_tiles::<V, MR, 1>(t, ic),
                            false => rows_of_tiles::<V, MR, NV>(t, ic),
                        }
                        turn_back::<V>(dxt, width, &mut dx[(top + r) * k + i..], k, [rows, ic], p == 0);
                    }
                }
            }
        }
    }
}

/// dx(row, column) ← [dx(row, column) +] dxᵀ(column, row) for a block of dx.
///
/// # Safety
/// The instructions of `V` exist; dxᵀ holds `columns` rows of `width` ≥ `rows` floats, dx `rows` rows of `columns`
/// floats, `dx_row` floats apart.
#[inline(always)]
unsafe fn turn_back<V: Register>(
    dxt: &[f32],
    width: usize,
    dx: &mut [f32],
    dx_row: usize,
    [rows, columns]: [usize; 2],
    overwrite: bool,
) {
    let mut block = [0.0_f32; NR_MAX * NR_MAX];
    for row in (0..rows).step_by(V::LANES) {
        for column in (0..columns).step_by(V::LANES) {
            let (rows, columns) = (V::LANES.min(rows - row), V::LANES.min(columns - column));
            let (from, to) = (&dxt[column * width + row..], &mut dx[row * dx_row + column..]);
            // SAFETY: dxᵀ has room for IC rows, a multiple of LANES, so a whole block can be read; and a whole one is
            // written only where dx has all of it.
            unsafe {
                if overwrite && rows == V::LANES && columns == V::LANES {
                    V::transpose(from.as_ptr(), width, to.as_mut_ptr(), dx_row);
                    continue;
                }
                V::transpose(from.as_ptr(), width, block.as_mut_ptr(), V::LANES);
            }
            for (to, block) in to.chunks_mut(dx_row).zip(block.chunks_exact(V::LANES)).take(rows) {
                for (to, &sum) in to[..columns].iter_mut().zip(block) {
                    *to = if overwrite { sum } else { *to + sum };
                }
            }
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
    for p in (0..m).step_by(KC) {
        let kc = KC.min(m - p);
        let first = x.shard_rows() - p % x.shard_rows();
        for i in (0..inputs.len()).step_by(XC) {
            let columns_of_x = XC.min(inputs.len() - i);
            // Side by side: in x each row is on a page of its own, and may come from another core's cache.
            for (from, to) in x.rows_from(p).zip(packed.turned.chunks_exact_mut(XC)).take(kc) {
                to[..columns_of_x].copy_from_slice(&from[inputs.start + i..][..columns_of_x]);
            }
            for j in (0..n).step_by(nr) {
                let b = d.row(p)[j..].as_ptr();
                let t = Tile {
                    a: packed.turned.as_ptr(),
                    a_row: 1,
                    a_step: XC,
                    b,
                    b_step: n,
                    ahead: b.wrapping_add(AHEAD * n),
                    ahead_step: n,
                    ahead_more: V::LANES,
                    leap: Leap { first, every: x.shard_rows(), b: d.gap(), ahead: d.gap() },
                    c: dw[i * n + j..].as_mut_ptr(),
                    c_row: n,
                    columns: nr.min(n - j),
                    kc,
                    overwrite: p == 0,
                    bias: null(),
                    relu: false,
                };
                // SAFETY: rows p..p+kc of x and δ exist, and so do rows i..i+columns_of_x of dw.
                unsafe { column_of_tiles::<V, MR, NV>(t, columns_of_x, &mut packed.panel) };
            }
        }
    }
}
