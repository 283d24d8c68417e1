//! One optimiser out of those there are, and the running values it keeps.

use crate::adam::{self, Adam};
use crate::{Scalar, sgd};

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

    /// Moves θ, for any stretch of parameters: g is their gradient, `slots` their running values, `t` the number of this
    /// step, counted from 1. The second slot is empty where only one is kept.
    pub fn update<T: Scalar>(&self, theta: &mut [T], g: &[T], slots: [&mut [T]; 2], t: u64) {
        let [first, second] = slots;
        match self {
            Optimizer::Sgd { learning_rate, momentum } => sgd::update(theta, g, first, *learning_rate, *momentum),
            Optimizer::Adam(settings) => adam::update(theta, g, first, second, settings, t),
        }
    }
}
