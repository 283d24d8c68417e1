//! What the three products are made of: tiles below one another, and transposed matrices.

use std::ptr::null_mut;

use super::{KC, NR_MAX};
use crate::microkernel::{Tile, tile};
use crate::register::Register;

/// to(row, column) ← from(column, row) for `rows` rows and `columns` columns, zeros in the other columns up to
/// `to_stride`. Whole blocks of LANES × LANES go through registers.
///
/// # Safety
/// The instructions of `V` exist; `from` holds `columns` rows of stride `from_stride`, each of `rows` floats, and
/// `to` `rows` rows of `to_stride`, a multiple of LANES.
#[inline(always)]
pub(super) unsafe fn transpose<V: Register>(
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
            unsafe {
                let (from, to) = (from.as_ptr(), to.as_mut_ptr());
                V::transpose(|row| from.add(row * from_stride), |row| to.add(row * to_stride));
            }
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
/// turn ask the caches for what lies to the right of the panel, a cache line a step and tile: first the next panel, for
/// which its own first tile would have to wait.
///
/// # Safety
/// As for [`tile`], for `rows` rows; b needs only `columns` floats in a row.
#[inline(always)]
pub(super) unsafe fn column_of_tiles<V: Register, const MR: usize, const NV: usize>(
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
pub(super) unsafe fn rows_of_tiles<V: Register, const MR: usize, const NV: usize>(mut t: Tile, rows: usize) {
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
            // After the last tile these may point behind all memory, where nothing is read.
            t.a = t.a.wrapping_add(now * t.a_row);
            t.c = t.c.wrapping_add(now * t.c_row);
            t.ahead = t.ahead.wrapping_add(V::LANES);
        }
        left -= now;
    }
}

/// dx(row, column) ← [dx(row, column) +] dxᵀ(column, row) for a block of dx.
///
/// # Safety
/// The instructions of `V` exist; dxᵀ holds `columns` rows of `width` ≥ `rows` floats, dx `rows` rows of `columns`
/// floats, `dx_row` floats apart.
#[inline(always)]
pub(super) unsafe fn turn_back<V: Register>(
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
                    let to = to.as_mut_ptr();
                    V::transpose(|row| from.as_ptr().add(row * width), |row| to.add(row * dx_row));
                    continue;
                }
                let block = block.as_mut_ptr();
                V::transpose(|row| from.as_ptr().add(row * width), |row| block.add(row * V::LANES));
            }
            for (to, block) in to.chunks_mut(dx_row).zip(block.chunks_exact(V::LANES)).take(rows) {
                for (to, &sum) in to[..columns].iter_mut().zip(block) {
                    *to = if overwrite { sum } else { *to + sum };
                }
            }
        }
    }
}
