//! The memory layout of a batch while the network processes it.
//!
//! ```text
//! arena:   shard 0                               shard 1            …
//!          x₀ │ x₁ │ … │ x_L │ δ₁ │ … │ δ_L │ penalties │ caches      x₀ │ x₁ │ …
//! ```
//!
//! x_l is the input of layer l, x_L the last output, and δ_l the gradient by x_l: it is first dy of layer l−1, then
//! its δ. A cache holds the other values that a layer keeps for the backward pass. In phase one, each thread
//! processes its own shard, which is one contiguous slice. In phase two, the x and δ of a layer are read across all
//! shards through [`BatchRows`], in the order of the samples, which does not depend on the size of a shard.

use handgrad_layers::{BatchRows, Scalar};
use handgrad_models::Network;

/// The widths of x₀ … x_L and of the layers' caches, the number of layers with a penalty, and the number of rows of a
/// shard.
#[derive(Clone, Debug)]
pub(crate) struct Arena {
    widths: Vec<usize>,
    penalties: usize,
    caches: Vec<usize>,
    shard_rows: usize,
}

impl Arena {
    pub fn new<T: Scalar>(network: &Network<T>, shard_rows: usize) -> Self {
        let widths = (0..=network.layers().len()).map(|at| network.width(at)).collect();
        let penalties = network.layers().iter().filter(|layer| layer.penalty_name().is_some()).count();
        let caches = network.layers().iter().map(|layer| layer.cache_len()).collect();
        Self { widths, penalties, caches, shard_rows }
    }

    /// Returns the number of samples of a full shard.
    pub fn shard_rows(&self) -> usize {
        self.shard_rows
    }

    /// Returns the number of values of a shard.
    pub fn shard_len(&self) -> usize {
        self.offset_of_cache(self.caches.len())
    }

    fn offset_of_x(&self, at: usize) -> usize {
        self.shard_rows * self.widths[..at].iter().sum::<usize>()
    }

    fn offset_of_delta(&self, at: usize) -> usize {
        self.offset_of_x(self.widths.len()) + self.shard_rows * self.widths[1..at.max(1)].iter().sum::<usize>()
    }

    /// Returns the offset of the penalties of the `number`-th layer with a penalty.
    fn offset_of_penalty(&self, number: usize) -> usize {
        self.offset_of_delta(self.widths.len()) + self.shard_rows * number
    }

    fn offset_of_cache(&self, at: usize) -> usize {
        self.offset_of_penalty(self.penalties) + self.shard_rows * self.caches[..at].iter().sum::<usize>()
    }

    /// Returns the cache of layer `at`, with room for a full shard. `caches` is the memory of a shard after the
    /// penalties.
    fn cache<'a, T>(&self, caches: &'a mut [T], at: usize) -> &'a mut [T] {
        let start = self.offset_of_cache(at) - self.offset_of_cache(0);
        &mut caches[start..][..self.shard_rows * self.caches[at]]
    }

    /// Returns x and y of layer `at`, which is the `number`-th layer with a penalty, and its penalties, one for each
    /// row.
    pub fn penalty<'a, T>(
        &self,
        shard: &'a mut [T],
        at: usize,
        number: usize,
        rows: usize,
    ) -> (&'a [T], &'a [T], &'a mut [T]) {
        let (values, penalties) = shard.split_at_mut(self.offset_of_penalty(number));
        let x = &values[self.offset_of_x(at)..][..rows * self.widths[at]];
        let y = &values[self.offset_of_x(at + 1)..][..rows * self.widths[at + 1]];
        (x, y, &mut penalties[..rows])
    }

    /// Returns the penalties of the `number`-th layer with a penalty for the whole batch, as a column with one row
    /// for each sample.
    pub fn batch_penalty<'a, T>(&self, memory: &'a [T], number: usize, rows: usize) -> BatchRows<'a, T> {
        self.batch(memory, self.offset_of_penalty(number), 1, rows)
    }

    /// Returns x_at, x_{at+1} and the cache of layer `at` in a shard, for its forward pass.
    pub fn forward<'a, T>(&self, shard: &'a mut [T], at: usize, rows: usize) -> (&'a [T], &'a mut [T], &'a mut [T]) {
        let (values, caches) = shard.split_at_mut(self.offset_of_cache(0));
        let (x, y) = values[self.offset_of_x(at)..].split_at_mut(self.shard_rows * self.widths[at]);
        (&x[..rows * self.widths[at]], &mut y[..rows * self.widths[at + 1]], self.cache(caches, at))
    }

    /// Returns x_at of a shard.
    pub fn x<'a, T>(&self, shard: &'a mut [T], at: usize, rows: usize) -> &'a mut [T] {
        &mut shard[self.offset_of_x(at)..][..rows * self.widths[at]]
    }

    /// Returns x₀, x_L and δ_L of a shard: the input, the prediction and the gradient of the loss.
    pub fn ends<'a, T>(&self, shard: &'a mut [T], rows: usize) -> (&'a [T], &'a [T], &'a mut [T]) {
        let last = self.widths.len() - 1;
        let (xs, deltas) = shard.split_at_mut(self.offset_of_x(last + 1));
        let start = self.offset_of_delta(last) - self.offset_of_x(last + 1);
        (
            &xs[..rows * self.widths[0]],
            &xs[self.offset_of_x(last)..][..rows * self.widths[last]],
            &mut deltas[start..][..rows * self.widths[last]],
        )
    }

    /// Returns for layer `at` of a shard: x, y, δ_{at+1}, δ_at (None for the first layer) and its cache.
    #[expect(clippy::type_complexity, reason = "five slices with the same lifetime")]
    pub fn backward<'a, T>(
        &self,
        shard: &'a mut [T],
        at: usize,
        rows: usize,
    ) -> (&'a [T], &'a [T], &'a mut [T], Option<&'a mut [T]>, &'a mut [T]) {
        let (values, caches) = shard.split_at_mut(self.offset_of_cache(0));
        let (xs, deltas) = values.split_at_mut(self.offset_of_x(self.widths.len()));
        let x = &xs[self.offset_of_x(at)..][..rows * self.widths[at]];
        let y = &xs[self.offset_of_x(at + 1)..][..rows * self.widths[at + 1]];
        let start = |at| self.offset_of_delta(at) - self.offset_of_x(self.widths.len());
        let (before, dy) = deltas.split_at_mut(start(at + 1));
        let dx = (at > 0).then(|| &mut before[start(at)..][..rows * self.widths[at]]);
        (x, y, &mut dy[..rows * self.widths[at + 1]], dx, self.cache(caches, at))
    }

    /// Returns x_at of the whole batch.
    pub fn batch_x<'a, T>(&self, memory: &'a [T], at: usize, rows: usize) -> BatchRows<'a, T> {
        self.batch(memory, self.offset_of_x(at), self.widths[at], rows)
    }

    /// Returns δ_at of the whole batch.
    pub fn batch_delta<'a, T>(&self, memory: &'a [T], at: usize, rows: usize) -> BatchRows<'a, T> {
        self.batch(memory, self.offset_of_delta(at), self.widths[at], rows)
    }

    /// Returns the cache of layer `at` for the whole batch.
    pub fn batch_cache<'a, T>(&self, memory: &'a [T], at: usize, rows: usize) -> BatchRows<'a, T> {
        self.batch(memory, self.offset_of_cache(at), self.caches[at], rows)
    }

    fn batch<'a, T>(&self, memory: &'a [T], offset: usize, width: usize, rows: usize) -> BatchRows<'a, T> {
        BatchRows::new(memory, offset, width, rows, self.shard_rows, self.shard_len())
    }
}
