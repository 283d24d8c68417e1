use handgrad_dataset::{count, thousands};

/// Why training stopped.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The loss is no longer a number, or so large that nothing can be learnt any more.
    #[error(
        "training diverged in epoch {epoch}, step {step}, on {batch}: the loss is {loss}, and it was {first} at the \
         start{}{}. Usually the learning rate is too high: try a tenth of it, or a bound on the gradient",
        compared(.untrained), blamed(.layer)
    )]
    Diverged {
        /// Counted from 1.
        epoch: usize,
        /// Counted from 1 within the epoch.
        step: usize,
        /// What the loss is of, in words.
        batch: String,
        /// The first layer whose output is no longer a number, where that is why, and the sample it was given.
        layer: Option<String>,
        /// Of that batch, or of the validation samples after the epoch.
        loss: f64,
        /// Of the very first batch.
        first: f64,
        /// Of an untrained network on the same samples, where the loss is still a number.
        untrained: Option<f64>,
    },
    /// Before anything was learnt the loss is no number already.
    #[error(
        "the loss of the first batch, {batch}, is {loss}{}", why_not_finite(.penalty.as_deref(), .layer.as_deref())
    )]
    FirstLossNotFinite {
        /// ∞ or NaN.
        loss: f64,
        /// The samples, in words.
        batch: String,
        /// The first layer whose output is not a number, and the sample it was given.
        layer: Option<String>,
        /// The penalty that is not a finite number, where the reconstruction is one.
        penalty: Option<String>,
    },
    /// A weight is no longer a number, or so large that every unit it feeds is saturated or blown up.
    #[error(
        "training diverged in epoch {epoch}, step {step}, on {batch}: a weight of {layer} has become {value:e}. \
         Usually the learning rate is too high: try a tenth of it, or a bound on the gradient"
    )]
    WeightOutOfRange {
        /// Counted from 1.
        epoch: usize,
        /// Counted from 1 within the epoch.
        step: usize,
        /// The samples that the step learnt from, in words.
        batch: String,
        /// The layer, as in the model summary.
        layer: String,
        /// What the weight is now.
        value: f64,
    },
    /// A setting of the training has no sensible value.
    #[error(transparent)]
    Setting(#[from] handgrad_layers::Error),
    /// There is not so much memory.
    #[error(
        "this training needs {:.1} GB of memory, more than there is: make the layers or the batches smaller",
        *.bytes as f64 / 1e9
    )]
    OutOfMemory {
        /// What it takes.
        bytes: usize,
    },
    /// Weights of another network.
    #[error(
        "the network needs {}, but is given {}: use weights of this network",
        count(*.expected, "weight", "weights"), thousands(*.found)
    )]
    WeightCount {
        /// Of the network.
        expected: usize,
        /// What is given.
        found: usize,
    },
    /// A sample that is not there.
    #[error(
        "sample {number} does not exist: the source has {}, numbered from 0", count(*.samples, "sample", "samples")
    )]
    NoSuchSample {
        /// Its number.
        number: usize,
        /// How many there are.
        samples: usize,
    },
    /// Samples that are not there.
    #[error(
        "the samples {start}..{end} do not exist: the source has {}, numbered from 0",
        count(*.samples, "sample", "samples")
    )]
    NoSuchPart {
        /// The first one.
        start: usize,
        /// The one after the last.
        end: usize,
        /// How many there are.
        samples: usize,
    },
    /// More samples than a batch has, or none.
    #[error("a batch has {}, and {} are given: {}", up_to(*.batch_size), thousands(*.samples), other_batch(*.samples))]
    BatchSize {
        /// How many are given.
        samples: usize,
        /// How many a batch has at most.
        batch_size: usize,
    },
    /// Room for another number of values.
    #[error(
        "the samples have {}, and there is room for {}: the two must be equal",
        count(*.expected, "value", "values"), thousands(*.found)
    )]
    BufferSize {
        /// Values of the samples.
        expected: usize,
        /// Values of the room.
        found: usize,
    },
    /// A value that is NaN, an infinity, or too large for the numbers that the network computes with.
    #[error(
        "sample {sample} of the {set} set has the value {value} at position {position} (both counted from 0), where a \
         finite number of the network's precision was expected: correct the value, or leave the sample out"
    )]
    NotFinite {
        /// Which samples.
        set: &'static str,
        /// The number of the sample.
        sample: usize,
        /// The place of the value in the sample.
        position: usize,
        /// The value in the data's own units.
        value: f64,
    },
    /// A trained network that cannot be used.
    #[error("{0}")]
    Model(String),
    /// There is nothing to train on or to evaluate.
    #[error("the {0} set is empty: give it at least one sample")]
    NoSamples(&'static str),
    /// The network is an encoder alone.
    #[error("the network is an encoder alone, and this needs a decoder: take the whole model")]
    NoDecoder,
    /// The network is a decoder alone.
    #[error("the network is a decoder alone, and this needs an encoder: take the whole model")]
    NoEncoder,
    /// Codes of another size than the network's.
    #[error(
        "the network's code has {}, and the codes have {}: use codes of this network",
        count(*.network, "value", "values"), thousands(*.codes)
    )]
    CodeSize {
        /// Of the network's code.
        network: usize,
        /// Of the given codes.
        codes: usize,
    },
    /// Samples of another size than the network takes.
    #[error(
        "the network takes {} a sample, and the samples have {}: use the data it was made for, or train a new one",
        count(*.network, "value", "values"), thousands(*.samples)
    )]
    SampleSize {
        /// What the network takes.
        network: usize,
        /// What is there.
        samples: usize,
    },
    /// An epoch cannot have come to where a training is said to be.
    #[error(
        "the training is said to be {} and {} into an epoch, and one of {} in batches of {} never is there: go on with \
         the samples and the batches that it began with, or start a new one", count(*.steps, "step", "steps"),
        count(*.samples, "sample", "samples"), count(*.all, "sample", "samples"), thousands(*.batch)
    )]
    NoSuchPlace {
        /// Steps done.
        steps: usize,
        /// Samples of these steps.
        samples: usize,
        /// That an epoch has.
        all: usize,
        /// That a step takes.
        batch: usize,
    },
}

impl Error {
    /// What a network that is used says.
    pub(crate) fn in_use(error: handgrad_models::Error) -> Self {
        Self::Model(error.to_string())
    }

    /// Did the training itself go wrong, as opposed to: could it not begin?
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Diverged { .. } | Self::FirstLossNotFinite { .. } | Self::WeightOutOfRange { .. })
    }

    /// Was something asked for that makes no sense, whatever the data is?
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
    format!("; the first values that are not finite numbers came out of {layer}")
}

fn compared(loss: &Option<f64>) -> String {
    loss.map(|loss| format!(", and an untrained network has {loss} on the same samples")).unwrap_or_default()
}

/// Where a first loss that is not finite comes from, and what to do.
fn why_not_finite(penalty: Option<&str>, layer: Option<&str>) -> String {
    match (penalty, layer) {
        (Some(penalty), None) => format!(
            ": its reconstruction is a finite number, but its {penalty} is not; the weight of that penalty is too \
             large to compute with, so make it smaller"
        ),
        _ => {
            let blame = layer.map(blame).unwrap_or_default();
            format!("{blame}: the data's values are too large to compute with; scale them to about 0..1")
        }
    }
}
