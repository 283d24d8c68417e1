//! # Sliding windows: what convolution and its transpose have in common
//!
//! ```text
//! A window of k×k taps moves over a padded image, s values per step; its taps are d values apart:
//!
//! correlate    y(o,i,j)   = Σ_{c,u,v} w(o,c,u,v) · x̂(c, s·i + d·u, s·j + d·v)      x̂: x with zeros around it
//! transpose    x(c,p,q)   = Σ { w(o,c,u,v) · y(o,i,j) : s·i + d·u = p̂, s·j + d·v = q̂ }   p̂, q̂: p, q counted in x̂
//! weights      w(o,c,u,v) = Σ_{i,j} y(o,i,j) · x̂(c, s·i + d·u, s·j + d·v)
//! ```
//!
//! All three are derivatives of one trilinear form, Σ w·x·y, with respect to y, x and w. So for either of the first
//! two, the gradient with respect to its input is the other one, and the gradient with respect to its weights is the
//! third.
//!
//! **Implementation as long loops.** Sixteen samples are stored side by side ([`lanes`]), so that each position holds
//! a vector of sixteen values, which fills a register. A tap is then an offset: x̂(c, s·i + d·u, s·j + d·v) is d·u
//! lines and d·v columns after x̂(c, s·i, s·j).
//!
//! The transpose is computed position by position of its output. Let p̂ = s·P + a with 0 ≤ a < s. The taps that
//! contribute to p̂ are those with d·u = s·m + a for some m, and tap u contributes the value of line i = P − m. So
//! all p with the same *phase* a use the same taps, each at its own offset −m. This gives s·s correlations, each of
//! stride 1. Each of them uses a part of the taps and writes every s-th line and column. Outside of y, the
//! correlations read zeros.
//!
//! The first two loops can *keep* x̂ and y as they lie in memory there, sixteen samples side by side with zeros around
//! them, so that the third does not have to arrange them again.

use handgrad_kernels::Finish;
use handgrad_kernels::lanes::{self, Grid, LANES, Lanes, Windows};
use handgrad_kernels::sums::in_order;

use crate::{BatchRows, Error, Scalar};

/// Channels, height, width.
pub type Chw = [usize; 3];

/// Returns the shape of a layer's input as channels, height and width, or an error if the layer was built for another
/// shape.
pub(crate) fn expect(layer: String, [c, h, w]: Chw, shape: &[usize]) -> Result<Chw, Error> {
    if shape == [c, h, w] || (c == 1 && shape == [h, w]) {
        return Ok([c, h, w]);
    }
    let (found, expected) = (shape.iter().product(), c * h * w);
    Err(Error::InputSize { layer, shape: shape.to_vec(), found, expected })
}

/// Returns a shape as channels, height and width. An image without channels has one channel. Returns `None` if the
/// shape is not that of an image.
#[must_use]
pub fn chw(shape: &[usize]) -> Option<Chw> {
    match *shape {
        [h, w] => Some([1, h, w]),
        [c, h, w] => Some([c, h, w]),
        _ => None,
    }
}

/// A window of taps that maps an image x to an image y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Channels, height and width of x.
    pub x: Chw,
    /// Channels, height and width of y.
    pub y: Chw,
    /// k: height and width of the window, in taps.
    pub kernel_size: usize,
    /// s: distance from one window to the next, in values.
    pub stride: usize,
    /// d: distance from one tap to the next, in values.
    pub dilation: usize,
    /// Lines of zeros above x.
    pub top: usize,
    /// Columns of zeros to the left of x.
    pub left: usize,
}

/// Largest number of taps per channel: windows up to 16×16.
const MOST_TAPS: usize = 256;

/// An image with zeros around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Channels, height and width without the zeros.
    image: Chw,
    /// Height and width with the zeros.
    size: [usize; 2],
    /// Lines of zeros above the image, and columns of zeros to its left.
    before: [usize; 2],
}

impl Frame {
    /// Number of positions, including the zeros.
    fn len(&self) -> usize {
        self.image[0] * self.size[0] * self.size[1]
    }

    /// The positions of the image without the zeros.
    fn grid(&self) -> Grid {
        let [lines, columns] = self.size;
        Grid { start: self.before[0] * columns + self.before[1], ..Grid::whole(lines, columns) }
    }

    /// Writes the zeros around the image. The image itself is left as it is.
    fn write_zeros<T: Scalar>(&self, values: &mut [Lanes<T>]) {
        let ([channels, h, w], [lines, columns]) = (self.image, self.size);
        let grid = self.grid();
        let mut start = 0;
        for line in
            (0..channels).flat_map(|c| (0..h).map(move |line| grid.start + c * lines * columns + line * columns))
        {
            values[start..line].fill([T::ZERO; LANES]);
            start = line + w;
        }
        values[start..].fill([T::ZERO; LANES]);
    }
}

