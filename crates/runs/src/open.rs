//! Opens a trained model and loads the samples to use it on.

use std::path::{Path, PathBuf};

use handgrad_dataset::csv::{Fill, Label, Layout};
use handgrad_dataset::tables::{self, Schema, Table};
use handgrad_dataset::{Samples, Whole, count, is_csv, named, series, sizes, without_parts};
use handgrad_files::{Progress, shown};
use handgrad_models::{LayerSpec, Model, Part, TrainedOn, ValueKind};
use handgrad_tasks::check_fit;

use crate::data::is_stream;
use crate::folder::{CHECKPOINTS, CONFIG, LOCK, MODEL};
use crate::kinds;
use crate::kinship::{Kinship, is_same_path};
use crate::{Error, Result, Settings, usual_data_dir};

/// The data to use a model on. Each field that is `None` has the value of the model's training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The data: the name of a data set, a folder or a file.
    pub data: Option<String>,
    /// The column of the labels in a CSV file.
    pub label_column: Option<String>,
    /// Whether the first row of a CSV file is a header.
    pub header: Option<bool>,
    /// What replaces missing values in a CSV file.
    pub fill: Option<Fill>,
    /// The folder of the named data sets.
    pub data_dir: Option<PathBuf>,
}

/// Loads a trained model from a run folder or a model file, and returns it with the settings of its run. For a model
/// file, which has no settings, these are empty. The file must contain one of `parts`: the whole model, its encoder or
/// its decoder.
///
/// # Errors
/// If there is no model, if it is another part, or if the settings cannot be read.
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
        let of_file = |error| Error::Model(error).at(shown(&path));
        if part == Part::Classifier {
            return Err(of_file(handgrad_models::Error::IsClassifier));
        }
        if *parts == [Part::Classifier] {
            return Err(of_file(handgrad_models::Error::NotAClassifier));
        }
        let name = |part: &Part| if *part == Part::Whole { "a whole model" } else { part.name() };
        // A classifier is no part.
        let parts = parts.iter().filter(|part| **part != Part::Classifier);
        let needed = parts.map(name).collect::<Vec<_>>().join(" or its ");
        return Err(Error::WrongPart { path, part: part.name(), needed });
    }
    let settings = match config.filter(|config| config.exists()) {
        Some(config) => Settings::read(&config)?,
        None => Settings::default(),
    };
    Ok((model, settings))
}

fn is_square(model: &Model) -> bool {
    matches!(model.spec().input[..], [height, width] if height == width)
}

fn is_recurrent(model: &Model) -> bool {
    model.spec().encoder.iter().any(|layer| matches!(layer, LayerSpec::Recurrent(_)))
}

/// Returns an error if a picture cannot be a sample of this model: if it was trained on a CSV file, or if it is
/// recurrent, nothing is known about its data, and a sample is not square. A recurrent model of images reads them line
/// by line.
///
/// # Errors
/// [`Error::NotImages`].
pub fn check_takes_pictures(model: &Model, settings: &Settings) -> Result<()> {
    let trained_on = match settings.data.as_deref() {
        Some(data) if is_csv(Path::new(data)) || series::is_file(Path::new(data)) => "a table or a series",
        _ if model.spec().value_kind == Some(ValueKind::Numbers) => "numbers that are not within 0..1, as pictures are",
        None if is_recurrent(model) && !is_square(model) => "sequences, as far as the model file shows",
        _ => return Ok(()),
    };
    Err(Error::NotImages { trained_on: trained_on.into(), shape: sizes(&model.spec().input) })
}

/// A trained model and the samples to use it on. The samples are not scaled.
pub struct Subject {
    /// The model.
    pub model: Model,
    /// The samples.
    pub samples: Samples,
    /// The samples in words.
    pub origin: String,
    /// What was understood from the files, in lines for people.
    pub understood: Vec<String>,
    /// The training samples of the same data. `None` if the data is a single file that the user named.
    pub train: Option<Samples>,
    /// The training samples in words.
    pub train_origin: String,
    /// The name or path of the data from which the samples were loaded.
    pub what: String,
    /// The name or path of the data that the model was trained on, if it is known.
    pub trained_on: Option<String>,
    /// What the user should know about the data, in whole sentences.
    pub notes: Vec<String>,
    /// The content of the file that the model was trained on, if it is known.
    content: Option<TrainedOn>,
    /// The classes that the model was trained on. Empty if the training was not restricted to some classes.
    pub only_class: Vec<String>,
    /// Loads more data for the same model.
    pub loader: Loader,
    /// The table from which the samples come, if they are rows of one.
    pub table: Option<OfTable>,
}

