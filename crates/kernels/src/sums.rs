//! Long sums with a fixed order of additions that still compile to vector code.
//!
//! ```text
//! value i of a row is added to partial sum i mod 16, and at the end the 16 partial sums are added in order
//! ```
//!
//! In a single sum every addition waits for the one before it. Sixteen partial sums do not wait for each other. They
//! fill one register of AVX-512, two of AVX2 or four of SSE2 or NEON. The order is the same with all of them, so the
//! bits are the same too.

use crate::Scalar;

/// Number of partial sums.
pub const PARTIAL_SUMS: usize = 16;

/// Returns the sum of the partial sums, added in order.
#[inline(always)]
#[must_use]
pub fn in_order<T: Scalar>(partial_sums: &[T; PARTIAL_SUMS]) -> T {
    partial_sums.iter().fold(T::ZERO, |sum, &partial_sum| sum + partial_sum)
}

/// Evaluates an expression for each value of a slice, or for each pair of values of two slices, in order. The
/// expression also gets the lane of the value: its number mod 16. With a third slice after `=>`, the results are
/// written to it. All slices have the same length.
///
/// It is a macro for the same reason as [`vectorize!`](crate::vectorize): the expression is compiled for the registers
/// of its caller, however long it is. A closure might not be inlined.
///
/// ```
/// use handgrad_kernels::by_lanes;
/// use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
/// let (x, y, mut product) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.0; 3]);
/// let mut sums = [0.0; PARTIAL_SUMS];
/// by_lanes!(|lane, x, y| sums[lane] += x * y, x, y);
/// assert_eq!((sums[..4].to_vec(), in_order(&sums)), (vec![4.0, 10.0, 18.0, 0.0], 32.0));
/// by_lanes!(|_lane, x, y| x * y, x, y => product);
/// assert_eq!(product, [4.0, 10.0, 18.0]);
/// ```
#[macro_export]
macro_rules! by_lanes {
    (|$lane:ident, $a:ident $(, $b:ident)?| $body:expr, $of_a:expr $(, $of_b:expr)?) => {{
        // Processes sixteen values at a time, in a loop whose length the compiler knows, and then the rest.
        let $a = $of_a.as_chunks::<{ $crate::sums::PARTIAL_SUMS }>();
        $(let $b = $of_b.as_chunks::<{ $crate::sums::PARTIAL_SUMS }>();)?
        for ($a $(, $b)?) in $a.0.iter()$(.zip($b.0))? {
            for $lane in 0..$crate::sums::PARTIAL_SUMS {
                let ($a $(, $b)?) = ($a[$lane] $(, $b[$lane])?);
                $body;
            }
        }
        for ($lane, ($a $(, $b)?)) in $a.1.iter()$(.zip($b.1))?.enumerate() {
            let ($a $(, $b)?) = (*$a $(, *$b)?);
            $body;
        }
    }};
    (|$lane:ident, $a:ident, $b:ident| $body:expr, $of_a:expr, $of_b:expr => $out:expr) => {{
        let $a = $of_a.as_chunks::<{ $crate::sums::PARTIAL_SUMS }>();
        let $b = $of_b.as_chunks::<{ $crate::sums::PARTIAL_SUMS }>();
        let out = $out.as_chunks_mut::<{ $crate::sums::PARTIAL_SUMS }>();
        for (($a, $b), out) in $a.0.iter().zip($b.0).zip(out.0) {
            for $lane in 0..$crate::sums::PARTIAL_SUMS {
                let ($a, $b) = ($a[$lane], $b[$lane]);
                out[$lane] = $body;
            }
        }
        for ($lane, ((&$a, &$b), out)) in $a.1.iter().zip($b.1).zip(out.1).enumerate() {
            *out = $body;
        }
    }};
}
