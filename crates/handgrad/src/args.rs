//! What can be typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};

use crate::config::{FillName, Settings};
use crate::preset;
use crate::train::Every;

mod gradcheck;
mod trace;
pub mod uses;

pub use gradcheck::GradcheckArgs;
pub use trace::TraceArgs;
use uses::{
    AlterArgs, AnomalyArgs, DecodeArgs, DenoiseArgs, EncodeArgs, InterpolateArgs, LatentGridArgs, ReconstructArgs,
    SampleArgs,
};

/// Autoencoders with every gradient derived and written by hand: train one, see what it learnt, use it.
#[derive(Parser, Debug)]
#[command(version, arg_required_else_help = true)]
#[command(after_help = "First time here? `handgrad train --epochs 5`, then open the pictures in the folder it names.")]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train an autoencoder and leave a run folder: the model, its settings, losses and pictures.
    ///
    /// Flags override the --config file, and the file overrides the preset.
    Train(Box<TrainArgs>),
    /// Measure the loss of a trained model on data.
    Eval(EvalArgs),
    /// Draw samples above what a trained model makes of them.
    Reconstruct(ReconstructArgs),
    /// Write the codes of samples, as CSV or .npy.
    ///
    /// Of a variational model the code is the mean of its distribution. An encoder alone, written by `handgrad split`, will do in
    /// place of a model; then --data must name the data.
    Encode(EncodeArgs),
    /// Draw or write what a model makes of codes from a file.
    ///
    /// The codes are one a row, in CSV as `encode` writes it, with or without the header and the label in front, or as a .npy
    /// array of two dimensions and floats of 32 or 64 bits. Change them on the way, and see what comes of it. A decoder alone,
    /// written by `handgrad split`, will do in place of a model.
    Decode(DecodeArgs),
    /// Take noise off an image of your own, or show how well it comes off samples.
    ///
    /// With an image of your own, the picture is that image without its noise. Without one, or with --noise, it shows what was
    /// clean, the same with noise, and denoised, and PSNR and SSIM tell how far each is from the clean.
    Denoise(DenoiseArgs),
    /// Draw new images from a variational model.
    ///
    /// A variational model was trained so that the codes of its samples, all together, lie like N(0, 1); so codes drawn from
    /// there are codes of samples that never were. A model without that has no distribution to draw from, and is refused.
    Sample(SampleArgs),
    /// Draw the images that lie side by side in a variational code of two places.
    ///
    /// The codes are spaced so that each image stands for as many samples as any other.
    LatentGrid(LatentGridArgs),
    /// Walk from one sample's code to another's.
    ///
    /// Above, one image fades into the other pixel by pixel; below, the code goes from one to the other on a straight line, and
    /// every step of it is decoded.
    Interpolate(InterpolateArgs),
    /// Move images from their class towards another one.
    ///
    /// The direction is the mean code of one class less that of the other, over the training samples. Each row of the picture is
    /// an image, then the same one moved along that direction, further from column to column. Needs labels.
    Alter(AlterArgs),
    /// Tell samples that a model reconstructs badly from those it knows.
    ///
    /// A model knows only what it was trained on: what it reconstructs badly is unlike that. The score of a sample is its
    /// reconstruction error; from the threshold on it is called anomalous. With --normal-class the labels tell which samples are
    /// normal, and how well the scores tell them apart is measured, with either kind as the positive one.
    Anomaly(AnomalyArgs),
    /// Write the encoder and the decoder of a model to files of their own.
    Split(SplitArgs),
    /// Score recurrent networks before any training, by the covariance of their states.
    ///
    /// The network is that of `handgrad train` with the same settings, as it starts. Its states after the last step of a few samples
    /// are correlated with each other: the more alike, the lower the score (hidden covariance: Serianni & Kalita, ACL 2023). Nothing
    /// is trained. Only scores of the same number of samples can be compared, and only where the units are more than they: a
    /// network of fewer is punished for that alone. What scores are worth is in docs/recurrent.md.
    Score(Box<ScoreArgs>),
    /// Check every gradient against central differences, and plant mistakes to see what such a check finds.
    Gradcheck(GradcheckArgs),
    /// Run the published examples again and print ours beside theirs, as a table.
    Scoreboard(ScoreboardArgs),
    /// Try what the slides say about autoencoders, and print what came out.
    Claims(ClaimsArgs),
    /// Work an example as the slides do, forward and backward: formula, numbers put in, result.
    Trace(TraceArgs),
    /// List, fetch, look at and draw data sets.
    #[command(subcommand)]
    Data(DataCommand),
}

#[derive(ClapArgs, Debug)]
#[command(after_help = preset::help())]
pub struct TrainArgs {
    #[command(flatten)]
    pub settings: Settings,

    /// A TOML file with any of the settings above, by their names with _ for -: `batch_size = 64`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Threads to compute on; any number gives the same weights, to the bit [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Folder for the run; it must not hold any of its files yet [default: runs/PRESET-DATA].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Go on with the run in this folder from its last checkpoint, to the bits it would have ended in. Settings need not be
    /// given again, and must be the same, but for more --epochs (not with the schedule cosine) and where the data lies.
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub resume: Option<PathBuf>,

