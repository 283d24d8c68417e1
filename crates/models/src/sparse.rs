//! # Sparse autoencoders: only a few units of the code are active for each sample
//!
//! ```text
//! L = ℓ(x̂, x) + penalty(code)         L1: weight·Σ|h_j|;  KL: weight·Σ KL(ρ ‖ mean of h_j over the batch)
//! ```
//!
//! The bottleneck is the number of units that are active at the same time, not the number of units. Any architecture
//! becomes a sparse autoencoder if a penalty is added after its encoder. The KL penalty needs a code within 0..1,
//! from a sigmoid.
//!
//! Slides: CE6146 "Sparse Autoencoders"; DIVE "Types of Autoencoders" (sparse autoencoder). Source: Ng, CS294A
//! lecture notes (2011).

use handgrad_layers::Activation;

use crate::builders::{activity_l1, kl_sparsity};
use crate::{Error, Spec};

impl Spec {
    /// Returns the same network with an L1 penalty on its code.
    ///
    /// ```
    /// use handgrad_models::{Basic, Network};
    ///
    /// let spec = Basic::default().spec(&[28, 28]).with_l1(1e-4);
    /// assert_eq!(Network::<f32>::new(&spec)?.term_names().len(), 2);
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_l1(mut self, weight: f64) -> Self {
        self.encoder.push(activity_l1(weight));
        self
    }

    /// Returns the same network with a KL penalty on its code. The activation of the code becomes sigmoid.
    ///
    /// ```
    /// use handgrad_models::{Basic, builders::dense};
    ///
    /// let spec = Basic { units: 64, ..Basic::default() }.spec(&[28, 28]).with_kl(0.1, 0.3)?;
    /// assert_eq!(spec.encoder[0], dense(64).sigmoid());
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the activation of the encoder's last layer cannot be set.
    pub fn with_kl(mut self, rho: f64, weight: f64) -> Result<Self, Error> {
        let last = self.encoder.last_mut().ok_or(Error::Empty("encoder", "layer"))?;
        *last = last.with_activation(Activation::Sigmoid);
        if last.activation() != Activation::Sigmoid {
            return Err(Error::NoSigmoidForKl);
        }
        self.encoder.push(kl_sparsity(rho, weight));
        Ok(self)
    }
}
