//! What every parser promises of any bytes at all, one function a parser, and the bytes to try it with.
//!
//! A check panics where a promise is broken. The same checks run as a bounded test (`tests/fuzz.rs`) and for as long as one
//! likes (`tests/fuzz_runner.rs`). Each binary uses some of this.
#![allow(dead_code, unused_imports)]

mod checks;
mod config;
mod mutator;
mod seeds;

pub use config::Settings;
pub use mutator::Mutator;

/// A parser.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Holds the parser to its promises.
    pub check: fn(&[u8]),
    /// Files that it takes.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Bytes of memory that it may take for each byte of input, beside 1 MiB: where it unpacks, the limit that the documents state.
    pub memory_a_byte: usize,
}

pub const TARGETS: &[Target] = &[
    Target { name: "idx", check: checks::idx, seeds: seeds::idx, memory_a_byte: 4 },
    // Deflate makes at most 1032 bytes of one.
    Target { name: "gzip", check: checks::idx, seeds: seeds::gzip, memory_a_byte: 4 + 4 * 1032 },
    Target { name: "csv", check: checks::csv, seeds: seeds::csv, memory_a_byte: 4 },
    Target { name: "npy", check: checks::npy, seeds: seeds::npy, memory_a_byte: 4 },
    // 48 bytes a pixel, of which deflate makes at most 8 × 1032 of a byte.
    Target { name: "png", check: checks::photo, seeds: seeds::png, memory_a_byte: 4 + 48 * 8 * 1032 },
    Target { name: "jpeg", check: checks::photo, seeds: seeds::jpeg, memory_a_byte: 4 + 48 * 8 * 1032 },
    Target { name: "model", check: checks::model, seeds: seeds::model, memory_a_byte: 4 },
    Target { name: "spec", check: checks::spec, seeds: seeds::spec, memory_a_byte: 4 },
    Target { name: "config", check: checks::config, seeds: seeds::config, memory_a_byte: 4 },
];

impl Target {
    /// Bytes that an input of this length may take.
    #[must_use]
    pub fn memory(&self, length: usize) -> usize {
        (1 << 20) + self.memory_a_byte * length
    }
}
