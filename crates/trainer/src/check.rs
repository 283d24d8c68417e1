//! Checks that a network, its weights and the samples fit together, before anything is computed.

use handgrad_layers::Scalar;
use handgrad_models::Network;

use crate::{Error, Source};

/// Refuses a network that is only a part of a model, because it has no loss.
pub(crate) fn whole<T: Scalar>(network: &Network<T>) -> Result<(), Error> {
    match (network.has_encoder(), network.has_decoder()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::NoDecoder),
        (false, _) => Err(Error::NoEncoder),
    }
}

/// Refuses an empty source, and samples of the wrong size for the network.
pub(crate) fn samples<T: Scalar>(network: &Network<T>, source: &Source, set: &'static str) -> Result<(), Error> {
    let (network, samples) = (network.spec().features(), source.features());
    match source.is_empty() {
        true => Err(Error::NoSamples(set)),
        false if network != samples => Err(Error::SampleSize { network, samples }),
        false => Ok(()),
    }
}

/// Refuses sample numbers that do not exist, an empty batch, and more samples than a batch may have.
pub(crate) fn batch<T: Scalar>(
    network: &Network<T>,
    source: &Source,
    samples: &[u32],
    batch_size: usize,
) -> Result<(), Error> {
    whole(network)?;
    self::samples(network, source, "given")?;
    match (1..=batch_size).contains(&samples.len()) {
        true => source.check_numbers(samples),
        false => Err(Error::BatchSize { samples: samples.len(), batch_size }),
    }
}

/// Refuses everything for which no loss can be computed: a part of a network, samples that do not fit it, and values
/// that are not finite.
pub(crate) fn set<T: Scalar>(network: &Network<T>, source: &Source, set: &'static str) -> Result<(), Error> {
    whole(network)?;
    samples(network, source, set)?;
    if let Some((sample, position, value)) = source.first_not_finite::<T>(network.spec().scale.as_ref()) {
        return Err(Error::NotFinite { set, sample, position, value });
    }
    Ok(())
}

/// Refuses a wrong number of weights.
pub(crate) fn weights<T: Scalar>(network: &Network<T>, theta: &[T]) -> Result<(), Error> {
    let (expected, found) = (network.param_count(), theta.len());
    if expected == found { Ok(()) } else { Err(Error::WeightCount { expected, found }) }
}
