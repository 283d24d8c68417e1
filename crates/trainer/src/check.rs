//! Checks that a network, its weights and the samples fit together, before anything is computed.

use handgrad_layers::Scalar;
use handgrad_models::{Network, Part};

use crate::{Error, Source};

/// Refuses a network that is not a whole autoencoder.
pub(crate) fn whole<T: Scalar>(network: &Network<T>) -> Result<(), Error> {
    match network.part() {
        Part::Whole => Ok(()),
        Part::Encoder => Err(Error::NoDecoder),
        Part::Decoder => Err(Error::NoEncoder),
        Part::Classifier => Err(Error::IsClassifier),
    }
}

/// Refuses a network that is only a part of a model, because it has no loss.
fn has_loss<T: Scalar>(network: &Network<T>) -> Result<(), Error> {
    if network.part() == Part::Classifier { Ok(()) } else { whole(network) }
}

/// Refuses samples without classes, and classes that do not exist, if the network is a classifier. `numbers` are the
/// samples whose classes are needed.
fn classes<T: Scalar>(
    network: &Network<T>,
    source: &Source,
    mut numbers: impl Iterator<Item = usize>,
    set: &'static str,
) -> Result<(), Error> {
    if network.part() != Part::Classifier {
        return Ok(());
    }
    let (of, classes) = (source.classes().ok_or(Error::NoClasses(set))?, network.spec().classes.len());
    match numbers.find(|&sample| of[sample] as usize >= classes) {
        Some(sample) => Err(Error::NoSuchClass { sample, class: of[sample], classes }),
        None => Ok(()),
    }
}

/// Refuses an empty source, and samples of the wrong size for the network.
pub(crate) fn samples<T: Scalar>(network: &Network<T>, source: &Source, set: &'static str) -> Result<(), Error> {
    let (network, samples) = (network.spec().values(), source.features());
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
    has_loss(network)?;
    self::samples(network, source, "given")?;
    if !(1..=batch_size).contains(&samples.len()) {
        return Err(Error::BatchSize { samples: samples.len(), batch_size });
    }
    source.check_numbers(samples)?;
    classes(network, source, samples.iter().map(|&sample| sample as usize), "given")
}

/// Refuses everything for which no loss can be computed: a part of a network, samples that do not fit it, values that
/// are not finite, and for a classifier, samples without classes.
pub(crate) fn set<T: Scalar>(network: &Network<T>, source: &Source, set: &'static str) -> Result<(), Error> {
    has_loss(network)?;
    samples(network, source, set)?;
    classes(network, source, 0..source.len(), set)?;
    if let Some((sample, position, value)) = source.first_not_finite::<T>(network.spec()) {
        return Err(Error::NotFinite { set, sample, position, value });
    }
    Ok(())
}

/// Refuses a wrong number of weights.
pub(crate) fn weights<T: Scalar>(network: &Network<T>, theta: &[T]) -> Result<(), Error> {
    let (expected, found) = (network.param_count(), theta.len());
    if expected == found { Ok(()) } else { Err(Error::WeightCount { expected, found }) }
}
