//! From what was typed, what a file says and a preset to one checked configuration.

mod check;
mod names;
mod settings;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handgrad_dataset::{is_csv, named};
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, Reduction, adam::Adam};
use handgrad_models::{
    ConvVae, Deep, NextStep, PooledConv, PooledStridedConv, SequenceAutoencoder, Spec, StridedConv, Vae,
};
use handgrad_trainer::{Plan, Schedule};

pub use names::{
    ActivationName, CellName, FillName, LossName, ModelName, NoiseName, OptimizerName, ReductionName, ScaleName,
    ScheduleName,
};
pub use settings::{LARGEST_FILE, Settings};

use crate::args::usual_data_dir;
use crate::preset;

/// What was asked for makes no sense, as opposed to: could not be done.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// A checked configuration: every setting has a value that means something.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub preset: String,
    pub data: String,
    pub data_dir: PathBuf,
    pub label_column: Option<String>,
    pub fill: Option<FillName>,
    pub window: Option<NonZeroUsize>,
    pub window_stride: Option<NonZeroUsize>,
    pub only_class: Option<Vec<u8>>,
    pub scale: Option<ScaleName>,
    pub layers: Vec<usize>,
    pub cell: CellName,
    pub bidirectional: bool,
    pub tied: bool,
    pub activation: ActivationName,
    /// None: that of the hidden layers.
    pub code_activation: Option<ActivationName>,
    /// None: decided by the data.
    pub output_activation: Option<ActivationName>,
    pub loss: LossName,
    pub model: ModelName,
    /// None: what is usual for the model.
    pub reduction: Option<ReductionName>,
    pub noise: Option<NoiseName>,
    pub noise_level: f64,
    pub l1: Option<f64>,
    pub sparsity: Option<f64>,
    pub sparsity_weight: f64,
    pub beta: f64,
    pub epochs: usize,
    pub batch_size: usize,
    pub optimizer: OptimizerName,
    pub learning_rate: f64,
    pub momentum: f64,
    pub schedule: Schedule,
    pub early_stopping: Option<usize>,
    pub clip_norm: Option<f64>,
    pub weight_decay: f64,
    pub validation_split: Option<f64>,
    pub seed: u64,
}

impl Config {
    /// Flags before file before preset, then checked.
    pub fn new(flags: Settings, file: Settings) -> Result<Self> {
        let given = flags.or(file);
        given.check_that_all_is_used().map_err(|error| UsageError(error.to_string()))?;
        let name = given.preset.clone().unwrap_or_else(|| preset::DEFAULT.into());
        let s = given.or(preset::find(&name).map_err(|error| UsageError(error.to_string()))?.settings());
        // A preset says the rest; these alone hang on another setting.
        let optimizer = s.optimizer.unwrap_or(OptimizerName::Adam);
        let schedule = schedule(&s).map_err(|error| UsageError(error.to_string()))?;
        let usual_rate = if optimizer == OptimizerName::Adam { 1e-3 } else { 0.1 };
        let config = Self {
            preset: name,
            data: s.data.unwrap_or_default(),
            data_dir: s.data_dir.unwrap_or_else(usual_data_dir),
            label_column: s.label_column,
            fill: s.fill,
            window: s.window,
            window_stride: s.window_stride,
            only_class: s.only_class,
            scale: s.scale,
            layers: s.layers.unwrap_or_default(),
            cell: s.cell.unwrap_or(CellName::Lstm),
            bidirectional: s.bidirectional.unwrap_or(false),
            tied: s.tied.unwrap_or(false),
            activation: s.activation.unwrap_or(ActivationName::Relu),
            code_activation: s.code_activation,
            output_activation: s.output_activation,
            loss: s.loss.unwrap_or(LossName::Mse),
            model: s.model.unwrap_or(ModelName::Dense),
            reduction: s.reduction,
            noise: s.noise,
            noise_level: s.noise_level.unwrap_or(0.2),
            l1: s.l1,
            sparsity: s.sparsity,
            sparsity_weight: s.sparsity_weight.unwrap_or(0.01),
            beta: s.beta.unwrap_or(1.0),
            epochs: s.epochs.unwrap_or_default(),
            batch_size: s.batch_size.unwrap_or_default(),
            optimizer,
            learning_rate: s.learning_rate.unwrap_or(usual_rate),
            momentum: s.momentum.unwrap_or(0.9),
            schedule,
            early_stopping: s.early_stopping,
            clip_norm: s.clip_norm,
            weight_decay: s.weight_decay.unwrap_or(0.0),
            validation_split: s.validation_split,
            seed: s.seed.unwrap_or(0),
        };
        config.check().map_err(|error| UsageError(error.to_string()))?;
        Ok(config)
    }

