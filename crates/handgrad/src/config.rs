//! From what was typed, what a file says and a preset to one checked configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use handgrad_dataset::named;
use handgrad_layers::{Activation, LossKind, Optimizer, adam::Adam};
use serde::{Deserialize, Serialize};

use crate::args::usual_data_dir;
use crate::preset;

/// Every setting of a training run, each of them optional: the flags of `train`, and the keys of its --config file.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Settings to start from, see below [default: basic].
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,

    /// A data set's name (see `data list`), a folder with train- and t10k- IDX files, or an IDX file, plain or gzip
    /// [default: the preset's].
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub data: Option<String>,

    /// Folder in which named data sets are looked for, and to which they are downloaded [default: the environment
    /// variable HANDGRAD_DATA, else data].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Units of the encoder's layers, the last one the size of the code; the decoder mirrors them. `--layers 128,64,32`.
    #[arg(long, value_name = "UNITS", value_delimiter = ',')]
    pub layers: Option<Vec<usize>>,

    /// Activation of the hidden layers [default: relu].
    #[arg(long, value_name = "NAME")]
    pub activation: Option<ActivationName>,

    /// Activation of the last layer [default: sigmoid for data within 0..1, else linear].
    #[arg(long, value_name = "NAME")]
    pub output_activation: Option<ActivationName>,

    /// What to make small: squared error, binary cross-entropy (data within 0..1 only) or absolute error.
    #[arg(long, value_name = "NAME")]
    pub loss: Option<LossName>,

    /// How many times every sample is seen.
    #[arg(long)]
    pub epochs: Option<usize>,

    /// Samples a step.
    #[arg(long)]
    pub batch_size: Option<usize>,

    /// How far a step goes [default: 0.001 for adam, 0.1 for sgd].
    #[arg(long, allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,

    /// adam, or sgd: gradient descent with momentum.
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<OptimizerName>,

    /// Of sgd: how much of the velocity is kept a step [default: 0.9].
    #[arg(long, allow_negative_numbers = true)]
    pub momentum: Option<f64>,

    /// Of the first weights and of the order of the samples [default: 0].
    #[arg(long)]
    pub seed: Option<u64>,
}

/// An activation, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationName {
    Linear,
    Relu,
    Sigmoid,
    Tanh,
}

/// A loss, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossName {
    Mse,
    Bce,
    Mae,
}

/// An optimiser, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    Adam,
    Sgd,
}

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        match name {
            ActivationName::Linear => Activation::Linear,
            ActivationName::Relu => Activation::Relu,
            ActivationName::Sigmoid => Activation::Sigmoid,
            ActivationName::Tanh => Activation::Tanh,
        }
    }
}

impl From<LossName> for LossKind {
    fn from(name: LossName) -> Self {
        match name {
            LossName::Mse => LossKind::Mse,
            LossName::Bce => LossKind::Bce,
            LossName::Mae => LossKind::Mae,
        }
    }
}

/// No configuration is longer.
const LARGEST_FILE: u64 = 1 << 20;

impl Settings {
    /// Reads a --config file.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = || format!("{}: cannot be read", path.display());
        let size = std::fs::metadata(path).with_context(cannot)?.len();
        if size > LARGEST_FILE || !path.is_file() {
            bail!("{}: not a configuration, which is a file of at most {LARGEST_FILE} bytes", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(cannot)?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let what = error.message();
            anyhow!("{}, line {line}: {what}; `handgrad train --help` explains the settings", path.display())
        })
    }

    /// Each setting of `self`, or where it has none that of `other`.
    pub fn or(self, other: Self) -> Self {
        Self {
            preset: self.preset.or(other.preset),
            data: self.data.or(other.data),
            data_dir: self.data_dir.or(other.data_dir),
            layers: self.layers.or(other.layers),
            activation: self.activation.or(other.activation),
            output_activation: self.output_activation.or(other.output_activation),
            loss: self.loss.or(other.loss),
            epochs: self.epochs.or(other.epochs),
            batch_size: self.batch_size.or(other.batch_size),
            learning_rate: self.learning_rate.or(other.learning_rate),
            optimizer: self.optimizer.or(other.optimizer),
            momentum: self.momentum.or(other.momentum),
            seed: self.seed.or(other.seed),
        }
    }
}

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
    pub layers: Vec<usize>,
    pub activation: ActivationName,
    /// None: decided by the data.
    pub output_activation: Option<ActivationName>,
    pub loss: LossName,
    pub epochs: usize,
    pub batch_size: usize,
    pub optimizer: OptimizerName,
    pub learning_rate: f64,
    pub momentum: f64,
    pub seed: u64,
}

impl Config {
    /// Flags before file before preset, then checked.
    pub fn new(flags: Settings, file: Settings) -> Result<Self> {
        let given = flags.or(file);
        let name = given.preset.clone().unwrap_or_else(|| preset::DEFAULT.into());
        let s = given.or(preset::find(&name).map_err(|error| UsageError(error.to_string()))?.settings());
        // A preset says the rest; these alone hang on another setting.
        let optimizer = s.optimizer.unwrap_or(OptimizerName::Adam);
        let usual_rate = if optimizer == OptimizerName::Adam { 1e-3 } else { 0.1 };
        let config = Self {
            preset: name,
            data: s.data.unwrap_or_default(),
            data_dir: s.data_dir.unwrap_or_else(usual_data_dir),
            layers: s.layers.unwrap_or_default(),
            activation: s.activation.unwrap_or(ActivationName::Relu),
            output_activation: s.output_activation,
            loss: s.loss.unwrap_or(LossName::Mse),
            epochs: s.epochs.unwrap_or_default(),
            batch_size: s.batch_size.unwrap_or_default(),
            optimizer,
            learning_rate: s.learning_rate.unwrap_or(usual_rate),
            momentum: s.momentum.unwrap_or(0.9),
            seed: s.seed.unwrap_or(0),
        };
        config.check().map_err(|error| UsageError(error.to_string()))?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        if self.layers.is_empty() || self.layers.contains(&0) {
            let layers: Vec<_> = self.layers.iter().map(ToString::to_string).collect();
            bail!(
                "layers is {:?}, but every layer needs at least 1 unit and there must be at least 1 layer, whose units are \
                 the size of the code: try --layers 32",
                layers.join(",")
            );
        }
        at_least_one("epochs", self.epochs)?;
        at_least_one("batch_size", self.batch_size)?;
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            bail!("learning_rate is {}, but must be above 0: 0.001 is usual for adam", self.learning_rate);
        }
        if !(0.0..1.0).contains(&self.momentum) {
            bail!("momentum is {}, but must be at least 0 and below 1: 0.9 is usual", self.momentum);
        }
        Ok(())
    }

    /// The settings that give this run again, for `config.toml`.
    pub fn settings(&self) -> Settings {
        Settings {
            preset: Some(self.preset.clone()),
            data: Some(self.data.clone()),
            data_dir: named::find(&self.data)
                .filter(|set| !set.files.is_empty())
                .and_then(|_| std::path::absolute(&self.data_dir).ok()),
            layers: Some(self.layers.clone()),
            activation: Some(self.activation),
            output_activation: self.output_activation,
            loss: Some(self.loss),
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            learning_rate: Some(self.learning_rate),
            optimizer: Some(self.optimizer),
            momentum: (self.optimizer == OptimizerName::Sgd).then_some(self.momentum),
            seed: Some(self.seed),
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

fn at_least_one(name: &str, value: usize) -> Result<()> {
    if value == 0 {
        bail!("{name} is 0, but must be at least 1");
    }
    Ok(())
}
