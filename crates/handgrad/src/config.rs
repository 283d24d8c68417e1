//! From what was typed, what a file says and a preset to one checked configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use handgrad_dataset::named;
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, Reduction, adam::Adam};
use handgrad_models::{Spec, convolutional, deep, denoising, sparse, variational};
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

    /// What the network is made of [default: dense].
    #[arg(long, value_name = "NAME")]
    pub model: Option<ModelName>,

    /// Units of the encoder's layers, the last one the size of the code; the decoder mirrors them. `--layers 128,64,32`. Of
    /// a convolutional model the channels of its layers; of conv-vae the size of the code alone.
    #[arg(long, value_name = "UNITS", value_delimiter = ',')]
    pub layers: Option<Vec<usize>>,

    /// Give each layer of a dense model's decoder the weights of its encoder layer, transposed, instead of its own.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub tied: Option<bool>,

    /// Activation of the hidden layers [default: relu].
    #[arg(long, value_name = "NAME")]
    pub activation: Option<ActivationName>,

    /// Activation of the last layer [default: sigmoid for data within 0..1, else linear; linear for cross-entropy, whose
    /// softmax is part of the loss].
    #[arg(long, value_name = "NAME")]
    pub output_activation: Option<ActivationName>,

    /// What to make small: squared error, binary cross-entropy (data within 0..1 only), absolute error, or the cross-entropy of a
    /// softmax (samples that are distributions: no value below 0, and they sum to 1).
    #[arg(long, value_name = "NAME")]
    pub loss: Option<LossName>,

    /// Whether the loss of a sample is the mean or the sum over its values [default: mean, sum for a variational model].
    #[arg(long, value_name = "NAME")]
    pub reduction: Option<ReductionName>,

    /// Noise to put on the samples, which the network is to undo.
    #[arg(long, value_name = "NAME")]
    pub noise: Option<NoiseName>,

    /// How much: the standard deviation of gaussian noise, otherwise the part of the values that is hit [default: 0.2].
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise_level: Option<f64>,

    /// Weight of an L1 penalty on the code, which makes it sparse.
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub l1: Option<f64>,

    /// ρ, the mean activity that a KL penalty asks of the code's units, above 0 and below 1; gives the code a sigmoid.
    #[arg(long, value_name = "RHO", allow_negative_numbers = true)]
    pub sparsity: Option<f64>,

    /// Weight of that KL penalty [default: 0.01].
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub sparsity_weight: Option<f64>,

    /// β, weight of the divergence in a variational model's loss [default: 1].
    #[arg(long, allow_negative_numbers = true)]
    pub beta: Option<f64>,

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
    CrossEntropy,
}

/// What a network is made of, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelName {
    /// Dense layers, mirrored.
    Dense,
    /// Convolutions of stride 2, and transposed ones back.
    StridedConv,
    /// Convolutions, pooling and upsampling, for images of 28×28: the Keras blog's.
    PooledConv,
    /// Convolutions and pooling, and transposed convolutions back: keras-io's denoiser.
    PooledStridedConv,
    /// Dense layers around a sampler: variational.
    Vae,
    /// Convolutions around a sampler: keras-io's.
    ConvVae,
}

/// A reduction, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReductionName {
    Mean,
    Sum,
}

/// A kind of noise, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseName {
    Gaussian,
    Masking,
    SaltAndPepper,
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
            LossName::CrossEntropy => LossKind::CrossEntropy,
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
            tied: self.tied.or(other.tied),
            activation: self.activation.or(other.activation),
            output_activation: self.output_activation.or(other.output_activation),
            loss: self.loss.or(other.loss),
            model: self.model.or(other.model),
            reduction: self.reduction.or(other.reduction),
            noise: self.noise.or(other.noise),
            noise_level: self.noise_level.or(other.noise_level),
            l1: self.l1.or(other.l1),
            sparsity: self.sparsity.or(other.sparsity),
            sparsity_weight: self.sparsity_weight.or(other.sparsity_weight),
            beta: self.beta.or(other.beta),
            epochs: self.epochs.or(other.epochs),
            batch_size: self.batch_size.or(other.batch_size),
            learning_rate: self.learning_rate.or(other.learning_rate),
            optimizer: self.optimizer.or(other.optimizer),
            momentum: self.momentum.or(other.momentum),
            seed: self.seed.or(other.seed),
        }
    }
}

