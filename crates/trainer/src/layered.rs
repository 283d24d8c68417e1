//! Phase one of a step, layer by layer: in each layer the threads divide the *units* and not the samples.
//!
//! ```text
//!               a thread computes            and reads of the weights
//! forward       some columns of y = x·w      the same columns
//! backward      some columns of dx = δ·wᵀ    the rows that belong to them
//! ```
//!
//! If the threads divide the samples, each of them reads all weights, most of which others have just written. Here it
//! reads only a part, but it waits for the others after each layer. This is faster for small batches and large
//! layers: see [`pays`]. Layers that cannot be divided, the loss and the samples themselves are divided by rows as
//! usual. Each value is computed in the same order as before, so not a bit changes.

use handgrad_kernels::team::Hands;
use handgrad_layers::{Saved, Scalar};
use handgrad_models::Network;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::rows::{Phase, lock, of_thread};

/// A thread gets a multiple of this number of columns: the floats of a cache line, and of the widest register.
const COLUMNS: usize = 16;
/// Twice as many samples as this are divided among threads, fewer are not.
const ROWS: usize = 4;
/// Up to this number of samples, a batch is small.
const FEW_SAMPLES: usize = 64;

/// Returns whether the network can be computed layer by layer, and this is faster for batches of `batch` samples. The
/// limits were found by measurements: see decision 15 in `docs/decisions`.
pub(crate) fn pays<T: Scalar>(network: &Network<T>, batch: usize, threads: usize) -> bool {
    let layers = network.layers();
    let can_be = layers.iter().all(|layer| layer.cache_len() == 0 && !layer.needs_means());
    // The numbers of values that can cross from one thread to another, depending on what the threads divide.
    let (mut activations, mut weights) = (0_usize, 0);
    for (at, _) in layers.iter().enumerate().filter(|(_, layer)| layer.divisible().is_some()) {
        // A batch may be absurdly large, which is refused later.
        let values = batch.saturating_mul(network.width(at) + network.width(at + 1));
        activations = activations.saturating_add(values);
        // A layer of few units does not have enough of them for all threads.
        weights += if network.width(at + 1) < COLUMNS * threads { 0 } else { network.theta_of(at).len() };
    }
    // With few samples, the shards are also short, and the products of short shards are slow.
    let limit = if batch <= FEW_SAMPLES { weights } else { weights / 2 };
    threads > 1 && can_be && activations < limit
}

/// The rows of a batch that a thread works on: the numbers of their samples, and their values in one or two matrices.
struct Rows<'a, T> {
    samples: &'a [u32],
    one: &'a mut [T],
    /// It is empty if there is only one matrix.
    other: &'a mut [T],
}

impl<'a, T: Send> Rows<'a, T> {
    /// Calls `run` for parts of the rows, one for each thread, with the number of the first row. `widths` are those of
    /// the two matrices.
    fn each(self, first: usize, widths: [usize; 2], hands: &mut Hands, run: &(impl Fn(usize, Rows<T>) + Sync)) {
        let (rows, threads) = (self.samples.len(), hands.count());
        if threads == 1 || rows < 2 * ROWS {
            return run(first, self);
        }
        let at = rows * (threads / 2) / threads;
        let (samples, samples_after) = self.samples.split_at(at);
        let (one, one_after) = self.one.split_at_mut(at * widths[0]);
        let middle = (at * widths[1]).min(self.other.len());
        let (other, other_after) = self.other.split_at_mut(middle);
        let left = Rows { samples, one, other };
        let right = Rows { samples: samples_after, one: one_after, other: other_after };
        hands.join(|hands| left.each(first, widths, hands, run), |hands| right.each(first + at, widths, hands, run));
    }
}

/// Calls `run` for parts of the columns of a matrix, one for each thread, with the number of the first column.
fn columns<T: Send>(
    matrix: ArrayViewMut2<T>,
    first: usize,
    hands: &mut Hands,
    run: &(impl Fn(usize, ArrayViewMut2<T>) + Sync),
) {
    let (all, threads) = (matrix.ncols(), hands.count());
    let at = (all * (threads / 2) / threads).max(1).next_multiple_of(COLUMNS);
    if threads == 1 || at >= all {
        return run(first, matrix);
    }
    let (left, right) = matrix.split_at(Axis(1), at);
    hands.join(|hands| columns(left, first, hands, run), |hands| columns(right, first + at, hands, run));
}

/// The rows of some samples, beginning with row number `first`, in a matrix with rows of `width`.
fn rows_of<'a, T>(values: &'a [T], width: usize, first: usize, samples: &[u32]) -> &'a [T] {
    &values[first * width..][..samples.len() * width]
}

/// The values as a matrix with rows of `width`.
fn matrix_mut<T>(values: &mut [T], width: usize) -> ArrayViewMut2<'_, T> {
    let rows = values.len().checked_div(width).unwrap_or(0);
    ArrayViewMut2::from_shape((rows, width), values).expect("a matrix of the arena is a whole number of rows")
}

/// The values as a matrix with rows of `width`.
fn matrix<T>(values: &[T], width: usize) -> ArrayView2<'_, T> {
    let rows = values.len().checked_div(width).unwrap_or(0);
    ArrayView2::from_shape((rows, width), values).expect("a matrix of the arena is a whole number of rows")
}

