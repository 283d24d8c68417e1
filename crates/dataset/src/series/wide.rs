//! CSV files with one series per row. Each cell is one step, and there is one channel.

use std::collections::HashMap;

use super::long::value;
use super::one::{Sequences, Series};
use crate::tables::{ColumnError, Table};
use crate::{Error, check_room, count};

/// Makes series of a table with one series per row. `known` are the names of the steps that a model knows. With names
/// on both sides the columns are matched by name, otherwise by their order.
///
/// # Errors
/// If a cell is neither a number nor missing, or if the columns are not those that are known.
pub(super) fn of(table: &Table, known: &[String]) -> Result<Sequences, Error> {
    let names: &[String] = if table.has_header() { &table.names } else { &[] };
    let is_matched = !known.is_empty() && !names.is_empty();
    if is_matched {
        let found: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Some(error) = ColumnError::of_names(&table.path, known, &found) {
            return Err(error.into());
        }
    }
    let places: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let columns: Vec<usize> = match is_matched {
        true => known.iter().filter_map(|name| places.get(name).copied()).collect(),
        false => (0..table.names.len()).collect(),
    };
    check_room(&table.path, (table.len() as u64).saturating_mul(table.names.len() as u64 * 8))?;
    let mut all = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let values = columns.iter().map(|&column| value(table, row, column)).collect::<Result<Vec<_>, _>>()?;
        let class = table.labels.as_ref().map(|labels| labels.numbers()[row]);
        all.push(Series { lines: vec![table.line(row) as u32], ..Series::whole(values, 1, class) });
    }
    let header = table.header.in_words();
    let mut told = vec![format!("each row is one series, and each cell one step; header: {header}")];
    if !columns.is_sorted() {
        told.push("the columns are put in the order of the training data".to_owned());
    }
    if table.empty_rows > 0 {
        told.push(format!("{} without any value left out", count(table.empty_rows, "row", "rows")));
    }
    if let (Some(column), Some(labels)) = (&table.label_column, &table.labels) {
        told.push(format!("labels: column {column:?}, {}", count(labels.classes().len(), "class", "classes")));
    }
    let classes = table.labels.as_ref().map_or_else(Vec::new, |labels| labels.classes().to_vec());
    Ok(Sequences { channels: 1, steps: names.to_vec(), all, classes, told, ..Sequences::default() })
}
