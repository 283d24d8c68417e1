//! The training loop: batches, shards, steps, epochs and evaluation. It contains no formulas of layers; those are in
//! the crate `handgrad-layers`.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use handgrad_models::{Basic, Network};
//! use handgrad_trainer::{Plan, Source, Trainer, Training, fit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = handgrad_dataset::load("synthetic", "data".as_ref(), &Default::default(), &())?;
//! let network = Network::<f32>::new(&Basic { units: 32, ..Basic::default() }.spec(&data.train.shape))?;
//! let mut trainer = Trainer::new(network, &Training { batch_size: 256, ..Training::default() })?;
//! let plan = Plan { epochs: 5, ..Plan::default() };
//! let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
//! let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |_| ControlFlow::Continue(()))?;
//! println!("{:.4}", outcome.epochs[4].validation_loss);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod arena;
mod blocks;
mod check;
pub mod checkpoint;
mod engine;
mod epochs;
mod error;
mod fit;
mod order;
mod rows;
mod schedule;
mod shards;
mod source;
mod state;
mod trainer;
mod training;
pub mod yardstick;

pub use engine::{Evaluation, evaluate};
pub use epochs::Epochs;
pub use error::Error;
pub use fit::{EpochRecord, Event, Outcome, Plan, fit, go_on};
pub use order::shuffled;
pub use schedule::{Rate, Schedule};
pub use source::Source;
pub use state::{Best, Place, State};
pub use trainer::Trainer;
pub use training::Training;
