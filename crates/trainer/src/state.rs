//! The state of a training between two steps.

use handgrad_layers::Scalar;
use serde::{Deserialize, Serialize};

use crate::Trainer;
use crate::fit::{EpochRecord, Plan};
use crate::schedule::Rate;

/// Everything that [`go_on`](crate::go_on) needs to continue a training, in addition to the trainer.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    /// Number of epochs that the trainer had finished before this training.
    pub epochs_before: usize,
    /// The records of the finished epochs.
    pub records: Vec<EpochRecord>,
    /// The place in the current epoch.
    pub place: Place,
    /// The loss of the first batch of the training.
    pub first_loss: Option<f64>,
    /// The learning rate, and the values with which a plateau is detected.
    pub rate: Rate,
    /// The best epoch so far. It is kept only with early stopping.
    pub best: Option<Best<T>>,
}

/// The place in an unfinished epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Number of steps done.
    pub steps: usize,
    /// Number of samples of these steps.
    pub samples: usize,
    /// The sum of their losses.
    pub loss_sum: f64,
    /// The sum of each term of their losses; empty before the first step.
    pub term_sums: Vec<f64>,
    /// Time of these steps in seconds.
    pub seconds: f64,
}

/// The epoch with the lowest validation loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Best<T> {
    /// The number of the epoch, counted from 1.
    pub epoch: usize,
    /// Its validation loss.
    pub loss: f64,
    /// The weights after it.
    pub theta: Vec<T>,
}

impl<T: Scalar> State<T> {
    /// Returns the state before the first epoch of a training. It continues with the epoch after those that the
    /// trainer has finished.
    #[must_use]
    pub fn new(trainer: &Trainer<T>) -> Self {
        let (epochs_before, rate) = (trainer.finished_epochs(), Rate::new(trainer.optimizer().learning_rate()));
        Self { epochs_before, records: Vec::new(), place: Place::default(), first_loss: None, rate, best: None }
    }

    /// Returns the number of the current or next epoch, counted from 1 over all trainings of the trainer.
    pub(crate) fn epoch(&self) -> usize {
        self.epochs_before.saturating_add(self.records.len()).saturating_add(1)
    }

    /// Returns whether the training has ended: all epochs of the plan are finished, or early stopping ends it.
    #[must_use]
    pub fn is_over(&self, plan: &Plan) -> bool {
        let last = self.epoch() - 1;
        let since =
            |best: &Best<T>| plan.early_stopping.is_some_and(|patience| last.saturating_sub(best.epoch) >= patience);
        self.records.len() >= plan.epochs || self.best.as_ref().is_some_and(since)
    }

    /// Adds the record of a finished epoch.
    pub(crate) fn add(&mut self, record: EpochRecord, plan: &Plan, theta: &[T]) {
        let (epoch, loss) = (record.epoch, record.validation_loss);
        // A schedule counts only the epochs of this training.
        self.rate.advance(&plan.schedule, self.records.len() + 1, plan.epochs, loss);
        if plan.early_stopping.is_some() {
            match &mut self.best {
                None => self.best = Some(Best { epoch, loss, theta: theta.to_vec() }),
                Some(best) if loss < best.loss => {
                    (best.epoch, best.loss) = (epoch, loss);
                    best.theta.copy_from_slice(theta);
                }
                Some(_) => {}
            }
        }
        self.records.push(record);
        self.place = Place::default();
    }
}
