//! Loads the data of a run, keeps the wanted classes, and sets the settings that depend on the data.

use handgrad_files::shown;
use std::path::{Path, PathBuf};

use handgrad_dataset::series::Channels;
use handgrad_dataset::tables::{KindName, Schema};
use handgrad_dataset::{DataSet, Samples, Values, named, thousands};
use handgrad_files::Progress;
use handgrad_layers::Activation;
use handgrad_models::{LayerSpec, Scale, Spec, TrainedOn};
use handgrad_tasks::{check_targets, check_uses};

use ndarray::Array2;

use crate::settings::{self, FillName, LossName, ScaleName};
use crate::{Config, Error, Result, Settings, kinds, schema};

/// How many steps a network for tables is trained, unless the number of epochs is given. On three tables of 1,831 to
/// 11,183 rows, more steps no longer improved it.
const TABLE_STEPS: usize = 10_000;
/// How many steps a network for series is trained, unless the number of epochs is given.
const SERIES_STEPS: usize = 5_000;
/// The most epochs of a short table or series, unless their number is given.
const MOST_EPOCHS: usize = 1000;

/// Returns the default folder of the named data sets: the environment variable `HANDGRAD_DATA`, otherwise `data`.
#[must_use]
pub fn usual_data_dir() -> PathBuf {
    std::env::var_os("HANDGRAD_DATA").map_or_else(|| "data".into(), PathBuf::from)
}

/// Loads the data that a configuration names.
pub(crate) fn load(config: &Config, progress: &dyn Progress) -> Result<DataSet> {
    let settings = config.settings();
    let data_dir = settings.data_dir.clone().unwrap_or_else(usual_data_dir);
    let what = settings.data.as_deref().ok_or_else(|| {
        Error::Usage("data is missing, and this preset has none: name a data set, a folder or a file".into())
    })?;
    if settings::is_table(settings) && matches!(settings.fill, Some(FillName::Previous)) {
        return Err(Error::Usage(
            "fill is previous, the value of the previous step, but the rows of a table are no steps: use mean or zero, \
             or leave it out, and missing is a value of its own"
                .into(),
        ));
    }
    let mut layout = settings.layout();
    if let (Some(asked), Some(path)) = (&mut layout.table, &settings.schema) {
        asked.kinds = schema::read(path)?;
    }
    Ok(handgrad_dataset::load(what, &data_dir, &layout, progress)?)
}

impl Config {
    /// Computes the scale from the training samples, if the configuration has the setting `scale`.
    ///
    /// # Errors
    /// If all values of the samples are the same.
    pub fn scale_for(&self, data: &DataSet) -> Result<Option<Scale>> {
        if settings::is_table(self.settings()) {
            // Each column of a table has its own scale, which is part of what is known about the column.
            return Ok(None);
        }
        let channels = data.series.as_ref().and_then(|_| data.train.shape.get(1)).copied().unwrap_or(1);
        self.settings().scale.map(|name| scale_of(name, &data.train, channels)).transpose()
    }

    /// Chooses the squared error instead of the binary cross-entropy of a preset if the training samples are not within
    /// 0..1, and a scale if there is none. Returns what was chosen and why, in one line.
    pub(crate) fn choose_loss(&mut self, data: &DataSet) -> Option<String> {
        let ((low, high), scale) = (data.train.range(), self.settings().scale);
        let is_unit = match scale {
            None => low >= 0.0 && high <= 1.0,
            Some(scale) => scale == ScaleName::MinMax,
        };
        let is_table = data.table.is_some() || data.series.is_some();
        if !self.has_usual_loss() || self.settings().loss() != LossName::Bce || is_unit || is_table || low == high {
            return None;
        }
        let settings = self.settings_mut();
        settings.loss = Some(LossName::Mse);
        let scaled = if scale.is_none() { " and the scale standard" } else { "" };
        settings.scale = scale.or(Some(ScaleName::Standard));
        Some(format!(
            "the loss is the squared error{scaled}, because the training values are from {low} to {high}, and the \
             usual loss of this preset, binary cross-entropy, needs values within 0..1"
        ))
    }

