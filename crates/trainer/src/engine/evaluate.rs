//! What the loss comes to, term by term.

use handgrad_layers::Scalar;
use handgrad_models::Network;

use super::{Engine, check_memory};
use crate::arena::Arena;
use crate::rows::Job;
use crate::training::check_batch_size;
use crate::{Error, Source, check};

/// A loss over samples that were not learnt from.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean over the samples.
    pub loss: f64,
    /// The terms of that loss with their names, the reconstruction first: they add up to it.
    pub terms: Vec<(&'static str, f64)>,
}

/// Mean loss over all samples of `source`, by a network with the weights `theta`. It needs no trainer. It does not
/// depend on the batch size, to the bit; that says how many samples are in memory at a time.
///
/// # Errors
/// If there are no samples, they do not fit the network or have values that are no finite numbers, `theta` has another
/// length than the network's weights, the network is a part of one, `batch_size` is 0, or there is too little memory.
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
    /// As [`evaluate`], of what fits together.
    pub fn evaluate(&mut self, network: &Network<T>, theta: &[T], source: &Source) -> Evaluation {
        let job = Job::measure(network, theta, source);
        let all: Vec<u32> = (0..source.len() as u32).collect();
        if !self.means.is_empty() {
            self.measure_means(job, &all);
        }
        let mut sums = vec![0.0; self.terms.len()];
        for samples in all.chunks(self.batch_size()) {
            self.rows_with_means(job, samples, false);
            add_terms(&self.arena, &self.memory, &self.row_losses[..samples.len()], &mut sums);
        }
        sums.iter_mut().for_each(|sum| *sum /= all.len() as f64);
        Evaluation { loss: sums.iter().sum(), terms: network.term_names().into_iter().zip(sums).collect() }
    }

    /// The terms of the batch that phase one has left in memory. Returns their sum, the loss.
    pub fn mean_terms(&mut self, batch: usize) -> f64 {
        self.terms.fill(0.0);
        add_terms(&self.arena, &self.memory, &self.row_losses[..batch], &mut self.terms);
        self.terms.iter_mut().for_each(|term| *term /= batch as f64);
        self.terms.iter().sum()
    }

    /// The means of layers that need them, over all samples: a pass before the one that measures.
    fn measure_means(&mut self, job: Job<T>, all: &[u32]) {
        let mut sums = vec![0.0; self.means.len()];
        for samples in all.chunks(self.batch_size()) {
            self.forward(job, samples);
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

/// Adds the rows' losses and penalties to the sums of the terms: in the order of the samples, in f64, so that they are
/// the same for any number of threads.
fn add_terms<T: Scalar>(arena: &Arena, memory: &[T], row_losses: &[T], sums: &mut [f64]) {
    row_losses.iter().for_each(|loss| sums[0] += loss.to_f64());
    for (number, sum) in sums[1..].iter_mut().enumerate() {
        arena.batch_penalty(memory, number, row_losses.len()).iter().for_each(|row| *sum += row[0].to_f64());
    }
}
