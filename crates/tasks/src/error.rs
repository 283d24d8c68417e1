//! The one error of this crate.

use handgrad_dataset::{sizes, thousands};
use handgrad_models::targets::Misfit;

/// Why a model could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model cannot do it, or not with these values.
    #[error(transparent)]
    Model(#[from] handgrad_models::Error),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The samples have no labels.
    #[error("no labels, so nothing says which class a sample is of: use data that has labels")]
    NoLabels,
    /// No sample has such a label.
    #[error("no sample is of class {class}; there are the classes {}", listed(.there))]
    NoSuchClass {
        /// The class.
        class: u8,
        /// The classes that there are.
        there: Vec<u8>,
    },
    /// None of the samples is normal.
    #[error("no sample is of a normal class; there are the classes {}", listed(.there))]
    NoneNormal {
        /// The classes that there are.
        there: Vec<u8>,
    },
    /// All of the samples are normal.
    #[error("every sample is of a class that was named normal, so there is no anomaly to find")]
    NoAnomaly,
    /// There are no scores to set a threshold by.
    #[error("there are no normal scores to set a threshold by: give at least one normal sample")]
    NoScores,
    /// There is no such sample.
    #[error("there is no sample {number}: {}", counted(*.count))]
    NoSuchSample {
        /// What was asked for.
        number: u32,
        /// Samples that there are.
        count: usize,
    },
    /// A score that is NaN or an infinity.
    #[error("score {at} (counted from 0) is {score}, and a threshold can be set by finite numbers alone")]
    Score {
        /// Counted from 0.
        at: usize,
        /// What it is.
        score: f64,
    },
    /// More than there is memory for.
    #[error("{what} do not fit in memory: ask for fewer")]
    OutOfMemory {
        /// What was asked for, in words.
        what: String,
    },
    /// The model has no distribution of codes.
    #[error(
        "is not variational, so nothing says which codes its decoder knows: there is no distribution to draw from. \
         Train a variational model, such as the preset vae"
    )]
    NotVariational,
    /// A map of the code needs two directions.
    #[error(
        "has a code of {latent_dim} places, and a picture has two directions: train a model with a code of 2, such as \
         the preset vae-2d, or draw samples from this one"
    )]
    NotTwoPlaces {
        /// Places of its code.
        latent_dim: usize,
    },
    /// The network's samples are no images.
    #[error("the network takes samples that are no images, so it cannot denoise one")]
    NoImages,
    /// The network was not trained to take off noise.
    #[error("the network was not trained to take off any noise, so say which to put on, such as gaussian noise of 0.2")]
    NoNoise,
    /// Samples of another size than the network takes.
    #[error(
        "its samples are {}, {} values each, and the network takes {}, {} values: use the data it was made for, or \
         train \
         a new one", sizes(.has), thousands(.has.iter().product()), sizes(.takes), thousands(.takes.iter().product())
    )]
    Shape {
        /// Shape of the samples.
        has: Vec<usize>,
        /// Shape that the network takes.
        takes: Vec<usize>,
    },
    /// A sample that the network's loss cannot take.
    #[error("sample {sample} (counted from 0) {misfit}")]
    Target {
        /// Counted from 0.
        sample: usize,
        /// Why.
        misfit: Misfit,
    },
    /// A network whose states cannot be correlated.
    #[error("a state is the same in all its units, or no number, so there is nothing to correlate: take more units")]
    NothingToCorrelate,
}

impl Error {
    /// Did the user ask for what makes no sense, as opposed to: could it not be done?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::NoNoise)
    }
}

/// How the samples are numbered.
fn counted(count: usize) -> String {
    match count.checked_sub(1) {
        Some(last) => format!("there are {}, counted from 0 to {last}", thousands(count)),
        None => "there are none".into(),
    }
}

fn listed(classes: &[u8]) -> String {
    classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