    /// Checks that the loss is defined for the samples, sets the default of the output activation, and returns the
    /// specification of the network.
    ///
    /// # Errors
    /// If the loss is not defined for the samples, or if the settings do not fit together.
    pub fn fit_to(&mut self, data: &DataSet, scale: Option<Scale>) -> Result<Spec> {
        if let Some(schema) = &data.table {
            return self.fit_to_table(schema, [&data.train, &data.validation]);
        }
        let loss = self.settings().loss();
        let (train, validation) = (&data.train, &data.validation);
        if scale.is_none() {
            for (samples, set) in [(train, "training"), (validation, "validation")] {
                self.check_large(samples, set)?;
            }
        }
        match scaled_range(train, scale.as_ref()) {
            (low, high) if low == high => return Err(Error::AllEqual { value: train.range().0 }),
            _ => {}
        }
        check_targets(loss.into(), scale.as_ref(), train).map_err(|error| Error::from(error).at("training samples"))?;
        check_uses(loss.into(), scale.as_ref(), validation)
            .map_err(|error| Error::from(error).at("validation samples"))?;
        let is_unit = loss == LossName::Bce
            || [&data.train, &data.validation].iter().all(|samples| {
                let (low, high) = scaled_range(samples, scale.as_ref());
                low >= 0.0 && high <= 1.0
            });
        let usual = if is_unit && loss != LossName::CrossEntropy { Activation::Sigmoid } else { Activation::Linear };
        self.settings_mut().output_activation.get_or_insert(usual);
        match &data.series {
            Some(series) => self.fit_to_series(series, data, scale),
            None => Ok(Spec { scale, value_kind: Some(kinds::of(&data.train)), ..self.spec(&data.train.shape)? }),
        }
    }

    /// Returns the specification of a network for series: the channels are a part of it, and its first layer is a mask
    /// if values are missing or series are padded.
    fn fit_to_series(&mut self, channels: &Channels, data: &DataSet, scale: Option<Scale>) -> Result<Spec> {
        let settings = self.settings_mut();
        let steps = data.train.len().div_ceil(settings.batch_size());
        settings.epochs.get_or_insert((SERIES_STEPS / steps.max(1)).clamp(1, MOST_EPOCHS));
        let mut shape = data.train.shape.clone();
        let missing = [&data.train, &data.validation].iter().any(|samples| samples.any_missing());
        if missing {
            check_takes_missing(settings).map_err(Error::Usage)?;
            if settings::is_recurrent(settings) && shape.len() == 1 {
                // Each step has a value and a flag.
                shape.push(1);
            }
        }
        let mut spec = Spec { scale, series: Some(channels.clone()), ..self.spec(&shape)? };
        if missing {
            spec.encoder.insert(0, LayerSpec::Mask { rate: 0.0 });
        }
        Ok(spec)
    }

    /// Returns the specification of a network for the rows of a table: the columns are a part of it, and its first
    /// layer is a mask if columns are hidden in training or values are missing.
    fn fit_to_table(&mut self, schema: &Schema, [train, validation]: [&Samples; 2]) -> Result<Spec> {
        let settings = self.settings_mut();
        let linear = settings.loss() != LossName::Bce;
        let usual = if linear { Activation::Linear } else { Activation::Sigmoid };
        let output = *settings.output_activation.get_or_insert(usual);
        let has_category = schema.used().any(|column| column.kind_name() == KindName::Category);
        if has_category && linear && output != Activation::Linear {
            return Err(Error::Usage(format!(
                "output_activation is {}, but the table has categories, whose softmax is in the loss: leave it out",
                output.name()
            )));
        }
        if settings.fill == Some(FillName::Previous) {
            return Err(Error::Usage(
                "fill is previous, but rows of a table do not follow each other: use mean or zero, or leave it out, \
                 and missing is a value of its own"
                    .into(),
            ));
        }
        let steps = train.len().div_ceil(settings.batch_size());
        settings.epochs.get_or_insert((TABLE_STEPS / steps.max(1)).clamp(2, MOST_EPOCHS));
        let rate = settings.hide();
        let mut spec = Spec { table: Some(schema.clone()), ..self.spec(&[schema.width()])? };
        // Held-out rows decide only whether there is a mask.
        let has_missing = |samples: &Samples| match &samples.values {
            Values::Doubles(values) => values.iter().any(|value| value.is_nan()),
            _ => false,
        };
        let missing = has_missing(train) || has_missing(validation);
        if rate > 0.0 || (missing && self.settings().fill.is_none()) {
            spec.encoder.insert(0, LayerSpec::Mask { rate });
        }
        Ok(spec)
    }

