//! What every parser promises of any bytes at all, one function a parser, and the bytes to try it with.
//!
//! A check panics where a promise is broken. The same checks run as a bounded test (`tests/fuzz.rs`) and for as long as
//! one likes (`tests/fuzz_runner.rs`). Each binary uses some of this.
#![allow(dead_code, unused_imports)]

use std::alloc::System;

use stats_alloc::{Region, StatsAlloc};

pub mod checks;
mod memory;
mod mutator;
mod parsers;
pub mod seeds;

pub use handgrad_runs::Settings;
pub use mutator::Mutator;

/// A parser.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// The parser alone, whose memory is counted; does it take the input?
    pub parse: fn(&[u8]) -> bool,
    /// Holds the parser to its other promises.
    pub check: fn(&[u8]),
    /// Files that it takes.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Puts the checksums of an input right, so that they do not shield what comes after. It is tried as it is too;
    /// where there are none, that is all.
    pub right: fn(&[u8]) -> Vec<u8>,
    /// Bytes of memory that it may take beside four times the input: what it needs for any, and where it unpacks, the
    /// limit that the documents state.
    pub memory: fn(&[u8]) -> usize,
}

const KIB: usize = 1 << 10;

pub const TARGETS: &[Target] = &[
    // Of which 64 KiB are a buffer to read into.
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
        // Of bytes whose number is not known, five times as many.
        memory: |bytes| 32 * KIB + bytes.len(),
    },
    Target {
        name: "npy",
        parse: parsers::npy,
        check: checks::npy,
        seeds: seeds::npy,
        right: <[u8]>::to_vec,
        memory: |_| 64 * KIB,
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
    /// Is an input taken, as it is or put right?
    #[must_use]
    pub fn takes(&self, bytes: &[u8]) -> bool {
        (self.parse)(bytes) || (self.parse)(&(self.right)(bytes))
    }

    /// Tries an input. The most memory that was asked for, given back or not, and what was allowed then. Of a buffer
    /// that grows it is what it grows by, though the system may hold the old one too while it moves it.
    ///
    /// # Panics
    /// Where a promise is broken.
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
