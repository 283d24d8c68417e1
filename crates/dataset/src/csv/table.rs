//! Collects cells into rows of values. Only the values are kept, not the text of the cells.

use std::ops::Range;
use std::path::Path;

use handgrad_files::memory;
use ndarray::{Array2, ArrayViewMut1, Axis};

use super::dialect::Dialect;
use super::header::Header;
use super::value::{is_missing, number};
use super::{Fill, Label, Layout, Rows};
use crate::labels::Collector;
use crate::{Error, count, thousands};

/// The rows that have been read so far. [`finish`](Self::finish) turns them into [`Rows`].
pub(super) struct Table<'a> {
    path: &'a Path,
    layout: &'a Layout,
    dialect: Dialect,
    header: Header,
    /// The largest possible number of values.
    most: usize,
    /// The number of cells in a row. `None` until the first row has ended.
    columns: Option<usize>,
    /// The column of the labels, counted from 0.
    label: Option<usize>,
    /// The number of rows of values, without the header.
    rows: usize,
    /// The line of the first row of values.
    first_line: u64,
    /// The values of all rows, in order. A missing value is NaN.
    values: Vec<f32>,
    labels: Collector,
    row: Row,
    first: First,
}

/// The row that is being read.
#[derive(Default)]
struct Row {
    line: u64,
    cells: usize,
    /// The error of the first wrong cell. It is returned at the end of the row, unless the length of the row is wrong,
    /// which is reported instead.
    wrong: Option<(usize, Error)>,
}

/// What is noted about the first row, to decide which column holds the labels.
#[derive(Default)]
struct First {
    /// The first column with the name that was asked for.
    asked: Option<usize>,
    /// The first column called `label`.
    label: Option<usize>,
    /// The first column called `class`.
    class: Option<usize>,
    /// The cell in the column of the labels, if the layout says which one that is.
    label_text: String,
    /// The cells, if the row is a header.
    names: Vec<String>,
}

/// The names of no more columns are kept, so that they take little memory beside the values.
const MOST_NAMES: usize = 1 << 14;

impl<'a> Table<'a> {
    pub fn new(path: &'a Path, layout: &'a Layout, dialect: Dialect, header: Header, most: usize) -> Self {
        let (columns, label, rows, first_line) = (None, None, 0, 0);
        let (values, labels, row, first) = (Vec::new(), Collector::default(), Row::default(), First::default());
        Self { path, layout, dialect, header, most, columns, label, rows, first_line, values, labels, row, first }
    }

    /// Handles empty lines. In a file with one column each of them is a missing value; otherwise they are ignored.
    pub fn skip(&mut self, lines: Range<u64>) -> Result<(), Error> {
        if self.columns != Some(1) {
            return Ok(());
        }
        for line in lines {
            self.add("", line)?;
            self.end_row()?;
        }
        Ok(())
    }

    /// Adds the next cell of the row that begins on `line`.
    pub fn add(&mut self, cell: &str, line: u64) -> Result<(), Error> {
        let column = self.row.cells;
        (self.row.line, self.row.cells) = (line, column + 1);
        match self.columns {
            None => self.first.look_at(cell, column, &self.layout.label, self.header),
            // The row is too long: the cell is only counted, for the error message.
            Some(columns) if column >= columns => return Ok(()),
            Some(_) if self.label == Some(column) => {
                if is_missing(cell) {
                    self.is_wrong(|table| table.no_label(column, &quoted(cell)));
                }
                self.labels.add(cell);
                return Ok(());
            }
            Some(_) => {}
        }
        let value = if is_missing(cell) {
            if self.layout.fill.is_none() {
                self.is_wrong(|table| Error::Missing { path: table.path.to_path_buf(), line, column: column + 1 });
            }
            f32::NAN
        } else {
            // The value is read with 64 bits and rounded once.
            let value = number(cell, self.dialect.decimal).map(|value| value as f32).filter(|value| value.is_finite());
            if value.is_none() {
                self.is_wrong(|table| {
                    let expected = format!("a finite 32-bit number ({})", table.dialect.in_words());
                    table.wrong(Some(column), &quoted(cell), &expected)
                });
            }
            value.unwrap_or(f32::NAN)
        };
        self.push(value)
    }

