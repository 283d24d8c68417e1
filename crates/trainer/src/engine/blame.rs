//! Finds the layer that causes a loss that is not finite.

use std::sync::Arc;

use handgrad_layers::Scalar;
use handgrad_models::Network;

use super::Engine;
use crate::Source;
use crate::rows::Job;

/// Returns the name of a layer for messages: its number, counted from 1, and its description.
pub(crate) fn name_of<T: Scalar>(network: &Network<T>, layer: usize) -> String {
    format!("layer {}, {}", layer + 1, network.layers()[layer].describe())
}

impl<T: Scalar> Engine<T> {
    /// Returns the first layer whose output contains NaN or an infinity, and the sample for which it does, in the
    /// pass over `samples` that is still in memory. Returns None if all outputs are finite; then only the loss is
    /// not.
    pub fn blame(&self, network: &Network<T>, samples: &[u32]) -> Option<String> {
        (0..network.layers().len()).find_map(|layer| {
            let outputs = self.arena.batch_x(&self.memory, layer + 1, samples.len());
            let odd = |row: &[T]| row.iter().any(|value| !value.to_f64().is_finite());
            let (_, sample) = outputs.iter().zip(samples).find(|(row, _)| odd(row))?;
            Some(format!("{} for sample {sample}", name_of(network, layer)))
        })
    }

    /// Does the same for all samples of `source`, in the mode of an evaluation.
    pub fn blame_on(&mut self, network: &Network<T>, theta: &[T], source: &Source) -> Option<String> {
        let all: Vec<u32> = (0..source.len() as u32).collect();
        all.chunks(self.batch_size()).find_map(|samples| {
            let team = Arc::clone(&self.team);
            team.gather(|hands| self.forward(Job::measure(network, theta, source), samples, hands));
            self.blame(network, samples)
        })
    }
}
