//! # Reparameterisation: a sample from N(μ, σ²) through which gradients flow
//!
//! ```text
//! x = [μ │ ln σ²]                    2k values per row, from the encoder's last layer
//! z = μ + σ·ε,  σ = e^(½·ln σ²)      ε ~ N(0, 1), drawn for each row and each of the k values
//!
//! given dz = ∂L/∂z, ε held fixed:
//!   ∂z/∂μ = 1                        ∂L/∂μ     = dz
//!   ∂z/∂ln σ² = ½·σ·ε                ∂L/∂ln σ² = dz·½·σ·ε
//!
//! penalty of a row, β times the Kullback–Leibler divergence from N(0, 1):
//!   KL = ∫ q ln(q/p) = E_q( −½·ln σ² − ½·(z − μ)²/σ² + ½·z² )  summed over the k values
//!      = ½·Σ( μ² + σ² − 1 − ln σ² )               since E(z − μ)² = σ² and E z² = μ² + σ²
//!   ∂KL/∂μ = μ                       ∂KL/∂ln σ² = ½·(σ² − 1)
//! ```
//!
//! If z itself were drawn, it would have no derivative with respect to μ and σ. Here ε is drawn and z is *computed*
//! from it, so z has one. The encoder outputs the logarithm of the variance, because a logarithm may be any real
//! number. L averages over the batch of m samples, so the gradient of the penalty is β/m times the one above. When
//! the network is used and not trained, z = μ.
//!
//! Slides: CE6146 "Variational Autoencoders (VAEs)"; UTMIST "Variational Autoencoder", whose codes are "mean +
//! standard variation"; DIVE "Types of Autoencoders", whose variational encoder outputs "two values: a mean and a
//! variance". They are two vectors, and the second one is usually ln σ², as here. Source: Kingma & Welling,
//! "Auto-Encoding Variational Bayes", ICLR 2014, appendix B.

use crate::{Error, Layer, Mode, ParamSpec, Pass, Saved, Scalar, random};

/// z ← μ + e^(½·ln σ²)·ε for one row. Shapes: x 2k, ε k, z k.
pub fn forward<T: Scalar>(x: &[T], eps: &[T], z: &mut [T]) {
    let (mu, logvar) = x.split_at(z.len());
    for (((z, &mu), &logvar), &eps) in z.iter_mut().zip(mu).zip(logvar).zip(eps) {
        *z = mu + (half::<T>() * logvar).exp() * eps;
    }
}

/// dx ← [dz │ dz·½·σ·ε] for one row. Shapes: x 2k, ε k, dz k, dx 2k.
pub fn backward<T: Scalar>(x: &[T], eps: &[T], dz: &[T], dx: &mut [T]) {
    let logvar = &x[dz.len()..];
    let (dmu, dlogvar) = dx.split_at_mut(dz.len());
    dmu.copy_from_slice(dz);
    for (((dlogvar, &dz), &logvar), &eps) in dlogvar.iter_mut().zip(dz).zip(logvar).zip(eps) {
        *dlogvar = dz * half::<T>() * (half::<T>() * logvar).exp() * eps;
    }
}

/// KL = ½·Σ( μ² + σ² − 1 − ln σ² ) of one row, in nats. Shape: x 2k.
pub fn kl<T: Scalar>(x: &[T]) -> T {
    let (mu, logvar) = x.split_at(x.len() / 2);
    let term = |mu: T, logvar: T| mu * mu + logvar.exp() - T::ONE - logvar;
    half::<T>() * mu.iter().zip(logvar).fold(T::ZERO, |sum, (&mu, &logvar)| sum + term(mu, logvar))
}

