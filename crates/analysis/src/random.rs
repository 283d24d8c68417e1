//! # Random choices of methods that begin at random
//!
//! ```text
//! below(n)       ⌊b·n / 2⁶⁴⌋, b uniform in 0..2⁶⁴          a whole number in 0..n
//! uniform()      ⌊b / 2¹¹⌋ / 2⁵³                           a number in 0..1
//! shuffle(x)     for last = len−1, …, 1: swap x[last] with x[below(last + 1)]
//! ```
//!
//! The numbers depend only on the seed and the stream, and not on how a library draws from a range.
//!
//! Source of the shuffle: Durstenfeld, "Algorithm 235: random permutation", Communications of the ACM 7 (1964).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of random numbers.
///
/// ```
/// use handgrad_analysis::Random;
///
/// let mut random = Random::new(7, 0);
/// let mut order = [0, 1, 2, 3];
/// random.shuffle(&mut order);
/// assert!(random.below(4) < 4 && random.uniform() < 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The numbers of a seed. Streams of the same seed have nothing to do with each other.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A whole number from 0 to `count` − 1. 0 if `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// A number from 0 to 1, without 1.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts the values in a random order.
    pub fn shuffle<V>(&mut self, values: &mut [V]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}
