//! The time of each part of a training step, by phase and layer, in the order of a real step: on one thread, and then
//! on all of them.
//!
//! ```text
//! cargo bench -q --bench profile                           all networks
//! cargo bench -q --bench profile -- tf-784-64-mse-b32      one or several
//! ```
//!
//! How to read it: a line is a part of the step with its time in the median step, its share of the step, and for
//! matrix products the speed in GFLOP/s and its share of the peak, which is the speed of multiply-adds that do not
//! access memory. Bytes are the minimum that the part must read and write. The parts run one after another over the
//! same memory as in training, so each part finds the data of the part before it in the caches. In the second table, a
//! line is a part of the step that the threads divide, with the time of the first thread's share; the last line is the
//! time for which it waited for the others.

use std::error::Error;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use handgrad_benches::{SAMPLES, Workload, all_threads, chosen, peak_flops, pool, random_samples};
use handgrad_kernels::team::Timing;
use handgrad_layers::{BatchRows, Block, Mode, Optimizer, ParamRole, Pass, Saved, SavedBatch, adam::Adam};
use handgrad_trainer::{Source, shuffled};

/// Number of timed steps, after the warm-up steps.
const STEPS: usize = 200;
const WARM_UP: usize = 20;
/// The number of values of a cache line.
const LINE: usize = 16;
/// The number of values and of rows of a block of weights that are updated at once, as in the trainer.
const BLOCK_VALUES: usize = 1 << 15;
const BLOCK_ROWS: usize = 96;

fn main() -> Result<(), Box<dyn Error>> {
    let (workloads, timed) = chosen()?;
    let samples = random_samples(SAMPLES);
    let source = Source::new(&samples);
    let peak = if timed { peak_flops() } else { f64::NAN };
    if timed {
        println!("peak of one core: {:.1} GFLOP/s of fused multiply-adds", peak / 1e9);
    }
    for workload in workloads {
        let steps = if timed { (STEPS * workload.timed_samples).div_ceil(SAMPLES) } else { 1 };
        let parts = profile(&workload, &source, steps)?;
        if timed {
            print(&workload, &parts, peak);
        }
        let threads = all_threads();
        let timings = pool(threads)?.install(|| timings(&workload, &source, steps))?;
        if timed {
            print_divided(&workload, &timings, steps, threads)?;
        }
    }
    Ok(())
}

/// A part of a step.
struct Part {
    name: String,
    /// Number of operations of a matrix product, 0 for other parts.
    flops: usize,
    /// Number of bytes that it reads and writes.
    bytes: usize,
    seconds: Vec<f64>,
}

/// Times the parts of a step. They are stored in the order in which they run.
#[derive(Default)]
struct Stopwatch {
    parts: Vec<Part>,
    at: usize,
}

impl Stopwatch {
    fn time(&mut self, name: &str, flops: usize, values: usize, part: impl FnOnce()) {
        let start = Instant::now();
        part();
        self.add(name, flops, values, start.elapsed().as_secs_f64());
    }

    fn add(&mut self, name: &str, flops: usize, values: usize, seconds: f64) {
        if self.at == self.parts.len() {
            self.parts.push(Part {
                name: name.to_owned(),
                flops,
                bytes: values * size_of::<f32>(),
                seconds: Vec::new(),
            });
        }
        self.parts[self.at].seconds.push(seconds);
        self.at += 1;
    }
}

