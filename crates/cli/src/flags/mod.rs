//! What can be typed after several commands; what only one command heeds stands with that command.

use std::path::PathBuf;

use clap::Args;
use handgrad_dataset::csv::Fill;
use handgrad_files::Progress;
use handgrad_runs::settings::{FillName, Value};
use handgrad_runs::{Wanted, usual_data_dir};
use handgrad_study::experiment::Setup;

mod settings;

pub use settings::SettingsArgs;

/// Where named data sets are kept.
#[derive(Args, Debug)]
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

/// What is shown.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
    pub json: bool,

    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// A model and samples to use it on.
#[derive(Args, Debug)]
pub struct SubjectArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// A data set's name, a folder of IDX files, an IDX file or a CSV file [default: the one it was trained on]. Of a
    /// name or a folder the validation samples are taken, of a file all.
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub data: Option<String>,

    /// For a CSV file: the column of the labels, a name of the header, a number counted from 1, `last` or `none`
    /// [default: as in training].
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<String>,

    /// For a CSV file: what stands in for missing values: zero, mean or previous [default: as in training].
    #[arg(long, value_name = "NAME", value_parser = FillName::read)]
    pub fill: Option<FillName>,

    #[command(flatten)]
    pub place: DataDir,

    #[command(flatten)]
    pub output: Output,
}

impl SubjectArgs {
    pub fn wanted(&self) -> Wanted {
        Wanted {
            data: self.data.clone(),
            label_column: self.label_column.clone(),
            fill: self.fill.map(Fill::from),
            data_dir: self.place.data_dir.clone(),
        }
    }
}

/// How networks are trained to be compared.
#[derive(Args, Debug)]
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
    pub fn setup<'a>(&'a self, progress: &'a dyn Progress) -> Setup<'a> {
        let epochs = self.epochs.map(usize::from);
        Setup { epochs, data_dir: self.place.data_dir.as_ref(), progress }
    }
}
