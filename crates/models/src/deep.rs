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
//! Relu leaves a code no values below 0, and a unit of it that is 0 for every sample learns no more. With a small code, that
//! is a loss: [`with_code_activation`] makes it linear, as in the paper below.
//!
//! [`tied`] mirrors the weights too: a layer of the decoder has those of its encoder layer, transposed, and a bias of its own.
//! Then 784-32-784 has 25,904 parameters instead of 50,992 (see [`handgrad_layers::tied_dense`]).
//!
//! Slides: DIVE "Deep autoencoder"; CE6146 "Guideline for Autoencoders (1/4, 2/4)": 3 to 5 layers a side, each about
//! half of the one before, mirrored in the decoder; KERAS "Hyperparameters of Autoencoders". Source: Hinton &
//! Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313 (2006).

use handgrad_layers::{Activation, Init, LossKind};

use crate::{LayerSpec, Spec};

/// `input` → `layers`, the last of which is the code, → mirrored back to `input`.
#[must_use]
pub fn spec(input: &[usize], layers: &[usize], hidden: Activation, output: Activation, loss: LossKind) -> Spec {
    let dense = |units, activation| LayerSpec::Dense { units, activation, init: Init::XavierUniform };
    let encoder = layers.iter().map(|&units| dense(units, hidden)).collect();
    let mirrored = layers.iter().rev().skip(1).map(|&units| dense(units, hidden));
    let last = dense(input.iter().product(), output);
    let decoder = mirrored.chain([last]).collect();
    Spec { input: input.to_vec(), scale: None, loss, reduction: loss.usual_reduction(), encoder, decoder }
}

/// As [`spec`], and the decoder's weights are those of the encoder, transposed.
#[must_use]
pub fn tied(input: &[usize], layers: &[usize], hidden: Activation, output: Activation, loss: LossKind) -> Spec {
    let mut spec = spec(input, layers, hidden, output, loss);
    let mirrored = (0..layers.len()).rev();
    for (layer, mirrors) in spec.decoder.iter_mut().zip(mirrored) {
        *layer = LayerSpec::TiedDense { mirrors, activation: layer.activation() };
    }
    spec
}

/// `spec` with another activation of its code, which a dense layer gives.
#[must_use]
pub fn with_code_activation(mut spec: Spec, activation: Activation) -> Spec {
    if let Some(last) = spec.encoder.last_mut() {
        *last = last.with_activation(activation);
    }
    spec
}
