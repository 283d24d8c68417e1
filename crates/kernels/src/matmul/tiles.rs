//! The parts of the three products: columns of tiles, and transposed matrices.

use std::ptr::null_mut;

use super::{KC, NR_MAX};
use crate::microkernel::{Steps, Tile, tile};
use crate::register::Register;

/// to(row, column) ← from(column, row) for `rows` rows and `columns` columns. The other columns up to `to_stride`
/// become 0. Whole blocks of LANES × LANES are transposed in registers.
///
/// # Safety
/// The machine has the instructions of `V`; `from` holds `columns` rows of `rows` floats with the stride
/// `from_stride`. `to` holds `rows` rows of `to_stride` floats, and `to_stride` is a multiple of LANES.
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
            // SAFETY: the block is inside both slices, as the caller guarantees and the assertions check.
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

/// Computes `rows` rows, MR at a time, beginning with the rows of a and c that `t` points to.
///
/// If b is narrower than the registers, it is copied to `panel` with zeros in the missing columns. Otherwise the
/// first tile reads b directly and also copies it to `panel`, so that the other tiles find its rows side by side. The
/// other tiles prefetch the columns to the right of the panel, one cache line for each step and tile. These are the
/// columns of the next panel, and the first tile of that panel would otherwise wait for them.
///
/// # Safety
/// As for [`tile`], for `rows` rows. A row of b needs only `columns` floats.
#[inline(always)]
pub(super) unsafe fn column_of_tiles<V: Register, A: Steps, const MR: usize, const NV: usize>(
    mut t: Tile,
    rows: usize,
    panel: &mut [f32; KC * NR_MAX],
) {
    let narrow = t.columns <= V::LANES;
    let width = if narrow { V::LANES } else { NV * V::LANES };
    let panel = panel.as_mut_ptr();
    let mut left = rows;
    // SAFETY: guaranteed by the caller; a panel has room for kc ≤ KC rows of `width` ≤ NR_MAX floats.
    unsafe {
        let packed = t.columns < width;
        if packed {
            pack_padded(&t, panel, width);
        } else if rows > MR {
            match narrow {
                true => tile::<V, A, MR, 1, true>(&t, panel),
                false => tile::<V, A, MR, NV, true>(&t, panel),
            }
            t.a = t.a.add(MR * A::row(&t));
            t.c = t.c.add(MR * t.c_row);
            left -= MR;
        }
        if packed || rows > MR {
            t.ahead = t.b.wrapping_add(width);
            t.b = panel;
            t.b_step = width;
            t.leap.b = 0;
        }
        match narrow {
            true => rows_of_tiles::<V, A, MR, 1>(t, left),
            false => rows_of_tiles::<V, A, MR, NV>(t, left),
        }
    }
}

/// Copies b of `t` to `panel` in rows of `width` floats, with zeros after the columns of b.
///
/// # Safety
/// The first `columns` floats of each row of b are valid; the panel has room for kc rows of `width` floats.
#[inline(always)]
unsafe fn pack_padded(t: &Tile, panel: *mut f32, width: usize) {
    let (mut b, mut steps) = (t.b, t.leap.first);
    for row in 0..t.kc {
        // SAFETY: guaranteed by the caller.
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

/// As [`column_of_tiles`], for a b that registers can load directly, without packing.
///
/// # Safety
/// As for [`tile`], for `rows` rows.
#[inline(always)]
pub(super) unsafe fn rows_of_tiles<V: Register, A: Steps, const MR: usize, const NV: usize>(mut t: Tile, rows: usize) {
    let (mut left, mut tiles) = (rows, 0);
    while left > 0 {
        let now = left.min(MR);
        // SAFETY: the caller guarantees all rows, and at least `now` of them are left.
        unsafe {
            let none = null_mut();
            if now == MR {
                tile::<V, A, MR, NV, false>(&t, none);
            } else {
                match now {
                    1 => tile::<V, A, 1, NV, false>(&t, none),
                    2 => tile::<V, A, 2, NV, false>(&t, none),
                    3 => tile::<V, A, 3, NV, false>(&t, none),
                    4 => tile::<V, A, 4, NV, false>(&t, none),
                    5 => tile::<V, A, 5, NV, false>(&t, none),
                    6 => tile::<V, A, 6, NV, false>(&t, none),
                    7 => tile::<V, A, 7, NV, false>(&t, none),
                    8 => tile::<V, A, 8, NV, false>(&t, none),
                    9 => tile::<V, A, 9, NV, false>(&t, none),
                    10 => tile::<V, A, 10, NV, false>(&t, none),
                    _ => tile::<V, A, 11, NV, false>(&t, none),
                }
            }
            // After the last tile these pointers may be outside the operands, but nothing is read there.
            t.a = t.a.wrapping_add(now * A::row(&t));
            t.c = t.c.wrapping_add(now * t.c_row);
            t.ahead = t.ahead.wrapping_add(V::LANES);
            tiles += 1;
            if tiles == NV {
                // The next panel has been prefetched. From now on, prefetch what is in the cache already.
                (t.ahead, t.ahead_step) = (t.b, 0);
            }
        }
        left -= now;
    }
}

/// Transposes back: dx(row, column) ← [dx(row, column) +] dxᵀ(column, row) for a block of dx.
///
/// # Safety
/// The machine has the instructions of `V`; dxᵀ holds `columns` rows of `width` ≥ `rows` floats. dx holds `rows` rows
/// of `columns` floats, with the stride `dx_row`.
#[inline(always)]
pub(super) unsafe fn turn_back<V: Register>(
    dxt: &[f32],
    width: usize,
    dx: *mut f32,
    dx_row: usize,
    [rows, columns]: [usize; 2],
    overwrite: bool,
) {
    let mut block = [0.0_f32; NR_MAX * NR_MAX];
    for row in (0..rows).step_by(V::LANES) {
        for column in (0..columns).step_by(V::LANES) {
            let (rows, columns) = (V::LANES.min(rows - row), V::LANES.min(columns - column));
            let (from, to) = (&dxt[column * width + row..], dx.wrapping_add(row * dx_row + column));
            // SAFETY: dxᵀ has room for IC rows, a multiple of LANES, so a whole block can be read. A whole block is
            // written only if dx contains all of it.
            unsafe {
                if overwrite && rows == V::LANES && columns == V::LANES {
                    V::transpose(|row| from.as_ptr().add(row * width), |row| to.add(row * dx_row));
                    continue;
                }
                let block = block.as_mut_ptr();
                V::transpose(|row| from.as_ptr().add(row * width), |row| block.add(row * V::LANES));
            }
            for (row, block) in block.chunks_exact(V::LANES).enumerate().take(rows) {
                for (column, &sum) in block.iter().enumerate().take(columns) {
                    // SAFETY: this row and column are in dx.
                    unsafe {
                        let to = to.add(row * dx_row + column);
                        *to = if overwrite { sum } else { *to + sum };
                    }
                }
            }
        }
    }
}
