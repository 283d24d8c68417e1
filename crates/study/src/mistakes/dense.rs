//! Mistakes in the backward pass of a dense layer: the gradient check sees them.

use handgrad_layers::{Activation, Block, Dense, Layer, Pass, Saved, SavedBatch, activation, dense};

use super::mistake::{Mistake, Pair, Plant, Size};
use super::planted::Planted;
use crate::Error;

pub const MISTAKES: [Mistake; 10] = [
    Mistake {
        name: "missing-transpose",
        says: "a dense layer multiplies its gradient by w instead of wᵀ",
        right: "dx = δ·wᵀ",
        wrong: "dx = δ·w",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_input = Some(missing_transpose))),
    },
    Mistake {
        name: "forgotten-bias",
        says: "the bias gets no gradient",
        right: "db = Σ over the rows of δ",
        wrong: "db = 0",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_params = Some(forgotten_bias))),
    },
    Mistake {
        name: "missing-activation-derivative",
        says: "the gradient is not multiplied by the derivative of the activation",
        right: "δ = dy ⊙ φ′(z)",
        wrong: "δ = dy",
        property: None,
        plant: Plant::Layer(|size| {
            in_dense(size, |planted| planted.backward_input = Some(missing_activation_derivative))
        }),
    },
    Mistake {
        name: "negative-gradient",
        says: "the gradient already has the minus sign of the update",
        right: "dw = xᵀ·δ",
        wrong: "dw = −xᵀ·δ",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_params = Some(negative_gradient))),
    },
    Mistake {
        name: "averaged-twice",
        says: "the weights' gradient is divided by the batch size m, although the loss is divided by it already",
        right: "dw = xᵀ·δ",
        wrong: "dw = xᵀ·δ/m",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_params = Some(averaged_twice))),
    },
    Mistake {
        name: "added-not-assigned",
        says: "a gradient is added to the old values in its buffer instead of replacing them",
        right: "dx ← δ·wᵀ",
        wrong: "dx ← dx + δ·wᵀ",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_input = Some(added_not_assigned))),
    },
    Mistake {
        name: "slope-at-z",
        says: "the slope of tanh is computed from z, although 1 − y² needs y = tanh(z)",
        right: "δ = dy ⊙ (1 − y²)",
        wrong: "δ = dy ⊙ (1 − z²)",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_input = Some(slope_at_z))),
    },
    Mistake {
        name: "slope-of-sigmoid",
        says: "the layer has tanh, but its backward pass has the slope of the sigmoid",
        right: "δ = dy ⊙ (1 − y²)",
        wrong: "δ = dy ⊙ y ⊙ (1 − y)",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_input = Some(slope_of_sigmoid))),
    },
    Mistake {
        name: "last-sample-only",
        says: "the gradient of the bias is assigned for each sample instead of added, so only the last one counts",
        right: "db = Σ over the rows of δ",
        wrong: "db = the last row of δ",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_params = Some(last_sample_only))),
    },
    Mistake {
        name: "transposed-gradient",
        says: "the weights' gradient is transposed",
        right: "dw = xᵀ·δ",
        wrong: "dw = δᵀ·x",
        property: None,
        plant: Plant::Layer(|size| in_dense(size, |planted| planted.backward_params = Some(transposed_gradient))),
    },
];

/// Returns what plants the mistake of this name in a dense layer of any size. `None` if this is not possible.
pub fn plant(name: &str) -> Option<fn(Dense) -> Planted<Dense>> {
    Some(match name {
        "missing-transpose" => |layer| Planted { backward_input: Some(missing_transpose), ..Planted::on(layer) },
        "forgotten-bias" => |layer| Planted { backward_params: Some(forgotten_bias), ..Planted::on(layer) },
        "missing-activation-derivative" => {
            |layer| Planted { backward_input: Some(missing_activation_derivative), ..Planted::on(layer) }
        }
        "negative-gradient" => |layer| Planted { backward_params: Some(negative_gradient), ..Planted::on(layer) },
        "averaged-twice" => |layer| Planted { backward_params: Some(averaged_twice), ..Planted::on(layer) },
        "transposed-weights" => transposed_weights,
        _ => return None,
    })
}

/// Plants a mistake in a square layer, so that w and wᵀ both fit.
fn in_dense(size: Size, change: fn(&mut Planted<Dense>)) -> Result<Pair, Error> {
    let units = if size == Size::Small { 2 } else { 4 };
    let layer = Dense { inputs: units, units, activation: Activation::Tanh };
    Ok(Pair::new(layer, &[units], "z = x·w + b,  y = tanh(z)", change))
}

/// If w is not square, it is read in the wrong order: as units×inputs.
fn missing_transpose(
    layer: &Dense,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    _: &mut Pass<'_, f64>,
) {
    dense::backward_activation(saved.y, layer.activation, dy);
    let Dense { inputs, units, .. } = *layer;
    for (dx, delta) in dx.chunks_exact_mut(inputs).zip(dy.chunks_exact(units)) {
        for i in 0..inputs {
            // Right: theta[i * units + j].
            dx[i] = (0..units).map(|j| delta[j] * theta[j * inputs + i]).sum();
        }
    }
}

