//! CSV files with one series per row. Each cell is one step, and there is one channel.

use std::path::Path;

use handgrad_files::Progress;

use super::long::value;
use super::one::{Sequences, Series};
use crate::csv::Layout;
use crate::{Error, check_room, count, tables};

/// Reads a CSV file with one series per row.
///
/// # Errors
/// If the file is not CSV, or if a cell is neither a number nor missing.
pub(super) fn read(path: &Path, layout: &Layout, progress: &dyn Progress) -> Result<Sequences, Error> {
    let table = tables::read(path, &layout.label, progress)?;
    check_room(path, (table.len() as u64).saturating_mul(table.names.len() as u64 * 8))?;
    let mut all = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let values = (0..table.names.len()).map(|column| value(&table, row, column)).collect::<Result<Vec<_>, _>>()?;
        all.push(Series::whole(values, 1, table.labels.as_ref().map(|labels| labels.numbers()[row])));
    }
    let mut told = vec!["each row is one series, and each cell one step".to_owned()];
    if table.empty_rows > 0 {
        told.push(format!("{} without any value left out", count(table.empty_rows, "row", "rows")));
    }
    if let (Some(column), Some(labels)) = (&table.label_column, &table.labels) {
        told.push(format!("labels: column {column:?}, {}", count(labels.classes().len(), "class", "classes")));
    }
    let classes = table.labels.as_ref().map_or_else(Vec::new, |labels| labels.classes().to_vec());
    Ok(Sequences { channels: 1, all, classes, told, ..Sequences::default() })
}
