//! What the folder of a finished run tells: its settings, its losses and its model.

use std::path::Path;

use handgrad_dataset::named;
use handgrad_models::{Model, Part};
use serde_json::{Map, Value};

use crate::folder::METRICS;
use crate::settings::{Group, SETTINGS, Setting};
use crate::{Error, Result, Settings};

/// A finished run, as its folder describes it.
pub struct History {
    /// The trained model.
    pub model: Model,
    /// The settings that the configuration states.
    pub settings: Settings,
    /// The losses of each epoch, the first one first.
    pub epochs: Vec<Measured>,
    /// The terms of the validation loss: the name of each, and its value in each epoch.
    pub terms: Vec<(String, Vec<f64>)>,
}

/// What `metrics.csv` says about an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The number of the epoch, counted from 1.
    pub epoch: usize,
    /// The training loss.
    pub train_loss: f64,
    /// The validation loss, with all its terms.
    pub validation_loss: f64,
    /// The reconstruction term of the validation loss per value of a sample.
    pub reconstruction_per_value: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The duration in seconds.
    pub seconds: f64,
}

/// The largest `metrics.csv` that is read. A million epochs take less.
const MOST_BYTES: u64 = 1 << 28;

impl History {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// If the folder has no finished run, or one of its files cannot be read.
    pub fn read(run: &Path) -> Result<Self> {
        if !run.is_dir() {
            return Err(Error::NoRun { path: run.into(), config: crate::folder::CONFIG });
        }
        let (model, settings) = crate::model(run, &[Part::Whole])?;
        let path = run.join(METRICS);
        let bytes = handgrad_files::read(&path, MOST_BYTES)?;
        let unread = |what: String| Error::Configuration { path: path.clone(), line: None, what };
        let text = String::from_utf8(bytes).map_err(|_| unread("is not text in UTF-8".into()))?;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        const NAMES: [&str; 6] =
            ["epoch", "train_loss", "val_loss", "val_reconstruction_per_value", "learning_rate", "seconds"];
        let mut columns = [0; 6];
        for (column, name) in columns.iter_mut().zip(NAMES) {
            let found = header.iter().position(|column| *column == name);
            *column = found.ok_or_else(|| unread(format!("has no column {name}, as training writes it")))?;
        }
        let is_term = |name: &str| name.starts_with("val_") && name != NAMES[2] && !name.contains("_per_");
        let places = header.iter().enumerate().filter(|(_, name)| is_term(name));
        let mut terms: Vec<(usize, String, Vec<f64>)> =
            places.map(|(at, name)| (at, name.trim_start_matches("val_").replace('_', " "), Vec::new())).collect();
        let mut epochs = Vec::new();
        for (number, line) in (2..).zip(lines) {
            let cells: Vec<&str> = line.split(',').collect();
            let read = |at: usize| cells.get(columns[at]).and_then(|cell| cell.parse::<f64>().ok());
            let values = [0, 1, 2, 3, 4, 5].map(read);
            let [
                Some(epoch),
                Some(train_loss),
                Some(validation_loss),
                Some(reconstruction_per_value),
                Some(learning_rate),
                Some(seconds),
            ] = values
            else {
                return Err(unread(format!(
                    "line {number} is not a whole line of numbers: continue the run, which repairs the file"
                )));
            };
            let epoch = epoch as usize;
            for (at, _, values) in &mut terms {
                values.push(cells.get(*at).and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN));
            }
            epochs.push(Measured {
                epoch,
                train_loss,
                validation_loss,
                reconstruction_per_value,
                learning_rate,
                seconds,
            });
        }
        if epochs.is_empty() {
            return Err(unread("has no epoch yet: finish the run first".into()));
        }
        let terms = terms.into_iter().map(|(_, name, values)| (name, values)).collect();
        Ok(Self { model, settings, epochs, terms })
    }

    /// The epoch whose weights were kept: with early stopping the one with the smallest validation loss, otherwise the
    /// last one.
    #[must_use]
    pub fn kept(&self) -> Measured {
        let last = self.epochs[self.epochs.len() - 1];
        if self.settings.early_stopping.is_none() {
            return last;
        }
        let smaller =
            |best: Measured, epoch: &Measured| if epoch.validation_loss < best.validation_loss { *epoch } else { best };
        self.epochs.iter().fold(self.epochs[0], smaller)
    }
}

/// A setting in which runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The name of the setting.
    pub name: String,
    /// Its value in each run, in words; a dash where it is not set.
    pub values: Vec<String>,
}

/// Returns the settings in which the runs differ, in the order of the configuration.
///
/// ```
/// use handgrad_runs::{Settings, history::differences};
///
/// let [a, b] = ["8", "16"].map(|units| Settings::of(&[("layers", units), ("epochs", "5")]).expect("valid"));
/// let found = differences(&[&a, &b]);
/// assert_eq!((found[0].name.as_str(), &found[0].values[..]), ("layers", &["8".to_owned(), "16".to_owned()][..]));
/// assert_eq!(found.len(), 1);
/// ```
#[must_use]
pub fn differences(settings: &[&Settings]) -> Vec<Difference> {
    let fields = |settings: &&Settings| match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let fields: Vec<Map<String, Value>> = settings.iter().map(fields).collect();
    let names = SETTINGS.iter().map(|setting| setting.name).filter(|name| *name != "data_dir");
    let in_words = |value: &Value| match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.iter().map(text).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    let difference = |name: &str| {
        let values: Vec<String> =
            fields.iter().map(|fields| in_words(fields.get(name).unwrap_or(&Value::Null))).collect();
        let differ = values.iter().any(|value| *value != values[0]);
        differ.then(|| Difference { name: name.to_owned(), values })
    };
    names.filter_map(difference).collect()
}

/// Returns why the reconstruction errors of runs cannot be compared, or `None` if they can: the runs need the same kind
/// of loss, the same data and the same validation samples.
#[must_use]
pub fn not_comparable(runs: &[&History]) -> Option<&'static str> {
    let kinds = || runs.iter().map(|run| run.model.network().loss().kind);
    if kinds().any(|kind| Some(kind) != kinds().next()) {
        return Some("their losses are of different kinds");
    }
    let differences = differences(&runs.iter().map(|run| &run.settings).collect::<Vec<_>>());
    let is_of_data = |name: &str| {
        let is = |setting: &Setting| setting.name == name && setting.group == Group::Data;
        name == "data" || (name != "validation_split" && SETTINGS.iter().any(is))
    };
    if differences.iter().any(|difference| is_of_data(&difference.name)) {
        return Some("their data differ, or how it was read or scaled");
    }
    // A file can have changed between two runs.
    let contents = || runs.iter().map(|run| run.model.spec().trained_on.as_ref().map(|file| &file.sha256));
    if contents().any(|content| Some(content) != contents().next()) {
        return Some("the content of their data differs");
    }
    // The seed draws the validation samples, unless the data set has some of its own.
    let draws = |run: &&History| {
        let is_named = run.settings.data.as_deref().is_some_and(|data| named::find(data).is_some());
        run.settings.validation_split.is_some() || !is_named
    };
    let differs = |name: &str| differences.iter().any(|difference| difference.name == name);
    if differs("validation_split") || (differs("seed") && runs.iter().any(draws)) {
        return Some("their validation samples differ");
    }
    None
}
