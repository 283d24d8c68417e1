//! # KL sparsity penalty: every unit has a low mean activity
//!
//! ```text
//! y = x,  0 < x_j < 1                            the output of a sigmoid, which passes through unchanged
//! ρ̂_j = 1/m·Σ_r x_rj                             mean activity of unit j over the batch of m
//! P   = weight·Σ_j KL(ρ ‖ ρ̂_j)
//! KL(ρ ‖ ρ̂) = ρ·ln(ρ/ρ̂) + (1 − ρ)·ln((1 − ρ)/(1 − ρ̂))        0 at ρ̂ = ρ, and above 0 elsewhere
//!
//! KL′(ρ̂) = (1 − ρ)/(1 − ρ̂) − ρ/ρ̂
//! ∂P/∂x_rj = weight·KL′(ρ̂_j)·∂ρ̂_j/∂x_rj = weight/m·KL′(ρ̂_j)
//! given dy = ∂L/∂y:   dx = dy + ∂P/∂x
//! ```
//!
//! Unlike an [L1 penalty](crate::activity_l1), it drives the mean activity of each unit towards ρ from both sides, so
//! it also activates units that are less active than ρ.
//!
//! At ρ̂ = 0 and ρ̂ = 1 the divergence is infinite. Below c = [`LOWEST`] and above c = [`HIGHEST`] it is therefore
//! continued along its tangent at c:
//!
//! ```text
//! KL(ρ ‖ ρ̂) := KL(ρ ‖ c) + KL′(c)·(ρ̂ − c)        for ρ̂ beyond c;  its derivative there is KL′(c)
//! ```
//!
//! If ρ̂ were only clipped, the derivative would be 0 there, and an inactive unit would never become active again.
//! Behind a sigmoid, the gradient with respect to the pre-activation z of an inactive unit is KL′(ρ̂)·ρ̂·(1 − ρ̂) ≈
//! −ρ down to c = 10⁻³⁰, which is reached at z ≈ −69. Below it the gradient is −ρ·ρ̂/c and falls to 0 with ρ̂: at
//! z = −80 it is −2·10⁻⁵·ρ, and where ρ̂ is rounded to 0, such a unit does stay inactive. The upper limit in 32 bits is
//! 1 − 2⁻²³, the second number below 1.
//!
//! Slides: CE6146 "Sparse Autoencoders", without a formula; "Guideline for Autoencoders (3/4)": "experiment with the
//! sparsity parameter". Source: Ng, "Sparse autoencoder", CS294A lecture notes (2011). There ρ̂ is the mean over all
//! samples. Here it is the mean over all samples in an evaluation, but the mean over the batch in a training step.

use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// Below this mean activity, the divergence is continued along its tangent.
pub const LOWEST: f64 = 1e-30;
/// Above this mean activity, the divergence is continued along its tangent.
pub const HIGHEST: f64 = 1.0 - 1e-7;

fn clip<T: Scalar>(mean: T) -> T {
    let (low, high) = (T::from_f64(LOWEST), T::from_f64(HIGHEST));
    let mean = if mean < low { low } else { mean };
    if mean > high { high } else { mean }
}

/// Σ KL(ρ ‖ ρ̂_j) over the units.
pub fn divergence<T: Scalar>(rho: T, means: &[T]) -> T {
    let one = T::ONE;
    means.iter().fold(T::ZERO, |sum, &mean| {
        let c = clip(mean);
        let at_c = rho * (rho / c).ln() + (one - rho) * ((one - rho) / (one - c)).ln();
        sum + if c == mean { at_c } else { at_c + derivative(rho, c) * (mean - c) }
    })
}

/// KL′(ρ̂) = (1 − ρ)/(1 − ρ̂) − ρ/ρ̂; for ρ̂ beyond c, the slope KL′(c) of the tangent.
pub fn derivative<T: Scalar>(rho: T, mean: T) -> T {
    let c = clip(mean);
    (T::ONE - rho) / (T::ONE - c) - rho / c
}

/// Passes its input on unchanged, and adds the penalty on its mean activities to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KlSparsity {
    /// ρ, the desired mean activity; above 0 and below 1.
    pub rho: f64,
    /// The weight of the penalty in the loss.
    pub weight: f64,
}

impl<T: Scalar> Layer<T> for KlSparsity {
    fn describe(&self) -> String {
        format!("Activity penalty, KL to ρ {}, weight {}", self.rho, self.weight)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let outside = |name, value: f64, range| Err(Error::OutOfRange { name, value: value.to_string(), range });
        if !(self.rho > 0.0 && self.rho < 1.0) {
            return outside("ρ of the sparsity penalty", self.rho, "above 0 and below 1: 0.05 is usual");
        }
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            return outside("the weight of the sparsity penalty", self.weight, "0 or more");
        }
        Ok(input.to_vec())
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        y.copy_from_slice(x);
    }

    fn backward_input(&self, _: &[T], _: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, pass: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        let (rho, scale) = (T::from_f64(self.rho), T::from_f64(self.weight / pass.batch as f64));
        for (dx, dy) in dx.chunks_exact_mut(pass.means.len()).zip(dy.chunks_exact(pass.means.len())) {
            for ((dx, &dy), &mean) in dx.iter_mut().zip(dy).zip(pass.means) {
                *dx = dy + scale * derivative(rho, mean);
            }
        }
    }

    fn penalty_name(&self) -> Option<&'static str> {
        Some("KL sparsity")
    }

    /// The penalty belongs to the whole batch. Each row gets all of it, so that the mean over the rows is the
    /// penalty.
    fn penalty(&self, _: Saved<'_, T>, penalties: &mut [T], pass: &mut Pass<'_, T>) {
        penalties.fill(T::from_f64(self.weight) * divergence(T::from_f64(self.rho), pass.means));
    }

    fn needs_means(&self) -> bool {
        true
    }
}