    /// The settings that give this run again, for `config.toml`.
    pub fn settings(&self) -> Settings {
        let (name, every, factor, patience, floor) = match self.schedule {
            Schedule::Constant => (None, None, None, None, None),
            Schedule::Step { every, factor } => (Some(ScheduleName::Step), Some(every), Some(factor), None, None),
            Schedule::Cosine { floor } => (Some(ScheduleName::Cosine), None, None, None, Some(floor)),
            Schedule::Plateau { patience, factor } => {
                (Some(ScheduleName::Plateau), None, Some(factor), Some(patience), None)
            }
        };
        Settings {
            preset: Some(self.preset.clone()),
            data: Some(self.data.clone()),
            data_dir: named::find(&self.data)
                .filter(|set| !set.files.is_empty())
                .and_then(|_| std::path::absolute(&self.data_dir).ok()),
            label_column: self.label_column.clone().filter(|_| is_csv(Path::new(&self.data))),
            fill: self.fill,
            window: self.window,
            window_stride: self.window_stride,
            only_class: self.only_class.clone(),
            scale: self.scale,
            cell: matches!(self.model, ModelName::Sequence | ModelName::NextStep).then_some(self.cell),
            bidirectional: self.bidirectional.then_some(true),
            layers: (self.model != ModelName::PooledConv).then(|| self.layers.clone()),
            tied: self.tied.then_some(true),
            activation: (self.model == ModelName::Dense).then_some(self.activation),
            code_activation: self.code_activation,
            output_activation: self.output_activation,
            loss: Some(self.loss),
            model: Some(self.model),
            reduction: Some(self.reduction.unwrap_or(self.usual_reduction())),
            noise: self.noise,
            noise_level: self.noise.map(|_| self.noise_level),
            l1: self.l1,
            sparsity: self.sparsity,
            sparsity_weight: self.sparsity.map(|_| self.sparsity_weight),
            beta: self.is_variational().then_some(self.beta),
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            learning_rate: Some(self.learning_rate),
            optimizer: Some(self.optimizer),
            momentum: (self.optimizer == OptimizerName::Sgd).then_some(self.momentum),
            schedule: name,
            schedule_every: every,
            schedule_factor: factor,
            schedule_patience: patience,
            schedule_floor: floor,
            early_stopping: self.early_stopping,
            clip_norm: self.clip_norm,
            weight_decay: (self.weight_decay > 0.0).then_some(self.weight_decay),
            validation_split: self.validation_split,
            seed: Some(self.seed),
        }
    }

    fn usual_reduction(&self) -> ReductionName {
        match LossKind::from(self.loss).usual_reduction() {
            Reduction::Mean if !self.is_variational() => ReductionName::Mean,
            _ => ReductionName::Sum,
        }
    }

    fn is_variational(&self) -> bool {
        matches!(self.model, ModelName::Vae | ModelName::ConvVae)
    }

