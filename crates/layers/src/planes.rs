//! # Sliding windows: what convolution and its transpose have in common
//!
//! ```text
//! A window of k×k taps slides over a padded image, s values a step, its taps d values apart:
//!
//! correlate    y(o,i,j)   = Σ_{c,u,v} w(o,c,u,v) · x̂(c, s·i + d·u, s·j + d·v)      x̂: x with zeros around it
//! transpose    x(c,p,q)   = Σ { w(o,c,u,v) · y(o,i,j) : s·i + d·u = p̂, s·j + d·v = q̂ }   p̂, q̂: p, q counted in x̂
//! weights      w(o,c,u,v) = Σ_{i,j} y(o,i,j) · x̂(c, s·i + d·u, s·j + d·v)
//! ```
//!
//! All three are the derivatives of one trilinear form Σ w·x·y by y, x and w: so the gradient of either of the first two by
//! its input is the other, and by its weights the third.
//!
//! **How they become long loops.** x̂ is split into s·s *phase planes*: plane (a,b) holds x̂(c, s·i + a, s·j + b). A tap then
//! reads every output's value from one plane, shifted by a constant:
//!
//! ```text
//! x̂(c, s·i + d·u, s·j + d·v) = plane(c, d·u mod s, d·v mod s)[ (i + ⌊d·u/s⌋)·pitch + j + ⌊d·v/s⌋ ]
//!                             = plane[ offset(c,u,v) + i·pitch + j ]
//! ```
//!
//! and with n = i·pitch + j one number for the place, a convolution of any stride and dilation is a matrix product whose
//! second operand is never written down: y(o,n) = Σ_t w(o,t)·planes[offset_t + n]. At the end of a line n runs over a few
//! places that are no outputs; they are dropped.

use handgrad_kernels::vectorize;
use handgrad_kernels::windows::{self, SLACK, Windows};

use crate::{Error, Scalar};

/// Channels, height, width.
pub type Chw = [usize; 3];

/// The shape of a layer's input as channels, height and width, if it is the one the layer was built for.
pub(crate) fn expect(layer: String, [c, h, w]: Chw, shape: &[usize]) -> Result<Chw, Error> {
    if shape == [c, h, w] || (c == 1 && shape == [h, w]) {
        return Ok([c, h, w]);
    }
    let (found, expected) = (shape.iter().product(), c * h * w);
    Err(Error::InputSize { layer, shape: shape.to_vec(), found, expected })
}

/// A shape as channels, height and width: an image without channels has one.
#[must_use]
pub fn chw(shape: &[usize]) -> Option<Chw> {
    match *shape {
        [h, w] => Some([1, h, w]),
        [c, h, w] => Some([c, h, w]),
        _ => None,
    }
}

/// How a window of taps slides from an image x to an image y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Channels, height and width of x.
    pub x: Chw,
    /// Channels, height and width of y.
    pub y: Chw,
    /// k: taps down and across.
    pub kernel_size: usize,
    /// s: values from one window to the next.
    pub stride: usize,
    /// d: values from one tap to the next.
    pub dilation: usize,
    /// Lines of zeros above x.
    pub top: usize,
    /// Columns of zeros to the left of x.
    pub left: usize,
}

