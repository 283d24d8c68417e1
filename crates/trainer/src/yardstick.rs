//! What a loss can be compared with: the least there is for this data, and the loss of a network that has learnt
//! nothing but the mean.

use handgrad_layers::Loss;

use crate::Source;

/// Two losses on the validation samples that need no network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yardsticks {
    /// Of a perfect reconstruction, x̂ = x: 0 for squared and absolute error; for cross-entropy the entropy of the samples,
    /// which no model can go below.
    pub least: f64,
    /// Of the mean training sample as the answer to everything.
    pub mean_sample: f64,
}

/// Computes both, in f64.
#[must_use]
pub fn yardsticks(train: &Source, validation: &Source, loss: Loss) -> Yardsticks {
    let mut row = vec![0.0_f64; train.features()];
    let mut mean = row.clone();
    for sample in 0..train.len() {
        train.fill(sample, &mut row);
        mean.iter_mut().zip(&row).for_each(|(mean, value)| *mean += value);
    }
    mean.iter_mut().for_each(|value| *value /= train.len() as f64);
    let (mut least, mut mean_sample) = (0.0, 0.0);
    for sample in 0..validation.len() {
        validation.fill(sample, &mut row);
        least += loss.of_prediction(&row, &row);
        mean_sample += loss.of_prediction(&mean, &row);
    }
    let count = validation.len() as f64;
    Yardsticks { least: least / count, mean_sample: mean_sample / count }
}
