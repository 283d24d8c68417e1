//! The two number types: f32 for training, f64 for gradient checks.

use std::ops::Range;

use crate::grid::{Grid, Lanes, Windows};
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{BatchRows, Finish, Scalar, lanes, math, matmul};

impl Scalar for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f32::NAN;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn from_u8(value: u8) -> Self {
        f32::from(value)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        math::exp(self)
    }
    #[inline(always)]
    fn exp_normal(self) -> Self {
        math::exp_normal(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        math::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        math::ln_1p(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        math::tanh(self)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        math::sigmoid(self)
    }
    #[inline(always)]
    fn softplus(self) -> Self {
        math::softplus(self)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn matmul(x: &[Self], w: ArrayView2<Self>, b: &[Self], finish: Finish, y: ArrayViewMut2<Self>) {
        matmul::single::matmul(x, w, b, finish, y);
    }
    fn matmul_nt(d: &[Self], w: &[Self], dx: ArrayViewMut2<Self>) {
        matmul::single::matmul_nt(d, w, dx);
    }
    fn matmul_tn(x: BatchRows<Self>, d: BatchRows<Self>, inputs: Range<usize>, dw: &mut [Self]) {
        matmul::single::matmul_tn(x, d, inputs, dw);
    }
    fn correlate(
        w: &[Self],
        b: &[Self],
        finish: Finish,
        windows: &Windows<'_, Self>,
        sizes: [usize; 3],
        out: &mut [Lanes<Self>],
        grid: Grid,
    ) {
        lanes::correlate_f32(w, b, finish, windows, sizes, out, grid);
    }
    fn add_dots(
        y: &[Lanes<Self>],
        grid: Grid,
        outputs: Range<usize>,
        windows: &Windows<'_, Self>,
        sizes: [usize; 2],
        sums: &mut [Lanes<Self>],
    ) {
        lanes::add_dots_f32(y, grid, outputs, windows, sizes, sums);
    }
    fn pack(rows: BatchRows<'_, Self>, first: usize, image: [usize; 3], to: &mut [Lanes<Self>], grid: Grid) {
        lanes::pack_f32(rows, first, image, to, grid);
    }
    fn unpack(from: &[Lanes<Self>], to: &mut [Self]) {
        lanes::unpack_f32(from, to);
    }
}

/// The elementary functions of f64 come from the `libm` crate, which gives the same bits on every platform.
impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAN: Self = f64::NAN;

    fn from_f64(value: f64) -> Self {
        value
    }
    fn from_u8(value: u8) -> Self {
        f64::from(value)
    }
    fn to_f64(self) -> f64 {
        self
    }
    fn abs(self) -> Self {
        self.abs()
    }
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }
    fn exp(self) -> Self {
        libm::exp(self)
    }
    fn exp_normal(self) -> Self {
        libm::exp(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
    fn ln_1p(self) -> Self {
        libm::log1p(self)
    }
    fn tanh(self) -> Self {
        libm::tanh(self)
    }
    fn sigmoid(self) -> Self {
        let e = libm::exp(-self.abs());
        if self >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
    }
    fn softplus(self) -> Self {
        Scalar::max(self, 0.0) + libm::log1p(libm::exp(-self.abs())) + if self.is_nan() { self } else { 0.0 }
    }
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn matmul(x: &[Self], w: ArrayView2<Self>, b: &[Self], finish: Finish, y: ArrayViewMut2<Self>) {
        matmul::double::matmul(x, w, b, finish, y);
    }
    fn matmul_nt(d: &[Self], w: &[Self], dx: ArrayViewMut2<Self>) {
        matmul::double::matmul_nt(d, w, dx);
    }
    fn matmul_tn(x: BatchRows<Self>, d: BatchRows<Self>, inputs: Range<usize>, dw: &mut [Self]) {
        matmul::double::matmul_tn(x, d, inputs, dw);
    }
    fn correlate(
        w: &[Self],
        b: &[Self],
        finish: Finish,
        windows: &Windows<'_, Self>,
        sizes: [usize; 3],
        out: &mut [Lanes<Self>],
        grid: Grid,
    ) {
        lanes::correlate_plain(w, b, finish, windows, sizes, out, grid);
    }
    fn add_dots(
        y: &[Lanes<Self>],
        grid: Grid,
        outputs: Range<usize>,
        windows: &Windows<'_, Self>,
        sizes: [usize; 2],
        sums: &mut [Lanes<Self>],
    ) {
        lanes::add_dots_plain(y, grid, outputs, windows, sizes, sums);
    }
    fn pack(rows: BatchRows<'_, Self>, first: usize, image: [usize; 3], to: &mut [Lanes<Self>], grid: Grid) {
        lanes::pack_plain(rows, first, image, to, grid);
    }
    fn unpack(from: &[Lanes<Self>], to: &mut [Self]) {
        lanes::unpack_plain(from, to);
    }
}
