//! One training step, in two phases.
//!
//! *Rows:* each shard of the batch runs forward, loss and the chain of `backward_input`, on its own. *Weights:* for each
//! block of the parameters the gradient is summed over all rows in order, and the optimiser moves that block at once,
//! while it is in cache. No value depends on how many threads there are or how large a shard is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use handgrad_layers::{Block, Optimizer, Saved, SavedBatch, Scalar, activation};
use handgrad_models::Network;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::arena::Arena;
use crate::pace::Pace;
use crate::{Error, Source};

/// A network with its weights, the optimiser with its running values, and the memory that a step needs.
pub struct Trainer<T> {
    network: Network<T>,
    optimizer: Optimizer,
    theta: Vec<T>,
    slots: [Vec<T>; 2],
    steps: u64,
    arena: Arena,
    memory: Vec<T>,
    row_losses: Vec<T>,
    blocks: Vec<Work>,
    /// The gradient of a block, for each thread: it is used up before it leaves the cache.
    scratch: Vec<Mutex<Vec<T>>>,
    pace: Pace,
}

/// A block of a layer's parameters, and where it lies in θ.
#[derive(Clone, Debug)]
struct Work {
    layer: usize,
    block: Block,
    len: usize,
}

/// A block holds about this many values: found by trying, see decisions 6 and 7 in `docs/decisions`.
const BLOCK_VALUES: usize = 1 << 15;
/// A block has at least this many rows, which share one packing of δ.
const BLOCK_ROWS: usize = 96;
/// A shard has at least this many samples: fewer do not pay for being handed to a thread.
const SHARD_ROWS: usize = 8;

impl<T: Scalar> Trainer<T> {
    /// Starts from fresh weights.
    ///
    /// # Panics
    /// If `batch_size` is 0.
    #[must_use]
    pub fn new(network: Network<T>, optimizer: Optimizer, batch_size: usize, seed: u64) -> Self {
        let theta = network.init(seed);
        Self::with_weights(network, theta, optimizer, batch_size)
    }

    /// Starts from the given weights.
    ///
    /// # Panics
    /// If there are not as many as the network has, or `batch_size` is 0.
    #[must_use]
    pub fn with_weights(network: Network<T>, theta: Vec<T>, optimizer: Optimizer, batch_size: usize) -> Self {
        assert_eq!(theta.len(), network.param_count(), "as many weights as the network has");
        assert!(batch_size > 0, "a step has samples");
        // A shard a thread reads the weights as seldom as can be; the bits do not depend on it.
        let shard_rows = batch_size.div_ceil(rayon::current_num_threads()).max(SHARD_ROWS.min(batch_size));
        let arena = Arena::new(&network, shard_rows);
        let memory = vec![T::ZERO; batch_size.div_ceil(shard_rows) * arena.shard_len()];
        let slots = [0, 1].map(|slot| vec![T::ZERO; if slot < optimizer.slots() { theta.len() } else { 0 }]);
        let blocks = blocks_of(&network);
        let largest = blocks.iter().map(|work| work.len).max().unwrap_or(0);
        let scratch = (0..rayon::current_num_threads()).map(|_| Mutex::new(vec![T::ZERO; largest])).collect();
        Self {
            optimizer,
            theta,
            slots,
            steps: 0,
            memory,
            row_losses: vec![T::ZERO; batch_size],
            blocks,
            scratch,
            pace: Pace::default(),
            arena,
            network,
        }
    }

