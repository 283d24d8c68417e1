//! One training step, in two phases.
//!
//! *Rows:* each shard of the batch runs forward, loss and the chain of `backward_input`, on its own. *Weights:* for each
//! block of the parameters the gradient is summed over all rows in order, and the optimiser moves that block at once,
//! while it is in cache. (Where the gradient is clipped, all of it is needed first: see `weights.rs`.) No value depends on
//! how many threads there are or how large a shard is.

mod blame;
mod evaluate;
mod weights;

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use handgrad_layers::{BatchRows, Mode, Optimizer, Scalar};
use handgrad_models::Network;
use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::arena::Arena;
use crate::blocks::{Work, blocks_of, gradient_of, scratch_len};
use crate::pace::Pace;
use crate::rows::{Phase, lock, means_over_batch};
use crate::{Error, Source};

/// A network with its weights, the optimiser with its running values, and the memory that a step needs.
pub struct Trainer<T> {
    network: Network<T>,
    optimizer: Optimizer,
    /// Of the next step: the schedule's, where there is one.
    learning_rate: f64,
    weight_decay: f64,
    clipping: Option<weights::Clipping<T>>,
    theta: Vec<T>,
    slots: [Vec<T>; 2],
    steps: u64,
    /// Were all weights numbers after the last step?
    finite: AtomicBool,
    arena: Arena,
    memory: Vec<T>,
    row_losses: Vec<T>,
    blocks: Vec<Work>,
    /// The gradient of a block, for each thread: it is used up before it leaves the cache.
    scratch: Vec<Mutex<Vec<T>>>,
    /// What layers work in, for each thread.
    workspace: Vec<Mutex<Vec<T>>>,
    /// Means over the batch of the inputs of layers that need them, one layer after another.
    means: Vec<T>,
    /// Of all that is random.
    seed: u64,
    epoch: u64,
    /// Of the last pass: see [`Trainer::terms`].
    terms: Vec<f64>,
    pace: Pace,
}

/// A shard has at least this many samples: fewer do not pay for being handed to a thread.
const SHARD_ROWS: usize = 8;

/// Shards of a batch, and the samples of one. A shard a thread reads the weights as seldom as can be; the bits do not depend on
/// it.
fn shards_of(batch_size: usize) -> [usize; 2] {
    let shard_rows = batch_size.div_ceil(rayon::current_num_threads()).max(SHARD_ROWS.min(batch_size)).max(1);
    [batch_size.div_ceil(shard_rows), shard_rows]
}

/// Values that the layers work in, each after the other.
fn workspace_len<T: Scalar>(network: &Network<T>) -> usize {
    network.layers().iter().map(|layer| layer.scratch_len()).max().unwrap_or(0)
}

/// Means over the batch of the inputs of layers that need them.
fn means_len<T: Scalar>(network: &Network<T>) -> usize {
    let of_layer = network.layers().iter().enumerate().filter(|(_, layer)| layer.needs_means());
    of_layer.map(|(at, _)| network.width(at)).sum()
}

impl<T: Scalar> Trainer<T> {
    /// Starts from fresh weights.
    ///
    /// # Panics
    /// If `batch_size` is 0.
    #[must_use]
    pub fn new(network: Network<T>, optimizer: Optimizer, batch_size: usize, seed: u64) -> Self {
        let theta = network.init(seed);
        Self { seed, ..Self::with_weights(network, theta, optimizer, batch_size) }
    }

