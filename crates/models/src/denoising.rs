//! # Denoising autoencoders: noise is added to the input, and the target is the clean sample
//!
//! ```text
//! x̃ = noise(x)          drawn again in every epoch
//! L = ℓ(decoder(encoder(x̃)), x)
//! ```
//!
//! To remove the noise, a network must learn the structure of the samples. Copying the input does not help, so the
//! code may even be larger than the sample. Any architecture becomes a denoising autoencoder if a noise layer is
//! inserted in front.
//!
//! Slides: CE6146 "Denoising Autoencoders"; UTMIST "Denoising Autoencoders". Source: Vincent et al., JMLR 11 (2010).

use handgrad_layers::Noise;

use crate::Spec;
use crate::builders::noise;

impl Spec {
    /// Returns the same network with a noise layer in front.
    ///
    /// ```
    /// use handgrad_layers::Noise;
    /// use handgrad_models::{Basic, builders};
    ///
    /// let masking = Noise::Masking { p: 0.2 };
    /// let spec = Basic::default().spec(&[28, 28]).with_noise(masking);
    /// assert_eq!(spec.encoder[0], builders::noise(masking));
    /// ```
    #[must_use]
    pub fn with_noise(mut self, kind: Noise) -> Self {
        self.encoder.insert(0, noise(kind));
        self
    }
}
