//! The cells of a table in memory.

use std::path::PathBuf;

use indexmap::IndexSet;

use super::ColumnError;
use crate::csv::Header;
use crate::{Error, Labels, did_you_mean};

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Nothing: the cell is empty or holds a marker such as `NA`.
    Missing,
    /// A number.
    Number(f64),
    /// Any other text: its number, which [`Table::word`] takes.
    Word(u32),
}

/// A quiet NaN that stands for a missing cell.
const MISSING: u64 = 0x7ff8_0000_0000_0000;

impl Cell {
    /// The cell as 8 bytes: a number is itself, and everything else is a NaN whose low bits say what it is.
    pub(super) fn packed(self) -> f64 {
        match self {
            Self::Missing => f64::from_bits(MISSING),
            Self::Number(number) => number,
            Self::Word(at) => f64::from_bits(MISSING | (u64::from(at) + 1)),
        }
    }

    fn unpacked(packed: f64) -> Self {
        match packed.to_bits() {
            _ if !packed.is_nan() => Self::Number(packed),
            MISSING => Self::Missing,
            bits => Self::Word((bits - MISSING - 1) as u32),
        }
    }
}

/// A table as it stands in a file: rows of numbers, words and missing values. Eight bytes are kept for each cell, and
/// each different word once.
#[derive(Clone, Debug)]
pub struct Table {
    /// The file, for messages.
    pub path: PathBuf,
    /// The names of the columns, without that of the labels. Without a header they are `column 1`, `column 2`, …
    pub names: Vec<String>,
    /// Whether the names come from a header, and how this is known.
    pub header: Header,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// The name of the column of labels, if there is one.
    pub label_column: Option<String>,
    /// The class of each row, if there is a column of labels.
    pub labels: Option<Labels>,
    /// The rows without any value, which were left out.
    pub empty_rows: usize,
    /// The place of the column of labels in the file, counted from 0.
    pub(super) label_at: Option<usize>,
    /// For each column, the most decimals that one of its numbers is written with.
    pub(super) decimals: Vec<usize>,
    pub(super) cells: Vec<f64>,
    pub(super) words: IndexSet<Box<str>>,
    /// The line of each row.
    pub(super) lines: Vec<u32>,
}

impl Table {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns whether the names come from a header.
    #[must_use]
    pub fn has_header(&self) -> bool {
        self.header.is_there()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The cell in a row and a column, both counted from 0.
    ///
    /// # Panics
    /// If there is no such cell.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell {
        Cell::unpacked(self.cells[row * self.names.len() + column])
    }

    /// The text of a word.
    #[must_use]
    pub fn word(&self, at: u32) -> &str {
        self.words.get_index(at as usize).map_or("", |word| word)
    }

    /// The number of a word, if it occurs.
    pub(super) fn word_number(&self, text: &str) -> Option<u32> {
        self.words.get_index_of(text).map(|at| at as u32)
    }

    /// The text of a cell. Numbers are written in their shortest form, and a missing value is empty.
    #[must_use]
    pub fn text(&self, row: usize, column: usize) -> String {
        match self.cell(row, column) {
            Cell::Missing => String::new(),
            Cell::Number(number) => number.to_string(),
            Cell::Word(at) => self.word(at).to_owned(),
        }
    }

    /// The line of the file on which a row begins, counted from 1.
    #[must_use]
    pub fn line(&self, row: usize) -> usize {
        self.lines[row] as usize
    }

    /// The number of a column, counted from 0, given its name or its number, counted from 1.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        let named = self.names.iter().position(|other| other == name);
        let numbered = || name.parse().ok().and_then(|number: usize| number.checked_sub(1));
        named.or_else(|| numbered().filter(|&at| at < self.names.len())).ok_or_else(|| {
            let (path, column, columns) = (self.path.clone(), name.to_owned(), self.names.len());
            let similar = did_you_mean(name, self.names.iter().map(String::as_str));
            ColumnError::Unknown { path, column, similar, columns }.into()
        })
    }
}
