//! How surprising each cell of a row is.
//!
//! ```text
//! s_rj = ¼·a_rj/ā_j + 2·b_rj
//!
//! a_rj = |x_rj − x̂_rj|^1.5   or −ln p̂_rj(c)      how far the cell is from what the rest of its row lets expect
//! b_rj = |x_rj − m_j|^1.5    or −ln q_j(c)       how far it is from what is usual in its column
//!        numbers, in standard deviations           a category with the class c
//!
//! x̂, p̂   what the model tells of cell j when j is hidden from it      ā_j   the mean of a_j over training rows
//! m, q    mean and shares of the training rows
//!
//! score of row r = the mean of s_rj over the columns that are not missing
//! ```
//!
//! The first part finds cells that do not fit the rest of their row, the second one cells that are rare in their
//! column. Both are needed: an anomaly may be an unusual combination of usual values, or unusual values that all fit
//! together. The division by ā_j makes a small deviation count in a column that the others determine almost exactly. A
//! cell must be hidden from the network: a network that sees it can copy it, even if it does not fit. The columns are
//! hidden in turns, a fifth of them at a time, as in training. A column of several values, such as a date, counts with
//! the mean over them.
//!
//! The power lies between that of absolute errors and that of squared ones. It and the two weights were chosen on three
//! tables of the ODDS library, over four random divisions into training and test rows, and on a table in which one
//! column follows another in normal rows only; the figures in `docs/tables.md` are of other divisions.
//!
//! Slides: DIVE "Applications of Autoencoders", 3, anomaly detection by reconstruction error; here the error of each
//! cell without the cell itself.

use handgrad_dataset::Samples;
use handgrad_dataset::tables::{Column, Kind, Scaling, Schema};
use handgrad_files::{Progress, Unit};
use handgrad_models::{LayerSpec, Model};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, Axis};

use super::schema;
use crate::{CHUNK, Error, check_numbers};

/// In how many turns the columns are hidden, if there are at least as many.
const TURNS: usize = 5;

/// The power of the distances of numbers.
const POWER: f64 = 1.5;
/// The weight of a, how far a cell is from what the rest of its row lets expect.
const GIVEN_OTHERS: f64 = 0.25;
/// The weight of b, how far a cell is from what is usual in its column.
const USUAL: f64 = 2.0;
/// A smaller ā counts as this: no column is told more exactly.
const LEAST_RESIDUAL: f64 = 0.01;

/// Calls `use_rows` for each chunk of samples and each turn: with the first sample of the chunk, the samples in the
/// units of the network, the predictions, and for each column whether it was hidden.
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
    let (columns, hides) = (starts.len() - 1, hides(model));
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
pub(crate) fn starts(schema: &Schema) -> Vec<usize> {
    let mut starts = vec![0];
    schema.used().for_each(|column| starts.push(starts[starts.len() - 1] + column.width()));
    starts
}

/// Returns whether a model was trained with hidden columns, so that it can tell each cell from the others.
#[must_use]
pub fn hides(model: &Model) -> bool {
    matches!(model.spec().encoder.first(), Some(LayerSpec::Mask { rate }) if *rate > 0.0)
        && model.spec().table.is_some()
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

/// How far a cell is from what is expected of it: from what the rest of the row lets expect, and from what is usual in
/// its column. NaN if it is missing.
fn distances(column: &Column, x: &[f32], predicted: &[f32]) -> [f64; 2] {
    if x[0].is_nan() {
        return [f64::NAN; 2];
    }
    if let Kind::Category { shares, .. } = &column.kind {
        let class = x.iter().position(|&value| value == 1.0).unwrap_or(0);
        let rarest = 1.0 / (2.0 * column.known.max(1) as f64);
        let nats = |share: f64| -share.max(rarest).ln();
        return [nats(f64::from(predicted[class])), nats(shares[class])];
    }
    let mean = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(f).sum::<f64>() / x.len() as f64;
    let distance = |a: f64, b: f64| (a - b).abs().powf(POWER);
    let value = |at: usize| f64::from(x[at]);
    [mean(&|at| distance(value(at), f64::from(predicted[at]))), mean(&|at| distance(value(at), usual(column, at)))]
}

/// s of one cell.
fn surprise(column: &Column, x: &[f32], predicted: &[f32]) -> f64 {
    let [given_others, usual] = distances(column, x, predicted);
    GIVEN_OTHERS * given_others / column.residual.max(LEAST_RESIDUAL) + USUAL * usual
}

/// The mean over these samples of how far each cell is from what the rest of its row lets expect.
///
/// # Errors
/// As [`surprises`].
pub fn residuals(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Vec<f64>, Error> {
    let schema = schema(model)?;
    let (starts, columns) = (starts(schema), schema.used().collect::<Vec<_>>());
    let mut sums = vec![(0.0, 0_usize); columns.len()];
    in_turns(model, samples, numbers, &(), |_, x, predicted, hidden| {
        for (x, predicted) in x.rows().into_iter().zip(predicted.rows()) {
            for &at in hidden {
                let place = starts[at]..starts[at + 1];
                let [x, predicted] = [x, predicted].map(|row| row.to_slice().unwrap_or_default());
                let [distance, _] = distances(columns[at], &x[place.clone()], &predicted[place]);
                if !distance.is_nan() {
                    sums[at] = (sums[at].0 + distance, sums[at].1 + 1);
                }
            }
        }
    })?;
    Ok(sums.into_iter().map(|(sum, count)| if count == 0 { 1.0 } else { sum / count as f64 }).collect())
}

/// The mean of a value of the network over the training rows. For the cycles of a date it is the middle of their range.
fn usual(column: &Column, at: usize) -> f64 {
    match &column.kind {
        Kind::Date { scaling: Scaling::MinMax, .. } if at > 0 => 0.5,
        _ if at > 0 => 0.0,
        _ => column.mean,
    }
}
