//! One training step, after a warm-up, of each network in [`handgrad_benches::WORKLOADS`]: filling the batch, the
//! forward pass, the loss, the backward pass and Adam.
//!
//! To run a part, give a regular expression that the name `step/network/threads` matches somewhere:
//!
//! ```text
//! cargo bench --bench step                    all, about a minute
//! cargo bench --bench step -- basic           one network
//! cargo bench --bench step -- '/1$'           on one thread
//! ```
//!
//! How to read it: an element is a sample, so `Kelem/s` are thousands of samples per second. Twice the threads give
//! at most twice the samples per second. A small batch gives less, because its threads wait for each other twice in
//! each step.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use handgrad_benches::{SAMPLES, WORKLOADS, all_threads, pool, random_samples};
use handgrad_trainer::{Source, shuffled};

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .nresamples(10_000)
        .configure_from_args();

    let samples = random_samples(SAMPLES);
    let source = Source::new(&samples);
    let mut order = vec![0; SAMPLES];
    shuffled(0, 1, &mut order);
    let mut threads = vec![1, all_threads()];
    threads.dedup();

    let mut group = criterion.benchmark_group("step");
    group.sampling_mode(SamplingMode::Flat);
    for workload in WORKLOADS {
        group.throughput(Throughput::Elements(workload.batch_size as u64));
        for &threads in &threads {
            let pool = pool(threads)?;
            let mut trainer = pool.install(|| workload.trainer())?;
            let mut batches = order.chunks_exact(workload.batch_size).cycle();
            group.bench_function(BenchmarkId::new(workload.name, threads), |bencher| {
                bencher.iter_custom(|times| {
                    // Entering the pool allocates memory and wakes a thread, so it is done once for all steps, as in
                    // training.
                    pool.install(|| {
                        let start = Instant::now();
                        for batch in batches.by_ref().take(times as usize) {
                            black_box(trainer.step(&source, batch));
                        }
                        start.elapsed()
                    })
                });
            });
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
