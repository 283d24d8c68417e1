//! Recurrent networks judged before they are trained, by the covariance of their states.
//!
//! Formula and source are in [`handgrad_analysis::hidden_covariance`].

use handgrad_analysis::hidden_covariance;
use handgrad_dataset::Samples;
use handgrad_models::{Model, Network, Spec};
use ndarray::Axis;

use crate::Error;

/// The score of a network as it starts from a seed: of the states, each of `units` values, after the last step of the first
/// `count` samples.
///
/// # Errors
/// If the network cannot be built or does not take the samples, or its states cannot be correlated.
pub fn score(spec: &Spec, seed: u64, units: usize, samples: &Samples, count: usize) -> Result<f64, Error> {
    let network = Network::new(spec)?;
    let weights = network.init(seed);
    let model = Model::new(network, weights)?;
    let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
    let codes = model.encode(samples.rows(&first).view())?;
    // A next-step network gives the states of all steps.
    let last = codes.ncols().saturating_sub(units);
    hidden_covariance(codes.slice_axis(Axis(1), (last..).into())).ok_or(Error::NothingToCorrelate)
}
