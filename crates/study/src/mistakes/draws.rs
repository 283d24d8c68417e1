//! Mistakes in layers that draw random numbers, in the backward pass only: the gradient check sees them.

use handgrad_layers::{Dropout, Layer, Pass, Reparameterize, Saved, random};

use super::mistake::{Mistake, Pair, Plant, Size};
use super::planted::Planted;
use crate::Error;

pub const MISTAKES: [Mistake; 5] = [
    Mistake {
        name: "fresh-mask",
        says: "dropout draws another mask in the backward pass",
        right: "dx = dy ⊙ mask/(1 − rate), with the mask of the forward pass",
        wrong: "the same with a new mask",
        property: None,
        plant: Plant::Layer(|size| in_dropout(size, |planted| planted.backward_input = Some(fresh_mask))),
    },
    Mistake {
        name: "scale-forgotten-in-dx",
        says: "the backward pass of dropout does not divide by 1 − rate",
        right: "dx = dy ⊙ mask/(1 − rate)",
        wrong: "dx = dy ⊙ mask",
        property: None,
        plant: Plant::Layer(|size| in_dropout(size, |planted| planted.backward_input = Some(without_scale))),
    },
    Mistake {
        name: "penalty-not-averaged",
        says: "the loss averages the KL penalty over the m samples of the batch, but the gradient does not",
        right: "dμ = dz + β/m·μ",
        wrong: "dμ = dz + β·μ",
        property: None,
        plant: Plant::Layer(|size| in_sampler(size, |planted| planted.backward_input = Some(not_averaged))),
    },
    Mistake {
        name: "forgotten-half",
        says: "the sampler's gradient with respect to ln σ² lacks the factor ½",
        right: "d ln σ² = dz·½·σ·ε + …",
        wrong: "d ln σ² = dz·σ·ε + …",
        property: None,
        plant: Plant::Layer(|size| in_sampler(size, |planted| planted.backward_input = Some(forgotten_half))),
    },
    Mistake {
        name: "forgotten-epsilon",
        says: "the sampler's gradient with respect to ln σ² lacks ε",
        right: "d ln σ² = dz·½·σ·ε + …",
        wrong: "d ln σ² = dz·½·σ + …",
        property: None,
        plant: Plant::Layer(|size| in_sampler(size, |planted| planted.backward_input = Some(forgotten_epsilon))),
    },
];

fn in_dropout(size: Size, change: fn(&mut Planted<Dropout>)) -> Result<Pair, Error> {
    let width = if size == Size::Small { 6 } else { 10 };
    let forward = "y = x ⊙ mask/(1 − rate),  mask_i = 1[u_i ≥ rate]";
    Ok(Pair::new(Dropout { rate: 0.4 }, &[width], forward, change))
}

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

fn without_scale(
    layer: &Dropout,
    theta: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    layer.backward_input(theta, saved, dy, Some(dx), pass);
    // Right: nothing more.
    dx.iter_mut().for_each(|dx| *dx *= 1.0 - layer.rate);
}

fn in_sampler(size: Size, change: fn(&mut Planted<Reparameterize>)) -> Result<Pair, Error> {
    let latent_dim = if size == Size::Small { 2 } else { 5 };
    let forward = "x = [μ │ ln σ²],  y = z = μ + σ·ε,  penalty β/m·Σ ½·(μ² + σ² − 1 − ln σ²)";
    Ok(Pair::new(Reparameterize { latent_dim, beta: 0.7 }, &[2 * latent_dim], forward, change))
}

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

/// The right gradient, to which `wrong` adds something for every value of ln σ²: it gets dz, ½·σ and ε.
fn changed(
    layer: &Reparameterize,
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
    wrong: fn(f64, f64, f64) -> f64,
) {
    layer.backward_input(&[], saved, dy, Some(dx), pass);
    let k = layer.latent_dim;
    for (row, (x, dx)) in saved.x.chunks_exact(2 * k).zip(dx.chunks_exact_mut(2 * k)).enumerate() {
        let mut eps = vec![0.0; k];
        random::with_normal(pass, row, &mut eps, |_, normal| normal);
        for i in 0..k {
            dx[k + i] += wrong(dy[row * k + i], 0.5 * (0.5 * x[k + i]).exp(), eps[i]);
        }
    }
}

fn forgotten_half(
    layer: &Reparameterize,
    _: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    // Right: dz·½·σ·ε once. Twice this is dz·σ·ε.
    changed(layer, saved, dy, dx, pass, |dz, half_sigma, eps| dz * half_sigma * eps);
}

fn forgotten_epsilon(
    layer: &Reparameterize,
    _: &[f64],
    saved: Saved<'_, f64>,
    dy: &mut [f64],
    dx: &mut [f64],
    pass: &mut Pass<'_, f64>,
) {
    // Right: dz·½·σ·ε. With this added it is dz·½·σ.
    changed(layer, saved, dy, dx, pass, |dz, half_sigma, eps| dz * half_sigma * (1.0 - eps));
}
