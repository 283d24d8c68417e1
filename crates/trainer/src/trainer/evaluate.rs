//! What the loss comes to, term by term.

use handgrad_layers::{Mode, Scalar};

use super::Trainer;
use crate::arena::Arena;
use crate::{Error, Source};

impl<T: Scalar> Trainer<T> {
    /// Mean loss over all samples of `source`, which are not learnt from. It does not depend on the batch size, to the bit.
    ///
    /// # Errors
    /// If there are none, or they are of another size than the network takes.
    pub fn evaluate(&mut self, source: &Source) -> Result<f64, Error> {
        self.check(source, "validation")?;
        let all: Vec<u32> = (0..source.len() as u32).collect();
        if !self.means.is_empty() {
            self.measure_means(source, &all);
        }
        let mut sums = vec![0.0; self.terms.len()];
        for samples in all.chunks(self.batch_size()) {
            self.rows(source, samples, Mode::Measure, false);
            add_terms(&self.arena, &self.memory, &self.row_losses[..samples.len()], &mut sums);
        }
        self.terms.iter_mut().zip(sums).for_each(|(term, sum)| *term = sum / all.len() as f64);
        Ok(self.terms.iter().sum())
    }

    /// The terms of the batch that phase one has left in memory. Returns their sum, the loss.
    pub(super) fn mean_terms(&mut self, batch: usize) -> f64 {
        self.terms.fill(0.0);
        add_terms(&self.arena, &self.memory, &self.row_losses[..batch], &mut self.terms);
        self.terms.iter_mut().for_each(|term| *term /= batch as f64);
        self.terms.iter().sum()
    }

    /// The means of layers that need them, over all samples: a pass before the one that measures.
    fn measure_means(&mut self, source: &Source, all: &[u32]) {
        let mut sums = vec![0.0; self.means.len()];
        for samples in all.chunks(self.batch_size()) {
            self.forward(source, samples, Mode::Measure);
            let layers = self.network.layers().iter().enumerate().filter(|(_, layer)| layer.needs_means());
            let mut rest = &mut sums[..];
            for (at, _) in layers {
                let (sums, others) = rest.split_at_mut(self.network.width(at));
                rest = others;
                for x in self.arena.batch_x(&self.memory, at, samples.len()).iter() {
                    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x.to_f64());
                }
            }
        }
        self.means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = T::from_f64(sum / all.len() as f64));
    }
}

/// Adds the rows' losses and penalties to the sums of the terms: in the order of the samples, in f64, so that they are the
/// same for any number of threads.
fn add_terms<T: Scalar>(arena: &Arena, memory: &[T], row_losses: &[T], sums: &mut [f64]) {
    row_losses.iter().for_each(|loss| sums[0] += loss.to_f64());
    for (number, sum) in sums[1..].iter_mut().enumerate() {
        arena.batch_penalty(memory, number, row_losses.len()).iter().for_each(|row| *sum += row[0].to_f64());
    }
}
