use std::ops::Range;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Scalar, prefetch};
use handgrad_models::{Encoding, Spec};
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::Error;

/// The samples that a trainer reads, one in each row, in the units of the data.
///
/// Bytes are converted when a batch is filled: a byte becomes value/255. Floats are not changed. If the specification
/// of the network has a scale or a table, training and evaluation apply them when they fill a batch.
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
    /// The class of each sample, for a classifier.
    classes: Option<&'a [u32]>,
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
        Self { values: View::Singles(values), classes: None }
    }
}

impl<'a> From<ArrayView2<'a, f64>> for Source<'a> {
    fn from(values: ArrayView2<'a, f64>) -> Self {
        Self { values: View::Doubles(values), classes: None }
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
        Self { values, classes: None }
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
        Ok(Self { values, classes: None })
    }

    /// Returns the same samples with the class of each, which is the target of a classifier: the number of its output,
    /// counted from 0.
    ///
    /// ```
    /// # use handgrad_trainer::Source;
    /// let measured = ndarray::array![[0.5_f64, 0.25], [1.0, 0.125]];
    /// let source = Source::from(measured.view());
    /// assert!(source.with_classes(&[1, 0]).is_ok());
    /// assert!(source.with_classes(&[1]).is_err());
    /// ```
    ///
    /// # Errors
    /// If there are not as many classes as samples.
    pub fn with_classes(self, classes: &'a [u32]) -> Result<Self, Error> {
        match classes.len() == self.len() {
            true => Ok(Self { classes: Some(classes), ..self }),
            false => Err(Error::ClassCount { classes: classes.len(), samples: self.len() }),
        }
    }

    /// Returns the class of each sample, if the source has them.
    pub(crate) fn classes(&self) -> Option<&'a [u32]> {
        self.classes
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
        Source { values, classes: self.classes }
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
        self.fill_batch(samples, Encoding::Same, self.features(), rows);
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
        self.fill_row(sample, Encoding::Same, row);
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

    /// Writes samples in the units of the network, one in each row. Their numbers must exist. `width` is the number of
    /// values of a sample in the network.
    pub(crate) fn fill_batch<T: Scalar>(&self, samples: &[u32], encoding: Encoding<'_>, width: usize, rows: &mut [T]) {
        // Shuffled samples can be anywhere in memory: each sample is prefetched while the samples before it are
        // converted.
        const AHEAD: usize = 4;
        for (at, (&sample, row)) in samples.iter().zip(rows.chunks_exact_mut(width.max(1))).enumerate() {
            if let (Some(&next), View::Bytes(values)) = (samples.get(at + AHEAD), &self.values) {
                prefetch(values.row(next as usize).to_slice().unwrap_or_default());
            }
            self.fill_row(sample as usize, encoding, row);
        }
    }

    /// Writes one sample in the units of the network. Its number must exist.
    pub(crate) fn fill_row<T: Scalar>(&self, sample: usize, encoding: Encoding<'_>, row: &mut [T]) {
        match (&self.values, encoding) {
            (View::Bytes(values), Encoding::Same) => match values.row(sample).as_slice() {
                Some(bytes) => convert(bytes, row, byte),
                None => values.row(sample).iter().zip(row).for_each(|(&value, to)| *to = byte(value)),
            },
            (View::Bytes(values), encoding) => {
                encoding.apply(values.row(sample).iter().map(|&value| byte::<T>(value).to_f64()), row);
            }
            (View::Singles(values), encoding) => {
                encoding.apply(values.row(sample).iter().map(|&value| f64::from(value)), row);
            }
            (View::Doubles(values), encoding) => encoding.apply(values.row(sample).iter().copied(), row),
        }
    }

    /// Returns the first value that the network cannot take, because it is not finite after the conversion to T: its
    /// sample, its position in the sample, and the value in the units of the data. A network that takes missing values
    /// can take NaN.
    pub(crate) fn first_not_finite<T: Scalar>(&self, spec: &Spec) -> Option<(usize, usize, f64)> {
        let encoding = spec.encoding();
        if matches!((&self.values, encoding), (View::Bytes(_), Encoding::Same)) {
            return None;
        }
        let missing = spec.takes_missing();
        let is_wrong = |value: f64| !(value.is_finite() || missing && value.is_nan());
        let wrong_in = |row: &mut Vec<T>, sample: usize| {
            self.fill_row(sample, encoding, row);
            row.iter().any(|value| is_wrong(value.to_f64()))
        };
        let room = || vec![T::ZERO; spec.features()];
        let samples = (0..self.len()).into_par_iter();
        let found = samples.map_init(room, |row, sample| wrong_in(row, sample).then_some(sample));
        let sample = found.find_first(Option::is_some)??;
        let mut row = vec![T::ZERO; spec.features()];
        // A position is that of the value in the data. In a table, it is the first value that is not finite itself.
        let position = match encoding {
            Encoding::Table(_) => (0..self.features()).position(|at| is_wrong(self.value(sample, at))),
            _ => {
                self.fill_row(sample, encoding, &mut row);
                row.iter().position(|value| is_wrong(value.to_f64()))
            }
        };
        let position = position.unwrap_or(0);
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
