//! # Variational autoencoders: a code with a distribution, and so a model to draw from
//!
//! ```text
//! encoder   x → … → [μ │ ln σ²]           two numbers for each of the k places of the code
//! sampler   z = μ + σ·ε,  ε ~ N(0, 1)
//! decoder   z → … → x̂
//! L = Σ ℓ(x̂_i, x_i) + β·KL( N(μ, σ²) ‖ N(0, 1) )       summed over a sample's values, so that the two are in balance
//! ```
//!
//! With β = 1 and ℓ the cross-entropy, −L is a lower bound of ln p(x) (the ELBO). The divergence draws the codes of all samples
//! together around 0 and gives each a width, so that every z drawn from N(0, 1) means something: a plain
//! autoencoder's codes may lie anywhere, with nothing between them.
//!
//! Slides: DIVE "Variational autoencoder"; CE6146 "Variational Autoencoder"; KERAS. Source: Kingma & Welling, ICLR 2014;
//! β: Higgins et al., ICLR 2017.

use handgrad_layers::{Activation, Init, LossKind, Reduction};

use crate::convolutional::{channels, conv, double};
use crate::{LayerSpec, Spec};

fn dense(units: usize, activation: Activation) -> LayerSpec {
    LayerSpec::Dense { units, activation, init: Init::XavierUniform }
}

/// The two last layers of every variational encoder.
fn sampler(latent_dim: usize, beta: f64) -> [LayerSpec; 2] {
    [dense(latent_dim.saturating_mul(2), Activation::Linear), LayerSpec::Reparameterize { latent_dim, beta }]
}

/// `input` → `hidden` → a code of `latent_dim` → mirrored back: 784-400-20-400-784 is the PyTorch example.
#[must_use]
pub fn dense_spec(
    input: &[usize],
    hidden: &[usize],
    latent_dim: usize,
    beta: f64,
    output: Activation,
    loss: LossKind,
) -> Spec {
    let layer = |&units: &usize| dense(units, Activation::Relu);
    let encoder = hidden.iter().map(layer).chain(sampler(latent_dim, beta)).collect();
    let decoder = hidden.iter().rev().map(layer).chain([dense(input.iter().product(), output)]).collect();
    Spec { input: input.to_vec(), scale: None, loss, reduction: Reduction::Sum, encoder, decoder }
}

/// keras-io's: convolutions of stride 2 with 32 and 64 channels, a dense layer of 16, the code; and back. Height and width
/// must be multiples of 4.
#[must_use]
pub fn conv_spec(input: &[usize], latent_dim: usize, beta: f64, output: Activation, loss: LossKind) -> Spec {
    let quarter = |from_the_end: usize| input.iter().rev().nth(from_the_end).map_or(1, |size| size.div_ceil(4));
    let (h, w) = (quarter(1), quarter(0));
    let encoder = [conv(32, 2), conv(64, 2), dense(16, Activation::Relu)];
    let decoder = vec![
        dense(h.saturating_mul(w).saturating_mul(64), Activation::Relu),
        LayerSpec::Reshape { shape: vec![64, h, w] },
        double(64),
        double(32),
        conv(channels(input), 1).with_activation(output),
    ];
    let encoder = encoder.into_iter().chain(sampler(latent_dim, beta)).collect();
    Spec { input: input.to_vec(), scale: None, loss, reduction: Reduction::Sum, encoder, decoder }
}
