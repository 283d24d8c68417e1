//! Which inputs a small autoencoder keeps, if each input costs something.
//!
//! ```text
//! x minus its mean, times one factor so that the variances of all inputs have the sum 10
//! h = max(0, x·w₁ + b₁)     x̂ = h·w₂ + b₂       w₁ d×u, w₂ u×d, u = 32 units
//! L = 1/m·Σ_r ‖x̂_r − x_r‖²  + λ·Σ_i ‖w₁,i‖       w₁,i: the weights that leave input i
//!
//! each step      gradient descent with momentum for the first term; then the proximal step of the second, of length
//!                η·λ, where η = α/(1 − μ) is the learning rate that a momentum of μ amounts to;
//!                rows of w₂ that are longer than 1 are shortened to 1
//! each stage     60 steps; from the sixth stage on, λ grows by a fifth, from 0.01, until no input is left
//! score of i     the last stage after which w₁,i was not 0, plus s/(1 + s) with s = ‖w₁,i‖ then
//! ```
//!
//! So the inputs that resist the longest are the best: λ grows until it exceeds ‖∂L/∂w₁,i‖, which says how much the
//! input is needed. Adam would divide this gradient by its size, and all inputs would leave at about the same λ.
//! Without the limit on w₂, the network could make w₁ short and w₂ long, and no input would cost anything.

use handgrad_analysis::Random;
use handgrad_layers::{Activation, BatchRows, dense, group_l1, sgd};
use ndarray::{Array2, Axis};

/// The hidden units.
const UNITS: usize = 32;
const BATCH: usize = 50;
/// The stages before λ begins to grow, the most stages, and the steps of each.
const FREE: usize = 5;
const STAGES: usize = 45;
const STEPS: usize = 60;
const LAMBDA: f64 = 0.01;
const GROWTH: f64 = 1.2;
/// α and μ.
const LEARNING_RATE: f64 = 0.005;
const MOMENTUM: f64 = 0.9;
/// The sum of the variances of all inputs.
const VARIANCE: f64 = 10.0;

/// Returns the score of each input over `rows`, one sample per row. A higher score means that the input is kept longer.
pub(super) fn scores(rows: &Array2<f32>, seed: u64) -> Vec<f64> {
    let (rows, d) = (centred(rows), rows.ncols());
    let mut random = Random::new(seed, 5);
    // w₁, b₁, w₂, b₂ one after another. The weights begin uniform with variance 2/(d + u), and the biases with 0.
    let sizes = [d * UNITS, UNITS, UNITS * d, d];
    let width = (6.0 / (d + UNITS) as f64).sqrt();
    let mut theta: Vec<f32> = Vec::new();
    for (part, size) in sizes.into_iter().enumerate() {
        let value = |random: &mut Random| (width * (2.0 * random.uniform() - 1.0)) as f32;
        theta.extend((0..size).map(|_| if part % 2 == 0 { value(&mut random) } else { 0.0 }));
    }
    let mut gradient = vec![0.0_f32; theta.len()];
    let mut velocity = gradient.clone();
    let mut scores = vec![0.0; d];
    for stage in 0..STAGES {
        let lambda = if stage < FREE { 0.0 } else { LAMBDA * GROWTH.powi((stage - FREE) as i32) };
        for _ in 0..STEPS {
            let batch: Vec<usize> = (0..BATCH).map(|_| random.below(rows.nrows())).collect();
            let x = rows.select(Axis(0), &batch);
            gradients(x.as_slice().unwrap_or_default(), &theta, BATCH, d, &mut gradient);
            sgd::update(&mut theta, &gradient, &mut velocity, LEARNING_RATE, MOMENTUM);
            let (w1, rest) = theta.split_at_mut(sizes[0]);
            group_l1::proximal(w1, UNITS, (LEARNING_RATE / (1.0 - MOMENTUM) * lambda) as f32);
            shorten(&mut rest[UNITS..UNITS + sizes[2]], d);
        }
        let mut left = 0;
        for (score, norm) in scores.iter_mut().zip(group_l1::norms(&theta[..sizes[0]], UNITS)) {
            if norm > 0.0 {
                let norm = f64::from(norm);
                *score = (stage + 1) as f64 + norm / (1.0 + norm);
                left += 1;
            }
        }
        if left == 0 {
            break;
        }
    }
    scores
}

/// The rows minus their mean, times one factor so that the variances of all columns have the sum [`VARIANCE`].
fn centred(rows: &Array2<f32>) -> Array2<f32> {
    let rows = rows.mapv(f64::from);
    let Some(mean) = rows.mean_axis(Axis(0)) else { return Array2::zeros(rows.dim()) };
    let variance = rows.var_axis(Axis(0), 0.0).sum();
    let factor = if variance > 0.0 { (VARIANCE / variance).sqrt() } else { 1.0 };
    ((rows - mean) * factor).mapv(|value| value as f32)
}

/// The gradients of 1/m·Σ_r ‖x̂_r − x_r‖², in the order of the parameters.
fn gradients(x: &[f32], theta: &[f32], m: usize, d: usize, gradient: &mut [f32]) {
    let (w1, rest) = theta.split_at(d * UNITS);
    let (b1, rest) = rest.split_at(UNITS);
    let (w2, b2) = rest.split_at(UNITS * d);
    let (mut h, mut delta, mut dh) = (vec![0.0; m * UNITS], vec![0.0; m * d], vec![0.0; m * UNITS]);
    dense::forward(x, w1, b1, Activation::Relu, &mut h);
    dense::forward(&h, w2, b2, Activation::Linear, &mut delta);
    delta.iter_mut().zip(x).for_each(|(out, x)| *out = 2.0 / m as f32 * (*out - x));
    dense::backward_input(w2, &delta, d, &mut dh);
    dense::backward_activation(&h, Activation::Relu, &mut dh);
    let (dw1, rest) = gradient.split_at_mut(d * UNITS);
    let (db1, rest) = rest.split_at_mut(UNITS);
    let (dw2, db2) = rest.split_at_mut(UNITS * d);
    let [x, h] = [(x, d), (&h[..], UNITS)].map(|(rows, cols)| BatchRows::contiguous(rows, cols));
    let [delta, dh] = [(&delta[..], d), (&dh[..], UNITS)].map(|(rows, cols)| BatchRows::contiguous(rows, cols));
    dense::backward_weights(x, dh, 0..d, dw1);
    dense::backward_bias(dh, 0..UNITS, db1);
    dense::backward_weights(h, delta, 0..UNITS, dw2);
    dense::backward_bias(delta, 0..d, db2);
}

/// Shortens rows of length `d` whose norm is above 1 to 1.
fn shorten(w: &mut [f32], d: usize) {
    for row in w.chunks_exact_mut(d) {
        let norm = row.iter().fold(0.0, |sum, w| sum + w * w).sqrt();
        if norm > 1.0 {
            row.iter_mut().for_each(|w| *w /= norm);
        }
    }
}
