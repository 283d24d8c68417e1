use handgrad_dataset::{count, thousands};

/// The reason why a training could not start or failed, or why a network could not be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The loss is not finite any more, or too large for further training.
    #[error(
        "training diverged in epoch {epoch}, step {step}, on {batch}: the loss is {loss}, and it was {first} at the \
         start{}{}. Usually the learning rate is too high: try a tenth of it, or gradient clipping",
        compared(.untrained), blamed(.layer)
    )]
    Diverged {
        /// The number of the epoch, counted from 1.
        epoch: usize,
        /// The number of the step in the epoch, counted from 1.
        step: usize,
        /// A description of the samples for which `loss` was computed.
        batch: String,
        /// If the output of a layer is not finite: the first such layer, and the sample.
        layer: Option<String>,
        /// The loss that is too large or not finite: that of a batch, or that of the validation samples after an epoch.
        loss: f64,
        /// The loss of the first batch of the training.
        first: f64,
        /// The loss of an untrained network on the same samples, if `loss` is finite.
        untrained: Option<f64>,
    },
    /// The loss of an untrained network is not finite: on the first batch, or on a later one on which the loss of the
    /// trained network is not finite either.
    #[error(
        "the loss of {batch} is {loss} for an untrained network{}",
        why_not_finite(.penalty.as_deref(), .layer.as_deref())
    )]
    FirstLossNotFinite {
        /// The loss: ∞ or NaN.
        loss: f64,
        /// A description of the samples.
        batch: String,
        /// The first layer whose output is not finite, and the sample.
        layer: Option<String>,
        /// The name of the penalty that is not finite, if the reconstruction term is finite.
        penalty: Option<String>,
    },
    /// A weight is not finite any more, or so large that the units that use it are saturated or overflow.
    #[error(
        "training diverged in epoch {epoch}, step {step}, on {batch}: a weight of {layer} has become {value:e}. \
         Usually the learning rate is too high: try a tenth of it, or gradient clipping"
    )]
    WeightOutOfRange {
        /// The number of the epoch, counted from 1.
        epoch: usize,
        /// The number of the step in the epoch, counted from 1.
        step: usize,
        /// A description of the samples of the step.
        batch: String,
        /// The name of the layer, as in the model summary.
        layer: String,
        /// The value of the weight.
        value: f64,
    },
    /// A setting of the training has an invalid value.
    #[error(transparent)]
    Setting(#[from] handgrad_layers::Error),
    /// There is not enough memory.
    #[error(
        "this training needs {:.1} GB of memory, more than is available: make the layers or the batches smaller",
        *.bytes as f64 / 1e9
    )]
    OutOfMemory {
        /// Number of bytes needed.
        bytes: usize,
    },
    /// The number of weights differs from that of the network.
    #[error(
        "the network has {}, but {found} were given: use weights of this network",
        count(*.expected, "weight", "weights")
    )]
    WeightCount {
        /// Number of weights of the network.
        expected: usize,
        /// Number of weights given.
        found: usize,
    },
    /// A sample number that does not exist.
    #[error(
        "sample {number} does not exist: the source has {}, numbered from 0", count(*.samples, "sample", "samples")
    )]
    NoSuchSample {
        /// The number.
        number: usize,
        /// Number of samples in the source.
        samples: usize,
    },
    /// A range of samples that does not exist.
    #[error("the samples {start}..{end} do not exist: there are {samples}, numbered from 0")]
    NoSuchPart {
        /// The first number of the range.
        start: usize,
        /// The number after the last of the range.
        end: usize,
        /// Number of samples in the source.
        samples: usize,
    },
    /// More samples than a batch may have, or none.
    #[error(
        "a batch has {}, but {samples} were given: {}", up_to(*.batch_size), other_batch(*.samples)
    )]
    BatchSize {
        /// Number of samples given.
        samples: usize,
        /// Largest number of samples of a batch.
        batch_size: usize,
    },
    /// The size of a buffer differs from the number of values of the samples.
    #[error(
        "the samples have {}, but the buffer has room for {found}: the two must be equal",
        count(*.expected, "value", "values")
    )]
    BufferSize {
        /// Number of values of the samples.
        expected: usize,
        /// Number of values of the buffer.
        found: usize,
    },
    /// A value that is NaN, an infinity, or too large for the number type of the network.
    #[error(
        "sample {sample} of the {set} set has the value {value} at position {position} (both counted from 0), where a \
         finite number of the network's precision was expected: correct the value, or remove the sample"
    )]
    NotFinite {
        /// The set of samples.
        set: &'static str,
        /// The number of the sample.
        sample: usize,
        /// The position of the value in the sample.
        position: usize,
        /// The value in the units of the data.
        value: f64,
    },
    /// An error of the network itself.
    #[error("{0}")]
    Model(String),
    /// There are no samples for training or evaluation.
    #[error("the {0} set is empty: give it at least one sample")]
    NoSamples(&'static str),
    /// The network is only an encoder.
    #[error("the network is only an encoder, but this needs a decoder: use the whole model")]
    NoDecoder,
    /// The network is only a decoder.
    #[error("the network is only a decoder, but this needs an encoder: use the whole model")]
    NoEncoder,
    /// The network is a classifier.
    #[error("the network is a classifier, which gives classes, but this needs an autoencoder, which gives samples")]
    IsClassifier,
    /// There are not as many classes as samples.
    #[error(
        "there are the classes of {} for {}: each sample has one class",
        count(*.classes, "sample", "samples"), count(*.samples, "sample", "samples")
    )]
    ClassCount {
        /// Number of classes that were given.
        classes: usize,
        /// Number of samples.
        samples: usize,
    },
    /// A classifier was given samples without classes.
    #[error("the {0} samples have no classes, which are the targets of a classifier: give the class of each sample")]
    NoClasses(&'static str),
    /// The class of a sample does not exist.
    #[error("sample {sample} (counted from 0) is of class {class}, but the classifier has {classes}, counted from 0")]
    NoSuchClass {
        /// The number of the sample.
        sample: usize,
        /// Its class.
        class: u32,
        /// Number of classes of the classifier.
        classes: usize,
    },
    /// The codes have the wrong size for the network.
    #[error(
        "the network's code has {}, but the codes have {codes}: use codes of this network",
        count(*.network, "value", "values")
    )]
    CodeSize {
        /// Number of values of the network's code.
        network: usize,
        /// Number of values of the given codes.
        codes: usize,
    },
    /// The samples have the wrong size for the network.
    #[error(
        "the network takes {} for each sample, but the samples have {samples}: use data of that size, or train a \
         network for this data", count(*.network, "value", "values")
    )]
    SampleSize {
        /// Number of values that the network takes.
        network: usize,
        /// Number of values of a sample.
        samples: usize,
    },
    /// The place in the epoch from which a training should continue is not possible.
    #[error(
        "the training should continue after {} and {} of an epoch, which is not possible for {} in batches of {batch}: \
         use the samples and the batch size that it began with, or start a new training",
        count(*.steps, "step", "steps"), count(*.samples, "sample", "samples"), count(*.all, "sample", "samples")
    )]
    NoSuchPlace {
        /// Number of steps done in the epoch.
        steps: usize,
        /// Number of samples of these steps.
        samples: usize,
        /// Number of samples of an epoch.
        all: usize,
        /// Number of samples of a batch.
        batch: usize,
    },
}

