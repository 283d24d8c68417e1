//! Which inputs a small autoencoder keeps, if each input costs something.
//!
//! ```text
//! h = max(0, x·w₁ + b₁)     x̂ = h·w₂ + b₂       w₁ d×u, w₂ u×d, u = 32 units
//! L = 1/m·Σ_r ‖x̂_r − x_r‖²  + λ·Σ_i ‖w₁,i‖       w₁,i: the weights that leave input i
//!
//! each step      Adam with the gradient of the first term, then the proximal step of the second, of length η·λ
//!                rows of w₂ that are longer than 1 are shortened to 1
//! each epoch     λ grows by a quarter, from 0.02 on, until fewer than 10 inputs are left
//! score of i     the last epoch after which w₁,i was not 0, plus s/(1 + s) with s = ‖w₁,i‖ then
//! ```
//!
//! So the inputs that resist the longest are the best. Without the limit on w₂, the network could make w₁ short and w₂
//! long, and no input would cost anything.

use handgrad_analysis::Random;
use handgrad_layers::adam::{self, Adam};
use handgrad_layers::{Activation, BatchRows, dense, group_l1};
use ndarray::Array2;

/// The hidden units.
const UNITS: usize = 32;
const BATCH: usize = 50;
/// The epochs before λ begins to grow, and the most epochs.
const FREE: usize = 5;
const EPOCHS: usize = 45;
const LAMBDA: f64 = 0.02;
const GROWTH: f64 = 1.25;
/// The training ends when fewer inputs are left.
const LEAST: usize = 10;

/// Returns the score of each input over `rows`, one sample per row. A higher score means that the input is kept longer.
pub(super) fn scores(rows: &Array2<f32>, seed: u64) -> Vec<f64> {
    let d = rows.ncols();
    let adam = Adam::default();
    let mut random = Random::new(seed, 0);
    // w₁, b₁, w₂, b₂ one after another. The weights begin uniform with variance 2/(d + u), and the biases with 0.
    let sizes = [d * UNITS, UNITS, UNITS * d, d];
    let width = (6.0 / (d + UNITS) as f64).sqrt();
    let mut theta: Vec<f32> = Vec::new();
    for (part, size) in sizes.into_iter().enumerate() {
        let value = |random: &mut Random| (width * (2.0 * random.uniform() - 1.0)) as f32;
        theta.extend((0..size).map(|_| if part % 2 == 0 { value(&mut random) } else { 0.0 }));
    }
    let mut gradient = vec![0.0_f32; theta.len()];
    let (mut m, mut v) = (gradient.clone(), gradient.clone());
    let (mut scores, mut order, mut t) = (vec![0.0; d], (0..rows.nrows()).collect::<Vec<_>>(), 0);
    for epoch in 0..EPOCHS {
        let lambda = if epoch < FREE { 0.0 } else { LAMBDA * GROWTH.powi((epoch - FREE) as i32) };
        random.shuffle(&mut order);
        for batch in order.chunks(BATCH) {
            let x = rows.select(ndarray::Axis(0), batch);
            let x = x.as_slice().unwrap_or_default();
            gradients(x, &theta, batch.len(), d, &mut gradient);
            t += 1;
            adam::update(&mut theta, &gradient, &mut m, &mut v, &adam, t);
            let (w1, rest) = theta.split_at_mut(sizes[0]);
            group_l1::proximal(w1, UNITS, (adam.learning_rate * lambda) as f32);
            shorten(&mut rest[UNITS..UNITS + sizes[2]], d);
        }
        let mut left = 0;
        for (score, norm) in scores.iter_mut().zip(group_l1::norms(&theta[..sizes[0]], UNITS)) {
            if norm > 0.0 {
                let norm = f64::from(norm);
                *score = (epoch + 1) as f64 + norm / (1.0 + norm);
                left += 1;
            }
        }
        if left < LEAST {
            break;
        }
    }
    scores
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
