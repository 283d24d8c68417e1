//! What makes no sense is refused, in words.

use std::path::Path;

use anyhow::{Result, bail};
use handgrad_dataset::is_csv;
use handgrad_trainer::Schedule;

use super::{Config, ModelName, OptimizerName, ScheduleName, Settings};
use crate::preset;

impl Settings {
    /// Refuses a setting that nothing would heed: it would be taken for granted.
    pub(super) fn check_that_all_is_used(&self) -> Result<()> {
        let preset = preset::find(self.preset.as_deref().unwrap_or(preset::DEFAULT))?.settings();
        let model = self.model.or(preset.model).unwrap_or(ModelName::Dense);
        let variational = matches!(model, ModelName::Vae | ModelName::ConvVae);
        let noise = self.noise.or(preset.noise);
        let optimizer = self.optimizer.or(preset.optimizer).unwrap_or(OptimizerName::Adam);
        let schedule = self.schedule.or(preset.schedule).unwrap_or(ScheduleName::Constant);
        let factor = matches!(schedule, ScheduleName::Step | ScheduleName::Plateau);
        let plateau = schedule == ScheduleName::Plateau;
        let recurrent = matches!(model, ModelName::Sequence | ModelName::NextStep);
        let csv = self.data.as_deref().or(preset.data.as_deref()).is_some_and(|data| is_csv(Path::new(data)));
        let a_csv = "CSV files: --data series.csv";
        for (given, heeded, name, by) in [
            (self.label_column.is_some(), csv, "label_column", a_csv),
            (self.fill.is_some(), csv, "fill", a_csv),
            (self.window.is_some(), csv, "window", a_csv),
            (self.window_stride.is_some(), self.window.is_some(), "window_stride", "window: add --window 50"),
            (self.cell.is_some(), recurrent, "cell", "the models sequence and next-step"),
            (self.bidirectional == Some(true), model == ModelName::Sequence, "bidirectional", "the model sequence"),
            (self.activation.is_some(), model == ModelName::Dense, "activation", "model dense"),
            (self.code_activation.is_some(), model == ModelName::Dense, "code_activation", "model dense"),
            (self.tied == Some(true), model == ModelName::Dense, "tied", "model dense"),
            (self.layers.is_some(), model != ModelName::PooledConv, "layers", "any model but pooled-conv"),
            (self.beta.is_some(), variational, "beta", "the models vae and conv-vae"),
            (self.noise_level.is_some(), noise.is_some(), "noise_level", "noise: add --noise gaussian"),
            (
                self.sparsity_weight.is_some(),
                self.sparsity.or(preset.sparsity).is_some(),
                "sparsity_weight",
                "sparsity",
            ),
            (self.momentum.is_some(), optimizer == OptimizerName::Sgd, "momentum", "the optimizer sgd"),
            (self.schedule_every.is_some(), schedule == ScheduleName::Step, "schedule_every", "the schedule step"),
            (self.schedule_factor.is_some(), factor, "schedule_factor", "the schedules step and plateau"),
            (self.schedule_patience.is_some(), plateau, "schedule_patience", "the schedule plateau"),
            (self.schedule_floor.is_some(), schedule == ScheduleName::Cosine, "schedule_floor", "the schedule cosine"),
        ] {
            if given && !heeded {
                bail!("{name} is given, but only heeded by {by}");
            }
        }
        Ok(())
    }
}

