//! What can be typed to use a model.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, ValueEnum};

use super::{EvalArgs, Output};
use crate::config::NoiseName;

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  handgrad reconstruct runs/basic-mnist --out seen.png --count 16")]
pub struct ReconstructArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// The picture to write; only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,

    /// Samples to draw, from the first one on.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
}

/// A model and a picture to draw with it.
#[derive(ClapArgs, Debug)]
pub struct PictureArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// The picture to write; only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,

    #[command(flatten)]
    pub output: Output,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  handgrad train --preset vae --data mnist\n  \
    handgrad sample runs/vae-mnist --out drawn.png --count 100 --seed 1")]
pub struct SampleArgs {
    #[command(flatten)]
    pub picture: PictureArgs,

    /// Images to draw.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,

    /// Of the codes that are drawn.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  handgrad train --preset vae-2d --data mnist\n  \
    handgrad latent-grid runs/vae-2d-mnist --out map.png")]
pub struct LatentGridArgs {
    #[command(flatten)]
    pub picture: PictureArgs,

    /// Images across and down.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub side: u16,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad encode runs/basic-mnist --out codes.csv    a header, then label,z0,z1,… for each sample\n  \
    handgrad encode runs/basic-mnist --out codes.npy    numpy.load(\"codes.npy\"): samples × code, 32 bits, no labels\n  \
    handgrad decode runs/basic-mnist codes.npy --out back.png")]
pub struct EncodeArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// The file to write, which must not be there yet; its name says how.
    #[arg(long, value_name = "FILE.csv|.npy")]
    pub out: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad decode runs/basic-mnist codes.csv --out back.png\n  \
    handgrad decode runs/basic-mnist codes.npy --out back.png --out back.npy    samples × height × width")]
pub struct DecodeArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// The codes.
    #[arg(value_name = "CODES.csv|.npy")]
    pub codes: PathBuf,

    /// Where to draw or write what they stand for; may be given several times. Only an older picture may be there.
    #[arg(long, value_name = "FILE.png|.csv|.npy", required = true)]
    pub out: Vec<PathBuf>,

    #[command(flatten)]
    pub output: Output,
}

/// How an image gets through a network made for another size.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// In tiles of the network's size, which overlap and fade into each other; the result has the image's size.
    Tiled,
    /// Made as large as the network's input, whose proportions it takes on, and so is the result.
    Resized,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad train --preset tf-denoise                                       a network that takes off noise\n  \
    handgrad denoise runs/tf-denoise-fashion-mnist --out ten.png             on the noise it was trained with\n  \
    handgrad denoise runs/tf-denoise-fashion-mnist scan.jpg --out clean.png  your own image, in its own size\n  \
    handgrad denoise runs/tf-denoise-fashion-mnist noisy.png --clean right.png --out clean.png\n  \
    handgrad denoise runs/tf-denoise-fashion-mnist right.png --noise gaussian --noise-level 0.1 --out three.png")]
pub struct DenoiseArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// An image of your own, PNG or JPEG, of any size up to 67 million pixels; it is turned to grey if the network
    /// takes grey.
    #[arg(value_name = "IMAGE", conflicts_with = "data")]
    pub image: Option<PathBuf>,

    /// The picture to write; only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,

    /// How an image of your own gets through the network.
    #[arg(long, value_name = "NAME", default_value = "tiled")]
    pub fit: Fit,

    /// What your image would be without noise: to measure from.
    #[arg(long, value_name = "IMAGE", requires = "image", conflicts_with = "noise")]
    pub clean: Option<PathBuf>,

    /// Noise to put on first [default: on an image none, on samples what the network was trained with].
    #[arg(long, value_name = "NAME")]
    pub noise: Option<NoiseName>,

    /// How much: the standard deviation of gaussian noise, otherwise the part of the values that is hit.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.2, requires = "noise", allow_negative_numbers = true)]
    pub noise_level: f64,

    /// Samples to draw, from the first one on; all are measured.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "image")]
    pub count: u16,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  handgrad interpolate runs/vae-mnist --from 0 --to 1 --steps 12 --out walk.png")]
