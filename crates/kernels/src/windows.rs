//! Products with a matrix that is never written down: its rows are stretches of one array that overlap.
//!
//! ```text
//! out(m, n)     ← Σ_t w(m, t)·values[start_t + n]                    a convolution: row t is a tap of the window
//! sums(m, t)    ← sums(m, t) + Σ_n y(m, n)·values[start_t + n]       its weights' gradient, for one sample
//! t = (c, k):     start_t = c·channel + offsets[k]
//! ```
//!
//! Every element of `out` is one chain of fused multiply-adds over rising t. Of `sums` there are 16 for each (m, t): number
//! n mod 16 is one chain over rising n. So neither the width of registers nor how the work is cut changes a bit.

use std::ops::Range;

use crate::register::{Plain, Register};
use crate::simd::{Level, level};
use crate::{Scalar, vectorize};

/// Partial sums of a (m, t).
pub const LANES: usize = 16;
/// What [`correlate`] computes behind the last place, and so reads and writes.
pub const SLACK: usize = 128;

/// The rows of the matrix that is never written down.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a, T> {
    /// What the rows are stretches of.
    pub values: &'a [T],
    /// Number of channels.
    pub channels: usize,
    /// Values from one channel to the next.
    pub channel: usize,
    /// Where a channel's rows start, counted from the start of the channel.
    pub offsets: &'a [usize],
}

impl<T> Windows<'_, T> {
    /// Number of rows.
    ///
    /// # Panics
    /// If it cannot be counted.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self.channels.checked_mul(self.offsets.len()) {
            Some(rows) => rows,
            None => panic!("{} channels of {} rows", self.channels, self.offsets.len()),
        }
    }

    /// Do all rows have `places` values? In 128 bits, where nothing wraps around: unsafe code relies on it.
    fn hold(&self, places: usize) -> bool {
        let wide = |value: usize| value as u128;
        let (Some(last), true) = (self.offsets.iter().max(), self.channels > 0) else {
            return wide(self.channels) * wide(self.channel) <= wide(self.values.len()) || self.offsets.is_empty();
        };
        wide(self.channels - 1) * wide(self.channel) + wide(*last) + wide(places) <= wide(self.values.len())
    }
}

/// out(m, n) ← Σ_t w(m, t)·values[start_t + n] for n in 0..places, and anything in the [`SLACK`] places behind. Shapes:
/// w m×rows, out m lines of `pitch`.
///
/// # Panics
/// If the shapes are not those, or a line or a row has no room for the slack.
pub fn correlate<T: Scalar>(w: &[T], windows: &Windows<'_, T>, out: &mut [T], pitch: usize, places: usize) {
    let lines = out.len().checked_div(pitch).unwrap_or(0);
    assert!(
        lines.checked_mul(windows.rows()) == Some(w.len()),
        "{lines} lines, {} rows, {} weights",
        windows.rows(),
        w.len()
    );
    let needed = places.checked_add(SLACK);
    let fits = needed.is_some_and(|needed| pitch >= needed && windows.hold(needed));
    assert!(fits, "room for {places} places and the slack");
    T::correlate(w, windows, out, pitch, places);
}

/// sums(m, t) ← sums(m, t) + Σ_n y(m, n)·values[start_t + n], where y(m, n) = `y[m·y_line + n]`, for the lines `lines` of
/// y. Shape: sums lines.len()×rows×16.
///
/// # Panics
/// If the shapes are not those.
pub fn add_dots<T: Scalar>(
    y: &[T],
    y_line: usize,
    lines: Range<usize>,
    windows: &Windows<'_, T>,
    places: usize,
    sums: &mut [T],
) {
    let Some(whole) = places.checked_next_multiple_of(LANES) else { panic!("{places} places cannot be counted") };
    assert!(
        lines.len().checked_mul(windows.rows()).and_then(|sums| sums.checked_mul(LANES)) == Some(sums.len()),
        "16 sums for each line and row"
    );
    let last = (lines.end.max(1) - 1).checked_mul(y_line).and_then(|start| start.checked_add(whole));
    assert!(lines.is_empty() || last.is_some_and(|last| last <= y.len()), "{whole} places in line {}", lines.end);
    assert!(windows.hold(whole), "{whole} places in every row");
    T::add_dots(y, y_line, lines, windows, whole, sums);
}

/// [`correlate`] in plain Rust: the twin.
pub(crate) fn correlate_plain<T: Scalar>(
    w: &[T],
    windows: &Windows<'_, T>,
    out: &mut [T],
    pitch: usize,
    places: usize,
) {
    let rows = windows.rows();
    vectorize!({
        for (line, out) in out.chunks_exact_mut(pitch).enumerate() {
            let (w, out) = (&w[line * rows..][..rows], &mut out[..places]);
            out.fill(T::ZERO);
            for (row, &w) in w.iter().enumerate() {
                let (c, k) = (row / windows.offsets.len(), row % windows.offsets.len());
                let from = &windows.values[c * windows.channel + windows.offsets[k]..][..places];
                out.iter_mut().zip(from).for_each(|(out, &from)| *out = w.mul_add(from, *out));
            }
        }
    });
}

