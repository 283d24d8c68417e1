//! Which series are held out for validation.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Draws `held` of `count` series, which are held out. Returns the numbers of the others and those of the held-out ones,
/// each in ascending order. They depend only on the arguments.
pub(super) fn held_out(count: usize, held: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..count).collect();
    // Fisher and Yates.
    for last in (1..count).rev() {
        order.swap(last, ((u128::from(random.next_u64()) * (last as u128 + 1)) >> 64) as usize);
    }
    let mut is_held = vec![false; count];
    order.iter().take(held).for_each(|&series| is_held[series] = true);
    (0..count).partition(|&series| !is_held[series])
}

#[cfg(test)]
mod tests {
    use super::held_out;

    #[test]
    fn each_series_is_in_one_part_and_the_seed_says_which() {
        for (count, held) in [(1, 0), (2, 1), (25, 2), (100, 10)] {
            let (training, validation) = held_out(count, held, 7);
            assert_eq!((training.len(), validation.len()), (count - held, held));
            let mut all = [training.clone(), validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            assert_eq!(held_out(count, held, 7).0, training);
        }
        let parts: std::collections::HashSet<_> = (0..50).map(|seed| held_out(10, 1, seed).1).collect();
        assert!(parts.len() > 8, "{parts:?}");
    }
}