    /// Bytes that a trainer of this network takes: weights, running values, and x and δ of a batch.
    #[must_use]
    pub fn memory_needed(network: &Network<T>, optimizer: &Optimizer, batch_size: usize) -> usize {
        let weights = network.param_count().saturating_mul(1 + optimizer.slots());
        let row = (0..=network.layers().len()).map(|at| 2 * network.width(at)).sum::<usize>();
        batch_size.saturating_mul(row).saturating_add(weights).saturating_mul(size_of::<T>())
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The weights, θ.
    #[must_use]
    pub fn theta(&self) -> &[T] {
        &self.theta
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Samples that a step takes at most.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.row_losses.len()
    }

    /// Writes NaN over all memory that a step must not read before it writes it.
    pub fn poison(&mut self) {
        self.memory.fill(T::NAN);
        self.scratch.iter().for_each(|scratch| lock(scratch).fill(T::NAN));
        self.row_losses.fill(T::NAN);
    }

    /// One step on the given samples, at most [`batch_size`](Self::batch_size) of them. Returns the loss before the step.
    ///
    /// Allocates nothing as long as it is called on a rayon thread.
    ///
    /// # Panics
    /// If there are more samples than that, or none, or of another size than the network takes.
    pub fn step(&mut self, source: &Source, samples: &[u32]) -> f64 {
        assert!((1..=self.batch_size()).contains(&samples.len()), "1 to {} samples a step", self.batch_size());
        let loss = self.rows(source, samples, true);
        self.steps += 1;
        self.weights(samples.len());
        loss
    }

    /// Loss and ∂L/∂θ of the given samples, which are not learnt from.
    pub fn gradient(&mut self, source: &Source, samples: &[u32]) -> (f64, Vec<T>) {
        let loss = self.rows(source, samples, true);
        let mut gradient = Vec::with_capacity(self.theta.len());
        for work in &self.blocks {
            let start = gradient.len();
            gradient.resize(start + work.len, T::NAN);
            gradient_of(&self.network, &self.arena, &self.memory, work, samples.len(), &mut gradient[start..]);
        }
        (loss, gradient)
    }

    /// Mean loss over all samples of `source`, which are not learnt from.
    ///
    /// # Errors
    /// If there are none, or they are of another size than the network takes.
    pub fn evaluate(&mut self, source: &Source) -> Result<f64, Error> {
        self.check(source, "validation")?;
        let all: Vec<u32> = (0..source.len() as u32).collect();
        let mut sum = 0.0;
        for samples in all.chunks(self.batch_size()) {
            sum += self.rows(source, samples, false) * samples.len() as f64;
        }
        Ok(sum / all.len() as f64)
    }

    /// The predictions for the given samples, one a row.
    ///
    /// # Errors
    /// If they are of another size than the network takes.
    pub fn predict(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        self.check(source, "given")?;
        let last = self.network.layers().len();
        let width = self.network.width(last);
        let mut all = Array2::from_elem((samples.len(), width), T::ZERO);
        let batch_size = self.batch_size();
        let batches = samples.chunks(batch_size).zip(all.axis_chunks_iter_mut(Axis(0), batch_size));
        for (samples, mut predictions) in batches {
            self.rows(source, samples, false);
            let outputs = self.arena.batch_x(&self.memory, last, samples.len());
            for (mut prediction, output) in predictions.rows_mut().into_iter().zip(outputs.iter()) {
                prediction.iter_mut().zip(output).for_each(|(to, &from)| *to = from);
                if let Some(row) = prediction.as_slice_mut() {
                    activation::forward(self.network.output(), row);
                }
            }
        }
        Ok(all)
    }

    /// Refuses an empty source, or samples of another size than the network takes.
    pub(crate) fn check(&self, source: &Source, set: &'static str) -> Result<(), Error> {
        let (network, samples) = (self.network.spec().features(), source.features());
        match source.is_empty() {
            true => Err(Error::NoSamples(set)),
            false if network != samples => Err(Error::SampleSize { network, samples }),
            false => Ok(()),
        }
    }

    /// Phase one. Returns the mean loss; leaves x and, if `backward`, δ of all layers in memory.
    fn rows(&mut self, source: &Source, samples: &[u32], backward: bool) -> f64 {
        let (network, arena, theta, batch) = (&self.network, &self.arena, &self.theta, samples.len());
        let (losses, pace) = (&mut self.row_losses[..batch], &self.pace);
        self.memory
            .par_chunks_mut(arena.shard_len())
            .zip(samples.par_chunks(arena.shard_rows()))
            .zip(losses.par_chunks_mut(arena.shard_rows()))
            .for_each(|((shard, samples), losses)| {
                pace.run(|| {
                    let rows = samples.len();
                    let width = network.width(0);
                    source.fill_rows(samples, arena.x(shard, 0, rows));
                    for (at, layer) in network.layers().iter().enumerate() {
                        let (x, y) = arena.x_pair(shard, at, rows);
                        layer.forward(&theta[network.theta_of(at)], x, y);
                    }
                    let (target, prediction, delta) = arena.ends(shard, rows);
                    let pairs = prediction.chunks_exact(width).zip(target.chunks_exact(width));
                    for (((prediction, target), delta), row_loss) in
                        pairs.zip(delta.chunks_exact_mut(width)).zip(losses)
                    {
                        *row_loss = match backward {
                            true => network.loss().forward_backward(prediction, target, batch, delta),
                            false => network.loss().forward(prediction, target),
                        };
                    }
                    if backward {
                        for (at, layer) in network.layers().iter().enumerate().rev() {
                            let (x, y, dy, dx) = arena.backward(shard, at, rows);
                            layer.backward_input(&theta[network.theta_of(at)], Saved { x, y }, dy, dx);
                        }
                    }
                })
            });
        // In the order of the samples, in f64: the same sum for any number of threads.
        losses.iter().map(|loss| loss.to_f64()).sum::<f64>() / batch as f64
    }

    /// Phase two.
    fn weights(&mut self, rows: usize) {
        let [first, second] = &mut self.slots;
        let part = Part { theta: &mut self.theta, first, second };
        let (network, arena, memory, scratch) = (&self.network, &self.arena, &self.memory, &self.scratch);
        let (optimizer, step) = (&self.optimizer, self.steps);
        update(&self.blocks, part, rayon::current_num_threads(), &self.pace, &|work: &Work, part: Part<T>| {
            let mut scratch = lock(&scratch[rayon::current_thread_index().unwrap_or(0) % scratch.len()]);
            let dtheta = &mut scratch[..work.len];
            gradient_of(network, arena, memory, work, rows, dtheta);
            optimizer.update(part.theta, dtheta, [part.first, part.second], step);
        });
    }
}

/// dθ of one block, summed over the rows of the batch that phase one has left in memory.
fn gradient_of<T: Scalar>(
    network: &Network<T>,
    arena: &Arena,
    memory: &[T],
    work: &Work,
    rows: usize,
    dtheta: &mut [T],
) {
    let saved = SavedBatch {
        x: arena.batch_x(memory, work.layer, rows),
        delta: arena.batch_delta(memory, work.layer + 1, rows),
    };
    network.layers()[work.layer].backward_params(saved, &work.block, dtheta);
}

/// A panic elsewhere does not make scratch memory unusable: it may hold anything.
fn lock<T>(scratch: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same stretch of θ and of the optimiser's running values.
struct Part<'a, T> {
    theta: &'a mut [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<'a, T> Part<'a, T> {
    fn split_at(self, at: usize) -> (Self, Self) {
        let split = |values: &'a mut [T]| {
            // A slot that the optimiser does not use is empty.
            let at = at.min(values.len());
            values.split_at_mut(at)
        };
        let (theta, theta_after) = split(self.theta);
        let (first, first_after) = split(self.first);
        let (second, second_after) = split(self.second);
        (Self { theta, first, second }, Self { theta: theta_after, first: first_after, second: second_after })
    }
}

