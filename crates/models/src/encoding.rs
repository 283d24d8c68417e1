//! From the values of the data to the values of a network, and back.

use handgrad_dataset::tables::Schema;
use handgrad_layers::Scalar;

use crate::Scale;

/// How the values of a sample become values of the network.
#[derive(Clone, Copy, Debug)]
pub enum Encoding<'a> {
    /// They are the same.
    Same,
    /// They are scaled.
    Scaled(&'a Scale),
    /// They are the columns of a table, each of which becomes one or several values.
    Table(&'a Schema),
}

impl Encoding<'_> {
    /// Writes the values of the network for one sample to `row`, which has room for all of them.
    pub fn apply<T: Scalar>(&self, values: impl Iterator<Item = f64>, row: &mut [T]) {
        match self {
            Encoding::Same => row.iter_mut().zip(values).for_each(|(to, value)| *to = T::from_f64(value)),
            Encoding::Scaled(scale) => {
                let places = row.iter_mut().enumerate();
                places.zip(values).for_each(|((at, to), value)| *to = T::from_f64(scale.apply(at, value)));
            }
            Encoding::Table(schema) => {
                let mut places = row.iter_mut();
                schema.encode(values, |value| {
                    if let Some(to) = places.next() {
                        *to = T::from_f64(value);
                    }
                });
            }
        }
    }

    /// The values of the data for one row of values of the network.
    #[must_use]
    pub fn undo<T: Scalar>(&self, row: &[T]) -> Vec<f64> {
        let values = row.iter().map(|value| value.to_f64());
        match self {
            Encoding::Same => values.collect(),
            Encoding::Scaled(scale) => values.enumerate().map(|(at, value)| scale.undo(at, value)).collect(),
            Encoding::Table(schema) => schema.decode(&values.collect::<Vec<_>>()),
        }
    }
}
