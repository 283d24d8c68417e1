//! CSV files with one series per row. Each cell is one step, and there is one channel.

use super::long::value;
use super::one::{Sequences, Series};
use crate::tables::Table;
use crate::{Error, check_room, count};

/// Makes series of a table with one series per row.
///
/// # Errors
/// If a cell is neither a number nor missing.
pub(super) fn of(table: &Table) -> Result<Sequences, Error> {
    check_room(&table.path, (table.len() as u64).saturating_mul(table.names.len() as u64 * 8))?;
    let mut all = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let values = (0..table.names.len()).map(|column| value(table, row, column)).collect::<Result<Vec<_>, _>>()?;
        all.push(Series::whole(values, 1, table.labels.as_ref().map(|labels| labels.numbers()[row])));
    }
    let header = table.header.in_words();
    let mut told = vec![format!("each row is one series, and each cell one step; header: {header}")];
    if table.empty_rows > 0 {
        told.push(format!("{} without any value left out", count(table.empty_rows, "row", "rows")));
    }
    if let (Some(column), Some(labels)) = (&table.label_column, &table.labels) {
        told.push(format!("labels: column {column:?}, {}", count(labels.classes().len(), "class", "classes")));
    }
    let classes = table.labels.as_ref().map_or_else(Vec::new, |labels| labels.classes().to_vec());
    Ok(Sequences { channels: 1, all, classes, told, ..Sequences::default() })
}
