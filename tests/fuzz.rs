//! Untrusted files: every parser on a bounded number of nearly valid inputs, and on the worst inputs we could think
//! of. Memory is counted, so this is a separate binary. `tests/fuzz_runner.rs` can run for longer.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

mod fuzzing;

use fuzzing::{Mutator, TARGETS};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test after the other, since the memory of all of them would be counted.
#[test]
fn no_parser_panics_or_takes_more_memory_than_it_says() {
    for target in TARGETS {
        // The seeds themselves. This also allocates what a check allocates only once.
        (target.seeds)().iter().for_each(|bytes| (target.check)(bytes));
        // Every layout of CSV refuses some inputs that the others accept, and the tensors around a specification
        // belong to the first specification.
        let most = match target.name {
            "csv" => 3,
            // The column that the length of a seed chooses is not the time or the series of two of them.
            "series-csv" => 2,
            // The length of two of them says that the last column has the labels, of which some are missing.
            "table" => 2,
            "spec" => 5,
            _ => 0,
        };
        let refused = (target.seeds)().iter().filter(|bytes| !target.takes(bytes)).count();
        assert!(refused <= most, "{}: {refused} seeds are refused", target.name);
        let mut mutator = Mutator::new((target.seeds)(), 1);
        // Most words of a table are tried as dates in many formats, which takes time.
        let executions = if target.name == "table" { 3_000 } else { 20_000 };
        for _ in 0..executions {
            target.hold(ALLOCATOR, mutator.next());
        }
    }
}
