//! Reads a CSV file as a table of numbers, words and missing values.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use handgrad_files::{Progress, Unit, memory, shown};
use indexmap::IndexSet;

use super::{Cell, Table};
use crate::csv::cells::Cells;
use crate::csv::{Label, is_missing};
use crate::labels::Collector;
use crate::{Error, count, thousands};

/// How many rows are read before the first row is judged to be a header or not.
const LOOKED_AT: usize = 20;
/// A message about the progress is sent after this number of bytes.
const BYTES_TOLD: u64 = 1 << 20;

/// Reads a CSV file as a table.
///
/// # Errors
/// If the file cannot be read, is not CSV, has no rows, has two columns of one name, or a row has another length.
pub fn read(path: &Path, label: &Label, progress: &dyn Progress) -> Result<Table, Error> {
    read_file(path, label, false, progress)
}

/// Like [`read`], for the steps of a series: a row without any value is a step whose values are all missing, and so is
/// an empty line of a file with one column.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_steps(path: &Path, label: &Label, progress: &dyn Progress) -> Result<Table, Error> {
    read_file(path, label, true, progress)
}

/// Like [`decode`], for the steps of a series.
///
/// # Errors
/// As [`read`].
pub(crate) fn decode_steps(text: impl Read, path: &Path, label: &Label) -> Result<Table, Error> {
    decode_rows(text, path, label, true, None, &())
}

fn read_file(path: &Path, label: &Label, keeps_empty: bool, progress: &dyn Progress) -> Result<Table, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    progress.start(&format!("reading {}", shown(path)), length, Unit::Bytes);
    let table = decode_rows(file, path, label, keeps_empty, length, progress);
    progress.finish();
    table
}

/// Reads CSV from `text` to its end. Errors name it `path`. `length` is the number of its bytes, if it is known.
///
/// # Errors
/// As [`read`].
pub fn decode(
    text: impl Read,
    path: &Path,
    label: &Label,
    length: Option<u64>,
    progress: &dyn Progress,
) -> Result<Table, Error> {
    decode_rows(text, path, label, false, length, progress)
}

fn decode_rows(
    text: impl Read,
    path: &Path,
    label: &Label,
    keeps_empty: bool,
    length: Option<u64>,
    progress: &dyn Progress,
) -> Result<Table, Error> {
    let mut cells = Cells::new(text, path);
    let mut first: Vec<Vec<String>> = Vec::new();
    let (mut row, mut lines) = (Vec::new(), Vec::new());
    let mut reading: Option<Reading> = None;
    let (mut read, mut told) = (0_u64, 0);
    while let Some(cell) = cells.next()? {
        read += cell.text.len() as u64 + 1;
        if let Some(reading) = &mut reading {
            let empty = if reading.table.names.len() == 1 { cell.empty_lines.clone() } else { 0..0 };
            let (line, ends_row) = (cell.line, cell.ends_row);
            for line in empty {
                reading.add("", line)?;
                reading.end_row(line)?;
            }
            reading.add(cell.text, line)?;
            if ends_row {
                reading.end_row(line)?;
                if read - told > BYTES_TOLD {
                    progress.advance(read - told);
                    told = read;
                }
            }
            continue;
        }
        if first.first().is_some_and(|row: &Vec<String>| row.len() == 1) {
            for line in cell.empty_lines.clone() {
                first.push(vec![String::new()]);
                lines.push(line);
            }
        }
        row.push(cell.text.to_owned());
        let (line, ends_row) = (cell.line, cell.ends_row);
        if ends_row {
            first.push(std::mem::take(&mut row));
            lines.push(line);
            if first.len() >= LOOKED_AT {
                let first = std::mem::take(&mut first);
                reading = Some(Reading::begin(path, label, keeps_empty, (first, &lines), length, read)?);
            }
        }
    }
    let reading = match reading {
        Some(reading) => reading,
        None if first.is_empty() => return Err(Error::EmptyTable { path: path.to_path_buf() }),
        None => Reading::begin(path, label, keeps_empty, (first, &lines), length, read)?,
    };
    reading.finish()
}

/// A table of which some rows were read.
struct Reading {
    table: Table,
    /// The number of cells of a row, that of the label included.
    columns: usize,
    /// The column of the labels, counted from 0.
    label: Option<usize>,
    labels: Collector,
    label_text: String,
    /// The cells of the current row so far.
    found: usize,
    any_value: bool,
    /// Whether a row without any value is kept.
    keeps_empty: bool,
}

