//! Autoencoders, built from layers.
//!
//! Each architecture of the slides has its own file: [`basic`], [`deep`], [`convolutional`], [`variational`],
//! [`sequence`]. [`denoising`], [`sparse`] and [`regularized`] modify any of them. Each returns a [`Spec`], which
//! describes everything about a network except its weights. [`Spec::autoencoder`] and the [`builders`] of layers
//! build other networks. [`Network`] is built from a spec and can compute. [`Model`] is a network with its weights.
//! [`mod@file`] stores both in one `.safetensors` file that PyTorch can also read.
#![forbid(unsafe_code)]

pub mod basic;
pub mod builders;
mod channels;
mod classes;
pub mod classifier;
pub mod convolutional;
pub mod deep;
pub mod denoising;
mod encoding;
mod error;
pub mod file;
mod inference;
mod layer_spec;
mod model;
mod network;
mod part;
mod recurrent;
pub mod regularized;
mod scale;
pub mod sequence;
mod shapes;
pub mod sparse;
mod spec;
pub mod targets;
mod tied;
pub mod variational;

pub use basic::Basic;
pub use classifier::Classifier;
pub use convolutional::{PooledConv, PooledStridedConv, StridedConv};
pub use deep::Deep;
pub use encoding::Encoding;
pub use error::Error;
pub use layer_spec::LayerSpec;
pub use model::Model;
pub use network::{Network, Param, Tie};
pub use part::Part;
pub use recurrent::{Cell, Recurrent};
pub use scale::Scale;
pub use sequence::{NextStep, SequenceAutoencoder};
pub use spec::{Spec, TrainedOn, ValueKind};
pub use variational::{ConvVae, Vae};
