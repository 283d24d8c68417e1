//! Samples in memory. Data of bytes is kept as bytes, which take a quarter of the memory of floats.

use std::path::Path;

use ndarray::{Array2, ArrayD, Axis, Slice};
use sha2::{Digest, Sha256};

use crate::series::Channels;
use crate::tables::Schema;
use crate::{Error, Labels, Places, check_room, count, idx, sizes};
use handgrad_files::{hex, memory};

/// The values of samples, one sample per row. Bytes are converted to floats only when a batch is filled: a byte stands
/// for value/255, which is within 0..=1. Floats are used as they are.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// A byte stands for value/255.
    Bytes(Array2<u8>),
    /// Floats are used as they are.
    Floats(Array2<f32>),
    /// Numbers of 64 bits, for values that 32 bits do not hold exactly. They are scaled first, if there is a scale, and
    /// become 32-bit numbers only then.
    Doubles(Array2<f64>),
}

/// Samples with their shape and, if there are any, their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// The values, one sample per row.
    pub values: Values,
    /// The shape of one sample, for instance `[28, 28]`. Its product is the number of columns.
    pub shape: Vec<usize>,
    /// The class of each sample.
    pub labels: Option<Labels>,
    /// Where each sample comes from, if that is more than its number.
    pub places: Option<Places>,
}

/// Training samples and validation samples.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// The name of a known set, or of the folder or file.
    pub name: String,
    /// Where the training samples come from, in one line: for instance the folder or file, or "drawn from seed 0".
    pub origin: String,
    /// The training samples.
    pub train: Samples,
    /// The validation samples.
    pub validation: Samples,
    /// Where the validation samples come from, in one line: for instance "the 10,000 images of
    /// t10k-images-idx3-ubyte.gz", or "a random tenth of FILE".
    pub validation_origin: String,
    /// What was understood from the files beyond that, in lines for people: for instance the classes, the order of the
    /// axes, and what was left out.
    pub understood: Vec<String>,
    /// The names of the columns: of the values of a row, or of the values of a step of a series. Empty if the data has
    /// no names.
    pub columns: Vec<String>,
    /// What the columns are, as the training rows taught, if the samples are rows of a table.
    pub table: Option<Schema>,
    /// What the channels are, as the training part taught, if the samples are series.
    pub series: Option<Channels>,
}

