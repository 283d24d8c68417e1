//! Loads the data set that a name or a path stands for.

use handgrad_files::Progress;
use handgrad_files::shown;
use std::path::{Path, PathBuf};

use crate::csv::{self, Layout};
use crate::held_out::held_out;
use crate::series;
use crate::tables::{self, Asked, Schema, Table, Told};
use crate::{
    DataSet, Error, Samples, Tabular, Values, check_room, count, did_you_mean, ecg5000, idx, named, sizes, synthetic,
};

/// For `load("synthetic")`: the number of training images, the number of validation images, and the seed.
const SYNTHETIC: (usize, usize, u64) = (10_000, 2_000, 0);

/// Loads the data set that `what` stands for:
///
/// - The name of a known set ([`named::all`]). Its files are kept in a folder of its own in `data_dir`; missing files
///   are downloaded.
/// - A folder with IDX files whose names start with `train-` and `t10k-`, or with files of series whose names end in
///   `_TRAIN.ts` and `_TEST.ts`.
/// - One file of [series](crate::series).
/// - One IDX file, plain or compressed with gzip, or one CSV file, which is read as `layout` says. A tenth of
///   the file, at least one sample, is held out for validation: random samples, drawn with the seed of `layout` and
///   with the same share of each class. Without a seed, and for windows of a series, it is the last tenth.
///
/// If `what` is both a name and a path, the name is used: write `./mnist` for a folder that is called `mnist`.
///
/// # Errors
/// If `what` is neither a known name nor a path, if a file is not valid, or if a missing file cannot be downloaded
/// ([`Error::is_unavailable`]).
pub fn load(what: &str, data_dir: &Path, layout: &Layout, progress: &dyn Progress) -> Result<DataSet, Error> {
    if what == synthetic::NAME {
        return Ok(drawn());
    }
    if let Some(set) = named::find(what) {
        let folder = named::fetch(set, data_dir, progress)?;
        return if set.name == ecg5000::NAME {
            ecg5000::load(&folder)
        } else {
            Ok(DataSet { name: set.name.to_owned(), ..from_folder(&folder)? })
        };
    }
    let path = Path::new(what);
    if series::is_folder(path) {
        return series::folder(path, layout, progress);
    }
    if path.is_dir() {
        return from_folder(path);
    }
    if path.exists() {
        let is_series = layout.series.is_some() || layout.window.is_some();
        return match &layout.table {
            _ if series::is_file(path) || (is_csv(path) && is_series) => series::data_set(path, layout, progress),
            _ if !is_csv(path) => from_file(path, layout.seed),
            Some(asked) => from_table(path, layout, asked, progress),
            None => from_csv(path, layout),
        };
    }
    let names: Vec<_> = named::all().iter().map(|set| set.name).collect();
    let similar = did_you_mean(what, names.iter().copied());
    Err(Error::Unknown { what: what.to_owned(), known: names.join(", "), similar })
}

fn drawn() -> DataSet {
    let (train, validation, seed) = SYNTHETIC;
    let (train, validation) = synthetic::draw(seed, train + validation).split(train);
    DataSet {
        name: synthetic::NAME.to_owned(),
        origin: format!("{} drawn from seed {seed}", train.counted()),
        validation_origin: format!("the next {} drawn from seed {seed}", validation.counted()),
        train,
        validation,
        table: None,
        series: None,
        columns: Vec::new(),
    }
}

/// True if a file is to be read as CSV, that is, if its name ends in `.csv` (in upper or lower case).
#[must_use]
pub fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Reads all samples of a CSV file or of a file of series. Nothing is held out.
///
/// # Errors
/// The same as those of [`csv::read`] or [`series::all_of`].
pub fn all_of_csv(path: &Path, layout: &Layout) -> Result<Samples, Error> {
    if series::is_file(path) || layout.series.is_some() || layout.window.is_some() {
        return Ok(series::all_of(path, layout, &())?.0);
    }
    Ok(csv::read(path, layout)?.samples())
}

/// Loads a CSV file whose rows are samples.
fn from_csv(path: &Path, layout: &Layout) -> Result<DataSet, Error> {
    let all = csv::read(path, layout)?;
    if all.len() < 2 {
        return Err(Error::TooFewSamples { path: path.to_path_buf(), found: all.len() });
    }
    let (header, columns) = (all.header.in_words(), all.names.clone().unwrap_or_default());
    let ((train, validation), held_out) = hold_out(all.samples(), path, layout.seed)?;
    let name = file_name(path);
    let counted = |samples: &Samples| count(samples.len(), "row", "rows");
    Ok(DataSet {
        origin: format!("{} of {} (header: {header})", counted(&train), shown(path)),
        validation_origin: format!("{} of {held_out} of {name}", counted(&validation)),
        name,
        train,
        validation,
        columns,
        table: None,
        series: None,
    })
}

