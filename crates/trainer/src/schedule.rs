//! # Learning-rate schedules: large steps at the beginning, small steps at the end
//!
//! ```text
//! α₁ the optimiser's learning rate, α_e that of epoch e = 1 … E, L_e the validation loss after epoch e
//!
//! step      α_{e+1} = α_e·factor  if `every` divides e, else α_e
//! cosine    α_e = floor + (α₁ − floor)·(1 + cos(π·(e − 1)/E))/2   half a wave: α₁ at first, floor after the last epoch
//! plateau   α_{e+1} = α_e·factor  if L has not improved for more than `patience` epochs; the count then restarts
//!           L_e is an improvement if L_e < L·(1 − 10⁻⁴), where L is the last loss that was one
//! ```
//!
//! These are PyTorch's StepLR, CosineAnnealingLR with T_max = E, and ReduceLROnPlateau with its default threshold,
//! called once per epoch. As in PyTorch, a reduction of 10⁻⁸ or less on a plateau is skipped.
//!
//! Sources: cosine: Loshchilov & Hutter, "SGDR", ICLR 2017, one cycle without restarts.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate changes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// The learning rate does not change.
    #[default]
    Constant,
    /// The learning rate is multiplied by a factor every `every` epochs.
    Step {
        /// Number of epochs from one change to the next.
        every: usize,
        /// The factor of the learning rate, above 0 and below 1.
        factor: f64,
    },
    /// The learning rate decreases along half a cosine wave over the whole run.
    Cosine {
        /// The learning rate that would follow the last epoch.
        floor: f64,
    },
    /// The learning rate is multiplied by a factor if the validation loss does not improve.
    Plateau {
        /// Number of epochs without improvement before a reduction.
        patience: usize,
        /// The factor of the learning rate, above 0 and below 1.
        factor: f64,
    },
}

/// Relative decrease of the loss that counts as an improvement on a plateau.
const THRESHOLD: f64 = 1e-4;
/// A reduction by this amount or less on a plateau is skipped.
const SMALLEST_CHANGE: f64 = 1e-8;

/// The state of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The learning rate of the first epoch.
    pub first: f64,
    /// The learning rate of the current or next epoch.
    pub now: f64,
    /// The last validation loss that was an improvement.
    pub best_loss: f64,
    /// Number of epochs since then or since the last reduction, whichever is later.
    pub epochs_since: usize,
}

impl Rate {
    /// Returns the state before the first epoch.
    #[must_use]
    pub fn new(first: f64) -> Self {
        Self { first, now: first, best_loss: f64::INFINITY, epochs_since: 0 }
    }

    /// Updates the learning rate after epoch number `epoch` of `epochs`, counted from 1.
    pub fn advance(&mut self, schedule: &Schedule, epoch: usize, epochs: usize, validation_loss: f64) {
        match *schedule {
            Schedule::Constant => {}
            Schedule::Step { every, factor } => {
                if epoch.is_multiple_of(every) {
                    self.now *= factor;
                }
            }
            Schedule::Cosine { floor } => {
                // The cosine of the standard library may differ between platforms, so `libm` is used.
                let wave = libm::cos(PI * epoch as f64 / epochs as f64);
                self.now = floor + (self.first - floor) * (1.0 + wave) / 2.0;
            }
            Schedule::Plateau { patience, factor } => {
                self.epochs_since += 1;
                if validation_loss < self.best_loss * (1.0 - THRESHOLD) {
                    (self.best_loss, self.epochs_since) = (validation_loss, 0);
                }
                if self.epochs_since > patience {
                    self.epochs_since = 0;
                    if self.now - self.now * factor > SMALLEST_CHANGE {
                        self.now *= factor;
                    }
                }
            }
        }
    }
}