impl Samples {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Bytes(values) => values.nrows(),
            Values::Floats(values) => values.nrows(),
            Values::Doubles(values) => values.nrows(),
        }
    }

    /// True if there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values one sample has.
    #[must_use]
    pub fn features(&self) -> usize {
        match &self.values {
            Values::Bytes(values) => values.ncols(),
            Values::Floats(values) => values.ncols(),
            Values::Doubles(values) => values.ncols(),
        }
    }

    /// The numbers of all samples, counted from 0: 0, 1, 2, ….
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        (0..self.len() as u32).collect()
    }

    /// The values of the samples with these numbers, one sample per row. A byte becomes value/255.
    ///
    /// # Panics
    /// If a number is not that of a sample.
    #[must_use]
    pub fn rows(&self, numbers: &[u32]) -> Array2<f32> {
        self.exact_rows(numbers).mapv(|value| value as f32)
    }

    /// Like [`rows`](Self::rows), with numbers of 64 bits, which hold all values exactly. A model takes these: it
    /// scales them before they become 32-bit numbers.
    ///
    /// # Panics
    /// If a number is not that of a sample.
    #[must_use]
    pub fn exact_rows(&self, numbers: &[u32]) -> Array2<f64> {
        let at: Vec<usize> = numbers.iter().map(|&number| number as usize).collect();
        match &self.values {
            Values::Bytes(values) => values.select(Axis(0), &at).mapv(|byte| f64::from(f32::from(byte) / 255.0)),
            Values::Floats(values) => values.select(Axis(0), &at).mapv(f64::from),
            Values::Doubles(values) => values.select(Axis(0), &at),
        }
    }

    /// The values of all samples, one sample per row, as 32-bit numbers. A byte becomes value/255.
    #[must_use]
    pub fn to_floats(&self) -> Array2<f32> {
        match &self.values {
            Values::Bytes(values) => values.mapv(|byte| f32::from(byte) / 255.0),
            Values::Floats(values) => values.clone(),
            Values::Doubles(values) => values.mapv(|value| value as f32),
        }
    }

    /// The classes that occur among the labels: first numbers, then words, in ascending order. Empty if there are no
    /// labels.
    #[must_use]
    pub fn classes(&self) -> Vec<String> {
        self.labels.as_ref().map_or_else(Vec::new, |labels| labels.classes().to_vec())
    }

    /// The smallest and the largest value, where a byte counts as value/255. (0, 0) if there are no values.
    #[must_use]
    pub fn range(&self) -> (f32, f32) {
        match &self.values {
            Values::Bytes(values) => {
                let (low, high) = values.iter().fold((255, 0), |(low, high), &v| (v.min(low), v.max(high)));
                if values.is_empty() { (0.0, 0.0) } else { (f32::from(low) / 255.0, f32::from(high) / 255.0) }
            }
            Values::Floats(values) if values.is_empty() => (0.0, 0.0),
            Values::Floats(values) => {
                let all = (f32::INFINITY, f32::NEG_INFINITY);
                values.iter().fold(all, |(low, high), &v| (v.min(low), v.max(high)))
            }
            Values::Doubles(values) if values.is_empty() => (0.0, 0.0),
            Values::Doubles(values) => {
                let all = (f64::INFINITY, f64::NEG_INFINITY);
                let (low, high) = values.iter().fold(all, |(low, high), &v| (v.min(low), v.max(high)));
                (low as f32, high as f32)
            }
        }
    }

    /// True if a value is missing, that is, NaN.
    #[must_use]
    pub fn any_missing(&self) -> bool {
        match &self.values {
            Values::Bytes(_) => false,
            Values::Floats(values) => values.iter().any(|value| value.is_nan()),
            Values::Doubles(values) => values.iter().any(|value| value.is_nan()),
        }
    }

    /// The first value that is too large for a 32-bit number: its sample, its position in the sample, both counted from
    /// 0, and the value.
    #[must_use]
    pub fn first_too_large(&self) -> Option<(usize, usize, f64)> {
        let Values::Doubles(values) = &self.values else { return None };
        let found = values.indexed_iter().find(|(_, value)| (**value as f32).is_infinite())?;
        let ((sample, position), &value) = found;
        Some((sample, position, value))
    }

    /// A text that identifies the samples: their number, their shape and kind, and the SHA-256 of their values (floats
    /// as little-endian bytes). It is the same only for the same samples in the same order. Labels do not change it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut sha = Sha256::new();
        match &self.values {
            Values::Bytes(values) => values.rows().into_iter().for_each(|row| match row.as_slice() {
                Some(bytes) => sha.update(bytes),
                None => row.iter().for_each(|&byte| sha.update([byte])),
            }),
            Values::Floats(values) => values.rows().into_iter().for_each(|row| {
                sha.update(row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
            }),
            Values::Doubles(values) => values.rows().into_iter().for_each(|row| {
                sha.update(row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
            }),
        }
        format!("{} samples of {} with SHA-256 {}", self.len(), self.kind(), hex(sha))
    }

    /// Splits into the first `count` samples and the others. Only the others are copied.
    pub(crate) fn split(mut self, count: usize) -> (Self, Self) {
        let all = self.len();
        let others = match &mut self.values {
            Values::Bytes(values) => Values::Bytes(split_off(values, count)),
            Values::Floats(values) => Values::Floats(split_off(values, count)),
            Values::Doubles(values) => Values::Doubles(split_off(values, count)),
        };
        let (first, second) = split_labels(self.labels.take(), self.len());
        let [places, of_others] = match self.places.take() {
            Some(places) => [0..self.len(), self.len()..all].map(|numbers| Some(places.select(numbers))),
            None => [None, None],
        };
        let others = Self { values: others, shape: self.shape.clone(), labels: second, places: of_others };
        (Self { labels: first, places, ..self }, others)
    }

    /// Moves the samples with these numbers, which are ascending, behind the others. The order of both is kept. Only
    /// the samples that move are copied.
    pub fn move_to_end(&mut self, numbers: &[usize]) {
        match &mut self.values {
            Values::Bytes(values) => move_rows(values, numbers),
            Values::Floats(values) => move_rows(values, numbers),
            Values::Doubles(values) => move_rows(values, numbers),
        }
        let mut moves = vec![false; self.len()];
        numbers.iter().for_each(|&number| moves[number] = true);
        let order: Vec<usize> = (0..self.len()).filter(|&at| !moves[at]).chain(numbers.iter().copied()).collect();
        if let Some(labels) = &mut self.labels {
            *labels = labels.select(&order);
        }
        if let Some(places) = &mut self.places {
            *places = places.select(order);
        }
    }

    /// The samples whose label is one of `classes`. If there are no labels, the result has no samples.
    #[must_use]
    pub fn of_classes(&self, classes: &[String]) -> Self {
        let among = self.labels.as_ref().map_or_else(Vec::new, |labels| labels.among(classes));
        let kept: Vec<usize> = (0..among.len()).filter(|&sample| among[sample]).collect();
        self.select(&kept)
    }

    /// The samples with these numbers, counted from 0, in this order.
    ///
    /// # Panics
    /// If a number is not that of a sample.
    #[must_use]
    pub fn select(&self, numbers: &[usize]) -> Self {
        let values = match &self.values {
            Values::Bytes(values) => Values::Bytes(values.select(Axis(0), numbers)),
            Values::Floats(values) => Values::Floats(values.select(Axis(0), numbers)),
            Values::Doubles(values) => Values::Doubles(values.select(Axis(0), numbers)),
        };
        let labels = self.labels.as_ref().map(|labels| labels.select(numbers));
        let places = self.places.as_ref().map(|places| places.select(numbers.iter().copied()));
        Self { values, shape: self.shape.clone(), labels, places }
    }

    /// The shape and the kind of one sample, for instance `28×28 bytes`. Checkpoints store this text as a part of the
    /// fingerprint, so it always has a plural.
    pub(crate) fn kind(&self) -> String {
        let element = if matches!(self.values, Values::Bytes(_)) { "bytes" } else { "numbers" };
        format!("{} {element}", sizes(&self.shape))
    }

    /// The same as [`kind`](Self::kind), for messages: `1 byte` has a singular.
    pub(crate) fn kind_in_words(&self) -> String {
        let kind = self.kind();
        if self.shape == [1] { kind.trim_end_matches('s').to_owned() } else { kind }
    }

    /// The noun for the samples, in the singular and in the plural: `images` if they have at least two dimensions,
    /// otherwise `samples`.
    pub(crate) fn nouns(&self) -> [&'static str; 2] {
        if self.shape.len() >= 2 { ["image", "images"] } else { ["sample", "samples"] }
    }

    /// The number of samples in words: `10,000 images`.
    pub(crate) fn counted(&self) -> String {
        let [one, many] = self.nouns();
        count(self.len(), one, many)
    }

    /// The samples of an IDX array that was read from `path`. The first dimension counts the samples.
    ///
    /// # Errors
    /// If the array has only one dimension, as labels have, or holds NaN or infinity, or if memory is not sufficient.
    pub fn from_idx(array: idx::Array, path: &Path) -> Result<Self, Error> {
        let dims = array.shape().to_vec();
        if let [found] = dims[..] {
            return Err(Error::OnlyLabels { path: path.to_path_buf(), found });
        }
        let values = match array {
            idx::Array::U8(array) => Values::Bytes(rows(array, path)?),
            idx::Array::I8(array) => floats(array, path, f32::from)?,
            idx::Array::I16(array) => floats(array, path, f32::from)?,
            idx::Array::I32(array) if array.iter().all(|&value| f64::from(value as f32) == f64::from(value)) => {
                floats(array, path, |value| value as f32)?
            }
            idx::Array::I32(array) => {
                check_room(path, array.len() as u64 * 8)?;
                Values::Doubles(rows(array.mapv(f64::from), path)?)
            }
            idx::Array::F32(array) => finite(rows(array, path)?, path)?,
            idx::Array::F64(array) => doubles(rows(array, path)?, path)?,
        };
        Ok(Self { values, shape: dims.get(1..).unwrap_or_default().to_vec(), labels: None, places: None })
    }
}