    /// Refuses values that are too large for a 32-bit number. They can be used only if they are scaled.
    fn check_large(&self, samples: &Samples, set: &str) -> Result<()> {
        let Some((sample, position, value)) = samples.first_too_large() else { return Ok(()) };
        let problem = format!(
            "sample {sample} of the {set} samples has {value:e} at position {position} (both counted from 0), which \
             is too large for a 32-bit number: train with a scale, such as min-max, or correct the value"
        );
        let path = self.settings().data.clone().unwrap_or_default().into();
        Err(handgrad_dataset::Error::Unfit { path, problem }.into())
    }

    /// Makes the path of the data absolute, so that the configuration gives the same run from any working folder.
    pub(crate) fn keep_whole_path(&mut self) -> Result<()> {
        let what = self.settings().data.clone().unwrap_or_default();
        let cannot = |path: PathBuf| move |source| Error::CannotRead { path, source };
        if let Some(schema) = self.settings().schema.clone() {
            let whole = std::path::absolute(&schema).map_err(cannot(schema))?;
            unicode(&whole)?;
            self.settings_mut().schema = Some(whole);
        }
        if named::find(&what).is_some() {
            let data_dir = self.settings().data_dir.clone().unwrap_or_else(usual_data_dir);
            let whole = std::path::absolute(&data_dir).map_err(cannot(data_dir))?;
            unicode(&whole)?;
        } else if is_stream(&what) {
            // Links are not resolved: in `/proc`, the link of a pipe leads to `pipe:[123]`, which is not a file.
            let whole = std::path::absolute(&what).map_err(cannot(what.into()))?;
            self.settings_mut().data = Some(unicode(&whole)?);
        } else if Path::new(&what).exists() {
            let whole = Path::new(&what).canonicalize().map_err(cannot(what.into()))?;
            self.settings_mut().data = Some(unicode(&whole)?);
        }
        Ok(())
    }
}

/// Refuses settings with which a network cannot take missing values.
fn check_takes_missing(settings: &Settings) -> Result<(), String> {
    let why = if settings::is_convolutional(settings) {
        "a convolutional model cannot take"
    } else if settings.tied() {
        "a model with tied weights cannot take"
    } else if settings.loss() == LossName::CrossEntropy {
        "the loss cross-entropy is not defined for"
    } else {
        return Ok(());
    };
    Err(format!(
        "values are missing, or series are of unequal length, which {why}: choose another one, or fill missing values \
         with fill and cut series of unequal length with window"
    ))
}

/// Returns the file that a run is trained on, as its model file describes it. `None` for a named data set, a folder and
/// a pipe.
pub(crate) fn trained_on(config: &Config) -> Result<Option<TrainedOn>> {
    let settings = config.settings();
    let what = settings.data.as_deref().unwrap_or_default();
    if !is_file(what) {
        return Ok(None);
    }
    let (bytes, sha256) = handgrad_files::digest(Path::new(what))?;
    Ok(Some(TrainedOn { sha256, bytes, seed: settings.seed() }))
}

/// Returns whether the data is a single file, and neither a named data set nor a pipe.
pub(crate) fn is_file(what: &str) -> bool {
    named::find(what).is_none() && Path::new(what).is_file()
}

