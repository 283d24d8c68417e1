//! What a planted mistake is, and what planting it gives.

use handgrad_layers::gradcheck::Report;

use crate::Error;
use crate::gradcheck::TOLERANCE;

/// A mistake that people make.
pub struct Mistake {
    /// The name that chooses it.
    pub name: &'static str,
    /// A line on it.
    pub says: &'static str,
    /// The line as it should be.
    pub right: &'static str,
    /// The line as it is planted.
    pub wrong: &'static str,
    /// What finds it: a property, where the gradient check cannot.
    pub property: Option<&'static str>,
    pub(super) plant: fn() -> Result<Planting, Error>,
}

/// What came out, without the mistake and with it.
#[derive(Clone, Debug)]
pub struct Planting {
    /// What the gradient check says.
    pub checks: [Report; 2],
    /// What the property says, where one has to find the mistake.
    pub property: Option<Property>,
}

/// A figure that must come to something known.
#[derive(Clone, Debug)]
pub struct Property {
    /// What is compared with what, in words.
    pub says: &'static str,
    /// What the figure must come to.
    pub expected: f64,
    /// Three standard errors, where the figure is one of drawn numbers.
    pub tolerance: f64,
    /// Without the mistake, and with it.
    pub found: [f64; 2],
}

impl Property {
    /// Without the mistake, and with it.
    #[must_use]
    pub fn holds(&self) -> [bool; 2] {
        self.found.map(|found| (found - self.expected).abs() <= self.tolerance)
    }
}

impl Mistake {
    /// Plants it, and runs what should find it.
    ///
    /// # Errors
    /// If a layer does not fit.
    pub fn plant(&self) -> Result<Planting, Error> {
        (self.plant)()
    }

    /// Was it found by what should find it, and by nothing that should not?
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
