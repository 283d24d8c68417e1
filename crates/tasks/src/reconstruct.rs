//! Samples and their reconstructions.
//!
//! ```text
//! error of a sample   1/n · Σ_i (x̂_i − x_i)²          x̂ = decode(encode(x)), in the data's own units
//! ```

use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::Array2;

use crate::{Error, check_numbers};

/// Samples and their reconstructions, one per row.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// The samples: samples × values.
    pub originals: Array2<f32>,
    /// The reconstructions: samples × values.
    pub reconstructions: Array2<f32>,
}

/// Reconstructs the samples with these numbers.
///
/// # Errors
/// If a number is not that of a sample; also the errors of [`Model::reconstruct`].
pub fn pairs(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<Pairs, Error> {
    check_numbers(samples, numbers)?;
    let reconstructions = model.reconstruct(samples.exact_rows(numbers).view())?;
    Ok(Pairs { originals: samples.rows(numbers), reconstructions })
}

impl Pairs {
    /// The mean squared error of each sample, per value.
    #[must_use]
    pub fn squared_errors(&self) -> Vec<f64> {
        let squares = (&self.originals - &self.reconstructions).mapv(|error| f64::from(error).powi(2));
        squares.rows().into_iter().map(|row| row.mean().unwrap_or(f64::NAN)).collect()
    }

    /// The mean of [`squared_errors`](Self::squared_errors) over the samples.
    #[must_use]
    pub fn mean_squared_error(&self) -> f64 {
        let errors = self.squared_errors();
        errors.iter().sum::<f64>() / errors.len() as f64
    }

    /// The absolute error of each value, divided by the largest absolute error: 0 is no error, 1 the largest.
    #[must_use]
    pub fn error_map(&self) -> Array2<f32> {
        let errors = (&self.originals - &self.reconstructions).mapv(f32::abs);
        let largest = errors.iter().fold(0.0, |largest: f32, &error| largest.max(error));
        errors / largest.max(f32::MIN_POSITIVE)
    }
}
