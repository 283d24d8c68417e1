//! Layers, losses and optimisers with every gradient derived and written by hand.
//!
//! One file is one layer, loss or optimiser. It opens with the formula, the shapes and the derivation, then come free
//! functions whose lines match the derivation, and last the few lines that fit them to the [`Layer`] contract.
//! Start with [`dense`]; `docs/conventions.md` explains the notation.
#![forbid(unsafe_code)]

pub mod activation;
pub mod activity_l1;
pub mod adam;
pub mod bce;
pub mod bce_logits;
pub mod bidirectional;
pub mod clip;
pub mod conv2d;
pub mod conv_lstm;
pub mod conv_transpose2d;
pub mod dense;
pub mod dropout;
pub mod elman;
mod error;
pub mod gradcheck;
pub mod gru;
pub mod init;
pub mod jordan;
pub mod kl_sparsity;
mod layer;
pub mod loss;
pub mod lstm;
pub mod mae;
pub mod max_pool2d;
pub mod mse;
pub mod noise;
pub mod optimizer;
pub mod random;
pub mod recurrent;
pub mod reparameterize;
pub mod repeat_vector;
pub mod reshape;
pub mod sgd;
pub mod shift;
pub mod softmax_cross_entropy;
pub mod tied_dense;
pub mod time_distributed;
pub mod upsample2d;
pub mod weight_decay;
pub mod window;

pub use activation::Activation;
pub use activity_l1::ActivityL1;
pub use bidirectional::Bidirectional;
pub use conv_lstm::ConvLstm;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::{Conv2d, Padding};
pub use dense::Dense;
pub use dropout::Dropout;
pub use elman::Elman;
pub use error::Error;
pub use gru::Gru;
pub use handgrad_kernels::{BatchRows, Level, Scalar, math, prefetch, vectorize};
pub use init::Init;
pub use jordan::Jordan;
pub use kl_sparsity::KlSparsity;
pub use layer::{Block, Layer, Mode, ParamRole, ParamSpec, Pass, Saved, SavedBatch};
pub use loss::{Loss, LossKind, Output, Reduction};
pub use lstm::Lstm;
pub use max_pool2d::MaxPool2d;
pub use noise::Noise;
pub use optimizer::Optimizer;
pub use recurrent::Sequence;
pub use reparameterize::Reparameterize;
pub use repeat_vector::RepeatVector;
pub use reshape::Reshape;
pub use shift::Shift;
pub use tied_dense::TiedDense;
pub use time_distributed::TimeDistributed;
pub use upsample2d::Upsample2d;
