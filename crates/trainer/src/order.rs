use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Keeps the random numbers of the order apart from those of the weights, which use the streams 0, 1, 2, ….
const ORDER: u64 = 1 << 32;

/// Writes the order of the samples in an epoch: 0..len shuffled, a pure function of seed and epoch.
///
/// Fisher & Yates's shuffle with ChaCha8; the index below n is the upper half of random·n, so the order depends on no
/// library's way of drawing from a range.
pub fn shuffled(seed: u64, epoch: u64, order: &mut [u32]) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(ORDER + epoch);
    for (place, slot) in order.iter_mut().enumerate() {
        *slot = place as u32;
    }
    for last in (1..order.len()).rev() {
        let other = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
}
