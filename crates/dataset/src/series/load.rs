//! Loads series: reads a file, holds a part out, fills and pads, and makes samples.

use std::io::Read;
use std::path::{Path, PathBuf};

use handgrad_files::{Progress, place, shown};

use super::one::{Sequences, Series, fills};
use super::time::short;
use super::{Asked, Channels, Fills, cut, long, told, ts, tsv, wide};
use crate::csv::{Fill, Layout, Window};
use crate::held_out::held_out;
use crate::{DataSet, Error, Labels, Samples, count, tables, thousands};

/// The endings of the names of the two files of an archive, without that of the format.
const TRAINING: &str = "_train";
const TEST: &str = "_test";
/// The formats of the archives.
const ENDINGS: [&str; 2] = ["ts", "tsv"];

/// Returns whether the name of a file says that it holds series: whether it ends in `.ts` or `.tsv`.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    ENDINGS.iter().any(|ending| place::ends_in(path, ending))
}

/// Returns whether a folder has a file of training series, whose name ends in `_TRAIN.ts` or `_TRAIN.tsv`, in upper or
/// lower case.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    path.is_dir() && named(path, TRAINING).is_ok_and(|files| !files.is_empty())
}

/// Loads a file of series. If it is the training part of an archive and the test part is beside it, this is the
/// validation part; otherwise series, or the last tenth of a single one, are held out.
pub(crate) fn data_set(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<DataSet, Error> {
    if let Some(test) = other_part(path) {
        return pair(path, &test, layout, progress);
    }
    let mut reading = Reading::of(path, layout, progress)?;
    let told = reading.told(&reading.of.all);
    let (training, held, how) = reading.hold_out()?;
    let origin = if training.len() == 1 || reading.window.is_none() {
        shown(path)
    } else {
        format!("{} of {}", count(training.len(), "series", "series"), shown(path))
    };
    let parts = reading.parts(told, training, path, held, path)?;
    Ok(parts.data_set(file_name(path), &origin, &how))
}

/// Loads a folder with a training file and a test file.
pub(crate) fn folder(folder: &Path, layout: &Layout, progress: &dyn Progress) -> Result<DataSet, Error> {
    let training = only(folder, TRAINING, named(folder, TRAINING)?)?;
    let test = only(folder, TEST, named(folder, TEST)?)?;
    let set = pair(&training, &test, layout, progress)?;
    Ok(DataSet { name: folder.file_name().map_or_else(|| "folder".to_owned(), shown), ..set })
}

/// The test series of a folder that has no training series. `None` if it has no test series either.
///
/// # Errors
/// If the folder or its file cannot be read.
pub(crate) fn test_alone(
    folder: &Path,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<Option<(Samples, String)>, Error> {
    let files = named(folder, TEST)?;
    if is_folder(folder) || files.is_empty() {
        return Ok(None);
    }
    let path = only(folder, TEST, files)?;
    let (samples, _) = all_of(&path, layout, progress)?;
    Ok(Some((samples, format!("all series of {}", shown(&path)))))
}

/// Makes samples of all series of a file. Nothing is held out. Also returns what was understood, one line each.
///
/// # Errors
/// If the file cannot be read or is not valid, if its channels are not those that are known, or if a window is longer
/// than every series.
pub fn all_of(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<(Samples, Vec<String>), Error> {
    Reading::of(path, layout, progress)?.all()
}

/// Makes samples of all series in `text`, which is in the format that the ending of `path` says: `.ts`, `.tsv`, or
/// otherwise CSV. Errors name it `path`.
///
/// # Errors
/// As [`all_of`].
pub fn decode(text: impl Read, path: &Path, layout: &Layout) -> Result<(Samples, Vec<String>), Error> {
    let mut reading = Reading::empty(path, layout);
    reading.of = match () {
        () if place::ends_in(path, "ts") => ts::decode(text, path)?,
        () if place::ends_in(path, "tsv") => tsv::decode(text, path)?,
        () if reading.in_rows => long::of(&tables::decode_steps(text, path, layout)?, &reading.asked)?,
        () => wide::of(&tables::decode(text, path, &layout.label, layout.header, None, &())?, reading.known_steps())?,
    };
    reading.all()
}

fn pair(training: &Path, test: &Path, layout: &Layout, progress: &dyn Progress) -> Result<DataSet, Error> {
    let mut reading = Reading::of(training, layout, progress)?;
    let other = Reading::of(test, layout, progress)?;
    if other.of.channels != reading.of.channels {
        let [found, expected] = [&other, &reading].map(|reading| count(reading.of.channels, "channel", "channels"));
        return Err(Error::ShapesDiffer { path: test.to_path_buf(), found, expected });
    }
    let held = reading.join(other.of);
    let mut all = std::mem::take(&mut reading.of.all);
    let count = all.len();
    all.extend(held);
    let told = reading.told(&all);
    let held = all.split_off(count);
    let parts = reading.parts(told, all, training, held, test)?;
    Ok(parts.data_set(file_name(training), &shown(training), &file_name(test)))
}

/// A file that was read, and what is to be made of it.
struct Reading {
    of: Sequences,
    asked: Asked,
    fill: Option<Fill>,
    seed: Option<u64>,
    window: Option<Window>,
    /// Whether each row of a CSV file is one step.
    in_rows: bool,
    path: PathBuf,
}

/// Samples of both parts.
struct Parts {
    train: Samples,
    validation: Samples,
    channels: Channels,
    understood: Vec<String>,
    nouns: [&'static str; 2],
}

impl Reading {
    fn empty(path: &Path, layout: &Layout) -> Self {
        let asked = layout.series.clone().unwrap_or_default();
        let known = asked.known.as_ref().map(|known| &known.channels);
        let window = layout.window.or(known.and_then(|known| known.window)).filter(|_| !is_file(path));
        let in_rows = window.is_some() || asked.series.is_some() || known.is_some_and(|known| !known.names.is_empty());
        let (fill, seed, path) = (layout.fill, layout.seed, path.to_path_buf());
        Self { of: Sequences::default(), asked, fill, seed, window, in_rows, path }
    }

    /// The names of the steps that a model knows.
    fn known_steps(&self) -> &[String] {
        self.asked.known.as_ref().map_or(&[], |known| &known.channels.steps)
    }

    fn of(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Self, Error> {
        let mut reading = Self::empty(path, layout);
        reading.of = match () {
            () if place::ends_in(path, "ts") => ts::read(path)?,
            () if place::ends_in(path, "tsv") => tsv::read(path)?,
            () if reading.in_rows => long::of(&tables::read_steps(path, layout, progress)?, &reading.asked)?,
            () => wide::of(&tables::read(path, &layout.label, layout.header, progress)?, reading.known_steps())?,
        };
        Ok(reading)
    }

    /// Makes samples of all series, and says what was understood.
    fn all(mut self) -> Result<(Samples, Vec<String>), Error> {
        let mut all = std::mem::take(&mut self.of.all);
        let fill = self.fills(&all);
        let steps = self.steps(&[&all]);
        let told = self.told(&all);
        fill.iter().for_each(|fill| all.iter_mut().for_each(|series| series.fill(fill)));
        Ok((self.samples(&self.path, &all, steps)?, told))
    }

    /// The training series, the held-out series, and how they were held out. Series without a window are left out.
    fn hold_out(&mut self) -> Result<(Vec<Series>, Vec<Series>, String), Error> {
        let name = file_name(&self.path);
        let mut all = std::mem::take(&mut self.of.all);
        let longest = (0..all.len()).max_by_key(|&at| all[at].steps);
        if let Some(window) = self.window {
            if all.iter().filter(|series| cut::windows_in(std::slice::from_ref(series), window) > 0).count() < 2
                && let Some(longest) = longest
            {
                // The last steps of a single series are held out.
                let one = all.swap_remove(longest);
                if one.steps < 2 {
                    return Err(Error::TooFewSamples { path: self.path.clone(), found: one.steps });
                }
                let steps = one.steps - (one.steps / 10).max(1);
                let (training, held) = one.split(steps);
                return Ok((vec![training], vec![held], format!("the last tenth of {name}")));
            }
            all.retain(|series| cut::windows_in(std::slice::from_ref(series), window) > 0);
        }
        if all.len() < 2 {
            return Err(Error::TooFewSamples { path: self.path.clone(), found: all.len() });
        }
        let held = (all.len() / 10).max(1);
        let class = |series: &Series| match series.classes[..] {
            [class] => self.of.classes.get(class as usize).map(String::as_str),
            _ => None,
        };
        let labels = all.iter().map(class).collect::<Option<Vec<_>>>().map(Labels::named);
        let numbers = match self.seed {
            Some(seed) => held_out(all.len(), labels.as_ref(), held, seed).1,
            None => (all.len() - held..all.len()).collect(),
        };
        let (mut training, mut held) = (Vec::new(), Vec::new());
        for (number, series) in all.into_iter().enumerate() {
            if numbers.binary_search(&number).is_ok() { held.push(series) } else { training.push(series) }
        }
        let how = match self.window {
            Some(_) => format!("{}, drawn at random from {name}", count(held.len(), "series", "series")),
            None if self.seed.is_none() => format!("the last tenth of {name}"),
            None if labels.is_some() => format!("a random tenth of each class of {name}"),
            None => format!("a random tenth of {name}"),
        };
        Ok((training, held, how))
    }

    /// Adds the classes of another file, and returns its series.
    fn join(&mut self, other: Sequences) -> Vec<Series> {
        let classes = &mut self.of.classes;
        let places: Vec<u32> = other
            .classes
            .iter()
            .map(|class| match classes.iter().position(|own| own == class) {
                Some(at) => at as u32,
                None => {
                    classes.push(class.clone());
                    classes.len() as u32 - 1
                }
            })
            .collect();
        let mut all = other.all;
        all.iter_mut().flat_map(|series| &mut series.classes).for_each(|class| *class = places[*class as usize]);
        all
    }

    /// What replaces missing values: what the model knows, or what these series teach.
    fn fills(&self, training: &[Series]) -> Option<Fills> {
        let known = self.asked.known.as_ref().map(|known| &known.channels.fill);
        match (known, self.fill) {
            (Some(Some(fills)), by) => Some(Fills { by: by.unwrap_or(fills.by), values: fills.values.clone() }),
            // Nothing is learnt from the data that a model is used on, so there is no mean.
            (Some(None), None) | (None, None) => None,
            // Whoever opens a model refuses the mean here.
            (Some(None), Some(by)) => Some(Fills { by, values: vec![0.0; self.of.channels] }),
            (None, Some(by)) => Some(fills(by, training, self.of.channels)),
        }
    }

    /// The number of steps of a sample.
    fn steps(&self, parts: &[&[Series]]) -> usize {
        let known = self.asked.known.as_ref().map(|known| known.steps);
        let longest = || parts.iter().flat_map(|part| part.iter()).map(|series| series.steps).max().unwrap_or(0);
        self.window.map(|window| window.steps.get()).or(known).unwrap_or_else(longest)
    }

    fn samples(&self, path: &Path, series: &[Series], steps: usize) -> Result<Samples, Error> {
        match self.window {
            Some(window) => cut::windows(path, &self.of, series, window).map_err(|error| match error {
                Error::WindowTooLong { path, steps, found } if self.asked.known.is_some() => {
                    let problem = format!(
                        "the longest stretch without a gap has {}, too few for a window of {}, as the model takes it; \
                         use a longer series",
                        count(found, "step", "steps"),
                        thousands(steps)
                    );
                    Error::Unfit { path, problem }
                }
                other => other,
            }),
            None => cut::whole(path, &self.of, series, steps),
        }
    }

    /// A note on channels that always have the same value in training.
    ///
    /// # Errors
    /// If a channel has no value at all in training.
    fn constant(&self, training: &[Series]) -> Result<Option<String>, Error> {
        let channels = self.of.channels;
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); channels];
        for step in training.iter().flat_map(|series| series.values.chunks_exact(channels)) {
            for ((low, high), &value) in ranges.iter_mut().zip(step) {
                (*low, *high) = (low.min(value), high.max(value));
            }
        }
        let name = |at: usize| {
            self.of
                .names
                .get(at)
                .map_or_else(|| format!("channel {}", at + 1), |name| format!("channel {:?}", short(name)))
        };
        if let Some(at) = ranges.iter().position(|(low, high)| low > high) {
            let problem = format!(
                "{} has no value in the training part, where at least one was expected; leave it out, or correct the \
                 file",
                name(at)
            );
            return Err(Error::Unfit { path: self.path.clone(), problem });
        }
        let same: Vec<String> = (0..channels).filter(|&at| ranges[at].0 == ranges[at].1).take(10).map(name).collect();
        let note = || format!("note: the same value in the whole training part: {}", same.join(", "));
        Ok((channels > 1 && !same.is_empty()).then(note))
    }

    /// What was understood of the file.
    fn told(&self, all: &[Series]) -> Vec<String> {
        let known = self.asked.known.as_ref().and_then(|known| known.channels.fill.as_ref());
        let fill = self.fill.or(known.map(|fill| fill.by));
        let mut told = told::told(&self.of, all, fill, self.window.is_none().then(|| self.steps(&[all])));
        told.extend(self.window.and_then(|window| told::without_window(all, window)));
        told
    }

    fn parts(
        self,
        mut told: Vec<String>,
        mut training: Vec<Series>,
        training_path: &Path,
        mut held: Vec<Series>,
        held_path: &Path,
    ) -> Result<Parts, Error> {
        let fill = self.fills(&training);
        let steps = self.steps(&[&training, &held]);
        let constant = self.constant(&training)?;
        told.extend(constant);
        if let Some(fill) = &fill {
            training.iter_mut().chain(&mut held).for_each(|series| series.fill(fill));
        }
        let train = self.samples(training_path, &training, steps)?;
        let validation = self.samples(held_path, &held, steps)?;
        let Sequences { names, steps: step_names, has_header, time, usual_steps, dates, series, ignored, .. } = self.of;
        let usual_step = usual_steps.map(|[_, longest]| longest);
        let shortest_step = usual_steps.filter(|[shortest, longest]| shortest < longest).map(|[shortest, _]| shortest);
        let channels = Channels {
            names,
            steps: step_names,
            has_header,
            time,
            usual_step,
            shortest_step,
            dates,
            series,
            ignored,
            window: self.window,
            fill,
        };
        let nouns = if self.window.is_some() { ["window", "windows"] } else { ["series", "series"] };
        Ok(Parts { train, validation, channels, understood: told, nouns })
    }
}

impl Parts {
    fn data_set(self, name: String, origin: &str, validation_origin: &str) -> DataSet {
        let [one, many] = self.nouns;
        DataSet {
            name,
            origin: format!("{} of {origin}", count(self.train.len(), one, many)),
            validation_origin: format!("{} of {validation_origin}", count(self.validation.len(), one, many)),
            train: self.train,
            validation: self.validation,
            understood: self.understood,
            columns: self.channels.names.clone(),
            table: None,
            series: Some(self.channels),
        }
    }
}

/// The test file beside a training file of an archive.
fn other_part(path: &Path) -> Option<PathBuf> {
    if !is_file(path) {
        return None;
    }
    let stem = path.file_stem()?.to_str()?;
    let at = stem.len().checked_sub(TRAINING.len())?;
    let (start, end) = (stem.get(..at)?, stem.get(at..)?);
    if !end.eq_ignore_ascii_case(TRAINING) {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = format!("{start}{TEST}.{}", path.extension()?.to_str()?).to_lowercase();
    let names = handgrad_files::names(folder).ok()?;
    names.iter().find(|name| name.to_lowercase() == wanted).map(|name| folder.join(name))
}

/// The files of a folder whose names end in `_train` or `_test`, and then in a format of the archives.
fn named(folder: &Path, end: &str) -> Result<Vec<String>, Error> {
    let mut names = handgrad_files::names(folder)?;
    names.retain(|name| {
        let name = name.to_lowercase();
        ENDINGS.iter().any(|ending| name.strip_suffix(&format!(".{ending}")).is_some_and(|stem| stem.ends_with(end)))
    });
    Ok(names)
}

fn only(folder: &Path, end: &str, names: Vec<String>) -> Result<PathBuf, Error> {
    let [name] = &names[..] else {
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let end = end.to_uppercase();
        let problem = format!(
            "found {found}, where one file of series was expected whose name ends in {end}.ts or {end}.tsv; put it \
             there, or give one file instead of the folder"
        );
        return Err(Error::Unfit { path: folder.to_path_buf(), problem });
    };
    Ok(folder.join(name))
}

fn file_name(path: &Path) -> String {
    shown(path.file_name().unwrap_or(path.as_os_str()))
}
