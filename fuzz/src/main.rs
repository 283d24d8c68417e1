//! Runs the parsers with libFuzzer, which looks for inputs that reach new code, and with the address sanitizer. Run
//! it in this folder:
//!
//! ```sh
//! mkdir -p corpus/png
//! TARGET=png cargo run --release -- corpus/png -runs=1000000
//! ```
//!
//! The checks are those of `tests/fuzzing`. Its valid files are written to the first folder named, as initial inputs.
#![no_main]

use std::alloc::System;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "../../tests/fuzzing/mod.rs"]
mod fuzzing;

use fuzzing::{TARGETS, Target};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let wanted = std::env::var("TARGET").unwrap_or_default();
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    let found = TARGETS.iter().find(|target| target.name == wanted);
    *found.unwrap_or_else(|| panic!("TARGET={wanted}: one of {} was expected", names.join(", ")))
});

fn begin() {
    let seeds = (TARGET.seeds)();
    // Memory that a check allocates only once is not counted.
    seeds.iter().for_each(|bytes| (TARGET.check)(bytes));
    if let Some(corpus) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) {
        for (number, bytes) in seeds.iter().enumerate() {
            let file = std::path::Path::new(&corpus).join(format!("seed-{number}"));
            std::fs::write(&file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

fuzz_target!(init: begin(), |bytes: &[u8]| {
    TARGET.hold(ALLOCATOR, bytes);
});
