//! Settings as they are given: flags, a file, a preset.

use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use handgrad_dataset::csv::{Fill, Label, Layout, Window};
use handgrad_models::file::header::check_toml;
use serde::{Deserialize, Serialize};

use super::names::{
    ActivationName, CellName, FillName, LossName, ModelName, NoiseName, OptimizerName, ReductionName, ScaleName,
    ScheduleName,
};

/// Every setting of a training run, each of them optional: the flags of `train`, and the keys of its --config file.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Settings to start from, see below [default: basic].
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,

    /// A data set's name (see `data list`), a folder with train- and t10k- IDX files, an IDX file, plain or gzip, or a CSV
    /// file, whose name ends in .csv: a series a row, with a header or none [default: the preset's].
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub data: Option<String>,

    /// Folder in which named data sets are looked for, and to which they are downloaded [default: the environment
    /// variable HANDGRAD_DATA, else data].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Of a CSV file: the column of the labels, whole numbers from 0 to 255. A name of the header, a number counted from 1,
    /// `last` or `none` [default: the column called label or class, if there is one].
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<String>,

    /// Of a CSV file: what stands in for missing values, which are refused without it.
    #[arg(long, value_name = "NAME")]
    pub fill: Option<FillName>,

    /// Of a CSV file: take it as one long series, a step a row, and cut samples of so many steps from it.
    #[arg(long, value_name = "STEPS")]
    pub window: Option<NonZeroUsize>,

    /// Steps from one window to the next [default: 1].
    #[arg(long, value_name = "STEPS")]
    pub window_stride: Option<NonZeroUsize>,

    /// Learn from samples of these classes alone, and validate with such: `--only-class 1`. Needs labels.
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub only_class: Option<Vec<u8>>,

    /// Move all values alike, so that those of the training samples, of all classes, lie where a network learns well. The model keeps the
    /// scale and applies it wherever it is used.
    #[arg(long, value_name = "NAME")]
    pub scale: Option<ScaleName>,

    /// What the network is made of [default: dense].
    #[arg(long, value_name = "NAME")]
    pub model: Option<ModelName>,

    /// Units of the encoder's layers, the last one the size of the code; the decoder mirrors them. `--layers 128,64,32`. Of
    /// a convolutional model the channels of its layers; of conv-vae the size of the code alone; of sequence and next-step the
    /// units of the recurrent layer.
    #[arg(long, value_name = "UNITS", value_delimiter = ',')]
    pub layers: Option<Vec<usize>>,

    /// The recurrent layers of the models sequence and next-step [default: lstm].
    #[arg(long, value_name = "NAME")]
    pub cell: Option<CellName>,

    /// Let a second layer of each kind go through the sequence backwards; the code is twice as long. Of the model sequence.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub bidirectional: Option<bool>,

    /// Give each layer of a dense model's decoder the weights of its encoder layer, transposed, instead of its own.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub tied: Option<bool>,

    /// Activation of the hidden layers [default: relu].
    #[arg(long, value_name = "NAME")]
    pub activation: Option<ActivationName>,

    /// Activation of the code [default: that of the hidden layers].
    #[arg(long, value_name = "NAME")]
    pub code_activation: Option<ActivationName>,

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

    /// How far a step goes, at first where there is a schedule [default: 0.001 for adam, 0.1 for sgd].
    #[arg(long, allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,

    /// adam, or sgd: gradient descent with momentum.
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<OptimizerName>,

    /// Of sgd: how much of the velocity is kept a step [default: 0.9].
    #[arg(long, allow_negative_numbers = true)]
    pub momentum: Option<f64>,

    /// How the learning rate changes from epoch to epoch [default: constant].
    #[arg(long, value_name = "NAME")]
    pub schedule: Option<ScheduleName>,

    /// Of step: epochs from one change to the next.
    #[arg(long, value_name = "EPOCHS")]
    pub schedule_every: Option<usize>,

    /// Of step and plateau: what the rate is multiplied by, above 0 and below 1 [default: 0.1].
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub schedule_factor: Option<f64>,

    /// Of plateau: how many epochs without a lower validation loss are put up with; the next one changes the rate
    /// [default: 10].
    #[arg(long, value_name = "EPOCHS")]
    pub schedule_patience: Option<usize>,

    /// Of cosine: the rate that the run ends at [default: 0].
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub schedule_floor: Option<f64>,

    /// Stop after so many epochs in a row without a lower validation loss, and keep the weights of the best epoch.
    #[arg(long, value_name = "EPOCHS")]
    pub early_stopping: Option<usize>,

    /// The longest gradient that is let through: a longer one is scaled down to this norm.
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    pub clip_norm: Option<f64>,

    /// The part of itself, times the learning rate, that every weight loses a step; with adam this is AdamW [default: 0].
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,

    /// Validate with this part of the training samples, the last ones, which are not learnt from; the data's own test
    /// samples are then measured once, at the end.
    #[arg(long, value_name = "PART", allow_negative_numbers = true)]
    pub validation_split: Option<f64>,

    /// Of the first weights and of the order of the samples [default: 0].
    #[arg(long)]
    pub seed: Option<u64>,
}

