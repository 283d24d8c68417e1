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
    let (schema, used, (train, held_out, words)) = learn(&table, layout.seed, asked)?;
    let (train, ..) = samples_of(&table, &schema, &train)?;
    let (validation, ..) = samples_of(&table, &schema, &held_out)?;
    let name = shown(path.file_name().unwrap_or(path.as_os_str()));
    let rows = |samples: &Samples| count(samples.len(), "row", "rows");
    // What does not fit the columns stands in the reasons for their kinds.
    let understood = Told { empty_rows: table.empty_rows + table.len() - used.len(), ..Told::default() };
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

/// The rows for training, those that are held out, and the latter in words.
type Parts = (Vec<usize>, Vec<usize>, &'static str);

/// Learns what the columns of a table are from its training rows. Returns the rows that are samples, too, and how they
/// are divided.
///
/// Only rows that are samples are drawn, but which ones are samples depends on the columns, and these are learnt from
/// the training rows. So if rows turn out to be no samples, the others are drawn again.
fn learn(table: &Table, seed: Option<u64>, asked: &Asked) -> Result<(Schema, Vec<usize>, Parts), Error> {
    const MOST_DRAWS: usize = 8;
    let mut rows: Vec<usize> = (0..table.len()).collect();
    for _ in 0..MOST_DRAWS {
        let parts = rows_of(table, &rows, seed)?;
        let schema = Schema::of(table, &parts.0, asked)?;
        let samples = schema.samples(table)?;
        if samples == rows {
            return Ok((schema, rows, parts));
        }
        rows = samples;
    }
    let problem = "some rows have values only in columns whose kinds cannot be told from the training rows: give the \
                   kinds of the columns, or remove rows that are nearly empty";
    Err(Error::Unfit { path: table.path.clone(), problem: problem.to_owned() })
}

/// Which of these rows of a table are for training, and which are held out for validation, and the latter in words: a
/// random tenth, drawn with the seed and with the same share of each class, or without a seed the last tenth.
///
/// # Errors
/// If there are fewer than two rows.
pub fn rows_of(table: &Table, rows: &[usize], seed: Option<u64>) -> Result<Parts, Error> {
    let len = rows.len();
    if len < 2 {
        return Err(Error::TooFewSamples { path: table.path.clone(), found: len });
    }
    let held = (len / 10).max(1);
    let Some(seed) = seed else {
        return Ok((rows[..len - held].to_vec(), rows[len - held..].to_vec(), "the last tenth"));
    };
    let labels = table.labels.as_ref().map(|labels| labels.select(rows));
    let (train, held_out) = held_out(len, labels.as_ref(), held, seed);
    let words = if labels.is_some() { "a random tenth of each class" } else { "a random tenth" };
    let in_table = |numbers: Vec<usize>| numbers.into_iter().map(|number| rows[number]).collect();
    Ok((in_table(train), in_table(held_out), words))
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
