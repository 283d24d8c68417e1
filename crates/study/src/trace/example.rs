//! What an example is: its name, the numbers it starts from, and the function that works it.

use super::form::Trace;
use super::given::{Given, Numbers};
use crate::Error;

/// An example: what it starts from, and how it is worked.
pub struct Example {
    pub name: &'static str,
    pub title: &'static str,
    pub slides: &'static str,
    /// How many there are, if the option `steps` can change it: of time, or of the optimiser.
    pub steps: Option<usize>,
    /// α, if the option `learning_rate` can change it.
    pub learning_rate: Option<f64>,
    pub given: fn(usize) -> Vec<Given>,
    pub work: fn(&Numbers, &mut Trace) -> Result<(), Error>,
}