impl Window {
    /// Number of weights of one output channel.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.x[0] * self.kernel_size * self.kernel_size
    }

    /// Lines and columns of a phase plane.
    fn plane(&self) -> [usize; 2] {
        let reach = (self.kernel_size - 1) * self.dilation + 1;
        [self.y[1], self.y[2]].map(|outputs| ((outputs - 1) * self.stride + reach).div_ceil(self.stride))
    }

    fn plane_len(&self) -> usize {
        self.plane().iter().product()
    }

    /// Values of all phase planes of a sample.
    #[must_use]
    pub fn planes_len(&self) -> usize {
        self.x[0] * self.stride * self.stride * self.plane_len() + SLACK
    }

    /// Values of one phase plane for every channel of x, with room behind each.
    pub(crate) fn part_len(&self) -> usize {
        self.x[0] * (self.plane_len() + SLACK)
    }

    /// Refuses windows for which one sample needs more memory than 2³⁰ values.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wide = |value: usize| value as u128;
        let [lines, pitch] = self.plane().map(wide);
        let (c, o, k) = (wide(self.x[0]), wide(self.y[0]), wide(self.kernel_size));
        let planes = c.saturating_mul(wide(self.stride * self.stride) + 1).saturating_mul(lines * pitch);
        let values = planes.saturating_add(o.saturating_mul(2 * lines * pitch)).saturating_add(16 * o * c * k * k);
        if values > 1 << 30 {
            let (name, range) =
                ("the memory of a convolution", "at most 2³⁰ values a sample: make it or its image smaller");
            return Err(Error::OutOfRange { name, value: values.to_string(), range });
        }
        Ok(())
    }

    /// Places from the first output to the last.
    fn places(&self) -> usize {
        (self.y[1] - 1) * self.plane()[1] + self.y[2]
    }

    /// Places of an output channel, and room for those that are computed along with them.
    fn line_len(&self) -> usize {
        self.margin() + self.plane_len() + SLACK
    }

    /// The largest shift of a tap: zeros that stand before the first place of a line.
    fn margin(&self) -> usize {
        let shift = (self.kernel_size - 1) * self.dilation / self.stride;
        shift * self.plane()[1] + shift
    }

    /// Values of one line for every output channel: y where the places are.
    #[must_use]
    pub fn lines_len(&self) -> usize {
        self.y[0] * self.line_len()
    }

    /// What the taps read of the phase planes: a row for each tap of each channel.
    fn sources<'a, T>(&self, planes: &'a [T], offsets: &'a mut [usize; MOST_TAPS]) -> Windows<'a, T> {
        let (taps, plane) = (self.taps_of_channel(), self.plane_len());
        offsets.iter_mut().zip(taps.iter()).for_each(|(offset, tap)| *offset = tap.phase * plane + tap.shift);
        let channel = self.stride * self.stride * plane;
        Windows { values: planes, channels: self.x[0], channel, offsets: &offsets[..taps.count] }
    }

    /// Phase and shift of every tap (u, v), row by row.
    fn taps_of_channel(&self) -> Taps {
        let (k, s, d, pitch) = (self.kernel_size, self.stride, self.dilation, self.plane()[1]);
        let mut taps = Taps { count: k * k, of: [Tap { phase: 0, shift: 0 }; MOST_TAPS] };
        for (at, tap) in taps.of.iter_mut().enumerate().take(k * k) {
            let (u, v) = (at / k, at % k);
            *tap = Tap { phase: d * u % s * s + d * v % s, shift: d * u / s * pitch + d * v / s };
        }
        taps
    }
}

/// Taps of a channel at most: windows up to 16×16.
pub(crate) const MOST_TAPS: usize = 256;

/// Which phase plane a tap reads, and from how far on.
#[derive(Clone, Copy)]
struct Tap {
    phase: usize,
    shift: usize,
}

/// The taps of one channel.
struct Taps {
    count: usize,
    of: [Tap; MOST_TAPS],
}

impl Taps {
    fn iter(&self) -> impl Iterator<Item = Tap> + Clone + '_ {
        self.of[..self.count].iter().copied()
    }
}