fn forgotten_bias(layer: &Dense, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    match block.param {
        0 => layer.backward_params(saved, block, dtheta, scratch),
        // Right: the same for b.
        _ => dtheta.fill(0.0),
    }
}

fn missing_activation_derivative(
    layer: &Dense,
    theta: &[f64],
    _: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    _: &mut Pass<'_, f64>,
) {
    // Right: dense::backward_activation(saved.y, layer.activation, dy) first.
    let (w, _) = theta.split_at(layer.inputs * layer.units);
    dense::backward_input(w, dy, layer.units, dx);
}

fn negative_gradient(
    layer: &Dense,
    saved: SavedBatch<'_, f64>,
    block: &Block,
    dtheta: &mut [f64],
    scratch: &mut [f64],
) {
    layer.backward_params(saved, block, dtheta, scratch);
    // Right: no change of sign, since the optimiser subtracts the gradient, θ ← θ − α·dθ.
    dtheta.iter_mut().for_each(|dtheta| *dtheta = -*dtheta);
}

fn averaged_twice(layer: &Dense, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    layer.backward_params(saved, block, dtheta, scratch);
    // Right: no division, since δ already contains the 1/m of the loss.
    let m = saved.x.rows() as f64;
    dtheta.iter_mut().for_each(|dtheta| *dtheta /= m);
}

fn added_not_assigned(
    layer: &Dense,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    let before = dx.to_vec();
    layer.backward_input(theta, saved, dy, Some(dx), pass);
    // Right: nothing is added.
    dx.iter_mut().zip(before).for_each(|(dx, before)| *dx += before);
}

fn slope_at_z(
    layer: &Dense,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    _: &mut Pass<'_, f64>,
) {
    let (w, b) = theta.split_at(layer.inputs * layer.units);
    let mut z = vec![f64::NAN; dy.len()];
    dense::forward(saved.x, w, b, Activation::Linear, &mut z);
    // Right: y in the place of z.
    dy.iter_mut().zip(&z).for_each(|(dy, z)| *dy *= 1.0 - z * z);
    dense::backward_input(w, dy, layer.units, dx);
}

fn slope_of_sigmoid(
    layer: &Dense,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    _: &mut Pass<'_, f64>,
) {
    let (w, _) = theta.split_at(layer.inputs * layer.units);
    // Right: layer.activation.
    dense::backward_activation(saved.y, Activation::Sigmoid, dy);
    dense::backward_input(w, dy, layer.units, dx);
}

fn last_sample_only(layer: &Dense, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    if block.param == 0 {
        return layer.backward_params(saved, block, dtheta, scratch);
    }
    // Right: db is added to, from 0.
    saved.delta.iter().for_each(|delta| dtheta.copy_from_slice(&delta[block.rows.clone()]));
}

fn transposed_gradient(
    layer: &Dense,
    saved: SavedBatch<'_, f64>,
    block: &Block,
    dtheta: &mut [f64],
    scratch: &mut [f64],
) {
    match block.param {
        // Right: x, then δ.
        0 => dense::backward_weights(saved.delta, saved.x, block.rows.clone(), dtheta),
        _ => layer.backward_params(saved, block, dtheta, scratch),
    }
}

/// Forward and backward read w in the same wrong order.
pub fn transposed_weights(layer: Dense) -> Planted<Dense> {
    fn forward(layer: &Dense, theta: &[f64], x: &[f64], y: &mut [f64], _: &mut Pass<'_, f64>) {
        let Dense { inputs, units, .. } = *layer;
        let (w, b) = theta.split_at(inputs * units);
        for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(units)) {
            // Right: w[i * units + j].
            (0..units).for_each(|j| y[j] = b[j] + (0..inputs).map(|i| x[i] * w[j * inputs + i]).sum::<f64>());
        }
        activation::forward(layer.activation, y);
    }
    fn backward_params(
        layer: &Dense,
        saved: SavedBatch<'_, f64>,
        block: &Block,
        dtheta: &mut [f64],
        scratch: &mut [f64],
    ) {
        if block.param == 1 {
            return layer.backward_params(saved, block, dtheta, scratch);
        }
        let first = block.rows.start * layer.units;
        for (at, dw) in dtheta.iter_mut().enumerate() {
            let (j, i) = ((first + at) / layer.inputs, (first + at) % layer.inputs);
            *dw = saved.x.iter().zip(saved.delta.iter()).map(|(x, delta)| x[i] * delta[j]).sum();
        }
    }
    Planted {
        forward: Some(forward),
        backward_params: Some(backward_params),
        backward_input: Some(missing_transpose),
        ..Planted::on(layer)
    }
}