fn profile(workload: &Workload, source: &Source, steps: usize) -> Result<Vec<Part>, Box<dyn Error>> {
    let network = workload.network()?;
    let optimizer = Optimizer::Adam(Adam::default());
    let (m, layers) = (workload.batch_size, network.layers());
    let mut theta = network.init(0);
    let mut slots = [vec![0.0; theta.len()], vec![0.0; theta.len()]];
    let mut dtheta = vec![0.0; theta.len()];
    let mut x: Vec<Vec<f32>> = (0..=layers.len()).map(|at| vec![0.0; m * network.width(at)]).collect();
    let mut delta = x.clone();
    // As in training, the caches begin with a cache line.
    let mut caches: Vec<Vec<f32>> = layers.iter().map(|layer| vec![0.0; m * layer.cache_len() + LINE]).collect();
    let skips: Vec<usize> = caches.iter().map(|cache| cache.as_ptr().align_offset(LINE * size_of::<f32>())).collect();

    let mut order = vec![0; source.len()];
    shuffled(0, 0, &mut order);
    let scratch_len = layers.iter().map(|layer| layer.scratch_len()).max().unwrap_or(0);
    let mut scratch = vec![0.0; scratch_len];
    let numbers: Vec<u32> = (0..m as u32).collect();
    // Number of operations of a layer: one multiply-add, which is two operations, for each use, sample and weight.
    let flops_of = |at: usize| {
        let params = layers[at].params();
        let weights = params.iter().filter(|param| matches!(param.role, ParamRole::Weight { .. }));
        2 * m * weights.map(|param| param.len() * param.uses).sum::<usize>()
    };
    let mut watch = Stopwatch::default();
    for step in 0..WARM_UP + steps {
        if step == WARM_UP {
            watch.parts.iter_mut().for_each(|part| part.seconds.clear());
        }
        watch.at = 0;
        watch.time("bytes to floats", 0, m * network.width(0) * 5 / 4, || {
            let _ = source.fill_rows(&order[step * m % (source.len() - m)..][..m], &mut x[0]);
        });
        for (at, layer) in layers.iter().enumerate() {
            let (k, n) = (network.width(at), network.width(at + 1));
            let (input, output) = x.split_at_mut(at + 1);
            let theta = &theta[network.theta_of(at)];
            watch.time(
                &format!("forward         {}", layer.describe()),
                flops_of(at),
                m * k + theta.len() + m * n,
                || {
                    let mut pass = pass(at, &numbers, &mut scratch, &mut caches[at][skips[at]..]);
                    layer.forward(theta, &input[at], &mut output[0], &mut pass);
                },
            );
        }
        let width = network.width(0);
        watch.time("loss and its gradient", 0, 3 * m * width, || {
            let rows = x[layers.len()].chunks_exact(width).zip(x[0].chunks_exact(width));
            for ((prediction, target), delta) in rows.zip(delta[layers.len()].chunks_exact_mut(width)) {
                black_box(network.loss().forward_backward(prediction, target, m, delta));
            }
        });
        for (at, layer) in layers.iter().enumerate().rev() {
            let (k, n) = (network.width(at), network.width(at + 1));
            let (before, dy) = delta.split_at_mut(at + 1);
            let dx = (at > 0).then(|| &mut before[at][..]);
            let saved = Saved { x: &x[at], y: &x[at + 1] };
            let flops = if at > 0 { flops_of(at) } else { 0 };
            let theta = &theta[network.theta_of(at)];
            watch.time(&format!("backward_input  {}", layer.describe()), flops, m * n + theta.len() + m * k, || {
                let mut pass = pass(at, &numbers, &mut scratch, &mut caches[at][skips[at]..]);
                layer.backward_input(theta, saved, &mut dy[0], dx, &mut pass);
            });
        }
        for (at, layer) in layers.iter().enumerate() {
            let (k, n) = (network.width(at), network.width(at + 1));
            let cache = BatchRows::contiguous(&caches[at][skips[at]..][..m * layer.cache_len()], layer.cache_len());
            let (x, delta) = (BatchRows::contiguous(&x[at], k), BatchRows::contiguous(&delta[at + 1], n));
            let saved = SavedBatch { x, delta, cache };
            let range = network.theta_of(at);
            if range.is_empty() {
                continue;
            }
            // As in training, a block of rows is updated at once, so that its gradient stays in the cache.
            let mut seconds = [0.0; 2];
            let mut start_of_block = range.start;
            for (param, spec) in layer.params().iter().enumerate() {
                let width = spec.len() / spec.rows();
                let rows = if spec.uses == 1 { (BLOCK_VALUES / width).max(BLOCK_ROWS) } else { spec.rows() };
                for first in (0..spec.rows()).step_by(rows) {
                    let rows = first..spec.rows().min(first + rows);
                    let dtheta = &mut dtheta[..rows.len() * width];
                    let range = start_of_block..start_of_block + dtheta.len();
                    start_of_block = range.end;
                    let start = Instant::now();
                    layer.backward_params(saved, &Block { param, rows }, dtheta, &mut scratch);
                    seconds[0] += start.elapsed().as_secs_f64();
                    let start = Instant::now();
                    let slots = slots.each_mut().map(|slot| &mut slot[range.clone()]);
                    optimizer.update(&mut theta[range], dtheta, slots, step as u64 + 1);
                    seconds[1] += start.elapsed().as_secs_f64();
                }
            }
            let name = layer.describe();
            watch.add(&format!("backward_params {name}"), flops_of(at), m * k + m * n + range.len(), seconds[0]);
            watch.add(&format!("Adam            {name}"), 0, 7 * range.len(), seconds[1]);
        }
    }
    Ok(watch.parts)
}