/// [`add_dots`] in plain Rust: the twin.
pub(crate) fn add_dots_plain<T: Scalar>(
    y: &[T],
    y_line: usize,
    lines: Range<usize>,
    windows: &Windows<'_, T>,
    whole: usize,
    sums: &mut [T],
) {
    let (sums, _) = sums.as_chunks_mut::<LANES>();
    for (line, sums) in lines.zip(sums.chunks_exact_mut(windows.rows().max(1))) {
        let y = &y[line * y_line..][..whole];
        for (row, sums) in sums.iter_mut().enumerate() {
            let (c, k) = (row / windows.offsets.len(), row % windows.offsets.len());
            let from = &windows.values[c * windows.channel + windows.offsets[k]..][..whole];
            for (y, from) in y.as_chunks::<LANES>().0.iter().zip(from.as_chunks::<LANES>().0) {
                for lane in 0..LANES {
                    sums[lane] = y[lane].mul_add(from[lane], sums[lane]);
                }
            }
        }
    }
}

/// Calls `$body::<register, …>` with the register of this machine; see `matmul::single`.
macro_rules! dispatch {
    ($name:ident = $body:ident($($arg:ident: $type:ty),*); $avx512:tt, $avx2:tt, $plain:tt) => {
        pub(crate) fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::{__m256, __m512};
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512($($arg: $type),*) {
                    // SAFETY: compiled for, and called only with, AVX-512; the shapes are as asserted above.
                    unsafe { $body::<__m512, $avx512>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) {
                    // SAFETY: as above, for AVX2 and FMA.
                    unsafe { $body::<__m256, $avx2>($($arg),*) }
                }
                match level() {
                    // SAFETY: `level` answers Avx512 only where these instructions were detected.
                    Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above, for AVX2 and FMA.
                    Level::Avx2 => return unsafe { avx2($($arg),*) },
                    Level::Portable => {}
                }
            }
            // SAFETY: plain Rust needs no instruction set; the shapes are as asserted above.
            unsafe { $body::<Plain, $plain>($($arg),*) }
        }
    };
}

dispatch!(correlate_f32 = correlate_on(
    w: &[f32], windows: &Windows<'_, f32>, out: &mut [f32], pitch: usize, places: usize
); 8, 4, 4);
dispatch!(add_dots_f32 = add_dots_on(
    y: &[f32], y_line: usize, lines: Range<usize>, windows: &Windows<'_, f32>, whole: usize, sums: &mut [f32]
); 1, 2, 4);

/// As [`correlate`], M lines at a time at most.
///
/// # Safety
/// The instructions of `V` exist; shapes as [`correlate`] asserts them.
#[inline(always)]
unsafe fn correlate_on<V: Register, const M: usize>(
    w: &[f32],
    windows: &Windows<'_, f32>,
    out: &mut [f32],
    pitch: usize,
    places: usize,
) {
    let (lines, rows) = (out.len().checked_div(pitch).unwrap_or(0), windows.rows());
    let mut line = 0;
    while line < lines {
        let (w, out) = (&w[line * rows..], &mut out[line * pitch..]);
        // SAFETY: so many lines are left; a tile has at most SLACK places.
        unsafe {
            line += match lines - line {
                1 => tiles::<V, 1, 8>(w, windows, out, pitch, places),
                2 | 3 => tiles::<V, 2, 4>(w, windows, out, pitch, places),
                left if left < M || M == 4 => tiles::<V, 4, 2>(w, windows, out, pitch, places),
                _ => tiles::<V, M, 2>(w, windows, out, pitch, places),
            };
        }
    }
}

/// M lines of `out`, NV registers of places at a time. Returns M.
///
/// # Safety
/// As for [`correlate_on`], for M lines.
#[inline(always)]
unsafe fn tiles<V: Register, const M: usize, const NV: usize>(
    w: &[f32],
    windows: &Windows<'_, f32>,
    out: &mut [f32],
    pitch: usize,
    places: usize,
) -> usize {
    let rows = windows.rows();
    // SAFETY: the caller vouches for the instructions.
    let zero = unsafe { V::splat(0.0) };
    for n in (0..places).step_by(NV * V::LANES) {
        let mut sum = [[zero; NV]; M];
        let mut w = w.as_ptr();
        for c in 0..windows.channels {
            // SAFETY: row t holds places + SLACK values from its start on; w has M lines of `rows`.
            unsafe {
                // Without a row nothing is read, and this may point anywhere.
                let channel = windows.values.as_ptr().wrapping_add(c.wrapping_mul(windows.channel).wrapping_add(n));
                for &offset in windows.offsets {
                    let from: [V; NV] = std::array::from_fn(|j| V::load(channel.wrapping_add(offset + j * V::LANES)));
                    for i in 0..M {
                        let w = V::splat(*w.add(i * rows));
                        for j in 0..NV {
                            sum[i][j] = sum[i][j].fused_multiply_add(w, from[j]);
                        }
                    }
                    w = w.add(1);
                }
            }
        }
        for i in 0..M {
            for j in 0..NV {
                // SAFETY: a line of `out` has places + SLACK values.
                unsafe { sum[i][j].store(out.as_mut_ptr().add(i * pitch + n + j * V::LANES)) };
            }
        }
    }
    M
}

