//! # Dropout in any architecture: hidden layers that cannot rely on single values
//!
//! ```text
//! h̃ = m ⊙ h / (1 − rate),   m_i = 0 with probability rate, else 1          drawn anew for every sample and step
//! ```
//!
//! In training a part of each hidden layer's values is left out, so that no unit can rely on a single other one; to
//! measure and to use the network, everything is let through. The code and the output are left whole: a code with holes
//! would be another bottleneck, and an output with holes another target.
//!
//! Formula and derivation: [`handgrad_layers::dropout`]. Source: Srivastava et al., JMLR 15 (2014).

use crate::builders::dropout;
use crate::{Error, LayerSpec, Spec};

impl Spec {
    /// The same network with dropout behind every hidden layer that has weights.
    ///
    /// ```
    /// use handgrad_models::{Deep, builders::dropout};
    ///
    /// let spec = Deep { layers: vec![128, 32], ..Deep::default() }.spec(&[28, 28]).with_dropout(0.2)?;
    /// assert_eq!((spec.encoder.len(), spec.decoder.len()), (3, 3));
    /// assert_eq!((&spec.encoder[1], &spec.decoder[1]), (&dropout(0.2), &dropout(0.2)));
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no hidden layer beside the code.
    pub fn with_dropout(mut self, rate: f64) -> Result<Self, Error> {
        // Of a variational encoder the last layer with weights gives mean and variance: they are the code too.
        let inserted = [&mut self.encoder, &mut self.decoder].map(|layers| {
            let last = layers.iter().rposition(LayerSpec::has_weights).unwrap_or(0);
            let behind = |at: &usize| layers[*at].has_weights() && *at != last;
            let places: Vec<usize> = (0..layers.len()).filter(behind).collect();
            places.iter().rev().for_each(|at| layers.insert(at + 1, dropout(rate)));
            places.len()
        });
        if inserted == [0, 0] { Err(Error::NoHiddenLayer) } else { Ok(self) }
    }
}