    /// Starts from the given weights.
    ///
    /// # Panics
    /// If there are not as many as the network has, or `batch_size` is 0.
    #[must_use]
    pub fn with_weights(network: Network<T>, theta: Vec<T>, optimizer: Optimizer, batch_size: usize) -> Self {
        assert_eq!(theta.len(), network.param_count(), "as many weights as the network has");
        assert!(batch_size > 0, "a step has samples");
        let [shards, shard_rows] = shards_of(batch_size);
        let arena = Arena::new(&network, shard_rows);
        let memory = vec![T::ZERO; shards * arena.shard_len()];
        let slots = [0, 1].map(|slot| vec![T::ZERO; if slot < optimizer.slots() { theta.len() } else { 0 }]);
        let blocks = blocks_of(&network);
        let for_each_thread = |len: usize| -> Vec<_> {
            (0..rayon::current_num_threads()).map(|_| Mutex::new(vec![T::ZERO; len])).collect()
        };
        let layers = network.layers();
        let [workspace, means] = [workspace_len(&network), means_len(&network)];
        let terms = 1 + layers.iter().filter(|layer| layer.penalty_name().is_some()).count();
        Self {
            scratch: for_each_thread(scratch_len(&blocks)),
            workspace: for_each_thread(workspace),
            means: vec![T::ZERO; means],
            seed: 0,
            epoch: 1,
            terms: vec![0.0; terms],
            learning_rate: optimizer.learning_rate(),
            weight_decay: 0.0,
            clipping: None,
            optimizer,
            theta,
            slots,
            steps: 0,
            finite: AtomicBool::new(true),
            memory,
            row_losses: vec![T::ZERO; batch_size],
            blocks,
            pace: Pace::default(),
            arena,
            network,
        }
    }

    /// Bytes that a trainer of this network takes: weights, running values, and the shards of a batch, of which the last may have
    /// room for more samples than there are.
    #[must_use]
    pub fn memory_needed(network: &Network<T>, optimizer: &Optimizer, batch_size: usize) -> usize {
        let weights = network.param_count().saturating_mul(1 + optimizer.slots());
        let [shards, shard_rows] = shards_of(batch_size);
        let of_a_row = Arena::new(network, 1).shard_len();
        let arena = shards.saturating_mul(shard_rows).saturating_mul(of_a_row);
        let of_threads = workspace_len(network)
            .saturating_add(scratch_len(&blocks_of(network)))
            .saturating_mul(rayon::current_num_threads());
        [weights, arena, batch_size, of_threads, means_len(network)]
            .into_iter()
            .fold(0, usize::saturating_add)
            .saturating_mul(size_of::<T>())
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

    /// Puts other weights in their place.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn set_theta(&mut self, theta: &[T]) {
        self.theta.copy_from_slice(theta);
    }

    /// The optimiser as it was given: with the learning rate that a schedule starts from.
    #[must_use]
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// The learning rate of the next steps, instead of the optimiser's own.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The epoch that the next steps belong to, counted from 1: what is random in them hangs on it.
    pub fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// The terms of the loss that the last step or evaluation returned, named by [`Network::term_names`]: they add up to it.
    #[must_use]
    pub fn terms(&self) -> &[f64] {
        &self.terms
    }

