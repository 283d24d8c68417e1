//! # Dropout in any architecture: hidden layers cannot rely on single values
//!
//! ```text
//! h̃ = m ⊙ h / (1 − rate),   m_i = 0 with probability rate, else 1          drawn again for every sample and step
//! ```
//!
//! In training, a fraction of the values of each hidden layer is set to 0, so that no unit can rely on a single other
//! unit. In evaluation and inference, dropout has no effect. There is no dropout on the code and the output: on the
//! code it would be a second bottleneck, and on the output it would change the target.
//!
//! Formula and derivation: [`handgrad_layers::dropout`]. Source: Srivastava et al., JMLR 15 (2014).

use crate::builders::dropout;
use crate::{Error, LayerSpec, Spec};

impl Spec {
    /// Returns the same network with dropout after every hidden layer that has weights.
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
    /// If there is no hidden layer other than the code.
    pub fn with_dropout(mut self, rate: f64) -> Result<Self, Error> {
        // In a variational encoder, the output of the last layer with weights is the mean and the variance. It counts
        // as the code.
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
