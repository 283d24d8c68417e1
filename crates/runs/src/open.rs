//! What every use of a model begins with: the model, and samples to use it on.

use std::path::{Path, PathBuf};

use handgrad_dataset::csv::{Fill, Label, Layout};
use handgrad_dataset::{Samples, all_of_csv, idx, is_csv, named, sizes};
use handgrad_files::Progress;
use handgrad_models::{LayerSpec, Model, Part};
use handgrad_tasks::check_fit;

use crate::folder::{CHECKPOINTS, CONFIG, LOCK, MODEL};
use crate::{Error, Result, Settings, usual_data_dir};

/// What somebody wants to use a model on, beside the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// A data set's name, a folder or a file; otherwise what the model was trained on.
    pub data: Option<String>,
    /// The column of the labels of a CSV file, otherwise as in training.
    pub label_column: Option<String>,
    /// What stands in for missing values of a CSV file, otherwise as in training.
    pub fill: Option<Fill>,
    /// Where named data sets are kept, otherwise as in training.
    pub data_dir: Option<PathBuf>,
}

/// A trained model, of which there may be as much as one of `parts`, from a run folder or a model file; and what its
/// run folder says of the data it was trained on.
///
/// # Errors
/// If there is none, or it is another part.
pub fn model(run: &Path, parts: &[Part]) -> Result<(Model, Settings)> {
    let (path, config) = if run.is_dir() { (run.join(MODEL), Some(run.join(CONFIG))) } else { (run.into(), None) };
    let model = Model::load(&path).map_err(|error| match error {
        handgrad_models::Error::File { source, .. } if matches!(*source, handgrad_models::Error::Read(_)) => {
            let lock = run.join(CHECKPOINTS).join(LOCK);
            match config.is_some() && handgrad_files::is_locked(&lock) {
                true => Error::StillTraining { path: run.to_path_buf() },
                false => Error::NoModel { path: path.clone(), source: Box::new(Error::Model(*source)) },
            }
        }
        other => Error::Model(other),
    })?;
    let part = model.network().part();
    if !parts.contains(&part) {
        let name = |part: &Part| if *part == Part::Whole { "a whole model" } else { part.name() };
        let needed = parts.iter().map(name).collect::<Vec<_>>().join(" or its ");
        return Err(Error::WrongPart { path, part: part.name(), needed });
    }
    let settings = match config.filter(|config| config.exists()) {
        Some(config) => Settings::read(&config)?,
        None => Settings::default(),
    };
    Ok((model, settings))
}

fn is_recurrent(model: &Model) -> bool {
    model.spec().encoder.iter().any(|layer| matches!(layer, LayerSpec::Recurrent(_)))
}

/// Returns an error if a picture cannot be a sample of this model: if it was trained on a CSV file or on a set of
/// series, or if it is recurrent and nothing is known about its data. A recurrent model of images reads them line by
/// line.
///
/// # Errors
/// [`Error::NotImages`].
pub fn check_takes_pictures(model: &Model, settings: &Settings) -> Result<()> {
    let trained_on = match settings.data.as_deref() {
        Some(data) if is_csv(Path::new(data)) => "a table or a series",
        None if is_recurrent(model) => "sequences, as far as its file tells",
        _ => return Ok(()),
    };
    Err(Error::NotImages { trained_on: trained_on.into(), shape: sizes(&model.spec().input) })
}

/// A trained model beside the samples to use it on, in the data's own units.
pub struct Subject {
    /// The model.
    pub model: Model,
    /// The samples.
    pub samples: Samples,
    /// The samples in words.
    pub origin: String,
    /// The other part of the data: its training samples, unless it is a file of one's own.
    pub train: Option<Samples>,
    /// The training samples in words.
    pub train_origin: String,
    /// What the samples were loaded as.
    pub what: String,
    /// What the model was trained on, if that is known.
    pub trained_on: Option<String>,
    /// The classes that it was trained on, where they are some of many.
    pub only_class: Vec<u8>,
    /// Loads more data for the same model.
    pub loader: Loader,
}

/// Opens a whole model and data for it: what is wanted, or else what it was trained on.
///
/// # Errors
/// If there is no such model or no such data, or one does not go with the other.
pub fn open(run: &Path, wanted: &Wanted, progress: &dyn Progress) -> Result<Subject> {
    open_one_of(run, wanted, &[Part::Whole], progress)
}

