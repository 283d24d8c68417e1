use std::ops::ControlFlow;

use handgrad_layers::Scalar;

use crate::fit::{check_all, run_epoch};
use crate::{EpochRecord, Error, Plan, Source, State, Trainer};

/// An iterator over the epochs of a training: see [`Trainer::epochs`].
pub struct Epochs<'a, T> {
    trainer: &'a mut Trainer<T>,
    train: Source<'a>,
    validation: Source<'a>,
    plan: Plan,
    state: State<T>,
    order: Vec<u32>,
    /// Whether the training has ended.
    over: bool,
}

impl<T: Scalar> Trainer<T> {
    /// Trains like [`fit`](crate::fit), one epoch for each call of `next`. After an error the iterator ends. The
    /// training stops when `next` is no longer called. With early stopping, the trainer has the weights of the best
    /// epoch when the plan is done or the training has failed, as with `fit`.
    ///
    /// ```no_run
    /// # use handgrad_trainer::{Error, Plan, Source, Trainer};
    /// # fn run(trainer: &mut Trainer<f32>, train: &Source, validation: &Source) -> Result<(), Error> {
    /// for record in trainer.epochs(train, validation, &Plan { epochs: 20, ..Plan::default() }) {
    ///     let record = record?;
    ///     println!("{}: {:.4}", record.epoch, record.validation_loss);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn epochs<'a>(&'a mut self, train: &'a Source, validation: &'a Source, plan: &Plan) -> Epochs<'a, T> {
        let state = State::new(self);
        let (over, order) = (state.is_over(plan), vec![0; train.len()]);
        let (train, validation) = (train.shorter(), validation.shorter());
        Epochs { trainer: self, train, validation, plan: *plan, state, order, over }
    }
}

impl<T: Scalar> Epochs<'_, T> {
    fn run(&mut self) -> Result<(), Error> {
        let Self { trainer, train, validation, plan, state, order, .. } = self;
        if state.records.is_empty() {
            check_all(trainer, train, validation, state)?;
        }
        run_epoch(trainer, train, validation, plan, state, order, &mut |_| ControlFlow::Continue(())).map(|_| ())
    }

    /// Restores the weights of the best epoch, if they were kept.
    fn take_best(&mut self) -> Result<(), Error> {
        self.state.best.as_ref().map_or(Ok(()), |best| self.trainer.set_theta(&best.theta))
    }
}

impl<T: Scalar> Iterator for Epochs<'_, T> {
    type Item = Result<EpochRecord, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let mut done = self.run();
        self.over = done.is_err() || self.state.is_over(&self.plan);
        if self.over {
            done = done.and(self.take_best());
        }
        match done {
            Ok(()) => self.state.records.last().cloned().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}