    /// Ends the row. The first row decides the number of columns and the column of the labels.
    pub fn end_row(&mut self) -> Result<(), Error> {
        let Some(columns) = self.columns else {
            let columns = self.row.cells;
            self.columns = Some(columns);
            self.label = self.find_label(columns)?;
            if columns == usize::from(self.label.is_some()) {
                return Err(self.wrong(None, "nothing but labels", "at least one column of values"));
            }
            if self.header.is_there() {
                self.values.clear();
                self.row = Row::default();
                if self.first.names.len() < columns {
                    self.first.names.clear();
                } else if let Some(label) = self.label {
                    self.first.names.remove(label);
                }
                return Ok(());
            }
            if let Some(label) = self.label {
                // The label was added as a value, because its column was not known before the row ended.
                self.values.remove(label);
                self.row.wrong.take_if(|(column, _)| *column == label);
                let text = std::mem::take(&mut self.first.label_text);
                if is_missing(&text) {
                    return Err(self.no_label(label, &quoted(&text)));
                }
                self.labels.add(&text);
            }
            return self.end_values(columns);
        };
        if self.row.cells != columns {
            let separators = self.dialect.separators();
            let expected = format!("a row of {}, as in the first line, separated by {separators},", thousands(columns));
            return Err(self.wrong(None, &count(self.row.cells, "cell", "cells"), &expected));
        }
        self.end_values(columns)
    }

    fn end_values(&mut self, columns: usize) -> Result<(), Error> {
        let row = std::mem::take(&mut self.row);
        if let Some((_, wrong)) = row.wrong {
            return Err(wrong);
        }
        let width = columns - usize::from(self.label.is_some());
        let values = &self.values[self.values.len() - width..];
        let along_rows = self.layout.fill == Some(Fill::Previous);
        if along_rows && values.iter().all(|value| value.is_nan()) {
            return Err(self.nothing_to_fill_from(format!("line {}", row.line)));
        }
        if self.rows == 0 {
            self.first_line = row.line;
        }
        self.rows += 1;
        Ok(())
    }

    fn find_label(&self, columns: usize) -> Result<Option<usize>, Error> {
        let named = |column: Option<usize>| column.filter(|_| self.header.is_there());
        match &self.layout.label {
            Label::ByName => Ok(named(self.first.label.or(self.first.class))),
            Label::None | Label::Trained { .. } => Ok(None),
            Label::Last => Ok(columns.checked_sub(1)),
            Label::Column(column) => {
                let number = column.parse().ok().and_then(|number: usize| number.checked_sub(1));
                let found = named(self.first.asked).or(number.filter(|&at| at < columns));
                let (path, line) = (self.path.to_path_buf(), self.row.line);
                found.map(Some).ok_or_else(|| Error::NoSuchColumn { path, line, column: column.clone(), columns })
            }
        }
    }

    /// Appends a value. When the buffer is full, it grows by a quarter, but not beyond the largest possible number of
    /// values.
    fn push(&mut self, value: f32) -> Result<(), Error> {
        let length = self.values.len();
        if length == self.values.capacity() {
            let more = (length / 4).max(1 << 10).min(self.most.saturating_sub(length).max(1));
            let bytes = (length.saturating_add(more) as u64).saturating_mul(4);
            let out_of_memory = |_| Error::OutOfMemory { path: self.path.to_path_buf(), bytes };
            memory::reserve(&mut self.values, more).map_err(out_of_memory)?;
        }
        self.values.push(value);
        Ok(())
    }

    /// Keeps the error of a wrong cell, if it is the first one of its row.
    fn is_wrong(&mut self, error: impl FnOnce(&Self) -> Error) {
        let column = self.row.cells.saturating_sub(1);
        // In the first row, the column of the labels is not known yet, and a label may be any word.
        let is_label = self.columns.is_none() && self.layout.label.is_number(column);
        if self.row.wrong.is_none() && !is_label {
            self.row.wrong = Some((column, error(self)));
        }
    }