/// dx ← dx + scale·[μ │ ½·(σ² − 1)] for one row. Shapes: x and dx 2k.
pub fn backward_kl<T: Scalar>(x: &[T], scale: T, dx: &mut [T]) {
    let k = x.len() / 2;
    let (mu, logvar) = x.split_at(k);
    let (dmu, dlogvar) = dx.split_at_mut(k);
    dmu.iter_mut().zip(mu).for_each(|(dmu, &mu)| *dmu += scale * mu);
    dlogvar.iter_mut().zip(logvar).for_each(|(d, &logvar)| *d += scale * half::<T>() * (logvar.exp() - T::ONE));
}

fn half<T: Scalar>() -> T {
    T::from_f64(0.5)
}

/// The sampler between a variational encoder and its decoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reparameterize {
    /// k, the size of the code.
    pub latent_dim: usize,
    /// β, the weight of the KL divergence in the loss.
    pub beta: f64,
}

impl Reparameterize {
    /// Writes ε of one row; it is 0 in [`Mode::Predict`].
    fn draw<T: Scalar>(&self, pass: &Pass<'_, T>, row: usize, eps: &mut [T]) {
        match pass.mode {
            Mode::Predict => eps.fill(T::ZERO),
            Mode::Train | Mode::Measure => random::with_normal(pass, row, eps, |_, normal| normal),
        }
    }

    /// Calls `f` for every row with its number and ε.
    fn rows<T: Scalar>(&self, pass: &mut Pass<'_, T>, rows: usize, mut f: impl FnMut(usize, &[T])) {
        let scratch = std::mem::take(&mut pass.scratch);
        for row in 0..rows {
            let eps = &mut scratch[..self.latent_dim];
            self.draw(pass, row, eps);
            f(row, eps);
        }
        pass.scratch = scratch;
    }
}

impl<T: Scalar> Layer<T> for Reparameterize {
    fn describe(&self) -> String {
        format!("Reparameterize {} → {}, β {}", 2 * self.latent_dim, self.latent_dim, self.beta)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let (found, expected) = (input.iter().product(), self.latent_dim.saturating_mul(2));
        if self.latent_dim == 0 {
            let (name, range) = ("latent_dim of a sampler", "at least 1");
            return Err(Error::OutOfRange { name, value: "0".into(), range });
        }
        if !(self.beta.is_finite() && self.beta >= 0.0) {
            let (name, range) = ("beta of a sampler", "0 or more");
            return Err(Error::OutOfRange { name, value: self.beta.to_string(), range });
        }
        if found != expected {
            let layer = Layer::<T>::describe(self);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected });
        }
        Ok(vec![self.latent_dim])
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn scratch_len(&self) -> usize {
        self.latent_dim
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let k = self.latent_dim;
        if pass.mode == Mode::Predict {
            // Not computed as μ + σ·0, which is NaN where σ is infinite.
            return y.chunks_exact_mut(k).zip(x.chunks_exact(2 * k)).for_each(|(z, x)| z.copy_from_slice(&x[..k]));
        }
        self.rows(pass, y.len() / k, |row, eps| forward(&x[row * 2 * k..][..2 * k], eps, &mut y[row * k..][..k]));
    }

    fn backward_input(&self, _: &[T], saved: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, pass: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        let k = self.latent_dim;
        let scale = T::from_f64(self.beta / pass.batch as f64);
        self.rows(pass, dy.len() / k, |row, eps| {
            let (x, dx) = (&saved.x[row * 2 * k..][..2 * k], &mut dx[row * 2 * k..][..2 * k]);
            backward(x, eps, &dy[row * k..][..k], dx);
            backward_kl(x, scale, dx);
        });
    }

    fn penalty_name(&self) -> Option<&'static str> {
        Some("KL divergence")
    }

    fn penalty(&self, saved: Saved<'_, T>, penalties: &mut [T], _: &mut Pass<'_, T>) {
        let beta = T::from_f64(self.beta);
        for (penalty, x) in penalties.iter_mut().zip(saved.x.chunks_exact(2 * self.latent_dim)) {
            *penalty = beta * kl(x);
        }
    }
}