impl Window {
    /// Number of weights per output channel.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.x[0] * self.kernel_size * self.kernel_size
    }

    /// Returns the frame of x̂, which is x with so many zeros around it that all windows lie inside.
    pub(crate) fn frame_of_x(&self) -> Frame {
        let reach = (self.kernel_size - 1) * self.dilation + 1;
        let [_, h, w] = self.x;
        let size = |outputs: usize, before, inputs| ((outputs - 1) * self.stride + reach).max(before + inputs);
        let size = [size(self.y[1], self.top, h), size(self.y[2], self.left, w)];
        Frame { image: self.x, size, before: [self.top, self.left] }
    }

    /// Returns the frame of y with zeros wherever the transpose reads outside of y (m and P: see the top of this file).
    /// The largest m is the number of lines of zeros above y. The height of the frame is sufficient for the largest P.
    pub(crate) fn frame_of_y(&self) -> Frame {
        let (s, before) = (self.stride, (self.kernel_size - 1) * self.dilation / self.stride);
        let [_, h, w] = self.x;
        let size = |outputs: usize, padding, inputs: usize| before + outputs.max((padding + inputs - 1) / s + 1);
        let size = [size(self.y[1], self.top, h), size(self.y[2], self.left, w)];
        Frame { image: self.y, size, before: [before; 2] }
    }

    /// Number of values of scratch memory that the functions below need, for `weights` weights at a time.
    #[must_use]
    pub fn scratch_len(&self, weights: usize) -> usize {
        let [x, y] = self.kept_lens();
        let images = (x + y).max(y + self.x.iter().product::<usize>());
        // `weights` is for the sums of the weights by lane, or for the weights in another order. The 1 is for the
        // alignment to a cache line.
        LANES * (images + weights + 1)
    }

    /// Number of values per sample that [`correlate`] keeps, and that [`transpose`] keeps: x and y with zeros around
    /// them.
    #[must_use]
    pub fn kept_lens(&self) -> [usize; 2] {
        [self.frame_of_x().len(), self.frame_of_y().len()]
    }

    /// Returns an error if sixteen samples need more memory than 2³⁴ values.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wide = |value: usize| value as u128;
        let area = |[lines, columns]: [usize; 2]| wide(lines) * wide(columns);
        let (c, o, k) = (wide(self.x[0]), wide(self.y[0]), wide(self.kernel_size));
        let (x, y) = (self.frame_of_x().size, self.frame_of_y().size);
        let places = c.saturating_mul(area(x).max(wide(self.x[1]) * wide(self.x[2]))).saturating_add(
            o.saturating_mul(area(y).max(wide(self.y[1]) * wide(self.y[2]))).saturating_add(o * c * k * k),
        );
        if places > 1 << 30 {
            let (name, range) =
                ("the memory of a convolution", "at most 2³⁰ values per sample: use a smaller image or fewer filters");
            return Err(Error::OutOfRange { name, value: places.to_string(), range });
        }
        Ok(())
    }

    /// For each tap, row by row of the window, the offset from the first tap of its channel, in an image with
    /// `columns` columns. Also returns the number of taps.
    fn offsets(&self, columns: usize) -> ([usize; MOST_TAPS], usize) {
        let (k, d) = (self.kernel_size, self.dilation);
        let mut offsets = [0; MOST_TAPS];
        for (at, offset) in offsets.iter_mut().enumerate().take(k * k) {
            *offset = at / k * d * columns + at % k * d;
        }
        (offsets, k * k)
    }
}

/// Splits `scratch` into pieces of `lens` positions; the first one starts at a cache line.
fn places<T: Scalar, const N: usize>(scratch: &mut [T], lens: [usize; N]) -> [&mut [Lanes<T>]; N] {
    // Loading a register from two cache lines takes twice as long.
    let skip = scratch.as_ptr().align_offset(LANES * size_of::<T>()).min(LANES);
    let (mut rest, _) = scratch[skip..].as_chunks_mut::<LANES>();
    lens.map(|len| rest.split_off_mut(..len).unwrap_or_default())
}

/// Returns the memory of group `number` of sixteen samples in `kept`, if there is room for it, and `padded` otherwise.
fn room_for<'a, T>(kept: &'a mut [T], number: usize, padded: &'a mut [Lanes<T>]) -> &'a mut [Lanes<T>] {
    match kept.as_chunks_mut::<LANES>().0.get_mut(number * padded.len()..(number + 1) * padded.len()) {
        Some(room) => room,
        None => padded,
    }
}