impl Settings {
    /// Refuses a setting that nothing would heed: it would be taken for granted.
    fn check_that_all_is_used(&self) -> Result<()> {
        let preset = preset::find(self.preset.as_deref().unwrap_or(preset::DEFAULT))?.settings();
        let model = self.model.or(preset.model).unwrap_or(ModelName::Dense);
        let variational = matches!(model, ModelName::Vae | ModelName::ConvVae);
        let noise = self.noise.or(preset.noise);
        for (given, heeded, name, by) in [
            (self.activation.is_some(), model == ModelName::Dense, "activation", "model dense"),
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
        ] {
            if given && !heeded {
                bail!("{name} is given, but only heeded by {by}");
            }
        }
        Ok(())
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
    pub tied: bool,
    pub activation: ActivationName,
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
        let usual_rate = if optimizer == OptimizerName::Adam { 1e-3 } else { 0.1 };
        let config = Self {
            preset: name,
            data: s.data.unwrap_or_default(),
            data_dir: s.data_dir.unwrap_or_else(usual_data_dir),
            layers: s.layers.unwrap_or_default(),
            tied: s.tied.unwrap_or(false),
            activation: s.activation.unwrap_or(ActivationName::Relu),
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
        if self.model == ModelName::ConvVae && self.layers.len() != 1 {
            bail!(
                "layers has {} numbers, but conv-vae takes the size of its code alone: try --layers 2",
                self.layers.len()
            );
        }
        if self.is_variational() && (self.l1.is_some() || self.sparsity.is_some()) {
            bail!(
                "a variational model has a penalty on its code already: leave out l1 and sparsity, or take another model"
            );
        }
        if self.l1.is_some() && self.sparsity.is_some() {
            bail!("l1 and sparsity are two penalties on the same code: take one of them");
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
            layers: (self.model != ModelName::PooledConv).then(|| self.layers.clone()),
            tied: self.tied.then_some(true),
            activation: (self.model == ModelName::Dense).then_some(self.activation),
            output_activation: self.output_activation,
            loss: Some(self.loss),
            model: Some(self.model),
            reduction: self.reduction,
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
            seed: Some(self.seed),
        }
    }

    fn is_variational(&self) -> bool {
        matches!(self.model, ModelName::Vae | ModelName::ConvVae)
    }

    /// The network's specification, for samples of shape `input`.
    pub fn spec(&self, input: &[usize]) -> Result<Spec> {
        let output = self.output_activation.map_or(Activation::Sigmoid, Activation::from);
        let (layers, loss) = (&self.layers[..], self.loss.into());
        let (code, hidden) = layers.split_last().map_or((0, layers), |(&code, hidden)| (code, hidden));
        let mut spec = match self.model {
            ModelName::Dense if self.tied => deep::tied(input, layers, self.activation.into(), output, loss),
            ModelName::Dense => deep::spec(input, layers, self.activation.into(), output, loss),
            ModelName::StridedConv => convolutional::strided(input, layers, output, loss),
            ModelName::PooledConv => convolutional::pooled(input, output, loss),
            ModelName::PooledStridedConv => convolutional::pooled_and_strided(input, layers, output, loss),
            ModelName::Vae => variational::dense_spec(input, hidden, code, self.beta, output, loss),
            ModelName::ConvVae => variational::conv_spec(input, code, self.beta, output, loss),
        };
        match self.reduction {
            None => {}
            Some(ReductionName::Mean) => spec.reduction = Reduction::Mean,
            Some(ReductionName::Sum) => spec.reduction = Reduction::Sum,
        }
        if let Some(weight) = self.l1 {
            spec = sparse::with_l1(spec, weight);
        }
        if let Some(rho) = self.sparsity {
            spec = sparse::with_kl(spec, rho, self.sparsity_weight)?;
        }
        let level = self.noise_level;
        // Data whose output is a sigmoid lies within 0..1, and so does what noise makes of it.
        let clip = (output == Activation::Sigmoid).then_some([0.0, 1.0]);
        let noise = self.noise.map(|noise| match noise {
            NoiseName::Gaussian => Noise::Gaussian { std: level, clip },
            NoiseName::Masking => Noise::Masking { p: level },
            NoiseName::SaltAndPepper => Noise::SaltAndPepper { p: level, ends: [0.0, 1.0] },
        });
        Ok(noise.map_or(spec.clone(), |noise| denoising::with_noise(spec, noise)))
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
