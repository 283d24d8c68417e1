//! Loads the data set that a name or a path stands for.

use handgrad_files::{Progress, place, shown};
use std::path::{Path, PathBuf};

use crate::arrays::{self, Found};
use crate::csv::{self, Layout};
use crate::held_out::held_out;
use crate::series;
use crate::{
    DataSet, Error, Samples, Values, check_room, convert, count, did_you_mean, ecg5000, idx, named, picture_folder,
    sizes, synthetic, tables,
};

/// For `load("synthetic")`: the number of training images, the number of validation images, and the seed.
const SYNTHETIC: (usize, usize, u64) = (10_000, 2_000, 0);

/// Loads the data set that `what` stands for:
///
/// - The name of a known set ([`named::all`]). Its files are kept in a folder of its own in `data_dir`; missing files
///   are downloaded.
/// - A folder with IDX files whose names start with `train-` and `t10k-`, or with files of [series](crate::series)
///   whose names end in `_TRAIN.ts` and `_TEST.ts`. One such file is also data.
/// - A folder with PNG and JPEG files, or with folders of them, one for each class.
/// - One IDX file, plain or compressed with gzip, one .npy or .npz file of numpy, or one CSV file, which is read as
///   `layout` says. A tenth of the file, at least one sample, is held out for validation, unless an .npz file has
///   arrays for validation: random samples, drawn with the seed of `layout` and with the same share of each class.
///   Without a seed, and for windows of a series, it is the last tenth.
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
        return match has_idx_files(path)? {
            true => check_size(path, layout).and_then(|()| from_folder(path)),
            false => picture_folder::load(path, layout, progress)?.map_or_else(|| from_folder(path), Ok),
        };
    }
    if path.exists() {
        let is_series = layout.series.is_some() || layout.window.is_some();
        check_size(path, layout)?;
        return match &layout.table {
            _ if series::is_file(path) || (is_csv(path) && is_series) => series::data_set(path, layout, progress),
            _ if !is_csv(path) => from_file(path, layout.seed),
            Some(asked) => tables::load(path, layout, asked, progress),
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
        understood: Vec::new(),
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
    place::ends_in(path, "csv")
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
        understood: Vec::new(),
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

/// Refuses a size for anything but a folder of pictures.
fn check_size(path: &Path, layout: &Layout) -> Result<(), Error> {
    let problem = "a size was given, but only PNG and JPEG files in a folder can be scaled; leave the size out";
    match layout.size {
        Some(_) => Err(Error::Unfit { path: path.to_path_buf(), problem: problem.into() }),
        None => Ok(()),
    }
}

/// Reads a file of samples that is not CSV: .npy, .npz or IDX.
fn read(path: &Path) -> Result<Found, Error> {
    if place::ends_in(path, "npy") {
        return arrays::read_npy(path);
    }
    if place::ends_in(path, "npz") {
        return arrays::read_npz(path);
    }
    let samples = Samples::from_idx(idx::read(path)?, path)?;
    Ok(Found { train: Some(samples), validation: None, understood: Vec::new() })
}

fn from_file(path: &Path, seed: Option<u64>) -> Result<DataSet, Error> {
    let name = file_name(path);
    let Found { train, validation, understood } = read(path)?;
    let Some(all) = train else {
        let problem = "it has arrays for validation only, where arrays to train on were expected: add x_train";
        return Err(Error::Unfit { path: path.to_path_buf(), problem: problem.into() });
    };
    if let Some(validation) = validation {
        check_same_kind(&all, &validation, path)?;
        return Ok(DataSet {
            origin: format!("the {} of {}", all.counted(), shown(path)),
            validation_origin: format!("the {} for validation in {name}", validation.counted()),
            name,
            train: all,
            validation,
            understood,
            columns: Vec::new(),
            table: None,
            series: None,
        });
    }
    if all.len() < 2 {
        return Err(Error::TooFewSamples { path: path.to_path_buf(), found: all.len() });
    }
    let ((train, validation), held_out) = hold_out(all, path, seed)?;
    Ok(DataSet {
        origin: format!("{} of {}", train.counted(), shown(path)),
        validation_origin: format!("{held_out} of {name}: {}", validation.counted()),
        name,
        train,
        validation,
        understood,
        table: None,
        series: None,
        columns: Vec::new(),
    })
}

/// True if a path is a folder that is read as pictures: a folder without IDX files.
///
/// # Errors
/// If the folder cannot be read.
pub fn is_picture_folder(path: &Path) -> Result<bool, Error> {
    Ok(path.is_dir() && !has_idx_files(path)?)
}

/// Samples to use a model on, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The samples.
    pub samples: Samples,
    /// Where they come from, in one line.
    pub origin: String,
    /// What was understood from the files, in lines for people.
    pub understood: Vec<String>,
}

/// Reads all samples of a file or a folder, if it does not have one part for training and another one for validation.
/// Nothing is held out. Returns `None` if it has both parts.
///
/// # Errors
/// If the file or folder cannot be read or is not valid.
pub fn without_parts(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Option<Whole>, Error> {
    if path.is_dir() {
        if let Some((samples, origin)) = series::test_alone(path, layout, progress)? {
            return Ok(Some(Whole { samples, origin, understood: Vec::new() }));
        }
        if series::is_folder(path) {
            return Ok(None);
        }
        if has_idx_files(path)? {
            check_size(path, layout)?;
            let found = test_alone(path)?;
            return Ok(found.map(|(samples, origin)| Whole { samples, origin, understood: Vec::new() }));
        }
        let found = picture_folder::all(path, layout, progress)?;
        return Ok(found.map(|(samples, understood)| {
            let origin = format!("the {} of {}", samples.counted(), shown(path));
            Whole { samples, origin, understood }
        }));
    }
    check_size(path, layout)?;
    let is_series = is_csv(path) && (layout.series.is_some() || layout.window.is_some());
    let (samples, understood) = if is_series || series::is_file(path) {
        series::all_of(path, layout, progress)?
    } else if is_csv(path) {
        (all_of_csv(path, layout)?, Vec::new())
    } else {
        match read(path)? {
            Found { train: Some(_), validation: Some(_), .. } => return Ok(None),
            Found { train, validation, understood } => match train.or(validation) {
                Some(samples) => (samples, understood),
                None => return Ok(None),
            },
        }
    };
    Ok(Some(Whole { samples, origin: format!("all samples of {}", shown(path)), understood }))
}

/// Refuses validation samples of another kind or shape than the training samples.
fn check_same_kind(train: &Samples, validation: &Samples, path: &Path) -> Result<(), Error> {
    if (train.kind(), &train.shape) == (validation.kind(), &validation.shape) {
        return Ok(());
    }
    let (found, expected) = (validation.kind_in_words(), train.kind_in_words());
    Err(Error::ShapesDiffer { path: path.to_path_buf(), found, expected })
}

fn from_folder(folder: &Path) -> Result<DataSet, Error> {
    let (train, train_path) = part(folder, TRAINING)?;
    let (validation, validation_path) = part(folder, TEST)?;
    check_same_kind(&train, &validation, &validation_path)?;
    Ok(DataSet {
        // The paths "." and ".." have no file name.
        name: folder.file_name().map_or_else(|| "folder".to_owned(), shown),
        origin: format!("the {} of {}", train.counted(), shown(&train_path)),
        validation_origin: format!("the {} of {}", validation.counted(), file_name(&validation_path)),
        understood: Vec::new(),
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

/// True if a folder has IDX files of training or test samples.
fn has_idx_files(folder: &Path) -> Result<bool, Error> {
    Ok(!idx_files(folder, TRAINING)?.is_empty() || !idx_files(folder, TEST)?.is_empty())
}

/// The test samples of a folder without training samples, and where they come from, in one line. Returns `None` if the
/// folder has training samples, or no test samples.
///
/// # Errors
/// If the folder or its files cannot be read, or if there are several files of test samples.
fn test_alone(folder: &Path) -> Result<Option<(Samples, String)>, Error> {
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
        [label_file] => {
            let labels = read_labels(&folder.join(label_file), samples.len())?;
            samples.labels = Some(convert::with_names(labels, folder)?);
        }
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
