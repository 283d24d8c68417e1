//! Reference values for a loss: the lowest possible loss for this data, and the loss of a network that has learnt
//! only the mean.

use handgrad_layers::Scalar;
use handgrad_models::{Network, Scale};

use crate::{Error, Source, check};

/// Two reference losses on the validation samples, which are computed without the weights of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yardsticks {
    /// The loss of a perfect reconstruction, x̂ = x: 0 for squared and absolute error, and for cross-entropy the
    /// entropy of the samples. No model has a lower loss.
    pub least: f64,
    /// The loss if the reconstruction of each sample is the mean training sample.
    pub mean_sample: f64,
}

/// Computes both losses in f64, with the loss function and the scale of the network.
///
/// # Errors
/// If one of the sets has no samples, or the samples have the wrong size.
pub fn yardsticks<T: Scalar>(train: &Source, validation: &Source, network: &Network<T>) -> Result<Yardsticks, Error> {
    check::samples(network, train, "training")?;
    check::samples(network, validation, "validation")?;
    let (loss, scale) = (network.loss(), network.spec().scale.as_ref());
    let mut row = vec![0.0_f64; train.features()];
    let mut at_scale = vec![T::ZERO; train.features()];
    let mut mean = row.clone();
    for sample in 0..train.len() {
        read(train, sample, scale, &mut at_scale, &mut row);
        mean.iter_mut().zip(&row).for_each(|(mean, value)| *mean += value);
    }
    mean.iter_mut().for_each(|value| *value /= train.len() as f64);
    // The output of the last layer whose prediction is the mean.
    loss.kind.output().inverse(&mut mean);
    let (mut least, mut mean_sample) = (0.0, 0.0);
    for sample in 0..validation.len() {
        read(validation, sample, scale, &mut at_scale, &mut row);
        least += loss.least(&row);
        mean_sample += loss.forward(&mean, &row);
    }
    let count = validation.len() as f64;
    Ok(Yardsticks { least: least / count, mean_sample: mean_sample / count })
}

/// Writes a sample to `row`. If there is a scale, the values are those that the network gets, in the precision of the
/// network.
fn read<T: Scalar>(source: &Source, sample: usize, scale: Option<&Scale>, at_scale: &mut [T], row: &mut [f64]) {
    if scale.is_none() {
        return source.fill_row(sample, None, row);
    }
    source.fill_row(sample, scale, at_scale);
    row.iter_mut().zip(at_scale).for_each(|(to, from)| *to = from.to_f64());
}