/// Holds out a tenth of the samples, at least one, and says which ones in words. Returns the training samples first.
fn hold_out(mut all: Samples, path: &Path, seed: Option<u64>) -> Result<((Samples, Samples), &'static str), Error> {
    let held = (all.len() / 10).max(1);
    let each = match all.values {
        Values::Bytes(_) => 1,
        Values::Floats(_) => 4,
        Values::Doubles(_) => 8,
    };
    check_room(path, (held * all.features()) as u64 * each)?;
    let words = match seed {
        None => "the last tenth",
        Some(seed) => {
            let (_, numbers) = held_out(all.len(), all.labels.as_ref(), held, seed);
            all.move_to_end(&numbers);
            if all.labels.is_some() { "a random tenth of each class" } else { "a random tenth" }
        }
    };
    let count = all.len() - held;
    Ok((all.split(count), words))
}

/// Loads a CSV file as a table. What its columns are is learnt from the training rows alone.
fn from_table(path: &Path, layout: &Layout, asked: &Asked, progress: &dyn Progress) -> Result<DataSet, Error> {
    let table = tables::read(path, &layout.label, layout.header, progress)?;
    let (train, held_out, words) = rows_of_table(&table, layout.seed)?;
    let schema = Schema::of(&table, &train, asked)?;
    let (train, mut told) = samples_of(&table, &schema, &train)?;
    let (validation, of_held_out) = samples_of(&table, &schema, &held_out)?;
    told.add(of_held_out);
    let name = file_name(path);
    let rows = |samples: &Samples| count(samples.len(), "row", "rows");
    Ok(DataSet {
        origin: format!("{} of {}", rows(&train), shown(path)),
        validation_origin: format!("{}, {words} of {name}", rows(&validation)),
        name,
        train,
        validation,
        columns: schema.used().map(|column| column.name.clone()).collect(),
        table: Some(Tabular { schema, told: told.lines() }),
        series: None,
    })
}

/// Which rows of a table are for training, and which are held out for validation, and the latter in words.
///
/// # Errors
/// If there are fewer than two rows.
pub fn rows_of_table(
    table: &Table,
    seed: Option<u64>,
) -> Result<(Vec<usize>, Vec<usize>, &'static str), Error> {
    let len = table.len();
    if len < 2 {
        return Err(Error::TooFewSamples { path: table.path.clone(), found: len });
    }
    let held = (len / 10).max(1);
    let Some(seed) = seed else {
        return Ok(((0..len - held).collect(), (len - held..len).collect(), "the last tenth"));
    };
    let (train, rows) = held_out(len, table.labels.as_ref(), held, seed);
    let words = if table.labels.is_some() { "a random tenth of each class" } else { "a random tenth" };
    Ok((train, rows, words))
}

/// The samples in some rows of a table, and what did not fit the columns.
///
/// # Errors
/// As [`Schema::values`].
pub fn samples_of(table: &Table, schema: &Schema, rows: &[usize]) -> Result<(Samples, Told), Error> {
    let (values, told) = schema.values(table, rows)?;
    let shape = vec![values.ncols()];
    let labels = table.labels.as_ref().map(|labels| labels.select(rows));
    Ok((Samples { values: Values::Doubles(values), shape, labels }, told))
}

fn from_file(path: &Path, seed: Option<u64>) -> Result<DataSet, Error> {
    let all = Samples::from_idx(idx::read(path)?, path)?;
    if all.len() < 2 {
        return Err(Error::TooFewSamples { path: path.to_path_buf(), found: all.len() });
    }
    let ((train, validation), held_out) = hold_out(all, path, seed)?;
    let name = file_name(path);
    Ok(DataSet {
        origin: format!("{} of {}", train.counted(), shown(path)),
        validation_origin: format!("{held_out} of {name}: {}", validation.counted()),
        name,
        train,
        validation,
        table: None,
        series: None,
        columns: Vec::new(),
    })
}