/// y ← finish(b + Σ w·x̂). Shapes: x m×c·h·w, w o×taps, b o or empty for 0, y m×o·h′·w′; scratch has
/// [`Window::scratch_len`] values. `kept` is empty, or m·[`Window::kept_lens`]`[0]` values of memory: x̂ is kept there
/// for [`weights`].
pub fn correlate<T: Scalar>(
    window: &Window,
    w: &[T],
    b: &[T],
    finish: Finish,
    x: &[T],
    y: &mut [T],
    [kept, scratch]: [&mut [T]; 2],
) {
    let (frame, [o, lines, columns]) = (window.frame_of_x(), window.y);
    let [padded, out] = places(scratch, [frame.len(), o * lines * columns]);
    let (offsets, count) = window.offsets(frame.size[1]);
    let stride = window.stride;
    let whole = Grid::whole(frame.size[0], frame.size[1]);
    let grid = Grid { line: stride * whole.line, column: stride, ..whole };
    let x = BatchRows::contiguous(x, window.x.iter().product());
    for (number, y) in y.chunks_mut(LANES * out.len()).enumerate() {
        let padded = room_for(kept, number, padded);
        frame.write_zeros(padded);
        lanes::pack(x, number * LANES, window.x, padded, frame.grid());
        let windows = Windows { values: padded, channels: window.x[0], grid, offsets: &offsets[..count] };
        lanes::correlate(w, b, finish, &windows, window.y, out, Grid::whole(lines, columns));
        lanes::unpack(out, y);
    }
}

/// x ← finish(b + Σ w·y), the transpose. Shapes: y m×o·h′·w′, w o×taps, b c or empty for 0, x m×c·h·w; scratch has
/// [`Window::scratch_len`] values, computed for all weights. `kept` is empty, or m·[`Window::kept_lens`]`[1]` values of
/// memory in which y is kept for [`weights`].
pub fn transpose<T: Scalar>(
    window: &Window,
    w: &[T],
    b: &[T],
    finish: Finish,
    y: &[T],
    x: &mut [T],
    [kept, scratch]: [&mut [T]; 2],
) {
    let (frame, [c, h, width]) = (window.frame_of_y(), window.x);
    let [padded, out, reordered] = places(scratch, [frame.len(), c * h * width, w.len().div_ceil(LANES)]);
    let reordered = reordered.as_flattened_mut();
    reorder_weights(window, w, reordered);
    let y = BatchRows::contiguous(y, window.y.iter().product());
    for (number, x) in x.chunks_mut(LANES * out.len()).enumerate() {
        let padded = room_for(kept, number, padded);
        frame.write_zeros(padded);
        lanes::pack(y, number * LANES, window.y, padded, frame.grid());
        let mut start = 0;
        for phase in 0..window.stride * window.stride {
            let (offsets, count) = shifts(window, phase);
            let w = &reordered[start..][..c * window.y[0] * count];
            start += w.len();
            let Some(([lines, columns], first, grid)) = lines_of_phase(window, phase) else { continue };
            let whole = Grid::whole(frame.size[0], frame.size[1]);
            let from = Grid { start: first[0] * frame.size[1] + first[1], ..whole };
            let windows = Windows { values: padded, channels: window.y[0], grid: from, offsets: &offsets[..count] };
            lanes::correlate(w, b, finish, &windows, [c, lines, columns], out, grid);
        }
        lanes::unpack(out, x);
    }
}

/// Keeps the images of `rows` for [`weights`], as [`correlate`] and [`transpose`] do. It is needed where only the
/// gradient of the weights is computed. Shapes: rows m×c·h·w of the frame's image; kept m·[`Frame::len`], or more.
pub(crate) fn keep<T: Scalar>(frame: &Frame, rows: &[T], kept: &mut [T]) {
    let rows = BatchRows::contiguous(rows, frame.image.iter().product());
    let groups = kept.as_chunks_mut::<LANES>().0.chunks_exact_mut(frame.len());
    for (first, group) in (0..rows.rows()).step_by(LANES).zip(groups) {
        frame.write_zeros(group);
        lanes::pack(rows, first, frame.image, group, frame.grid());
    }
}

/// The taps of a phase (a, b), as indices into the window: those with d·u ≡ a and d·v ≡ b mod s.
fn taps_of_phase(window: &Window, phase: usize) -> impl Iterator<Item = usize> {
    let Window { kernel_size: k, stride: s, dilation: d, .. } = *window;
    (0..k * k).filter(move |tap| d * (tap / k) % s == phase / s && d * (tap % k) % s == phase % s)
}