/// The table from which samples come.
pub struct OfTable {
    /// The table.
    pub table: Table,
    /// For each sample, its row in the table, counted from 0.
    pub rows: Vec<usize>,
    /// The same for each training sample. Empty if there are none.
    pub train_rows: Vec<usize>,
}

/// Opens a whole model and loads data for it: the wanted data, or by default the data that it was trained on.
///
/// # Errors
/// If there is no such model or no such data, or if they do not fit together.
pub fn open(run: &Path, wanted: &Wanted, progress: &dyn Progress) -> Result<Subject> {
    open_one_of(run, wanted, &[Part::Whole], progress)
}

/// Like [`open`], for a model that may be any of `parts`.
///
/// # Errors
/// As [`open`].
pub fn open_one_of(run: &Path, wanted: &Wanted, parts: &[Part], progress: &dyn Progress) -> Result<Subject> {
    let (model, mut settings) = model(run, parts)?;
    let trained = settings.layout();
    let trained_on = settings.data.take();
    let what = wanted.data.clone().or(trained_on.clone()).ok_or_else(|| Error::NoData { path: run.into() })?;
    if wanted.data.is_none() && is_stream(&what) {
        return Err(Error::NoData { path: run.into() });
    }
    if model.spec().table.is_some() && !is_csv(Path::new(&what)) {
        return Err(Error::NotATable { what });
    }
    let is_text = is_csv(Path::new(&what));
    let for_csv = wanted.label_column.is_some() || wanted.header.is_some();
    let takes_fill = is_text || series::is_file(Path::new(&what));
    if (for_csv && !is_text) || (wanted.fill.is_some() && !takes_fill) {
        return Err(Error::NotCsv { what });
    }
    if model.spec().table.is_some() && wanted.fill.is_some() {
        let text = "fill is given, but what replaces missing cells of a table is a part of the model: leave it out";
        return Err(Error::Usage(text.into()));
    }
    let knows_means = model.spec().series.as_ref().is_none_or(|channels| channels.fill.is_some());
    if wanted.fill == Some(Fill::Mean) && !knows_means {
        let text = "fill is mean, but the model was trained without fill and does not know the means of the training: \
                    take zero or previous, or leave it out";
        return Err(Error::Usage(text.into()));
    }
    let content = model.spec().trained_on.clone();
    // Models that do not know the content of their file were trained when the last rows were held out.
    let is_folder = handgrad_dataset::is_picture_folder(Path::new(&what))?;
    let seed = content.as_ref().map(|content| content.seed).or(is_folder.then(|| settings.seed()));
    let trained = Layout { seed, ..trained };
    let mut trained = with_channels(trained, &model);
    if let Some(schema) = &model.spec().table
        && schema.label_column.is_some()
    {
        trained.label = Label::Trained {
            name: schema.label_column.clone().filter(|_| schema.has_header),
            at: Box::new(trained.label),
            known: schema.columns.iter().map(|column| column.name.clone()).collect(),
        };
    }
    let label = wanted.label_column.as_deref().map_or(trained.label.clone(), Label::of);
    // Other pictures are scaled to the size that the model takes, and read with its channels.
    let (size, in_colour) = match model.spec().input[..] {
        [3, height, width] => (Some([height, width]), Some(true)),
        [height, width] | [1, height, width] => (Some([height, width]), Some(false)),
        _ => (None, None),
    };
    let loader = Loader {
        data_dir: wanted.data_dir.clone().or(settings.data_dir).unwrap_or_else(usual_data_dir),
        given: Layout {
            label,
            header: wanted.header.or(trained.header),
            fill: wanted.fill.or(trained.fill),
            size,
            in_colour,
            ..trained.clone()
        },
        trained,
        schema: model.spec().table.clone(),
        value_kind: model.spec().value_kind,
    };
    let kinship = Kinship::of(&what, content.as_ref())?;
    let is_same_path = trained_on.as_deref().is_some_and(|trained_on| is_same_path(trained_on, &what));
    // Without the samples that were held out in training, all samples of the file are used.
    let own = wanted.data.is_some() || matches!(kinship, Kinship::Grown | Kinship::Other);
    let notes = kinship.note(&what, is_same_path, own).into_iter().collect();
    let Data { train, train_origin, samples, origin, understood, table } = loader.load(&what, own, progress)?;
    check_fit(&model, &samples).map_err(|error| Error::from(error).at(shown(&what)))?;
    let only_class = settings.only_class.unwrap_or_default().0;
    // The data of the training is where its content was found.
    let trained_on = trained_on.map(|path| if kinship == Kinship::Same { what.clone() } else { path });
    Ok(Subject {
        model,
        samples,
        origin,
        understood,
        train,
        train_origin,
        what,
        trained_on,
        notes,
        content,
        only_class,
        loader,
        table,
    })
}

