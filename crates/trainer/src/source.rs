use std::ops::Range;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Scalar, prefetch};
use handgrad_models::Scale;
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::Error;

/// Samples as the trainer reads them, one a row, in the data's own units.
///
/// Bytes stay bytes until a batch is filled, and then a byte becomes value/255. Floats are read as they are. If the
/// network's specification has a [`Scale`], training and evaluation apply it while they fill a batch.
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

/// The values, of one of the types that data has.
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
    /// Reads `samples`.
    #[must_use]
    pub fn new(samples: &'a Samples) -> Self {
        let values = match &samples.values {
            Values::Bytes(values) => View::Bytes(values.view()),
            Values::Floats(values) => View::Singles(values.view()),
        };
        Self { values }
    }

    /// Reads a part of `samples`. Its first sample is number 0.
    ///
    /// # Errors
    /// If there are not as many samples.
    pub fn part(samples: &'a Samples, range: Range<usize>) -> Result<Self, Error> {
        let count = samples.len();
        if range.start > range.end || range.end > count {
            return Err(Error::NoSuchPart { start: range.start, end: range.end, samples: count });
        }
        let rows = Slice::from(range);
        let values = match &samples.values {
            Values::Bytes(values) => View::Bytes(values.slice_axis(Axis(0), rows)),
            Values::Floats(values) => View::Singles(values.slice_axis(Axis(0), rows)),
        };
        Ok(Self { values })
    }

    /// The same source for a shorter time: the compiler does not shorten the lifetime of an array's view by itself.
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

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dim().0
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values of a sample.
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

    /// Writes samples, one a row.
    ///
    /// # Errors
    /// If the source does not have one of them, or `rows` has not exactly the room for their values.
    pub fn fill_rows<T: Scalar>(&self, samples: &[u32], rows: &mut [T]) -> Result<(), Error> {
        self.check_numbers(samples)?;
        check_room(samples.len().saturating_mul(self.features()), rows.len())?;
        self.fill_batch(samples, None, rows);
        Ok(())
    }

    /// Writes one sample.
    ///
    /// # Errors
    /// If the source does not have it, or `row` has not exactly the room for its values.
    pub fn fill<T: Scalar>(&self, sample: usize, row: &mut [T]) -> Result<(), Error> {
        if sample >= self.len() {
            return Err(Error::NoSuchSample { number: sample, samples: self.len() });
        }
        check_room(self.features(), row.len())?;
        self.fill_row(sample, None, row);
        Ok(())
    }

    /// Refuses the number of a sample that is not there.
    pub(crate) fn check_numbers(&self, samples: &[u32]) -> Result<(), Error> {
        let count = self.len();
        match samples.iter().find(|number| **number as usize >= count) {
            Some(&number) => Err(Error::NoSuchSample { number: number as usize, samples: count }),
            None => Ok(()),
        }
    }

    /// Writes samples that are there, one a row, at the scale.
    pub(crate) fn fill_batch<T: Scalar>(&self, samples: &[u32], scale: Option<Scale>, rows: &mut [T]) {
        // Shuffled samples lie anywhere in memory: each is asked for while the ones before it are converted.
        const AHEAD: usize = 4;
        for (at, (&sample, row)) in samples.iter().zip(rows.chunks_exact_mut(self.features().max(1))).enumerate() {
            if let (Some(&next), View::Bytes(values)) = (samples.get(at + AHEAD), &self.values) {
                prefetch(values.row(next as usize).to_slice().unwrap_or_default());
            }
            self.fill_row(sample as usize, scale, row);
        }
    }

    /// Writes one sample that is there, at the scale.
    pub(crate) fn fill_row<T: Scalar>(&self, sample: usize, scale: Option<Scale>, row: &mut [T]) {
        match (&self.values, scale) {
            (View::Bytes(values), None) => match values.row(sample).as_slice() {
                Some(bytes) => convert(bytes, row, byte),
                None => values.row(sample).iter().zip(row).for_each(|(&value, to)| *to = byte(value)),
            },
            (View::Bytes(values), Some(scale)) => {
                write(values.row(sample), row, |value| scaled(byte::<T>(value).to_f64(), scale));
            }
            (View::Singles(values), None) => write(values.row(sample), row, |value| T::from_f64(f64::from(value))),
            (View::Singles(values), Some(scale)) => {
                write(values.row(sample), row, |value| scaled(f64::from(value), scale));
            }
            (View::Doubles(values), None) => write(values.row(sample), row, T::from_f64),
            (View::Doubles(values), Some(scale)) => write(values.row(sample), row, |value| scaled(value, scale)),
        }
    }

    /// The first value that is no finite number where the network of these numbers reads it: its sample, its position
    /// in the sample, and the value itself.
    pub(crate) fn first_not_finite<T: Scalar>(&self, scale: Option<Scale>) -> Option<(usize, usize, f64)> {
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

    /// One value in the data's own units.
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

/// A value as the network takes it.
fn scaled<T: Scalar>(value: f64, Scale { offset, factor }: Scale) -> T {
    T::from_f64((value - offset) / factor)
}

fn write<A: Copy, T>(from: ndarray::ArrayView1<A>, to: &mut [T], f: impl Fn(A) -> T) {
    from.iter().zip(to).for_each(|(&from, to)| *to = f(from));
}

#[inline(always)]
fn byte<T: Scalar>(value: u8) -> T {
    // value/255, rounded correctly, without a division: the quotient with the rounded 1/255, then what is missing.
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