/// Returns the times of the parts of `steps` training steps on all threads of the pool.
fn timings(workload: &Workload, source: &Source, steps: usize) -> Result<Vec<Timing>, handgrad_trainer::Error> {
    let mut trainer = workload.trainer()?;
    let mut order = vec![0; source.len()];
    shuffled(0, 0, &mut order);
    let batches = || order.chunks_exact(workload.batch_size).cycle();
    trainer.run_steps(source, batches().take(WARM_UP), |_, _, _| ControlFlow::Continue(()));
    Ok(trainer.timed_steps(source, batches().take(steps)))
}

fn print_divided(workload: &Workload, timings: &[Timing], steps: usize, threads: usize) -> Result<(), Box<dyn Error>> {
    let network = workload.network()?;
    let parts = timings.len() / steps;
    let median = |values: &mut dyn Iterator<Item = Duration>| {
        let mut values: Vec<f64> = values.map(|value| value.as_secs_f64()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let of_part = |part: usize| timings.iter().skip(part).step_by(parts.max(1));
    let own: Vec<f64> = (0..parts).map(|part| median(&mut of_part(part).map(|timing| timing.own))).collect();
    let waited: f64 = (0..parts).map(|part| median(&mut of_part(part).map(|timing| timing.waited))).sum();
    let total = own.iter().sum::<f64>() + waited;
    println!("\n{} on {threads} threads: {:.0} µs per step in divided parts", workload.name, 1e6 * total);
    println!("{:68} {:>8} {:>6}", "part", "µs", "share");
    for (timing, seconds) in timings.iter().zip(&own) {
        let name = format!("{:34}{}", timing.part, network.layers()[timing.layer].describe());
        println!("{name:68} {:8.1} {:5.1}%", 1e6 * seconds, 100.0 * seconds / total);
    }
    println!("{:68} {:8.1} {:5.1}%", "waiting for other threads", 1e6 * waited, 100.0 * waited / total);
    Ok(())
}

/// Returns the pass of a training step for one layer.
fn pass<'a>(layer: usize, samples: &'a [u32], scratch: &'a mut [f32], cache: &'a mut [f32]) -> Pass<'a, f32> {
    Pass { mode: Mode::Train, seed: 0, epoch: 1, layer, samples, batch: samples.len(), means: &[], scratch, cache }
}

fn print(workload: &Workload, parts: &[Part], peak: f64) {
    let median = |part: &Part| {
        let mut seconds = part.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    let total: f64 = parts.iter().map(median).sum();
    println!("\n{}: {:.0} µs per step", workload.name, 1e6 * total);
    println!("{:48} {:>8} {:>6} {:>8} {:>9} {:>9}", "part", "µs", "share", "GFLOP/s", "% of peak", "GB/s");
    for part in parts {
        let seconds = median(part);
        let speed = match part.flops {
            0 => format!("{:>8} {:>9}", "", ""),
            flops => format!("{:8.1} {:9.1}", flops as f64 / seconds / 1e9, 100.0 * flops as f64 / seconds / peak),
        };
        let share = 100.0 * seconds / total;
        println!(
            "{:48} {:8.1} {share:5.1}% {speed} {:9.1}",
            part.name,
            1e6 * seconds,
            part.bytes as f64 / seconds / 1e9
        );
    }
}
