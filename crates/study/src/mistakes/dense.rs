//! Mistakes in a dense layer of any size. Each function returns the layer with one mistake.

use handgrad_layers::{Block, Dense, Layer, Pass, Saved, SavedBatch, activation, dense};

use super::planted::Planted;

/// The mistakes of this file that need nothing but the layer itself, with the names that they have in the lists.
const PLANT: [(&str, fn(Dense) -> Planted<Dense>); 6] = [
    ("missing-transpose", missing_transpose),
    ("forgotten-bias", forgotten_bias),
    ("missing-activation-derivative", missing_activation_derivative),
    ("negative-gradient", negative_gradient),
    ("averaged-twice", averaged_twice),
    ("transposed-weights", transposed_weights),
];

/// Returns what plants the mistake of this name in a dense layer. `None` if this is not possible.
pub fn plant(name: &str) -> Option<fn(Dense) -> Planted<Dense>> {
    PLANT.iter().find(|(known, _)| *known == name).map(|(_, plant)| *plant)
}

/// If w is not square, it is read in the wrong order: as units×inputs.
pub fn missing_transpose(layer: Dense) -> Planted<Dense> {
    fn backward_input(
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
    Planted { backward_input: Some(backward_input), ..Planted::on(layer) }
}

pub fn forgotten_bias(layer: Dense) -> Planted<Dense> {
    fn backward_params(
        layer: &Dense,
        saved: SavedBatch<'_, f64>,
        block: &Block,
        dtheta: &mut [f64],
        scratch: &mut [f64],
    ) {
        match block.param {
            0 => layer.backward_params(saved, block, dtheta, scratch),
            // Right: the same for b.
            _ => dtheta.fill(0.0),
        }
    }
    Planted { backward_params: Some(backward_params), ..Planted::on(layer) }
}

pub fn missing_activation_derivative(layer: Dense) -> Planted<Dense> {
    fn backward_input(
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
    Planted { backward_input: Some(backward_input), ..Planted::on(layer) }
}

pub fn negative_gradient(layer: Dense) -> Planted<Dense> {
    fn backward_params(
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
    Planted { backward_params: Some(backward_params), ..Planted::on(layer) }
}

pub fn averaged_twice(layer: Dense) -> Planted<Dense> {
    fn backward_params(
        layer: &Dense,
        saved: SavedBatch<'_, f64>,
        block: &Block,
        dtheta: &mut [f64],
        scratch: &mut [f64],
    ) {
        layer.backward_params(saved, block, dtheta, scratch);
        // Right: no division, since δ already contains the 1/m of the loss.
        let m = saved.x.rows() as f64;
        dtheta.iter_mut().for_each(|dtheta| *dtheta /= m);
    }
    Planted { backward_params: Some(backward_params), ..Planted::on(layer) }
}

pub fn added_not_assigned(layer: Dense) -> Planted<Dense> {
    fn backward_input(
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
    Planted { backward_input: Some(backward_input), ..Planted::on(layer) }
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
    Planted { forward: Some(forward), backward_params: Some(backward_params), ..missing_transpose(layer) }
}
