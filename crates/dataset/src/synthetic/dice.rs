//! Random numbers that depend only on a seed and the number of an image.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The random numbers for one image.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        // This constant ensures that other uses of the same seed get other random numbers.
        key[16..24].copy_from_slice(b"clothing");
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number drawn uniformly between `low` and `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / 16_777_216.0;
        low + (high - low) * unit
    }

    /// True with the probability 1/`one_in`.
    pub(super) fn chance(&mut self, one_in: u32) -> bool {
        self.pick(one_in) == 0
    }

    /// A whole number drawn uniformly from 0..count.
    pub(super) fn pick(&mut self, count: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(count)) >> 32) as u32
    }

    /// A number drawn uniformly between −`reach` and `reach`.
    pub(super) fn around(&mut self, reach: f32) -> f32 {
        self.between(-reach, reach)
    }
}
