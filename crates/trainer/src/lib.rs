//! The training loop: batches, shards, steps, epochs and evaluation. It knows no formula; those are in the layers.
//!
//! ```no_run
//! use handgrad_layers::{Optimizer, adam::Adam};
//! use handgrad_models::{Basic, Network};
//! use handgrad_trainer::{Plan, Source, Trainer, fit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = handgrad_dataset::load("synthetic", "data".as_ref(), &Default::default(), &())?;
//! let network = Network::<f32>::new(&Basic { units: 32, ..Basic::default() }.spec(&data.train.shape))?;
//! let plan = Plan { epochs: 5, batch_size: 256, ..Plan::default() };
//! let mut trainer = Trainer::new(network, Optimizer::Adam(Adam::default()), plan.batch_size, plan.seed);
//! let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
//! let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |_| true)?;
//! println!("{:.4}", outcome.epochs[4].validation_loss);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod arena;
mod blocks;
pub mod checkpoint;
mod error;
mod fit;
mod order;
mod pace;
mod rows;
mod schedule;
mod source;
mod state;
mod trainer;
pub mod yardstick;

pub use error::Error;
pub use fit::{EpochRecord, Event, Outcome, Plan, fit, go_on};
pub use order::shuffled;
pub use schedule::{Rate, Schedule};
pub use source::Source;
pub use state::{Best, Place, State};
pub use trainer::Trainer;
