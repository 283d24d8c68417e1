//! How well each column of a table is told from the others.
//!
//! ```text
//! numbers      R² = 1 − Σ_r (x_r − x̂_r)² / Σ_r (x_r − x̄)²,   x̄ the mean of these rows
//!              RMSE = √(1/m · Σ_r (x_r − x̂_r)²)
//! categories   accuracy = the part of the rows whose class is told,   usual = the part of the most frequent class
//! ```
//!
//! x̂ is told from the other columns, with the column itself hidden: a network that sees a column can copy it. Both are
//! in the units of the data, except that R² of an amount is that of its logarithm, which is what the network learns. R²
//! is 1 for a perfect prediction, 0 for the mean, and may be negative. A missing cell does not count.
//!
//! Source: R² as in Draper & Smith, "Applied Regression Analysis" (1998).

use handgrad_dataset::Samples;
use handgrad_dataset::tables::{Kind, KindName};
use handgrad_models::Model;

use super::schema;
use super::surprise::{in_turns, starts};
use crate::Error;

/// How well one column is told from the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The name of the column.
    pub name: String,
    /// Its kind.
    pub kind: KindName,
    /// The number of cells that are not missing.
    pub cells: usize,
    /// R² of a number, an amount, an ordinal number or a date; the accuracy of a category. NaN if there is no cell, or
    /// if all numbers are equal, for which R² is not defined.
    pub quality: f64,
    /// The root mean squared error in the units of the data (days for a date); for a category, the accuracy of always
    /// saying the most frequent class of the training rows.
    pub to_compare: f64,
}

#[derive(Clone, Default)]
struct Sums {
    cells: f64,
    x: f64,
    xx: f64,
    squares: f64,
    in_data: f64,
    right: f64,
    usual: f64,
}

/// Measures each used column on the samples with these numbers.
///
/// # Errors
/// If the model is not one of tables or a number is not that of a sample.
pub fn measure(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Vec<Told>, Error> {
    let schema = schema(model)?;
    let (starts, columns) = (starts(schema), schema.used().collect::<Vec<_>>());
    let mut sums = vec![Sums::default(); columns.len()];
    in_turns(model, samples, numbers, &(), |_, x, predicted, hidden| {
        for &at in hidden {
            let (column, sums) = (columns[at], &mut sums[at]);
            for (x, told) in x.rows().into_iter().zip(predicted.rows()) {
                let place = starts[at]..starts[at + 1];
                let [x, told]: [Vec<f64>; 2] =
                    [x, told].map(|row| place.clone().map(|at| f64::from(row[at])).collect());
                if x[0].is_nan() {
                    continue;
                }
                let [found, expected] = [&x, &told].map(|values| column.decode(values));
                sums.cells += 1.0;
                sums.x += x[0];
                sums.xx += x[0] * x[0];
                sums.squares += (x[0] - told[0]).powi(2);
                sums.in_data += (found - expected).powi(2);
                sums.right += f64::from(u8::from(found == expected));
                sums.usual += f64::from(u8::from(found == 0.0));
            }
        }
    })?;
    let told = columns.iter().zip(sums).map(|(column, sums)| {
        let is_category = matches!(column.kind, Kind::Category { .. });
        let variance = sums.xx - sums.x * sums.x / sums.cells;
        let (quality, to_compare) = match is_category {
            true => (sums.right / sums.cells, sums.usual / sums.cells),
            // Of equal values, the variance is 0 but for rounding, and R² is not defined.
            false if variance <= 1e-9 * sums.xx.max(1.0) => (f64::NAN, (sums.in_data / sums.cells).sqrt()),
            false => (1.0 - sums.squares / variance, (sums.in_data / sums.cells).sqrt()),
        };
        Told { name: column.name.clone(), kind: column.kind_name(), cells: sums.cells as usize, quality, to_compare }
    });
    Ok(told.collect())
}
