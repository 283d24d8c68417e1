//! What teaches: worked examples, gradient checks, planted mistakes, and published results tried again.
//!
//! [`trace`] works small examples number by number, with the functions that train. [`gradcheck`] compares every
//! backward pass with central differences. [`mistakes`] plants known mistakes, and shows what finds them.
//! [`scoreboard`] trains published examples again, [`claims`] tries what the slides say; both train by [`experiment`].
//!
//! Nothing here prints. Each module gives its results as data, as text and as JSON.
#![forbid(unsafe_code)]

pub mod claims;
mod error;
pub mod experiment;
pub mod gradcheck;
pub mod mistakes;
pub mod scoreboard;
pub mod trace;

pub use error::Error;
