//! CSV files whose rows are samples of numbers. [`series`] reads files whose rows are steps of series,
//! and [`tables`](crate::tables) those whose columns are of different kinds.
//!
//! Cells are separated by commas, semicolons, tabs or vertical bars, whichever gives the first lines the same number of
//! cells, and they may be quoted. With semicolons, and with tabs and vertical bars if this is clear, numbers may have a
//! decimal comma. A header is optional: the first row is a header if it has words and no number, or if its numbers are
//! names of columns, such as 0, 1, 2, … above decimals. A row of another length, a cell that is not a number and a
//! missing value are errors, which name the line and the column.
//!
//! A row may have at most 16 MiB and a cell at most 4 KiB. Cells are read one after another, and only their values are
//! kept, so reading needs less than four times as much memory as the file has bytes, however short its cells are. At
//! most 8 MiB are added for a moment while the first 64 KiB are compared with each separator.

pub(crate) mod cells;
pub(crate) mod dialect;
mod header;
mod options;
mod table;
pub(crate) mod value;

use std::io::Read;
use std::path::Path;

use ndarray::Array2;

use self::cells::Cells;
pub use self::header::Header;
pub use self::options::{Fill, Window};
use self::table::Table;
use crate::samples::{split_labels, split_off};
use crate::series;
use crate::tables::Asked;
use crate::{Error, Labels, Samples, Values};

/// How the rows of a file, or the pictures of a folder, become samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The column of the labels, which are words or numbers.
    pub label: Label,
    /// What replaces missing values. If it is `None`, missing values are errors.
    pub fill: Option<Fill>,
    /// Whether the first row is a header. If it is `None`, this is found out.
    pub header: Option<bool>,
    /// The windows to cut. If it is given, the file has one step of a [series] per row, and each window is one sample.
    pub window: Option<Window>,
    /// What is asked of the columns, if the file is a table whose columns are of different kinds. If it is `None`, all
    /// cells are numbers of one kind.
    pub table: Option<Asked>,
    /// What is asked of the steps of series. If it is given without a window, each series is one sample. A window is
    /// cut from series, with or without it.
    pub series: Option<series::Asked>,
    /// The seed with which the samples of a single file are drawn that are held out for validation. If it is `None`,
    /// and for the windows of a series, the last ones are held out.
    pub seed: Option<u64>,
    /// For folders of pictures: the height and the width to which the pictures are scaled. If it is `None`, all of them
    /// must have the same size.
    pub size: Option<[usize; 2]>,
    /// For folders of pictures: whether they are read in colour, that is with three channels, or in grey. If it is
    /// `None`, they are grey if all of them are grey.
    pub in_colour: Option<bool>,
}

/// Which column holds the labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Label {
    /// The column whose name is `label`, otherwise the one whose name is `class`. If there is neither, no column.
    #[default]
    ByName,
    /// No column.
    None,
    /// The last column.
    Last,
    /// The column with this name or this number, counted from 1.
    Column(String),
    /// For a table that a model is used on: the column that held the labels in the training. It is found by its name,
    /// and if there is none of this name, there are no labels.
    Trained {
        /// Its name. `None` if the training had no header.
        name: Option<String>,
        /// Which column it was in the training, which is needed if there is no header.
        at: Box<Label>,
        /// The names of all other columns of the training. A table with as many columns has no labels.
        known: Vec<String>,
    },
}

impl Label {
    /// Parses `none`, `last`, or the name or number of a column.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "last" => Self::Last,
            column => Self::Column(column.to_owned()),
        }
    }

    /// True if this is the number of the column `column`, which is counted from 0.
    fn is_number(&self, column: usize) -> bool {
        matches!(self, Self::Column(number) if number.parse() == Ok(column + 1))
    }
}

/// The rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The values of all rows, without the header and the column of labels.
    pub values: Array2<f32>,
    /// One label per row.
    pub labels: Option<Labels>,
    /// The names of the columns of `values`, if the file has a header. The list is empty if there are more than 16,384
    /// columns.
    pub names: Option<Vec<String>>,
    /// Whether the file has a header, and how this is known.
    pub header: Header,
}

impl Rows {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.nrows()
    }

    /// True if there are no rows. [`read`] never returns such rows: a file without rows is an error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Splits into the first `count` rows and the others. Only the others are copied.
    pub(crate) fn split(mut self, count: usize) -> (Self, Self) {
        let values = split_off(&mut self.values, count);
        let (first, labels) = split_labels(self.labels.take(), self.len());
        let (names, header) = (self.names.clone(), self.header);
        (Self { labels: first, ..self }, Self { values, labels, names, header })
    }

    /// Makes one sample of each row.
    #[must_use]
    pub fn samples(self) -> Samples {
        let shape = vec![self.values.ncols()];
        Samples { values: Values::Floats(self.values), shape, labels: self.labels, places: None }
    }
}

/// Reads a CSV file.
///
/// # Errors
/// If the file cannot be read, is empty or is not CSV, or if a row, a cell or the column of labels is not as `layout`
/// says.
pub fn read(path: &Path, layout: &Layout) -> Result<Rows, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    decode_of_length(file, path, layout, length)
}

/// Reads CSV from `text` to its end. Errors name it `name`.
///
/// # Errors
/// The same as those of [`read`].
pub fn decode(text: impl Read, name: &Path, layout: &Layout) -> Result<Rows, Error> {
    decode_of_length(text, name, layout, None)
}

fn decode_of_length(text: impl Read, name: &Path, layout: &Layout, length: Option<u64>) -> Result<Rows, Error> {
    let mut cells = Cells::new(text, name)?;
    let dialect = cells.dialect();
    let header = Header::of(cells.first_rows(), dialect.decimal, layout.header);
    // The most cells that the file can have: each has at least one byte, or a comma or a line end follows it.
    let most = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1));
    let mut table = Table::new(name, layout, dialect, header, most);
    while let Some(cell) = cells.next()? {
        table.skip(cell.empty_lines)?;
        table.add(cell.text, cell.line)?;
        if cell.ends_row {
            table.end_row()?;
        }
    }
    table.finish()
}