/// Splits labels into those of the first `count` samples and the others.
pub(crate) fn split_labels(labels: Option<Labels>, count: usize) -> (Option<Labels>, Option<Labels>) {
    let Some(labels) = labels else { return (None, None) };
    let numbers: Vec<usize> = (0..labels.len()).collect();
    let (first, others) = numbers.split_at(count.min(labels.len()));
    (Some(labels.select(first)), Some(labels.select(others)))
}

/// Moves the rows with these ascending numbers behind the others.
fn move_rows<T: Copy>(all: &mut Array2<T>, numbers: &[usize]) {
    let moved = all.select(Axis(0), numbers);
    let (mut next, mut to) = (numbers.iter().peekable(), 0);
    for from in 0..all.nrows() {
        if next.next_if_eq(&&from).is_some() {
            continue;
        }
        if from > to {
            let (mut before, after) = all.view_mut().split_at(Axis(0), from);
            before.row_mut(to).assign(&after.row(0));
        }
        to += 1;
    }
    all.slice_axis_mut(Axis(0), Slice::from(to..)).assign(&moved);
}

/// Keeps the first `count` rows in `all`, and returns a copy of the others.
pub(crate) fn split_off<T: Clone>(all: &mut Array2<T>, count: usize) -> Array2<T> {
    let count = count.min(all.nrows());
    let others = all.slice_axis(Axis(0), Slice::from(count..)).to_owned();
    all.slice_axis_inplace(Axis(0), Slice::from(..count));
    others
}

