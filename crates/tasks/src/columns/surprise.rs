//! How surprising each cell of a row is.
//!
//! ```text
//! s_rj = |x_rj − x̂_rj|^1.5 + 2·|x_rj − m_j|^1.5      numbers, in standard deviations
//!      = −ln p̂_rj(c) − ln q_j(c)                      a category with the class c
//!
//! x̂, p̂  what the model tells of cell j when j is hidden from it     m, q  mean and shares of the training rows
//!
//! score of row r = the mean of s_rj over the columns that are not missing
//! ```
//!
//! The first part finds cells that do not fit the rest of their row, the second one cells that are rare in their column.
//! Both are needed: an anomaly may be an unusual combination of usual values, or unusual values that all fit together.
//! A cell must be hidden from the network: a network that sees it can copy it, even if it does not fit. The columns are
//! hidden in turns, some of them at a time, as in training. A column of several values, such as a date, counts with the
//! mean over its values.
//!
//! The power lies between that of absolute errors, which find many small deviations, and that of squared errors, which
//! find few large ones. It and the weight 2 were chosen on three tables of the ODDS library with the mean ROC-AUC over
//! four random divisions into training and test rows; the figures in `docs/tables.md` are of other divisions.
//!
//! Slides: DIVE "Applications of Autoencoders", 3, anomaly detection by reconstruction error; here the error of each cell
//! without the cell itself.

use handgrad_dataset::Samples;
use handgrad_dataset::tables::{Column, Kind, Scaling, Schema};
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, Axis};

use super::schema;
use crate::{CHUNK, Error, check_numbers};

/// In how many turns the columns are hidden, if there are at least as many.
const TURNS: usize = 5;

/// The power of the distances of numbers.
const POWER: f64 = 1.5;
/// The weight of the distance from the mean.
const USUAL: f64 = 2.0;

/// Calls `use_rows` for each chunk of samples and each turn: with the first sample of the chunk, the samples in the units of
/// the network, the predictions, and for each column whether it was hidden.
pub(super) fn in_turns(
    model: &Model,
    samples: &Samples,
    numbers: &[u32],
    progress: &dyn Progress,
    mut use_rows: impl FnMut(usize, &Array2<f32>, &Array2<f32>, &[usize]),
) -> Result<(), Error> {
    check_numbers(samples, numbers)?;
    let schema = schema(model)?;
    let starts = starts(schema);
    let (columns, hides) = (starts.len() - 1, model.spec().takes_missing());
    let turns = if hides { columns.min(TURNS) } else { 1 };
    progress.start("", Some(numbers.len() as u64), Unit::Samples);
    for (chunk, numbers) in numbers.chunks(CHUNK).enumerate() {
        let x = model.scaled(samples.exact_rows(numbers).view());
        for turn in 0..turns {
            let hidden: Vec<usize> = (turn..columns).step_by(turns).collect();
            let mut seen = x.clone();
            for &column in hidden.iter().filter(|_| hides) {
                seen.slice_axis_mut(Axis(1), (starts[column]..starts[column + 1]).into()).fill(f32::NAN);
            }
            let predicted = model.network().predict(model.weights(), seen.view())?;
            use_rows(chunk * CHUNK, &x, &predicted, &hidden);
        }
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    Ok(())
}

/// The places of the columns among the values of the network, and the end of the last one.
pub(super) fn starts(schema: &Schema) -> Vec<usize> {
    let mut starts = vec![0];
    schema.used().for_each(|column| starts.push(starts[starts.len() - 1] + column.width()));
    starts
}

/// Returns s for each of the samples with these numbers and each used column. It is NaN for a missing cell.
///
/// # Errors
/// If the model is not one of tables or a number is not that of a sample.
pub fn surprises(
    model: &Model,
    samples: &Samples,
    numbers: &[u32],
    progress: &dyn Progress,
) -> Result<Array2<f64>, Error> {
    let schema = schema(model)?;
    let (starts, columns) = (starts(schema), schema.used().collect::<Vec<_>>());
    let mut found = Array2::from_elem((numbers.len(), columns.len()), f64::NAN);
    in_turns(model, samples, numbers, progress, |first, x, predicted, hidden| {
        let rows = found.axis_iter_mut(Axis(0)).into_par_iter().skip(first).take(x.nrows());
        rows.zip(x.axis_iter(Axis(0)).into_par_iter().zip(predicted.axis_iter(Axis(0)))).for_each(
            |(mut found, (x, predicted))| {
                for &at in hidden {
                    let place = starts[at]..starts[at + 1];
                    // Both arrays are contiguous, row by row.
                    let [x, predicted] = [x, predicted].map(|row| row.to_slice().unwrap_or_default());
                    found[at] = surprise(columns[at], &x[place.clone()], &predicted[place]);
                }
            },
        );
    })?;
    Ok(found)
}

/// The score of each row: the mean of its surprises.
#[must_use]
pub fn scores(surprises: &Array2<f64>) -> Vec<f64> {
    let mean = |row: ArrayView1<f64>| {
        let (sum, count) = row.iter().filter(|s| !s.is_nan()).fold((0.0, 0), |(sum, count), s| (sum + s, count + 1));
        sum / f64::from(count.max(1))
    };
    surprises.rows().into_iter().map(mean).collect()
}

/// s of one cell.
fn surprise(column: &Column, x: &[f32], predicted: &[f32]) -> f64 {
    if x[0].is_nan() {
        return f64::NAN;
    }
    if let Kind::Category { shares, .. } = &column.kind {
        let class = x.iter().position(|&value| value == 1.0).unwrap_or(0);
        let rarest = 1.0 / (2.0 * column.known.max(1) as f64);
        let nats = |share: f64| -share.max(rarest).ln();
        return nats(f64::from(predicted[class])) + nats(shares[class]);
    }
    let part = |at: usize| {
        let [x, predicted] = [x[at], predicted[at]].map(f64::from);
        (x - predicted).abs().powf(POWER) + USUAL * (x - usual(column, at)).abs().powf(POWER)
    };
    (0..x.len()).map(part).sum::<f64>() / x.len() as f64
}

/// The mean of a value of the network over the training rows. For the cycles of a date it is the middle of their range.
fn usual(column: &Column, at: usize) -> f64 {
    match &column.kind {
        Kind::Date { scaling: Scaling::MinMax, .. } if at > 0 => 0.5,
        _ if at > 0 => 0.0,
        _ => column.mean,
    }
}
