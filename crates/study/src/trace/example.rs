//! The definition of an example: its name, the numbers it starts from, and the function that works it.

use super::form::Trace;
use super::given::{Given, Numbers};
use crate::Error;

/// A worked example: the numbers it starts from, and the function that works it.
#[derive(Debug)]
pub struct Example {
    pub name: &'static str,
    pub title: &'static str,
    pub slides: &'static str,
    /// The number of time steps or of optimiser steps, if the option `steps` can change it.
    pub steps: Option<usize>,
    /// The learning rate α, if the option `learning_rate` can change it.
    pub learning_rate: Option<f64>,
    /// The symbol of the loss whose gradients are the lines with a d before the name of a parameter: `dw_hh` is
    /// ∂L/∂w_hh. None if the example has no loss, or shows a wrong gradient.
    pub loss: Option<&'static str>,
    pub given: fn(usize) -> Vec<Given>,
    pub work: fn(&Numbers, &mut Trace) -> Result<(), Error>,
}
