//! Runs a layer on one sample, forward and backward, as the trainer does.

use handgrad_layers::{BatchRows, Block, Layer, ParamSpec, Pass, Saved, SavedBatch};

/// The results of both passes of a layer for one sample.
#[derive(Debug)]
pub struct Ran {
    pub y: Vec<f64>,
    /// The cache of the layer after the forward pass.
    pub kept: Vec<f64>,
    /// The cache of the layer after the backward pass.
    pub back: Vec<f64>,
    /// dy after the backward pass, which changes it in place.
    pub dy: Vec<f64>,
    /// ∂L/∂x.
    pub dx: Vec<f64>,
    /// ∂L/∂θ, one parameter after another.
    pub dtheta: Vec<f64>,
}

/// Runs the layer on x. `outputs` is the number of values of y; `dy` computes ∂L/∂y from y.
pub fn run_layer(
    layer: &dyn Layer<f64>,
    theta: &[f64],
    x: &[f64],
    outputs: usize,
    dy: impl FnOnce(&[f64]) -> Vec<f64>,
) -> Ran {
    let (mut cache, mut scratch) = (vec![0.0; layer.cache_len()], vec![0.0; layer.scratch_len()]);
    let (mut y, mut dx) = (vec![0.0; outputs], vec![0.0; x.len()]);
    layer.forward(theta, x, &mut y, &mut Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() });
    let (kept, mut dy) = (cache.clone(), dy(&y));
    let mut pass = Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() };
    layer.backward_input(theta, Saved { x, y: &y }, &mut dy, Some(&mut dx), &mut pass);
    let saved = SavedBatch { x: row(x), delta: row(&dy), cache: row(&cache) };
    let mut dtheta = Vec::new();
    for (param, spec) in layer.params().iter().enumerate() {
        let mut gradient = vec![0.0; ParamSpec::len(spec)];
        layer.backward_params(saved, &Block { param, rows: 0..spec.rows() }, &mut gradient, &mut scratch);
        dtheta.extend(gradient);
    }
    Ran { y, kept, back: cache, dy, dx, dtheta }
}

/// Returns a batch of one row.
fn row(values: &[f64]) -> BatchRows<'_, f64> {
    BatchRows::contiguous(values, values.len())
}
