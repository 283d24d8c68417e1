//! Whole epochs of training: 60,000 samples of 784 random bytes, in f32 with Adam, one line for each network.
//!
//! ```text
//! cargo bench -q --bench epoch                                 all networks
//! cargo bench -q --bench epoch -- basic-784-32-bce-b256        one or several
//! HANDGRAD_THREADS=1 cargo bench -q --bench epoch              on one thread instead of all
//! cargo bench -q --bench epoch -- --test                       no timing, only one step of each network
//! ```
//!
//! How to read it: `handgrad NAME 0.123 s/epoch (median 0.125)` is the best and the median of three epochs after one
//! warm-up epoch. An epoch consists of the shuffling of the samples and the steps over full batches; an incomplete
//! last batch is skipped. The network of Hinton & Salakhutdinov (2006) is timed on 12,800 samples, and the
//! convolutional networks on 6,400; these times are scaled up to 60,000.
//!
//! On a quiet machine the median is close to the best. If it is not, run the benchmark again.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use handgrad_benches::{SAMPLES, Workload, all_threads, chosen, pool, random_samples};
use handgrad_trainer::{Source, shuffled};
use rayon::ThreadPool;

/// Number of timed epochs, after one warm-up epoch.
const EPOCHS: usize = 3;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (workloads, timed) = chosen()?;
    let pool = pool(threads()?)?;
    let samples = random_samples(SAMPLES);
    let source = Source::new(&samples);
    for workload in workloads {
        if !timed {
            let mut trainer = pool.install(|| workload.trainer())?;
            pool.install(|| trainer.step(&source, &[0]));
            continue;
        }
        let mut seconds = epochs(&workload, &source, &pool)?;
        seconds.sort_by(f64::total_cmp);
        println!("handgrad {} {:.3} s/epoch (median {:.3})", workload.name, seconds[0], seconds[EPOCHS / 2]);
    }
    Ok(())
}

/// Returns the number of threads: that of the environment variable `HANDGRAD_THREADS`, or else all threads of the
/// machine.
fn threads() -> Result<usize, String> {
    match std::env::var("HANDGRAD_THREADS") {
        Err(_) => Ok(all_threads()),
        Ok(text) => match text.parse() {
            Ok(threads) if threads > 0 => Ok(threads),
            _ => Err(format!("HANDGRAD_THREADS is {text:?}, but a number of threads of at least 1 was expected")),
        },
    }
}

/// Returns the seconds of each timed epoch, scaled to all samples.
fn epochs(workload: &Workload, source: &Source, pool: &ThreadPool) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut trainer = pool.install(|| workload.trainer())?;
    let mut order = vec![0; source.len()];
    let mut seconds = Vec::new();
    pool.install(|| {
        for epoch in 0..=EPOCHS {
            let start = Instant::now();
            shuffled(0, epoch as u64, &mut order);
            let batches = order[..workload.timed_samples].chunks_exact(workload.batch_size);
            trainer.run_steps(source, batches, |_, _, _| ControlFlow::Continue(()));
            seconds.push(start.elapsed().as_secs_f64() * SAMPLES as f64 / workload.timed_samples as f64);
        }
    });
    Ok(seconds.split_off(1))
}
