//! Images of sixteen samples side by side, and the loops of convolutions over these images.
//!
//! ```text
//! a place of an image holds 16 values, one of each sample: its lanes
//!
//! correlate    out(m, i, j)  ← b(m) + Σ_t w(m,t)·x(t, i, j)          forward and backward_input of convolutions
//! add_dots     sums(m, t)    ← sums(m, t) + Σ_ij y(m, i, j)·x(t, i, j)       their weights' gradient; lane by lane
//!
//! t = (c, k):  x(t, i, j) = values[start + c·channel + offsets[k] + i·line + j·column]
//! ```
//!
//! Every lane is a chain of fused multiply-adds in a fixed order: in `correlate` in order of increasing t, in
//! `add_dots` place by place, row after row. A sample stays in its lane. Therefore the width of the registers and the
//! division of the work do not change a bit. Registers are full for every stride, every dilation and every size of
//! image.

mod single;

use std::ops::Range;

use crate::{BatchRows, Finish, Scalar, vectorize};

pub use crate::grid::{Grid, LANES, Lanes, Windows};
pub(crate) use single::{add_dots_f32, correlate_f32, pack_f32, unpack_f32};

/// out(m, i, j) ← finish(b(m) + Σ_t w(m,t)·x(t, i, j)) for m < outputs, i < lines and j < columns. Shapes: w
/// outputs×taps, b outputs. An empty b means 0.
///
/// # Panics
/// If the shapes are different, or a place is outside its image.
pub fn correlate<T: Scalar>(
    w: &[T],
    b: &[T],
    finish: Finish,
    windows: &Windows<'_, T>,
    [outputs, lines, columns]: [usize; 3],
    out: &mut [Lanes<T>],
    grid: Grid,
) {
    let taps = windows.taps();
    assert!(outputs.checked_mul(taps) == Some(w.len()), "{outputs} outputs, {taps} taps, {} weights", w.len());
    assert!(b.is_empty() || b.len() == outputs, "{outputs} outputs, {} biases", b.len());
    windows.assert_hold([lines, columns]);
    assert!(grid.lies_within([outputs, lines, columns], 0, out.len()), "every output must be inside its image");
    if lines == 0 || columns == 0 {
        return;
    }
    T::correlate(w, b, finish, windows, [outputs, lines, columns], out, grid);
}

/// sums(m, t) ← sums(m, t) + Σ_ij y(m, i, j)·x(t, i, j), lane by lane, for m in `outputs`. Shape: sums outputs×taps.
///
/// # Panics
/// If the shapes are different, or a place is outside its image.
pub fn add_dots<T: Scalar>(
    y: &[Lanes<T>],
    grid: Grid,
    outputs: Range<usize>,
    windows: &Windows<'_, T>,
    [lines, columns]: [usize; 2],
    sums: &mut [Lanes<T>],
) {
    let taps = windows.taps();
    assert!(outputs.len().checked_mul(taps) == Some(sums.len()), "there must be a sum for each output and tap");
    windows.assert_hold([lines, columns]);
    let held = outputs.is_empty() || grid.lies_within([outputs.end, lines, columns], 0, y.len());
    assert!(held, "every place of y must be inside its image");
    if lines == 0 || columns == 0 {
        return;
    }
    T::add_dots(y, grid, outputs, windows, [lines, columns], sums);
}

/// Packs up to sixteen rows side by side, beginning with row number `first`. Each row is an image of the shape
/// `image`. Row r is written to lane r − first, and its value (c, i, j) to the place that `grid` gives. Lanes without
/// a row become 0.
///
/// # Panics
/// If the rows have a different size, or a place is outside its image.
pub fn pack<T: Scalar>(rows: BatchRows<'_, T>, first: usize, image: [usize; 3], to: &mut [Lanes<T>], grid: Grid) {
    let [channels, lines, columns] = image;
    let values = channels.checked_mul(lines).and_then(|values| values.checked_mul(columns));
    assert!(values == Some(rows.cols()) && grid.column == 1, "rows of {}, images of {image:?}", rows.cols());
    assert!(first <= rows.rows(), "row {first} of {}", rows.rows());
    assert!(grid.lies_within(image, 0, to.len()), "every value must have a place");
    T::pack(rows, first, image, to, grid);
}

