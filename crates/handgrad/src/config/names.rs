//! The names that settings have on the command line and in a configuration.

use clap::ValueEnum;
use handgrad_dataset::csv::Fill;
use handgrad_layers::{Activation, LossKind};
use handgrad_models::sequence::Cell;
use serde::{Deserialize, Serialize};

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
    /// Recurrent layers: a sequence is read into a code, step by step, and written out again. An image is read line by
    /// line.
    Sequence,
    /// A recurrent layer that tells every step of a sequence from those before it.
    NextStep,
}

/// A recurrent layer, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellName {
    Elman,
    Gru,
    Lstm,
}

/// What stands in for a missing value, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FillName {
    /// 0.
    Zero,
    /// The mean of the other values of its column.
    Mean,
    /// The value of the step before it.
    Previous,
}

/// How data is moved to where a network learns well, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleName {
    /// The smallest training value becomes 0, the largest 1.
    MinMax,
    /// The mean of the training values becomes 0, their standard deviation 1.
    Standard,
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

/// A learning-rate schedule, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleName {
    /// The same rate throughout.
    Constant,
    /// A factor every so many epochs.
    Step,
    /// Half a wave down over the run.
    Cosine,
    /// A factor where the validation loss stays as it is.
    Plateau,
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

impl From<CellName> for Cell {
    fn from(name: CellName) -> Self {
        match name {
            CellName::Elman => Cell::ELMAN,
            CellName::Gru => Cell::GRU,
            CellName::Lstm => Cell::Lstm,
        }
    }
}

impl From<FillName> for Fill {
    fn from(name: FillName) -> Self {
        match name {
            FillName::Zero => Fill::Zero,
            FillName::Mean => Fill::Mean,
            FillName::Previous => Fill::Previous,
        }
    }
}
