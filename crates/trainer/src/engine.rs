//! The memory that passes through a network need, and the order in which the threads work in it. The engine does not
//! include the optimiser.

mod blame;
mod evaluate;

use std::sync::{Arc, Mutex};

use handgrad_files::memory::has_room_for;
use handgrad_kernels::team::{Hands, Team};
use handgrad_layers::Scalar;
use handgrad_models::Network;

use crate::Error;
use crate::aligned::Aligned;
use crate::arena::Arena;
use crate::blocks::{Work, blocks_of, gradient_of, groups_of, scratch_len};
use crate::layered;
use crate::rows::{Job, Phase, lock, means_over_batch};
use crate::shards::{Shards, Sizes};
pub(crate) use blame::name_of;
pub use evaluate::{Evaluation, evaluate};

/// The memory for passes over batches. It holds the results of the last pass.
pub(crate) struct Engine<T> {
    pub arena: Arena,
    pub memory: Aligned<T>,
    pub row_losses: Vec<T>,
    pub blocks: Vec<Work>,
    /// The numbers of blocks that are updated together.
    pub groups: Vec<usize>,
    /// For each thread, memory for the gradient of one block. This gradient is used at once, while it is still in the
    /// cache of the processor.
    pub scratch: Vec<Mutex<Vec<T>>>,
    /// For each thread, the scratch memory of the layers.
    pub workspace: Vec<Mutex<Vec<T>>>,
    /// For the layers that need them, the means of their inputs over the batch, one layer after another.
    pub means: Vec<T>,
    /// The terms of the loss of the last batch.
    pub terms: Vec<f64>,
    /// Whether phase one is computed layer by layer. Then there is a single shard.
    pub is_layered: bool,
    /// The threads that work on a step.
    pub team: Arc<Team>,
}

/// Smallest number of samples of a shard. For fewer samples, the cost of using another thread is higher than the
/// gain.
const SHARD_ROWS: usize = 8;

/// Returns the number of shards of a batch and the number of samples of a shard. With one shard for each thread, the
/// weights are read as few times as possible. The bits of the results do not depend on the shards.
fn shards_of<T: Scalar>(network: &Network<T>, batch_size: usize) -> [usize; 2] {
    if layered::pays(network, batch_size, rayon::current_num_threads()) {
        return [1, batch_size.max(1)];
    }
    let shard_rows = batch_size.div_ceil(rayon::current_num_threads()).max(SHARD_ROWS.min(batch_size)).max(1);
    [batch_size.div_ceil(shard_rows), shard_rows]
}

/// Returns whether a step is computed layer by layer, and the blocks of the parameters.
fn plan<T: Scalar>(network: &Network<T>, batch_size: usize) -> (bool, Vec<Work>) {
    let threads = rayon::current_num_threads();
    let is_layered = layered::pays(network, batch_size, threads);
    (is_layered, blocks_of(network, if is_layered { threads } else { 1 }))
}

/// Returns the size of the scratch memory that the layers use one after another, in values.
fn workspace_len<T: Scalar>(network: &Network<T>) -> usize {
    network.layers().iter().map(|layer| layer.scratch_len()).max().unwrap_or(0)
}

/// Returns the number of means that the layers need.
fn means_len<T: Scalar>(network: &Network<T>) -> usize {
    let of_layer = network.layers().iter().enumerate().filter(|(_, layer)| layer.needs_means());
    of_layer.map(|(at, _)| network.width(at)).sum()
}

/// Refuses an allocation that is larger than the available memory.
pub(crate) fn check_memory(bytes: usize) -> Result<(), Error> {
    if has_room_for(bytes as u64) { Ok(()) } else { Err(Error::OutOfMemory { bytes }) }
}

/// Returns the sizes of a shard of this phase.
fn sizes<T: Scalar>(phase: &Phase<T>) -> Sizes {
    let Phase { job, arena, .. } = phase;
    Sizes { rows: arena.shard_rows(), memory: arena.shard_len(), input: job.network.width(0) }
}

impl<T: Scalar> Engine<T> {
    /// Creates an engine for batches of at most `batch_size` samples, which is at least 1.
    pub fn new(network: &Network<T>, batch_size: usize) -> Self {
        let [shards, shard_rows] = shards_of(network, batch_size);
        let arena = Arena::new(network, shard_rows);
        let (is_layered, blocks) = plan(network, batch_size);
        let for_each_thread = |len: usize| -> Vec<_> {
            (0..rayon::current_num_threads()).map(|_| Mutex::new(vec![T::ZERO; len])).collect()
        };
        let penalties = network.layers().iter().filter(|layer| layer.penalty_name().is_some()).count();
        Self {
            memory: Aligned::filled(T::ZERO, shards * arena.shard_len()),
            row_losses: vec![T::ZERO; batch_size],
            scratch: for_each_thread(scratch_len(&blocks)),
            workspace: for_each_thread(workspace_len(network)),
            means: vec![T::ZERO; means_len(network)],
            terms: vec![0.0; 1 + penalties],
            groups: groups_of(&blocks, is_layered),
            is_layered,
            team: Arc::new(Team::new()),
            blocks,
            arena,
        }
    }

