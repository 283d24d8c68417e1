//! Layers, losses and optimisers with every gradient derived and written by hand.
//!
//! Each file contains one layer, loss or optimiser. A file starts with the formula, the shapes and the derivation.
//! Then come free functions whose lines match the derivation. The last part implements the [`Layer`] trait with these
//! functions. Start with [`dense`]; `docs/conventions.md` explains the notation.
#![forbid(unsafe_code)]

// The interface between a layer and the engine, and the error type.
mod error;
mod layer;

// The folders. A folder is not a module, for two reasons: paths stay short, as in `handgrad_layers::lstm`, and the
// folders `dense` and `recurrent` each contain a file of the same name. So every module is declared here, with the
// path of its file.

// dense/: dense layers, activation functions and reshaping.
#[path = "dense/activation.rs"]
pub mod activation;
#[path = "dense/dense.rs"]
pub mod dense;
#[path = "dense/reshape.rs"]
pub mod reshape;
#[path = "dense/tied_dense.rs"]
pub mod tied_dense;
#[path = "dense/time_distributed.rs"]
pub mod time_distributed;

// convolution/: layers for images.
#[path = "convolution/conv2d.rs"]
pub mod conv2d;
#[path = "convolution/conv_transpose2d.rs"]
pub mod conv_transpose2d;
#[path = "convolution/max_pool2d.rs"]
pub mod max_pool2d;
#[path = "convolution/upsample2d.rs"]
pub mod upsample2d;
#[path = "convolution/window.rs"]
pub mod window;

// recurrent/: layers for sequences.
#[path = "recurrent/bidirectional.rs"]
pub mod bidirectional;
#[path = "recurrent/conv_lstm.rs"]
pub mod conv_lstm;
#[path = "recurrent/elman.rs"]
pub mod elman;
#[path = "recurrent/gru.rs"]
pub mod gru;
#[path = "recurrent/jordan.rs"]
pub mod jordan;
#[path = "recurrent/kept.rs"]
mod kept;
#[path = "recurrent/lstm.rs"]
pub mod lstm;
#[path = "recurrent/recurrent.rs"]
pub mod recurrent;
#[path = "recurrent/repeat_vector.rs"]
pub mod repeat_vector;
#[path = "recurrent/shift.rs"]
pub mod shift;

// randomness/: everything that is drawn at random: initial weights, noise, dropout masks and latent samples.
#[path = "randomness/dropout.rs"]
pub mod dropout;
#[path = "randomness/init.rs"]
pub mod init;
#[path = "randomness/mask.rs"]
pub mod mask;
#[path = "randomness/noise.rs"]
pub mod noise;
#[path = "randomness/random.rs"]
pub mod random;
#[path = "randomness/reparameterize.rs"]
pub mod reparameterize;

// losses/: how far a reconstruction is from its target.
#[path = "losses/bce.rs"]
pub mod bce;
#[path = "losses/bce_logits.rs"]
pub mod bce_logits;
#[path = "losses/columns.rs"]
pub mod columns;
#[path = "losses/loss.rs"]
pub mod loss;
#[path = "losses/mae.rs"]
pub mod mae;
#[path = "losses/mse.rs"]
pub mod mse;
#[path = "losses/softmax_cross_entropy.rs"]
pub mod softmax_cross_entropy;

// penalties/: terms that a layer adds to the loss because of its activations.
#[path = "penalties/activity_l1.rs"]
pub mod activity_l1;
#[path = "penalties/group_l1.rs"]
pub mod group_l1;
#[path = "penalties/kl_sparsity.rs"]
pub mod kl_sparsity;

// optimizers/: how the parameters are updated.
#[path = "optimizers/adam.rs"]
pub mod adam;
#[path = "optimizers/clip.rs"]
pub mod clip;
#[path = "optimizers/optimizer.rs"]
pub mod optimizer;
#[path = "optimizers/sgd.rs"]
pub mod sgd;
#[path = "optimizers/weight_decay.rs"]
pub mod weight_decay;

// gradcheck/: compares every hand-derived gradient with central differences.
pub mod gradcheck;

pub use activation::Activation;
pub use activity_l1::ActivityL1;
pub use bidirectional::Bidirectional;
pub use columns::{Columns, Head};
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
pub use layer::{Block, Divisible, Layer, Mode, ParamRole, ParamSpec, Pass, Saved, SavedBatch};
pub use loss::{Loss, LossKind, Output, Reduction};
pub use lstm::Lstm;
pub use mask::Mask;
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
