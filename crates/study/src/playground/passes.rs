//! Both passes of the playground's networks, by the layers that train, the update, and the gradient check.
//!
//! ```text
//! h = relu(x·w_e + b_e)            x m×n, w_e n×k, h m×k
//! z = h·w_d + b_d,  x̂ = σ(z)       w_d k×n, x̂ m×n
//! L = 1/m·Σ L_r,  L_r = 1/n·Σ −( x·ln x̂ + (1 − x)·ln(1 − x̂) )
//! ```
//!
//! The derivation is in the files of the layers and of the loss. As in training, the sigmoid is part of the loss.

use std::ops::Range;

use handgrad_layers::gradcheck;
use handgrad_layers::{
    Activation, BatchRows, Block, Dense, Layer, Loss, LossKind, Pass, Reduction, Saved, SavedBatch, activation,
};

use super::state::{IN_ADAM, OptimizerName, State};
use crate::gradcheck::TOLERANCE;
use crate::mistakes::{Planted, adam_no_bias_correction};

const LOSS: Loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Mean };
/// The change of a weight in the gradient check is 10⁻⁵, and no input is above 1. So a z that is farther from 0 than
/// this does not change its sign in the check, and ReLU has no kink there.
const KINK: f64 = 2e-5;
/// The rounding error of a difference quotient for a loss of 1: about 10⁻¹⁶/10⁻⁵, with room for that of the loss.
const ROUNDING: f64 = 1e-9;

/// The numbers of both passes, one row per sample.
#[derive(Clone, Debug)]
pub struct Run {
    pub h: Vec<f64>,
    pub z: Vec<f64>,
    /// x̂.
    pub p: Vec<f64>,
    /// The loss of each sample.
    pub losses: Vec<f64>,
    /// Their mean.
    pub loss: f64,
    pub delta_d: Vec<f64>,
    pub dh: Vec<f64>,
    pub delta_e: Vec<f64>,
    /// dw_e, db_e, dw_d and db_d, one after another.
    pub dtheta: Vec<f64>,
}

fn layers(state: &State) -> [Planted<Dense>; 2] {
    let [n, k, _] = state.network.sizes();
    let encoder = Dense { inputs: n, units: k, activation: Activation::Relu };
    // The sigmoid is part of the loss.
    let decoder = Dense { inputs: k, units: n, activation: Activation::Linear };
    [encoder, decoder].map(|layer| state.planted(layer))
}

/// Splits θ, or its gradient, into the part of the encoder and that of the decoder.
fn split<'a>(state: &State, theta: &'a [f64]) -> (&'a [f64], &'a [f64]) {
    let [n, k, _] = state.network.sizes();
    theta.split_at((n + 1) * k)
}

/// Runs the forward pass and returns h and z.
fn forward(state: &State, [encoder, decoder]: &[Planted<Dense>; 2]) -> [Vec<f64>; 2] {
    let [n, k, m] = state.network.sizes();
    let (theta_e, theta_d) = split(state, &state.theta);
    let (mut h, mut z) = (vec![0.0; m * k], vec![0.0; m * n]);
    encoder.forward(theta_e, &state.x, &mut h, &mut Pass::predict());
    decoder.forward(theta_d, &h, &mut z, &mut Pass::predict());
    [h, z]
}

pub fn run(state: &State) -> Run {
    let [n, k, m] = state.network.sizes();
    let layers = layers(state);
    let [h, z] = forward(state, &layers);
    let [encoder, decoder] = &layers;
    let (theta_e, theta_d) = split(state, &state.theta);
    let mut p = z.clone();
    activation::forward(Activation::Sigmoid, &mut p);

    let (mut delta_d, mut dh, mut dx) = (vec![0.0; m * n], vec![0.0; m * k], vec![0.0; m * n]);
    let rows = z.chunks(n).zip(state.x.chunks(n)).zip(delta_d.chunks_mut(n));
    let losses: Vec<f64> = rows.map(|((z, x), delta)| LOSS.forward_backward(z, x, m, delta)).collect();
    let loss = losses.iter().sum::<f64>() / m as f64;
    let saved = Saved { x: &h, y: &z };
    decoder.backward_input(theta_d, saved, &mut delta_d, Some(&mut dh), &mut Pass::predict());
    let (mut delta_e, saved) = (dh.clone(), Saved { x: &state.x, y: &h });
    encoder.backward_input(theta_e, saved, &mut delta_e, Some(&mut dx), &mut Pass::predict());
    let dtheta = [gradient(encoder, &state.x, &delta_e, m), gradient(decoder, &h, &delta_d, m)].concat();
    Run { h, z, p, losses, loss, delta_d, dh, delta_e, dtheta }
}