/// Opens a model of which there may be as much as one of `parts`, and data for it.
///
/// # Errors
/// As [`open`].
pub fn open_one_of(run: &Path, wanted: &Wanted, parts: &[Part], progress: &dyn Progress) -> Result<Subject> {
    let (model, mut settings) = model(run, parts)?;
    let trained_on = settings.data.take();
    let what = wanted.data.clone().or(trained_on.clone()).ok_or_else(|| Error::NoData { path: run.into() })?;
    if (wanted.label_column.is_some() || wanted.fill.is_some()) && !is_csv(Path::new(&what)) {
        return Err(Error::NotCsv { what });
    }
    let trained = settings.layout();
    let label = wanted.label_column.as_deref().map_or(trained.label.clone(), Label::of);
    let loader = Loader {
        data_dir: wanted.data_dir.clone().or(settings.data_dir).unwrap_or_else(usual_data_dir),
        given: Layout { label, fill: wanted.fill.or(trained.fill), ..trained.clone() },
        trained,
    };
    let Data { train, train_origin, samples, origin } = loader.load(&what, wanted.data.is_some(), progress)?;
    check_fit(&model, &samples).map_err(|error| Error::from(error).at(&what))?;
    let only_class = settings.only_class.unwrap_or_default();
    Ok(Subject { model, samples, origin, train, train_origin, what, trained_on, only_class, loader })
}

/// Samples to use a model on, and the training samples beside them.
pub struct Data {
    /// The training samples, unless the data is a file of one's own.
    pub train: Option<Samples>,
    /// The training samples in words.
    pub train_origin: String,
    /// The samples.
    pub samples: Samples,
    /// The samples in words.
    pub origin: String,
}

/// How data for a model is loaded.
pub struct Loader {
    data_dir: PathBuf,
    /// How to read files that somebody names, and what the model was trained on.
    given: Layout,
    trained: Layout,
}

impl Loader {
    /// Loads a name, a folder, or a file. A file of one's `own` is used whole, not just the tenth that training would
    /// hold out.
    ///
    /// # Errors
    /// If the data cannot be had.
    pub fn load(&self, what: &str, own: bool, progress: &dyn Progress) -> Result<Data> {
        let path = Path::new(what);
        let layout = if own { &self.given } else { &self.trained };
        if own && path.exists() && !path.is_dir() && named::find(what).is_none() {
            let samples = match is_csv(path) {
                true => all_of_csv(path, layout)?,
                false => Samples::from_idx(idx::read(path)?, path)?,
            };
            let origin = format!("all samples of {what}");
            return Ok(Data { train: None, train_origin: String::new(), samples, origin });
        }
        let data = handgrad_dataset::load(what, &self.data_dir, layout, progress)?;
        Ok(Data {
            train: Some(data.train),
            train_origin: data.origin,
            samples: data.validation,
            origin: data.validation_origin,
        })
    }
}

impl Subject {
    /// The first samples, at most so many, by their numbers.
    #[must_use]
    pub fn first(&self, count: u16) -> Vec<u32> {
        (0..u32::from(count).min(self.samples.len() as u32)).collect()
    }

    /// Keeps the samples of the classes that the model was trained on, as it was validated in training.
    pub fn keep_trained_classes(&mut self) {
        if !self.only_class.is_empty() {
            self.samples = self.samples.of_classes(&self.only_class);
            self.train = self.train.take().map(|train| train.of_classes(&self.only_class));
            self.origin = format!("those of the classes trained on of {}", self.origin);
        }
    }

    /// Samples that are normal, whose scores may set a threshold, and what they are in words: those that somebody
    /// names, or else the training samples of what the model was trained on. Some of them may be of other classes.
    ///
    /// # Errors
    /// If they cannot be had, or do not go with the model.
    pub fn normal(&mut self, named: Option<&str>, progress: &dyn Progress) -> Result<(Samples, String)> {
        let other = self.trained_on.as_deref().filter(|what| **what != self.what);
        let Some((what, own)) = named.map(|what| (what, true)).or(other.map(|what| (what, false))) else {
            let train = self.train.take().ok_or(Error::NoNormalData)?;
            return Ok((train, self.train_origin.clone()));
        };
        let Data { train, train_origin, samples, origin } = self.loader.load(what, own, progress)?;
        let (samples, origin) = match train {
            Some(train) => (train, train_origin),
            None => (samples, origin),
        };
        check_fit(&self.model, &samples).map_err(|error| Error::from(error).at(what))?;
        Ok((samples, origin))
    }
}
