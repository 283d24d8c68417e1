//! What a step allocates: nothing, once warm. Its own binary, since other tests beside it would be counted too.

use std::alloc::System;
use std::sync::Mutex;

use handgrad_models::{Basic, Network};
use handgrad_tests::{ADAM, all, bytes, on, specs, to_the_end, training};
use handgrad_trainer::{Plan, Source, Trainer, fit};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time, for the same reason.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_warm_step_allocates_nothing() {
    let _alone = ALONE.lock();
    let samples = bytes(512, 784, 4);
    for (spec, batch, optimizer) in specs() {
        for (threads, clipped) in [(1, false), (2, false), (4, false), (2, true)] {
            let quiet_in_a_row = on(threads, || {
                let mut settings = training(optimizer, batch);
                if clipped {
                    (settings.clip_norm, settings.weight_decay) = (Some(1e-3), 0.1);
                }
                let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &settings).expect("fits");
                let (source, order) = (Source::new(&samples), all(samples.len()));
                let mut allocations_of_round = || {
                    let region = Region::new(ALLOCATOR);
                    for step in 0..50 {
                        let start = step * batch % (samples.len() - batch + 1);
                        trainer.step(&source, &order[start..start + batch]);
                    }
                    region.change().allocations
                };
                // A thread of rayon allocates when it first takes work from another, and on a busy machine that may
                // come late: rounds are run until three in a row allocate nothing. A step that allocates never gets
                // there.
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

/// What is foretold is what a trainer then has, but for the list of blocks and other change; batches that leave room in
/// their last shard included.
#[test]
fn the_memory_foretold_is_what_a_trainer_takes() {
    let _alone = ALONE.lock();
    for (threads, batch) in [(1, 20), (2, 9), (3, 17)] {
        on(threads, || {
            for (spec, _, optimizer) in specs() {
                let network = Network::<f32>::new(&spec).expect("fits");
                let foretold = Trainer::memory_needed(&network, &training(optimizer, batch));
                let region = Region::new(ALLOCATOR);
                let trainer = Trainer::new(network, &training(optimizer, batch)).expect("fits");
                let change = region.change();
                let taken = change.bytes_allocated - change.bytes_deallocated;
                let apart = taken.abs_diff(foretold);
                assert!(apart < 20_000, "{foretold} foretold, {taken} taken, on {threads} threads, {spec:?}");
                drop(trainer);
            }
        });
    }
}

#[test]
fn memory_hangs_on_the_batch_and_the_network_alone() {
    let _alone = ALONE.lock();
    let samples = bytes(2_000, 784, 4);
    let spec = Basic { units: 32, ..Basic::default() }.spec(&[784]);
    let batch = 64;
    // On two threads everywhere: each has scratch memory for the gradient of a block.
    let stats = on(2, || {
        let region = Region::new(ALLOCATOR);
        let mut trainer =
            Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(ADAM, batch)).expect("fits");
        let plan = Plan { epochs: 2, ..Plan::default() };
        let source = Source::new(&samples);
        fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
        region.change()
    });
    // θ, two slots, and two threads' scratch of half of θ each; x and δ of all layers for a batch; the order of the
    // samples twice; and change.
    let weights = 4 * 50_992 * size_of::<f32>();
    let activations = 2 * batch * (784 + 32 + 784) * 4;
    let bound = weights + activations + 3 * samples.len() * 4 + 100_000;
    assert!(stats.bytes_allocated < bound, "{} bytes allocated, at most {bound} expected", stats.bytes_allocated);
}
