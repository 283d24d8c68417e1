//! The hot loops of handgrad: matrix products and elementary functions.
//!
//! Three promises hold for every routine here, each with a test:
//!
//! * **The same bits on every code path.** AVX-512, AVX2 and plain Rust give the same result to the last bit, and so
//!   does any number of threads: each element of a product is one chain of fused multiply-adds in a fixed order, and
//!   each elementary function is one text that every path compiles.
//! * **No allocation.** What a product packs lies in memory that each thread has from its start.
//! * **A plain twin.** The products have a readable counterpart in [`mod@reference`]; the elementary functions state
//!   their error in ulp, measured against f64.
//!
//! This is the only crate that may hold `unsafe`; each block says why it is sound.

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

pub use finish::Finish;
pub use matmul::{matmul, matmul_bias, matmul_nt, matmul_tn};
pub use rows::BatchRows;
pub use scalar::Scalar;
pub use simd::{Level, level, prefetch};
#[doc(hidden)]
pub use simd::{on_avx2, on_avx512};
