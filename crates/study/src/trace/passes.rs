//! One sample through a layer, forward and back, as the trainer runs it.

use handgrad_layers::{BatchRows, Block, Layer, ParamSpec, Pass, Saved, SavedBatch};

/// What a layer made of one sample.
#[derive(Debug)]
pub struct Ran {
    pub y: Vec<f64>,
    /// What the layer kept from the forward pass.
    pub kept: Vec<f64>,
    /// What it kept once the backward pass was through.
    pub back: Vec<f64>,
    /// What dy became.
    pub dy: Vec<f64>,
    /// ∂L/∂x.
    pub dx: Vec<f64>,
    /// ∂L/∂θ, one parameter after another.
    pub dtheta: Vec<f64>,
}

/// Runs the layer on x, to `outputs` values; `dy` makes ∂L/∂y of y.
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

/// A batch of one row.
fn row(values: &[f64]) -> BatchRows<'_, f64> {
    BatchRows::contiguous(values, values.len())
}