/// For each tap of a phase, the position in the frame that it reads for P = Q = 0: line and column are `before` − m.
/// Also returns the number of these taps.
fn shifts(window: &Window, phase: usize) -> ([usize; MOST_TAPS], usize) {
    let Window { kernel_size: k, stride: s, dilation: d, .. } = *window;
    let frame = window.frame_of_y();
    let (mut shifts, mut count) = ([0; MOST_TAPS], 0);
    for tap in taps_of_phase(window, phase) {
        let (line, column) = (frame.before[0] - d * (tap / k) / s, frame.before[1] - d * (tap % k) / s);
        shifts[count] = line * frame.size[1] + column;
        count += 1;
    }
    (shifts, count)
}

/// For a phase: the number of its lines and columns, their first P and Q, and their positions in x. `None` if the
/// phase has no lines or no columns.
fn lines_of_phase(window: &Window, phase: usize) -> Option<([usize; 2], [usize; 2], Grid)> {
    let ([_, h, w], s) = (window.x, window.stride);
    let of = |a: usize, padding: usize, size: usize| {
        let first = (a + s - padding % s) % s;
        (first, (first + padding) / s, size.saturating_sub(first).div_ceil(s))
    };
    let ((p, first_p, lines), (q, first_q, columns)) = (of(phase / s, window.top, h), of(phase % s, window.left, w));
    let grid = Grid { start: p * w + q, channel: h * w, line: s * w, column: s };
    (lines > 0 && columns > 0).then_some(([lines, columns], [first_p, first_q], grid))
}

/// reordered ← the weights in the order in which [`transpose`] reads them: for each phase, c×(o·taps of this phase).
fn reorder_weights<T: Scalar>(window: &Window, w: &[T], reordered: &mut [T]) {
    let ([c, ..], [o, ..], all) = (window.x, window.y, window.kernel_size * window.kernel_size);
    let mut reordered = reordered.iter_mut();
    for phase in 0..window.stride * window.stride {
        let (mut taps, mut count) = ([0; MOST_TAPS], 0);
        for tap in taps_of_phase(window, phase) {
            taps[count] = tap;
            count += 1;
        }
        for (channel, output) in (0..c).flat_map(|channel| (0..o).map(move |output| (channel, output))) {
            let weights = &w[(output * c + channel) * all..][..all];
            taps[..count].iter().zip(&mut reordered).for_each(|(&tap, reordered)| *reordered = weights[tap]);
        }
    }
}

/// dw ← Σ y·x̂ over all positions and samples, for the output channels `outputs`. Shapes: x m×c·h·w, y m×o·h′·w′, dw
/// outputs×taps; scratch has [`Window::scratch_len`] values, computed for these weights. `kept` is what [`correlate`]
/// and [`transpose`] kept; without it, x and y are packed again.
pub fn weights<T: Scalar>(
    window: &Window,
    x: BatchRows<T>,
    y: BatchRows<T>,
    kept: Option<[BatchRows<T>; 2]>,
    outputs: std::ops::Range<usize>,
    dw: &mut [T],
    scratch: &mut [T],
) {
    let (frames, [_, lines, columns]) = ([window.frame_of_x(), window.frame_of_y()], window.y);
    let [padded_x, padded_y, sums] = places(scratch, [frames[0].len(), frames[1].len(), dw.len()]);
    sums.fill([T::ZERO; LANES]);
    let (offsets, count) = window.offsets(frames[0].size[1]);
    let (stride, whole) = (window.stride, Grid::whole(frames[0].size[0], frames[0].size[1]));
    let grid = Grid { line: stride * whole.line, column: stride, ..whole };
    for first in (0..x.rows()).step_by(LANES) {
        let group = |at: usize| kept.and_then(|kept| kept[at].group(first, LANES));
        let [x, y] = match [group(0), group(1)] {
            [Some(x), Some(y)] => [x, y].map(|values| values.as_chunks::<LANES>().0),
            _ => {
                for (frame, rows, padded) in [(&frames[0], x, &mut *padded_x), (&frames[1], y, &mut *padded_y)] {
                    frame.write_zeros(padded);
                    lanes::pack(rows, first, frame.image, padded, frame.grid());
                }
                [&*padded_x, &*padded_y]
            }
        };
        let windows = Windows { values: x, channels: window.x[0], grid, offsets: &offsets[..count] };
        lanes::add_dots(y, frames[1].grid(), outputs.clone(), &windows, [lines, columns], sums);
    }
    for (dw, lanes) in dw.iter_mut().zip(sums) {
        *dw = in_order(lanes);
    }
}
