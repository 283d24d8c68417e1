//! Why a row of a table is anomalous: the cells that are most surprising.
//!
//! ```text
//! contribution_j = s_rj − mean over normal rows of s_j          s: see surprise
//! rarity_j = the part of the normal rows whose s_j is at least s_rj
//! ```
//!
//! A column that is hard to tell is surprising in every row, so the mean surprise of normal rows is subtracted.

use handgrad_dataset::Samples;
use handgrad_dataset::tables::Kind;
use handgrad_models::Model;
use ndarray::{Array2, ArrayView1, Axis};

use super::surprise::{in_turns, starts};
use super::{schema, surprise};
use crate::Error;

/// What is surprising about one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The name of the column.
    pub column: String,
    /// What the cell holds, in the units of the data.
    pub found: String,
    /// What the other cells of the row let expect.
    pub expected: String,
    /// How much more surprising the cell is than this column is in normal rows.
    pub contribution: f64,
    /// The part of the normal rows in which this column is at least as surprising.
    pub rarity: f64,
}

/// The surprises of normal rows: what is usual for each column.
#[derive(Clone, Debug)]
pub struct Normal {
    /// For each column its surprises, ascending.
    sorted: Vec<Vec<f64>>,
    means: Vec<f64>,
}

impl Normal {
    /// Takes the surprises of normal rows: rows × columns.
    #[must_use]
    pub fn new(surprises: &Array2<f64>) -> Self {
        let known = |column: ArrayView1<f64>| {
            let mut values: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let sorted: Vec<Vec<f64>> = surprises.axis_iter(Axis(1)).map(known).collect();
        let means = sorted.iter().map(|values| values.iter().sum::<f64>() / values.len().max(1) as f64).collect();
        Self { sorted, means }
    }

    fn rarity(&self, column: usize, surprise: f64) -> f64 {
        let values = &self.sorted[column];
        let below = values.partition_point(|&value| value < surprise);
        (values.len() - below) as f64 / values.len().max(1) as f64
    }
}

/// For each of the samples with these numbers, its `count` most surprising cells, the most surprising one first.
///
/// # Errors
/// If the model is not one of tables or a number is not that of a sample.
pub fn explain(
    model: &Model,
    samples: &Samples,
    numbers: &[u32],
    normal: &Normal,
    count: usize,
) -> Result<Vec<Vec<Reason>>, Error> {
    let schema = schema(model)?;
    let (starts, columns) = (starts(schema), schema.used().collect::<Vec<_>>());
    let surprises = surprise::surprises(model, samples, numbers, &())?;
    let mut expected = Array2::from_elem((numbers.len(), columns.len()), f64::NAN);
    in_turns(model, samples, numbers, &(), |first, _, predicted, hidden| {
        for (row, predicted) in predicted.rows().into_iter().enumerate() {
            for &at in hidden {
                let values: Vec<f64> = (starts[at]..starts[at + 1]).map(|at| f64::from(predicted[at])).collect();
                expected[[first + row, at]] = columns[at].decode(&values);
            }
        }
    })?;
    let rows = samples.exact_rows(numbers);
    let reasons = (0..numbers.len()).map(|row| {
        let contribution = |at: usize| surprises[[row, at]] - normal.means[at];
        let mut order: Vec<usize> = (0..columns.len()).filter(|&at| !surprises[[row, at]].is_nan()).collect();
        order.sort_by(|&a, &b| contribution(b).total_cmp(&contribution(a)));
        let reason = |&at: &usize| Reason {
            column: columns[at].name.clone(),
            found: columns[at].text(rows[[row, at]]),
            expected: rounded(&columns[at].kind, columns[at].text(expected[[row, at]]), expected[[row, at]]),
            contribution: contribution(at),
            rarity: normal.rarity(at, surprises[[row, at]]),
        };
        order.iter().take(count).map(reason).collect()
    });
    Ok(reasons.collect())
}

/// A prediction of a number has no more than four digits that mean something.
fn rounded(kind: &Kind, text: String, value: f64) -> String {
    match kind {
        Kind::Number { .. } | Kind::Amount { .. } if value != 0.0 && value.is_finite() => {
            let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 12);
            format!("{value:.*}", digits as usize)
        }
        _ => text,
    }
}