impl Error {
    /// Converts an error of the network.
    pub(crate) fn in_use(error: handgrad_models::Error) -> Self {
        Self::Model(error.to_string())
    }

    /// Returns whether the training itself diverged, in contrast to errors before the training.
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Diverged { .. } | Self::FirstLossNotFinite { .. } | Self::WeightOutOfRange { .. })
    }

    /// Returns whether a setting is invalid, independent of the data.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Setting(_))
    }
}

fn up_to(batch_size: usize) -> String {
    if batch_size == 1 { "1 sample".into() } else { format!("1 to {} samples", thousands(batch_size)) }
}

/// What to do about a batch of so many samples.
fn other_batch(samples: usize) -> &'static str {
    if samples == 0 { "give at least one" } else { "give fewer, or make the batches larger" }
}

fn blamed(layer: &Option<String>) -> String {
    layer.as_deref().map(blame).unwrap_or_default()
}

fn blame(layer: &str) -> String {
    format!("; the first values that are not finite are the output of {layer}")
}

fn compared(loss: &Option<f64>) -> String {
    loss.map(|loss| format!(", and an untrained network has {loss} on the same samples")).unwrap_or_default()
}

/// Returns the cause of a first loss that is not finite, and what to do.
fn why_not_finite(penalty: Option<&str>, layer: Option<&str>) -> String {
    match (penalty, layer) {
        (Some(penalty), None) => format!(
            ": its reconstruction is finite, but its {penalty} is not; the weight of this penalty is too large, so \
             make it smaller"
        ),
        _ => {
            let blame = layer.map(blame).unwrap_or_default();
            format!("{blame}: the values of the data are too large; scale them to about 0..1")
        }
    }
}
