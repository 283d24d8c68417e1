//! The loops over [`lanes`](super) for f32, written with vector registers.

use std::ops::Range;

use super::{Grid, LANES, Lanes, Windows};
use crate::register::{Register, dispatch};
use crate::{BatchRows, Finish};

dispatch!(correlate_f32 = correlate_on(
    w: &[f32], b: &[f32], finish: Finish, windows: &Windows<'_, f32>, sizes: [usize; 3], out: &mut [Lanes<f32>],
    grid: Grid
));
dispatch!(add_dots_f32 = add_dots_on(
    y: &[Lanes<f32>], grid: Grid, outputs: Range<usize>, windows: &Windows<'_, f32>, sizes: [usize; 2],
    sums: &mut [Lanes<f32>]
));
dispatch!(pack_f32 = pack_on(
    rows: BatchRows<'_, f32>, first: usize, image: [usize; 3], to: &mut [Lanes<f32>], grid: Grid
));
dispatch!(unpack_f32 = unpack_on(from: &[Lanes<f32>], to: &mut [f32]));

/// Returns the largest number of columns in a tile of `m` rows of sums: as many as 32 registers (AVX-512) or 16
/// registers can hold together with the factors.
const fn most<V: Register>(m: usize) -> usize {
    match (V::LANES, m) {
        (LANES, 4) => 6,
        (LANES, _) | (_, 1) => 8,
        (_, 2) => 4,
        _ => 2,
    }
}

/// Calls `$tile::<V, M, N>` with N = `$n`, which is 1 to 8.
macro_rules! with_width {
    ($n:expr, $tile:ident::<$V:ident, $M:ident>($($arg:expr),*)) => {
        match $n {
            1 => $tile::<$V, $M, 1>($($arg),*),
            2 => $tile::<$V, $M, 2>($($arg),*),
            3 => $tile::<$V, $M, 3>($($arg),*),
            4 => $tile::<$V, $M, 4>($($arg),*),
            5 => $tile::<$V, $M, 5>($($arg),*),
            6 => $tile::<$V, $M, 6>($($arg),*),
            7 => $tile::<$V, $M, 7>($($arg),*),
            _ => $tile::<$V, $M, 8>($($arg),*),
        }
    };
}

/// Divides `count` items into groups of at most `most` items that are about equally large. Returns the start and the
/// length of each group.
fn groups(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let number = count.div_ceil(most);
    (0..number).map(move |at| (at * count / number, (at + 1) * count / number - at * count / number))
}

/// # Safety
/// The machine has the instructions of `V`; the shapes are those that [`correlate`](super::correlate) asserts.
#[inline(always)]
unsafe fn correlate_on<V: Register>(
    w: &[f32],
    b: &[f32],
    finish: Finish,
    windows: &Windows<'_, f32>,
    [outputs, lines, columns]: [usize; 3],
    out: &mut [Lanes<f32>],
    grid: Grid,
) {
    let call = Correlation { w, b, relu: finish == Finish::Relu, windows, grid };
    for line in 0..lines {
        let mut m = 0;
        while m < outputs {
            // SAFETY: at least this many outputs are left, and all places are inside both images, as the caller
            // guarantees.
            unsafe {
                match outputs - m {
                    1 => {
                        call.line::<V, 1>(m, line, columns, out);
                        m += 1;
                    }
                    2 | 3 => {
                        call.line::<V, 2>(m, line, columns, out);
                        m += 2;
                    }
                    _ => {
                        call.line::<V, 4>(m, line, columns, out);
                        m += 4;
                    }
                }
            }
        }
    }
}

/// The arguments that all tiles of a correlation have in common.
struct Correlation<'a> {
    w: &'a [f32],
    b: &'a [f32],
    relu: bool,
    windows: &'a Windows<'a, f32>,
    grid: Grid,
}

impl Correlation<'_> {
    /// Computes one line of the outputs m..m + M.
    ///
    /// # Safety
    /// As for [`correlate_on`].
    #[inline(always)]
    unsafe fn line<V: Register, const M: usize>(&self, m: usize, line: usize, columns: usize, out: &mut [Lanes<f32>]) {
        for (column, width) in groups(columns, most::<V>(M)) {
            for lane in (0..LANES).step_by(V::LANES) {
                // SAFETY: as the caller guarantees.
                unsafe { with_width!(width, tile::<V, M>(self, [m, line, column, lane], out)) };
            }
        }
    }
}

