//! Fills in missing cells of a table.
//!
//! ```text
//! x̂_rj = what the model tells of cell j from the cells of row r that are not missing       one pass, x_rj missing
//! ```
//!
//! The network was trained with columns hidden at random, so a missing cell is nothing new to it, and one pass gives
//! its best guess for all missing cells at once. Passes that feed the guesses back in were no better on the tables that
//! were tried: a guess that is fed back looks as certain as a measured value. A category gets its most likely class,
//! never `other`; an amount the number whose logarithm is the mean of the logarithm.
//!
//! Slides: DIVE "Applications of Autoencoders", 4: "missing values". Source: Vincent et al., JMLR 11 (2010).

use handgrad_dataset::Samples;
use handgrad_dataset::tables::{Column, Kind};
use handgrad_models::Model;
use ndarray::Array2;

use super::schema;
use super::surprise::{hides, starts};
use crate::{CHUNK, Error, check_numbers};

/// Returns the values of the used columns of the samples with these numbers, in the units of the data, with a guess in
/// place of each missing one. Shape: samples × used columns.
///
/// # Errors
/// If the model is not one of tables, or was trained without missing values and hidden columns, or a number is not that
/// of a sample.
pub fn fill(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Array2<f64>, Error> {
    check_numbers(samples, numbers)?;
    let schema = schema(model)?;
    if !hides(model) {
        return Err(Error::NothingHidden);
    }
    if schema.used().any(|column| column.fill.is_some()) {
        // Its network never gets a missing cell.
        return Err(Error::FilledBefore);
    }
    let (starts, columns) = (starts(schema), schema.used().collect::<Vec<_>>());
    let mut filled = Array2::zeros((numbers.len(), columns.len()));
    for (chunk, numbers) in numbers.chunks(CHUNK).enumerate() {
        let rows = samples.exact_rows(numbers);
        let told = model.network().predict(model.weights(), model.scaled(rows.view()).view())?;
        for ((row, at), &value) in rows.indexed_iter() {
            let place = starts[at]..starts[at + 1];
            let guess = || guess(columns[at], place.map(|at| f64::from(told[[row, at]])).collect());
            filled[[chunk * CHUNK + row, at]] = if value.is_nan() { guess() } else { value };
        }
    }
    Ok(filled)
}

/// The value of a column, given the prediction of the network.
fn guess(column: &Column, values: Vec<f64>) -> f64 {
    match &column.kind {
        // The last class is `other`, which is no value that a cell could hold.
        Kind::Category { classes, .. } if !classes.is_empty() => column.decode(&values[..classes.len()]),
        _ => column.decode(&values),
    }
}
