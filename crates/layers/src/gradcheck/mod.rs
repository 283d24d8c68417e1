//! # Gradient check: hand-derived gradients against central differences
//!
//! ```text
//! ∂f/∂θ_i ≈ ( f(θ + h·e_i) − f(θ − h·e_i) ) / 2h        error h²/6·f‴ + ε·|f|/h, about 10⁻¹⁰ in f64 at h = 10⁻⁵
//!
//! relative error = |analytic − numeric| / max(|analytic|, |numeric|, 10⁻³·largest gradient)
//! ```
//!
//! Backward passes are checked with a random upstream gradient: f = Σ r ⊙ y for a fixed random r, so dy = r. With a
//! random r, errors do not cancel by symmetry. At a kink (ReLU at 0) the difference quotient is the average of two
//! slopes, so choose inputs away from kinks.
//!
//! A check compares a backward pass with *its own* forward pass. A wrong formula with the derivative of this wrong
//! formula passes the check. So each forward pass also has its own test.
//!
//! [`catalogue`] lists what is checked, and at which sizes.

pub mod catalogue;

use crate::{BatchRows, Block, Layer, Mode, Pass, Saved, SavedBatch};

/// h: half the distance between the two points of a difference quotient.
const H: f64 = 1e-5;

/// The place with the largest error.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Relative error, as defined above.
    pub error: f64,
    /// The name of the checked quantity, and the index in it.
    pub place: (String, usize),
    /// The value from the backward pass.
    pub analytic: f64,
    /// The value of the difference quotient.
    pub numeric: f64,
}

/// Returns the difference quotients of `f` around `theta`, one for each value.
pub fn quotients(theta: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut moved = theta.to_vec();
    let quotient = |i: usize| {
        let mut at = |value| {
            moved[i] = value;
            f(&moved)
        };
        let difference = at(theta[i] + H) - at(theta[i] - H);
        moved[i] = theta[i];
        difference / (2.0 * H)
    };
    (0..theta.len()).map(quotient).collect()
}

/// Compares `gradient`, called `name` in the report, with central differences of `f` around `theta`.
pub fn check(name: &str, theta: &[f64], gradient: &[f64], f: impl FnMut(&[f64]) -> f64) -> Report {
    assert_eq!(theta.len(), gradient.len(), "as many gradients of {name} as there are values");
    compare(name, gradient, &quotients(theta, f))
}

/// Returns the place with the largest error of `gradient`, called `name`, given the difference quotients.
#[must_use]
pub fn compare(name: &str, gradient: &[f64], numeric: &[f64]) -> Report {
    let largest = gradient.iter().chain(numeric).fold(0.0_f64, |largest, g| largest.max(g.abs()));
    let mut report = Report { error: 0.0, place: (name.into(), 0), analytic: 0.0, numeric: 0.0 };
    for (i, (&analytic, &numeric)) in gradient.iter().zip(numeric).enumerate() {
        let scale = analytic.abs().max(numeric.abs()).max(1e-3 * largest);
        // Two zeros agree; two infinities do not: their difference is NaN.
        let agree = analytic == numeric && analytic.is_finite();
        let error = if agree { 0.0 } else { (analytic - numeric).abs() / scale };
        // A NaN counts as an infinite error.
        if error > report.error || error.is_nan() {
            report = Report { error, place: (name.into(), i), analytic, numeric };
            if error.is_nan() {
                return Report { error: f64::INFINITY, ..report };
            }
        }
    }
    report
}

/// The data for the passes of a layer in a check: those of a training step on samples 0, 1, 2, …
struct Bench {
    samples: Vec<u32>,
    means: Vec<f64>,
    scratch: Vec<f64>,
    cache: Vec<f64>,
}

impl Bench {
    fn new(layer: &dyn Layer<f64>, x: &[f64], rows: usize) -> Self {
        let width = x.len() / rows;
        let mean = |place: usize| x.iter().skip(place).step_by(width).sum::<f64>() / rows as f64;
        let means = if layer.needs_means() { (0..width).map(mean).collect() } else { Vec::new() };
        // NaN on entry: a layer that reads a value before it writes it fails the check. The cache has room for one
        // more row than there are, because a shard may have room for more rows too.
        let lens = [layer.scratch_len(), (rows + 1) * layer.cache_len()];
        let [scratch, cache] = lens.map(|len| vec![f64::NAN; len]);
        Self { samples: (0..rows as u32).collect(), means, scratch, cache }
    }