/// Computes out(m.., line, column..) for M outputs and N columns, for the V::LANES lanes from `lane` on.
///
/// # Safety
/// As for [`correlate_on`]; at least M outputs and N columns are left.
#[inline(always)]
unsafe fn tile<V: Register, const M: usize, const N: usize>(
    call: &Correlation<'_>,
    [m, line, column, lane]: [usize; 4],
    out: &mut [Lanes<f32>],
) {
    let (windows, taps) = (call.windows, call.windows.taps());
    // SAFETY: each row of w has `taps` values; every place is inside its image, and lane + V::LANES ≤ LANES.
    unsafe {
        let mut sum: [[V; N]; M] = std::array::from_fn(|i| [V::splat(call.b.get(m + i).copied().unwrap_or(0.0)); N]);
        let mut w = call.w.as_ptr().wrapping_add(m * taps);
        let first = windows.grid.at(0, line, column);
        let step = windows.grid.column * LANES;
        for c in 0..windows.channels {
            // If there are no taps, nothing is read, and this pointer may be invalid.
            let channel =
                windows.values.as_ptr().wrapping_add(first.wrapping_add(c.wrapping_mul(windows.grid.channel)));
            let channel = channel.cast::<f32>().wrapping_add(lane);
            for &offset in windows.offsets {
                let from = channel.wrapping_add(offset * LANES);
                let x: [V; N] = std::array::from_fn(|j| V::load(from.wrapping_add(j * step)));
                for i in 0..M {
                    let w = V::splat(*w.add(i * taps));
                    for j in 0..N {
                        sum[i][j] = sum[i][j].fused_multiply_add(w, x[j]);
                    }
                }
                w = w.add(1);
            }
        }
        for i in 0..M {
            let to = out.as_mut_ptr().add(call.grid.at(m + i, line, column)).cast::<f32>().add(lane);
            for j in 0..N {
                let sum = if call.relu { sum[i][j].relu() } else { sum[i][j] };
                sum.store(to.add(j * call.grid.column * LANES));
            }
        }
    }
}

/// Number of places in a stretch of lines. A stretch is processed for all outputs and taps while it is in the L1
/// cache.
const STRETCH: usize = 64;

/// # Safety
/// The machine has the instructions of `V`; the shapes are those that [`add_dots`](super::add_dots) asserts.
#[inline(always)]
unsafe fn add_dots_on<V: Register>(
    y: &[Lanes<f32>],
    grid: Grid,
    outputs: Range<usize>,
    windows: &Windows<'_, f32>,
    [lines, columns]: [usize; 2],
    sums: &mut [Lanes<f32>],
) {
    for (line, count) in groups(lines, (STRETCH / columns.max(1)).max(1)) {
        let call = Dots { y, grid, windows, places: [line, count, columns] };
        let mut m = outputs.start;
        while m < outputs.end {
            let sums = &mut sums[(m - outputs.start) * windows.taps()..];
            // SAFETY: at least this many outputs are left, and all places are inside both images, as the caller
            // guarantees.
            unsafe {
                match outputs.end - m {
                    1 => {
                        call.outputs::<V, 1>(m, sums);
                        m += 1;
                    }
                    2 | 3 => {
                        call.outputs::<V, 2>(m, sums);
                        m += 2;
                    }
                    _ => {
                        call.outputs::<V, 4>(m, sums);
                        m += 4;
                    }
                }
            }
        }
    }
}

/// The arguments that all groups of sums have in common. `places` is the first line, the number of lines and the
/// number of columns.
struct Dots<'a> {
    y: &'a [Lanes<f32>],
    grid: Grid,
    windows: &'a Windows<'a, f32>,
    places: [usize; 3],
}

impl Dots<'_> {
    /// Adds to the sums of the outputs m..m + M and all taps.
    ///
    /// # Safety
    /// As for [`add_dots_on`].
    #[inline(always)]
    unsafe fn outputs<V: Register, const M: usize>(&self, m: usize, sums: &mut [Lanes<f32>]) {
        for c in 0..self.windows.channels {
            for (tap, width) in groups(self.windows.offsets.len(), most::<V>(M)) {
                for lane in (0..LANES).step_by(V::LANES) {
                    // SAFETY: as the caller guarantees.
                    unsafe { with_width!(width, dots::<V, M>(self, [m, c, tap, lane], sums)) };
                }
            }
        }
    }
}

