//! The hot loops of handgrad: matrix products and elementary functions.
//!
//! Three promises hold for every routine here, each with a test:
//!
//! * **The same bits on every code path.** AVX-512, AVX2 and plain Rust give the same result to the last bit, and so
//!   does any number of threads: each element of a product is a chain of fused multiply-adds in a fixed order, and
//!   every path compiles the same source code of an elementary function.
//! * **No allocation.** A product packs its operands into buffers that each thread has from its start.
//! * **A plain counterpart.** [`mod@reference`] has a readable version of each product; the documentation of [`math`]
//!   states the error of the elementary functions in ulp, measured against f64.
//!
//! This is the only crate that may contain `unsafe`. A comment at each block says why it is sound.

mod finish;
mod grid;
pub mod lanes;
pub mod math;
mod matmul;
mod microkernel;
mod numbers;
pub mod reference;
mod register;
#[cfg(feature = "rivals")]
pub mod rivals;
mod rows;
mod scalar;
mod simd;
pub mod sums;
pub mod team;

pub use finish::Finish;
pub use matmul::{matmul, matmul_bias, matmul_bias_columns, matmul_nt, matmul_nt_columns, matmul_tn};
pub use rows::BatchRows;
pub use scalar::Scalar;
pub use simd::{Level, level, prefetch};
#[doc(hidden)]
pub use simd::{on_avx2, on_avx512};
