//! Where a loss that is no number comes from.

use handgrad_layers::{Mode, Scalar};

use super::Trainer;
use crate::Source;

impl<T: Scalar> Trainer<T> {
    /// A layer as people count and know it.
    pub(crate) fn name_of(&self, layer: usize) -> String {
        format!("layer {}, {}", layer + 1, self.network.layers()[layer].describe())
    }

    /// The first layer whose output, in the pass over `samples` that is still in memory, holds NaN or an infinity, and
    /// for which sample. None where all of them are numbers: then it is the loss that is none.
    pub(crate) fn blame(&self, samples: &[u32]) -> Option<String> {
        (0..self.network.layers().len()).find_map(|layer| {
            let outputs = self.arena.batch_x(&self.memory, layer + 1, samples.len());
            let odd = |row: &[T]| row.iter().any(|value| !value.to_f64().is_finite());
            let (_, sample) = outputs.iter().zip(samples).find(|(row, _)| odd(row))?;
            Some(format!("{} for sample {sample}", self.name_of(layer)))
        })
    }

    /// The same over all samples of `source`, as they are measured.
    pub(crate) fn blame_on(&mut self, source: &Source) -> Option<String> {
        let all: Vec<u32> = (0..source.len() as u32).collect();
        all.chunks(self.batch_size()).find_map(|samples| {
            self.forward(source, samples, Mode::Measure);
            self.blame(samples)
        })
    }
}
