use std::ops::Range;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Scalar, prefetch};
use handgrad_models::Scale;
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::Error;

/// The samples that a trainer reads, one in each row, in the units of the data.
///
/// Bytes are converted when a batch is filled: a byte becomes value/255. Floats are not changed. If the specification
/// of the network has a [`Scale`], training and evaluation apply it when they fill a batch.
///
/// ```
/// # use handgrad_trainer::Source;
/// let measured = ndarray::array![[0.5_f64, 0.25], [1.0, 0.125]];
/// let source = Source::from(measured.view());
/// assert_eq!((source.len(), source.features()), (2, 2));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    values: View<'a>,
}

/// The values, in one of the types that data can have.
#[derive(Clone, Copy, Debug)]
enum View<'a> {
    Bytes(ArrayView2<'a, u8>),
    Singles(ArrayView2<'a, f32>),
    Doubles(ArrayView2<'a, f64>),
}

impl<'a> From<ArrayView2<'a, f32>> for Source<'a> {
    fn from(values: ArrayView2<'a, f32>) -> Self {
        Self { values: View::Singles(values) }
    }
}

impl<'a> From<ArrayView2<'a, f64>> for Source<'a> {
    fn from(values: ArrayView2<'a, f64>) -> Self {
        Self { values: View::Doubles(values) }
    }
}

impl<'a> Source<'a> {
    /// Creates a source of all `samples`.
    #[must_use]
    pub fn new(samples: &'a Samples) -> Self {
        let values = match &samples.values {
            Values::Bytes(values) => View::Bytes(values.view()),
            Values::Floats(values) => View::Singles(values.view()),
            Values::Doubles(values) => View::Doubles(values.view()),
        };
        Self { values }
    }

    /// Creates a source of a range of `samples`. The first sample of the range has the number 0.
    ///
    /// # Errors
    /// If the range is not within the samples.
    pub fn part(samples: &'a Samples, range: Range<usize>) -> Result<Self, Error> {
        let count = samples.len();
        if range.start > range.end || range.end > count {
            return Err(Error::NoSuchPart { start: range.start, end: range.end, samples: count });
        }
        let rows = Slice::from(range);
        let values = match &samples.values {
            Values::Bytes(values) => View::Bytes(values.slice_axis(Axis(0), rows)),
            Values::Floats(values) => View::Singles(values.slice_axis(Axis(0), rows)),
            Values::Doubles(values) => View::Doubles(values.slice_axis(Axis(0), rows)),
        };
        Ok(Self { values })
    }

    /// Returns the same source with a shorter lifetime. The compiler does not shorten the lifetime of an array view
    /// automatically.
    pub(crate) fn shorter<'b>(self) -> Source<'b>
    where
        'a: 'b,
    {
        let values = match self.values {
            View::Bytes(values) => View::Bytes(values.reborrow()),
            View::Singles(values) => View::Singles(values.reborrow()),
            View::Doubles(values) => View::Doubles(values.reborrow()),
        };
        Source { values }
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dim().0
    }

    /// Returns whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of values of a sample.
    #[must_use]
    pub fn features(&self) -> usize {
        self.dim().1
    }

    fn dim(&self) -> (usize, usize) {
        match &self.values {
            View::Bytes(values) => values.dim(),
            View::Singles(values) => values.dim(),
            View::Doubles(values) => values.dim(),
        }
    }

    /// Writes the given samples to `rows`, one in each row.
    ///
    /// # Errors
    /// If a sample does not exist, or the length of `rows` is not the number of values of the samples.
    pub fn fill_rows<T: Scalar>(&self, samples: &[u32], rows: &mut [T]) -> Result<(), Error> {
        self.check_numbers(samples)?;
        check_room(samples.len().saturating_mul(self.features()), rows.len())?;
        self.fill_batch(samples, None, rows);
        Ok(())
    }

    /// Writes one sample to `row`.
    ///
    /// # Errors
    /// If the sample does not exist, or the length of `row` is not the number of values of a sample.
    pub fn fill<T: Scalar>(&self, sample: usize, row: &mut [T]) -> Result<(), Error> {
        if sample >= self.len() {
            return Err(Error::NoSuchSample { number: sample, samples: self.len() });
        }
        check_room(self.features(), row.len())?;
        self.fill_row(sample, None, row);
        Ok(())
    }

    /// Refuses sample numbers that do not exist.
    pub(crate) fn check_numbers(&self, samples: &[u32]) -> Result<(), Error> {
        let count = self.len();
        match samples.iter().find(|number| **number as usize >= count) {
            Some(&number) => Err(Error::NoSuchSample { number: number as usize, samples: count }),
            None => Ok(()),
        }
    }

