//! Flags that several commands share. The flags of a single command are in the file of that command.

use std::path::PathBuf;

use clap::Args;
use handgrad_dataset::Samples;
use handgrad_dataset::csv::Fill;
use handgrad_files::Progress;
use handgrad_models::Part;
use handgrad_runs::settings::{FillName, HeaderName, Value};
use handgrad_runs::{Subject, Wanted, usual_data_dir};
use handgrad_study::experiment::Setup;

use crate::exit::UsageError;
use crate::{terminal, words};

mod settings;

pub use settings::{SettingsArgs, heading, with_flags};

/// The folder of the named data sets.
#[derive(Args, Debug)]
pub struct DataDir {
    /// The folder of the named data sets. Missing ones are downloaded to it [default: the environment variable
    /// HANDGRAD_DATA, otherwise `data`].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl DataDir {
    pub fn folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(usual_data_dir)
    }
}

/// What a command prints.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Print one JSON object as the last line of the standard output.
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Show no progress.
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// A model, and samples to use it on.
#[derive(Args, Debug)]
pub struct SubjectArgs {
    /// A run folder, or a model.safetensors file.
    pub run: PathBuf,

    /// The data: the name of a data set, a folder of IDX, PNG or JPEG files, or a file: IDX, .csv, .npy or .npz. If it
    /// has a part for validation, that part is used, otherwise all samples [default: the data of the training].
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub data: Option<String>,

    /// For CSV files: the column of the labels: its name in the header, its number, counted from 1, `last` or `none`
    /// [default: as in the training].
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<String>,

    /// For CSV files: whether the first row is a header, yes or no [default: as in the training].
    #[arg(long, value_name = "yes|no", value_parser = HeaderName::read)]
    pub header: Option<HeaderName>,

    /// For CSV files: what replaces missing values: zero, mean or previous [default: as in the training].
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
            header: self.header.map(|header| header == HeaderName::Yes),
            fill: self.fill.map(Fill::from),
            data_dir: self.place.data_dir.clone(),
        }
    }

    /// Returns an error if classifiers would be measured on the samples that they learn from.
    pub fn must_be_new(&self, subject: &Subject) -> anyhow::Result<()> {
        match &self.data {
            Some(data) if subject.holds_training()? => {
                let text = format!(
                    "{data} holds the samples that the classifiers learn from: leave --data out, to measure them on \
                     the samples that were held out, or name other data"
                );
                Err(UsageError(text).into())
            }
            _ => Ok(()),
        }
    }

    /// Opens the model and the data. Prints a note if there are values for which the loss is not defined.
    pub fn open(&self, parts: &[Part], progress: &dyn Progress) -> anyhow::Result<Subject> {
        let subject = handgrad_runs::open_one_of(&self.run, &self.wanted(), parts, progress)?;
        subject.notes.iter().for_each(|note| terminal::note(&format!("note: {note}")));
        let (loss, encoding) = (subject.model.network().loss().kind, subject.model.spec().encoding());
        let note = words::outside_note(&subject.origin, loss, encoding, &subject.samples);
        if !self.output.quiet {
            subject.understood.iter().for_each(|line| terminal::note(line));
        }
        note.iter().for_each(|note| terminal::note(note));
        Ok(subject)
    }
}

/// Which samples have no label.
#[derive(Args, Debug)]
pub struct Unlabelled {
    /// The class that stands for no label, such as `unknown`, in data of which only some samples have one.
    #[arg(long = "unlabelled", value_name = "CLASS", allow_hyphen_values = true)]
    pub class: Option<String>,
}

impl Unlabelled {
    /// Notes that no sample is of this class, which may be a typing error.
    pub fn note_if_there_are_none<'a>(&self, all: impl IntoIterator<Item = &'a Samples>) {
        let Some(class) = &self.class else { return };
        let has = |samples: &Samples| samples.labels.as_ref().is_some_and(|labels| labels.has(class));
        if !all.into_iter().any(has) {
            terminal::note(&format!("note: no sample is of class {class}, so all labels count as known"));
        }
    }
}

/// How networks are trained for a comparison.
#[derive(Args, Debug)]
pub struct ExperimentArgs {
    /// Train for this number of epochs instead of the usual one, for a quick look.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub epochs: Option<u16>,

    /// The number of threads. The figures are the same for any number [default: all cores].
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
