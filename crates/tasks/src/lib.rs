//! Uses of a trained model, as functions of a [`Model`](handgrad_models::Model) and
//! [`Samples`](handgrad_dataset::Samples).
//!
//! Each file has one use and begins with its formula. The functions take and return numbers. They do not read files,
//! print or draw.
//!
//! ```
//! use handgrad_dataset::synthetic;
//! use handgrad_layers::LossKind;
//! use handgrad_models::{Basic, Model, Network};
//!
//! let samples = synthetic::draw(0, 20);
//! let network = Network::new(&Basic { units: 8, loss: LossKind::Bce }.spec(&samples.shape))?;
//! let weights = network.init(0);
//! let model = Model::new(network, weights)?;
//! let scores = handgrad_tasks::anomaly::scores(&model, &samples, &samples.numbers(), None, &())?;
//! assert_eq!(scores.len(), 20);
//! # Ok::<(), handgrad_tasks::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod alter;
pub mod anomaly;
mod check;
pub mod classify;
pub mod clusters;
pub mod code;
pub mod columns;
pub mod denoise;
pub mod draws;
mod error;
pub mod features;
pub mod finetune;
mod fit;
mod inputs;
pub mod interpolate;
pub mod label;
pub mod latent;
pub mod map;
pub mod neighbours;
pub mod noise;
pub mod placer;
pub mod probe;
pub mod reconstruct;
pub mod report;
pub mod tiles;
pub mod untrained;
pub mod views;

use check::{check_labels, check_numbers, check_room};
pub use error::Error;
pub use fit::{check_fit, check_targets, check_uses, outside};

/// The number of samples that are processed at a time, which limits the memory for large data.
pub const CHUNK: usize = 2048;
