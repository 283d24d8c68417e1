//! CSV: a series a row, or one long series of which windows are cut.
//!
//! Commas between the cells, quotes where a cell needs them, a header or none: a first line with words and no number is
//! one. Nothing is taken on trust: a row of another length, a cell that is no number and a missing value are errors
//! that name line and column. A row may have 16 MiB and a cell 4 KiB. Cells are read one by one, and of each its value
//! alone is kept: memory stays below four times what the file has, however short its cells.

mod cells;
mod table;

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use ndarray::Array2;

use self::cells::Cells;
use self::table::Table;
use crate::samples::split_off;
use crate::{Error, Samples, Values, check_room};

/// How the rows of a file become samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Where the labels are, whole numbers from 0 to 255.
    pub label: Label,
    /// What to put in place of missing values; without it they are refused.
    pub fill: Option<Fill>,
    /// The file is one long series, a step a row, and these are the samples.
    pub window: Option<Window>,
}

/// Which column holds the labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Label {
    /// The one called `label` or `class`, if there is one.
    #[default]
    ByName,
    /// None.
    None,
    /// The last one.
    Last,
    /// The one of this name, or of this number, counted from 1.
    Column(String),
}

impl Label {
    /// What people call it: `none`, `last`, a name or a number.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "last" => Self::Last,
            column => Self::Column(column.to_owned()),
        }
    }
}

/// What stands in for a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// 0.
    Zero,
    /// The mean of the values that its column has.
    Mean,
    /// The value of the step before it; before the first one that is there, that one.
    Previous,
}

/// Windows over a long series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Steps of a sample.
    pub steps: NonZeroUsize,
    /// Steps from the start of one sample to that of the next.
    pub stride: NonZeroUsize,
}

/// The rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// As many rows as the file has, without the column of labels.
    pub values: Array2<f32>,
    /// One a row.
    pub labels: Option<Vec<u8>>,
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.nrows()
    }

    /// Are there none? No file gives that.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `count` rows and the others, of which these alone are copied.
    pub(crate) fn split(mut self, count: usize) -> (Self, Self) {
        let values = split_off(&mut self.values, count);
        let count = self.len();
        let labels = self.labels.as_mut().map(|labels| labels.split_off(count.min(labels.len())));
        (self, Self { values, labels })
    }

    /// A sample a row, or the windows; `path` is where they came from.
    ///
    /// # Errors
    /// If a window is longer than the series.
    pub fn samples(self, window: Option<Window>, path: &Path) -> Result<Samples, Error> {
        let Some(Window { steps, stride }) = window else {
            let shape = vec![self.values.ncols()];
            return Ok(Samples { values: Values::Floats(self.values), shape, labels: self.labels });
        };
        let (steps, stride, (length, width)) = (steps.get(), stride.get(), self.values.dim());
        if steps > length {
            return Err(Error::WindowTooLong { path: path.to_path_buf(), steps, found: length });
        }
        let count = (length - steps) / stride + 1;
        // Overlapping windows hold a value several times.
        let needed = count.saturating_mul(steps).saturating_mul(width);
        check_room(path, (needed as u64).saturating_mul(4))?;
        let value = |(sample, at)| self.values[[sample * stride + at / width, at % width]];
        let values = Array2::from_shape_fn((count, steps * width), value);
        let shape = if width == 1 { vec![steps] } else { vec![steps, width] };
        Ok(Samples { values: Values::Floats(values), shape, labels: None })
    }
}

/// Reads a file.
///
/// # Errors
/// If it is empty, not CSV, or a row, a cell, a missing value or the column of labels is not as `layout` says.
pub fn read(path: &Path, layout: &Layout) -> Result<Rows, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening it"))?;
    decode_of_length(file, path, layout, length)
}

/// Reads CSV from `text` to its end; `name` is what errors call it.
///
/// # Errors
/// As [`read`].
pub fn decode(text: impl Read, name: &Path, layout: &Layout) -> Result<Rows, Error> {
    decode_of_length(text, name, layout, None)
}

fn decode_of_length(text: impl Read, name: &Path, layout: &Layout, length: Option<u64>) -> Result<Rows, Error> {
    let mut cells = Cells::new(text, name);
    // A cell has a byte at least, or a comma behind it.
    let most = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1));
    let mut table = Table::new(name, layout, most);
    while let Some(cell) = cells.next()? {
        table.skip(cell.empty_lines)?;
        table.add(cell.text, cell.line)?;
        if cell.ends_row {
            table.end_row()?;
        }
    }
    table.finish()
}
