use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The first stream of random numbers for the order of the samples. The weights use the streams 0, 1, 2, ….
const ORDER: u64 = 1 << 32;

/// Fills `order` with the order of the samples in an epoch: 0..len shuffled. The order depends only on the seed, the
/// epoch and the length.
///
/// It is the Fisher–Yates shuffle with ChaCha8. A random index below n is the upper half of random·n. The order
/// therefore does not depend on how a library draws from a range.
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
