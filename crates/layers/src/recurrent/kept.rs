//! # The matrices that recurrent layers keep
//!
//! A recurrent layer keeps several matrices in its cache, each with one row per sample. They are stored one after
//! another, each with room for all rows of a shard: see [`Pass::cache`](crate::Pass::cache). The functions here find
//! them by the lengths of their rows: for some rows as slices, for the whole batch as [`BatchRows`].

use std::mem;

use crate::BatchRows;

/// Defines `Kept`, the matrices that the layer of a file keeps. The arguments are the sizes of the layer and, for
/// each matrix, its doc comment, its name and the length of its rows.
macro_rules! kept {
    (
        $of:ident: &$sizes:ty, let $names:pat = $values:expr;
        $($(#[$doc:meta])* $matrix:ident: $len:expr,)*
    ) => {
        /// What both passes keep for each row.
        #[derive(Clone, Copy, Debug)]
        pub struct Kept<M> {
            $($(#[$doc])* pub $matrix: M,)*
        }

        impl Kept<usize> {
            /// The length of a row of each matrix. The matrices are in the order in which they are in the cache.
            pub(crate) fn lens($of: &$sizes) -> [usize; [$(stringify!($matrix)),*].len()] {
                let $names = $values;
                [$($len),*]
            }
        }

        impl<'a, T> Kept<&'a mut [T]> {
            /// The matrices for `rows` rows, in a cache with room for at least as many.
            pub fn new($of: &$sizes, cache: &'a mut [T], rows: usize) -> Self {
                let [$($matrix),*] = $crate::kept::matrices_of(cache, Kept::lens($of), rows);
                Self { $($matrix),* }
            }
        }

        impl<'a, T> Kept<$crate::BatchRows<'a, T>> {
            /// The matrices for all rows of the batch.
            pub(crate) fn of_batch($of: &$sizes, cache: $crate::BatchRows<'a, T>) -> Self {
                let [$($matrix),*] = $crate::kept::matrices_of_batch(cache, Kept::lens($of));
                Self { $($matrix),* }
            }
        }
    };
}
pub(crate) use kept;

/// Splits a cache into its matrices, which have `lens` values per row.
pub(crate) fn matrices<T, const N: usize>(cache: &mut [T], lens: [usize; N]) -> [&mut [T]; N] {
    let room = cache.len() / lens.iter().sum::<usize>().max(1);
    let mut rest = cache;
    lens.map(|len| {
        let (matrix, after) = mem::take(&mut rest).split_at_mut(room * len);
        rest = after;
        matrix
    })
}

/// Like [`matrices`], but only the first `rows` rows of each matrix.
pub(crate) fn matrices_of<T, const N: usize>(cache: &mut [T], lens: [usize; N], rows: usize) -> [&mut [T]; N] {
    let mut lens_left = lens.into_iter();
    matrices(cache, lens).map(|matrix| &mut matrix[..rows * lens_left.next().unwrap_or(0)])
}

/// Like [`matrices`], but for the whole batch.
pub(crate) fn matrices_of_batch<T, const N: usize>(cache: BatchRows<T>, lens: [usize; N]) -> [BatchRows<T>; N] {
    let mut before = 0;
    lens.map(|len| {
        before += len;
        cache.part(before - len, len)
    })
}
