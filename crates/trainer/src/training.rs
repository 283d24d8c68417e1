use handgrad_layers::adam::Adam;
use handgrad_layers::{Error as SettingError, Optimizer};

use crate::Error;

/// How a network is trained. It is given once, when the [`Trainer`](crate::Trainer) is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// How the weights move along the gradient. A schedule starts from its learning rate.
    pub optimizer: Optimizer,
    /// Samples of a step, at least 1. If there are fewer samples than that, all of them are one batch.
    pub batch_size: usize,
    /// The seed of everything random: the first weights, the order of the samples, noise and dropout.
    pub seed: u64,
    /// How fast the weights, but not the biases, decay: see [`weight_decay`](handgrad_layers::weight_decay). 0 is not.
    pub weight_decay: f64,
    /// No gradient is longer than this: see [`clip`](handgrad_layers::clip). The whole gradient is then kept, which
    /// takes as much memory as the weights.
    pub clip_norm: Option<f64>,
}

impl Default for Training {
    /// Adam with its usual settings, batches of 32, seed 0, no weight decay and no clipping.
    fn default() -> Self {
        let optimizer = Optimizer::Adam(Adam::default());
        Self { optimizer, batch_size: 32, seed: 0, weight_decay: 0.0, clip_norm: None }
    }
}

impl Training {
    /// Refuses the first setting with which no training makes sense.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.optimizer.check()?;
        check_batch_size(self.batch_size)?;
        let outside = |name, value: f64, range| Err(SettingError::OutOfRange { name, value: value.to_string(), range });
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            outside("weight_decay", self.weight_decay, "a number of at least 0")?;
        }
        if let Some(norm) = self.clip_norm.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            outside("clip_norm", norm, "a number above 0")?;
        }
        Ok(())
    }
}

/// Refuses batches without samples.
pub(crate) fn check_batch_size(batch_size: usize) -> Result<(), Error> {
    match batch_size {
        0 => Err(SettingError::OutOfRange { name: "batch_size", value: "0".into(), range: "at least 1" }.into()),
        _ => Ok(()),
    }
}
