//! Arrays of numpy as samples: .npy and .npz files.
//!
//! The first dimension counts the samples. The other dimensions are those of one sample:
//!
//! - One dimension: the values of the sample.
//! - Two dimensions: height × width.
//! - Three dimensions: channels × height × width, or height × width × channels, which is transposed. The last dimension
//!   is that of the channels if it is 1 or 3, otherwise the first one of the three if it is 1 or 3. The same is tried
//!   with 4 (colour with opacity). If none of them fits, the array is taken as channels × height × width. A single
//!   channel has no dimension.
//! - More dimensions are kept.
//!
//! In an .npz file, the names of the arrays say what they are: `x_train` and `y_train` (as Keras has them),
//! `train_images` and `train_labels` (as MedMNIST has them), `val_…` or `test_…` for validation, and `x`, `images` or
//! `data` with `y` or `labels` if there are no parts. A single array may have any name.

use std::io::{Read, Seek};
use std::path::Path;

use handgrad_files::shown;
use ndarray::ArrayD;

use crate::labels::class_name;
use crate::npy::{self, Array};
use crate::npz::{Entry, Npz};
use crate::picture_folder::in_words;
use crate::samples::{doubles, finite, rows};
use crate::{Error, Labels, Samples, Values, check_room, sizes};

/// The samples of a file.
#[derive(Debug)]
pub struct Found {
    /// The samples to train on, or all samples if there are no parts. `None` if the file has only test samples.
    pub train: Option<Samples>,
    /// The samples for validation, if the file has them.
    pub validation: Option<Samples>,
    /// What was understood, in lines for people.
    pub understood: Vec<String>,
}

/// Reads the samples of a .npy file.
///
/// # Errors
/// If the file cannot be read, is not a .npy file of numbers, has no samples or has a value that is not finite.
pub fn read_npy(path: &Path) -> Result<Found, Error> {
    of_one(npy::read_array(path)?, path)
}

/// The same as [`read_npy`], from `bytes`. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read_npy`].
pub fn decode_npy(bytes: impl Read, name: &Path) -> Result<Found, Error> {
    of_one(npy::decode_array(bytes, name)?, name)
}

/// The samples of an array that was read from `path`.
fn of_one(array: Array, path: &Path) -> Result<Found, Error> {
    let (samples, order) = samples(array, path)?;
    let understood = vec![format!("{}{order}", described(&samples))];
    Ok(Found { train: Some(samples), validation: None, understood })
}

/// Reads the samples of an .npz file.
///
/// # Errors
/// If the file cannot be read, if its arrays have no known names, or if they are not valid or do not fit together.
pub fn read_npz(path: &Path) -> Result<Found, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    if length.is_none() {
        return Err(unfit(path, "not a file, where an .npz file was expected".into()));
    }
    decode_npz(file, path)
}

/// The same as [`read_npz`], from `bytes`. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read_npz`].
pub fn decode_npz(bytes: impl Read + Seek, name: &Path) -> Result<Found, Error> {
    let npz = Npz::open(bytes, name)?;
    let mut entries: Vec<(&Entry, Option<(Part, Kind)>)> =
        npz.entries.iter().map(|entry| (entry, role(&entry.key))).collect();
    if let [(_, role)] = &mut entries[..] {
        *role = Some((Part::All, Kind::Samples));
    }
    let of = |part: Part, kind: Kind| {
        let mut found = entries.iter().filter(|(_, role)| *role == Some((part, kind))).map(|(entry, _)| *entry);
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => {
                let (one, other) = (shown(&one.key), shown(&other.key));
                let problem = format!("its arrays {one} and {other} have the same meaning: leave one of them out");
                Err(unfit(name, problem))
            }
            (found, _) => Ok(found),
        }
    };
    let mut understood = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    let mut read = |part: Part| -> Result<Option<Samples>, Error> {
        let Some(entry) = of(part, Kind::Samples)? else { return Ok(None) };
        used.push(&entry.key);
        let (mut samples, order) = samples(npz.array(entry)?, &npz.path_of(entry))?;
        if let Some(of_labels) = of(part, Kind::Labels)? {
            used.push(&of_labels.key);
            let array = npz.array(of_labels)?;
            match labels(&array, samples.len(), &npz.path_of(of_labels))? {
                Some(labels) => samples.labels = Some(labels),
                None => understood.push(format!(
                    "{} is left out: it has the shape {}, where one label for each sample was expected",
                    shown(&of_labels.key),
                    sizes(array.shape())
                )),
            }
        }
        understood.push(format!("{}: {}{order}", shown(&entry.key), described(&samples)));
        Ok(Some(samples))
    };
    let (all, train) = (read(Part::All)?, read(Part::Train)?);
    if all.is_some() && train.is_some() {
        return Err(unfit(name, "it has arrays with and without train in their names: leave one of them out".into()));
    }
    let validation = match read(Part::Validation)? {
        Some(validation) => Some(validation),
        None => read(Part::Test)?,
    };
    if all.is_none() && train.is_none() && validation.is_none() {
        return Err(no_known_name(&npz, name));
    }
    let others: Vec<String> =
        npz.entries.iter().filter(|entry| !used.contains(&&*entry.key)).map(|entry| shown(&entry.key)).collect();
    if !others.is_empty() {
        understood.push(format!("not used: {}", others.join(", ")));
    }
    Ok(Found { train: all.or(train), validation, understood })
}

