//! Reads and writes tables of numbers, one sample per row: codes, and the samples that a decoder computes from codes.
//! The ending of the file's name says the format: CSV or numpy's .npy.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;

use handgrad_files::place;
use ndarray::{Array2, Axis, IxDyn};

use crate::csv::{self, Label, Layout};
use crate::tables::{self, Cell};
use crate::{Error, Labels, count, npy};

/// The format of a table in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV: text, with a header.
    Csv,
    /// .npy: an array of numpy.
    Npy,
}

impl Format {
    /// The format that the ending of a file's name says, if it is one of the two.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        [(Self::Csv, "csv"), (Self::Npy, "npy")]
            .into_iter()
            .find(|(_, ending)| place::ends_in(path, ending))
            .map(|it| it.0)
    }

    /// The same as [`of`](Self::of), but any other ending is an error.
    ///
    /// # Errors
    /// If the name ends in neither `.csv` nor `.npy`.
    pub fn expected(path: &Path) -> Result<Self, Error> {
        let wrong = || handgrad_files::Error::WrongName { path: path.to_path_buf(), expected: ".csv or .npy".into() };
        Ok(Self::of(path).ok_or_else(wrong)?)
    }
}

/// Rows of numbers, and a label for each row if the file has labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The numbers, one sample per row.
    pub values: Array2<f32>,
    /// One label per row.
    pub labels: Option<Labels>,
}

/// The name of a column with the lines of the file from which rows come.
pub const LINE: &str = "line";

/// Checks that a table can be written to `out`, and returns its format.
///
/// # Errors
/// If the name ends in neither `.csv` nor `.npy`, or if something already exists at this path.
pub fn check_place(out: &Path) -> Result<Format, Error> {
    let format = Format::expected(out)?;
    place::must_be_free(out)?;
    Ok(format)
}

/// Writes a table to a new file. CSV gets a header, `name`0, `name`1, …, and the labels as its first column, after the
/// columns of text `first`, each with its name. A .npy file gets the rows without labels and text, each row in the
/// shape `shape`.
///
/// # Errors
/// If the file already exists or cannot be written, or if a row does not have as many values as `shape`.
pub fn write(
    out: &Path,
    table: &Table,
    name: &str,
    shape: &[usize],
    first: &[(String, Vec<String>)],
) -> Result<(), Error> {
    let bytes = match check_place(out)? {
        Format::Csv => csv_text(table, name, first).into_bytes(),
        Format::Npy => {
            let dims: Vec<_> = [table.values.nrows()].into_iter().chain(shape.iter().copied()).collect();
            let shaped = table.values.to_shape(IxDyn(&dims));
            npy::encode(&shaped.map_err(|error| unfit(out, error.to_string()))?.view())
        }
    };
    Ok(handgrad_files::write_new(out, &bytes)?)
}

fn csv_text(table: &Table, name: &str, first: &[(String, Vec<String>)]) -> String {
    let mut text = String::new();
    let mut line =
        |first: &mut dyn Iterator<Item = &String>, label: Option<String>, cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<String> = first.map(|text| cell_text(text)).chain(label).chain(cells).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        };
    let label = table.labels.as_ref().map(|_| "label".to_string());
    line(
        &mut first.iter().map(|(name, _)| name),
        label,
        &mut (0..table.values.ncols()).map(|place| format!("{name}{place}")),
    );
    for (number, row) in table.values.rows().into_iter().enumerate() {
        let label = table.labels.as_ref().and_then(|labels| labels.name(number)).map(cell_text);
        line(&mut first.iter().map(|(_, texts)| &texts[number]), label, &mut row.iter().map(ToString::to_string));
    }
    text
}

/// A text as a cell of a CSV file: in quotes if it contains a comma, a quote or a line end.
#[must_use]
pub fn cell_text(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn unfit(path: &Path, problem: String) -> Error {
    Error::Unfit { path: path.to_path_buf(), problem }
}

/// Reads codes: rows of `width` values each.
///
/// # Errors
/// If the file cannot be read, if it is neither CSV nor .npy, if it has no rows or rows of another width, or if a value
/// is not a finite number.
pub fn read(path: &Path, width: usize) -> Result<Table, Error> {
    let format = Format::expected(path);
    if !fs::metadata(path).map_err(Error::io(path, "opening"))?.is_file() {
        return Err(unfit(path, "not a file, where codes in CSV or .npy were expected".into()));
    }
    let table = match format? {
        Format::Csv => read_csv(path, width)?,
        Format::Npy => Table { values: npy::read(path)?, labels: None },
    };
    let (rows, found) = table.values.dim();
    if rows == 0 {
        return Err(unfit(path, "holds no rows, where at least one code was expected".into()));
    }
    if found != width {
        let found = count(found, "value", "values");
        let problem = format!("its rows have {found}, but the network's code has {width}: use codes of this network");
        return Err(unfit(path, problem));
    }
    if let Some(((row, place), value)) = table.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(unfit(
            path,
            format!(
                "row {row}, counted from 0, has {value} at position {place}, where a finite 32-bit number was expected"
            ),
        ));
    }
    Ok(table)
}

