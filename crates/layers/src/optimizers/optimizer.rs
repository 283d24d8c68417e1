//! One optimiser out of those there are, and the running values it keeps.

use crate::adam::{self, Adam};
use crate::{Error, Scalar, sgd};

/// How the parameters move along the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// [`sgd`].
    Sgd {
        /// α.
        learning_rate: f64,
        /// μ; 0 is plain gradient descent.
        momentum: f64,
    },
    /// [`adam`].
    Adam(Adam),
}

/// The smallest ε of Adam: see [`adam`] for why it cannot be any smaller.
const SMALLEST_EPSILON: f64 = 1e-12;

impl Optimizer {
    /// Number of running values a parameter has: the velocity, or the two running means.
    #[must_use]
    pub fn slots(&self) -> usize {
        match self {
            Optimizer::Sgd { .. } => 1,
            Optimizer::Adam(_) => 2,
        }
    }

    /// α.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        match self {
            Optimizer::Sgd { learning_rate, .. } | Optimizer::Adam(Adam { learning_rate, .. }) => *learning_rate,
        }
    }

    /// The same optimiser with another α.
    #[must_use]
    pub fn with_learning_rate(mut self, rate: f64) -> Self {
        let (Optimizer::Sgd { learning_rate, .. } | Optimizer::Adam(Adam { learning_rate, .. })) = &mut self;
        *learning_rate = rate;
        self
    }

    /// Refuses settings with which no step makes sense.
    ///
    /// # Errors
    /// It names the setting, what it is, and what it must be.
    pub fn check(&self) -> Result<(), Error> {
        let check = |name, value: f64, is_right: bool, range| match is_right {
            true => Ok(()),
            false => Err(Error::OutOfRange { name, value: value.to_string(), range }),
        };
        let rate = self.learning_rate();
        let (above_0, below_1) = ("a number above 0", "at least 0 and below 1");
        match *self {
            Optimizer::Sgd { momentum, .. } => {
                // With the rate 0 nothing moves: what only uses a network has such an optimiser.
                check("learning_rate", rate, rate.is_finite() && rate >= 0.0, above_0)?;
                check("momentum", momentum, (0.0..1.0).contains(&momentum), below_1)
            }
            Optimizer::Adam(Adam { beta1, beta2, epsilon, .. }) => {
                check("learning_rate", rate, rate.is_finite() && rate > 0.0, above_0)?;
                check("beta1", beta1, (0.0..1.0).contains(&beta1), below_1)?;
                check("beta2", beta2, (0.0..1.0).contains(&beta2), below_1)?;
                let is_large_enough = epsilon.is_finite() && epsilon >= SMALLEST_EPSILON;
                check("epsilon", epsilon, is_large_enough, "a number of at least 1e-12")
            }
        }
    }

    /// Moves θ, for any stretch of parameters: g is their gradient, `slots` their running values, `t` the number of
    /// this step, counted from 1. The second slot is empty where only one is kept.
    pub fn update<T: Scalar>(&self, theta: &mut [T], g: &[T], slots: [&mut [T]; 2], t: u64) {
        let [first, second] = slots;
        match self {
            Optimizer::Sgd { learning_rate, momentum } => sgd::update(theta, g, first, *learning_rate, *momentum),
            Optimizer::Adam(settings) => adam::update(theta, g, first, second, settings, t),
        }
    }
}
