//! What training carries from one epoch to the next.

use handgrad_layers::Scalar;
use serde::{Deserialize, Serialize};

use crate::Trainer;
use crate::fit::{EpochRecord, Plan};
use crate::schedule::Rate;

/// All that [`go_on`](crate::go_on) has to know of the steps so far, beside the trainer itself.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    /// Epochs that the trainer had finished before this training.
    pub epochs_before: usize,
    /// The epochs that were finished.
    pub records: Vec<EpochRecord>,
    /// How far the next epoch has come.
    pub place: Place,
    /// Loss of the very first batch.
    pub first_loss: Option<f64>,
    /// The learning rate, and what a plateau is told by.
    pub rate: Rate,
    /// The best epoch so far. Only kept where training may stop early.
    pub best: Option<Best<T>>,
}

/// How far an epoch has come that is not finished.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Steps done.
    pub steps: usize,
    /// Samples of these steps.
    pub samples: usize,
    /// Σ of their losses.
    pub loss_sum: f64,
    /// Σ of each term of their losses; empty before the first step.
    pub term_sums: Vec<f64>,
    /// Time of these steps.
    pub seconds: f64,
}

/// The epoch with the lowest validation loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Best<T> {
    /// Counted from 1.
    pub epoch: usize,
    /// Its validation loss.
    pub loss: f64,
    /// The weights after it.
    pub theta: Vec<T>,
}

impl<T: Scalar> State<T> {
    /// Before the first epoch of a training: the first one of the trainer, or the one after those it has finished.
    #[must_use]
    pub fn new(trainer: &Trainer<T>) -> Self {
        let (epochs_before, rate) = (trainer.finished_epochs(), Rate::new(trainer.optimizer().learning_rate()));
        Self { epochs_before, records: Vec::new(), place: Place::default(), first_loss: None, rate, best: None }
    }

    /// The number of the epoch that is next or has begun, counted from 1 over all trainings of the trainer.
    pub(crate) fn epoch(&self) -> usize {
        self.epochs_before.saturating_add(self.records.len()).saturating_add(1)
    }

    /// Is there no epoch left to train, or has there been no better one for too long?
    #[must_use]
    pub fn is_over(&self, plan: &Plan) -> bool {
        let last = self.epoch() - 1;
        let since =
            |best: &Best<T>| plan.early_stopping.is_some_and(|patience| last.saturating_sub(best.epoch) >= patience);
        self.records.len() >= plan.epochs || self.best.as_ref().is_some_and(since)
    }

    /// Takes note of an epoch.
    pub(crate) fn add(&mut self, record: EpochRecord, plan: &Plan, theta: &[T]) {
        let (epoch, loss) = (record.epoch, record.validation_loss);
        // A schedule counts the epochs of this training alone.
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