impl Config {
    /// Refuses what makes no sense whatever the data is.
    pub(super) fn check(&self) -> Result<()> {
        if self.layers.is_empty() || self.layers.contains(&0) {
            let layers: Vec<_> = self.layers.iter().map(ToString::to_string).collect();
            bail!(
                "layers is {:?}, but every layer needs at least 1 unit and there must be at least 1 layer, whose units are \
                 the size of the code: try --layers 32",
                layers.join(",")
            );
        }
        if self.model == ModelName::ConvVae && self.layers.len() != 1 {
            bail!(
                "layers has {} numbers, but conv-vae takes the size of its code alone: try --layers 2",
                self.layers.len()
            );
        }
        if matches!(self.model, ModelName::Sequence | ModelName::NextStep) && self.layers.len() != 1 {
            bail!(
                "layers has {} numbers, but {} takes the units of its recurrent layers alone: try --layers 64",
                self.layers.len(),
                if self.model == ModelName::Sequence { "sequence" } else { "next-step" }
            );
        }
        if self.is_variational() && (self.l1.is_some() || self.sparsity.is_some()) {
            bail!(
                "a variational model has a penalty on its code already: leave out l1 and sparsity, or take another model"
            );
        }
        if self.only_class.as_ref().is_some_and(Vec::is_empty) {
            bail!("only_class is empty, but must name at least one class: only_class = [1]");
        }
        if self.code_activation.is_some() && self.sparsity.is_some() {
            bail!("sparsity gives the code a sigmoid: leave out code_activation");
        }
        if self.l1.is_some() && self.sparsity.is_some() {
            bail!("l1 and sparsity are two penalties on the same code: take one of them");
        }
        at_least_one("epochs", self.epochs)?;
        at_least_one("batch_size", self.batch_size)?;
        if !counts(self.learning_rate) {
            bail!(
                "learning_rate is {:?}, but must be above 0 {IN_32_BITS}: 0.001 is usual for adam",
                self.learning_rate
            );
        }
        if !(0.0..1.0).contains(&self.momentum) {
            bail!("momentum is {}, but must be at least 0 and below 1: 0.9 is usual", self.momentum);
        }
        self.check_schedule()?;
        if self.early_stopping == Some(0) {
            bail!(
                "early_stopping is 0, but must be at least 1: the epochs without a lower validation loss to stop after"
            );
        }
        if let Some(norm) = self.clip_norm.filter(|&norm| !counts(norm)) {
            bail!("clip_norm is {norm:?}, but must be above 0 {IN_32_BITS}: 1 is usual");
        }
        if let Some(part) = self.validation_split.filter(|&part| !(part > 0.0 && part < 1.0)) {
            bail!("validation_split is {part}, but must be above 0 and below 1: 0.1 holds out a tenth");
        }
        self.check_weight_decay()
    }

    /// A schedule that would never change the rate is not what was meant.
    fn check_schedule(&self) -> Result<()> {
        let (name, factor, needed) = match self.schedule {
            Schedule::Constant => return Ok(()),
            Schedule::Step { every, factor } => {
                at_least_one("schedule_every", every)?;
                ("step", Some(factor), every.saturating_add(1))
            }
            // The first epoch is what the others are compared with, and after the last one a change comes too late.
            Schedule::Plateau { patience, factor } => ("plateau", Some(factor), patience.saturating_add(3)),
            Schedule::Cosine { floor } => {
                if !(floor >= 0.0 && floor < self.learning_rate) {
                    bail!(
                        "schedule_floor is {floor}, but must be at least 0 and below the learning rate, which is {}",
                        self.learning_rate
                    );
                }
                ("cosine", None, 2)
            }
        };
        if let Some(factor) = factor.filter(|&factor| !(factor > 0.0 && factor < 1.0)) {
            bail!("schedule_factor is {factor}, but must be above 0 and below 1: 0.1 is usual");
        }
        if self.epochs < needed {
            bail!(
                "the schedule {name} would never change the learning rate: for that the run needs at least {needed} epochs, \
                 and it has {}. Train longer, or let the rate change sooner",
                self.epochs
            );
        }
        Ok(())
    }

    /// What a step takes from a weight must be felt, and leave something of it.
    fn check_weight_decay(&self) -> Result<()> {
        let (decay, rate) = (self.weight_decay, self.learning_rate);
        if !(decay.is_finite() && decay >= 0.0) {
            bail!("weight_decay is {decay}, but must be 0 or more: 0.01 is usual for adam");
        }
        let part = decay * rate;
        if part >= 1.0 {
            bail!(
                "weight_decay × learning_rate is {part}, but must be below 1, or every step would turn the weights' signs: \
                 0.01 is usual for weight_decay"
            );
        }
        if decay > 0.0 && part < SMALLEST_DECAY {
            bail!(
                "weight_decay × learning_rate is {part:e}, and 32-bit weights change by at least {SMALLEST_DECAY:.1e} of \
                 themselves or not at all: make weight_decay larger, or leave it out"
            );
        }
        Ok(())
    }
}

/// 2⁻²⁵: what is less of a 32-bit number is lost when it is taken away from it.
const SMALLEST_DECAY: f64 = 1.0 / (1 << 25) as f64;

/// What [`counts`] asks for, in words.
const IN_32_BITS: &str = "and neither too small nor too large for a 32-bit number";

/// Is this above 0, and still a number above 0 among those that train?
fn counts(value: f64) -> bool {
    value > 0.0 && (value as f32).is_normal()
}

fn at_least_one(name: &str, value: usize) -> Result<()> {
    if value == 0 {
        bail!("{name} is 0, but must be at least 1");
    }
    Ok(())
}
