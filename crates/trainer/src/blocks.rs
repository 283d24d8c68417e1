//! Phase two of a step: the parameters in blocks, each with its gradient, a stretch of blocks for each thread.

use handgrad_layers::{Block, ParamRole, SavedBatch, Scalar};
use handgrad_models::Network;

use crate::arena::Arena;
use crate::pace::Pace;

/// A block of a layer's parameters, and where it lies in θ.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub layer: usize,
    pub block: Block,
    /// A layer that uses the same rows too, and as which of its parameters.
    pub tie: Option<(usize, usize)>,
    pub len: usize,
    /// Multiply-adds a sample.
    pub cost: usize,
    /// Are these weights, which may decay, and not biases?
    pub decays: bool,
}

/// A block holds about this many values: found by trying, see decisions 6 and 7 in `docs/decisions`.
const BLOCK_VALUES: usize = 1 << 15;
/// A block has at least this many rows, which share one packing of δ.
const BLOCK_ROWS: usize = 96;
/// Of weights that a sample uses more than once, at every place or every step, a block makes about this many
/// multiply-adds a sample.
const BLOCK_COST: usize = 1 << 16;
/// Of a convolution's it has a multiple of this many rows: they share the registers, and one packing of the images.
const CONV_ROWS: usize = 4;
/// Of a recurrent layer's, which are a matrix, it has at least this many rows, since it reads the δ of all steps.
const ROWS_OF_STEPS: usize = 16;

/// dθ of one block, summed over the rows of the batch that phase one has left in memory, in the first values of
/// `scratch`; of tied weights the sum of both layers' parts.
pub(crate) fn gradient_of<'a, T: Scalar>(
    network: &Network<T>,
    arena: &Arena,
    memory: &[T],
    work: &Work,
    rows: usize,
    scratch: &'a mut [T],
    workspace: &mut [T],
) -> &'a mut [T] {
    let part_of = |at: usize, block: &Block, dtheta: &mut [T], workspace: &mut [T]| {
        let (x, delta) = (arena.batch_x(memory, at, rows), arena.batch_delta(memory, at + 1, rows));
        let saved = SavedBatch { x, delta, cache: arena.batch_cache(memory, at, rows) };
        let layer = &network.layers()[at];
        layer.backward_params(saved, block, dtheta, &mut workspace[..layer.scratch_len()]);
    };
    let (dtheta, rest) = scratch.split_at_mut(work.len);
    part_of(work.layer, &work.block, dtheta, workspace);
    if let Some((layer, param)) = work.tie {
        let second = &mut rest[..work.len];
        part_of(layer, &Block { param, ..work.block.clone() }, second, workspace);
        dtheta.iter_mut().zip(second).for_each(|(dtheta, second)| *dtheta += *second);
    }
    dtheta
}

/// Values of scratch memory that [`gradient_of`] needs, whatever the block.
pub(crate) fn scratch_len(blocks: &[Work]) -> usize {
    blocks.iter().map(|work| if work.tie.is_some() { 2 * work.len } else { work.len }).max().unwrap_or(0)
}

/// The same stretch of θ, of the optimiser's running values, and of the whole gradient where it is kept.
pub(crate) struct Part<'a, T> {
    pub theta: &'a mut [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
    pub gradient: &'a mut [T],
}

impl<'a, T> Part<'a, T> {
    fn split_at(self, at: usize) -> (Self, Self) {
        let split = |values: &'a mut [T]| {
            // A slot that the optimiser does not use is empty, and so is a gradient that is not kept.
            let at = at.min(values.len());
            values.split_at_mut(at)
        };
        let (theta, theta_after) = split(self.theta);
        let (first, first_after) = split(self.first);
        let (second, second_after) = split(self.second);
        let (gradient, gradient_after) = split(self.gradient);
        let after = Self { theta: theta_after, first: first_after, second: second_after, gradient: gradient_after };
        (Self { theta, first, second, gradient }, after)
    }
}

/// Calls `run` for every block with its part: cut into as many stretches of about the same cost as there are threads,
/// and within a stretch one block after another, so that a thread can come back to the same weights in every step.
pub(crate) fn update<T: Scalar>(
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
    let all: usize = blocks.iter().map(|work| work.cost).sum();
    let (mut count, mut len, mut cost) = (1, blocks[0].len, blocks[0].cost);
    // The left half takes a block as long as most of it lies within its share.
    while count < blocks.len() - 1 && (2 * cost + blocks[count].cost) * threads <= 2 * all * left_threads {
        len += blocks[count].len;
        cost += blocks[count].cost;
        count += 1;
    }
    let ((left, right), (left_part, right_part)) = (blocks.split_at(count), part.split_at(len));
    rayon::join(
        || update(left, left_part, left_threads, pace, run),
        || update(right, right_part, threads - left_threads, pace, run),
    );
}

/// Cuts every parameter into blocks of whole rows, in the order of θ.
pub(crate) fn blocks_of<T: Scalar>(network: &Network<T>) -> Vec<Work> {
    let mut blocks = Vec::new();
    for param in network.params() {
        let (rows, len) = (param.spec.rows(), param.spec.len());
        let tie = param.tie.as_ref().map(|tie| (tie.layer, tie.index));
        let width = len / rows;
        let block_rows = match param.spec.uses {
            1 => (BLOCK_VALUES / width).max(BLOCK_ROWS),
            uses if param.spec.shape.len() == 2 => (BLOCK_COST / (width * uses)).max(ROWS_OF_STEPS),
            uses => (BLOCK_COST / (width * uses)).max(1).next_multiple_of(CONV_ROWS),
        };
        let decays = matches!(param.spec.role, ParamRole::Weight { .. });
        for start in (0..rows).step_by(block_rows) {
            let end = rows.min(start + block_rows);
            let block = Block { param: param.index, rows: start..end };
            let len = (end - start) * width;
            let uses = if tie.is_some() { 2 * param.spec.uses } else { param.spec.uses };
            blocks.push(Work { layer: param.layer, block, tie, len, cost: len * uses, decays });
        }
    }
    blocks
}
