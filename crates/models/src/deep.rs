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
//! Slides: DIVE "Deep autoencoder"; CE6146 "Guideline for Autoencoders (1/4, 2/4)": 3 to 5 layers a side, each about
//! half of the one before, mirrored in the decoder; KERAS "Hyperparameters of Autoencoders".

use handgrad_layers::{Activation, Init, LossKind, Reduction};

use crate::{LayerSpec, Spec};

/// `input` → `layers`, the last of which is the code, → mirrored back to `input`.
#[must_use]
pub fn spec(input: &[usize], layers: &[usize], hidden: Activation, output: Activation, loss: LossKind) -> Spec {
    let dense = |units, activation| LayerSpec::Dense { units, activation, init: Init::XavierUniform };
    let encoder = layers.iter().map(|&units| dense(units, hidden)).collect();
    let mirrored = layers.iter().rev().skip(1).map(|&units| dense(units, hidden));
    let last = dense(input.iter().product(), output);
    let decoder = mirrored.chain([last]).collect();
    Spec { input: input.to_vec(), loss, reduction: Reduction::Mean, encoder, decoder }
}