fn no_known_name<R: Read + Seek>(npz: &Npz<R>, name: &Path) -> Error {
    let shapes = npz.entries.iter().take(10).map(|entry| match npz.shape(entry) {
        Ok(shape) => format!("{} of shape {}", shown(&entry.key), sizes(&shape)),
        Err(_) => format!("{} without numbers", shown(&entry.key)),
    });
    let shapes = shapes.collect::<Vec<_>>().join(", ");
    let found = if shapes.is_empty() { "no arrays" } else { &shapes };
    let problem = format!(
        "found {found}, where arrays with known names were expected: x_train, y_train, x_test and y_test, or \
         train_images, train_labels, val_images and val_labels, or x and y; write the file again with these names, or \
         with a single array"
    );
    unfit(name, problem)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Train,
    Validation,
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Samples,
    Labels,
}

/// What an array with this name is. Every word of the name must be known.
fn role(key: &str) -> Option<(Part, Kind)> {
    let (mut part, mut kind) = (None, None);
    for word in key.to_lowercase().split(['_', '-', '.']) {
        let is_new = match word {
            "train" | "training" => part.replace(Part::Train).is_none(),
            "val" | "valid" | "validation" => part.replace(Part::Validation).is_none(),
            "test" => part.replace(Part::Test).is_none(),
            "x" | "image" | "images" | "imgs" | "data" | "samples" => kind.replace(Kind::Samples).is_none(),
            "y" | "label" | "labels" | "target" | "targets" => kind.replace(Kind::Labels).is_none(),
            _ => return None,
        };
        if !is_new {
            return None;
        }
    }
    Some((part.unwrap_or(Part::All), kind.unwrap_or(Kind::Samples)))
}

/// The samples in words: `60 images of 3×32×32 bytes, 3 classes: 0, 1, 2`.
pub(crate) fn described(samples: &Samples) -> String {
    let colour = match samples.shape[..] {
        [3, _, _] => " in colour (channels × height × width)",
        [4, _, _] => " in colour with opacity (channels × height × width)",
        _ => "",
    };
    let classes = match &samples.labels {
        Some(labels) => format!(", {}", in_words(labels.classes())),
        None => ", no labels".to_owned(),
    };
    format!("{} of {}{colour}{classes}", samples.counted(), samples.kind_in_words())
}

/// The samples of an array, and how its dimensions were taken, in words that follow a description.
fn samples(array: Array, path: &Path) -> Result<(Samples, String), Error> {
    let found = sizes(array.shape());
    let (channel_axis, is_square) = match *array.shape() {
        [] => return Err(unfit(path, "it is a single number, where an array of samples was expected".into())),
        [found] => return Err(Error::OnlyLabels { path: path.to_path_buf(), found }),
        [_, _, _] => (None, true),
        [_, first, _, last] => {
            let is_last = [1, 3].contains(&last) || (![1, 3].contains(&first) && last == 4);
            (Some(if is_last { 3 } else { 1 }), true)
        }
        _ => (None, false),
    };
    let order = match channel_axis {
        Some(3) => format!("; {found} was taken as samples × height × width × channels"),
        Some(_) => format!("; {found} was taken as samples × channels × height × width"),
        None if is_square => format!("; {found} was taken as samples × height × width"),
        None => String::new(),
    };
    let (values, mut shape) = match array {
        Array::Bytes(array) => {
            let (array, shape) = channels_first(array, channel_axis, path)?;
            (Values::Bytes(rows(array, path)?), shape)
        }
        Array::Singles(array) => {
            let (array, shape) = channels_first(array, channel_axis, path)?;
            (finite(rows(array, path)?, path)?, shape)
        }
        Array::Doubles(array) => {
            let (array, shape) = channels_first(array, channel_axis, path)?;
            (doubles(rows(array, path)?, path)?, shape)
        }
        Array::Words(_) => {
            return Err(unfit(path, "its elements are words, where the numbers of samples were expected".into()));
        }
    };
    if channel_axis.is_some() && shape[0] == 1 {
        shape.remove(0);
    }
    Ok((Samples { values, shape, labels: None, places: None }, order))
}

/// Puts the channels before height and width. Returns the array and the shape of one sample.
fn channels_first<T: Clone>(
    array: ArrayD<T>,
    channel_axis: Option<usize>,
    path: &Path,
) -> Result<(ArrayD<T>, Vec<usize>), Error> {
    let array = if channel_axis == Some(3) && array.shape()[3] > 1 {
        check_room(path, array.len() as u64 * size_of::<T>() as u64)?;
        array.permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().into_owned()
    } else if channel_axis == Some(3) {
        // Moving a dimension of size 1 does not move any value.
        let [samples, height, width, _] = array.shape()[..] else { return Ok((array, Vec::new())) };
        let same = array.into_shape_with_order(vec![samples, 1, height, width]);
        same.map_err(|error| unfit(path, error.to_string()))?
    } else {
        array
    };
    let shape = array.shape()[1..].to_vec();
    Ok((array, shape))
}

/// The labels of an array with one label for each of `expected` samples. Returns `None` if it has several for each.
fn labels(array: &Array, expected: usize, path: &Path) -> Result<Option<Labels>, Error> {
    let several = match *array.shape() {
        [count] | [count, 1] if count == expected => false,
        [count, _, ..] if count == expected => true,
        _ => {
            let found = format!("labels of the shape {}", sizes(array.shape()));
            return Err(Error::WrongLabels { path: path.to_path_buf(), found, expected });
        }
    };
    if several {
        return Ok(None);
    }
    Ok(Some(match array {
        Array::Bytes(array) => array.iter().copied().collect::<Vec<u8>>().into(),
        Array::Singles(array) => Labels::named(array.iter().map(|label| class_name(&label.to_string()))),
        Array::Doubles(array) => Labels::named(array.iter().map(|label| class_name(&label.to_string()))),
        Array::Words(array) => Labels::named(array.iter()),
    }))
}

fn unfit(path: &Path, problem: String) -> Error {
    Error::Unfit { path: path.to_path_buf(), problem }
}