/// planes ← the phase planes of one sample. What lies around it stays as it is: 0, since `planes` was filled with zeros
/// before the first sample. Shapes: x c×h×w, planes planes_len.
pub fn spread<T: Scalar>(window: &Window, x: &[T], planes: &mut [T]) {
    let ([_, h, w], s) = (window.x, window.stride);
    let [lines, pitch] = window.plane();
    vectorize!({
        for (x, planes) in x.chunks_exact(h * w).zip(planes.chunks_exact_mut(s * s * lines * pitch)) {
            each_line(window, |p, line, plane_row, columns| {
                let to = &mut planes[plane_row * pitch..][line..pitch];
                let from = &x[p * w..][columns];
                match s {
                    1 => to.iter_mut().zip(from).for_each(|(to, &from)| *to = from),
                    // Pairs are vector code, steps are not.
                    2 => {
                        let (pairs, last) = from.as_chunks::<2>();
                        to.iter_mut().zip(pairs).for_each(|(to, &[from, _])| *to = from);
                        to[pairs.len()..].iter_mut().zip(last).for_each(|(to, &from)| *to = from);
                    }
                    _ => to.iter_mut().zip(from.iter().step_by(s)).for_each(|(to, &from)| *to = from),
                }
            });
        }
    });
}

/// x ← the phase planes of one sample put together again, without what lay around it: [`spread`]'s transpose.
fn gather<T: Scalar>(window: &Window, planes: &[T], x: &mut [T]) {
    let ([_, h, w], s) = (window.x, window.stride);
    let [lines, pitch] = window.plane();
    // What no window reaches has no gradient.
    x.fill(T::ZERO);
    vectorize!({
        for (x, planes) in x.chunks_exact_mut(h * w).zip(planes.chunks_exact(s * s * lines * pitch)) {
            each_line(window, |p, line, plane_row, columns| {
                let from = &planes[plane_row * pitch..][line..pitch];
                let to = &mut x[p * w..][columns];
                match s {
                    1 => to.iter_mut().zip(from).for_each(|(to, &from)| *to = from),
                    2 => {
                        let (pairs, last) = to.as_chunks_mut::<2>();
                        let rest = &from[pairs.len().min(from.len())..];
                        pairs.iter_mut().zip(from).for_each(|(to, &from)| to[0] = from);
                        last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
                    }
                    _ => to.iter_mut().step_by(s).zip(from).for_each(|(to, &from)| *to = from),
                }
            });
        }
    });
}

/// Calls `f` for every line p of an image and each column phase: with p, the column in the plane at which its values start,
/// the line among those of all planes, and the columns of the image, every s-th of which is in that plane.
#[inline(always)]
fn each_line(window: &Window, mut f: impl FnMut(usize, usize, usize, std::ops::Range<usize>)) {
    let ([_, h, w], s, lines) = (window.x, window.stride, window.plane()[0]);
    // The first line or column of the image in phase a, and its place in that phase's planes.
    let first = |a: usize, before: usize| {
        let first = (a + s - before % s) % s;
        (first, (first + before) / s)
    };
    for (a, b) in (0..s).flat_map(|a| (0..s).map(move |b| (a, b))) {
        let ((mut p, i), (q, j)) = (first(a, window.top), first(b, window.left));
        if q < w {
            let plane = (a * s + b) * lines;
            for row in plane + i.min(lines)..plane + lines {
                if p >= h {
                    break;
                }
                f(p, j, row, q..w);
                p += s;
            }
        }
    }
}

/// lines ← y, each channel a line, with room behind each row of outputs, before the first and after the last: what the
/// transpose reads. The room stays as it is: 0, since `lines` was filled with zeros before the first sample. Shapes:
/// y o×h×w, lines lines_len.
pub fn spread_outputs<T: Scalar>(window: &Window, y: &[T], lines: &mut [T]) {
    let ([_, h, w], pitch) = (window.y, window.plane()[1]);
    for (y, line) in y.chunks_exact(h * w).zip(lines.chunks_exact_mut(window.line_len())) {
        let places = line[window.margin()..].chunks_mut(pitch);
        places.zip(y.chunks_exact(w)).for_each(|(to, y)| to[..w].copy_from_slice(y));
    }
}

