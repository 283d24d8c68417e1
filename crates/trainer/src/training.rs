use handgrad_layers::adam::Adam;
use handgrad_layers::{Error as SettingError, Optimizer};

use crate::Error;

/// The settings of a training. They are given once, when the [`Trainer`](crate::Trainer) is created.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// The optimiser, which computes a step from the gradient. A schedule starts from its learning rate.
    pub optimizer: Optimizer,
    /// Number of samples of a step, at least 1. If there are fewer samples in total, all of them form one batch.
    pub batch_size: usize,
    /// The seed of all random numbers: the initial weights, the order of the samples, noise and dropout.
    pub seed: u64,
    /// The weight decay of the weights, but not of the biases: see [`weight_decay`](handgrad_layers::weight_decay). 0
    /// means no decay.
    pub weight_decay: f64,
    /// Largest norm of the gradient, to which it is clipped: see [`clip`](handgrad_layers::clip). With clipping, the
    /// whole gradient is kept, which needs as much memory as the weights.
    pub clip_norm: Option<f64>,
    /// The learning rate of the encoder's parameters, as a factor of that of the others. 1 trains both alike. With 0
    /// the encoder is frozen: not a bit of its parameters changes, and its gradient does not count in the norm that is
    /// clipped.
    pub encoder_rate: f64,
}

impl Default for Training {
    /// Adam with its default settings, batches of 32, seed 0, no weight decay and no clipping, and the same learning
    /// rate for all parameters.
    fn default() -> Self {
        let optimizer = Optimizer::Adam(Adam::default());
        Self { optimizer, batch_size: 32, seed: 0, weight_decay: 0.0, clip_norm: None, encoder_rate: 1.0 }
    }
}

impl Training {
    /// Checks the settings, and returns an error for the first invalid one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.optimizer.check()?;
        check_batch_size(self.batch_size)?;
        let outside = |name, value: f64, range| Err(SettingError::OutOfRange { name, value: value.to_string(), range });
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            outside("weight_decay", self.weight_decay, "a number of at least 0")?;
        }
        if !(self.encoder_rate.is_finite() && self.encoder_rate >= 0.0) {
            outside("encoder_rate", self.encoder_rate, "a number of at least 0")?;
        }
        if let Some(norm) = self.clip_norm.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            outside("clip_norm", norm, "a number above 0")?;
        }
        Ok(())
    }
}

/// Refuses a batch size of 0.
pub(crate) fn check_batch_size(batch_size: usize) -> Result<(), Error> {
    match batch_size {
        0 => Err(SettingError::OutOfRange { name: "batch_size", value: "0".into(), range: "at least 1" }.into()),
        _ => Ok(()),
    }
}
