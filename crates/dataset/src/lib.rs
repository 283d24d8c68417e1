//! Data sets. This crate reads IDX files (plain or compressed with gzip), CSV, .npy, PNG and JPEG. It downloads data
//! sets that are known by name, each of them once, and it generates a synthetic data set.
//!
//! ```
//! use std::path::Path;
//!
//! let set = handgrad_dataset::load("synthetic", Path::new("data"), &Default::default(), &())?;
//! assert_eq!((set.train.len(), set.validation.len(), set.train.features()), (10_000, 2_000, 28 * 28));
//! # Ok::<(), handgrad_dataset::Error>(())
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod arrays;
pub mod convert;
pub mod csv;
pub mod download;
mod ecg5000;
mod error;
mod gzip;
pub mod held_out;
pub mod idx;
mod labels;
mod load;
pub mod named;
pub mod npy;
mod npz;
pub mod photo;
mod picture_folder;
mod places;
mod samples;
pub mod series;
pub mod synthetic;
pub mod table;
pub mod tables;
mod words;

pub use error::Error;
use error::check_room;
pub use labels::{Labels, class_name};
pub use load::{Whole, all_of_csv, is_csv, is_picture_folder, load, without_parts};
pub use places::Places;
pub use samples::{DataSet, Samples, Values};
pub use words::{count, did_you_mean, sizes, thousands};
