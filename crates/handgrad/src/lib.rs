//! Autoencoders with every gradient derived and written by hand, without automatic differentiation and without a
//! machine-learning framework.
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
//! - [`Data`] holds the samples.
//! - [`Autoencoder`] describes the network.
//! - [`Training`] describes how the network is trained.
//! - [`Model`] is the trained network. It encodes, decodes, reconstructs and scores arrays in the units of the data. It
//!   is saved as one file, which PyTorch can read too.
//!
//! The trained weights do not depend on the number of threads, not even in the last bit. All work uses as many
//! threads as the current thread pool of rayon has; a training has threads of its own.
//!
//! This crate is a facade. The parts are crates of their own, which can also be used alone: [`layers`] (layers and the
//! derivations of their gradients), [`models`] (networks), [`trainer`] (the training step), [`dataset`] (data formats),
//! [`tasks`] (uses of a trained model), [`analysis`] (measures), [`pictures`] (image grids and charts) and [`runs`]
//! (training runs in folders, with checkpoints).
//!
//! *Arrays.* Samples and codes are `f32` matrices of the crate `ndarray`, with one sample per row. Functions take
//! `ArrayView2` and return `Array2`. The layers work on plain slices.
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

/// The types that a program needs to train and to use an autoencoder.
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

/// The examples in the README, which are compiled and run together with the examples of this library.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
