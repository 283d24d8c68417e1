//! Layers, losses and optimisers with every gradient derived and written by hand.
//!
//! One file is one layer, loss or optimiser. It opens with the formula, the shapes and the derivation, then come free
//! functions whose lines match the derivation, and last the few lines that fit them to the [`Layer`] contract.
//! Start with [`dense`]; `docs/conventions.md` explains the notation.
#![forbid(unsafe_code)]

pub mod activation;
pub mod adam;
pub mod bce;
pub mod bce_logits;
pub mod dense;
mod error;
pub mod gradcheck;
pub mod init;
mod layer;
pub mod loss;
pub mod mae;
pub mod mse;
pub mod optimizer;
pub mod sgd;

pub use activation::Activation;
pub use dense::Dense;
pub use error::Error;
pub use handgrad_kernels::{BatchRows, Level, Scalar, prefetch, vectorize};
pub use init::Init;
pub use layer::{Block, Layer, ParamRole, ParamSpec, Saved, SavedBatch};
pub use loss::{Loss, LossKind, Reduction};
pub use optimizer::Optimizer;