fn from_folder(folder: &Path) -> Result<DataSet, Error> {
    let (train, train_path) = part(folder, TRAINING)?;
    let (validation, validation_path) = part(folder, TEST)?;
    if (train.kind(), &train.shape) != (validation.kind(), &validation.shape) {
        let (found, expected) = (validation.kind_in_words(), train.kind_in_words());
        return Err(Error::ShapesDiffer { path: validation_path, found, expected });
    }
    Ok(DataSet {
        // The paths "." and ".." have no file name.
        name: folder.file_name().map_or_else(|| "folder".to_owned(), shown),
        origin: format!("the {} of {}", train.counted(), shown(&train_path)),
        validation_origin: format!("the {} of {}", validation.counted(), file_name(&validation_path)),
        train,
        validation,
        table: None,
        series: None,
        columns: Vec::new(),
    })
}

/// The beginnings of the names of files with training samples. In the names of EMNIST, `emnist-letters-train-images-…`,
/// the name of the set comes first.
const TRAINING: &[&str] = &["train-"];
/// The beginnings of the names of files with test samples.
const TEST: &[&str] = &["t10k-", "test-"];

/// The test samples of a folder without training samples, and where they come from, in one line. Returns `None` if the
/// folder has training samples, or no test samples.
///
/// # Errors
/// If the folder or its files cannot be read, or if there are several files of test samples.
pub fn test_alone(
    folder: &Path,
    layout: &Layout,
    progress: &dyn Progress,
) -> Result<Option<(Samples, String)>, Error> {
    if let Some(found) = series::test_alone(folder, layout, progress)? {
        return Ok(Some(found));
    }
    if !idx_files(folder, TRAINING)?.is_empty() || idx_files(folder, TEST)?.is_empty() {
        return Ok(None);
    }
    let (samples, path) = part(folder, TEST)?;
    let origin = format!("the {} of {}", samples.counted(), shown(&path));
    Ok(Some((samples, origin)))
}

/// Reads the samples from the file whose name begins with one of `beginnings`, and their labels if there is a file of
/// labels. Returns the samples and the path of their file.
fn part(folder: &Path, beginnings: &[&str]) -> Result<(Samples, PathBuf), Error> {
    let (labels, images): (Vec<String>, Vec<String>) =
        idx_files(folder, beginnings)?.into_iter().partition(|name| name.to_lowercase().contains("label"));
    let prefix = beginnings.join(" or ");
    let wrong = |found: &[String], expected: String| {
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        Err(Error::Folder { path: folder.to_path_buf(), found, expected })
    };
    let [image_file] = &images[..] else {
        return wrong(&images, format!("of samples whose name starts with {prefix}"));
    };
    let path = folder.join(image_file);
    let mut samples = Samples::from_idx(idx::read(&path)?, &path)?;
    match &labels[..] {
        [] => {}
        [label_file] => samples.labels = Some(read_labels(&folder.join(label_file), samples.len())?.into()),
        _ => return wrong(&labels, format!("of labels whose name starts with {prefix}")),
    }
    Ok((samples, path))
}

/// The sorted names of the IDX files in a folder that begin with one of `beginnings`, in upper or lower case, or that
/// contain one after a hyphen. If a file exists both plain and compressed, only the plain one is listed.
fn idx_files(folder: &Path, beginnings: &[&str]) -> Result<Vec<String>, Error> {
    let mut names = handgrad_files::names(folder)?;
    names.retain(|name| {
        let name = format!("-{}", name.to_lowercase());
        name.contains("idx") && beginnings.iter().any(|beginning| name.contains(&format!("-{beginning}")))
    });
    let plain = names.clone();
    names.retain(|name| {
        name.strip_suffix(".gz")
            .or(name.strip_suffix(".GZ"))
            .is_none_or(|stem| !plain.iter().any(|other| other == stem))
    });
    Ok(names)
}

fn read_labels(path: &Path, expected: usize) -> Result<Vec<u8>, Error> {
    let found = match idx::read(path)? {
        idx::Array::U8(array) if array.shape() == [expected] => return Ok(array.into_iter().collect()),
        idx::Array::U8(array) => amount(array.shape(), "byte", "bytes"),
        other => format!("{} of type {}", amount(other.shape(), "value", "values"), other.element()),
    };
    Err(Error::WrongLabels { path: path.to_path_buf(), found, expected })
}

/// How many values an array of this shape has, in words: `5 bytes`, `2×3 bytes`.
fn amount(shape: &[usize], one: &str, many: &str) -> String {
    match shape {
        [n] => count(*n, one, many),
        dims => format!("{} {many}", sizes(dims)),
    }
}

fn file_name(path: &Path) -> String {
    shown(path.file_name().unwrap_or(path.as_os_str()))
}
