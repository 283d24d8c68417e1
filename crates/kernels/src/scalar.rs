//! The operations that the loops need of a number type.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Range, Sub, SubAssign};

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::grid::{Grid, Lanes, Windows};
use crate::{BatchRows, Finish};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// f32 or f64. The same layer code runs on both: models are trained in f32, gradients are checked in f64.
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Send
    + Sync
    + 'static
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Not a number. Tests fill scratch memory with it.
    const NAN: Self;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value.
    fn from_u8(value: u8) -> Self;
    /// The same value as f64, exactly.
    fn to_f64(self) -> f64;

    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// √x, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;
    /// self·a + b, rounded once.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;
    /// eˣ for −87 ≤ x ≤ 88, where the result is a normal number. For other x the result is unspecified, but NaN gives
    /// NaN.
    #[must_use]
    fn exp_normal(self) -> Self;
    /// ln x.
    #[must_use]
    fn ln(self) -> Self;
    /// ln(1 + x) for x ≥ 0.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// tanh x.
    #[must_use]
    fn tanh(self) -> Self;
    /// σ(x) = 1/(1 + e⁻ˣ).
    #[must_use]
    fn sigmoid(self) -> Self;
    /// ln(1 + eˣ).
    #[must_use]
    fn softplus(self) -> Self;
    /// Neither infinite nor NaN.
    #[must_use]
    fn is_finite(self) -> bool;

    /// The larger of the two; `other` if self is NaN.
    #[inline(always)]
    #[must_use]
    fn max(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// The smaller of the two; `other` if self is NaN.
    #[inline(always)]
    #[must_use]
    fn min(self, other: Self) -> Self {
        if self < other { self } else { other }
    }

    #[doc(hidden)]
    fn matmul(x: &[Self], w: ArrayView2<Self>, b: &[Self], finish: Finish, y: ArrayViewMut2<Self>);
    #[doc(hidden)]
    fn matmul_nt(d: &[Self], w: &[Self], dx: ArrayViewMut2<Self>);
    #[doc(hidden)]
    fn matmul_tn(x: BatchRows<Self>, d: BatchRows<Self>, inputs: Range<usize>, dw: &mut [Self]);
    #[doc(hidden)]
    fn correlate(
        w: &[Self],
        b: &[Self],
        finish: Finish,
        windows: &Windows<'_, Self>,
        sizes: [usize; 3],
        out: &mut [Lanes<Self>],
        grid: Grid,
    );
    #[doc(hidden)]
    fn add_dots(
        y: &[Lanes<Self>],
        grid: Grid,
        outputs: Range<usize>,
        windows: &Windows<'_, Self>,
        sizes: [usize; 2],
        sums: &mut [Lanes<Self>],
    );
    #[doc(hidden)]
    fn pack(rows: BatchRows<'_, Self>, first: usize, image: [usize; 3], to: &mut [Lanes<Self>], grid: Grid);
    #[doc(hidden)]
    fn unpack(from: &[Lanes<Self>], to: &mut [Self]);
}
