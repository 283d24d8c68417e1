//! # The basic autoencoder: one layer in, one layer out
//!
//! ```text
//! code   h = relu(x·w₁ + b₁)           n → k values, k < n: the bottleneck
//! x̂        = sigmoid(h·w₂ + b₂)        k → n values
//! ```
//!
//! With k smaller than n the network cannot copy its input through: it must find k numbers that say the most about a
//! sample. With linear activations and squared error those are the sample's coordinates in the space of the first k
//! principal components (Baldi & Hornik 1989).
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)", 784-32-784 with ReLU and sigmoid; KERAS "Autoencoders: Components".

use handgrad_layers::{Activation, Init, LossKind};

use crate::{LayerSpec, Spec};

/// `input` → `code` → `input`.
#[must_use]
pub fn spec(input: &[usize], code: usize, loss: LossKind) -> Spec {
    let units = input.iter().product();
    let init = Init::XavierUniform;
    Spec {
        input: input.to_vec(),
        scale: None,
        loss,
        reduction: loss.usual_reduction(),
        encoder: vec![LayerSpec::Dense { units: code, activation: Activation::Relu, init }],
        decoder: vec![LayerSpec::Dense { units, activation: Activation::Sigmoid, init }],
    }
}