    /// Writes scaled samples, one in each row. Their numbers must exist.
    pub(crate) fn fill_batch<T: Scalar>(&self, samples: &[u32], scale: Option<&Scale>, rows: &mut [T]) {
        // Shuffled samples can be anywhere in memory: each sample is prefetched while the samples before it are
        // converted.
        const AHEAD: usize = 4;
        for (at, (&sample, row)) in samples.iter().zip(rows.chunks_exact_mut(self.features().max(1))).enumerate() {
            if let (Some(&next), View::Bytes(values)) = (samples.get(at + AHEAD), &self.values) {
                prefetch(values.row(next as usize).to_slice().unwrap_or_default());
            }
            self.fill_row(sample as usize, scale, row);
        }
    }

    /// Writes one scaled sample. Its number must exist.
    pub(crate) fn fill_row<T: Scalar>(&self, sample: usize, scale: Option<&Scale>, row: &mut [T]) {
        match (&self.values, scale) {
            (View::Bytes(values), None) => match values.row(sample).as_slice() {
                Some(bytes) => convert(bytes, row, byte),
                None => values.row(sample).iter().zip(row).for_each(|(&value, to)| *to = byte(value)),
            },
            (View::Bytes(values), Some(scale)) => {
                write(values.row(sample), row, |at, value| T::from_f64(scale.apply(at, byte::<T>(value).to_f64())));
            }
            (View::Singles(values), None) => write(values.row(sample), row, |_, value| T::from_f64(f64::from(value))),
            (View::Singles(values), Some(scale)) => {
                write(values.row(sample), row, |at, value| T::from_f64(scale.apply(at, f64::from(value))));
            }
            (View::Doubles(values), None) => write(values.row(sample), row, |_, value| T::from_f64(value)),
            (View::Doubles(values), Some(scale)) => {
                write(values.row(sample), row, |at, value| T::from_f64(scale.apply(at, value)));
            }
        }
    }

    /// Returns the first value that is not finite after scaling and conversion to T: its sample, its position in the
    /// sample, and the value in the units of the data.
    pub(crate) fn first_not_finite<T: Scalar>(&self, scale: Option<&Scale>) -> Option<(usize, usize, f64)> {
        if matches!(self.values, View::Bytes(_)) && scale.is_none() {
            return None;
        }
        let position_in = |row: &mut Vec<T>, sample: usize| {
            self.fill_row(sample, scale, row);
            row.iter().position(|value| !value.to_f64().is_finite())
        };
        let room = || vec![T::ZERO; self.features()];
        let samples = (0..self.len()).into_par_iter();
        let found = samples.map_init(room, |row, sample| Some((sample, position_in(row, sample)?)));
        let (sample, position) = found.find_first(Option::is_some)??;
        Some((sample, position, self.value(sample, position)))
    }

    /// Returns one value in the units of the data.
    fn value(&self, sample: usize, position: usize) -> f64 {
        match &self.values {
            View::Bytes(values) => byte(values[[sample, position]]),
            View::Singles(values) => f64::from(values[[sample, position]]),
            View::Doubles(values) => values[[sample, position]],
        }
    }
}

/// Refuses a buffer that is too short or too long.
fn check_room(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::BufferSize { expected, found }) }
}

fn write<A: Copy, T>(from: ndarray::ArrayView1<A>, to: &mut [T], f: impl Fn(usize, A) -> T) {
    from.iter().zip(to).enumerate().for_each(|(at, (&from, to))| *to = f(at, from));
}

#[inline(always)]
fn byte<T: Scalar>(value: u8) -> T {
    // Computes value/255, correctly rounded and without a division: the product with the rounded 1/255, plus a
    // correction.
    let (value, divisor) = (T::from_u8(value), T::from_u8(u8::MAX));
    let reciprocal = T::ONE / divisor;
    let quotient = value * reciprocal;
    (-quotient).mul_add(divisor, value).mul_add(reciprocal, quotient)
}

fn convert<A: Copy, T>(from: &[A], to: &mut [T], f: impl Fn(A) -> T) {
    handgrad_layers::vectorize!({
        for (to, &from) in to.iter_mut().zip(from) {
            *to = f(from);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::byte;

    #[test]
    fn a_byte_is_its_value_divided_by_255() {
        for value in 0..=u8::MAX {
            assert_eq!(byte::<f32>(value), f32::from(value) / 255.0);
            assert_eq!(byte::<f64>(value), f64::from(value) / 255.0);
        }
    }
}
