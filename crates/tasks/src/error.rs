//! The error type of this crate.

use handgrad_dataset::{count, sizes, thousands};
use handgrad_models::targets::Misfit;

/// Why a model could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the model, for example because of wrong values.
    #[error(transparent)]
    Model(#[from] handgrad_models::Error),
    /// An error of a training.
    #[error(transparent)]
    Trainer(#[from] handgrad_trainer::Error),
    /// The request is not valid.
    #[error("{0}")]
    Usage(String),
    /// The samples have no labels.
    #[error("no labels, so the classes of the samples are not known: use data that has labels")]
    NoLabels,
    /// All samples that a method learns from are of the same class.
    #[error("every sample is of class {class}, so there is nothing to tell apart: use data with at least two classes")]
    OneClass {
        /// The class.
        class: String,
    },
    /// A sample is of a class that a classifier does not know.
    #[error("a sample is of class {class}, which the classifier does not know: it knows {}", classes(.known))]
    UnknownClass {
        /// The class.
        class: String,
        /// The classes of the classifier.
        known: Vec<String>,
    },
    /// The encoder cannot be pre-trained layer by layer.
    #[error(
        "the encoder has the layer {layer}, but only dense layers can be pre-trained one by one: use the encoder of \
         the trained model as it is"
    )]
    NotLayerwise {
        /// The layer in words.
        layer: String,
    },
    /// A class has fewer samples than are needed.
    #[error(
        "{asked} labels of each class are asked for, but class {class} has {}: ask for at most {has}",
        count(*.has, "sample", "samples")
    )]
    FewOfClass {
        /// The number of samples that were asked for.
        asked: usize,
        /// The class with the fewest samples.
        class: String,
        /// The number of its samples.
        has: usize,
    },
    /// There are fewer samples than the method needs.
    #[error("{what} needs at least {}, but there are {}", number_of_samples(*.needed), number_of_samples(*.has))]
    FewSamples {
        /// The method, at the start of a sentence and in the singular.
        what: String,
        /// The number of samples that it needs.
        needed: usize,
        /// The number of samples that there are.
        has: usize,
    },
    /// More neighbours are asked for than there are other samples.
    #[error("{asked} nearest samples are asked for, but there are {} to choose from: ask for fewer", thousands(*.has))]
    Neighbours {
        /// The number of neighbours that were asked for.
        asked: usize,
        /// The number of samples from which they are chosen.
        has: usize,
    },
    /// The perplexity is not possible for so many samples.
    #[error(
        "the perplexity is {asked}, but with {} it must be from {least} to {most}: three times as many other samples \
         are needed", number_of_samples(*.samples)
    )]
    Perplexity {
        /// The perplexity that was asked for.
        asked: f64,
        /// The number of samples.
        samples: usize,
        /// The smallest possible perplexity.
        least: f64,
        /// The largest possible perplexity for this number of samples.
        most: f64,
    },
    /// The codes have too many values to be drawn as they are.
    #[error(
        "the code has {values} values, but a map has two axes: draw two principal components of the codes, or use t-SNE"
    )]
    WideCode {
        /// The number of values in a code.
        values: usize,
    },
    /// All samples have the same values.
    #[error("the {form} of all samples is the same, so there is nothing to tell apart")]
    AllEqual {
        /// The form of the samples: code, pca or inputs.
        form: &'static str,
    },
    /// There are not as many labels as samples.
    #[error("there are {} for {}", count(*.labels, "label", "labels"), number_of_samples(*.samples))]
    LabelCount {
        /// The number of labels.
        labels: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "a value of the {form} of a sample is not finite, so distances are not defined: use data without missing \
         values, or choose how they are filled (zero, mean or previous)"
    )]
    NotFinite {
        /// The form of the samples: code, pca or inputs.
        form: &'static str,
    },
    /// The classifier's result for a sample is NaN or infinite.
    #[error(
        "the probabilities of the classes of sample {sample} (counted from 0) are not finite: look for values that are \
         far outside those of the training, and correct them or leave the sample out"
    )]
    NoProbabilities {
        /// The number of the sample, counted from 0.
        sample: usize,
    },
    /// Values are missing, but the model was trained without missing values.
    #[error(
        "values are missing, or series are shorter than those of the training, but the model was trained without \
         missing values: choose how they are filled (zero, mean or previous), or train with samples that have some"
    )]
    Missing,
    /// No sample has the label that was asked for.
    #[error("no sample is of class {class}; the data has {}", classes(.there))]
    NoSuchClass {
        /// The class that was asked for.
        class: String,
        /// The classes of the samples in the data.
        there: Vec<String>,
    },
    /// None of the samples is normal.
    #[error("no sample is of a normal class; the data has {}", classes(.there))]
    NoneNormal {
        /// The classes of the samples in the data.
        there: Vec<String>,
    },
    /// All of the samples are normal.
    #[error("every sample is of a class that was named normal, so there is no anomaly to find")]
    NoAnomaly,
    /// There are no scores from which a threshold could be set.
    #[error("there are no normal scores to set a threshold by: give at least one normal sample")]
    NoScores,
    /// There is no sample with this number.
    #[error("there is no sample {number}: {}", counted(*.count))]
    NoSuchSample {
        /// The number that was asked for.
        number: u32,
        /// The number of samples that exist.
        count: usize,
    },
    /// A score is NaN or infinite.
    #[error("score {at} (counted from 0) is {score}, but a threshold can only be set from finite numbers")]
    Score {
        /// The position of the score, counted from 0.
        at: usize,
        /// The score.
        score: f64,
    },
    /// There is not enough memory for the result.
    #[error("there is not enough memory for {what}: ask for fewer")]
    OutOfMemory {
        /// What was asked for, in words.
        what: String,
    },
    /// The model has no distribution of codes.
    #[error(
        "is not variational, so there is no distribution of codes to draw from; train a variational model, such as the \
         preset vae"
    )]
    NotVariational,
    /// A map of the codes needs a code of two values.
    #[error(
        "has a code of {}, but a map has two axes: train a model with a code of 2, such as the preset vae-2d, or draw \
         samples from this one", count(*.latent_dim, "place", "places")
    )]
    NotTwoPlaces {
        /// The number of values in the model's code.
        latent_dim: usize,
    },
    /// The network's samples are not images.
    #[error("the network takes samples that are not images, so it cannot denoise an image")]
    NoImages,
    /// The network was not trained to remove noise.
    #[error("the network was not trained to remove noise, so choose the noise to add, such as gaussian noise of 0.2")]
    NoNoise,
    /// The samples do not have the size that the network takes.
    #[error(
        "its samples are {}, {} each, but the network takes {}, {}: use the data it was trained on, or train a new one",
        sizes(.has), values(.has), sizes(.takes), values(.takes)
    )]
    Shape {
        /// The shape of the samples.
        has: Vec<usize>,
        /// The shape that the network takes.
        takes: Vec<usize>,
    },
    /// The network's loss is not defined for a sample.
    #[error("sample {sample} (counted from 0) {misfit}")]
    Target {
        /// The number of the sample, counted from 0.
        sample: usize,
        /// Why the loss is not defined for it.
        misfit: Misfit,
    },
    /// The model was not trained on a table.
    #[error("the model was not trained on a table, so it knows no columns: train it on a CSV file")]
    NotOfTables,
    /// The model cannot fill in missing cells.
    #[error(
        "the model was not trained with hidden columns, so it cannot fill in cells: train it with a part of them \
         hidden, for example a fifth"
    )]
    NothingHidden,
    /// The model fills missing cells with a fixed value before its network gets them.
    #[error(
        "the model was trained with a fixed value in place of missing cells, so it does not tell what they could be: \
         train it without fill"
    )]
    FilledBefore,
    /// The states of the network cannot be correlated.
    #[error(
        "the values of a state are all equal or not finite, so it cannot be correlated with others: use more units"
    )]
    NothingToCorrelate,
}

impl Error {
    /// True if a training diverged.
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Trainer(error) if error.is_divergence())
    }

    /// True if the request itself was wrong, false if it was right but could not be carried out.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Usage(_)
                | Self::NoNoise
                | Self::NoSuchClass { .. }
                | Self::Neighbours { .. }
                | Self::Perplexity { .. }
                | Self::WideCode { .. }
                | Self::FewOfClass { .. }
        )
    }
}

/// The number of samples and how they are numbered, in words.
fn counted(count: usize) -> String {
    match count {
        0 => "there are none".into(),
        1 => "there is only sample 0".into(),
        _ => format!("there are {}, counted from 0 to {}", thousands(count), count - 1),
    }
}

/// A number of samples, in words.
fn number_of_samples(number: usize) -> String {
    count(number, "sample", "samples")
}

/// The classes of data, in words: `only class 2`, or `the classes 2, 3`.
fn classes(there: &[String]) -> String {
    match there {
        [] => "no classes".into(),
        [class] => format!("only class {class}"),
        _ => format!("the classes {}", there.join(", ")),
    }
}

/// The number of values of a sample of this shape, in words.
fn values(shape: &[usize]) -> String {
    count(shape.iter().product(), "value", "values")
}
