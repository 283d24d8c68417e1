//! The names that settings have on the command line and in a configuration.

use clap::ValueEnum;
use handgrad_layers::{Activation, LossKind};
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
