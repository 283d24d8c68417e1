//! Mistakes in the backward pass only: the gradient check sees them.

use handgrad_layers::gradcheck::{catalogue::numbers, check};
use handgrad_layers::{
    Activation, Conv2d, Dense, Dropout, Elman, Layer, Padding, Pass, Reparameterize, Saved, Sequence, mse,
    softmax_cross_entropy,
};

use super::dense;
use super::mistake::{Mistake, Planting};
use super::planted::{Planted, both};
use crate::Error;

pub const MISTAKES: [Mistake; 12] = [
    Mistake {
        name: "missing-transpose",
        says: "a dense layer multiplies its gradient by w instead of wᵀ",
        right: "dx = δ·wᵀ",
        wrong: "dx = δ·w",
        property: None,
        plant: || dense_with(dense::missing_transpose),
    },
    Mistake {
        name: "forgotten-bias",
        says: "the bias gets no gradient",
        right: "db = Σ over the rows of δ",
        wrong: "db = 0",
        property: None,
        plant: || dense_with(dense::forgotten_bias),
    },
    Mistake {
        name: "missing-activation-derivative",
        says: "the gradient is not multiplied by the derivative of the activation",
        right: "δ = dy ⊙ φ′(z)",
        wrong: "δ = dy",
        property: None,
        plant: || dense_with(dense::missing_activation_derivative),
    },
    Mistake {
        name: "negative-gradient",
        says: "the gradient already has the minus sign of the update",
        right: "dw = xᵀ·δ",
        wrong: "dw = −xᵀ·δ",
        property: None,
        plant: || dense_with(dense::negative_gradient),
    },
    Mistake {
        name: "averaged-twice",
        says: "the weights' gradient is divided by the batch size m, although the loss is divided by it already",
        right: "dw = xᵀ·δ",
        wrong: "dw = xᵀ·δ/m",
        property: None,
        plant: || dense_with(dense::averaged_twice),
    },
    Mistake {
        name: "added-not-assigned",
        says: "a gradient is added to the old values in its buffer instead of replacing them",
        right: "dx ← δ·wᵀ",
        wrong: "dx ← dx + δ·wᵀ",
        property: None,
        plant: || dense_with(dense::added_not_assigned),
    },
    Mistake {
        name: "no-recursion-through-time",
        says: "a step of an Elman network gets only the gradient of its own output, not that of the next step",
        right: "dh_t = dy_t + δ_{t+1}·w_hhᵀ",
        wrong: "dh_t = dy_t",
        property: None,
        plant: plant_no_recursion,
    },
    Mistake {
        name: "kernel-not-flipped-in-dx",
        says: "the gradient of a convolution's input uses the window as in the forward pass, without flipping it",
        right: "dx(p,q) = Σ w(u,v)·δ(p − u, q − v)",
        wrong: "dx(p,q) = Σ w(k−1−u, k−1−v)·δ(p − u, q − v)",
        property: None,
        plant: plant_kernel_not_flipped_in_dx,
    },
    Mistake {
        name: "fresh-mask",
        says: "dropout draws another mask in the backward pass",
        right: "dx = dy ⊙ mask/(1 − rate), with the mask of the forward pass",
        wrong: "the same with a new mask",
        property: None,
        plant: plant_fresh_mask,
    },
    Mistake {
        name: "penalty-not-averaged",
        says: "the loss averages the KL penalty over the m samples of the batch, but the gradient does not",
        right: "dμ = dz + β/m·μ",
        wrong: "dμ = dz + β·μ",
        property: None,
        plant: plant_penalty_not_averaged,
    },
    Mistake {
        name: "forgotten-two",
        says: "the derivative of the square lacks the factor 2",
        right: "∂ℓ/∂p = 2·(p − t)",
        wrong: "∂ℓ/∂p = p − t",
        property: None,
        plant: plant_forgotten_two,
    },
    Mistake {
        name: "softmax-diagonal",
        says: "only the diagonal of softmax's Jacobian is used, as if each output depended only on its own logit",
        right: "δ_j = p_j·Σ_i t_i − t_j",
        wrong: "δ_j = p_j·t_j − t_j",
        property: None,
        plant: plant_softmax_diagonal,
    },
];

/// Square, so that w and wᵀ both fit.
const DENSE: Dense = Dense { inputs: 4, units: 4, activation: Activation::Tanh };

