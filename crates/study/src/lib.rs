//! Material for students: worked examples, gradient checks, planted mistakes, and published results reproduced.
//!
//! [`trace`] works small examples and shows every number, computed by the functions that train. [`gradcheck`]
//! compares every backward pass with central differences. [`mistakes`] plants known mistakes and shows what finds
//! them. [`quiz`] asks about the chapters of the course, and [`answer`] judges answers. [`scoreboard`] repeats
//! published trainings, [`claims`] puts claims about autoencoders to the test; both train with [`experiment`].
//! [`playground`] computes what its page shows.
//!
//! Nothing here prints. Each module returns its results as data, text or JSON.
#![forbid(unsafe_code)]

pub mod answer;
pub mod claims;
mod error;
pub mod experiment;
pub mod gradcheck;
pub mod mistakes;
pub mod playground;
pub mod quiz;
pub mod scoreboard;
mod subscripts;
pub mod trace;

pub use error::Error;
