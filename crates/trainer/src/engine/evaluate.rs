//! Computes the mean loss, term by term.

use std::sync::Arc;

use handgrad_kernels::team::Hands;
use handgrad_layers::Scalar;
use handgrad_models::Network;

use super::{Engine, check_memory};
use crate::arena::Arena;
use crate::rows::Job;
use crate::training::check_batch_size;
use crate::{Error, Source, check};

/// The result of an evaluation. Evaluation does not change the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean loss over the samples.
    pub loss: f64,
    /// The terms of this loss with their names, first the reconstruction. Their sum is the loss.
    pub terms: Vec<(&'static str, f64)>,
}

/// Returns the mean loss of a network with the weights `theta` over all samples of `source`. It needs no trainer.
/// `batch_size` is the number of samples that are processed at a time; the result does not depend on it, to the bit.
///
/// # Errors
/// If there are no samples, they do not fit the network or have values that are not finite, `theta` has the wrong
/// length, the network is only a part of a model, `batch_size` is 0, or there is not enough memory.
pub fn evaluate<T: Scalar>(
    network: &Network<T>,
    theta: &[T],
    source: &Source,
    batch_size: usize,
) -> Result<Evaluation, Error> {
    check_batch_size(batch_size)?;
    check::weights(network, theta)?;
    check::set(network, source, "validation")?;
    let batch_size = batch_size.min(source.len());
    check_memory(Engine::values_needed(network, batch_size).saturating_mul(size_of::<T>()))?;
    Ok(Engine::new(network, batch_size).evaluate(network, theta, source))
}

impl<T: Scalar> Engine<T> {
    /// Like [`evaluate`], for arguments that were checked.
    pub fn evaluate(&mut self, network: &Network<T>, theta: &[T], source: &Source) -> Evaluation {
        let job = Job::measure(network, theta, source);
        let all: Vec<u32> = (0..source.len() as u32).collect();
        let mut sums = vec![0.0; self.terms.len()];
        let team = Arc::clone(&self.team);
        team.gather(|hands| {
            if !self.means.is_empty() {
                self.measure_means(job, &all, hands);
            }
            for samples in all.chunks(self.batch_size()) {
                self.rows_with_means(job, samples, false, hands);
                add_terms(&self.arena, &self.memory, &self.row_losses[..samples.len()], &mut sums);
            }
        });
        sums.iter_mut().for_each(|sum| *sum /= all.len() as f64);
        Evaluation { loss: sums.iter().sum(), terms: network.term_names().into_iter().zip(sums).collect() }
    }

    /// Computes the mean terms of the batch that phase one has left in memory. Returns their sum, which is the loss.
    pub fn mean_terms(&mut self, batch: usize) -> f64 {
        self.terms.fill(0.0);
        add_terms(&self.arena, &self.memory, &self.row_losses[..batch], &mut self.terms);
        self.terms.iter_mut().for_each(|term| *term /= batch as f64);
        self.terms.iter().sum()
    }

    /// Computes the means that layers need over all samples, in a separate pass before the evaluation.
    fn measure_means(&mut self, job: Job<T>, all: &[u32], hands: &mut Hands) {
        let mut sums = vec![0.0; self.means.len()];
        for samples in all.chunks(self.batch_size()) {
            self.forward(job, samples, hands);
            let layers = job.network.layers().iter().enumerate().filter(|(_, layer)| layer.needs_means());
            let mut rest = &mut sums[..];
            for (at, _) in layers {
                let (sums, others) = rest.split_at_mut(job.network.width(at));
                rest = others;
                for x in self.arena.batch_x(&self.memory, at, samples.len()).iter() {
                    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x.to_f64());
                }
            }
        }
        self.means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = T::from_f64(sum / all.len() as f64));
    }
}

/// Adds the losses and penalties of the rows to the sums of the terms. It adds in f64 and in the order of the
/// samples, so that the sums are the same for any number of threads.
fn add_terms<T: Scalar>(arena: &Arena, memory: &[T], row_losses: &[T], sums: &mut [f64]) {
    row_losses.iter().for_each(|loss| sums[0] += loss.to_f64());
    for (number, sum) in sums[1..].iter_mut().enumerate() {
        arena.batch_penalty(memory, number, row_losses.len()).iter().for_each(|row| *sum += row[0].to_f64());
    }
}