/// Adds the channels that a model of series knows to the way in which its data is read.
fn with_channels(layout: Layout, model: &Model) -> Layout {
    let Some(channels) = &model.spec().series else { return layout };
    let known = series::Known { channels: channels.clone(), steps: model.spec().input.first().copied().unwrap_or(0) };
    let asked = layout.series.unwrap_or_default();
    Layout { series: Some(series::Asked { known: Some(known), ..asked }), ..layout }
}

/// Samples to use a model on, and the training samples of the same data.
pub struct Data {
    /// The training samples. `None` if the data is a single file that the user named.
    pub train: Option<Samples>,
    /// The training samples in words.
    pub train_origin: String,
    /// The samples.
    pub samples: Samples,
    /// The samples in words.
    pub origin: String,
    /// What was understood from the files, in lines for people.
    pub understood: Vec<String>,
    /// The table from which the samples come, if they are rows of one.
    pub table: Option<OfTable>,
}

/// Loads data for a model.
pub struct Loader {
    data_dir: PathBuf,
    /// How to read a CSV file: `given` is for a file that the user names, `trained` for the data of the training.
    given: Layout,
    trained: Layout,
    /// The columns that the model was trained on, if it was trained on a table.
    schema: Option<Schema>,
    /// What the values of the training data were.
    value_kind: Option<ValueKind>,
}

impl Loader {
    /// Loads a named data set, a folder or a file. `own` says that the user named the data: then all samples of a file
    /// are used, not only the tenth that training would hold out.
    ///
    /// # Errors
    /// If the data cannot be loaded.
    pub fn load(&self, what: &str, own: bool, progress: &dyn Progress) -> Result<Data> {
        let path = Path::new(what);
        let mut layout = if own { self.given.clone() } else { self.trained.clone() };
        if let Some(schema) = &self.schema {
            return of_table(schema, &layout, path, own, progress);
        }
        if own && !handgrad_dataset::is_picture_folder(path)? {
            // The size is for pictures.
            layout.size = None;
        }
        if own
            && path.exists()
            && named::find(what).is_none()
            && let Some(Whole { samples, origin, mut understood }) = without_parts(path, &layout, progress)?
        {
            let (samples, note) = kinds::as_trained(self.value_kind, samples);
            understood.extend(note);
            return Ok(Data { train: None, train_origin: String::new(), samples, origin, understood, table: None });
        }
        let mut data = handgrad_dataset::load(what, &self.data_dir, &layout, progress)?;
        let (samples, note) = kinds::as_trained(self.value_kind, data.validation);
        data.understood.extend(note);
        Ok(Data {
            train: Some(kinds::as_trained(self.value_kind, data.train).0),
            train_origin: data.origin,
            samples,
            origin: data.validation_origin,
            understood: data.understood,
            table: None,
        })
    }
}

/// Reads a table for a model of tables: all rows of one that the user named, otherwise the rows that training held out.
fn of_table(schema: &Schema, layout: &Layout, path: &Path, own: bool, progress: &dyn Progress) -> Result<Data> {
    let table = tables::read(path, &layout.label, layout.header, progress)?;
    let name = shown(path);
    let (all, mut train_rows) = (schema.samples(&table)?, Vec::new());
    let all_rows = all.len();
    let (train, train_origin, rows, origin) = if own {
        (None, String::new(), all, format!("all rows of {name}"))
    } else {
        let (train, rows, words) = tables::rows_of(&table, &all, layout.seed)?;
        let origin = format!("{}, {words} of {name}", count(rows.len(), "row", "rows"));
        let train_origin = format!("{} of {name}", count(train.len(), "row", "rows"));
        let samples = tables::samples_of(&table, schema, &train)?.0;
        train_rows = train;
        (Some(samples), train_origin, rows, origin)
    };
    let (samples, rows, mut told) = tables::samples_of(&table, schema, &rows)?;
    if own {
        // Rows with values only in columns that are not used were left out before.
        told.empty_rows += table.len() - all_rows;
    }
    Ok(Data {
        train,
        train_origin,
        samples,
        origin,
        understood: told.lines(),
        table: Some(OfTable { table, rows, train_rows }),
    })
}