    /// Samples that a step takes at most.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.row_losses.len()
    }

    /// Writes NaN over all memory that a step must not read before it writes it.
    pub fn poison(&mut self) {
        self.memory.fill(T::NAN);
        self.scratch.iter().chain(&self.workspace).for_each(|scratch| lock(scratch).fill(T::NAN));
        self.row_losses.fill(T::NAN);
        self.means.fill(T::NAN);
        self.clipping.iter_mut().for_each(weights::Clipping::poison);
    }

    /// One step on the given samples, at most [`batch_size`](Self::batch_size) of them. Returns the loss before the step.
    ///
    /// Allocates nothing as long as it is called on a rayon thread.
    ///
    /// # Panics
    /// If there are more samples than that, or none, or of another size than the network takes.
    pub fn step(&mut self, source: &Source, samples: &[u32]) -> f64 {
        assert!((1..=self.batch_size()).contains(&samples.len()), "1 to {} samples a step", self.batch_size());
        self.rows(source, samples, Mode::Train, true);
        let loss = self.mean_terms(samples.len());
        self.steps += 1;
        self.weights(samples.len());
        loss
    }

    /// Loss and ∂L/∂θ of the given samples, which are not learnt from.
    pub fn gradient(&mut self, source: &Source, samples: &[u32]) -> (f64, Vec<T>) {
        self.rows(source, samples, Mode::Train, true);
        let loss = self.mean_terms(samples.len());
        let mut gradient = Vec::with_capacity(self.theta.len());
        for work in &self.blocks {
            let (mut scratch, mut workspace) = (lock(&self.scratch[0]), lock(&self.workspace[0]));
            let (network, arena, memory, rows) = (&self.network, &self.arena, &self.memory, samples.len());
            gradient.extend(&*gradient_of(network, arena, memory, work, rows, &mut scratch, &mut workspace));
        }
        (loss, gradient)
    }

    /// The predictions for the given samples, one a row.
    ///
    /// # Errors
    /// If they are of another size than the network takes, or it is a part.
    pub fn predict(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        self.check_whole()?;
        let last = self.network.layers().len();
        let mut predictions = self.outputs_of(source, samples, last)?;
        self.finish(&mut predictions);
        Ok(predictions)
    }

    /// The codes of the given samples, one a row: by a whole network or an encoder.
    ///
    /// # Errors
    /// If they are of another size than the network takes, or it is a decoder alone.
    pub fn encode(&mut self, source: &Source, samples: &[u32]) -> Result<Array2<T>, Error> {
        if !self.network.has_encoder() {
            return Err(Error::NoEncoder);
        }
        self.outputs_of(source, samples, self.network.encoder_len())
    }

    /// What the decoder makes of codes, one a row: by a whole network or a decoder.
    ///
    /// # Errors
    /// If they are of another size than the network's, or it is an encoder alone.
    pub fn decode(&mut self, codes: &Array2<T>) -> Result<Array2<T>, Error> {
        if !self.network.has_decoder() {
            return Err(Error::NoDecoder);
        }
        let Self { network, arena, theta, workspace, memory, row_losses, .. } = self;
        let (first, last) = (network.encoder_len(), network.layers().len());
        if codes.ncols() != network.width(first) {
            return Err(Error::CodeSize { network: network.width(first), codes: codes.ncols() });
        }
        let mut all = Array2::from_elem((codes.nrows(), network.width(last)), T::ZERO);
        let numbers: Vec<u32> = (0..row_losses.len() as u32).collect();
        let phase = Phase {
            network,
            arena,
            theta,
            workspace,
            source: None,
            seed: 0,
            epoch: 0,
            batch: numbers.len(),
            mode: Mode::Predict,
            backward: false,
        };
        let width = codes.ncols();
        for (codes, mut outputs) in
            codes.axis_chunks_iter(Axis(0), numbers.len()).zip(all.axis_chunks_iter_mut(Axis(0), numbers.len()))
        {
            let rows = codes.nrows();
            let codes: Vec<T> = codes.iter().copied().collect();
            let shards = codes.par_chunks(arena.shard_rows() * width);
            memory.par_chunks_mut(arena.shard_len()).zip(shards).for_each(|(shard, codes)| {
                let rows = codes.len() / width;
                arena.x(shard, first, rows).copy_from_slice(codes);
                phase.forward_from(first, shard, &numbers[..rows]);
            });
            copy_rows(arena.batch_x(memory, last, rows), &mut outputs);
        }
        self.finish(&mut all);
        Ok(all)
    }

    /// What layer number `at` is given for the samples, one a row.
    fn outputs_of(&mut self, source: &Source, samples: &[u32], at: usize) -> Result<Array2<T>, Error> {
        self.check_samples(source, "given")?;
        let mut all = Array2::from_elem((samples.len(), self.network.width(at)), T::ZERO);
        let batch_size = self.batch_size();
        for (samples, mut outputs) in samples.chunks(batch_size).zip(all.axis_chunks_iter_mut(Axis(0), batch_size)) {
            self.forward(source, samples, Mode::Predict);
            copy_rows(self.arena.batch_x(&self.memory, at, samples.len()), &mut outputs);
        }
        Ok(all)
    }

    /// The last layer's outputs become predictions.
    fn finish(&self, outputs: &mut Array2<T>) {
        for mut row in outputs.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                self.network.output().forward(row);
            }
        }
    }

    /// Refuses an empty source, samples of another size than the network takes, and a part of a network.
    pub(crate) fn check(&self, source: &Source, set: &'static str) -> Result<(), Error> {
        self.check_whole()?;
        self.check_samples(source, set)
    }

    fn check_whole(&self) -> Result<(), Error> {
        match (self.network.has_encoder(), self.network.has_decoder()) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::NoDecoder),
            (false, _) => Err(Error::NoEncoder),
        }
    }

    fn check_samples(&self, source: &Source, set: &'static str) -> Result<(), Error> {
        let (network, samples) = (self.network.spec().features(), source.features());
        match source.is_empty() {
            true => Err(Error::NoSamples(set)),
            false if network != samples => Err(Error::SampleSize { network, samples }),
            false => Ok(()),
        }
    }

    /// The forward pass alone: leaves x of all layers in memory.
    fn forward(&mut self, source: &Source, samples: &[u32], mode: Mode) {
        let Self { network, arena, theta, workspace, memory, pace, .. } = self;
        let (source, batch) = (Some(source), samples.len());
        let phase = Phase { network, arena, theta, workspace, source, seed: 0, epoch: 0, batch, mode, backward: false };
        let shards = memory.par_chunks_mut(arena.shard_len()).zip(samples.par_chunks(arena.shard_rows()));
        shards.for_each(|(shard, samples)| pace.run(|| phase.forward(shard, samples)));
    }

    /// Phase one, of a whole network: leaves x and, if `backward`, δ of all layers in memory, and the loss of every row.
    fn rows(&mut self, source: &Source, samples: &[u32], mode: Mode, backward: bool) {
        assert!(self.check_whole().is_ok(), "a part of a network has no loss");
        let batch = samples.len();
        // What is measured with is always the same noise, that of no epoch.
        let (seed, epoch) = if mode == Mode::Train { (self.seed, self.epoch) } else { (0, 0) };
        let Self { network, arena, theta, workspace, memory, row_losses, means, pace, .. } = self;
        let (network, arena, theta, workspace, pace) = (&*network, &*arena, &**theta, &**workspace, &*pace);
        let source = Some(source);
        let phase = Phase { network, arena, theta, workspace, source, seed, epoch, batch, mode, backward };
        let shards = memory.par_chunks_mut(arena.shard_len()).zip(samples.par_chunks(arena.shard_rows()));
        let losses = row_losses[..batch].par_chunks_mut(arena.shard_rows());
        // Training has means of its own batch; whoever measures has set them, for all samples.
        if means.is_empty() || mode != Mode::Train {
            let means = &**means;
            shards.zip(losses).for_each(|((shard, samples), losses)| {
                pace.run(|| {
                    phase.forward(shard, samples);
                    phase.loss_and_backward(shard, samples, means, losses);
                });
            });
        } else {
            shards.for_each(|(shard, samples)| pace.run(|| phase.forward(shard, samples)));
            means_over_batch(network, arena, memory, batch, means);
            let means = &**means;
            let shards = memory.par_chunks_mut(arena.shard_len()).zip(samples.par_chunks(arena.shard_rows()));
            shards.zip(losses).for_each(|((shard, samples), losses)| {
                pace.run(|| phase.loss_and_backward(shard, samples, means, losses));
            });
        }
    }
}

fn copy_rows<T: Scalar>(from: BatchRows<T>, to: &mut ArrayViewMut2<T>) {
    for (mut to, from) in to.rows_mut().into_iter().zip(from.iter()) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
    }
}
