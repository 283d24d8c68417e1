//! Chance that depends on a seed and an image's number, and on nothing else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The throws for one image.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        // So that no other use of the same seed throws the same numbers.
        key[16..24].copy_from_slice(b"clothing");
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Between two numbers, each as likely.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / 16_777_216.0;
        low + (high - low) * unit
    }

    /// True once in `one_in` throws.
    pub(super) fn chance(&mut self, one_in: u32) -> bool {
        self.pick(one_in) == 0
    }

    /// 0..count, each as likely.
    pub(super) fn pick(&mut self, count: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(count)) >> 32) as u32
    }

    /// Around zero.
    pub(super) fn around(&mut self, reach: f32) -> f32 {
        self.between(-reach, reach)
    }
}
