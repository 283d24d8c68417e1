//! # The deep autoencoder: several layers in the encoder, mirrored in the decoder
//!
//! ```text
//! encoder   n → u₁ → u₂ → … → code         relu
//! decoder   code → … → u₂ → u₁ → n         relu, the last one sigmoid for data in 0..1 or linear for unbounded data
//! ```
//!
//! With one hidden layer it is the [`basic`](crate::basic) autoencoder. With more layers, encoder and decoder can be
//! more complex nonlinear functions, so a code of the same size can contain more information.
//!
//! With ReLU, a code has no values below 0, and a unit that is 0 for every sample gets no gradient and stops
//! learning. If the code is small, one such unit is a large part of it. [`Deep::code_activation`] can make the code
//! linear, as in the paper below.
//!
//! [`Deep::tied`] also mirrors the weights: a layer of the decoder uses the transposed weights of its encoder layer
//! and has its own bias. Then 784-32-784 has 25,904 parameters instead of 50,992 (see
//! [`handgrad_layers::tied_dense`]).
//!
//! Slides: DIVE "Types of Autoencoders" (deep autoencoder); CE6146 "Guideline for Autoencoders (1/4)" and "(2/4)": 3
//! to 5 layers in encoder and decoder; each layer of the encoder has about half as many neurons as the layer before,
//! and the decoder mirrors the encoder; KERAS "Hyperparameters of Autoencoders". Source: Hinton & Salakhutdinov,
//! "Reducing the dimensionality of data with neural networks", Science 313 (2006).

use handgrad_layers::{Activation, LossKind};

use crate::builders::{dense, tied_dense};
use crate::{Spec, spec};

/// A deep autoencoder. The default has three layers in the encoder and three in the decoder (128, 64 and 32 units,
/// then mirrored), ReLU, a sigmoid at the end, and binary cross-entropy.
///
/// ```
/// use handgrad_layers::{Activation, LossKind};
/// use handgrad_models::{Deep, Network};
///
/// let spec = Deep { layers: vec![300, 32], loss: LossKind::Mse, ..Deep::default() }.spec(&[28, 28]);
/// let network = Network::<f32>::new(&spec)?;
/// let widths: Vec<_> = (0..=4).map(|at| network.width(at)).collect();
/// assert_eq!(widths, [784, 300, 32, 300, 784]);
///
/// let tied = Deep { layers: vec![32], code_activation: Some(Activation::Linear), tied: true, ..Deep::default() };
/// assert_eq!(Network::<f32>::new(&tied.spec(&[28, 28]))?.param_count(), 25_904);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deep {
    /// Units of the encoder's layers. The last layer is the code.
    pub layers: Vec<usize>,
    /// The activation function of all layers except the last layer of the decoder.
    pub activation: Activation,
    /// The activation function of the code, if it differs from `activation`.
    pub code_activation: Option<Activation>,
    /// The activation function of the last layer of the decoder.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
    /// If true, the decoder uses the transposed weights of the encoder.
    pub tied: bool,
}

impl Default for Deep {
    fn default() -> Self {
        Self {
            layers: vec![128, 64, 32],
            activation: Activation::Relu,
            code_activation: None,
            output_activation: Activation::Sigmoid,
            loss: LossKind::Bce,
            tied: false,
        }
    }
}

impl Deep {
    /// Returns the network for samples of shape `input`. The encoder has the layers `layers`; the layers of the decoder
    /// have the same sizes in reverse order, and the last one has the size of a sample.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let Self { ref layers, activation, output_activation, .. } = *self;
        let code_activation = self.code_activation.unwrap_or(activation);
        let encoder = layers.iter().enumerate().map(|(at, &units)| {
            let is_code = at + 1 == layers.len();
            dense(units).activation(if is_code { code_activation } else { activation })
        });
        // The decoder layer that mirrors encoder layer `at` has as many outputs as that layer has inputs.
        let given_back = [&[spec::features(input)], &layers[..]].concat();
        let decoder = (0..layers.len()).rev().map(|at| {
            let activation = if at == 0 { output_activation } else { activation };
            if self.tied { tied_dense(at).activation(activation) } else { dense(given_back[at]).activation(activation) }
        });
        Spec::autoencoder(input, encoder, decoder, self.loss)
    }
}
