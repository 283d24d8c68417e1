//! Autoencoders, put together from layers.
//!
//! One file is one network of the slides: [`basic`], [`deep`], [`convolutional`], [`variational`], [`sequence`];
//! [`denoising`], [`sparse`] and [`regularized`] change any of them. Each gives a [`Spec`], which says everything about
//! a network but its numbers; [`Spec::autoencoder`] and the [`builders`] of layers make a network of your own.
//! [`Network`] is the spec made ready to compute. [`Model`] is a network with its weights, to use; [`mod@file`] keeps
//! both in one `.safetensors` file that PyTorch reads as well.
#![forbid(unsafe_code)]

pub mod basic;
pub mod builders;
pub mod convolutional;
pub mod deep;
pub mod denoising;
mod error;
pub mod file;
mod inference;
mod model;
mod network;
mod part;
mod recurrent;
pub mod regularized;
pub mod sequence;
pub mod sparse;
mod spec;
pub mod targets;
mod tied;
pub mod variational;

pub use basic::Basic;
pub use convolutional::{PooledConv, PooledStridedConv, StridedConv};
pub use deep::Deep;
pub use error::Error;
pub use model::Model;
pub use network::{Network, Param, Tie};
pub use part::Part;
pub use recurrent::{Cell, Recurrent};
pub use sequence::{NextStep, SequenceAutoencoder};
pub use spec::{LayerSpec, Scale, Spec};
pub use variational::{ConvVae, Vae};
