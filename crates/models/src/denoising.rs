//! # Denoising autoencoders: noise on the way in, the clean sample as target
//!
//! ```text
//! x̃ = noise(x)          drawn anew in every epoch
//! L = ℓ(decoder(encoder(x̃)), x)
//! ```
//!
//! To undo the noise a network must know what samples look like; copying does not help, so the code may even be larger
//! than the sample. Any architecture becomes a denoising one by a layer of noise in front.
//!
//! Slides: KERAS "Denoising Autoencoder"; CE6146 "Denoising Autoencoder". Source: Vincent et al., JMLR 11 (2010).

use handgrad_layers::Noise;

use crate::Spec;
use crate::builders::noise;

impl Spec {
    /// The same network with noise in front.
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