/// Returns whether the data is a pipe or a device, which can be read only once.
pub(crate) fn is_stream(what: &str) -> bool {
    named::find(what).is_none() && std::fs::metadata(what).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Converts a path to Unicode text, because a configuration contains only text.
fn unicode(path: &Path) -> Result<String> {
    let refusal = || {
        let path = shown(path);
        Error::Usage(format!("{path}: its name is not Unicode text, which the configuration of a run needs: rename it"))
    };
    Ok(path.to_str().ok_or_else(refusal)?.to_owned())
}

/// Computes the scale of this name from the training samples: one for all values, or one for each channel of a series
/// of shape steps × channels.
fn scale_of(name: ScaleName, train: &Samples, channels: usize) -> Result<Scale> {
    let mut scale = Scale { offset: Vec::new(), factor: Vec::new() };
    for channel in 0..channels {
        let of_channel = |use_value: &mut dyn FnMut(f64)| {
            for numbers in train.numbers().chunks(CHUNK) {
                let rows = train.exact_rows(numbers);
                rows.rows()
                    .into_iter()
                    .for_each(|row| row.iter().skip(channel).step_by(channels).copied().for_each(&mut *use_value));
            }
        };
        let (mut low, mut high, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
        of_channel(&mut |value| {
            if !value.is_nan() {
                (low, high, sum, count) = (low.min(value), high.max(value), sum + value, count + 1.0);
            }
        });
        if low == high && channels > 1 {
            // The other channels may differ. This one becomes 0.
            scale.offset.push(low);
            scale.factor.push(1.0);
            continue;
        }
        if low >= high {
            return Err(Error::NoScale { value: low, channel: (channels > 1).then_some(channel + 1) });
        }
        let (offset, factor) = match name {
            ScaleName::MinMax => (low, high - low),
            ScaleName::Standard => {
                let (mean, mut squares) = (sum / count, 0.0);
                of_channel(&mut |value| squares += if value.is_nan() { 0.0 } else { (value - mean).powi(2) });
                (mean, (squares / count).sqrt())
            }
        };
        scale.offset.push(offset);
        scale.factor.push(factor);
    }
    Ok(scale)
}

/// The number of samples whose values are read at a time.
const CHUNK: usize = 1 << 10;

/// Returns the smallest and the largest value after scaling.
fn scaled_range(samples: &Samples, scale: Option<&Scale>) -> (f32, f32) {
    let Some(scale) = scale else { return samples.range() };
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for numbers in samples.numbers().chunks(CHUNK) {
        for ((_, at), &value) in samples.exact_rows(numbers).indexed_iter() {
            let value = scale.apply(at, value) as f32;
            (low, high) = (low.min(value), high.max(value));
        }
    }
    (low, high)
}

/// Returns the scaled samples. Only their fingerprint needs all of them at once; the trainer scales batch by batch.
pub(crate) fn scaled(samples: &Samples, scale: &Scale) -> Samples {
    let mut values = Array2::zeros((samples.len(), samples.features()));
    for numbers in samples.numbers().chunks(CHUNK) {
        let first = numbers[0] as usize;
        for ((row, at), &value) in samples.exact_rows(numbers).indexed_iter() {
            values[[first + row, at]] = scale.apply(at, value) as f32;
        }
    }
    Samples { values: Values::Floats(values), shape: samples.shape.clone(), labels: None, places: None }
}

/// Keeps only the samples of these classes, for training and for validation.
pub(crate) fn keep_classes(classes: &[String], data: &mut DataSet) -> Result<()> {
    let noun = if classes.len() == 1 { "class" } else { "classes" };
    let named = classes.join(", ");
    let parts = [(&mut data.train, &mut data.origin), (&mut data.validation, &mut data.validation_origin)];
    for (samples, origin) in parts {
        let Some(labels) = &samples.labels else {
            return Err(Error::NoLabels.at(origin.clone()));
        };
        if let Some(class) = classes.iter().find(|class| !labels.has(class)) {
            let (class, there) = (class.clone(), samples.classes());
            return Err(Error::from(handgrad_tasks::Error::NoSuchClass { class, there }).at(origin.clone()));
        }
        *samples = samples.of_classes(classes);
        *origin = format!("the {} of {noun} {named} among {origin}", thousands(samples.len()));
    }
    Ok(())
}
