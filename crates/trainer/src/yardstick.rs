//! Reference values for a loss: the lowest possible loss for this data, and the loss of a network that has learnt
//! only the mean.

use handgrad_layers::Scalar;
use handgrad_models::{Encoding, Network};

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
/// If one of the sets has no samples, the samples have the wrong size, or the network is not a whole autoencoder.
pub fn yardsticks<T: Scalar>(train: &Source, validation: &Source, network: &Network<T>) -> Result<Yardsticks, Error> {
    check::whole(network)?;
    check::samples(network, train, "training")?;
    check::samples(network, validation, "validation")?;
    let mut row = vec![0.0_f64; network.spec().features()];
    let mut in_network = vec![T::ZERO; network.spec().features()];
    // The mean of each value over the samples in which it is not missing.
    let (mut mean, mut counts) = (row.clone(), row.clone());
    for sample in 0..train.len() {
        read(train, sample, network, &mut in_network, &mut row);
        for ((mean, count), value) in mean.iter_mut().zip(&mut counts).zip(&row).filter(|(_, value)| !value.is_nan()) {
            (*mean, *count) = (*mean + value, *count + 1.0);
        }
    }
    mean.iter_mut().zip(&counts).for_each(|(mean, count)| *mean /= count.max(1.0));
    // The output of the last layer whose prediction is the mean.
    let (loss, columns) = (network.loss(), network.columns());
    match columns {
        Some(columns) => columns.inverse(&mut mean),
        None => loss.kind.output().inverse(&mut mean),
    }
    let (mut least, mut mean_sample) = (0.0, 0.0);
    for sample in 0..validation.len() {
        read(validation, sample, network, &mut in_network, &mut row);
        let of_sample = match columns {
            Some(columns) => [columns.least(&row), columns.forward(&mean, &row)],
            None => [loss.least(&row), loss.forward(&mean, &row)],
        };
        (least, mean_sample) = (least + of_sample[0], mean_sample + of_sample[1]);
    }
    let count = validation.len() as f64;
    Ok(Yardsticks { least: least / count, mean_sample: mean_sample / count })
}

/// Writes a sample to `row`. If it is converted to other units, the values are those that the network gets, in the
/// precision of the network.
fn read<T: Scalar>(source: &Source, sample: usize, network: &Network<T>, in_network: &mut [T], row: &mut [f64]) {
    let encoding = network.spec().encoding();
    if matches!(encoding, Encoding::Same) {
        return source.fill_row(sample, encoding, row);
    }
    source.fill_row(sample, encoding, in_network);
    row.iter_mut().zip(in_network).for_each(|(to, from)| *to = from.to_f64());
}
