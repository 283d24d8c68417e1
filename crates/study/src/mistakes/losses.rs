//! Mistakes in the derivatives of losses: the gradient check sees them.

use handgrad_layers::gradcheck::{catalogue::numbers, check};
use handgrad_layers::{mse, softmax_cross_entropy};

use super::mistake::{Mistake, Plant, Planting};
use crate::Error;

pub const MISTAKES: [Mistake; 2] = [
    Mistake {
        name: "forgotten-two",
        says: "the derivative of the square lacks the factor 2",
        right: "∂ℓ/∂p = 2·(p − t)",
        wrong: "∂ℓ/∂p = p − t",
        property: None,
        plant: Plant::Other(plant_forgotten_two),
    },
    Mistake {
        name: "softmax-diagonal",
        says: "only the diagonal of softmax's Jacobian is used, as if each output depended only on its own logit",
        right: "δ_j = p_j·Σ_i t_i − t_j",
        wrong: "δ_j = p_j·t_j − t_j",
        property: None,
        plant: Plant::Other(plant_softmax_diagonal),
    },
];

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
