//! The error of principal components, which every network should be below.

use handgrad_analysis::Pca;
use handgrad_files::Progress;
use handgrad_models::{Model, Network};
use ndarray::Array2;

use super::Search;
use crate::parts::kept;
use crate::{Result, prepare};

/// The most values of a sample for which principal components are computed; the covariance is the square of this.
const MOST_VALUES: usize = 4096;
/// The most training samples that they are fitted to, evenly spaced.
const MOST_SAMPLES: usize = 20_000;

/// The error of principal components for some sizes of the code.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The number of components, and the squared error per value on the held out samples, in the units of the network.
    pub errors: Vec<(usize, f64)>,
    /// The number of training samples that the components were fitted to.
    pub fitted: usize,
}

/// Returns the errors of principal components for codes of these sizes; sizes above the number of values of a sample
/// are left out. `None` if a sample has too many values, or if values are missing.
///
/// # Errors
/// If the data cannot be loaded.
pub fn baseline(search: &Search, codes: &[usize], progress: &dyn Progress) -> Result<Option<Baseline>> {
    let prepared = prepare(search.settings(&search.combinations()[0])?, progress)?;
    let train = &prepared.data.train;
    let first = kept(train.len(), prepared.config.settings().validation_split);
    let network = Network::new(&prepared.spec)?;
    let weights = vec![0.0; network.param_count()];
    let model = Model::new(network, weights)?;
    let values = model.spec().features();
    if values > MOST_VALUES {
        return Ok(None);
    }
    let step = first.div_ceil(MOST_SAMPLES).max(1);
    let fitting: Vec<u32> = (0..first as u32).step_by(step).collect();
    let held_out: Vec<u32> = (first as u32..train.len() as u32).collect();
    let rows = |numbers: &[u32]| -> Array2<f32> { model.scaled(train.exact_rows(numbers).view()) };
    let (fit, rows) = (rows(&fitting), rows(&held_out));
    let sizes = codes.iter().copied().filter(|&code| code <= values);
    let mut errors = Vec::new();
    for code in sizes {
        let Some(pca) = Pca::fit(fit.view(), code) else { return Ok(None) };
        let sum: f64 = pca.errors(rows.view()).iter().sum();
        errors.push((code, sum / (rows.len() as f64)));
    }
    Ok((!errors.is_empty()).then_some(Baseline { errors, fitted: fitting.len() }))
}
