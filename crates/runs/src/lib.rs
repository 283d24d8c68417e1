//! Trains a network and writes a run folder: checks the settings, loads the data and holds out a part of it, trains the
//! network with checkpoints, and writes the results. Also opens a trained model together with the data to use it on.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use handgrad_runs::{Request, Run, Settings};
//!
//! let folder = tempfile::tempdir()?;
//! let given = Settings::of(&[("data", "synthetic"), ("layers", "8"), ("epochs", "1"), ("batch_size", "512")])?;
//! let request = Request { given, out: Some(folder.path().join("run")), ..Request::default() };
//! let run = Run::begin(&request, &())?;
//! let finished = run.train(&mut |_| ControlFlow::Continue(()))?;
//! assert_eq!(finished.outcome.epochs.len(), 1);
//! assert!(folder.path().join("run/model.safetensors").exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod checkpoints;
mod config;
mod curves;
mod data;
mod error;
mod folder;
pub mod history;
mod identity;
mod interval;
mod kinds;
mod kinship;
pub mod live;
mod metrics;
mod open;
mod parts;
mod prepared;
pub mod preset;
mod report;
mod results;
mod schema;
pub mod search;
mod session;
pub mod settings;

pub use config::Config;
pub use curves::curves;
pub use data::usual_data_dir;
pub use error::{Error, Result};
pub use history::History;
pub use interval::Every;
pub use open::{Data, Loader, OfTable, Subject, Wanted, check_takes_pictures, model, open, open_one_of};
pub use prepared::{Prepared, prepare};
pub use report::{report, write_report};
pub use session::{Event, Finished, Notes, Request, Run};
pub use settings::Settings;