/// As [`add_dots`]; P registers hold the 16 lanes.
///
/// # Safety
/// The instructions of `V` exist, P·LANES = 16; shapes as [`add_dots`] asserts them.
#[inline(always)]
unsafe fn add_dots_on<V: Register, const P: usize>(
    y: &[f32],
    y_line: usize,
    lines: Range<usize>,
    windows: &Windows<'_, f32>,
    whole: usize,
    sums: &mut [f32],
) {
    let rows = windows.rows();
    let taps = windows.offsets.len();
    let mut line = lines.start;
    while line < lines.end {
        let first = &mut sums[(line - lines.start) * rows * LANES..];
        let y = &y[line * y_line..];
        let left = lines.end - line;
        // As many sums as there are registers for.
        let (many, many_taps) = match P {
            1 => (4, 4),
            2 => (2, 2),
            _ => (1, 2),
        };
        let now = if left >= many { many } else { 1 };
        for row in 0..rows {
            let k = row % taps;
            // A group of taps ends with its channel.
            if !k.is_multiple_of(many_taps) && taps - k / many_taps * many_taps >= many_taps {
                continue;
            }
            let group = if taps - k >= many_taps && k.is_multiple_of(many_taps) { many_taps } else { 1 };
            let from: [*const f32; 4] = std::array::from_fn(|at| {
                let offset = windows.offsets[(k + at).min(taps - 1)];
                windows.values[row / taps * windows.channel + offset..].as_ptr()
            });
            let to = first[row * LANES..].as_mut_ptr();
            // SAFETY: `now` lines of y and of the sums and `group` rows are left, of `whole` places each.
            unsafe {
                match (now, group) {
                    (4, 4) => dots::<V, P, 4, 4>(y.as_ptr(), y_line, from, whole, to, rows),
                    (4, _) => dots::<V, P, 4, 1>(y.as_ptr(), y_line, from, whole, to, rows),
                    (2, 2) => dots::<V, P, 2, 2>(y.as_ptr(), y_line, from, whole, to, rows),
                    (2, _) => dots::<V, P, 2, 1>(y.as_ptr(), y_line, from, whole, to, rows),
                    (_, 4) => dots::<V, P, 1, 4>(y.as_ptr(), y_line, from, whole, to, rows),
                    (_, 2) => dots::<V, P, 1, 2>(y.as_ptr(), y_line, from, whole, to, rows),
                    _ => dots::<V, P, 1, 1>(y.as_ptr(), y_line, from, whole, to, rows),
                }
            }
        }
        line += now;
    }
}

/// The sums of M lines of y and K rows that follow one another.
///
/// # Safety
/// The instructions of `V` exist; y holds M lines of `whole` floats, each of the first K of `from` `whole` floats, and
/// `sums` M lines of `rows`·16 floats, of which the first K·16 are these.
#[inline(always)]
unsafe fn dots<V: Register, const P: usize, const M: usize, const K: usize>(
    y: *const f32,
    y_line: usize,
    from: [*const f32; 4],
    whole: usize,
    sums: *mut f32,
    rows: usize,
) {
    // SAFETY: all offsets stay inside what the caller vouches for.
    unsafe {
        let place = |i: usize, k: usize, p: usize| sums.add((i * rows + k) * LANES + p * V::LANES);
        let mut sum: [[[V; P]; K]; M] =
            std::array::from_fn(|i| std::array::from_fn(|k| std::array::from_fn(|p| V::load(place(i, k, p)))));
        for n in (0..whole).step_by(LANES) {
            let x: [[V; P]; K] =
                std::array::from_fn(|k| std::array::from_fn(|p| V::load(from[k].add(n + p * V::LANES))));
            for i in 0..M {
                for p in 0..P {
                    let y = V::load(y.add(i * y_line + n + p * V::LANES));
                    for k in 0..K {
                        sum[i][k][p] = sum[i][k][p].fused_multiply_add(y, x[k][p]);
                    }
                }
            }
        }
        for i in 0..M {
            for k in 0..K {
                for p in 0..P {
                    sum[i][k][p].store(place(i, k, p));
                }
            }
        }
    }
}