impl Reading {
    /// Judges the first rows, and adds them.
    fn begin(
        path: &Path,
        label: &Label,
        keeps_empty: bool,
        (first, lines): (Vec<Vec<String>>, &[u64]),
        length: Option<u64>,
        read: u64,
    ) -> Result<Self, Error> {
        let columns = first[0].len();
        let is_header = is_header(&first[0], &first[1..]);
        let header = is_header.then(|| first[0].clone());
        let label = find_label(path, label, header.as_deref(), columns)?;
        let mut names = header.unwrap_or_else(|| (1..=columns).map(|at| format!("column {at}")).collect());
        check_names(path, &names)?;
        let label_column = label.map(|at| names.remove(at));
        if names.is_empty() {
            let (found, expected) = ("nothing but labels".to_owned(), "at least one column of values".to_owned());
            return Err(Error::Table { path: path.to_path_buf(), place: "line 1".into(), found, expected });
        }
        let rows = first.len().saturating_sub(usize::from(is_header));
        let mut table = Table {
            path: path.to_path_buf(),
            names,
            has_header: is_header,
            label_column,
            labels: None,
            empty_rows: 0,
            cells: Vec::new(),
            words: IndexSet::new(),
            lines: Vec::new(),
        };
        // The number of rows is guessed from the first rows, so that memory is allocated once.
        let guess = length.map_or(0, |length| length.saturating_mul(first.len() as u64) / read.max(1));
        let guess = usize::try_from(guess).unwrap_or(usize::MAX).saturating_mul(table.names.len());
        let guess = guess.min(length.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX)));
        reserve(path, &mut table.cells, guess)?;
        let labels = Collector::default();
        let mut reading =
            Self { table, columns, label, labels, label_text: String::new(), found: 0, any_value: false, keeps_empty };
        let skipped = first.len() - rows;
        for (row, &line) in first.iter().zip(lines).skip(skipped) {
            for text in row {
                reading.add(text, line)?;
            }
            reading.end_row(line)?;
        }
        Ok(reading)
    }

    fn add(&mut self, text: &str, line: u64) -> Result<(), Error> {
        let at = self.found;
        self.found += 1;
        if at >= self.columns {
            return Ok(());
        }
        if self.label == Some(at) {
            text.clone_into(&mut self.label_text);
            return Ok(());
        }
        let cell = match number(text) {
            _ if is_missing(text) => Cell::Missing,
            Some(number) => Cell::Number(number),
            None => Cell::Word(match self.table.words.get_index_of(text) {
                Some(at) => at as u32,
                None => {
                    let (at, _) = self.table.words.insert_full(text.into());
                    u32::try_from(at).map_err(|_| self.wrong(line, "more than 4,294,967,295 words", "fewer words"))?
                }
            }),
        };
        self.any_value |= cell != Cell::Missing;
        if self.table.cells.len() == self.table.cells.capacity() {
            let more = (self.table.cells.len() / 8).max(1 << 10);
            reserve(&self.table.path, &mut self.table.cells, more)?;
        }
        self.table.cells.push(cell.packed());
        Ok(())
    }

    fn end_row(&mut self, line: u64) -> Result<(), Error> {
        let found = std::mem::take(&mut self.found);
        if found != self.columns {
            let expected = format!("a row of {}, as in the first line,", thousands(self.columns));
            return Err(self.wrong(line, &count(found, "cell", "cells"), &expected));
        }
        if !std::mem::take(&mut self.any_value) && !self.keeps_empty {
            // A row with nothing in it is not a sample.
            let width = self.table.names.len();
            self.table.cells.truncate(self.table.cells.len() - width);
            self.table.empty_rows += 1;
            return Ok(());
        }
        if self.label.is_some() {
            if is_missing(&self.label_text) {
                let found = format!("{:?} in the column of the labels", self.label_text);
                return Err(self.wrong(line, &found, "a label, which is a word or a number,"));
            }
            self.labels.add(&self.label_text);
        }
        self.table.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    }

    fn finish(mut self) -> Result<Table, Error> {
        if self.table.is_empty() {
            return Err(Error::EmptyTable { path: self.table.path });
        }
        self.table.labels = self.label.map(|_| self.labels.finish());
        Ok(self.table)
    }

    fn wrong(&self, line: u64, found: &str, expected: &str) -> Error {
        let (path, place) = (self.table.path.clone(), format!("line {line}"));
        Error::Table { path, place, found: found.to_owned(), expected: expected.to_owned() }
    }
}

/// The number that a text stands for. A text that begins with a superfluous zero, such as a postal code `01069`, is a
/// word.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns whether the first row is a header: it has words and no number, or words where the rows below have numbers.
fn is_header(first: &[String], others: &[Vec<String>]) -> bool {
    let is_number = |text: &String| number(text).is_some();
    let is_word = |text: &String| !is_number(text) && !is_missing(text);
    if first.iter().any(is_number) {
        return false;
    }
    // A table of words alone has a header if no word of the first row occurs below it in the same column.
    let numbers_below = others.iter().any(|row| row.iter().any(is_number));
    let repeats = others.iter().any(|row| row.iter().zip(first).any(|(below, above)| is_word(above) && below == above));
    first.iter().any(is_word) && (numbers_below || !repeats)
}

fn find_label(
    path: &Path,
    label: &Label,
    header: Option<&[String]>,
    columns: usize,
) -> Result<Option<usize>, Error> {
    let named = |name: &str| header?.iter().position(|other| other.eq_ignore_ascii_case(name));
    match label {
        Label::ByName => Ok(named("label").or_else(|| named("class"))),
        Label::None => Ok(None),
        Label::Last => Ok(columns.checked_sub(1)),
        Label::Column(column) => {
            let number = || column.parse().ok().and_then(|number: usize| number.checked_sub(1));
            let found = named(column).or_else(|| number().filter(|&at| at < columns));
            let (path, column) = (path.to_path_buf(), column.clone());
            found.map(Some).ok_or(Error::NoSuchColumn { path, line: 1, column, columns })
        }
    }
}

/// Refuses two columns of one name.
fn check_names(path: &Path, names: &[String]) -> Result<(), Error> {
    let mut seen = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        if let Some(before) = seen.insert(name, at) {
            let found = format!("two columns called {name:?}, {} and {}", before + 1, at + 1);
            let expected = "a name of its own for each column; rename one of them in the first line,".to_owned();
            return Err(Error::Table { path: path.to_path_buf(), place: "line 1".into(), found, expected });
        }
    }
    Ok(())
}

fn reserve(path: &Path, cells: &mut Vec<f64>, more: usize) -> Result<(), Error> {
    let bytes = (cells.len().saturating_add(more) as u64).saturating_mul(8);
    memory::reserve(cells, more).map_err(|_| Error::OutOfMemory { path: path.to_path_buf(), bytes })
}
