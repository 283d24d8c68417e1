//! A training with checkpoints: from where it is to its end, or to Ctrl-C.

use std::ops::ControlFlow;

use anyhow::Result;
use handgrad_trainer::checkpoint::Checkpoint;
use handgrad_trainer::{Event, Plan, State, Trainer, go_on};

use super::every::{Clock, Every};
use super::parts::Parts;
use super::watch::Watch;
use crate::checkpoints::Checkpoints;

/// What a training is done with, beside trainer and state.
pub struct Session<'a> {
    pub parts: &'a Parts<'a>,
    pub plan: &'a Plan,
    pub every: Every,
    /// What the checkpoints say of the run.
    pub about: &'a str,
}

impl Session<'_> {
    /// Trains, and leaves the last weights in the trainer. A checkpoint is there at the end too, wherever that is; so
    /// it is where training went wrong, with the last weights that a checkpoint was due for before that.
    pub fn train(
        &self,
        trainer: &mut Trainer<f32>,
        state: &mut State<f32>,
        watch: &mut Watch,
        checkpoints: &mut Checkpoints,
    ) -> Result<()> {
        let mut clock = Clock::new(self.every, trainer.steps());
        let Parts { train, validation, .. } = self.parts;
        loop {
            let mut on_event = |event: Event| {
                let flow = watch.on(event);
                let due = clock.is_due(&event) || checkpoints.has_failed();
                if due { ControlFlow::Break(()) } else { flow }
            };
            let reached_end = go_on(trainer, train, validation, self.plan, state, &mut on_event);
            if reached_end.is_err() {
                checkpoints.wait();
            }
            let over = reached_end? || watch.is_stopped();
            checkpoints.write(|| Checkpoint::of(trainer, state, self.about), over)?;
            if over {
                return Ok(());
            }
        }
    }
}