pub struct InterpolateArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// The sample to start from, counted from 0.
    #[arg(long, value_name = "INDEX")]
    pub from: u32,

    /// The sample to arrive at.
    #[arg(long, value_name = "INDEX")]
    pub to: u32,

    /// Images on the way, both ends included.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub steps: u16,

    /// The picture to write; only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Example:\n  \
    handgrad alter runs/vae-mnist --from-class 7 --to-class 9 --strength 0,0.5,1,1.5 --out sevens.png")]
pub struct AlterArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// The class of the images.
    #[arg(long, value_name = "CLASS")]
    pub from_class: u8,

    /// The class to move them towards.
    #[arg(long, value_name = "CLASS")]
    pub to_class: u8,

    /// How far, a column each: 0 is the reconstruction, 1 the whole way from mean to mean.
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "0,0.25,0.5,0.75,1,1.25",
        allow_negative_numbers = true
    )]
    pub strength: Vec<f32>,

    /// Images to draw, the first ones of the class; all are measured.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub count: u16,

    /// The picture to write; only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,
}

/// How a threshold is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Mean + k·std of normal scores.
    Std(f64),
    /// A quantile of normal scores.
    Quantile(f64),
    /// The best F1 on the scored samples.
    BestF1,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        match text.split_once(':') {
            None if text == "best-f1" => Ok(Self::BestF1),
            Some(("std", k)) => number(k).map(Self::Std).ok_or_else(|| format!("{k:?} is not a number; try std:2")),
            Some(("quantile", q)) => number(q)
                .filter(|q| (0.0..=1.0).contains(q))
                .map(Self::Quantile)
                .ok_or_else(|| format!("{q:?} is not within 0..1; try quantile:0.99")),
            _ => Err("must be std:K, quantile:Q or best-f1".into()),
        }
    }
}

/// A reconstruction error, as it is typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreName {
    Mse,
    Mae,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad anomaly runs/basic-mnist --out odd.png                     the test digits that are reconstructed worst\n  \
    handgrad anomaly runs/basic-sevens --data mnist --normal-class 7 --threshold quantile:0.95 --out odd.png\n  \
    handgrad anomaly runs/basic-sevens --data mnist --normal-class 7 --threshold best-f1 --out odd.png \\\n      \
    --scores scores.csv --chart scores.svg")]
pub struct AnomalyArgs {
    #[command(flatten)]
    pub eval: EvalArgs,

    /// Normal data, whose scores set the threshold: of a name or a folder the training samples, of a file all [default:
    /// what the model was trained on]. If it has labels and --normal-class is given, only its normal samples count.
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub normal: Option<String>,

    /// The classes that are normal; all others are anomalies: `--normal-class 0,1,4`. Needs labels.
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub normal_class: Vec<u8>,

    /// The reconstruction error, a mean over a sample's values [default: the model's loss].
    #[arg(long, value_name = "NAME")]
    pub score: Option<ScoreName>,

    /// From which score on a sample is anomalous: std:K, mean + K standard deviations of the normal scores; quantile:Q,
    /// which the part Q of them lies below; best-f1, which tells the labelled samples apart best.
    #[arg(long, value_name = "RULE", default_value = "std:1")]
    pub threshold: Rule,

    /// The picture to write: the samples with the highest scores, what the model made of them, and where it erred, from
    /// black, not at all, to white, most in the picture. Only an older picture may be there.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,

    /// Samples to draw.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,

    /// Where to write every score; the file must not be there yet.
    #[arg(long, value_name = "FILE.csv")]
    pub scores: Option<PathBuf>,

    /// Where to draw how the scores lie, and the ROC curve if there are labels.
    #[arg(long, value_name = "FILE.svg")]
    pub chart: Option<PathBuf>,
}