impl Loader {
    /// Loads the training samples of the data that the model was trained on.
    ///
    /// # Errors
    /// If this data is not known or cannot be loaded.
    pub fn trained(&self, trained_on: Option<&str>, progress: &dyn Progress) -> Result<Samples> {
        let what = trained_on.ok_or(Error::NoNormalData)?;
        self.load(what, false, progress)?.train.ok_or(Error::NoNormalData)
    }
}

impl Subject {
    /// Returns the numbers of the first `count` samples, or of all samples if there are fewer.
    #[must_use]
    pub fn first(&self, count: u16) -> Vec<u32> {
        (0..u32::from(count).min(self.samples.len() as u32)).collect()
    }

    /// Keeps only the samples of the classes that the model was trained on, as the validation in training did.
    pub fn keep_trained_classes(&mut self) {
        if !self.only_class.is_empty() {
            if let (Some(of), Some(labels)) = (&mut self.table, &self.samples.labels) {
                let kept = labels.among(&self.only_class);
                let mut kept = kept.iter();
                of.rows.retain(|_| kept.next() == Some(&true));
                if let Some(labels) = self.train.as_ref().and_then(|train| train.labels.as_ref()) {
                    let kept = labels.among(&self.only_class);
                    let mut kept = kept.iter();
                    of.train_rows.retain(|_| kept.next() == Some(&true));
                }
            }
            self.samples = self.samples.of_classes(&self.only_class);
            self.train = self.train.take().map(|train| train.of_classes(&self.only_class));
            self.origin = format!("the samples of the classes trained on, from {}", self.origin);
        }
    }

    /// Returns whether the samples are those that the model was trained on, or whether these are among them, as far as
    /// the content of the file tells.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn holds_training(&self) -> Result<bool> {
        Ok(matches!(Kinship::of(&self.what, self.content.as_ref())?, Kinship::Same | Kinship::Grown))
    }

    /// Returns the samples that the model was trained on, and describes them in words.
    ///
    /// # Errors
    /// If they are not known, cannot be loaded, or have changed.
    pub fn training(&mut self, progress: &dyn Progress) -> Result<(Samples, String)> {
        let (train, origin) = self.normal(None, progress).map_err(|error| match error {
            Error::NoNormalData => Error::NoTrainingData { why: "the training data of the model is not known".into() },
            Error::NormalDataGone { path } => Error::NoTrainingData {
                why: format!("{}: the model was trained on this data, which is gone", shown(&path)),
            },
            error => error,
        })?;
        match self.only_class.is_empty() {
            true => Ok((train, origin)),
            false => {
                Ok((train.of_classes(&self.only_class), format!("those of the classes trained on, from {origin}")))
            }
        }
    }

    /// Returns normal samples, whose scores can set a threshold, and describes them in words. They come from the data
    /// `named`, or by default from the training samples of the data that the model was trained on. Some of them may be
    /// of other classes.
    ///
    /// # Errors
    /// If they cannot be loaded, or do not fit the model.
    pub fn normal(&mut self, named: Option<&str>, progress: &dyn Progress) -> Result<(Samples, String)> {
        let is_loaded = self.train.is_some();
        let other = self.trained_on.as_deref().filter(|what| **what != self.what || !is_loaded);
        let Some((what, own)) = named.map(|what| (what, true)).or(other.map(|what| (what, false))) else {
            let train = self.train.take().ok_or(Error::NoNormalData)?;
            return Ok((train, self.train_origin.clone()));
        };
        if !own {
            let path = PathBuf::from(what);
            if named::find(what).is_none() && !path.exists() {
                return Err(Error::NormalDataGone { path });
            }
            match Kinship::of(what, self.content.as_ref())? {
                Kinship::Grown => return Err(Error::DataChanged { path, how: "has grown" }),
                Kinship::Other => return Err(Error::DataChanged { path, how: "has changed" }),
                Kinship::Same | Kinship::Unknown => {}
            }
        }
        let Data { train, train_origin, samples, origin, .. } = self.loader.load(what, own, progress)?;
        let (samples, origin) = match train {
            Some(train) => (train, train_origin),
            None => (samples, origin),
        };
        check_fit(&self.model, &samples).map_err(|error| Error::from(error).at(shown(what)))?;
        Ok((samples, origin))
    }
}
