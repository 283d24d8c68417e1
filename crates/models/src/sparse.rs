//! # Sparse autoencoders: few units of the code speak for any one sample
//!
//! ```text
//! L = ℓ(x̂, x) + penalty(code)         L1: weight·Σ|h_j|;  KL: weight·Σ KL(ρ ‖ mean of h_j over the batch)
//! ```
//!
//! The bottleneck is how many units may be active at a time, not how many there are. Any architecture becomes a sparse
//! one by a penalty behind its encoder; the KL penalty needs a code within 0..1, behind a sigmoid.
//!
//! Slides: CE6146 "Sparse Autoencoder"; KERAS "Sparse Autoencoder". Source: Ng, CS294A lecture notes (2011).

use handgrad_layers::Activation;

use crate::{Error, LayerSpec, Spec};

/// `spec` with an L1 penalty on its code.
#[must_use]
pub fn with_l1(mut spec: Spec, weight: f64) -> Spec {
    spec.encoder.push(LayerSpec::ActivityL1 { weight });
    spec
}

/// `spec` with a KL penalty on its code, which gets a sigmoid.
///
/// # Errors
/// If the encoder's last layer has no activation to change.
pub fn with_kl(mut spec: Spec, rho: f64, weight: f64) -> Result<Spec, Error> {
    let last = spec.encoder.last_mut().ok_or(Error::Empty("encoder", "layer"))?;
    *last = last.with_activation(Activation::Sigmoid);
    if last.activation() != Activation::Sigmoid {
        return Err(Error::NoSigmoidForKl);
    }
    spec.encoder.push(LayerSpec::KlSparsity { rho, weight });
    Ok(spec)
}
