//! # The basic autoencoder: one layer in, one layer out
//!
//! ```text
//! code   h = relu(x·w₁ + b₁)           n → k values, k < n: the bottleneck
//! x̂        = sigmoid(h·w₂ + b₂)        k → n values
//! ```
//!
//! Because k is smaller than n, the network cannot copy its input to its output. It must find k numbers that contain
//! as much information about a sample as possible. With linear activations and squared error, these are the sample's
//! coordinates in the space of the first k principal components (Baldi & Hornik 1989).
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)", 784-32-784 with ReLU and sigmoid; KERAS "Autoencoders: Components".

use handgrad_layers::LossKind;

use crate::builders::dense;
use crate::{Spec, spec};

/// The basic autoencoder. The default is the network of the slide: 784-32-784 for images of 28×28, with binary
/// cross-entropy.
///
/// ```
/// use handgrad_models::{Basic, Network};
///
/// let spec = Basic { units: 32, ..Basic::default() }.spec(&[28, 28]);
/// assert_eq!(Network::<f32>::new(&spec)?.param_count(), 784 * 32 + 32 + 32 * 784 + 784);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    /// Number of values of the code.
    pub units: usize,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for Basic {
    fn default() -> Self {
        Self { units: 32, loss: LossKind::Bce }
    }
}

impl Basic {
    /// Returns the network `input` → `units` → `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let features = spec::features(input);
        Spec::autoencoder(input, [dense(self.units).relu()], [dense(features).sigmoid()], self.loss)
    }
}
