//! # Labels for many samples from few: semi-supervised learning with a model that never saw a label
//!
//! ```text
//! x: a sample without a label      t ∈ T: the labelled samples      z = encode(x)      x̂ = decode(encode(x))
//!
//! dive             the label of the t with the smallest ‖x̂ − t̂‖         the nearest reconstruction; of series of
//!                                                                        unequal length, by their common steps
//! nearest-inputs   the label of the t with the smallest ‖x − t‖          what the network is to be better than
//! nearest-code     the label of the t with the smallest ‖z_x − z_t‖
//! probe            logistic regression on the codes of T                 see probe/logistic.rs
//! spreading        labels flow along the graph of nearest codes, that of all samples      see spreading.rs
//! ```
//!
//! Slides: DIVE "Applications of Autoencoders", 6, Semi-supervised learning: "We can train the autoencoder to
//! reconstruct the labeled data and then used to label the unlabeled data by reconstructing it and using the label of
//! the closest reconstructed data point." So the sample is reconstructed, the labelled samples are reconstructed, and
//! reconstructions are compared with reconstructions. Read literally, the slide trains the network on the labelled
//! samples alone, and no use is made of the others; here the network is the given one, trained on all training samples
//! without their labels, which is what semi-supervised learning means. CE6146 "Example – VAEs", Semi-Supervised
//! Learning, says so of variational autoencoders: "to leverage the unlabeled data".
//!
//! The methods except `spreading` label each sample by itself. Label spreading is *transductive*: the samples that are
//! measured are themselves in the graph, without their labels. Its labels depend on which samples are labelled
//! together, so its error may only be compared with that of another transductive method.
//!
//! If the model is variational, `probe` is the model M1 of Kingma, Mohamed, Rezende & Welling, "Semi-supervised
//! learning with deep generative models", NIPS 2014: a classifier on the latent variables of a variational autoencoder.
//! Here the latent variables are the means of their distributions, and the classifier is logistic regression; in the
//! paper it is a transductive support vector machine (M1+TSVM).

mod assign;
mod draw;
mod measure;

pub use assign::{Assigned, assign};
pub use measure::{Asked, Errors, Measured, measure};

use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array2, Axis};

use crate::{CHUNK, Error, latent};

/// How a label is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The label of the labelled sample with the nearest reconstruction.
    Dive,
    /// The label of the labelled sample with the nearest inputs.
    NearestInputs,
    /// The label of the labelled sample with the nearest code.
    NearestCode,
    /// Logistic regression on codes.
    Probe,
    /// Label spreading along the graph of nearest codes.
    Spreading,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 5] = [Self::Dive, Self::NearestInputs, Self::NearestCode, Self::Probe, Self::Spreading];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dive => "dive",
            Self::NearestInputs => "nearest-inputs",
            Self::NearestCode => "nearest-code",
            Self::Probe => "probe",
            Self::Spreading => "spreading",
        }
    }
}

/// Whether `probe` is Kingma's M1, that is, whether the model is variational.
#[must_use]
pub fn is_m1(model: &Model) -> bool {
    latent::latent_dim(model).is_ok()
}

fn rows(all: &Array2<f32>, numbers: &[u32]) -> Array2<f32> {
    all.select(Axis(0), &numbers.iter().map(|&number| number as usize).collect::<Vec<_>>())
}

/// The reconstructions of samples, in the units of the network's inputs. Where a series has ended, they are NaN: the
/// network computes values there too, but they are of no step.
fn rebuilt(model: &Model, samples: &Samples) -> Result<Array2<f32>, Error> {
    let mut all = Array2::zeros((samples.len(), model.spec().features()));
    // The values of a step.
    let width = all.ncols() / model.spec().input.first().copied().unwrap_or(1).max(1);
    for (numbers, mut to) in samples.numbers().chunks(CHUNK).zip(all.axis_chunks_iter_mut(Axis(0), CHUNK)) {
        let x = model.scaled(samples.exact_rows(numbers).view());
        to.assign(&model.network().predict(model.weights(), x.view())?);
        if model.spec().table.is_none() {
            for (x, mut rebuilt) in x.rows().into_iter().zip(to.rows_mut()) {
                let steps = x.iter().rposition(|value| !value.is_nan()).map_or(0, |last| last / width.max(1) + 1);
                rebuilt.iter_mut().skip(steps * width).for_each(|value| *value = f32::NAN);
            }
        }
    }
    Ok(all)
}