/// Calls `run` for every block with its part: cut into as many stretches of about the same length as there are threads,
/// and within a stretch one block after another, so that a thread can come back to the same weights in every step.
fn update<T: Scalar>(
    blocks: &[Work],
    part: Part<T>,
    threads: usize,
    pace: &Pace,
    run: &(impl Fn(&Work, Part<T>) + Sync),
) {
    if threads <= 1 || blocks.len() <= 1 {
        return pace.run(|| {
            let mut rest = part;
            for work in blocks {
                let (part, after) = rest.split_at(work.len);
                run(work, part);
                rest = after;
            }
        });
    }
    let left_threads = threads / 2;
    let all: usize = blocks.iter().map(|work| work.len).sum();
    let (mut count, mut len) = (1, blocks[0].len);
    // The left half takes a block as long as most of it lies within its share.
    while count < blocks.len() - 1 && (2 * len + blocks[count].len) * threads <= 2 * all * left_threads {
        len += blocks[count].len;
        count += 1;
    }
    let ((left, right), (left_part, right_part)) = (blocks.split_at(count), part.split_at(len));
    rayon::join(
        || update(left, left_part, left_threads, pace, run),
        || update(right, right_part, threads - left_threads, pace, run),
    );
}

/// Cuts every parameter into blocks of whole rows, in the order of θ.
fn blocks_of<T: Scalar>(network: &Network<T>) -> Vec<Work> {
    let mut blocks = Vec::new();
    for param in network.params() {
        let (rows, len) = (param.spec.rows(), param.spec.len());
        let width = len / rows;
        let block_rows = (BLOCK_VALUES / width).max(BLOCK_ROWS);
        for start in (0..rows).step_by(block_rows) {
            let end = rows.min(start + block_rows);
            let block = Block { param: param.index, rows: start..end };
            blocks.push(Work { layer: param.layer, block, len: (end - start) * width });
        }
    }
    blocks
}
