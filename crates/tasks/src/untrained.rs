//! Recurrent networks judged before they are trained, by the covariance of their states.
//!
//! Formula and source are in [`hidden_covariance`](fn@handgrad_analysis::hidden_covariance).

use handgrad_analysis::hidden_covariance;
use handgrad_dataset::Samples;
use handgrad_models::{Model, Network, Spec};
use ndarray::Axis;

use crate::Error;

/// The score of a network as it starts from a seed: of the states, each of `units` values, after the last step of the
/// first `count` samples.
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

/// The scores of several starts, smallest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    /// Smallest first; [`starts`] gives at least one.
    pub scores: Vec<f64>,
}

impl Starts {
    /// The lowest; NaN where there are none.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.scores.first().copied().unwrap_or(f64::NAN)
    }

    /// The one in the middle; NaN where there are none.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.scores.get(self.scores.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The highest; NaN where there are none.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.scores.last().copied().unwrap_or(f64::NAN)
    }
}

/// As [`score`], of so many starts, with the seeds from `seed` on: at least one.
///
/// # Errors
/// As [`score`].
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
