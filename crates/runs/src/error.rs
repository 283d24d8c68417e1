//! The one error of this crate.

use handgrad_files::shown;
use std::io;
use std::path::PathBuf;

/// What a function of this crate gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run could not be begun, continued or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read.
    #[error("{}: cannot be read: {source}", shown(.path))]
    CannotRead {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A configuration that is not as it should be.
    #[error("{}{}: {what}", shown(.path), .line.map_or(String::new(), |line| format!(", line {line}")))]
    Configuration {
        /// The file.
        path: PathBuf,
        /// Where in it, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// A folder that would be a new run's has one already.
    #[error(
        "{}: holds a run already, or a file of a run's name ({name}); nothing is overwritten: continue that run, \
         choose another folder, or move this one away", shown(.path)
    )]
    HoldsARun {
        /// The folder.
        path: PathBuf,
        /// What was found in it.
        name: String,
    },
    /// A folder cannot be a run's.
    #[error("choose another folder than {}", shown(.path))]
    BadFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// There is no run to continue.
    #[error("{}: holds no run, as it has no {config}; name the folder of a run that has begun", shown(.path))]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// The file that it lacks.
        config: &'static str,
    },
    /// A run that is finished, without checkpoints.
    #[error(
        "{}: has a model and no checkpoint, so there is nothing to go on from; start a new run from its configuration",
        shown(.path)
    )]
    NothingToGoOnFrom {
        /// The folder.
        path: PathBuf,
    },
    /// A model of which another part is needed.
    #[error(
        "{}: holds the {part} of a model alone, and this needs {needed}: name the run that it comes from",
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
        /// Why.
        source: Box<Error>,
    },
    /// A run that has no model yet.
    #[error(
        "{}: this run is still training and has no model yet; wait until it ends, or stop it with Ctrl-C, and it \
         writes one", shown(.path)
    )]
    StillTraining {
        /// The folder.
        path: PathBuf,
    },
    /// A picture is given to a model of series or of rows of a table.
    #[error(
        "the model was trained on {trained_on}, so its samples of {shape} values are not images: a picture needs a \
         model that was trained on images"
    )]
    NotImages {
        /// What it was trained on, in words.
        trained_on: String,
        /// The shape of a sample.
        shape: String,
    },
    /// Nothing says what a model was trained on.
    #[error("{}: does not say what it was trained on; name the data", shown(.path))]
    NoData {
        /// The run or the model file.
        path: PathBuf,
    },
    /// Nothing says what is normal.
    #[error(
        "nothing says what the model was trained on, so there are no normal scores to set a threshold by: name normal \
         data"
    )]
    NoNormalData,
    /// The data of a run is no longer where it was.
    #[error("the data of this run cannot be read; if it lies elsewhere now, name its new path")]
    DataMoved {
        /// Why.
        source: handgrad_dataset::Error,
    },
    /// Settings for a CSV file, and other data.
    #[error("{what}: label_column and fill are for CSV files, whose name ends in .csv")]
    NotCsv {
        /// The data.
        what: String,
    },
    /// Training stopped by an error, and there is a checkpoint.
    #[error("{about}: {source}")]
    Stopped {
        /// What is left, in words.
        about: String,
        /// Why.
        source: Box<Error>,
    },
    /// An error at a place: of a file, of some data.
    #[error("{place}: {source}")]
    At {
        /// The place.
        place: String,
        /// What is wrong there.
        source: Box<Error>,
    },
    /// All values of the training samples are the same.
    #[error("all values of the training samples are {value}, so there is no scale to bring them to: leave out scale")]
    NoScale {
        /// The value.
        value: f32,
    },
    /// A part of the samples that leaves none to learn from, or none to validate with.
    #[error("{0}")]
    Split(String),
    /// Samples without labels, of which some classes are asked for.
    #[error("they have no labels, so only_class cannot be heeded: leave it out")]
    NoLabels,
    /// What checkpoints are read and written by.
    #[error("{0}")]
    Checkpoint(String),
    /// A checkpoint that is not whole.
    #[error(transparent)]
    Damaged(#[from] handgrad_trainer::checkpoint::Error),
    /// A disk that refuses.
    #[error(transparent)]
    Files(#[from] handgrad_files::Error),
    /// Data that is not as it should be.
    #[error(transparent)]
    Data(#[from] handgrad_dataset::Error),
    /// A network that does not fit together, or a model file.
    #[error(transparent)]
    Model(#[from] handgrad_models::Error),
    /// A training that could not begin or went wrong.
    #[error(transparent)]
    Trainer(#[from] handgrad_trainer::Error),
    /// A model that cannot be used on the data.
    #[error(transparent)]
    Task(#[from] handgrad_tasks::Error),
    /// A picture that cannot be drawn.
    #[error(transparent)]
    Picture(#[from] handgrad_pictures::Error),
}

impl Error {
    /// Did the user ask for what makes no sense, as opposed to: could it not be done?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) | Self::NoRun { .. } | Self::NotCsv { .. } => true,
            Self::Files(error) => error.is_usage(),
            Self::Task(error) => error.is_usage(),
            Self::At { source, .. } | Self::Stopped { source, .. } => source.is_usage(),
            _ => false,
        }
    }

    /// Did a training go wrong: is a loss or a weight no longer a number, or far too large?
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        match self {
            Self::Trainer(error) => error.is_divergence(),
            Self::At { source, .. } | Self::Stopped { source, .. } => source.is_divergence(),
            _ => false,
        }
    }

    /// The error and its causes, but for those that the text so far quotes already.
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

    /// The same error at a place.
    #[must_use]
    pub fn at(self, place: impl ToString) -> Self {
        Self::At { place: place.to_string(), source: Box::new(self) }
    }
}
