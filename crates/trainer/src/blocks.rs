//! Phase two of a step: the parameters are divided into blocks, each with its own gradient, and each thread processes
//! a contiguous stretch of blocks.

use handgrad_kernels::team::Hands;
use handgrad_layers::{Block, ParamRole, SavedBatch, Scalar};
use handgrad_models::Network;

use crate::arena::Arena;

/// A block of a layer's parameters, as a unit of work. The blocks are in the order of θ.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub layer: usize,
    pub block: Block,
    /// For tied weights, the other layer that uses the same rows, and the number of its parameter.
    pub tie: Option<(usize, usize)>,
    pub len: usize,
    /// Number of multiply-adds for each sample.
    pub cost: usize,
    /// Whether weight decay applies: it does to weights, but not to biases.
    pub decays: bool,
}

/// Approximate number of values of a block. It was found by measurements, see decisions 6 and 7 in `docs/decisions`.
const BLOCK_VALUES: usize = 1 << 15;
/// Smallest number of rows of a block. The rows of a block share one packed copy of δ.
const BLOCK_ROWS: usize = 96;
/// For weights that a sample uses more than once, at every place or in every step: approximate number of
/// multiply-adds of a block for each sample.
const BLOCK_COST: usize = 1 << 16;
/// For convolutions: the number of rows of a block is a multiple of this. These rows share the registers and one
/// packed copy of the images.
const CONV_ROWS: usize = 4;
/// For recurrent layers, whose weights are matrices: smallest number of rows of a block, because each block reads the
/// δ of all steps.
const ROWS_OF_STEPS: usize = 32;

/// Computes dθ of one block, summed over the rows of the batch that phase one has left in memory. The result is in
/// the first values of `scratch`. For tied weights it is the sum of the gradients of both layers.
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

/// Returns the number of values of scratch memory that [`gradient_of`] needs for the largest block.
pub(crate) fn scratch_len(blocks: &[Work]) -> usize {
    blocks.iter().map(|work| if work.tie.is_some() { 2 * work.len } else { work.len }).max().unwrap_or(0)
}

/// The same stretch of θ, of the optimiser's running values, and of the whole gradient if it is kept.
pub(crate) struct Part<'a, T> {
    pub theta: &'a mut [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
    pub gradient: &'a mut [T],
}

impl<'a, T> Part<'a, T> {
    fn split_at(self, at: usize) -> (Self, Self) {
        let split = |values: &'a mut [T]| {
            // A slot that the optimiser does not use is empty. A gradient that is not kept is empty, too.
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

/// Calls `run` for every block with its part, one group after another. `groups` are the numbers of blocks of the
/// groups.
pub(crate) fn update<T: Scalar>(
    blocks: &[Work],
    groups: &[usize],
    mut part: Part<T>,
    hands: &mut Hands,
    run: &(impl Fn(&Work, Part<T>) + Sync),
) {
    let mut rest = blocks;
    for &count in groups {
        let (group, others) = rest.split_at(count);
        hands.name_part("backward_params and update", group.first().map_or(0, |work| work.layer));
        let (part_of_group, after) = part.split_at(group.iter().map(|work| work.len).sum());
        update_group(group, part_of_group, hands, run);
        (rest, part) = (others, after);
    }
}

/// Calls `run` for every block with its part. The blocks are divided into one stretch for each thread, with about the
/// same cost. The blocks of a stretch are processed one after another, so that a thread can process the same weights
/// in every step.
fn update_group<T: Scalar>(blocks: &[Work], part: Part<T>, hands: &mut Hands, run: &(impl Fn(&Work, Part<T>) + Sync)) {
    let threads = hands.count();
    if threads == 1 || blocks.len() <= 1 {
        let mut rest = part;
        for work in blocks {
            let (part, after) = rest.split_at(work.len);
            run(work, part);
            rest = after;
        }
        return;
    }
    let all: usize = blocks.iter().map(|work| work.cost).sum();
    let (mut count, mut len, mut cost) = (1, blocks[0].len, blocks[0].cost);
    // The left half takes another block if most of that block is within its share of the cost.
    while count < blocks.len() - 1 && (2 * cost + blocks[count].cost) * threads <= 2 * all * (threads / 2) {
        len += blocks[count].len;
        cost += blocks[count].cost;
        count += 1;
    }
    let ((left, right), (left_part, right_part)) = (blocks.split_at(count), part.split_at(len));
    hands.join(|hands| update_group(left, left_part, hands, run), |hands| update_group(right, right_part, hands, run));
}

/// The layers with less than this part of the whole cost are updated together with the layer before.
const SMALL: usize = 16;

/// Returns the numbers of blocks of groups that the threads divide among each other: all blocks are one group, or, for
/// a pass layer by layer, each large layer is one. Then a thread updates a part of each layer, and it finds much of
/// what it needs in the next pass in its cache.
pub(crate) fn groups_of(blocks: &[Work], is_layered: bool) -> Vec<usize> {
    let all: usize = blocks.iter().map(|work| work.cost).sum();
    let mut groups: Vec<usize> = Vec::new();
    for layer in blocks.chunk_by(|a, b| a.layer == b.layer) {
        let cost: usize = layer.iter().map(|work| work.cost).sum();
        match groups.last_mut() {
            Some(group) if !is_layered || cost * SMALL < all => *group += layer.len(),
            _ => groups.push(layer.len()),
        }
    }
    groups
}

/// Divides every parameter into blocks of whole rows, in the order of θ: at least `parts` of them if there are enough
/// rows.
pub(crate) fn blocks_of<T: Scalar>(network: &Network<T>, parts: usize) -> Vec<Work> {
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
        let block_rows = block_rows.min(rows.div_ceil(parts).max(ROWS_OF_STEPS));
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
