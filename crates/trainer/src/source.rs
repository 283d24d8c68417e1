use std::ops::Range;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Scalar, prefetch};

/// Samples as the trainer reads them: bytes stay bytes until a batch is filled, where a byte becomes value/255.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    samples: &'a Samples,
    /// Which of them: the first one is number 0 here.
    start: usize,
    len: usize,
}

impl<'a> Source<'a> {
    /// Reads `samples`.
    #[must_use]
    pub fn new(samples: &'a Samples) -> Self {
        Self { samples, start: 0, len: samples.len() }
    }

    /// Reads a part of `samples`.
    ///
    /// # Panics
    /// If there are not as many.
    #[must_use]
    pub fn part(samples: &'a Samples, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= samples.len(), "a part of {} samples", samples.len());
        Self { samples, start: range.start, len: range.len() }
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values of a sample.
    #[must_use]
    pub fn features(&self) -> usize {
        self.samples.features()
    }

    /// Writes samples, one a row.
    pub fn fill_rows<T: Scalar>(&self, samples: &[u32], rows: &mut [T]) {
        // Shuffled samples lie anywhere in memory: each is asked for while the ones before it are converted.
        const AHEAD: usize = 4;
        for (at, (&sample, row)) in samples.iter().zip(rows.chunks_exact_mut(self.features())).enumerate() {
            if let (Some(&next), Values::Bytes(values)) = (samples.get(at + AHEAD), &self.samples.values) {
                prefetch(values.row(self.start + next as usize).to_slice().unwrap_or_default());
            }
            self.fill(sample as usize, row);
        }
    }

    /// Writes one sample.
    pub fn fill<T: Scalar>(&self, sample: usize, row: &mut [T]) {
        let sample = self.start + sample;
        match &self.samples.values {
            Values::Bytes(values) => match values.row(sample).as_slice() {
                Some(bytes) => convert(bytes, row, byte),
                None => values.row(sample).iter().zip(row).for_each(|(&value, to)| *to = byte(value)),
            },
            Values::Floats(values) => {
                values.row(sample).iter().zip(row).for_each(|(&value, to)| *to = T::from_f64(f64::from(value)));
            }
        }
    }
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