fn dense_with(plant: fn(Dense) -> Planted<Dense>) -> Result<Planting, Error> {
    Ok(Planting { checks: both(&DENSE, &plant(DENSE), &[DENSE.inputs])?, property: None })
}

fn plant_no_recursion() -> Result<Planting, Error> {
    let sequence =
        Sequence { inputs: 2, units: 3, steps: 5, repeat: false, return_sequences: true, truncate_every: None };
    let elman = Elman { sequence, activation: Activation::Tanh };
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
    let planted = Planted { backward_input: Some(no_recursion), ..Planted::on(elman) };
    Ok(Planting { checks: both(&elman, &planted, &[5, 2])?, property: None })
}

/// Returns w with every window of k×k flipped in both directions.
pub fn flipped(w: &[f64], k: usize) -> Vec<f64> {
    w.chunks_exact(k * k).flat_map(|window| window.iter().rev().copied()).collect()
}

fn plant_kernel_not_flipped_in_dx() -> Result<Planting, Error> {
    let conv = Conv2d::new([2, 5, 4], 3, [3, 1, 1], Padding::Same, Activation::Tanh)?;
    fn not_flipped(
        layer: &Conv2d,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        // Right: theta unchanged. The backward pass flips the window itself; flipping it here as well undoes that.
        let (w, b) = theta.split_at(theta.len() - layer.window.y[0]);
        let theta = [flipped(w, layer.window.kernel_size), b.to_vec()].concat();
        layer.backward_input(&theta, saved, dy, Some(dx), pass);
    }
    let planted = Planted { backward_input: Some(not_flipped), ..Planted::on(conv) };
    Ok(Planting { checks: both(&conv, &planted, &conv.window.x)?, property: None })
}

fn plant_fresh_mask() -> Result<Planting, Error> {
    let dropout = Dropout { rate: 0.4 };
    fn fresh_mask(
        layer: &Dropout,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        // Right: the epoch is unchanged, so that the same random numbers are drawn.
        pass.epoch += 1;
        layer.backward_input(theta, saved, dy, Some(dx), pass);
    }
    let planted = Planted { backward_input: Some(fresh_mask), ..Planted::on(dropout) };
    Ok(Planting { checks: both(&dropout, &planted, &[10])?, property: None })
}

fn plant_penalty_not_averaged() -> Result<Planting, Error> {
    let sampler = Reparameterize { latent_dim: 5, beta: 0.7 };
    fn not_averaged(
        layer: &Reparameterize,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        // Right: the number m of samples in the batch.
        pass.batch = 1;
        layer.backward_input(theta, saved, dy, Some(dx), pass);
    }
    let planted = Planted { backward_input: Some(not_averaged), ..Planted::on(sampler) };
    Ok(Planting { checks: both(&sampler, &planted, &[10])?, property: None })
}

fn plant_forgotten_two() -> Result<Planting, Error> {
    let (p, t) = (numbers(7, 1), numbers(7, 2));
    let loss = |p: &[f64]| p.iter().zip(&t).map(|(&p, &t)| mse::loss(p, t)).sum::<f64>();
    let slopes =
        |derivative: fn(f64, f64) -> f64| p.iter().zip(&t).map(|(&p, &t)| derivative(p, t)).collect::<Vec<_>>();
    // Right: 2·(p − t).
    let forgotten_two = |p: f64, t: f64| p - t;
    let checks = [mse::derivative, forgotten_two].map(|derivative| check("prediction", &p, &slopes(derivative), loss));
    Ok(Planting { checks, property: None })
}

fn plant_softmax_diagonal() -> Result<Planting, Error> {
    let (z, t) = (numbers(7, 1), numbers(7, 2).into_iter().map(f64::abs).collect::<Vec<_>>());
    let mut right = vec![f64::NAN; z.len()];
    softmax_cross_entropy::forward_backward(&z, &t, 1.0, &mut right);
    let mut p = z.clone();
    softmax_cross_entropy::softmax(&mut p);
    // ∂ℓ/∂p_j = −t_j/p_j, times the diagonal of the Jacobian, p_j·(1 − p_j). Right: p_j·Σ_i t_i − t_j, from the whole
    // Jacobian.
    let diagonal: Vec<f64> = p.iter().zip(&t).map(|(p, t)| -t / p * (p * (1.0 - p))).collect();
    let loss = |z: &[f64]| softmax_cross_entropy::forward(z, &t);
    Ok(Planting { checks: [right, diagonal].map(|delta| check("logits", &z, &delta, loss)), property: None })
}
