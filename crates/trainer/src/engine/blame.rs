//! Where a loss that is no number comes from.

use handgrad_layers::Scalar;
use handgrad_models::Network;

use super::Engine;
use crate::Source;
use crate::rows::Job;

/// A layer as people count and know it.
pub(crate) fn name_of<T: Scalar>(network: &Network<T>, layer: usize) -> String {
    format!("layer {}, {}", layer + 1, network.layers()[layer].describe())
}

impl<T: Scalar> Engine<T> {
    /// The first layer whose output, in the pass over `samples` that is still in memory, holds NaN or an infinity, and
    /// for which sample. None where all of them are numbers: then it is the loss that is not a number.
    pub fn blame(&self, network: &Network<T>, samples: &[u32]) -> Option<String> {
        (0..network.layers().len()).find_map(|layer| {
            let outputs = self.arena.batch_x(&self.memory, layer + 1, samples.len());
            let odd = |row: &[T]| row.iter().any(|value| !value.to_f64().is_finite());
            let (_, sample) = outputs.iter().zip(samples).find(|(row, _)| odd(row))?;
            Some(format!("{} for sample {sample}", name_of(network, layer)))
        })
    }

    /// The same over all samples of `source`, as they are measured.
    pub fn blame_on(&mut self, network: &Network<T>, theta: &[T], source: &Source) -> Option<String> {
        let all: Vec<u32> = (0..source.len() as u32).collect();
        all.chunks(self.batch_size()).find_map(|samples| {
            self.forward(Job::measure(network, theta, source), samples);
            self.blame(network, samples)
        })
    }
}
