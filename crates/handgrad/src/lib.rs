//! Autoencoders with every gradient derived and written by hand: no autodiff, no framework underneath.
//!
//! ```
//! use handgrad::prelude::*;
//!
//! let data = Data::named("synthetic")?;
//! let training = Training::epochs(1).batch_size(256);
//! let model = Autoencoder::dense([64, 16]).loss(Loss::Bce).train(&data, training)?;
//! let codes = model.encode(data.test())?;
//! assert_eq!(codes.dim(), (2_000, 16));
//! # Ok::<(), handgrad::Error>(())
//! ```
//!
//! [`Data`] is what a network learns from, [`Autoencoder`] what it is made of, [`Training`] how it learns, and
//! [`Model`] what comes out: it encodes, decodes, reconstructs and scores arrays in the data's own units, and lies in
//! one file that PyTorch reads as well. Any number of threads gives the same weights, to the last bit; all of it runs
//! on the current pool of rayon.
//!
//! Behind the door each room is a crate of its own, and can be used alone: [`layers`] has the derivations, [`models`]
//! the networks, [`trainer`] the training step, [`dataset`] the formats of data, [`tasks`] what a trained model is good
//! for, [`analysis`] measures, [`pictures`] grids and charts, [`runs`] trainings as folders with checkpoints.
//!
//! *Arrays.* Samples and codes are matrices of the crate `ndarray`, one sample a row, of `f32`: `ArrayView2` goes in,
//! `Array2` comes out. Inside the layers there are plain slices.
#![forbid(unsafe_code)]

mod autoencoder;
mod data;
mod training;

pub use autoencoder::Autoencoder;
pub use data::Data;
pub use handgrad_runs::{Error, Result};
pub use training::Training;

pub use handgrad_analysis as analysis;
pub use handgrad_dataset as dataset;
pub use handgrad_layers as layers;
pub use handgrad_models as models;
pub use handgrad_models::Model;
pub use handgrad_pictures as pictures;
pub use handgrad_runs as runs;
pub use handgrad_tasks as tasks;
pub use handgrad_trainer as trainer;

/// What a program needs to train and to use an autoencoder.
///
/// ```
/// use handgrad::prelude::*;
///
/// let network = Autoencoder::dense([8]).loss(Loss::Mse).activation(Activation::Tanh);
/// assert!(format!("{network:?}").contains("Mse"));
/// ```
pub mod prelude {
    pub use crate::{Autoencoder, Data, Model, Training};
    pub use handgrad_layers::Activation;
    pub use handgrad_runs::settings::{LossName as Loss, NoiseName as Noise, ScaleName as Scale};
}

/// The examples of the README, which are compiled with those of the library.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