/// Adds to the sums of M outputs and K taps of a channel, for the V::LANES lanes from `lane` on.
///
/// # Safety
/// As for [`add_dots_on`]; at least M outputs and K taps are left, and `sums` begins with the sums of output m.
#[inline(always)]
unsafe fn dots<V: Register, const M: usize, const K: usize>(
    call: &Dots<'_>,
    [m, c, tap, lane]: [usize; 4],
    sums: &mut [Lanes<f32>],
) {
    let (windows, taps, [first, lines, columns]) = (call.windows, call.windows.taps(), call.places);
    let per_channel = windows.offsets.len();
    // SAFETY: all places are inside their images, as the caller guarantees, and lane + V::LANES ≤ LANES.
    unsafe {
        let to = sums.as_mut_ptr().cast::<f32>().add(lane);
        let place = |i: usize, k: usize| to.wrapping_add((i * taps + c * per_channel + tap + k) * LANES);
        let mut sum: [[V; K]; M] = std::array::from_fn(|i| std::array::from_fn(|k| V::load(place(i, k))));
        let offset: [usize; K] = std::array::from_fn(|k| *windows.offsets.get_unchecked(tap + k) * LANES);
        let (y_step, x_step) = (call.grid.column * LANES, windows.grid.column * LANES);
        let y_channel = call.grid.channel * LANES;
        for line in first..first + lines {
            let mut y = call.y.as_ptr().add(call.grid.at(m, line, 0)).cast::<f32>().wrapping_add(lane);
            let mut x = windows.values.as_ptr().add(windows.grid.at(c, line, 0)).cast::<f32>().wrapping_add(lane);
            for _ in 0..columns {
                let from: [V; K] = std::array::from_fn(|k| V::load(x.wrapping_add(offset[k])));
                for i in 0..M {
                    let y = V::load(y.wrapping_add(i * y_channel));
                    for k in 0..K {
                        sum[i][k] = sum[i][k].fused_multiply_add(y, from[k]);
                    }
                }
                (y, x) = (y.wrapping_add(y_step), x.wrapping_add(x_step));
            }
        }
        for i in 0..M {
            for k in 0..K {
                sum[i][k].store(place(i, k));
            }
        }
    }
}

/// Iterates over the places of an image, channel by channel and line by line.
struct Walk {
    image: [usize; 3],
    grid: Grid,
    place: usize,
    line: usize,
    column: usize,
}

impl Walk {
    /// Returns the place of the next value.
    #[inline(always)]
    fn next(&mut self) -> usize {
        let here = self.place;
        let [_, lines, columns] = self.image;
        self.place += 1;
        self.column += 1;
        if self.column == columns {
            self.column = 0;
            self.line += 1;
            self.place = self.place.wrapping_add(self.grid.line).wrapping_sub(columns);
            if self.line == lines {
                self.line = 0;
                let gone = self.grid.line.wrapping_mul(lines);
                self.place = self.place.wrapping_add(self.grid.channel).wrapping_sub(gone);
            }
        }
        here
    }
}

/// # Safety
/// The machine has the instructions of `V`; the shapes are those that [`pack`](super::pack) asserts.
#[inline(always)]
unsafe fn pack_on<V: Register>(
    rows: BatchRows<'_, f32>,
    first: usize,
    image: [usize; 3],
    to: &mut [Lanes<f32>],
    grid: Grid,
) {
    // Missing rows are read from here, always from its start.
    let nothing = [0.0; LANES];
    let count = (rows.rows() - first).min(LANES);
    let from: [&[f32]; LANES] = std::array::from_fn(|r| if r < count { rows.row(first + r) } else { &nothing[..] });
    let mut walk = Walk { image, grid, place: grid.start, line: 0, column: 0 };
    let values = rows.cols();
    let whole = values / V::LANES * V::LANES;
    let lanes_of = to.as_mut_ptr();
    for value in (0..whole).step_by(V::LANES) {
        let mut places = [0; LANES];
        places[..V::LANES].iter_mut().for_each(|place| *place = walk.next());
        for lane in (0..LANES).step_by(V::LANES) {
            // SAFETY: V::LANES values of each row are left, their places are inside `to`, and lane + V::LANES ≤
            // LANES.
            unsafe {
                V::transpose(
                    |r| from[lane + r].as_ptr().add(if lane + r < count { value } else { 0 }),
                    |j| lanes_of.add(places[j]).cast::<f32>().add(lane),
                );
            }
        }
    }
    for value in whole..values {
        let place = walk.next();
        to[place] = std::array::from_fn(|r| if r < count { from[r][value] } else { 0.0 });
    }
}

/// # Safety
/// The machine has the instructions of `V`; the shapes are those that [`unpack`](super::unpack) asserts.
#[inline(always)]
unsafe fn unpack_on<V: Register>(from: &[Lanes<f32>], to: &mut [f32]) {
    let values = from.len();
    let (rows, whole) = (to.len() / values, values / V::LANES * V::LANES);
    // The values of missing rows are written here.
    let mut nowhere = [0.0; LANES];
    for value in (0..whole).step_by(V::LANES) {
        for lane in (0..rows).step_by(V::LANES) {
            let (rows_from_here, nowhere) = (to.as_mut_ptr().wrapping_add(lane * values + value), nowhere.as_mut_ptr());
            // SAFETY: V::LANES values of each row are left, and of each place from `lane` on.
            unsafe {
                V::transpose(
                    |j| from.as_ptr().add(value + j).cast::<f32>().add(lane),
                    |r| if lane + r < rows { rows_from_here.add(r * values) } else { nowhere },
                );
            }
        }
    }
    for (row, to) in to.chunks_exact_mut(values).enumerate() {
        to[whole..].iter_mut().zip(&from[whole..]).for_each(|(to, from)| *to = from[row]);
    }
}
