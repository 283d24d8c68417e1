//! The division of a batch among the threads.

use handgrad_kernels::team::Hands;

/// Some shards of a batch: their memory, and for each of their samples its number, its loss, and the gradient by its
/// input, if this is computed. All but the last shard are full.
pub(crate) struct Shards<'a, T> {
    pub memory: &'a mut [T],
    pub samples: &'a [u32],
    pub losses: &'a mut [T],
    pub inputs: Option<&'a mut [T]>,
}

/// The sizes of a shard: its number of samples, of values of memory, and of values of an input.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub rows: usize,
    pub memory: usize,
    pub input: usize,
}

impl<'a, T: Send> Shards<'a, T> {
    /// Calls `run` for each shard. The shards are divided among the threads.
    pub fn each(self, sizes: Sizes, hands: &mut Hands, run: &(impl Fn(Shards<T>) + Sync)) {
        let (shards, threads) = (self.samples.len().div_ceil(sizes.rows), hands.count());
        if shards <= 1 {
            return run(self);
        }
        let (left, right) = self.split_at((shards * (threads / 2) / threads).max(1), sizes);
        hands.join(|hands| left.each(sizes, hands, run), |hands| right.each(sizes, hands, run));
    }

    fn split_at(self, shards: usize, sizes: Sizes) -> (Self, Self) {
        let rows = shards * sizes.rows;
        let (memory, memory_after) = self.memory.split_at_mut(shards * sizes.memory);
        let (samples, samples_after) = self.samples.split_at(rows);
        // A pass that computes no losses has no memory for them.
        let (losses, losses_after) = self.losses.split_at_mut(rows.min(self.losses.len()));
        let (inputs, inputs_after) = self.inputs.map(|inputs| inputs.split_at_mut(rows * sizes.input)).unzip();
        let after = Self { memory: memory_after, samples: samples_after, losses: losses_after, inputs: inputs_after };
        (Self { memory, samples, losses, inputs }, after)
    }
}
