//! Autoencoders, put together from layers.
//!
//! One file is one network of the slides: [`basic`], [`deep`], [`convolutional`], [`variational`], [`sequence`]; [`denoising`] and
//! [`sparse`] make any of them so. Each gives a [`Spec`], which says everything about a
//! network but its numbers; [`Network`] is the spec made ready to compute, and [`mod@file`] keeps both spec and weights in
//! one `.safetensors` file that PyTorch reads as well.
//!
//! A network of your own is a [`Spec::autoencoder`] of layers, and [`builders`] has short ways to write the layers.
#![forbid(unsafe_code)]

pub mod basic;
pub mod builders;
pub mod convolutional;
pub mod deep;
pub mod denoising;
mod error;
pub mod file;
mod network;
mod part;
pub mod sequence;
pub mod sparse;
mod spec;
mod tied;
pub mod variational;

pub use basic::Basic;
pub use convolutional::{PooledConv, PooledStridedConv, StridedConv};
pub use deep::Deep;
pub use error::Error;
pub use network::{Network, Param, Tie};
pub use part::Part;
pub use sequence::{Cell, NextStep, SequenceAutoencoder};
pub use spec::{LayerSpec, Scale, Spec};
pub use variational::{ConvVae, Vae};
