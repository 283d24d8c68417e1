//! Files from strangers: every parser on bytes that are almost right, a bounded number of them, and on the worst that
//! was thought of. Memory is counted, so this is a binary of its own. `tests/fuzz_runner.rs` goes on for longer.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

mod fuzzing;

use fuzzing::{Mutator, TARGETS};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test after another, since all would be counted.
#[test]
fn no_parser_panics_or_takes_more_memory_than_it_says() {
    for target in TARGETS {
        // The seeds themselves, and what a check makes once and for all.
        (target.seeds)().iter().for_each(|bytes| (target.check)(bytes));
        // Every layout of CSV refuses some of what the others take, and the tensors around a specification are of the
        // first.
        let most = match target.name {
            "csv" => 3,
            "spec" => 5,
            _ => 0,
        };
        let refused = (target.seeds)().iter().filter(|bytes| !target.takes(bytes)).count();
        assert!(refused <= most, "{}: {refused} seeds are refused", target.name);
        let mut mutator = Mutator::new((target.seeds)(), 1);
        for _ in 0..20_000 {
            target.hold(ALLOCATOR, mutator.next());
        }
    }
}
