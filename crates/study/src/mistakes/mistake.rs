//! The definition of a planted mistake, and the result of planting it.

use handgrad_layers::Layer;
use handgrad_layers::gradcheck::Report;

use super::planted::{Planted, both};
use crate::Error;
use crate::gradcheck::TOLERANCE;

/// A common mistake.
#[derive(Debug)]
pub struct Mistake {
    /// The name that selects it.
    pub name: &'static str,
    /// A description of one line.
    pub says: &'static str,
    /// The right formula.
    pub right: &'static str,
    /// The wrong formula that is planted.
    pub wrong: &'static str,
    /// The property that finds it, if the gradient check cannot; `None` if the gradient check finds it.
    pub property: Option<&'static str>,
    pub(super) plant: Plant,
}

/// How a mistake is planted.
#[derive(Debug)]
pub(super) enum Plant {
    /// In the backward pass of a layer.
    Layer(fn(Size) -> Result<Pair, Error>),
    /// In another way.
    Other(fn() -> Result<Planting, Error>),
}

/// The size of the layer in which a mistake is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// As for a gradient check.
    Whole,
    /// So small that every value can be computed by hand.
    Small,
}

/// A layer without a mistake, and the same layer with it.
pub(super) struct Pair {
    pub right: Box<dyn Layer<f64>>,
    pub wrong: Box<dyn Layer<f64>>,
    /// The shape of a sample.
    pub input: Vec<usize>,
    /// The formula of the forward pass.
    pub forward: &'static str,
}

impl Pair {
    /// Plants a mistake in a layer; `change` replaces some of its passes.
    pub fn new<L: Layer<f64> + Copy + 'static>(
        layer: L,
        input: &[usize],
        forward: &'static str,
        change: fn(&mut Planted<L>),
    ) -> Self {
        let mut planted = Planted::on(layer);
        change(&mut planted);
        Self { right: Box::new(layer), wrong: Box::new(planted), input: input.to_vec(), forward }
    }
}

/// The results, without the mistake and with it.
#[derive(Clone, Debug)]
pub struct Planting {
    /// The results of the gradient check.
    pub checks: [Report; 2],
    /// The property, if one must find the mistake.
    pub property: Option<Property>,
}

/// A number that must have a known value.
#[derive(Clone, Debug)]
pub struct Property {
    /// A description of what is compared with what.
    pub says: &'static str,
    /// The value that the number must have.
    pub expected: f64,
    /// The largest deviation that passes: three standard errors if the number is estimated from random draws.
    pub tolerance: f64,
    /// The number without the mistake, and with it.
    pub found: [f64; 2],
}

impl Property {
    /// Does the property hold without the mistake, and with it?
    #[must_use]
    pub fn holds(&self) -> [bool; 2] {
        self.found.map(|found| (found - self.expected).abs() <= self.tolerance)
    }
}

impl Mistake {
    /// Plants the mistake, and runs what should find it.
    ///
    /// # Errors
    /// If a layer does not accept its shape.
    pub fn plant(&self) -> Result<Planting, Error> {
        match self.plant {
            Plant::Other(plant) => plant(),
            Plant::Layer(pair) => {
                let Pair { right, wrong, input, .. } = pair(Size::Whole)?;
                Ok(Planting { checks: both(&*right, &*wrong, &input)?, property: None })
            }
        }
    }

    /// Was the mistake found by what should find it, and by nothing else?
    #[must_use]
    pub fn caught(&self, planting: &Planting) -> bool {
        let [right, wrong] = planting.checks.each_ref().map(|report| report.error <= TOLERANCE);
        match (&self.property, &planting.property) {
            (None, None) => right && !wrong,
            (Some(_), Some(property)) => right && wrong && property.holds() == [true, false],
            _ => false,
        }
    }
}
