//! # Learning-rate schedules: large steps to get there, small ones to arrive
//!
//! ```text
//! α₁ the optimiser's own rate, α_e that of epoch e = 1 … E, L_e the validation loss after it
//!
//! step      α_{e+1} = α_e·factor  if `every` divides e, else α_e
//! cosine    α_e = floor + (α₁ − floor)·(1 + cos(π·(e − 1)/E))/2   half a wave: α₁ at first, floor after the last
//! plateau   α_{e+1} = α_e·factor  if L has not improved for more than `patience` epochs, which are then counted anew
//!           L_e has improved where L_e < L·(1 − 10⁻⁴), L the last one that had
//! ```
//!
//! These are PyTorch's StepLR, CosineAnnealingLR with T_max = E, and ReduceLROnPlateau with its usual threshold, called
//! once an epoch. As there, a plateau's reduction of 10⁻⁸ or less is left out.
//!
//! Sources: cosine: Loshchilov & Hutter, "SGDR", ICLR 2017, one cycle without restarts.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate changes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedule {
    /// It does not.
    #[default]
    Constant,
    /// Every so many epochs it is multiplied by a factor.
    Step {
        /// Epochs from one change to the next.
        every: usize,
        /// Of the rate, above 0 and below 1.
        factor: f64,
    },
    /// Half a wave down over the whole run.
    Cosine {
        /// Where it would be after the last epoch.
        floor: f64,
    },
    /// Where the validation loss stays as it is, it is multiplied by a factor.
    Plateau {
        /// Epochs without improvement that are put up with.
        patience: usize,
        /// Of the rate, above 0 and below 1.
        factor: f64,
    },
}

/// By how much less, of itself, a loss counts as improved on a plateau.
const THRESHOLD: f64 = 1e-4;
/// A plateau's reduction by this or less is left out.
const SMALLEST_CHANGE: f64 = 1e-8;

/// Where a schedule has come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Of the first epoch.
    pub first: f64,
    /// Of the next epoch.
    pub now: f64,
    /// The last validation loss that was an improvement.
    pub best_loss: f64,
    /// Epochs since then, or since the last reduction.
    pub epochs_since: usize,
}

impl Rate {
    /// Before the first epoch.
    #[must_use]
    pub fn new(first: f64) -> Self {
        Self { first, now: first, best_loss: f64::INFINITY, epochs_since: 0 }
    }

    /// Moves on after epoch number `epoch`, counted from 1, of `epochs`.
    pub fn advance(&mut self, schedule: &Schedule, epoch: usize, epochs: usize, validation_loss: f64) {
        match *schedule {
            Schedule::Constant => {}
            Schedule::Step { every, factor } => {
                if epoch.is_multiple_of(every) {
                    self.now *= factor;
                }
            }
            Schedule::Cosine { floor } => {
                // Not the standard library's cosine, which may differ between platforms.
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
