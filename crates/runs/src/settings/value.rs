//! The kinds of values that a setting may have, and how each is read from text.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use handgrad_dataset::csv::Fill;
use handgrad_layers::{Activation, LossKind, Reduction};
use handgrad_models::Cell;
use serde::{Deserialize, Serialize};

/// The kind of the values of a setting, for programs that read settings from users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`. A flag without a value means `true`.
    Switch,
    /// A number.
    Number,
    /// Numbers with commas between them.
    Numbers,
    /// Words or numbers with commas between them.
    Words,
    /// A height and a width: `32x24`.
    Size,
    /// Any text.
    Text,
    /// One of these names. Each name comes with a short description, which may be empty.
    Choice(&'static [(&'static str, &'static str)]),
}

/// A type that a setting can have.
pub trait Value: Sized {
    /// The kind of its values.
    const KIND: Kind;

    /// Reads a value from text.
    ///
    /// # Errors
    /// If the text is not such a value. The error says in words what was expected.
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
    u64: "a whole number from 0 to 2^64 − 1",
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

lists! { usize: "whole numbers with commas between them" }

/// A list of names, for example of classes or columns. In a configuration, a name may also be a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Words(pub Vec<String>);

impl Value for Words {
    const KIND: Kind = Kind::Words;

    fn read(text: &str) -> Result<Self, String> {
        Ok(Self(text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()))
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Word {
            Text(String),
            Whole(i64),
            Number(f64),
        }
        let words = Vec::<Word>::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("invalid type: a list of words or numbers was expected"))?;
        let text = |word| match word {
            Word::Text(text) => text,
            Word::Whole(number) => number.to_string(),
            Word::Number(number) => number.to_string(),
        };
        Ok(Self(words.into_iter().map(text).collect()))
    }
}

/// The height and the width of pictures. In a configuration: `"32x24"`, or `32` for a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub [usize; 2]);

/// The longest side of a picture.
const LONGEST_SIDE: usize = 8192;

impl Value for Size {
    const KIND: Kind = Kind::Size;

    fn read(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=LONGEST_SIDE).contains(side));
        let (height, width) = text.split_once(['x', 'X', '×']).unwrap_or((text, text));
        let expected = || format!("height and width, each from 1 to {LONGEST_SIDE}, were expected: 32, or 32x24");
        Ok(Self([side(height).ok_or_else(expected)?, side(width).ok_or_else(expected)?]))
    }
}

impl Serialize for Size {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [height, width] = self.0;
        serializer.collect_str(&format_args!("{height}x{width}"))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            Side(i64),
        }
        let text = match Given::deserialize(deserializer) {
            Ok(Given::Text(text)) => text,
            Ok(Given::Side(side)) => side.to_string(),
            Err(_) => return Err(serde::de::Error::custom("invalid type: a size such as \"32x24\" was expected")),
        };
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

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

/// Implements [`Value`] for an enum with named values. The first form also defines the enum; the second is for an enum
/// of another crate.
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
    /// The kind of a loss.
    enum LossName { Mse = "mse", Bce = "bce", Mae = "mae", CrossEntropy = "cross-entropy", }
}

choice! {
    /// The kind of a network.
    enum ModelName {
        /// Dense layers. The decoder mirrors the encoder.
        Dense = "dense",
        /// Convolutions of stride 2 in the encoder, transposed convolutions in the decoder.
        StridedConv = "strided-conv",
        /// Convolutions, pooling and upsampling, for images of 28×28, as in the Keras blog.
        PooledConv = "pooled-conv",
        /// Convolutions and pooling in the encoder, transposed convolutions in the decoder: the denoiser of keras-io.
        PooledStridedConv = "pooled-strided-conv",
        /// A variational autoencoder of dense layers.
        Vae = "vae",
        /// A variational autoencoder of convolutions, as in keras-io.
        ConvVae = "conv-vae",
        /// A recurrent layer reads a sequence into a code, step by step, and another one decodes it. An image is read
        /// row by row.
        Sequence = "sequence",
        /// A recurrent layer that predicts each step of a sequence from the steps before it.
        NextStep = "next-step",
    }
}

choice! {
    /// The kind of a recurrent layer.
    enum CellName { Elman = "elman", Gru = "gru", Lstm = "lstm", }
}

choice! {
    /// What replaces a missing value.
    enum FillName {
        /// 0.
        Zero = "zero",
        /// The mean of the other values in its column.
        Mean = "mean",
        /// The value of the previous step.
        Previous = "previous",
    }
}

choice! {
    /// Whether the first row of a file is a header.
    enum HeaderName {
        /// The first row has the names of the columns.
        Yes = "yes",
        /// The first row has values.
        No = "no",
    }
}

choice! {
    /// How data is scaled to a range in which a network learns well.
    enum ScaleName {
        /// The smallest training value becomes 0, the largest becomes 1.
        MinMax = "min-max",
        /// The mean of the training values becomes 0, their standard deviation becomes 1.
        Standard = "standard",
    }
}

choice! {
    /// The kind of noise.
    enum NoiseName { Gaussian = "gaussian", Masking = "masking", SaltAndPepper = "salt-and-pepper", }
}

choice! {
    /// A learning-rate schedule.
    enum ScheduleName {
        /// The same rate in all epochs.
        Constant = "constant",
        /// The rate is multiplied by a factor after a fixed number of epochs.
        Step = "step",
        /// The rate decreases along half a cosine wave over the run.
        Cosine = "cosine",
        /// The rate is multiplied by a factor if the validation loss stops decreasing.
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
