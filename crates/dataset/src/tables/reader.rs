//! Reads a CSV file as a table of numbers, words and missing values.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use handgrad_files::{Progress, Unit, memory, shown};
use indexmap::IndexSet;

use super::{Cell, ColumnError, Table};
use crate::csv::cells::Cells;
use crate::csv::value::{Decimal, is_missing, long_number, number};
use crate::csv::{Header, Label, Layout};
use crate::labels::Collector;
use crate::{Error, count, thousands};

/// A message about the progress is sent after this number of bytes.
const BYTES_TOLD: u64 = 1 << 20;

/// Reads a CSV file as a table. `header` says whether the first row is a header; if it is `None`, this is found out.
///
/// # Errors
/// If the file cannot be read, is not CSV, has no rows, has two columns of one name, or a row has another length.
pub fn read(path: &Path, label: &Label, header: Option<bool>, progress: &dyn Progress) -> Result<Table, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    progress.start(&format!("reading {}", shown(path)), length, Unit::Bytes);
    let table = decode(file, path, label, header, length, progress);
    progress.finish();
    table
}

/// Like [`read`], for the steps of a series: a row without any value is a step whose values are all missing, and so is
/// an empty line of a file with one column.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_steps(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Table, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    progress.start(&format!("reading {}", shown(path)), length, Unit::Bytes);
    let table = decode_rows(file, path, (&layout.label, layout.header), true, length, progress);
    progress.finish();
    table
}

/// Like [`decode`], for the steps of a series.
///
/// # Errors
/// As [`read`].
pub(crate) fn decode_steps(text: impl Read, path: &Path, layout: &Layout) -> Result<Table, Error> {
    decode_rows(text, path, (&layout.label, layout.header), true, None, &())
}

/// Reads CSV from `text` to its end. Errors name it `path`. `length` is the number of its bytes, if it is known.
///
/// # Errors
/// As [`read`].
pub fn decode(
    text: impl Read,
    path: &Path,
    label: &Label,
    header: Option<bool>,
    length: Option<u64>,
    progress: &dyn Progress,
) -> Result<Table, Error> {
    decode_rows(text, path, (label, header), false, length, progress)
}

/// Reads the rows. `keeps_empty` says whether rows without any value are kept.
fn decode_rows(
    text: impl Read,
    path: &Path,
    (label, header): (&Label, Option<bool>),
    keeps_empty: bool,
    length: Option<u64>,
    progress: &dyn Progress,
) -> Result<Table, Error> {
    let mut cells = Cells::new(text, path)?;
    let mut reading = Reading { keeps_empty, ..Reading::begin(path, length, &cells, header) };
    let (mut read, mut told, mut first) = (0_u64, 0, Some(Vec::new()));
    while let Some(cell) = cells.next()? {
        read += cell.text.len() as u64 + 1;
        let (line, ends_row) = (cell.line, cell.ends_row);
        if reading.columns == 1 {
            for line in cell.empty_lines.clone() {
                reading.add("", line)?;
                reading.end_row(line)?;
            }
        }
        match &mut first {
            Some(row) => {
                row.push(cell.text.to_owned());
                if ends_row {
                    reading.first_row(label, first.take().unwrap_or_default(), line)?;
                }
                continue;
            }
            None => reading.add(cell.text, line)?,
        }
        if ends_row {
            reading.end_row(line)?;
            if read - told > BYTES_TOLD {
                progress.advance(read - told);
                told = read;
            }
        }
    }
    reading.finish()
}

/// A table of which some rows were read.
struct Reading {
    table: Table,
    decimal: Decimal,
    /// The separators of the file, in words.
    separators: &'static str,
    /// The number of cells of a row, that of the label included.
    columns: usize,
    /// The column of the labels, counted from 0.
    label: Option<usize>,
    labels: Collector,
    label_text: String,
    /// The number of rows of the file, guessed from its length, so that memory is allocated once.
    rows: u64,
    /// The cells of the current row so far.
    found: usize,
    any_value: bool,
    /// Whether rows without any value are kept.
    keeps_empty: bool,
}

impl Reading {
    fn begin<R: Read>(path: &Path, length: Option<u64>, cells: &Cells<'_, R>, header: Option<bool>) -> Self {
        let first = cells.first_rows();
        let bytes = first.iter().flatten().map(|cell| cell.len() as u64 + 1).sum::<u64>().max(1);
        let rows = length.map_or(0, |length| length.saturating_mul(first.len() as u64) / bytes);
        let (decimal, separators) = (cells.dialect().decimal, cells.dialect().separators());
        let table = Table {
            path: path.to_path_buf(),
            names: Vec::new(),
            header: Header::of(first, decimal, header),
            decimal_comma: decimal == Decimal::Comma,
            label_column: None,
            labels: None,
            empty_rows: 0,
            label_at: None,
            decimals: Vec::new(),
            cells: Vec::new(),
            words: IndexSet::new(),
            lines: Vec::new(),
        };
        let (labels, label_text) = (Collector::default(), String::new());
        let (columns, label, found, any_value, keeps_empty) = (0, None, 0, false, false);
        Self { table, decimal, separators, columns, label, labels, label_text, rows, found, any_value, keeps_empty }
    }