    /// Returns the number of values that an engine for such batches holds. The last shard may have room for more
    /// samples than it contains.
    pub fn values_needed(network: &Network<T>, batch_size: usize) -> usize {
        let [shards, shard_rows] = shards_of(network, batch_size);
        let of_a_row = Arena::new(network, 1).shard_len();
        let arena = shards.saturating_mul(shard_rows).saturating_mul(of_a_row);
        let of_threads = workspace_len(network)
            .saturating_add(scratch_len(&plan(network, batch_size).1))
            .saturating_mul(rayon::current_num_threads());
        [arena, batch_size, of_threads, means_len(network)].into_iter().fold(0, usize::saturating_add)
    }

    /// Returns the largest number of samples of a batch.
    pub fn batch_size(&self) -> usize {
        self.row_losses.len()
    }

    /// Fills all memory that a pass must write before it reads it with NaN.
    #[cfg(feature = "poison")]
    pub fn poison(&mut self) {
        self.memory.fill(T::NAN);
        self.scratch.iter().chain(&self.workspace).for_each(|scratch| lock(scratch).fill(T::NAN));
        self.row_losses.fill(T::NAN);
        self.means.fill(T::NAN);
    }

    /// Runs only the forward pass, which leaves x of all layers in memory.
    pub fn forward(&mut self, job: Job<T>, samples: &[u32], hands: &mut Hands) {
        let Self { arena, workspace, memory, is_layered, .. } = self;
        let phase = Phase { job, arena, workspace, batch: samples.len(), backward: false };
        if *is_layered {
            return phase.forward_layered(memory, samples, hands);
        }
        hands.name_part("forward", 0);
        let shards = Shards { memory, samples, losses: &mut [], inputs: None };
        shards.each(sizes(&phase), hands, &|shard: Shards<T>| phase.forward(shard.memory, shard.samples));
    }

    /// Runs phase one of a step for a whole network, which leaves x and δ of all layers and the loss of every row in
    /// memory.
    pub fn rows(&mut self, job: Job<T>, samples: &[u32], hands: &mut Hands) {
        match self.means.is_empty() {
            true => self.rows_with_means(job, samples, true, hands),
            false => {
                self.forward(job, samples, hands);
                self.backward(job, samples, None, hands);
            }
        }
    }

    /// Runs phase one, if no layer needs means or the means are in memory already.
    fn rows_with_means(&mut self, job: Job<T>, samples: &[u32], backward: bool, hands: &mut Hands) {
        let Self { arena, workspace, memory, row_losses, means, is_layered, .. } = self;
        let phase = Phase { job, arena, workspace, batch: samples.len(), backward };
        let losses = &mut row_losses[..samples.len()];
        if *is_layered {
            phase.forward_layered(memory, samples, hands);
            return phase.loss_and_backward_layered(memory, samples, losses, None, hands);
        }
        hands.name_part("forward, loss and backward_input", 0);
        let shards = Shards { memory, samples, losses, inputs: None };
        shards.each(sizes(&phase), hands, &|shard: Shards<T>| {
            phase.forward(shard.memory, shard.samples);
            phase.loss_and_backward(shard, means);
        });
    }

    /// Runs the second half of phase one, after [`forward`](Self::forward): first the means over the batch, then the
    /// loss and δ. If `inputs` is given, the gradient by the inputs is written to it, with one row for each sample.
    fn backward(&mut self, job: Job<T>, samples: &[u32], inputs: Option<&mut [T]>, hands: &mut Hands) {
        let Self { arena, workspace, memory, row_losses, means, is_layered, .. } = self;
        means_over_batch(job.network, arena, memory, samples.len(), means);
        let phase = Phase { job, arena, workspace, batch: samples.len(), backward: true };
        let losses = &mut row_losses[..samples.len()];
        if *is_layered {
            return phase.loss_and_backward_layered(memory, samples, losses, inputs, hands);
        }
        hands.name_part("loss and backward_input", 0);
        let shards = Shards { memory, samples, losses, inputs };
        shards.each(sizes(&phase), hands, &|shard: Shards<T>| phase.loss_and_backward(shard, means));
    }

    /// Computes ∂L/∂x of the samples, one in each row, in the units of the network.
    pub fn input_gradient(&mut self, job: Job<T>, samples: &[u32], inputs: &mut [T], hands: &mut Hands) {
        self.forward(job, samples, hands);
        self.backward(job, samples, Some(inputs), hands);
    }

    /// Returns ∂L/∂θ of the batch that phase one has left in memory.
    pub fn gradient(&mut self, network: &Network<T>, rows: usize) -> Vec<T> {
        let mut gradient = Vec::with_capacity(network.param_count());
        for work in &self.blocks {
            let (mut scratch, mut workspace) = (lock(&self.scratch[0]), lock(&self.workspace[0]));
            let (arena, memory) = (&self.arena, &self.memory);
            gradient.extend(&*gradient_of(network, arena, memory, work, rows, &mut scratch, &mut workspace));
        }
        gradient
    }
}
