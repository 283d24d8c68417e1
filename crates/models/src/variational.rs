//! # Variational autoencoders: the code has a distribution, so new samples can be drawn from the model
//!
//! ```text
//! encoder   x → … → [μ │ ln σ²]           two numbers for each of the k places of the code
//! sampler   z = μ + σ·ε,  ε ~ N(0, 1)
//! decoder   z → … → x̂
//! L = Σ ℓ(x̂_i, x_i) + β·KL( N(μ, σ²) ‖ N(0, 1) )       summed over a sample's values, so that the two are in balance
//! ```
//!
//! With β = 1, ℓ the binary cross-entropy and x binary (every x_i is 0 or 1), −ℓ is ln p(x_i|z), so the expectation of
//! −L over ε is a lower bound of ln p(x), the ELBO. The −L of a single draw of ε may be above ln p(x). For grey x the
//! cross-entropy is not the logarithm of a density: ∫ x̂ˣ·(1 − x̂)¹⁻ˣ dx over 0..1 is not 1, for example ½ at x̂ = ½.
//! Then L is a loss like any other, but no bound (Loaiza-Ganem & Cunningham, NeurIPS 2019). The divergence concentrates
//! the codes of all samples around 0 and gives each code a width, so that most z drawn from N(0, 1) decode to a
//! plausible sample (`handgrad claims holes` measures how plausible). The codes of a plain autoencoder can be anywhere,
//! with gaps between them that do not decode to plausible samples.
//!
//! Slides: CE6146 "Variational Autoencoders (VAEs)"; UTMIST "Variational Autoencoder"; DIVE "Types of Autoencoders"
//! (variational autoencoder). Source: Kingma & Welling, ICLR 2014; β: Higgins et al., ICLR 2017.

use handgrad_layers::{Activation, LossKind, Reduction};

use crate::builders::{conv_transpose2d, conv2d, dense, reparameterize, reshape};
use crate::convolutional::channels;
use crate::{LayerSpec, Spec, spec};

/// Returns the last two layers of every variational encoder.
fn sampler(latent_dim: usize, beta: f64) -> [LayerSpec; 2] {
    [dense(latent_dim.saturating_mul(2)).linear(), reparameterize(latent_dim, beta)]
}

/// A variational autoencoder of dense layers. The default is the PyTorch example, 784-400-20-400-784.
///
/// ```
/// use handgrad_models::{Network, Vae};
///
/// let vae = Vae { hidden_dims: vec![400], latent_dim: 2, beta: 0.5, ..Vae::default() };
/// let network = Network::<f32>::new(&vae.spec(&[28, 28]))?;
/// let widths: Vec<_> = (0..=5).map(|at| network.width(at)).collect();
/// assert_eq!(widths, [784, 400, 4, 2, 400, 784]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Vae {
    /// Numbers of units of the encoder's layers before the code. The decoder mirrors them.
    pub hidden_dims: Vec<usize>,
    /// Number of values of the code.
    pub latent_dim: usize,
    /// Weight of the divergence.
    pub beta: f64,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The reconstruction loss ℓ, which training minimises together with the divergence.
    pub loss: LossKind,
}

impl Default for Vae {
    fn default() -> Self {
        let (output_activation, loss) = (Activation::Sigmoid, LossKind::Bce);
        Self { hidden_dims: vec![400], latent_dim: 20, beta: 1.0, output_activation, loss }
    }
}

impl Vae {
    /// Returns the network `input` → `hidden_dims` → a code of `latent_dim` → mirrored back to `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let hidden = self.hidden_dims.iter().map(|&units| dense(units).relu());
        let encoder = hidden.clone().chain(sampler(self.latent_dim, self.beta));
        let decoder = hidden.rev().chain([dense(spec::features(input)).activation(self.output_activation)]);
        Spec { reduction: Reduction::Sum, ..Spec::autoencoder(input, encoder, decoder, self.loss) }
    }
}

/// The convolutional variational autoencoder of keras-io. Its encoder has two convolutions of stride 2 with 32 and 64
/// channels, a dense layer of 16 units, and the code. Its decoder has a dense layer and two transposed convolutions
/// of stride 2.
///
/// ```
/// use handgrad_models::{ConvVae, Network};
///
/// let network = Network::<f32>::new(&ConvVae { latent_dim: 2, ..ConvVae::default() }.spec(&[28, 28]))?;
/// assert_eq!((network.shape(2), network.shape(5)), (&[64, 7, 7][..], &[2][..]));
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConvVae {
    /// Number of values of the code.
    pub latent_dim: usize,
    /// Weight of the divergence.
    pub beta: f64,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The reconstruction loss ℓ, which training minimises together with the divergence.
    pub loss: LossKind,
}

impl Default for ConvVae {
    fn default() -> Self {
        Self { latent_dim: 2, beta: 1.0, output_activation: Activation::Sigmoid, loss: LossKind::Bce }
    }
}

impl ConvVae {
    /// Returns the network for images of shape `input`, whose height and width must be multiples of 4.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let quarter = |from_the_end: usize| input.iter().rev().nth(from_the_end).map_or(1, |size| size.div_ceil(4));
        let (h, w) = (quarter(1), quarter(0));
        let encoder = [conv2d(32, 3).stride(2).relu(), conv2d(64, 3).stride(2).relu(), dense(16).relu()];
        let encoder = encoder.into_iter().chain(sampler(self.latent_dim, self.beta));
        let decoder = [
            dense(h.saturating_mul(w).saturating_mul(64)).relu(),
            reshape([64, h, w]),
            conv_transpose2d(64, 3).stride(2).relu(),
            conv_transpose2d(32, 3).stride(2).relu(),
            conv2d(channels(input), 3).activation(self.output_activation),
        ];
        Spec { reduction: Reduction::Sum, ..Spec::autoencoder(input, encoder, decoder, self.loss) }
    }
}
