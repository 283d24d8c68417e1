//! Prints the largest error of each elementary function over all 2³² inputs, in ulp of the exact result. The
//! reference is computed in f64.
//!
//! `cargo run --release -p handgrad-kernels --example ulp` (on one core this takes about a minute for each function)

use handgrad_kernels::math;

/// Name, function, reference in f64.
type Function = (&'static str, fn(f32) -> f32, fn(f64) -> f64);

const FUNCTIONS: [Function; 6] = [
    ("exp", math::exp, libm::exp),
    ("ln", math::ln, libm::log),
    ("tanh", math::tanh, libm::tanh),
    ("sigmoid", math::sigmoid, |x| if x < -40.0 { libm::exp(x) } else { 1.0 / (1.0 + libm::exp(-x)) }),
    ("ln_1p", |x| math::ln_1p(x.abs()), |x| libm::log1p(x.abs())),
    ("softplus", math::softplus, |x| if x > 40.0 { x } else { libm::log1p(libm::exp(x)) }),
];

/// Distance between adjacent f32 values at `x`. Denormals all have the same distance.
fn ulp(x: f64) -> f64 {
    let x = (x.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
    f64::from(x) - f64::from(f32::from_bits(x.to_bits() - 1))
}

fn worst(function: fn(f32) -> f32, exact: fn(f64) -> f64, bits: std::ops::Range<u64>) -> (f64, f32) {
    let (mut worst, mut place) = (0.0, 0.0);
    for bits in bits {
        let x = f32::from_bits(bits as u32);
        let (got, want) = (function(x), exact(f64::from(x)));
        let rounded = want as f32;
        let error = if got == rounded || (got.is_nan() && want.is_nan()) {
            0.0
        } else {
            (f64::from(got) - want).abs() / ulp(want)
        };
        if error.is_nan() || error > worst {
            (worst, place) = (error, x);
        }
    }
    (worst, place)
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    for (name, function, exact) in FUNCTIONS {
        let results: Vec<_> = std::thread::scope(|scope| {
            let ranges = (0..threads).map(|t| (t << 32) / threads..((t + 1) << 32) / threads);
            let runs: Vec<_> = ranges.map(|bits| scope.spawn(move || worst(function, exact, bits))).collect();
            runs.into_iter().filter_map(|run| run.join().ok()).collect()
        });
        let (error, place) = results.into_iter().fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!("{name:9} {error:.3} ulp at {place:e}");
    }
}