impl<T: Scalar> Phase<'_, '_, T> {
    /// The forward pass of the whole batch, whose memory is one shard.
    pub fn forward_layered(&self, shard: &mut [T], samples: &[u32], hands: &mut Hands) {
        let (network, theta, rows) = (self.job.network, self.job.theta, samples.len());
        let width = network.width(0);
        hands.name_part("samples to floats", 0);
        let inputs = Rows { samples, one: self.arena.x(shard, 0, rows), other: &mut [] };
        inputs.each(0, [width, 0], hands, &|_, Rows { samples, one: x, .. }| {
            self.job.source.fill_batch(samples, network.spec().encoding(), width, x);
        });
        for (at, layer) in network.layers().iter().enumerate() {
            hands.name_part("forward", at);
            let (x, y, _) = self.arena.forward(shard, at, rows);
            let (theta, [k, n]) = (&theta[network.theta_of(at)], [at, at + 1].map(|at| network.width(at)));
            match layer.divisible() {
                Some(layer) => columns(matrix_mut(y, n), 0, hands, &|first, y| {
                    layer.forward_units(theta, x, first..first + y.ncols(), y);
                }),
                None => {
                    let outputs = Rows { samples, one: y, other: &mut [] };
                    outputs.each(0, [n, 0], hands, &|first, Rows { samples, one: y, .. }| {
                        let mut workspace = lock(of_thread(self.workspace));
                        let x = rows_of(x, k, first, samples);
                        layer.forward(theta, x, y, &mut self.pass(at, samples, &[], &mut workspace, &mut []));
                    });
                }
            }
        }
    }

    /// The loss, the penalties and, if it is wanted, the backward pass of the whole batch after
    /// [`forward_layered`](Self::forward_layered).
    pub fn loss_and_backward_layered(
        &self,
        shard: &mut [T],
        samples: &[u32],
        losses: &mut [T],
        mut inputs: Option<&mut [T]>,
        hands: &mut Hands,
    ) {
        let (network, arena, rows) = (self.job.network, self.arena, samples.len());
        let layers = network.layers();
        let [width, outputs] = [0, layers.len()].map(|at| network.width(at));
        let (inputs_of_rows, prediction, delta) = arena.ends(shard, rows);
        hands.name_part("loss and its gradient", layers.len().saturating_sub(1));
        let last = Rows { samples, one: delta, other: losses };
        last.each(0, [outputs, 1], hands, &|first, Rows { samples, one: delta, other: losses }| {
            let inputs_of_rows = rows_of(inputs_of_rows, width, first, samples);
            let prediction = rows_of(prediction, outputs, first, samples);
            self.losses(samples, inputs_of_rows, prediction, delta, losses);
            if let Some(layer) = layers.last().and_then(|layer| layer.divisible()).filter(|_| self.backward) {
                layer.backward_activation(matrix(prediction, outputs), matrix_mut(delta, outputs));
            }
        });
        let mut number = layers.iter().filter(|layer| layer.penalty_name().is_some()).count();
        for (at, layer) in layers.iter().enumerate().rev() {
            let [k, n] = [at, at + 1].map(|at| network.width(at));
            if layer.penalty_name().is_some() {
                number -= 1;
                let (x, y, penalties) = arena.penalty(shard, at, number, rows);
                hands.name_part("penalty", at);
                let penalties = Rows { samples, one: penalties, other: &mut [] };
                penalties.each(0, [1, 0], hands, &|first, Rows { samples, one: penalties, .. }| {
                    let saved = Saved { x: rows_of(x, k, first, samples), y: rows_of(y, n, first, samples) };
                    let mut workspace = lock(of_thread(self.workspace));
                    layer.penalty(saved, penalties, &mut self.pass(at, samples, &[], &mut workspace, &mut []));
                });
            }
            if !self.backward {
                continue;
            }
            hands.name_part("backward_input", at);
            let (x, y, dy, dx, _) = arena.backward(shard, at, rows);
            let dx = if at == 0 { inputs.take() } else { dx };
            let theta = &self.job.theta[network.theta_of(at)];
            // The layer before this one, whose δ can be computed at once from a part of dx.
            let before = at.checked_sub(1).and_then(|before| layers[before].divisible());
            let finish = |first: usize, dx: ArrayViewMut2<T>| {
                if let Some(before) = before {
                    let x = matrix(x, k).split_at(Axis(1), first + dx.ncols()).0.split_at(Axis(1), first).1;
                    before.backward_activation(x, dx);
                }
            };
            match (layer.divisible(), dx) {
                (Some(_), None) => {}
                (Some(layer), Some(dx)) => columns(matrix_mut(dx, k), 0, hands, &|first, mut dx| {
                    layer.backward_inputs(theta, dy, first..first + dx.ncols(), dx.view_mut());
                    finish(first, dx);
                }),
                (None, dx) => {
                    let gradients = Rows { samples, one: dy, other: dx.unwrap_or_default() };
                    gradients.each(0, [n, k], hands, &|first, Rows { samples, one: dy, other: dx }| {
                        let saved = Saved { x: rows_of(x, k, first, samples), y: rows_of(y, n, first, samples) };
                        let mut workspace = lock(of_thread(self.workspace));
                        let mut pass = self.pass(at, samples, &[], &mut workspace, &mut []);
                        let mut dx = Some(dx).filter(|dx| !dx.is_empty());
                        layer.backward_input(theta, saved, dy, dx.as_deref_mut(), &mut pass);
                        if let (Some(before), Some(dx)) = (before, dx) {
                            before.backward_activation(matrix(saved.x, k), matrix_mut(dx, k));
                        }
                    });
                }
            }
        }
    }
}
