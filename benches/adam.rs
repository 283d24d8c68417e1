//! One step of Adam over 100,000 weights on one thread, for normal, zero and very small gradients.
//!
//! ```text
//! cargo bench --bench adam
//! ```
//!
//! How to read it: an element is a weight. *alive*: gradients as in early training. *dead*: gradients that have been
//! 0 for 2,000 steps, as for a ReLU that is inactive for every sample, so that the running mean has decreased below
//! the normal numbers. *faint*: gradients of 10⁻³⁰, whose squares are denormal numbers. All three should take the
//! same time. *plain*: the recurrence without special treatment of such numbers, after the same 2,000 steps with a
//! gradient of 0.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use handgrad_benches::random_floats;
use handgrad_layers::{adam, vectorize};

const WEIGHTS: usize = 100_000;
/// m ← β₁·m decreases below the normal numbers after 830 steps.
const DEAD_STEPS: u64 = 2_000;

/// Returns θ, m and v after some steps with gradients and then many steps with gradients of 0.
fn after_death(update: impl Fn(&mut [f32], &[f32], &mut [f32], &mut [f32], u64)) -> [Vec<f32>; 3] {
    let mut state = [random_floats(WEIGHTS, 0), vec![0.0; WEIGHTS], vec![0.0; WEIGHTS]];
    let (alive, dead) = (random_floats(WEIGHTS, 1), vec![0.0; WEIGHTS]);
    let [theta, m, v] = &mut state;
    for step in 1..=DEAD_STEPS {
        update(theta, if step <= 10 { &alive } else { &dead }, m, v, step);
    }
    state
}

/// The recurrence as in the paper.
fn plain(theta: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], step_size: f32) {
    vectorize!({
        for (((theta, &g), m), v) in theta.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * (g * g);
            *theta -= step_size * *m / (v.sqrt() + 1e-8);
        }
    });
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let adam = adam::Adam::default();
    let ours = |theta: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], step| {
        adam::update(theta, g, m, v, &adam, step);
    };
    let fresh = || [random_floats(WEIGHTS, 0), vec![0.0; WEIGHTS], vec![0.0; WEIGHTS]];
    let mut group = criterion.benchmark_group("adam");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    for (name, [mut theta, mut m, mut v], g) in [
        ("alive", fresh(), random_floats(WEIGHTS, 1)),
        ("dead", after_death(ours), vec![0.0; WEIGHTS]),
        ("faint", fresh(), vec![1e-30; WEIGHTS]),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| ours(black_box(&mut theta), &g, &mut m, &mut v, DEAD_STEPS));
        });
    }
    let [mut theta, mut m, mut v] = after_death(|theta, g, m, v, _| plain(theta, g, m, v, 1e-3));
    let g = vec![0.0; WEIGHTS];
    group.bench_function("plain, dead", |bencher| {
        bencher.iter(|| plain(black_box(&mut theta), &g, &mut m, &mut v, 1e-3));
    });
    group.finish();
    criterion.final_summary();
}
