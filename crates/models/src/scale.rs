//! Scales the values of samples before a network, and back after it.

use serde::{Deserialize, Serialize};

/// Scaling of values: `(value − offset) / factor`. All values of a sample have the same offset and factor, or each
/// channel has its own: in a series with several channels, the values of one step are those of the channels in order.
///
/// ```
/// use handgrad_models::Scale;
///
/// let channels = Scale { offset: vec![0.0, 100.0], factor: vec![1.0, 50.0] };
/// // Two steps of two channels.
/// let scaled: Vec<f64> = [0.5, 150.0, 0.25, 50.0].iter().enumerate().map(|(at, &v)| channels.apply(at, v)).collect();
/// assert_eq!(scaled, [0.5, 1.0, 0.25, -1.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The values that are scaled to 0: one for all values, or one for each channel.
    #[serde(with = "one_or_more")]
    pub offset: Vec<f64>,
    /// The distances from `offset` that are scaled to 1, as many as there are offsets. They must be above 0.
    #[serde(with = "one_or_more")]
    pub factor: Vec<f64>,
}

impl Scale {
    /// The same offset and factor for all values.
    #[must_use]
    pub fn of_all(offset: f64, factor: f64) -> Self {
        Self { offset: vec![offset], factor: vec![factor] }
    }

    /// Scales the value at a position of a sample to the units of the network: (value − offset) / factor.
    #[must_use]
    pub fn apply(&self, position: usize, value: f64) -> f64 {
        let [offset, factor] = self.at(position);
        (value - offset) / factor
    }

    /// Scales the value at a position of a sample back to the units of the data: value · factor + offset.
    #[must_use]
    pub fn undo(&self, position: usize, value: f64) -> f64 {
        let [offset, factor] = self.at(position);
        value * factor + offset
    }

    /// The first channel whose numbers are not valid: both must be finite, and the factor above 0.
    pub(crate) fn wrong(&self) -> Option<[f64; 2]> {
        let mut pairs = self.offset.iter().zip(&self.factor).map(|(&offset, &factor)| [offset, factor]);
        pairs.find(|&[offset, factor]| !(offset.is_finite() && factor.is_finite() && factor > 0.0))
    }

    /// The factor of the value at a position of a sample.
    #[must_use]
    pub fn factor_at(&self, position: usize) -> f64 {
        self.at(position)[1]
    }

    fn at(&self, position: usize) -> [f64; 2] {
        let channel = if self.offset.len() == 1 { 0 } else { position % self.offset.len() };
        [self.offset[channel], self.factor[channel]]
    }
}

/// A single number is written as a number, and several as a list.
mod one_or_more {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Numbers {
        One(f64),
        More(Vec<f64>),
    }

    pub fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        match numbers {
            [one] => one.serialize(serializer),
            more => more.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(match Numbers::deserialize(deserializer)? {
            Numbers::One(one) => vec![one],
            Numbers::More(more) => more,
        })
    }
}
