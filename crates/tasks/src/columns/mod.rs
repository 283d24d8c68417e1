//! What a model of tables is good for: it tells each column of a row from the others.
//!
//! [`surprise`] measures how far each cell is from what the other cells of its row let expect, and from what is usual
//! in its column. This finds anomalies. [`explain`](mod@explain) names the cells that are most surprising.
//! [`impute`](mod@impute) fills missing cells, and [`report`](mod@report) says how well each column is told from the
//! others.

pub mod explain;
pub mod impute;
pub mod measure;
pub mod report;
pub mod surprise;

use handgrad_dataset::tables::Schema;
use handgrad_models::Model;

use crate::Error;

/// The columns of a model of tables.
///
/// # Errors
/// If the model was not trained on a table.
pub(crate) fn schema(model: &Model) -> Result<&Schema, Error> {
    model.spec().table.as_ref().ok_or(Error::NotOfTables)
}