    /// Write a checkpoint so often: 50steps, 2epochs, 30sec, 5min, 1h. There is one at the end and after Ctrl-C or SIGTERM
    /// in any case. docs/reliability.md says what is promised [default: 30sec].
    #[arg(long, value_name = "INTERVAL")]
    pub checkpoint_every: Option<Every>,

    #[command(flatten)]
    pub output: Output,
}

/// Where named data sets are kept.
#[derive(ClapArgs, Debug)]
pub struct DataDir {
    /// Folder in which named data sets are looked for, and to which they are downloaded [default: the environment
    /// variable HANDGRAD_DATA, else data].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataDir {
    pub fn folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(usual_data_dir)
    }
}

/// Where named data sets are kept if nothing else is said.
pub fn usual_data_dir() -> PathBuf {
    std::env::var_os("HANDGRAD_DATA").map_or_else(|| "data".into(), PathBuf::from)
}

/// What is shown.
#[derive(ClapArgs, Debug)]
pub struct Output {
    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
    pub json: bool,

    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// A model and samples to use it on.
#[derive(ClapArgs, Debug)]
pub struct EvalArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// A data set's name, a folder of IDX files, an IDX file or a CSV file [default: the one it was trained on]. Of a name or
    /// a folder the validation samples are taken, of a file all.
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub data: Option<String>,

    /// Of a CSV file: the column of the labels, a name of the header, a number counted from 1, `last` or `none` [default: as in
    /// training].
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<String>,

    /// Of a CSV file: what stands in for missing values [default: as in training].
    #[arg(long, value_name = "NAME")]
    pub fill: Option<FillName>,

    #[command(flatten)]
    pub place: DataDir,

    #[command(flatten)]
    pub output: Output,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad score --preset lstm\n  \
    handgrad score --preset lstm --cell gru --samples 16\n  \
    handgrad score --preset ecg-lstm --json")]
pub struct ScoreArgs {
    #[command(flatten)]
    pub settings: Settings,

    /// Training samples to show the network, the first ones [default: half as many as a state has values].
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=2048))]
    pub samples: Option<u16>,

    /// Starts of the network to score, with the seeds from --seed on.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub starts: u16,

    #[command(flatten)]
    pub output: Output,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = format!("Rows: {}.\n\nAll of them take about two hours on two cores; `handgrad scoreboard tf-basic \
    vae` takes half a minute.", crate::scoreboard::names()))]
pub struct ScoreboardArgs {
    /// Which rows [default: all].
    pub rows: Vec<String>,

    /// How many seeds to train each with, from 0 on [default: 3 for the quick rows, 1 for the others].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub seeds: Option<u16>,

    #[command(flatten)]
    pub experiment: ExperimentArgs,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = format!("Claims:\n{}\nAll of them take about a quarter of an hour on two cores.",
    crate::claims::help()))]
pub struct ClaimsArgs {
    /// Which claims [default: all].
    pub claims: Vec<String>,

    #[command(flatten)]
    pub experiment: ExperimentArgs,
}

/// How networks are trained to be compared.
#[derive(ClapArgs, Debug)]
pub struct ExperimentArgs {
    /// Train for so many epochs instead of the usual number, for a quick look.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub epochs: Option<u16>,

    /// Threads to compute on; any number gives the same figures [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    #[command(flatten)]
    pub place: DataDir,

    #[command(flatten)]
    pub output: Output,
}

impl ExperimentArgs {
    /// The threads that are asked for.
    pub fn pool(&self) -> anyhow::Result<rayon::ThreadPool> {
        let threads = self.threads.map_or(0, usize::from);
        Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?)
    }
}

#[derive(ClapArgs, Debug)]
#[command(group(ArgGroup::new("parts").required(true).multiple(true).args(["encoder", "decoder"])))]
pub struct SplitArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// The file for the encoder, which must not be there yet. `handgrad encode` takes it in place of the model.
    #[arg(long, value_name = "FILE.safetensors")]
    pub encoder: Option<PathBuf>,

    /// The file for the decoder, which must not be there yet. `handgrad decode` takes it in place of the model, and of a
    /// variational model `handgrad sample`.
    #[arg(long, value_name = "FILE.safetensors")]
    pub decoder: Option<PathBuf>,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
pub enum DataCommand {
    /// The data sets known by name, and which of them are on this disk.
    List {
        #[command(flatten)]
        place: DataDir,
    },
    /// Download a data set, or check the one that is there.
    Fetch {
        /// Its name, as `data list` shows it.
        name: String,
        #[command(flatten)]
        place: DataDir,
    },
    /// What an IDX file holds.
    Info {
        /// Plain or gzip.
        path: PathBuf,
    },
    /// Draw the synthetic set and write it as four IDX files, which must not be there yet.
    Synthesize {
        /// Folder for the four files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Of the variation between images.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Training images.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        train: u32,
        /// Validation images.
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        validation: u32,
    },
}