/// y ← Σ w·x̂ for one sample, see above. Shapes: planes as [`spread`] left them, w o×taps, lines lines_len, y o×h×w.
pub fn correlate<T: Scalar>(window: &Window, planes: &[T], w: &[T], lines: &mut [T], y: &mut [T]) {
    let mut offsets = [0; MOST_TAPS];
    windows::correlate(w, &window.sources(planes, &mut offsets), lines, window.line_len(), window.places());
    let ([_, h, width], pitch) = (window.y, window.plane()[1]);
    for (y, line) in y.chunks_exact_mut(h * width).zip(lines.chunks_exact(window.line_len())) {
        y.chunks_exact_mut(width).zip(line.chunks(pitch)).for_each(|(y, line)| y.copy_from_slice(&line[..width]));
    }
}

/// x ← Σ w·y for one sample, see above. Shapes: lines as [`spread_outputs`] left them, w o×taps, turned taps·o, planes
/// planes_len, part a plane of every channel with SLACK behind it, and x c×h×w.
pub fn transpose<T: Scalar>(
    window: &Window,
    lines: &[T],
    turned: &TurnedWeights<'_, T>,
    planes: &mut [T],
    part: &mut [T],
    x: &mut [T],
) {
    let (c, s, plane) = (window.x[0], window.stride, window.plane_len());
    let taps = window.taps_of_channel();
    let mut start = 0;
    for phase in 0..s * s {
        let mut offsets = [0; MOST_TAPS];
        let mut count = 0;
        for tap in taps.iter().filter(|tap| tap.phase == phase) {
            offsets[count] = window.margin() - tap.shift;
            count += 1;
        }
        let (channels, channel) = (window.y[0], window.line_len());
        let sources = Windows { values: lines, channels, channel, offsets: &offsets[..count] };
        let w = &turned.values[start..][..c * window.y[0] * count];
        start += w.len();
        let pitch = plane + SLACK;
        windows::correlate(w, &sources, &mut part[..c * pitch], pitch, plane);
        for (channel, part) in part[..c * pitch].chunks_exact(pitch).enumerate() {
            planes[(channel * s * s + phase) * plane..][..plane].copy_from_slice(&part[..plane]);
        }
    }
    gather(window, planes, x);
}

/// The weights in the order in which [`transpose`] needs them: phase by phase c×(o·taps of that phase).
#[derive(Debug)]
pub struct TurnedWeights<'a, T> {
    values: &'a [T],
}

impl<'a, T: Scalar> TurnedWeights<'a, T> {
    /// Shapes: w o×taps, memory alike.
    pub fn new(window: &Window, w: &[T], memory: &'a mut [T]) -> Self {
        let ([c, _, _], o, s) = (window.x, window.y[0], window.stride);
        let taps = window.taps_of_channel();
        let mut at = 0;
        for phase in 0..s * s {
            for channel in 0..c {
                for output in 0..o {
                    for (number, _) in taps.iter().enumerate().filter(|(_, tap)| tap.phase == phase) {
                        memory[at] = w[(output * c + channel) * taps.count + number];
                        at += 1;
                    }
                }
            }
        }
        Self { values: memory }
    }
}

/// sums ← sums + Σ y·x̂ over the places of one sample, a lane for every 16th place. Shapes: lines as [`spread_outputs`]
/// left them, of which those of the channels `outputs` count, planes as [`spread`] left them, sums outputs×taps×16.
pub fn add_weight_sums<T: Scalar>(
    window: &Window,
    lines: &[T],
    planes: &[T],
    outputs: std::ops::Range<usize>,
    sums: &mut [T],
) {
    let mut offsets = [0; MOST_TAPS];
    let sources = window.sources(planes, &mut offsets);
    windows::add_dots(&lines[window.margin()..], window.line_len(), outputs, &sources, window.places(), sums);
}

/// dw ← the lanes of each weight's sum added in order. Shapes: sums n×16, dw n.
pub fn add_lanes<T: Scalar>(sums: &[T], dw: &mut [T]) {
    for (dw, lanes) in dw.iter_mut().zip(sums.as_chunks::<SUM_LANES>().0) {
        *dw = lanes.iter().fold(T::ZERO, |sum, &lane| sum + lane);
    }
}

/// Values that the sums of [`add_weight_sums`] have for a weight.
pub const SUM_LANES: usize = windows::LANES;
