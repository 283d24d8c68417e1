//! # Denoising autoencoders: noise on the way in, the clean sample as target
//!
//! ```text
//! x̃ = noise(x)          drawn anew in every epoch
//! L = ℓ(decoder(encoder(x̃)), x)
//! ```
//!
//! To undo the noise a network must know what samples look like; copying does not help, so the code may even be larger than the
//! sample. Any architecture becomes a denoising one by a layer of noise in front.
//!
//! Slides: KERAS "Denoising Autoencoder"; CE6146 "Denoising Autoencoder". Source: Vincent et al., JMLR 11 (2010).

use handgrad_layers::Noise;

use crate::{LayerSpec, Spec};

/// `spec` with noise in front.
#[must_use]
pub fn with_noise(mut spec: Spec, noise: Noise) -> Spec {
    spec.encoder.insert(0, LayerSpec::Noise(noise));
    spec
}