    fn pass(&mut self) -> Pass<'_, f64> {
        let Self { samples, means, scratch, cache } = self;
        Pass { mode: Mode::Train, seed: 7, epoch: 3, layer: 1, samples, batch: samples.len(), means, scratch, cache }
    }
}

/// The output of a layer for some rows, and the gradients of Σ dy ⊙ y plus the layer's penalty.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The output.
    pub y: Vec<f64>,
    /// With respect to the samples.
    pub dx: Vec<f64>,
    /// With respect to the parameters, one after another as in θ.
    pub dtheta: Vec<f64>,
}

/// Runs the forward pass and both backward passes of a layer, at the parameters θ, the samples x and the upstream
/// gradient dy. The gradient of each parameter is computed in blocks of `block_rows` rows. Random numbers are drawn
/// as in training, and they are the same in every call.
#[must_use]
pub fn gradients(
    layer: &dyn Layer<f64>,
    theta: &[f64],
    x: &[f64],
    dy: &[f64],
    rows: usize,
    block_rows: usize,
) -> Gradients {
    let mut bench = Bench::new(layer, x, rows);
    let mut y = vec![f64::NAN; dy.len()];
    layer.forward(theta, x, &mut y, &mut bench.pass());
    let mut delta = dy.to_vec();
    let mut dx = vec![f64::NAN; x.len()];
    bench.scratch.fill(f64::NAN);
    layer.backward_input(theta, Saved { x, y: &y }, &mut delta, Some(&mut dx), &mut bench.pass());

    let saved = SavedBatch {
        x: BatchRows::contiguous(x, x.len() / rows),
        delta: BatchRows::contiguous(&delta, delta.len() / rows),
        cache: BatchRows::new(&bench.cache, 0, layer.cache_len(), rows, rows + 1, bench.cache.len()),
    };
    let mut dtheta = vec![f64::NAN; theta.len()];
    let mut start = 0;
    for (param, spec) in layer.params().iter().enumerate() {
        let width = spec.len() / spec.rows();
        for first in (0..spec.rows()).step_by(block_rows) {
            let rows = first..spec.rows().min(first + block_rows);
            let values = start + first * width..start + rows.end * width;
            bench.scratch.fill(f64::NAN);
            layer.backward_params(saved, &Block { param, rows }, &mut dtheta[values], &mut bench.scratch);
        }
        start += spec.len();
    }
    Gradients { y, dx, dtheta }
}

/// Returns the function whose gradients [`gradients`] computes: Σ dy ⊙ y plus the layer's penalty.
#[must_use]
pub fn loss(layer: &dyn Layer<f64>, theta: &[f64], x: &[f64], dy: &[f64], rows: usize) -> f64 {
    let mut y = vec![f64::NAN; dy.len()];
    layer.forward(theta, x, &mut y, &mut Bench::new(layer, x, rows).pass());
    let mut penalties = vec![f64::NAN; rows];
    layer.penalty(Saved { x, y: &y }, &mut penalties, &mut Bench::new(layer, x, rows).pass());
    let penalty = penalties.iter().sum::<f64>() / rows as f64;
    y.iter().zip(dy).map(|(y, r)| y * r).sum::<f64>() + penalty
}

/// Compares both backward passes of a layer with central differences: see [`gradients`]. Returns the place with the
/// largest error.
#[must_use]
pub fn check_layer(
    layer: &dyn Layer<f64>,
    theta: &[f64],
    x: &[f64],
    dy: &[f64],
    rows: usize,
    block_rows: usize,
) -> Report {
    let loss = |theta: &[f64], x: &[f64]| loss(layer, theta, x, dy, rows);
    let Gradients { dx, dtheta, .. } = gradients(layer, theta, x, dy, rows, block_rows);
    let mut worst = check("dx", x, &dx, |x| loss(theta, x));
    let mut start = 0;
    for spec in layer.params() {
        let (mut moved, at) = (theta.to_vec(), start..start + spec.len());
        let report = check(&format!("d{}", spec.name), &theta[at.clone()], &dtheta[at.clone()], |values| {
            moved[at.clone()].copy_from_slice(values);
            loss(&moved, x)
        });
        if report.error > worst.error {
            worst = report;
        }
        start += spec.len();
    }
    worst
}
