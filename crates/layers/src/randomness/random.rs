//! # Random numbers that are a function of their position
//!
//! Noise, dropout masks and the sampler's ε must not depend on which thread draws them or when. So each number is a
//! function of (seed, epoch, layer, sample, position in the sample) alone. ChaCha8 in counter mode computes it: epoch
//! and layer select the stream, and the sample selects the position in the stream. A backward pass draws its numbers
//! again, so they are not stored.
//!
//! Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Bernstein's ChaCha.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use handgrad_kernels::{math, vectorize};

use crate::{Pass, Scalar};

/// Separates these streams from those of the initial weights and of the shuffling.
const NOISE: u64 = 1 << 63;
/// How many numbers are drawn at a time.
const CHUNK: usize = 256;

/// Calls `use_bits` for each chunk of a row's positions in turn, with the index of the chunk's first position and 32
/// random bits for each of its positions.
fn for_row<T>(pass: &Pass<'_, T>, row: usize, places: usize, mut use_bits: impl FnMut(usize, &[u32])) {
    let mut rng = ChaCha8Rng::seed_from_u64(pass.seed);
    rng.set_stream(NOISE | pass.epoch << 16 | pass.layer as u64);
    // ChaCha computes 16 words at a time.
    rng.set_word_pos(u128::from(pass.samples[row]) * places.next_multiple_of(16) as u128);
    let mut bytes = [0_u8; 4 * CHUNK];
    let mut bits = [0_u32; CHUNK];
    for first in (0..places).step_by(CHUNK) {
        let count = CHUNK.min(places - first);
        rng.fill_bytes(&mut bytes[..4 * count]);
        let (words, _) = bytes[..4 * count].as_chunks::<4>();
        bits.iter_mut().zip(words).for_each(|(bits, &word)| *bits = u32::from_le_bytes(word));
        use_bits(first, &bits[..count]);
    }
}

/// Replaces every value of `row` by `f(value, u)` with u uniform in 0..1, in steps of 2⁻²³.
pub fn with_uniform<T: Scalar>(pass: &Pass<'_, T>, row: usize, values: &mut [T], f: impl Fn(T, T) -> T) {
    for_row(pass, row, values.len(), |first, bits| {
        vectorize!({
            for (value, &bits) in values[first..].iter_mut().zip(bits) {
                *value = f(*value, T::from_f64(f64::from(math::uniform(bits))));
            }
        });
    });
}

/// Replaces every value of `row` by `f(value, n)`, where n is normally distributed with mean 0 and variance 1. n is
/// the same in f32 and in f64.
pub fn with_normal<T: Scalar>(pass: &Pass<'_, T>, row: usize, values: &mut [T], f: impl Fn(T, T) -> T) {
    for_row(pass, row, values.len(), |first, bits| {
        vectorize!({
            for (value, &bits) in values[first..].iter_mut().zip(bits) {
                *value = f(*value, T::from_f64(f64::from(math::normal(math::uniform(bits)))));
            }
        });
    });
}
