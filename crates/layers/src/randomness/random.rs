//! # Random numbers that are a function of their place
//!
//! Noise, dropout masks and the sampler's ε must not depend on which thread draws them or when. So each number is
//! computed from (seed, epoch, layer, sample, place in the sample) and nothing else: ChaCha8 in counter mode, whose
//! stream is told by epoch and layer and whose position by the sample. A backward pass draws its numbers again instead
//! of keeping them.
//!
//! Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Bernstein's ChaCha.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use handgrad_kernels::{math, vectorize};

use crate::{Pass, Scalar};

/// Keeps these streams apart from those of the weights and of the order of samples.
const NOISE: u64 = 1 << 63;
/// Numbers that are drawn at a time.
const CHUNK: usize = 256;

/// Calls `use_bits` with the random bits of one row, a chunk of its places after the other: the number of the first
/// place and a number for each place.
fn for_row<T>(pass: &Pass<'_, T>, row: usize, places: usize, mut use_bits: impl FnMut(usize, &[u32])) {
    let mut rng = ChaCha8Rng::seed_from_u64(pass.seed);
    rng.set_stream(NOISE | pass.epoch << 16 | pass.layer as u64);
    // ChaCha makes 16 words at a time.
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

/// Replaces every value of `row` by `f(value, n)` with n normally distributed, mean 0 and variance 1: the same n in f32
/// and in f64.
pub fn with_normal<T: Scalar>(pass: &Pass<'_, T>, row: usize, values: &mut [T], f: impl Fn(T, T) -> T) {
    for_row(pass, row, values.len(), |first, bits| {
        vectorize!({
            for (value, &bits) in values[first..].iter_mut().zip(bits) {
                *value = f(*value, T::from_f64(f64::from(math::normal(math::uniform(bits)))));
            }
        });
    });
}
