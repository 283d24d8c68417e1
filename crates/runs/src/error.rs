//! The error type of this crate.

use handgrad_files::shown;
use std::io;
use std::path::PathBuf;

/// The result of a function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a run could not be started, continued or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings or arguments are not valid.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read.
    #[error("{}: cannot be read: {source}", shown(.path))]
    CannotRead {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A configuration that is not valid.
    #[error("{}{}: {what}", shown(.path), .line.map_or(String::new(), |line| format!(", line {line}")))]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// The folder for a new run already holds a run.
    #[error(
        "{}: holds a run already, or a file that a run would write ({name}); nothing was overwritten: continue \
         that run, choose another folder, or move this one away", shown(.path)
    )]
    HoldsARun {
        /// The folder.
        path: PathBuf,
        /// What was found in it.
        name: String,
    },
    /// The folder for a new run cannot be created.
    #[error("choose another folder than {}", shown(.path))]
    BadFolder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: Box<Error>,
    },
    /// There is no run to continue.
    #[error("{}: holds no run, because it has no {config}; name the folder of a run", shown(.path))]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// The file that it lacks.
        config: &'static str,
    },
    /// A finished run without checkpoints cannot be continued.
    #[error(
        "{}: has a model and no checkpoint, so this run cannot be continued; start a new run from its configuration",
        shown(.path)
    )]
    NothingToGoOnFrom {
        /// The folder.
        path: PathBuf,
    },
    /// A file holds the encoder or the decoder of a model, but another part is needed.
    #[error(
        "{}: holds only the {part} of a model, but {needed} is needed: name the run that it comes from",
        shown(.path)
    )]
    WrongPart {
        /// The file.
        path: PathBuf,
        /// What it holds.
        part: &'static str,
        /// What is needed, in words.
        needed: String,
    },
    /// A model file that cannot be read.
    #[error("{}: cannot be read; name the folder of a finished run, or a model file", shown(.path))]
    NoModel {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<Error>,
    },
    /// A run that has no model yet.
    #[error(
        "{}: this run is still training and has no model yet; wait until it ends, or stop it with Ctrl-C, then it \
         writes one", shown(.path)
    )]
    StillTraining {
        /// The folder.
        path: PathBuf,
    },
    /// A picture was given to a model that was trained on series or on the rows of a table.
    #[error(
        "the model was trained on {trained_on}, so its samples of {shape} values are not images: a picture needs a \
         model that was trained on images"
    )]
    NotImages {
        /// What the model was trained on, in words.
        trained_on: String,
        /// The shape of a sample.
        shape: String,
    },
    /// The training data of a model is not known, and no data was named.
    #[error("{}: does not say which data it was trained on; name the data", shown(.path))]
    NoData {
        /// The run or the model file.
        path: PathBuf,
    },
    /// All trainings of a search diverged.
    #[error("all trainings of the search diverged: try smaller values of learning_rate")]
    AllDiverged,
    /// The training data of a model is not known or is not there any more.
    #[error(
        "{why}, but the samples that this learns from are the training samples: name the data set it was trained on"
    )]
    NoTrainingData {
        /// What is wrong with the training data.
        why: String,
    },
    /// The training data of a model is not known, and no normal data was named.
    #[error(
        "the training data of the model is not known, so no threshold can be computed from its scores: name normal \
         data"
    )]
    NoNormalData,
    /// The data of a run cannot be found or read any more.
    #[error("the data of this run cannot be read; if it has moved, name its new path")]
    DataMoved {
        /// The cause.
        source: handgrad_dataset::Error,
    },
    /// A model of tables was given other data.
    #[error("{what}: the model was trained on a table, and needs a CSV file, whose name ends in .csv")]
    NotATable {
        /// The data.
        what: String,
    },
    /// The file that the model was trained on has another content now.
    #[error(
        "{}: this file {how} since the model was trained on it, so the training samples in it are not known: name \
         normal data", shown(.path)
    )]
    DataChanged {
        /// The file.
        path: PathBuf,
        /// What happened to it, in words.
        how: &'static str,
    },
    /// The data that the model was trained on is not there any more.
    #[error(
        "{}: the model was trained on this data, whose normal samples set the threshold, but it is not there any more: \
         put it back, or name other normal data", shown(.path)
    )]
    NormalDataGone {
        /// The file or folder.
        path: PathBuf,
    },
    /// Settings for CSV files were given, but the data is not a CSV file.
    #[error("{what}: label_column, header and fill are only for CSV files, whose names end in .csv")]
    NotCsv {
        /// The data.
        what: String,
    },
    /// An error stopped the training, and there is a checkpoint.
    #[error("{about}: {source}")]
    Stopped {
        /// What was kept, in words.
        about: String,
        /// The cause.
        source: Box<Error>,
    },
    /// An error with its place, for example a file or a part of the data.
    #[error("{place}: {source}")]
    At {
        /// The place.
        place: String,
        /// What is wrong there.
        source: Box<Error>,
    },
    /// All values of the training samples are the same.
    #[error(
        "all values of {} are {value}, so they cannot be scaled: leave out scale",
        channel.map_or("the training samples".into(), |channel| format!("channel {channel} of the training samples"))
    )]
    NoScale {
        /// The value.
        value: f64,
        /// The channel, counted from 1, if there are several.
        channel: Option<usize>,
    },
    /// All values of the training samples are the same, and there is no scale.
    #[error(
        "all values of the training samples are {value}, so there is nothing to learn: check that this is the right \
         data, and that it was written with its values"
    )]
    AllEqual {
        /// The value.
        value: f32,
    },
    /// With this validation split, no samples are left to train on or to validate with.
    #[error("{0}")]
    Split(String),
    /// Classes were selected, but the samples have no labels.
    #[error("these samples have no labels, so only_class cannot select any: leave it out")]
    NoLabels,
    /// A checkpoint cannot be read, written or used for this run.
    #[error("{0}")]
    Checkpoint(String),
    /// A checkpoint is damaged, has a newer format, or belongs to a different training.
    #[error(transparent)]
    Damaged(#[from] handgrad_trainer::checkpoint::Error),
    /// A file cannot be read or written.
    #[error(transparent)]
    Files(#[from] handgrad_files::Error),
    /// The data cannot be loaded.
    #[error(transparent)]
    Data(#[from] handgrad_dataset::Error),
    /// The layers of a network do not fit together, or a model file is not valid.
    #[error(transparent)]
    Model(#[from] handgrad_models::Error),
    /// A training could not start, or failed.
    #[error(transparent)]
    Trainer(#[from] handgrad_trainer::Error),
    /// A model cannot be used on the data.
    #[error(transparent)]
    Task(#[from] handgrad_tasks::Error),
    /// A picture cannot be drawn.
    #[error(transparent)]
    Picture(#[from] handgrad_pictures::Error),
}

impl Error {
    /// Returns whether the arguments or settings are wrong, as opposed to an operation that failed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_)
            | Self::NoRun { .. }
            | Self::NotCsv { .. }
            | Self::Configuration { line: Some(_), .. }
            | Self::Split(_)
            | Self::NoLabels => true,
            Self::Files(error) => error.is_usage(),
            Self::Data(error) | Self::DataMoved { source: error } => error.is_usage(),
            Self::Task(error) => error.is_usage(),
            Self::At { source, .. } | Self::Stopped { source, .. } => source.is_usage(),
            _ => false,
        }
    }

    /// Returns whether the training diverged: a loss or a weight is not finite or far too large.
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        match self {
            Self::Trainer(error) => error.is_divergence(),
            Self::AllDiverged => true,
            Self::At { source, .. } | Self::Stopped { source, .. } => source.is_divergence(),
            _ => false,
        }
    }

    /// The error and its causes in one text, without those that the text already contains.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        text
    }

    /// Adds a place to the error.
    #[must_use]
    pub fn at(self, place: impl ToString) -> Self {
        Self::At { place: place.to_string(), source: Box::new(self) }
    }
}
