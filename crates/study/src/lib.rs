//! What teaches: worked examples, gradient checks, and planted mistakes.
//!
//! [`trace`] works small examples number by number, with the functions that train. [`gradcheck`] compares every
//! backward pass with central differences. [`mistakes`] plants known mistakes, and shows what finds them.
//!
//! Nothing here prints. Each module gives its results as data, as text and as JSON.
#![forbid(unsafe_code)]

mod error;
pub mod gradcheck;
pub mod mistakes;
pub mod trace;

pub use error::Error;
