//! Mistakes in backpropagation through time: the gradient check sees them.

use handgrad_layers::{Activation, Block, Elman, Layer, Pass, Saved, SavedBatch, Sequence};

use super::mistake::{Mistake, Pair, Plant, Size};
use super::planted::Planted;
use crate::Error;

pub const MISTAKES: [Mistake; 4] = [
    Mistake {
        name: "no-recursion-through-time",
        says: "a step of an Elman network gets only the gradient of its own output, not that of the next step",
        right: "dh_t = dy_t + δ_{t+1}·w_hhᵀ",
        wrong: "dh_t = dy_t",
        property: None,
        plant: Plant::Layer(|size| in_elman(size, |planted| planted.backward_input = Some(no_recursion))),
    },
    Mistake {
        name: "recursion-not-transposed",
        says: "the gradient goes back in time through w_hh instead of w_hhᵀ",
        right: "dh_t = dy_t + δ_{t+1}·w_hhᵀ",
        wrong: "dh_t = dy_t + δ_{t+1}·w_hh",
        property: None,
        plant: Plant::Layer(|size| in_elman(size, |planted| planted.backward_input = Some(not_transposed))),
    },
    Mistake {
        name: "delta-of-the-step-before",
        says: "the gradient of w_hh pairs the state before a step with the δ before that step",
        right: "dw_hh = Σ_t h_{t−1}ᵀ·δ_t",
        wrong: "dw_hh = Σ_t h_{t−1}ᵀ·δ_{t−1}",
        property: None,
        plant: Plant::Layer(|size| in_elman(size, |planted| planted.backward_params = Some(delta_before))),
    },
    Mistake {
        name: "last-step-only",
        says: "the gradient of w_ih is assigned at every step instead of added, so only the last step counts",
        right: "dw_ih = Σ_t x_tᵀ·δ_t",
        wrong: "dw_ih = x_Tᵀ·δ_T",
        property: None,
        plant: Plant::Layer(|size| in_elman(size, |planted| planted.backward_params = Some(last_step_only))),
    },
];

fn in_elman(size: Size, change: fn(&mut Planted<Elman>)) -> Result<Pair, Error> {
    let [inputs, units, steps] = if size == Size::Small { [1, 2, 3] } else { [2, 3, 5] };
    let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
    let layer = Elman { sequence, activation: Activation::Tanh };
    let forward = "y_t = h_t = tanh(x_t·w_ih + b_ih + h_{t−1}·w_hh + b_hh),  h₀ = 0";
    Ok(Pair::new(layer, &[steps, inputs], forward, change))
}

fn no_recursion(
    layer: &Elman,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    // Right: the layer's own sequence, where δ_{t+1}·w_hhᵀ is added at every step.
    let sequence = Sequence { truncate_every: Some(1), ..layer.sequence };
    Elman { sequence, ..*layer }.backward_input(theta, saved, dy, Some(dx), pass);
}

fn not_transposed(
    layer: &Elman,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    let Sequence { inputs, units, .. } = layer.sequence;
    // Right: theta unchanged. The backward pass transposes w_hh itself; transposing it here as well undoes that.
    let mut transposed = theta.to_vec();
    let w_hh = &theta[inputs * units..];
    for (i, j) in (0..units).flat_map(|i| (0..units).map(move |j| (i, j))) {
        transposed[inputs * units + i * units + j] = w_hh[j * units + i];
    }
    layer.backward_input(&transposed, saved, dy, Some(dx), pass);
}

/// The δ of all steps and the states before them, for all samples. They are the first two matrices of the cache.
fn deltas_and_states<'a>(layer: &Elman, saved: SavedBatch<'a, f64>) -> impl Iterator<Item = [&'a [f64]; 2]> {
    let len = layer.sequence.steps * layer.sequence.units;
    saved.cache.part(0, len).iter().zip(saved.cache.part(len, len).iter()).map(|(delta, states)| [delta, states])
}

fn delta_before(layer: &Elman, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    if block.param != 1 {
        return layer.backward_params(saved, block, dtheta, scratch);
    }
    let n = layer.sequence.units;
    dtheta.fill(0.0);
    for [delta, states] in deltas_and_states(layer, saved) {
        // Right: both from the same place.
        for (delta, state) in delta.chunks_exact(n).zip(states.chunks_exact(n).skip(1)) {
            for (dw, i) in dtheta.chunks_exact_mut(n).zip(block.rows.clone()) {
                (0..n).for_each(|j| dw[j] += state[i] * delta[j]);
            }
        }
    }
}

fn last_step_only(layer: &Elman, saved: SavedBatch<'_, f64>, block: &Block, dtheta: &mut [f64], scratch: &mut [f64]) {
    if block.param != 0 {
        return layer.backward_params(saved, block, dtheta, scratch);
    }
    let Sequence { inputs, units, .. } = layer.sequence;
    dtheta.fill(0.0);
    for (x, [delta, _]) in saved.x.iter().zip(deltas_and_states(layer, saved)) {
        // Right: all steps.
        let (x, delta) = (&x[x.len() - inputs..], &delta[delta.len() - units..]);
        for (dw, i) in dtheta.chunks_exact_mut(units).zip(block.rows.clone()) {
            (0..units).for_each(|j| dw[j] += x[i] * delta[j]);
        }
    }
}
