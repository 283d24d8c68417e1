//! Which rows of a table are for training, and which are held out.

use std::path::Path;

use handgrad_files::{Progress, shown};
use ndarray::{ArrayView1, Axis};

use super::{Asked, Schema, Table, Told, read};
use crate::csv::Layout;
use crate::held_out::held_out;
use crate::{DataSet, Error, Samples, Values, count};

/// Loads a CSV file as a table. What its columns are is learnt from the training rows alone.
pub(crate) fn load(path: &Path, layout: &Layout, asked: &Asked, progress: &dyn Progress) -> Result<DataSet, Error> {
    let table = read(path, &layout.label, layout.header, progress)?;
    let (train, held_out, words) = rows_of(&table, layout.seed)?;
    let schema = Schema::of(&table, &train, asked)?;
    let (train, _, of_train) = samples_of(&table, &schema, &train)?;
    let (validation, _, of_validation) = samples_of(&table, &schema, &held_out)?;
    let name = shown(path.file_name().unwrap_or(path.as_os_str()));
    let rows = |samples: &Samples| count(samples.len(), "row", "rows");
    // What does not fit the columns stands in the reasons for their kinds.
    let understood =
        Told { empty_rows: of_train.empty_rows + of_validation.empty_rows - table.empty_rows, ..Told::default() };
    Ok(DataSet {
        origin: format!("{} of {} (header: {})", rows(&train), shown(path), table.header.in_words()),
        validation_origin: format!("{}, {words} of {name}", rows(&validation)),
        name,
        train,
        validation,
        understood: understood.lines(),
        columns: schema.used().map(|column| column.name.clone()).collect(),
        table: Some(schema),
        series: None,
    })
}

/// Which rows of a table are for training, and which are held out for validation, and the latter in words: a random
/// tenth, drawn with the seed and with the same share of each class, or without a seed the last tenth.
///
/// # Errors
/// If there are fewer than two rows.
pub fn rows_of(table: &Table, seed: Option<u64>) -> Result<(Vec<usize>, Vec<usize>, &'static str), Error> {
    let len = table.len();
    if len < 2 {
        return Err(Error::TooFewSamples { path: table.path.clone(), found: len });
    }
    let held = (len / 10).max(1);
    let Some(seed) = seed else {
        return Ok(((0..len - held).collect(), (len - held..len).collect(), "the last tenth"));
    };
    let (train, rows) = held_out(len, table.labels.as_ref(), held, seed);
    let words = if table.labels.is_some() { "a random tenth of each class" } else { "a random tenth" };
    Ok((train, rows, words))
}

/// The samples in some rows of a table, their rows, and what did not fit the columns. A row without a value in any used
/// column is no sample.
///
/// # Errors
/// As [`Schema::values`].
pub fn samples_of(table: &Table, schema: &Schema, rows: &[usize]) -> Result<(Samples, Vec<usize>, Told), Error> {
    let (mut values, mut told) = schema.values(table, rows)?;
    let is_empty = |row: ArrayView1<f64>| row.iter().all(|value| value.is_nan());
    let (mut rows, before) = (rows.to_vec(), rows.len());
    if values.rows().into_iter().any(is_empty) {
        let kept: Vec<usize> = (0..rows.len()).filter(|&row| !is_empty(values.row(row))).collect();
        values = values.select(Axis(0), &kept);
        rows = kept.iter().map(|&row| rows[row]).collect();
    }
    if rows.is_empty() {
        return Err(Error::EmptyTable { path: table.path.clone() });
    }
    told.empty_rows += before - rows.len();
    let shape = vec![values.ncols()];
    let labels = table.labels.as_ref().map(|labels| labels.select(&rows));
    Ok((Samples { values: Values::Doubles(values), shape, labels, places: None }, rows, told))
}
