//! Mistakes in the sampler of a variational autoencoder and in its KL divergence.

use handgrad_layers::{Layer, Pass, Reparameterize, Saved, random, reparameterize};

use super::mistake::{Planting, Property};
use super::planted::{Planted, both, training};
use crate::Error;

/// μ and ln σ² of a code of three units.
const CODE: [f64; 6] = [0.7, -0.4, 0.0, -1.2, 0.5, 0.1];

pub fn sigma_in_divergence() -> Result<Planting, Error> {
    let sampler = Reparameterize { latent_dim: 3, beta: 1.0 };
    fn divergence(x: &[f64]) -> f64 {
        let (mu, logvar) = x.split_at(x.len() / 2);
        // Right: logvar.exp().
        let term = |(mu, logvar): (&f64, &f64)| mu * mu + (0.5 * logvar).exp() - 1.0 - logvar;
        0.5 * mu.iter().zip(logvar).map(term).sum::<f64>()
    }
    fn penalty(layer: &Reparameterize, saved: Saved<'_, f64>, penalties: &mut [f64]) {
        let rows = penalties.iter_mut().zip(saved.x.chunks_exact(2 * layer.latent_dim));
        rows.for_each(|(penalty, x)| *penalty = layer.beta * divergence(x));
    }
    fn backward_input(
        layer: &Reparameterize,
        theta: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        let (k, scale) = (layer.latent_dim, layer.beta / pass.batch as f64);
        // Only the sampler's part of the gradient.
        Reparameterize { beta: 0.0, ..*layer }.backward_input(theta, saved, dy, Some(dx), pass);
        for (x, dx) in saved.x.chunks_exact(2 * k).zip(dx.chunks_exact_mut(2 * k)) {
            for i in 0..k {
                dx[i] += scale * x[i];
                // Right: ½·(σ² − 1).
                dx[k + i] += scale * 0.5 * (0.5 * (0.5 * x[k + i]).exp() - 1.0);
            }
        }
    }
    let planted = Planted { backward_input: Some(backward_input), penalty: Some(penalty), ..Planted::on(sampler) };

    // An estimate of KL = E_q( ln q(z) − ln p(z) ), with z = μ + σ·ε drawn from q.
    const DRAWS: u32 = 100_000;
    let samples: Vec<u32> = (0..DRAWS).collect();
    let (mu, logvar) = CODE.split_at(3);
    let pass = training(&samples, &mut []);
    let (mut sum, mut squares) = (0.0, 0.0);
    for row in 0..samples.len() {
        let mut eps = [0.0; 3];
        random::with_normal(&pass, row, &mut eps, |_, normal| normal);
        let term = |i: usize| {
            let z = mu[i] + (0.5 * logvar[i]).exp() * eps[i];
            -0.5 * logvar[i] - 0.5 * eps[i] * eps[i] + 0.5 * z * z
        };
        let term: f64 = (0..3).map(term).sum();
        sum += term;
        squares += term * term;
    }
    let draws = f64::from(DRAWS);
    let mean = sum / draws;
    let property = Property {
        says: "KL at μ = (0.7, −0.4, 0), ln σ² = (−1.2, 0.5, 0.1), compared with the mean of ln q(z) − ln p(z) over \
               100,000 draws of z",
        expected: mean,
        tolerance: 3.0 * ((squares / draws - mean * mean) / draws).sqrt(),
        found: [reparameterize::kl(&CODE), divergence(&CODE)],
    };
    Ok(Planting { checks: both(&sampler, &planted, &[6])?, property: Some(property) })
}

pub fn variance_in_sampler() -> Result<Planting, Error> {
    let sampler = Reparameterize { latent_dim: 3, beta: 1.0 };
    fn rows(k: usize, rows: usize, pass: &Pass<'_, f64>, mut f: impl FnMut(usize, &[f64])) {
        for row in 0..rows {
            let mut eps = vec![0.0; k];
            random::with_normal(pass, row, &mut eps, |_, normal| normal);
            f(row, &eps);
        }
    }
    fn forward(layer: &Reparameterize, _: &[f64], x: &[f64], y: &mut [f64], pass: &mut Pass<'_, f64>) {
        let k = layer.latent_dim;
        rows(k, y.len() / k, pass, |row, eps| {
            let (x, y) = (&x[row * 2 * k..], &mut y[row * k..]);
            // Right: (0.5 * x[k + i]).exp().
            (0..k).for_each(|i| y[i] = x[i] + x[k + i].exp() * eps[i]);
        });
    }
    fn backward_input(
        layer: &Reparameterize,
        _: &[f64],
        saved: Saved<'_, f64>,
        dy: &mut [f64],
        dx: &mut [f64],
        pass: &mut Pass<'_, f64>,
    ) {
        let (k, scale) = (layer.latent_dim, layer.beta / pass.batch as f64);
        rows(k, dy.len() / k, pass, |row, eps| {
            let (x, dx) = (&saved.x[row * 2 * k..][..2 * k], &mut dx[row * 2 * k..][..2 * k]);
            let dz = &dy[row * k..];
            for i in 0..k {
                dx[i] = dz[i];
                // Right: dz·½·σ·ε.
                dx[k + i] = dz[i] * x[k + i].exp() * eps[i];
            }
            reparameterize::backward_kl(x, scale, dx);
        });
    }
    let planted = Planted { forward: Some(forward), backward_input: Some(backward_input), ..Planted::on(sampler) };

    const DRAWS: u32 = 100_000;
    let (mu, logvar) = (0.3, -0.8_f64);
    let one = Reparameterize { latent_dim: 1, beta: 1.0 };
    let of_planted = Planted { forward: Some(forward), ..Planted::on(one) };
    let samples: Vec<u32> = (0..DRAWS).collect();
    let x = [mu, logvar].repeat(samples.len());
    let variance = |layer: &dyn Layer<f64>| {
        let (mut z, mut scratch) = (vec![f64::NAN; samples.len()], [f64::NAN]);
        layer.forward(&[], &x, &mut z, &mut training(&samples, &mut scratch));
        z.iter().map(|z| (z - mu).powi(2)).sum::<f64>() / z.len() as f64
    };
    let property = Property {
        says: "the variance of 100,000 draws of z at μ = 0.3, ln σ² = −0.8, compared with e^(ln σ²)",
        expected: logvar.exp(),
        tolerance: 3.0 * logvar.exp() * (2.0 / f64::from(DRAWS)).sqrt(),
        found: [variance(&one), variance(&of_planted)],
    };
    Ok(Planting { checks: both(&sampler, &planted, &[6])?, property: Some(property) })
}
