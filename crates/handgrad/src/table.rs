//! Numbers in files, one sample a row: codes, and what a decoder makes of codes. CSV and numpy's .npy, by the file's name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handgrad_dataset::csv::{self as series, Label, Layout};
use handgrad_dataset::npy;
use ndarray::{Array2, Axis, IxDyn};

use crate::config::UsageError;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Npy,
}

impl Format {
    /// What a file's name says.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            _ => None,
        }
    }
}

/// Rows of numbers, and a label for each where the file has them.
pub struct Table {
    pub values: Array2<f32>,
    pub labels: Option<Vec<u8>>,
}

/// Refuses a place where something is already, or whose name says neither CSV nor npy.
pub fn check_place(out: &Path) -> Result<Format> {
    let format = Format::of(out)
        .ok_or_else(|| UsageError(format!("{}: give it a name that ends in .csv or .npy", out.display())))?;
    refuse_to_overwrite(out)?;
    Ok(format)
}

/// Refuses a place where something is already.
pub fn refuse_to_overwrite(out: &Path) -> Result<()> {
    if out.symlink_metadata().is_ok() {
        bail!("{}: is there already and is not overwritten; choose another name", out.display());
    }
    Ok(())
}

/// Writes rows. CSV has a header, `name`0, `name`1, …, and the labels in front; .npy has the rows alone, each of `shape`.
pub fn write(out: &Path, table: &Table, name: &str, shape: &[usize]) -> Result<()> {
    let mut bytes = Vec::new();
    match check_place(out)? {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut bytes);
            let label = table.labels.iter().map(|_| "label".to_string());
            writer.write_record(label.chain((0..table.values.ncols()).map(|place| format!("{name}{place}"))))?;
            for (number, row) in table.values.rows().into_iter().enumerate() {
                let label = table.labels.as_ref().and_then(|labels| labels.get(number)).map(ToString::to_string);
                writer.write_record(label.into_iter().chain(row.iter().map(ToString::to_string)))?;
            }
            writer.flush()?;
        }
        Format::Npy => {
            let dims: Vec<_> = [table.values.nrows()].into_iter().chain(shape.iter().copied()).collect();
            bytes = npy::encode(&table.values.to_shape(IxDyn(&dims))?.view());
        }
    }
    Ok(handgrad_files::write_new(out, &bytes)?)
}

/// Reads rows of `width` values each.
pub fn read(path: &Path, width: usize) -> Result<Table> {
    let cannot = || format!("{}: cannot be read", path.display());
    if !fs::metadata(path).with_context(cannot)?.is_file() {
        bail!("{}: not a file", path.display());
    }
    let table = match Format::of(path) {
        Some(Format::Csv) => read_csv(path, width)?,
        Some(Format::Npy) => Table { values: npy::read(path)?, labels: None },
        None => return Err(UsageError(format!("{}: its name must end in .csv or .npy", path.display())).into()),
    };
    let (rows, found) = table.values.dim();
    if rows == 0 {
        bail!("{}: holds no rows, where at least one code was expected", path.display());
    }
    if found != width {
        bail!(
            "{}: its rows have {found} values, and the network's code has {width}: use codes of this network",
            path.display()
        );
    }
    if let Some(((row, place), value)) = table.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        bail!(
            "{}: row {row}, counted from 0, has {value} at place {place}, where a finite 32-bit number was expected",
            path.display()
        );
    }
    Ok(table)
}

/// CSV with a header or none. A column called label is no part of the codes, nor, without a header, a first one of whole numbers
/// where there is one more than a code has values; nor is a first row of 0, 1, 2, …, which is a header too.
fn read_csv(path: &Path, width: usize) -> Result<Table> {
    let mut rows = series::read(path, &Layout::default())?;
    if rows.labels.is_none() && rows.values.ncols() == width + 1 {
        let first = Layout { label: Label::Column("1".into()), ..Layout::default() };
        rows = series::read(path, &first).unwrap_or(rows);
    }
    let mut values = rows.values;
    // Columns without names are numbered by some programs.
    let numbered = |(at, &value): (usize, &f32)| value == at as f32;
    if values.ncols() > 1 && values.nrows() > 1 && values.row(0).iter().enumerate().all(numbered) {
        values.remove_index(Axis(0), 0);
        if let Some(labels) = &mut rows.labels {
            labels.remove(0);
        }
    }
    Ok(Table { values, labels: rows.labels })
}
