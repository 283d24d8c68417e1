//! # The deep autoencoder: several layers in, the same ones mirrored out
//!
//! ```text
//! encoder   n → u₁ → u₂ → … → code         relu
//! decoder   code → … → u₂ → u₁ → n         relu, the last one sigmoid for data in 0..1 or linear for unbounded data
//! ```
//!
//! With one hidden layer it is the [`basic`](crate::basic) autoencoder. More layers let encoder and decoder bend the
//! data before they squeeze it, so the code of the same size says more.
//!
//! Relu leaves a code no values below 0, and a unit of it that is 0 for every sample learns no more. With a small code,
//! that is a loss: [`Deep::code_activation`] makes it linear, as in the paper below.
//!
//! [`Deep::tied`] mirrors the weights too: a layer of the decoder has those of its encoder layer, transposed, and a
//! bias of its own. Then 784-32-784 has 25,904 parameters instead of 50,992 (see [`handgrad_layers::tied_dense`]).
//!
//! Slides: DIVE "Deep autoencoder"; CE6146 "Guideline for Autoencoders (1/4, 2/4)": 3 to 5 layers a side, each about
//! half of the one before, mirrored in the decoder; KERAS "Hyperparameters of Autoencoders". Source: Hinton &
//! Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313 (2006).

use handgrad_layers::{Activation, LossKind};

use crate::builders::{dense, tied_dense};
use crate::{Spec, spec};

/// A deep autoencoder. The default has three layers a side with 128, 64 and 32 units, ReLU, a sigmoid at the end, and
/// binary cross-entropy.
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
    /// φ of all layers but the decoder's last one.
    pub activation: Activation,
    /// φ of the code, where it is another one.
    pub code_activation: Option<Activation>,
    /// φ of the decoder's last layer.
    pub output_activation: Activation,
    /// What training makes small.
    pub loss: LossKind,
    /// The decoder's weights are those of the encoder, transposed.
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
    /// `input` → `layers` → mirrored back to `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let Self { ref layers, activation, output_activation, .. } = *self;
        let code_activation = self.code_activation.unwrap_or(activation);
        let encoder = layers.iter().enumerate().map(|(at, &units)| {
            let is_code = at + 1 == layers.len();
            dense(units).activation(if is_code { code_activation } else { activation })
        });
        // The decoder's layer `at` gives back the values that the encoder's layer `at` takes.
        let given_back = [&[spec::features(input)], &layers[..]].concat();
        let decoder = (0..layers.len()).rev().map(|at| {
            let activation = if at == 0 { output_activation } else { activation };
            if self.tied { tied_dense(at).activation(activation) } else { dense(given_back[at]).activation(activation) }
        });
        Spec::autoencoder(input, encoder, decoder, self.loss)
    }
}
