//! Grids of images, and charts of losses and scores. Plain numbers go in, and the bytes of a PNG or the text of an SVG
//! come out. This crate knows nothing about models or data sets, and it writes no files.
//!
//! ```
//! use handgrad_pictures::{charts, grid};
//! use ndarray::array;
//!
//! // Two samples of 2 × 2 values.
//! let samples = array![[0.0, 0.5, 0.5, 1.0], [1.0, 0.5, 0.5, 0.0]];
//! let png = grid(&[samples], &[2, 2])?;
//! assert!(png.starts_with(b"\x89PNG"));
//!
//! let svg = charts::losses::svg(&charts::losses::Losses {
//!     title: "my first network",
//!     loss: "mean squared error",
//!     training: &[0.9, 0.5, 0.4],
//!     validation: &[0.8, 0.6, 0.7],
//!     terms: &[],
//!     best_epoch: Some(2),
//!     least: 0.0,
//! });
//! assert!(svg.contains("kept: epoch 2"));
//! # Ok::<(), handgrad_pictures::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod charts;
mod error;
mod grid;
pub mod live;
pub mod playground;
pub mod report;

/// The program that wrote a picture, which its file names.
pub(crate) const SOFTWARE: &str = concat!("handgrad ", env!("CARGO_PKG_VERSION"));

pub use error::Error;
pub use grid::{columns_of_square, grid, grid_of_columns, images, square, to_be_seen, to_unit};