/// Reads codes from a CSV file, with or without a header.
///
/// A column whose name is `label` or `class` is not part of the codes. Without a header, if there is one column more
/// than a code has values, the first column holds the labels, if it has words or whole numbers. A first
/// row of 0, 1, 2, … is then a header too, and is removed. If a header has the names z0, z1, … that `encode` writes,
/// the columns are put in that order. A header with other names is ignored.
fn read_csv(path: &Path, width: usize) -> Result<Table, Error> {
    if let Some(table) = read_lines(path)? {
        return Ok(table);
    }
    let mut rows = csv::read(path, &Layout::default())?;
    if rows.labels.is_none() && rows.values.ncols() == width + 1 {
        let first = Layout { label: Label::Column("1".into()), ..Layout::default() };
        let labelled = csv::read(path, &first)?;
        let has_labels =
            labelled.labels.as_ref().is_some_and(|labels| labels.classes().iter().all(|class| is_class(class)));
        rows = if has_labels { labelled } else { rows };
    }
    let mut values = rows.values;
    if let Some(order) = order_of(rows.names.as_deref().unwrap_or_default()).map_err(|problem| unfit(path, problem))? {
        values = values.select(Axis(1), &order);
    }
    // Some programs number columns that have no names.
    let numbered = |(at, &value): (usize, &f32)| value == at as f32;
    let has_header = rows.names.is_some();
    if !has_header && values.ncols() > 1 && values.nrows() > 1 && values.row(0).iter().enumerate().all(numbered) {
        values.remove_index(Axis(0), 0);
        if let Some(labels) = &mut rows.labels {
            *labels = labels.select(&(1..labels.len()).collect::<Vec<_>>());
        }
    }
    Ok(Table { values, labels: rows.labels })
}

/// Reads the codes of rows of a table, which `encode` writes after the line of each row. The lines, and a column that
/// names the rows, are not part of the codes. Returns `None` if the first column is no such column.
fn read_lines(path: &Path) -> Result<Option<Table>, Error> {
    let (file, _) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    let mut first = Vec::new();
    file.take(LINE.len() as u64 + 1).read_to_end(&mut first).map_err(Error::io(path, "reading"))?;
    if first != format!("{LINE},").as_bytes() {
        return Ok(None);
    }
    let table = tables::read(path, &Label::ByName, Some(true), &())?;
    let Some(order) = order_of(&table.names).map_err(|problem| unfit(path, problem))? else { return Ok(None) };
    let mut values = Array2::zeros((table.len(), order.len()));
    for ((row, at), value) in values.indexed_iter_mut() {
        *value = match table.cell(row, order[at]) {
            Cell::Number(number) => number as f32,
            _ => {
                let place = format!("line {}, column {:?}", table.line(row), table.names[order[at]]);
                let (path, found) = (path.to_path_buf(), format!("{:?}", table.text(row, order[at])));
                return Err(Error::Table { path, place, found, expected: "a value of a code, a number,".to_owned() });
            }
        };
    }
    Ok(Some(Table { values, labels: table.labels }))
}

/// True unless this is a number with decimals.
fn is_class(name: &str) -> bool {
    name.parse().map_or(true, |number: f64| number.fract() == 0.0)
}

/// Returns the columns of z0, z1, … if these are the names, in whichever order. Returns `None` if no name is of this
/// kind.
///
/// # Errors
/// In words, if one of them is missing or is there twice.
fn order_of(names: &[String]) -> Result<Option<Vec<usize>>, String> {
    let number = |name: &String| -> Option<usize> { name.trim().strip_prefix(['z', 'Z'])?.parse().ok() };
    let mut columns = HashMap::new();
    for (column, number) in names.iter().enumerate().filter_map(|(column, name)| Some((column, number(name)?))) {
        if columns.insert(number, column).is_some() {
            return Err(format!("its header has the column z{number} twice, where it was expected once"));
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let column = |wanted: usize| {
        let missing = || format!("its header has no column z{wanted}, where one for each value of a code was expected");
        columns.get(&wanted).copied().ok_or_else(missing)
    };
    let wanted = if names[0] == LINE { columns.len() } else { names.len() };
    (0..wanted).map(column).collect::<Result<_, _>>().map(Some)
}