/// Unpacks images without padding, the reverse of [`pack`]: row r of `to` ← lane r of each place. Shapes: `from` n
/// places, `to` at most 16 rows of n values.
///
/// # Panics
/// If `to` has a different shape.
pub fn unpack<T: Scalar>(from: &[Lanes<T>], to: &mut [T]) {
    let rows = to.len().checked_div(from.len()).unwrap_or(0);
    assert!(rows <= LANES && rows * from.len() == to.len(), "at most {LANES} rows of {} values", from.len());
    if rows > 0 {
        T::unpack(from, to);
    }
}

/// [`correlate`] in plain Rust, the counterpart of the fast version.
pub(crate) fn correlate_plain<T: Scalar>(
    w: &[T],
    b: &[T],
    finish: Finish,
    windows: &Windows<'_, T>,
    [outputs, lines, columns]: [usize; 3],
    out: &mut [Lanes<T>],
    grid: Grid,
) {
    let (taps, per_channel) = (windows.taps(), windows.offsets.len());
    vectorize!({
        for m in 0..outputs {
            for (i, j) in (0..lines).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let mut sum = [b.get(m).copied().unwrap_or(T::ZERO); LANES];
                for t in 0..taps {
                    let at = windows.grid.at(t / per_channel, i, j) + windows.offsets[t % per_channel];
                    let (x, w) = (&windows.values[at], w[m * taps + t]);
                    sum.iter_mut().zip(x).for_each(|(sum, &x)| *sum = w.mul_add(x, *sum));
                }
                if finish == Finish::Relu {
                    sum.iter_mut().filter(|sum| **sum < T::ZERO).for_each(|sum| *sum = T::ZERO);
                }
                out[grid.at(m, i, j)] = sum;
            }
        }
    });
}

/// [`add_dots`] in plain Rust, the counterpart of the fast version.
pub(crate) fn add_dots_plain<T: Scalar>(
    y: &[Lanes<T>],
    grid: Grid,
    outputs: Range<usize>,
    windows: &Windows<'_, T>,
    [lines, columns]: [usize; 2],
    sums: &mut [Lanes<T>],
) {
    let (taps, per_channel) = (windows.taps(), windows.offsets.len());
    vectorize!({
        for (at, sum) in sums.iter_mut().enumerate() {
            let (m, t) = (outputs.start + at / taps, at % taps);
            for (i, j) in (0..lines).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let y = &y[grid.at(m, i, j)];
                let x = &windows.values[windows.grid.at(t / per_channel, i, j) + windows.offsets[t % per_channel]];
                sum.iter_mut().zip(y).zip(x).for_each(|((sum, &y), &x)| *sum = y.mul_add(x, *sum));
            }
        }
    });
}

/// [`pack`] in plain Rust, the counterpart of the fast version.
pub(crate) fn pack_plain<T: Scalar>(
    rows: BatchRows<'_, T>,
    first: usize,
    [channels, lines, columns]: [usize; 3],
    to: &mut [Lanes<T>],
    grid: Grid,
) {
    for lane in 0..LANES {
        let row = (first + lane < rows.rows()).then(|| rows.row(first + lane));
        for (value, (c, i)) in (0..channels).flat_map(|c| (0..lines).map(move |i| (c, i))).enumerate() {
            let line = &mut to[grid.at(c, i, 0)..][..columns];
            for (j, place) in line.iter_mut().enumerate() {
                place[lane] = row.map_or(T::ZERO, |row| row[value * columns + j]);
            }
        }
    }
}

/// [`unpack`] in plain Rust, the counterpart of the fast version.
pub(crate) fn unpack_plain<T: Scalar>(from: &[Lanes<T>], to: &mut [T]) {
    for (lane, row) in to.chunks_exact_mut(from.len()).enumerate() {
        row.iter_mut().zip(from).for_each(|(to, from)| *to = from[lane]);
    }
}
