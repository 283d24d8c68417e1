//! The choice of an optimiser, and the running values that it keeps.

use crate::adam::{self, Adam};
use crate::{Error, Scalar, sgd};

/// How the parameters are updated with the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Gradient descent with momentum, [`sgd`].
    Sgd {
        /// α, the learning rate.
        learning_rate: f64,
        /// μ; 0 is plain gradient descent.
        momentum: f64,
    },
    /// Adam, [`adam`].
    Adam(Adam),
}

/// The smallest ε of Adam: [`adam`] says why it cannot be smaller.
const SMALLEST_EPSILON: f64 = 1e-12;

impl Optimizer {
    /// Number of running values per parameter: the velocity, or the two running means.
    #[must_use]
    pub fn slots(&self) -> usize {
        match self {
            Optimizer::Sgd { .. } => 1,
            Optimizer::Adam(_) => 2,
        }
    }

    /// α, the learning rate.
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

    /// Checks the settings.
    ///
    /// # Errors
    /// If a setting is outside its valid range. The error names the setting, its value and the range.
    pub fn check(&self) -> Result<(), Error> {
        let check = |name, value: f64, is_right: bool, range| match is_right {
            true => Ok(()),
            false => Err(Error::OutOfRange { name, value: value.to_string(), range }),
        };
        let rate = self.learning_rate();
        let below_1 = "at least 0 and below 1";
        match *self {
            Optimizer::Sgd { momentum, .. } => {
                // A learning rate of 0 is allowed: no parameter changes. Code that only uses a network has such an
                // optimiser.
                check("learning_rate", rate, rate.is_finite() && rate >= 0.0, "a number of at least 0")?;
                check("momentum", momentum, (0.0..1.0).contains(&momentum), below_1)
            }
            Optimizer::Adam(Adam { beta1, beta2, epsilon, .. }) => {
                check("learning_rate", rate, rate.is_finite() && rate > 0.0, "a number above 0")?;
                check("beta1", beta1, (0.0..1.0).contains(&beta1), below_1)?;
                check("beta2", beta2, (0.0..1.0).contains(&beta2), below_1)?;
                let is_large_enough = epsilon.is_finite() && epsilon >= SMALLEST_EPSILON;
                check("epsilon", epsilon, is_large_enough, "a number of at least 1e-12")
            }
        }
    }

    /// Updates θ, which may be any contiguous part of the parameters: g is its gradient, `slots` are its running
    /// values, and `t` is the number of this step, counted from 1. The second slot is empty if the optimiser keeps
    /// only one running value.
    pub fn update<T: Scalar>(&self, theta: &mut [T], g: &[T], slots: [&mut [T]; 2], t: u64) {
        let [first, second] = slots;
        match self {
            Optimizer::Sgd { learning_rate, momentum } => sgd::update(theta, g, first, *learning_rate, *momentum),
            Optimizer::Adam(settings) => adam::update(theta, g, first, second, settings, t),
        }
    }
}
