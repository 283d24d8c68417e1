//! Phase one of a step for a shard of the batch: the forward pass, the loss, and the backward pass to the inputs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use handgrad_kernels::team::seat;
use handgrad_layers::{Mode, Pass, Saved, Scalar};
use handgrad_models::{Network, Part};

use crate::Source;
use crate::arena::Arena;
use crate::shards::Shards;

/// The inputs of a pass: the network, its weights, the source of samples, and the mode, seed and epoch of the random
/// numbers.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a, T> {
    pub network: &'a Network<T>,
    pub theta: &'a [T],
    pub source: Source<'a>,
    pub mode: Mode,
    pub seed: u64,
    pub epoch: u64,
}

impl<'a, T> Job<'a, T> {
    /// A job that measures a loss. The noise is always the same: epoch 0 is used for it, which no training has.
    pub fn measure(network: &'a Network<T>, theta: &'a [T], source: &'a Source) -> Self {
        Self { network, theta, source: source.shorter(), mode: Mode::Measure, seed: 0, epoch: 0 }
    }

    /// A job for a training step, with the random numbers of an epoch.
    pub fn train(network: &'a Network<T>, theta: &'a [T], source: &'a Source, [seed, epoch]: [u64; 2]) -> Self {
        Self { network, theta, source: source.shorter(), mode: Mode::Train, seed, epoch }
    }
}

/// The arguments that all shards of phase one have in common.
pub(crate) struct Phase<'a, 'j, T> {
    pub job: Job<'j, T>,
    pub arena: &'a Arena,
    pub workspace: &'a [Mutex<Vec<T>>],
    pub batch: usize,
    pub backward: bool,
}

impl<T: Scalar> Phase<'_, '_, T> {
    pub fn pass<'a>(
        &self,
        layer: usize,
        samples: &'a [u32],
        means: &'a [T],
        scratch: &'a mut [T],
        cache: &'a mut [T],
    ) -> Pass<'a, T> {
        let Job { network, mode, seed, epoch, .. } = self.job;
        let (batch, scratch) = (self.batch, &mut scratch[..network.layers()[layer].scratch_len()]);
        Pass { mode, seed, epoch, layer, samples, batch, means, scratch, cache }
    }

    pub fn forward(&self, shard: &mut [T], samples: &[u32]) {
        let (Job { network, theta, source, .. }, rows) = (self.job, samples.len());
        let encoding = network.spec().encoding();
        source.fill_batch(samples, encoding, network.width(0), self.arena.x(shard, 0, rows));
        let mut workspace = lock(of_thread(self.workspace));
        for (at, layer) in network.layers().iter().enumerate() {
            let (x, y, cache) = self.arena.forward(shard, at, rows);
            let theta = &theta[network.theta_of(at)];
            layer.forward(theta, x, y, &mut self.pass(at, samples, &[], &mut workspace, cache));
        }
    }

    /// Computes the loss of some samples, and its gradient if it is needed. The target of an autoencoder is the input,
    /// and that of a classifier the class.
    pub fn losses(&self, samples: &[u32], inputs: &[T], prediction: &[T], delta: &mut [T], losses: &mut [T]) {
        let Job { network, source, .. } = self.job;
        let classes = source.classes().filter(|_| network.part() == Part::Classifier);
        let [width, outputs] = [0, network.layers().len()].map(|at| network.width(at));
        let targets = inputs.chunks_exact(width).zip(samples).map(|(input, &sample)| match classes {
            Some(classes) => network.one_hot(classes[sample as usize]),
            None => input,
        });
        let pairs = prediction.chunks_exact(outputs).zip(targets);
        for (((prediction, target), delta), row_loss) in pairs.zip(delta.chunks_exact_mut(outputs)).zip(losses) {
            *row_loss = match self.backward {
                true => network.row_loss_and_gradient(prediction, target, self.batch, delta),
                false => network.row_loss(prediction, target),
            };
        }
    }

    /// Computes the loss, the penalties and the backward pass of a shard. The gradient by the input of the network is
    /// computed only if the shard has `inputs`.
    pub fn loss_and_backward(&self, shard: Shards<T>, means: &[T]) {
        let Shards { memory: shard, samples, losses, mut inputs } = shard;
        let (Job { network, theta, .. }, arena, rows) = (self.job, self.arena, samples.len());
        let mut workspace = lock(of_thread(self.workspace));
        let (inputs_of_rows, prediction, delta) = arena.ends(shard, rows);
        self.losses(samples, inputs_of_rows, prediction, delta, losses);
        // From the last layer to the first. The means and penalties are stored in the order of the layers, so they
        // are taken from the end.
        let (mut means, mut number) = (means, network.layers().iter().filter(|l| l.penalty_name().is_some()).count());
        for (at, layer) in network.layers().iter().enumerate().rev() {
            let own_means = if layer.needs_means() {
                let (others, own) = means.split_at(means.len() - network.width(at));
                means = others;
                own
            } else {
                &[]
            };
            if layer.penalty_name().is_some() {
                number -= 1;
                let (x, y, penalties) = arena.penalty(shard, at, number, rows);
                let mut pass = self.pass(at, samples, own_means, &mut workspace, &mut []);
                layer.penalty(Saved { x, y }, penalties, &mut pass);
            }
            if self.backward {
                let (x, y, dy, dx, cache) = arena.backward(shard, at, rows);
                let dx = if at == 0 { inputs.take() } else { dx };
                let theta = &theta[network.theta_of(at)];
                let mut pass = self.pass(at, samples, own_means, &mut workspace, cache);
                layer.backward_input(theta, Saved { x, y }, dy, dx, &mut pass);
            }
        }
    }
}

/// Computes the mean of each input over the samples, in order, for the layers that need these means.
pub(crate) fn means_over_batch<T: Scalar>(
    network: &Network<T>,
    arena: &Arena,
    memory: &[T],
    batch: usize,
    means: &mut [T],
) {
    let mut rest = means;
    for at in (0..network.layers().len()).filter(|&at| network.layers()[at].needs_means()) {
        let (means, others) = rest.split_at_mut(network.width(at));
        rest = others;
        means.fill(T::ZERO);
        for x in arena.batch_x(memory, at, batch).iter() {
            means.iter_mut().zip(x).for_each(|(mean, &x)| *mean += x);
        }
        let count = T::from_f64(batch as f64);
        means.iter_mut().for_each(|mean| *mean /= count);
    }
}

/// Returns the memory of the current thread.
pub(crate) fn of_thread<T>(each: &[Mutex<Vec<T>>]) -> &Mutex<Vec<T>> {
    &each[seat() % each.len()]
}

/// Locks scratch memory. The memory stays usable after a panic of another thread, because its content does not
/// matter.
pub(crate) fn lock<T>(scratch: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}
