//! The properties that every parser has for any input, one function per parser, and inputs to test them with.
//!
//! A check panics if a property does not hold. The same checks run as a bounded test (`tests/fuzz.rs`) and for any
//! length of time (`tests/fuzz_runner.rs`).
#![allow(dead_code, unused_imports, reason = "the bounded test and the fuzz runner use some of these functions each")]

use std::alloc::System;

use stats_alloc::{Region, StatsAlloc};

pub mod checks;
mod memory;
mod mutator;
mod parsers;
pub mod seeds;
mod tables;

pub use handgrad_runs::Settings;
pub use mutator::Mutator;

/// A parser.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// The parser alone, whose memory is counted. Returns whether it accepts the input.
    pub parse: fn(&[u8]) -> bool,
    /// Checks the other properties of the parser.
    pub check: fn(&[u8]),
    /// Valid files.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Corrects the checksums of an input, so that the code behind them is reached. The input is also tried without a
    /// correction; a format without checksums is tried only once.
    pub right: fn(&[u8]) -> Vec<u8>,
    /// Bytes of memory that the parser may take in addition to four times the input: its constant overhead, and for
    /// unpacking the limit in the documents.
    pub memory: fn(&[u8]) -> usize,
}

const KIB: usize = 1 << 10;

pub const TARGETS: &[Target] = &[
    // 64 KiB of it are a read buffer.
    Target {
        name: "idx",
        parse: parsers::idx,
        check: checks::idx,
        seeds: seeds::idx,
        right: <[u8]>::to_vec,
        memory: |bytes| 72 * KIB + memory::in_gzip(bytes),
    },
    Target {
        name: "gzip",
        parse: parsers::idx,
        check: checks::idx,
        seeds: seeds::gzip,
        right: <[u8]>::to_vec,
        memory: |bytes| 72 * KIB + memory::in_gzip(bytes),
    },
    Target {
        name: "csv",
        parse: parsers::csv,
        check: checks::csv,
        seeds: seeds::csv,
        right: <[u8]>::to_vec,
        // If the number of bytes is not known, five times as many.
        memory: |bytes| memory::of_csv(bytes) + bytes.len(),
    },
    Target {
        name: "series-csv",
        parse: parsers::series_csv,
        check: checks::series_csv,
        seeds: seeds::series_csv,
        right: <[u8]>::to_vec,
        memory: memory::of_series,
    },
    Target {
        name: "ts",
        parse: parsers::ts,
        check: checks::ts,
        seeds: seeds::ts,
        right: <[u8]>::to_vec,
        memory: memory::of_series,
    },
    Target {
        name: "tsv",
        parse: parsers::tsv,
        check: checks::tsv,
        seeds: seeds::tsv,
        right: <[u8]>::to_vec,
        memory: memory::of_series,
    },
    Target {
        name: "table",
        parse: tables::parse,
        check: tables::check,
        seeds: tables::seeds,
        right: <[u8]>::to_vec,
        memory: memory::of_table,
    },
    Target {
        name: "columns",
        parse: tables::parse_columns,
        check: tables::check_columns,
        seeds: tables::seeds_of_columns,
        right: <[u8]>::to_vec,
        memory: |bytes| 16 * KIB + 64 * bytes.len(),
    },
    Target {
        name: "npy",
        parse: parsers::npy,
        check: checks::npy,
        seeds: seeds::npy,
        right: <[u8]>::to_vec,
        memory: |_| 64 * KIB,
    },
    // The arrays are also put in order and converted to floats.
    Target {
        name: "array",
        parse: parsers::array,
        check: checks::array,
        seeds: seeds::array,
        right: <[u8]>::to_vec,
        memory: |bytes| 64 * KIB + 9 * bytes.len(),
    },
    Target {
        name: "npz",
        parse: parsers::npz,
        check: checks::npz,
        seeds: seeds::npz,
        right: seeds::with_right_directory,
        memory: |bytes| 256 * KIB + memory::in_deflate(bytes),
    },
    Target {
        name: "png",
        parse: parsers::photo,
        check: checks::photo,
        seeds: seeds::png,
        right: checks::with_right_crcs,
        memory: |bytes| 512 * KIB + memory::of_pixels(bytes),
    },
    Target {
        name: "jpeg",
        parse: parsers::photo,
        check: checks::photo,
        seeds: seeds::jpeg,
        right: <[u8]>::to_vec,
        memory: |bytes| 512 * KIB + memory::of_pixels(bytes),
    },
    Target {
        name: "model",
        parse: parsers::model,
        check: checks::model,
        seeds: seeds::model,
        right: <[u8]>::to_vec,
        memory: memory::of_toml,
    },
    Target {
        name: "spec",
        parse: parsers::model,
        check: checks::spec,
        seeds: seeds::spec,
        right: checks::with_spec,
        memory: memory::of_toml,
    },
    Target {
        name: "checkpoint",
        parse: parsers::checkpoint,
        check: checks::checkpoint,
        seeds: seeds::checkpoint,
        right: checks::with_right_digest,
        memory: memory::of_toml,
    },
    Target {
        name: "config",
        parse: parsers::config,
        check: checks::config,
        seeds: seeds::config,
        right: <[u8]>::to_vec,
        memory: memory::of_toml,
    },
];

impl Target {
    /// True if an input is accepted, either unchanged or with corrected checksums.
    #[must_use]
    pub fn takes(&self, bytes: &[u8]) -> bool {
        (self.parse)(bytes) || (self.parse)(&(self.right)(bytes))
    }

    /// Tries an input. Returns the largest amount of memory allocated (whether freed or not) and the amount that was
    /// allowed. For a growing buffer only the additional bytes are counted, although the system may still hold the
    /// old buffer while it moves the data.
    ///
    /// # Panics
    /// If a property does not hold.
    pub fn hold(&self, allocator: &StatsAlloc<System>, bytes: &[u8]) -> (usize, usize) {
        let right = (self.right)(bytes);
        let another = (right != bytes).then_some(&right[..]);
        let each = [Some(bytes), another].into_iter().flatten().map(|bytes| {
            let region = Region::new(allocator);
            (self.parse)(bytes);
            let taken = region.change().bytes_allocated;
            let allowed = (self.memory)(bytes) + 4 * bytes.len();
            let length = bytes.len();
            assert!(taken <= allowed, "{}: {taken} bytes for {length} of input, {allowed} allowed", self.name);
            (self.check)(bytes);
            (taken, allowed)
        });
        each.max().unwrap_or_default()
    }
}
