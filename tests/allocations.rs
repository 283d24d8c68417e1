//! What a step allocates: nothing, once warm. Its own binary, since other tests beside it would be counted too.

use std::alloc::System;
use std::sync::Mutex;

use handgrad_layers::LossKind;
use handgrad_models::{Network, basic};
use handgrad_tests::{ADAM, all, bytes, on, specs};
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
        for threads in [1, 2, 4] {
            let allocations = on(threads, || {
                let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), optimizer, batch, 0);
                let (source, order) = (Source::new(&samples), all(samples.len()));
                let steps = |trainer: &mut Trainer<f32>, count| {
                    (0..count).for_each(|step| {
                        let start = step * batch % (samples.len() - batch + 1);
                        trainer.step(&source, &order[start..start + batch]);
                    });
                };
                steps(&mut trainer, 20);
                let region = Region::new(ALLOCATOR);
                steps(&mut trainer, 200);
                region.change().allocations
            });
            assert_eq!(allocations, 0, "{threads} threads, {spec:?}");
        }
    }
}

#[test]
fn memory_hangs_on_the_batch_and_the_network_alone() {
    let _alone = ALONE.lock();
    let samples = bytes(2_000, 784, 4);
    let spec = basic::spec(&[784], 32, LossKind::Bce);
    let batch = 64;
    let region = Region::new(ALLOCATOR);
    let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), ADAM, batch, 0);
    let plan = Plan { epochs: 2, batch_size: batch, seed: 0 };
    let source = Source::new(&samples);
    fit(&mut trainer, &source, &source, &plan, &mut |_| true).expect("learns");
    let stats = region.change();
    // θ, gradient and two slots; x and δ of all layers for a batch; the order of the samples twice; and change.
    let weights = 4 * 50_992 * 4;
    let activations = 2 * batch * (784 + 32 + 784) * 4;
    let bound = weights + activations + 3 * samples.len() * 4 + 100_000;
    assert!(stats.bytes_allocated < bound, "{} bytes allocated, at most {bound} expected", stats.bytes_allocated);
}