    /// Takes the first row: the names of the columns, or the first values.
    fn first_row(&mut self, label: &Label, cells: Vec<String>, line: u64) -> Result<(), Error> {
        let path = self.table.path.clone();
        self.columns = cells.len();
        let header = self.table.has_header().then_some(&cells[..]);
        self.label = find_label(&path, label, header, self.columns)?;
        let mut names = match header {
            Some(header) => header.to_vec(),
            None => (1..=self.columns).map(|at| format!("column {at}")).collect(),
        };
        check_names(&path, line, &names)?;
        self.table.label_at = self.label;
        self.table.label_column = self.label.map(|at| names.remove(at));
        if names.is_empty() {
            return Err(self.wrong(line, "nothing but labels", "at least one column of values"));
        }
        // A cell and the separator after it have at least one byte.
        let most = self.rows.saturating_mul(names.len() as u64).min(1 << 40);
        self.table.decimals = vec![0; names.len()];
        self.table.names = names;
        reserve(&path, &mut self.table.cells, usize::try_from(most).unwrap_or(0))?;
        if self.table.has_header() {
            return Ok(());
        }
        cells.iter().try_for_each(|cell| self.add(cell, line))?;
        self.end_row(line)
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
        let cell = match number_of(text, self.decimal) {
            _ if is_missing(text) => Cell::Missing,
            Some(number) => {
                let column = at - usize::from(self.label.is_some_and(|label| label < at));
                let most = &mut self.table.decimals[column];
                *most = decimals_of(text, self.decimal).max(*most);
                Cell::Number(number)
            }
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
            let expected = format!(
                "a row of {}, as in the first line, separated by {},",
                thousands(self.columns),
                self.separators
            );
            return Err(self.wrong(line, &count(found, "cell", "cells"), &expected));
        }
        if !std::mem::take(&mut self.any_value) && !self.keeps_empty {
            // A row with nothing in it is not a sample.
            let width = self.table.names.len();
            self.table.cells.truncate(self.table.cells.len() - width);
            self.table.empty_rows += 1;
            return Ok(());
        }
        if let Some(label) = self.label {
            if is_missing(&self.label_text) {
                let (path, found) = (self.table.path.clone(), format!("{:?}", self.label_text));
                let place = format!("line {line}, column {}", label + 1);
                let expected = "a label, which is a word or a number,".to_owned();
                return Err(Error::Table { path, place, found, expected });
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
/// word, and so is a [long number](long_number).
fn number_of(text: &str, decimal: Decimal) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    let is_code = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    if is_code || long_number(text).is_some() { None } else { number(text, decimal) }
}

/// With how many decimals a number is written. An exponent moves the point.
fn decimals_of(text: &str, decimal: Decimal) -> usize {
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse().unwrap_or(0_i64)),
        None => (text, 0),
    };
    let sign = if decimal == Decimal::Comma && !text.contains('.') { b',' } else { b'.' };
    let decimals = digits.bytes().rev().position(|byte| byte == sign).unwrap_or(0);
    usize::try_from((decimals as i64).saturating_sub(exponent).clamp(0, 400)).unwrap_or(0)
}

fn find_label(path: &Path, label: &Label, header: Option<&[String]>, columns: usize) -> Result<Option<usize>, Error> {
    let named = |name: &str| header?.iter().position(|other| other.eq_ignore_ascii_case(name));
    match label {
        Label::ByName => Ok(named("label").or_else(|| named("class"))),
        Label::None => Ok(None),
        Label::Last => Ok(columns.checked_sub(1)),
        Label::Trained { name, at, known } => match (name, header) {
            (Some(name), Some(header)) => {
                let is_known = |at: &usize| known.contains(&header[*at]);
                let same = header.iter().position(|other| other == name).or_else(|| named(name));
                let other = || named("label").or_else(|| named("class")).filter(|_| **at == Label::ByName);
                Ok(same.or_else(other).filter(|at| !is_known(at)))
            }
            _ if columns == known.len() => Ok(None),
            _ => find_label(path, at, header, columns),
        },
        Label::Column(column) => {
            let number = || column.parse().ok().and_then(|number: usize| number.checked_sub(1));
            let found = named(column).or_else(|| number().filter(|&at| at < columns));
            let (path, column) = (path.to_path_buf(), column.clone());
            found.map(Some).ok_or(Error::NoSuchColumn { path, line: 1, column, columns })
        }
    }
}

/// Refuses two columns of one name.
fn check_names(path: &Path, line: u64, names: &[String]) -> Result<(), Error> {
    let mut seen = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        if let Some(before) = seen.insert(name, at) {
            let (path, name) = (path.to_path_buf(), name.clone());
            return Err(ColumnError::Twice { path, line, first: before + 1, second: at + 1, name }.into());
        }
    }
    Ok(())
}

fn reserve(path: &Path, cells: &mut Vec<f64>, more: usize) -> Result<(), Error> {
    let bytes = (cells.len().saturating_add(more) as u64).saturating_mul(8);
    memory::reserve(cells, more).map_err(|_| Error::OutOfMemory { path: path.to_path_buf(), bytes })
}