/// No configuration is longer, by far.
pub const LARGEST_FILE: usize = 1 << 13;

impl Settings {
    /// Reads a --config file.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot = || format!("{}: cannot be read", path.display());
        // A pipe would have us wait for ever.
        let is_file = fs::metadata(path).with_context(cannot)?.is_file();
        let mut text = Vec::new();
        if is_file {
            let (file, _) = handgrad_files::open(path).with_context(cannot)?;
            file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut text).with_context(cannot)?;
        }
        if !is_file || text.len() > LARGEST_FILE {
            bail!("{}: not a configuration, which is a file of at most {LARGEST_FILE} bytes", path.display());
        }
        let text = String::from_utf8(text).with_context(cannot)?;
        Self::parse(&text, path)
    }

    /// The settings in `text`; `name` is what errors call it.
    pub fn parse(text: &str, name: &Path) -> Result<Self> {
        check_toml(text).map_err(|what| anyhow!("{}, line 1 and on: {what}", name.display()))?;
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let what: String = error.message().lines().next().unwrap_or_default().chars().take(200).collect();
            anyhow!("{}, line {line}: {what}; `handgrad train --help` explains the settings", name.display())
        })
    }

    /// How a CSV file is to be read.
    pub fn layout(&self) -> Layout {
        let label = self.label_column.as_deref().map_or(Label::ByName, Label::of);
        let stride = self.window_stride.unwrap_or(NonZeroUsize::MIN);
        let window = self.window.map(|steps| Window { steps, stride });
        Layout { label, fill: self.fill.map(Fill::from), window }
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
            code_activation: self.code_activation.or(other.code_activation),
            output_activation: self.output_activation.or(other.output_activation),
            loss: self.loss.or(other.loss),
            label_column: self.label_column.or(other.label_column),
            fill: self.fill.or(other.fill),
            window: self.window.or(other.window),
            window_stride: self.window_stride.or(other.window_stride),
            only_class: self.only_class.or(other.only_class),
            scale: self.scale.or(other.scale),
            model: self.model.or(other.model),
            cell: self.cell.or(other.cell),
            bidirectional: self.bidirectional.or(other.bidirectional),
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
            schedule: self.schedule.or(other.schedule),
            schedule_every: self.schedule_every.or(other.schedule_every),
            schedule_factor: self.schedule_factor.or(other.schedule_factor),
            schedule_patience: self.schedule_patience.or(other.schedule_patience),
            schedule_floor: self.schedule_floor.or(other.schedule_floor),
            early_stopping: self.early_stopping.or(other.early_stopping),
            clip_norm: self.clip_norm.or(other.clip_norm),
            weight_decay: self.weight_decay.or(other.weight_decay),
            validation_split: self.validation_split.or(other.validation_split),
            seed: self.seed.or(other.seed),
        }
    }
}