/// Returns ∂L/∂θ of a layer, one parameter after another.
fn gradient(layer: &dyn Layer<f64>, x: &[f64], delta: &[f64], m: usize) -> Vec<f64> {
    let [x, delta] = [x, delta].map(|rows| BatchRows::contiguous(rows, rows.len() / m));
    let saved = SavedBatch { x, delta, cache: BatchRows::contiguous(&[], 0) };
    let mut dtheta = Vec::new();
    for (param, spec) in layer.params().iter().enumerate() {
        let mut of_param = vec![0.0; spec.len()];
        layer.backward_params(saved, &Block { param, rows: 0..spec.rows() }, &mut of_param, &mut []);
        dtheta.extend(of_param);
    }
    dtheta
}

/// Takes one step of the optimiser.
pub fn step(state: &mut State, dtheta: &[f64]) {
    state.step += 1;
    if state.has(&[IN_ADAM]) && state.optimizer == OptimizerName::Adam {
        let settings = state.adam();
        let [m, v] = &mut state.slots;
        for (((theta, &g), m), v) in state.theta.iter_mut().zip(dtheta).zip(m).zip(v) {
            adam_no_bias_correction(theta, g, m, v, &settings);
        }
        return;
    }
    let optimizer = state.optimizer();
    let [first, second] = &mut state.slots;
    optimizer.update(&mut state.theta, dtheta, [first, second], state.step);
}

/// The four parameters: the name of the gradient, the place in θ, and the number of columns.
pub fn parameters(state: &State) -> [(&'static str, Range<usize>, usize); 4] {
    let [n, k, _] = state.network.sizes();
    let (encoder, all) = ((n + 1) * k, (n + 1) * k + (k + 1) * n);
    [("dw_e", 0..n * k, k), ("db_e", n * k..encoder, k), ("dw_d", encoder..all - n, n), ("db_d", all - n..all, n)]
}

/// The place of a parameter where its gradient and the difference quotient differ most.
#[derive(Clone, Debug)]
pub struct Checked {
    pub name: &'static str,
    /// The row and the column, counted from 0.
    pub place: [usize; 2],
    pub values: usize,
    pub analytic: f64,
    pub numeric: f64,
    /// The relative error.
    pub error: f64,
    /// `agrees`, `differs`, `rounding` or `kink`.
    pub verdict: &'static str,
}

/// Compares the gradient of every parameter with difference quotients of the loss.
pub fn check(state: &State, run: &Run) -> Vec<Checked> {
    let mut moved = state.clone();
    let is_at_a_kink = is_at_a_kink(state);
    let of_parameter = |(name, range, columns): (&'static str, Range<usize>, usize)| {
        let report = gradcheck::check(name, &state.theta[range.clone()], &run.dtheta[range.clone()], |values| {
            moved.theta[range.clone()].copy_from_slice(values);
            loss(&moved)
        });
        moved.theta[range.clone()].copy_from_slice(&state.theta[range.clone()]);
        let (index, difference) = (report.place.1, (report.analytic - report.numeric).abs());
        let verdict = if report.error <= TOLERANCE {
            "agrees"
        } else if difference <= ROUNDING * run.loss.max(1.0) {
            "rounding"
        } else if is_at_a_kink && name.ends_with("_e") {
            // Only the gradients of the encoder go through ReLU.
            "kink"
        } else {
            "differs"
        };
        Checked {
            name,
            place: [index / columns, index % columns],
            values: range.len(),
            analytic: report.analytic,
            numeric: report.numeric,
            error: report.error,
            verdict,
        }
    };
    parameters(state).into_iter().map(of_parameter).collect()
}

fn loss(state: &State) -> f64 {
    let [n, _, m] = state.network.sizes();
    let [_, z] = forward(state, &layers(state));
    z.chunks(n).zip(state.x.chunks(n)).map(|(z, x)| LOSS.forward(z, x)).sum::<f64>() / m as f64
}

/// Is some z of the encoder so near to 0 that ReLU may have its kink between the two points of a difference quotient?
fn is_at_a_kink(state: &State) -> bool {
    let [n, k, m] = state.network.sizes();
    let linear = state.planted(Dense { inputs: n, units: k, activation: Activation::Linear });
    let mut z = vec![0.0; m * k];
    linear.forward(split(state, &state.theta).0, &state.x, &mut z, &mut Pass::predict());
    z.iter().any(|z| z.abs() <= KINK)
}
