//! The kinds of values that a setting may have, and how each is read from text.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use handgrad_dataset::csv::Fill;
use handgrad_layers::{Activation, LossKind, Reduction};
use handgrad_models::Cell;
use serde::{Deserialize, Serialize};

/// What a program that reads settings from people has to know about a setting's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`; naming the setting alone means `true`.
    Switch,
    /// A number.
    Number,
    /// Numbers, with commas between them.
    Numbers,
    /// Any text.
    Text,
    /// One of some names, each with a line about it, which may be empty.
    Choice(&'static [(&'static str, &'static str)]),
}

/// A type of values of settings.
pub trait Value: Sized {
    /// What kind it is.
    const KIND: Kind;

    /// Reads a value.
    ///
    /// # Errors
    /// In words: what was expected.
    fn read(text: &str) -> Result<Self, String>;
}

macro_rules! numbers {
    ($($type:ty: $expected:literal),+) => {
        $(impl Value for $type {
            const KIND: Kind = Kind::Number;

            fn read(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| format!("{} was expected", $expected))
            }
        })+
    };
}

numbers! {
    usize: "a whole number of 0 or more",
    u64: "a whole number of 0 or more",
    NonZeroUsize: "a whole number of 1 or more",
    f64: "a number"
}

macro_rules! lists {
    ($($type:ty: $expected:literal),+) => {
        $(impl Value for Vec<$type> {
            const KIND: Kind = Kind::Numbers;

            fn read(text: &str) -> Result<Self, String> {
                let number = |text: &str| text.trim().parse().map_err(|_| format!("{} were expected", $expected));
                text.split(',').map(number).collect()
            }
        })+
    };
}

lists! { usize: "whole numbers with commas between them", u8: "numbers from 0 to 255 with commas between them" }

impl Value for bool {
    const KIND: Kind = Kind::Switch;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "true or false was expected".into())
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_string())
    }
}

impl Value for PathBuf {
    const KIND: Kind = Kind::Text;

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

/// The names of a choice: of an enum of this crate, which is made here, or of one from below.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        enum $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[doc = $doc])* #[doc = concat!("Written `", $text, "`.")] $variant,)+ }
        choice! { $name { $($(#[doc = $doc])* $variant = $text,)+ } }
    };
    ($name:ident { $($(#[doc = $doc:literal])* $variant:ident = $text:literal,)+ }) => {
        impl Value for $name {
            const KIND: Kind = Kind::Choice(&[$(($text, concat!($($doc),*)),)+]);

            fn read(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("one of {} was expected", [$($text),+].join(", "))),
                }
            }
        }
    };
}

choice! { Activation { Linear = "linear", Relu = "relu", Sigmoid = "sigmoid", Tanh = "tanh", } }

choice! { Reduction { Mean = "mean", Sum = "sum", } }

choice! {
    /// A loss.
    enum LossName { Mse = "mse", Bce = "bce", Mae = "mae", CrossEntropy = "cross-entropy", }
}

choice! {
    /// What a network is made of.
    enum ModelName {
        /// Dense layers, mirrored.
        Dense = "dense",
        /// Convolutions of stride 2, and transposed ones back.
        StridedConv = "strided-conv",
        /// Convolutions, pooling and upsampling, for images of 28×28: the Keras blog's.
        PooledConv = "pooled-conv",
        /// Convolutions and pooling, and transposed convolutions back: keras-io's denoiser.
        PooledStridedConv = "pooled-strided-conv",
        /// Dense layers around a sampler: variational.
        Vae = "vae",
        /// Convolutions around a sampler: keras-io's.
        ConvVae = "conv-vae",
        /// Recurrent layers: a sequence is read into a code, step by step, and written out again. An image is read line
        /// by line.
        Sequence = "sequence",
        /// A recurrent layer that tells every step of a sequence from those before it.
        NextStep = "next-step",
    }
}

choice! {
    /// A recurrent layer.
    enum CellName { Elman = "elman", Gru = "gru", Lstm = "lstm", }
}

choice! {
    /// What stands in for a missing value.
    enum FillName {
        /// 0.
        Zero = "zero",
        /// The mean of the other values of its column.
        Mean = "mean",
        /// The value of the step before it.
        Previous = "previous",
    }
}

choice! {
    /// How data is moved to where a network learns well.
    enum ScaleName {
        /// The smallest training value becomes 0, the largest 1.
        MinMax = "min-max",
        /// The mean of the training values becomes 0, their standard deviation 1.
        Standard = "standard",
    }
}

choice! {
    /// A kind of noise.
    enum NoiseName { Gaussian = "gaussian", Masking = "masking", SaltAndPepper = "salt-and-pepper", }
}

choice! {
    /// A learning-rate schedule.
    enum ScheduleName {
        /// The same rate throughout.
        Constant = "constant",
        /// A factor every so many epochs.
        Step = "step",
        /// Half a wave down over the run.
        Cosine = "cosine",
        /// A factor where the validation loss stays as it is.
        Plateau = "plateau",
    }
}

choice! {
    /// An optimiser.
    enum OptimizerName { Adam = "adam", Sgd = "sgd", }
}

impl From<LossName> for LossKind {
    fn from(name: LossName) -> Self {
        match name {
            LossName::Mse => Self::Mse,
            LossName::Bce => Self::Bce,
            LossName::Mae => Self::Mae,
            LossName::CrossEntropy => Self::CrossEntropy,
        }
    }
}

impl From<CellName> for Cell {
    fn from(name: CellName) -> Self {
        match name {
            CellName::Elman => Self::ELMAN,
            CellName::Gru => Self::GRU,
            CellName::Lstm => Self::Lstm,
        }
    }
}

impl From<FillName> for Fill {
    fn from(name: FillName) -> Self {
        match name {
            FillName::Zero => Self::Zero,
            FillName::Mean => Self::Mean,
            FillName::Previous => Self::Previous,
        }
    }
}

impl From<NoiseName> for handgrad_tasks::noise::Kind {
    fn from(name: NoiseName) -> Self {
        match name {
            NoiseName::Gaussian => Self::Gaussian,
            NoiseName::Masking => Self::Masking,
            NoiseName::SaltAndPepper => Self::SaltAndPepper,
        }
    }
}