    fn no_label(&self, column: usize, found: &str) -> Error {
        self.wrong(Some(column), found, "a label, which is a word or a number,")
    }

    fn wrong(&self, column: Option<usize>, found: &str, expected: &str) -> Error {
        let column = column.map_or_else(String::new, |column| format!(", column {}", column + 1));
        let place = format!("line {}{column}", self.row.line);
        Error::Table { path: self.path.to_path_buf(), place, found: found.to_owned(), expected: expected.to_owned() }
    }

    fn nothing_to_fill_from(&self, place: String) -> Error {
        let (found, expected) = ("no value at all".to_owned(), "at least one to fill the others from".to_owned());
        Error::Table { path: self.path.to_path_buf(), place, found, expected }
    }

    /// Ends the file: fills missing values, and returns the rows.
    pub fn finish(mut self) -> Result<Rows, Error> {
        let (Some(columns), 1..) = (self.columns, self.rows) else {
            return Err(Error::EmptyTable { path: self.path.to_path_buf() });
        };
        let width = columns - usize::from(self.label.is_some());
        let values = std::mem::take(&mut self.values);
        let mut values = Array2::from_shape_vec((self.rows, width), values)
            .map_err(|error| Error::io(self.path, "putting its rows together")(std::io::Error::other(error)))?;
        if let Some(fill) = self.layout.fill {
            // The mean is that of a column. Otherwise each row is filled along itself, and so is a single row.
            let column = self.rows > 1 && fill == Fill::Mean;
            for (at, mut lane) in values.lanes_mut(Axis(usize::from(!column))).into_iter().enumerate() {
                if fill_lane(&mut lane, fill).is_none() {
                    // This is a column, or the only row: with several rows, `end_values` has refused rows without any
                    // value. Columns are counted from 1, the column of labels included.
                    let at = at + 1 + usize::from(self.label.is_some_and(|label| label <= at));
                    let line = self.first_line;
                    return Err(self.nothing_to_fill_from(if column {
                        format!("column {at}")
                    } else {
                        format!("line {line}")
                    }));
                }
            }
        }
        let names = self.header.is_there().then_some(self.first.names);
        Ok(Rows { values, labels: self.label.map(|_| self.labels.finish()), names, header: self.header })
    }
}

impl First {
    fn look_at(&mut self, cell: &str, column: usize, label: &Label, header: Header) {
        if header.is_there() && column < MOST_NAMES {
            self.names.push(cell.to_owned());
        }
        let named = |place: &mut Option<usize>, name: &str| {
            if place.is_none() && cell.eq_ignore_ascii_case(name) {
                *place = Some(column);
            }
        };
        let is_label = match label {
            Label::Last => true,
            other => other.is_number(column),
        };
        if is_label {
            cell.clone_into(&mut self.label_text);
        }
        named(&mut self.label, "label");
        named(&mut self.class, "class");
        if let Label::Column(name) = label {
            named(&mut self.asked, name);
        }
    }
}

/// The first 40 characters of a cell, in quotes.
fn quoted(cell: &str) -> String {
    format!("{:?}", cell.chars().take(40).collect::<String>())
}

/// Replaces the NaNs of a row or column. Returns `None` if there is no known value to fill them from.
fn fill_lane(lane: &mut ArrayViewMut1<f32>, fill: Fill) -> Option<()> {
    let known = lane.iter().filter(|value| !value.is_nan());
    let mut stand_in = match fill {
        Fill::Zero => 0.0,
        Fill::Mean => {
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), &value| (sum + f64::from(value), count + 1.0));
            if count == 0.0 { f32::NAN } else { (sum / count) as f32 }
        }
        Fill::Previous => known.copied().next().unwrap_or(f32::NAN),
    };
    for value in lane.iter_mut() {
        if value.is_nan() {
            *value = stand_in;
        } else if fill == Fill::Previous {
            stand_in = *value;
        }
    }
    // The replacement is NaN only if there was no known value.
    (!stand_in.is_nan()).then_some(())
}
