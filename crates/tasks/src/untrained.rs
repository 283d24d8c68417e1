//! Scores recurrent networks before they are trained, by the covariance of their states.
//!
//! The formula and its source are in [`hidden_covariance`](fn@handgrad_analysis::hidden_covariance).

use handgrad_analysis::hidden_covariance;
use handgrad_dataset::Samples;
use handgrad_models::{Model, Network, Spec};
use ndarray::Axis;

use crate::Error;

/// Returns the score of a network with the initial weights of a seed. It is computed from the states after the last
/// step, each of `units` values, of the first `count` samples.
///
/// # Errors
/// If the network cannot be built or does not take the samples, or its states cannot be correlated.
pub fn score(spec: &Spec, seed: u64, units: usize, samples: &Samples, count: usize) -> Result<f64, Error> {
    let network = Network::new(spec)?;
    let weights = network.init(seed);
    let model = Model::new(network, weights)?;
    let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
    let codes = model.encode(samples.exact_rows(&first).view())?;
    // The code of a next-step network has the states of all steps. Only the last state is used.
    let last = codes.ncols().saturating_sub(units);
    hidden_covariance(codes.slice_axis(Axis(1), (last..).into())).ok_or(Error::NothingToCorrelate)
}

/// The scores of the same network with several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    /// The scores, lowest first. [`starts`] returns at least one.
    pub scores: Vec<f64>,
}

impl Starts {
    /// The lowest score; NaN if there are none.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.scores.first().copied().unwrap_or(f64::NAN)
    }

    /// The median; NaN if there are none. If the number of scores is even, it is the higher of the two in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.scores.get(self.scores.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The highest score; NaN if there are none.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.scores.last().copied().unwrap_or(f64::NAN)
    }
}

/// Computes the [`score`] for `starts` seeds, which are `seed`, `seed` + 1, …, and for at least one.
///
/// # Errors
/// The same as those of [`score`].
pub fn starts(
    spec: &Spec,
    seed: u64,
    starts: u64,
    units: usize,
    samples: &Samples,
    count: usize,
) -> Result<Starts, Error> {
    let of_start = |start| score(spec, seed.wrapping_add(start), units, samples, count);
    let mut scores = (0..starts.max(1)).map(of_start).collect::<Result<Vec<_>, _>>()?;
    scores.sort_by(f64::total_cmp);
    Ok(Starts { scores })
}