fn floats<T: Copy>(array: ArrayD<T>, path: &Path, convert: impl Fn(T) -> f32) -> Result<Values, Error> {
    let array = rows(array, path)?;
    let mut values = Vec::new();
    let bytes = array.len() as u64 * 4;
    let out_of_memory = |_| Error::OutOfMemory { path: path.to_path_buf(), bytes };
    memory::reserve(&mut values, array.len()).map_err(out_of_memory)?;
    values.extend(array.iter().map(|&value| convert(value)));
    let wrong = |error| Error::io(path, "arranging its values in rows")(std::io::Error::other(error));
    finite(Array2::from_shape_vec(array.dim(), values).map_err(wrong)?, path)
}

/// Numbers of 64 bits, or of 32 bits if these hold all of them exactly. Values that are not finite are refused.
pub(crate) fn doubles(values: Array2<f64>, path: &Path) -> Result<Values, Error> {
    check_finite(&values, path)?;
    if values.iter().any(|&value| f64::from(value as f32) != value) {
        return Ok(Values::Doubles(values));
    }
    floats(values.into_dyn(), path, |value| value as f32)
}

/// Refuses values that are not finite.
pub(crate) fn finite(values: Array2<f32>, path: &Path) -> Result<Values, Error> {
    check_finite(&values, path)?;
    Ok(Values::Floats(values))
}

fn check_finite<T: Copy + Into<f64>>(values: &Array2<T>, path: &Path) -> Result<(), Error> {
    match values.indexed_iter().find(|(_, v)| !(**v).into().is_finite()) {
        None => Ok(()),
        Some(((sample, position), &found)) => {
            Err(Error::NotFinite { path: path.to_path_buf(), sample, position, found: found.into() })
        }
    }
}

/// One sample per row.
pub(crate) fn rows<T>(array: ArrayD<T>, path: &Path) -> Result<Array2<T>, Error> {
    let dims: Vec<u64> = array.shape().iter().map(|&d| d as u64).collect();
    let samples = array.shape().first().copied().unwrap_or(0);
    let features: usize = array.shape().iter().skip(1).product();
    array.into_shape_with_order((samples, features)).map_err(|_| Error::TooLarge { path: path.to_path_buf(), dims })
}
