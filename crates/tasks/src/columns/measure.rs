//! How well missing cells are filled in: known cells are hidden, filled in and compared.
//!
//! ```text
//! at random        each known cell is hidden with probability rate
//! as observed      each known cell of column j is hidden with probability rate·m_j/m̄
//!                  m_j: the part of the cells of column j that is missing in the training rows, m̄: the mean of m_j
//!
//! RMSE_j = √(1/n · Σ_r (x_rj − x̂_rj)²) in standard deviations of the column; for a category its accuracy
//! ```
//!
//! The same cells are filled in by the mean or the most frequent class of the column in the training rows, by the five
//! nearest training rows, and by iterated ridge regression. They get the rows as the network does, scaled and with a
//! value for each class.
//!
//! Source of the comparison: Jäger, Allhorn & Bießmann, "A benchmark for data imputation methods", Frontiers in Big
//! Data 4 (2021).

use handgrad_analysis::{iterative_ridge, knn_impute};
use handgrad_dataset::Samples;
use handgrad_dataset::tables::{Kind, KindName};
use handgrad_layers::{Pass, random};
use handgrad_models::Model;
use ndarray::{Array1, Array2, Axis};

use super::schema;
use super::surprise::{hides, starts};
use crate::{CHUNK, Error};

/// The methods, in the order of [`Column::errors`].
pub const METHODS: [&str; 4] = ["autoencoder", "mean or mode", "5 nearest rows", "iterated ridge"];
/// The most training rows from which the other methods learn.
pub const MOST: usize = 10_000;
const NEIGHBOURS: usize = 5;

/// Which cells are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hiding {
    /// All known cells with the same probability.
    AtRandom,
    /// In proportion to the missing cells of each column.
    AsObserved,
}

/// The errors of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: KindName,
    /// The number of hidden cells.
    pub cells: usize,
    /// The error of each method of [`METHODS`]: RMSE in standard deviations, or accuracy. NaN if a method has no
    /// result.
    pub errors: [f64; 4],
}

/// Hides known cells of `samples` and measures how well they are filled in. `train` are the training rows. Returns the
/// columns of which a cell was hidden; none if [`Hiding::AsObserved`] is asked for and no cell is missing in `train`.
///
/// # Errors
/// If the model is not one of tables, or was trained without missing values and hidden columns.
pub fn measure(
    model: &Model,
    train: &Samples,
    samples: &Samples,
    hiding: Hiding,
    rate: f64,
    seed: u64,
) -> Result<Vec<Column>, Error> {
    let schema = schema(model)?;
    if !hides(model) {
        return Err(Error::NothingHidden);
    }
    if schema.used().any(|column| column.fill.is_some()) {
        // Its network never gets a missing cell.
        return Err(Error::FilledBefore);
    }
    let columns: Vec<_> = schema.used().collect();
    let missing: Vec<f64> =
        columns.iter().map(|column| 1.0 - column.known as f64 / train.len().max(column.known).max(1) as f64).collect();
    let mean = missing.iter().sum::<f64>() / missing.len() as f64;
    let rates: Vec<f64> = match hiding {
        Hiding::AtRandom => vec![rate; columns.len()],
        Hiding::AsObserved if mean == 0.0 => return Ok(Vec::new()),
        Hiding::AsObserved => missing.iter().map(|missing| (rate * missing / mean).min(0.9)).collect(),
    };
    let truth = samples.exact_rows(&samples.numbers());
    let hidden = hidden(&truth, &rates, seed);
    let mut holes = truth.clone();
    holes.zip_mut_with(&hidden, |value, &hidden| {
        if hidden {
            *value = f64::NAN
        }
    });

    let step = train.len().div_ceil(MOST).max(1);
    let fit: Vec<u32> = (0..train.len() as u32).step_by(step).collect();
    let fit = model.scaled(train.exact_rows(&fit).view());
    let (encoded, at_holes) = (model.scaled(truth.view()), model.scaled(holes.view()));
    let mut told = Array2::zeros(at_holes.dim());
    for (x, mut told) in at_holes.axis_chunks_iter(Axis(0), CHUNK).zip(told.axis_chunks_iter_mut(Axis(0), CHUNK)) {
        told.assign(&model.network().predict(model.weights(), x)?);
    }
    let means: Array1<f32> = fit
        .columns()
        .into_iter()
        .map(|column| {
            let known = column.iter().filter(|value| !value.is_nan());
            let (sum, count) = known.fold((0.0, 0.0), |(sum, count), &value| (sum + f64::from(value), count + 1.0));
            (sum / f64::max(count, 1.0)) as f32
        })
        .collect();
    let by_mean = Array2::from_shape_fn(at_holes.dim(), |(_, at)| means[at]);
    let filled = [
        Some(told),
        Some(by_mean),
        knn_impute(fit.view(), at_holes.view(), NEIGHBOURS),
        iterative_ridge(fit.view(), at_holes.view()),
    ];

    let starts = starts(schema);
    let measured = columns.iter().enumerate().filter_map(|(at, column)| {
        let cells: Vec<usize> = (0..truth.nrows()).filter(|&row| hidden[[row, at]]).collect();
        let is_category = matches!(column.kind, Kind::Category { .. });
        let error_of = |filled: &Option<Array2<f32>>| {
            let Some(filled) = filled else { return f64::NAN };
            let error = |&row: &usize| {
                let values: Vec<f64> = (starts[at]..starts[at + 1]).map(|at| f64::from(filled[[row, at]])).collect();
                match is_category {
                    // A class that is `other` is not told by any method.
                    true => f64::from(u8::from(column.decode(&values[..values.len() - 1]) == truth[[row, at]])),
                    false => (values[0] - f64::from(encoded[[row, starts[at]]])).powi(2),
                }
            };
            let mean = cells.iter().map(error).sum::<f64>() / cells.len() as f64;
            if is_category { mean } else { mean.sqrt() }
        };
        let errors = [0, 1, 2, 3].map(|method| error_of(&filled[method]));
        let (name, kind) = (column.name.clone(), column.kind_name());
        (!cells.is_empty()).then_some(Column { name, kind, cells: cells.len(), errors })
    });
    Ok(measured.collect())
}

/// Which known cells are hidden. The same seed hides the same cells on every machine.
fn hidden(truth: &Array2<f64>, rates: &[f64], seed: u64) -> Array2<bool> {
    let mut hidden = Array2::from_elem(truth.dim(), false);
    let mut drawn = vec![0.0_f64; rates.len()];
    for (row, (truth, mut hidden)) in truth.rows().into_iter().zip(hidden.rows_mut()).enumerate() {
        let sample = [row as u32];
        let pass = Pass { seed, samples: &sample, ..Pass::predict() };
        random::with_uniform(&pass, 0, &mut drawn, |_, u| u);
        for (at, hidden) in hidden.iter_mut().enumerate() {
            *hidden = !truth[at].is_nan() && drawn[at] < rates[at];
        }
    }
    hidden
}

/// The mean errors of the columns of a kind: the number of columns, then the error of each method.
#[must_use]
pub fn of_kind(columns: &[Column], kind: KindName) -> Option<(usize, [f64; 4])> {
    let of_kind: Vec<_> = columns.iter().filter(|column| column.kind == kind).collect();
    let mean = |method: usize| of_kind.iter().map(|column| column.errors[method]).sum::<f64>() / of_kind.len() as f64;
    (!of_kind.is_empty()).then(|| (of_kind.len(), [0, 1, 2, 3].map(mean)))
}
