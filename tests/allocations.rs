//! A training step allocates nothing after the first one. This test is a separate binary, because the allocations of
//! other tests in the same process would be counted too.

use std::alloc::System;
use std::sync::Mutex;
use std::time::Duration;

use handgrad_models::{Basic, Network};
use handgrad_tests::{ADAM, all, bytes, on, padded, specs, table, to_the_end, training};
use handgrad_trainer::{Plan, Source, Trainer, fit};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time, for the same reason.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_warm_step_allocates_nothing() {
    let _alone = ALONE.lock();
    let (complete, padded) = (bytes(512, 784, 4), padded(512, 4));
    let (of_table, rows) = table(512, 4);
    for (spec, batch, optimizer) in specs().into_iter().chain([(of_table, 64, ADAM)]) {
        let samples = if spec.table.is_some() {
            &rows
        } else if spec.takes_missing() {
            &padded
        } else {
            &complete
        };
        for (threads, clipped) in [(1, false), (2, false), (4, false), (2, true)] {
            let quiet_in_a_row = on(threads, || {
                let mut settings = training(optimizer, batch);
                if clipped {
                    (settings.clip_norm, settings.weight_decay) = (Some(1e-3), 0.1);
                }
                let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &settings).expect("fits");
                let (source, order) = (Source::new(samples), all(samples.len()));
                let mut allocations_of_round = || {
                    let region = Region::new(ALLOCATOR);
                    for step in 0..50 {
                        let start = step * batch % (samples.len() - batch + 1);
                        trainer.step(&source, &order[start..start + batch]);
                    }
                    region.change().allocations
                };
                // A thread of rayon allocates when it first takes work from another thread. On a busy machine this
                // may happen late, so rounds are run until three in a row allocate nothing. If a step allocates, this
                // never happens.
                let mut quiet = 0;
                for _ in 0..60 {
                    quiet = if allocations_of_round() == 0 { quiet + 1 } else { 0 };
                    if quiet == 3 {
                        break;
                    }
                }
                quiet
            });
            assert_eq!(quiet_in_a_row, 3, "{threads} threads, clipped: {clipped}, {spec:?}");
        }
    }
}

/// The predicted memory equals the memory that a trainer then uses, except for the list of blocks and other small
/// amounts. This includes batches that do not fill their last shard.
#[test]
fn the_memory_foretold_is_what_a_trainer_takes() {
    let _alone = ALONE.lock();
    for (threads, batch) in [(1, 20), (2, 9), (3, 17)] {
        on(threads, || {
            for (spec, _, optimizer) in specs() {
                let network = || Network::<f32>::new(&spec).expect("fits");
                let settings = training(optimizer, batch);
                let foretold = Trainer::memory_needed(&network(), &settings);
                // The threads of the trainer before may still be giving memory back, so there are several attempts.
                let taken = |_| {
                    std::thread::sleep(Duration::from_millis(2));
                    let (network, region) = (network(), Region::new(ALLOCATOR));
                    let trainer = Trainer::new(network, &settings).expect("fits");
                    let change = region.change();
                    drop(trainer);
                    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
                };
                let taken = (0..10).map(taken).min_by_key(|taken| taken.abs_diff(foretold)).unwrap_or_default();
                // A thread needs some memory of its own.
                let apart = taken.abs_diff(foretold);
                assert!(
                    apart < 20_000 + 10_000 * threads,
                    "{foretold} foretold, {taken} taken, on {threads} threads, {spec:?}"
                );
            }
        });
    }
}

#[test]
fn memory_depends_only_on_the_batch_and_the_network() {
    let _alone = ALONE.lock();
    let samples = bytes(2_000, 784, 4);
    let spec = Basic { units: 32, ..Basic::default() }.spec(&[784]);
    let batch = 64;
    // Two threads: each has scratch memory for the gradient of a block.
    let stats = on(2, || {
        let region = Region::new(ALLOCATOR);
        let mut trainer =
            Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(ADAM, batch)).expect("fits");
        let plan = Plan { epochs: 2, ..Plan::default() };
        let source = Source::new(&samples);
        fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
        region.change()
    });
    // Before the memory is taken, the trainer asks for all of it once and gives it back.
    let network = Network::<f32>::new(&spec).expect("fits");
    let asked = on(2, || Trainer::memory_needed(&network, &training(ADAM, batch)));
    // θ; two slots of the optimiser; scratch memory of half of θ for each of two threads; x and δ of all layers for a
    // batch; the order of the samples twice; and small amounts.
    let weights = 4 * 50_992 * size_of::<f32>();
    let activations = 2 * batch * (784 + 32 + 784) * 4;
    let bound = asked + weights + activations + 3 * samples.len() * 4 + 100_000;
    assert!(stats.bytes_allocated < bound, "{} bytes allocated, at most {bound} expected", stats.bytes_allocated);
}
