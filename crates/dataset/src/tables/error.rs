//! What is wrong with the columns of a table.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use handgrad_files::shown;

use crate::words::{count, did_you_mean, thousands};

/// Why the columns of a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// There is no column of this name or number.
    #[error(
        "{}: there is no column {column:?}{similar}; the table has {}: give a name or a number from 1", shown(.path),
        count(*.columns, "column", "columns")
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// A proposal, or nothing.
        similar: String,
        /// How many columns there are.
        columns: usize,
    },
    /// Two columns have the same name.
    #[error(
        "{}, line {line}: columns {first} and {second} are both called {name:?}, but columns are told apart by their \
         names; rename one of them", shown(.path)
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// The line of the header.
        line: u64,
        /// The number of the first one, counted from 1.
        first: usize,
        /// The number of the second one.
        second: usize,
        /// Their name.
        name: String,
    },
    /// The first row of a table has the names of columns, but was not taken for a header.
    #[error(
        "{}: its first row has the names of the columns that the model was trained on, but was taken for values; say \
         that there is a header", shown(.path)
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// No column varies.
    #[error(
        "{}: every column has the same value in all training rows, so there is nothing to learn: is this the \
         right file?", shown(.path)
    )]
    Constant {
        /// The file.
        path: PathBuf,
    },
    /// No column of a table is left for the network.
    #[error(
        "{}: no column is left to learn from: each one is empty, an identifier, a text, or was left out; choose the \
         columns or their kinds yourself", shown(.path)
    )]
    NoColumns {
        /// The file.
        path: PathBuf,
    },
    /// A setting names a column that does not exist.
    #[error(
        "{}: {setting} names the column {column:?}, but there is no such column{similar}; give a name from the first \
         line, or a number, counted from 1", shown(.path)
    )]
    NoSuch {
        /// The file.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// The column that it names.
        column: String,
        /// A proposal, or nothing.
        similar: String,
    },
    /// A column cannot be of the kind that was asked for.
    #[error(
        "{}, column {column:?}: it cannot be of the kind {kind}; its values look like the kind {guessed}; a date \
         needs a format, such as %Y-%m-%d", shown(.path)
    )]
    NotOfKind {
        /// The file.
        path: PathBuf,
        /// The name of the column.
        column: String,
        /// The kind that was asked for.
        kind: &'static str,
        /// The kind that the values look like.
        guessed: &'static str,
    },
    /// A table without a header has another number of columns than the one that the model was trained on.
    #[error(
        "{}: found {}, where {} were expected, as in the data that the model was trained on; one of the two has no \
         header, so columns are matched by their position", shown(.path), count(*.found, "column", "columns"),
         thousands(*.expected)
    )]
    ColumnCount {
        /// The file.
        path: PathBuf,
        /// How many columns it has.
        found: usize,
        /// How many the model was trained on.
        expected: usize,
    },
    /// A column of the model was taken for that of the labels.
    #[error(
        "{}: its column {column:?} was taken as labels, but the model was trained on its values: give the name of \
         another column of labels, or none", shown(.path)
    )]
    TakenAsLabels {
        /// The file.
        path: PathBuf,
        /// The name of the column.
        column: String,
    },
    /// A table has other columns than the one that the model was trained on.
    #[error(
        "{}: its columns are not those that the model was trained on; {}{}{}{similar}; rename the columns in the first \
         line, or leave out those that the model does not know", shown(.path),
        listed("it has no column", .missing), if .missing.is_empty() || .unknown.is_empty() { "" } else { ", and " },
        listed("the model does not know", .unknown)
    )]
    Differ {
        /// The file.
        path: PathBuf,
        /// The columns of the model that the file does not have.
        missing: Vec<String>,
        /// The columns of the file that the model does not know.
        unknown: Vec<String>,
        /// A proposal, or nothing.
        similar: String,
    },
}

impl ColumnError {
    /// The error for a file whose columns are not those of a model. It says whether only upper and lower case differ,
    /// or which name is similar.
    pub(crate) fn differ(path: &Path, missing: Vec<String>, unknown: Vec<String>) -> Self {
        let in_other_case = |name: &String| unknown.iter().any(|other| other.to_lowercase() == name.to_lowercase());
        let similar = match &missing[..] {
            [] => String::new(),
            names if names.iter().all(in_other_case) => " (they differ only in upper and lower case)".to_owned(),
            [first, ..] => did_you_mean(first, unknown.iter().map(String::as_str)),
        };
        Self::Differ { path: path.to_path_buf(), missing, unknown, similar }
    }

    /// Compares the columns of a file with those that a model knows, by name. Returns the error if they are not the
    /// same.
    pub(crate) fn of_names(path: &Path, known: &[String], found: &[&str]) -> Option<Self> {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let beyond = |names: &[&str], others: &[&str]| -> Vec<String> {
            let others: HashSet<&str> = others.iter().copied().collect();
            names.iter().filter(|name| !others.contains(*name)).map(|name| (*name).to_owned()).collect()
        };
        let (missing, unknown) = (beyond(&known, found), beyond(found, &known));
        (!missing.is_empty() || !unknown.is_empty()).then(|| Self::differ(path, missing, unknown))
    }
}

/// A clause that lists at most ten names. Empty if there are none.
fn listed(what: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let first = names.iter().take(10).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    format!("{what} {first}{more}")
}