    /// The network's specification, for samples of shape `input`.
    pub fn spec(&self, input: &[usize]) -> Result<Spec> {
        let output_activation = self.output_activation.map_or(Activation::Sigmoid, Activation::from);
        let (layers, loss) = (&self.layers[..], self.loss.into());
        let (code, hidden) = layers.split_last().map_or((0, layers), |(&code, hidden)| (code, hidden));
        let (beta, cell) = (self.beta, self.cell.into());
        let mut spec = match self.model {
            ModelName::Dense => {
                let (activation, code_activation) = (self.activation.into(), self.code_activation.map(Into::into));
                let layers = layers.to_vec();
                Deep { layers, activation, code_activation, output_activation, loss, tied: self.tied }.spec(input)
            }
            ModelName::StridedConv => StridedConv { filters: layers.to_vec(), output_activation, loss }.spec(input),
            ModelName::PooledConv => PooledConv { output_activation, loss }.spec(input),
            ModelName::PooledStridedConv => {
                PooledStridedConv { filters: layers.to_vec(), output_activation, loss }.spec(input)
            }
            ModelName::Vae => {
                let hidden_dims = hidden.to_vec();
                Vae { hidden_dims, latent_dim: code, beta, output_activation, loss }.spec(input)
            }
            ModelName::ConvVae => ConvVae { latent_dim: code, beta, output_activation, loss }.spec(input),
            ModelName::Sequence => {
                let bidirectional = self.bidirectional;
                SequenceAutoencoder { cell, units: code, bidirectional, output_activation, loss }.spec(input)
            }
            ModelName::NextStep => NextStep { cell, units: code, output_activation, loss }.spec(input),
        };
        match self.reduction {
            None => {}
            Some(ReductionName::Mean) => spec.reduction = Reduction::Mean,
            Some(ReductionName::Sum) => spec.reduction = Reduction::Sum,
        }
        if let Some(weight) = self.l1 {
            spec = spec.with_l1(weight);
        }
        if let Some(rho) = self.sparsity {
            spec = spec.with_kl(rho, self.sparsity_weight)?;
        }
        let level = self.noise_level;
        // Data whose output is a sigmoid lies within 0..1, and so does what noise makes of it.
        let clip = (output_activation == Activation::Sigmoid).then_some([0.0, 1.0]);
        let noise = self.noise.map(|noise| match noise {
            NoiseName::Gaussian => Noise::Gaussian { std: level, clip },
            NoiseName::Masking => Noise::Masking { p: level },
            NoiseName::SaltAndPepper => Noise::SaltAndPepper { p: level, ends: [0.0, 1.0] },
        });
        Ok(noise.map_or(spec.clone(), |noise| spec.with_noise(noise)))
    }

    /// How to train on so many samples.
    pub fn plan(&self, samples: usize) -> Plan {
        Plan {
            epochs: self.epochs,
            batch_size: self.batch_size.min(samples),
            seed: self.seed,
            schedule: self.schedule,
            early_stopping: self.early_stopping,
        }
    }

    /// The optimiser with its settings.
    pub fn optimizer(&self) -> Optimizer {
        let learning_rate = self.learning_rate;
        match self.optimizer {
            OptimizerName::Adam => Optimizer::Adam(Adam { learning_rate, ..Adam::default() }),
            OptimizerName::Sgd => Optimizer::Sgd { learning_rate, momentum: self.momentum },
        }
    }
}

/// The schedule with its settings.
fn schedule(s: &Settings) -> Result<Schedule> {
    let factor = s.schedule_factor.unwrap_or(0.1);
    Ok(match s.schedule.unwrap_or(ScheduleName::Constant) {
        ScheduleName::Constant => Schedule::Constant,
        ScheduleName::Step => {
            let every = s.schedule_every.context(
                "the schedule step needs to know after how many epochs the learning rate changes: --schedule-every 10",
            )?;
            Schedule::Step { every, factor }
        }
        ScheduleName::Cosine => Schedule::Cosine { floor: s.schedule_floor.unwrap_or(0.0) },
        ScheduleName::Plateau => Schedule::Plateau { patience: s.schedule_patience.unwrap_or(10), factor },
    })
}
