//! # Classifiers: the encoder of an autoencoder, and a head that tells classes
//!
//! ```text
//! h = encoder(x)                  n → k values, with the weights that the autoencoder has learnt
//! z = h·w + b                     k → C logits, one for each class: the head, with new weights
//! p = softmax(z)                  the probabilities of the classes
//! L = −1/m · Σ_r ln p_r[c_r]      c_r the class of sample r, m samples
//!
//! With the one-hot target t_rj = 1[j = c_r], L is the cross-entropy of t and p, so
//!   δ_rj  = ∂L/∂z_rj = (p_rj − t_rj)/m
//!   ∂L/∂w = hᵀ·δ        ∂L/∂b = Σ_r δ_r        ∂L/∂h = δ·wᵀ, with which the encoder goes on backwards
//! ```
//!
//! *Fine-tuning* trains all of it together with a few labelled samples. The encoder starts from what it has learnt from
//! many samples without labels, not from random weights, so it needs fewer labels. If the encoder stays as it is, the
//! classifier has the form of a multinomial logistic regression of the codes, whose loss has one minimum. Steps of a
//! training come close to it only slowly, so the head is then fitted by another method than the rest of the network.
//!
//! Layers of the encoder that only shaped the training of the autoencoder are left out: noise, dropout and penalties.
//! The sampler of a variational encoder stays, with β = 0. A mask stays, because it also marks missing values.
//!
//! Formula and derivation of the loss: [`handgrad_layers::softmax_cross_entropy`]. Sources: Hinton & Salakhutdinov,
//! "Reducing the dimensionality of data with neural networks", Science 313 (2006); Vincent et al., "Stacked denoising
//! autoencoders", JMLR 11 (2010), section 3.4; Erhan et al., "Why does unsupervised pre-training help deep
//! learning?", JMLR 11 (2010).

use handgrad_layers::{LossKind, Noise};

use crate::builders::{dense, dropout, noise};
use crate::{Error, LayerSpec, Model, Network, Part, Spec};

/// A classifier.
///
/// ```
/// use handgrad_models::{Basic, Classifier, Network};
///
/// let autoencoder = Basic { units: 32, ..Basic::default() }.spec(&[28, 28]);
/// let classes = ["cat", "dog"].map(String::from).to_vec();
/// let classifier = Network::<f32>::new(&Classifier::new(classes).spec(&autoencoder))?;
/// assert_eq!(classifier.param_count(), 784 * 32 + 32 + 32 * 2 + 2);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// The names of the classes, in the order of the outputs. There are at least two.
    pub classes: Vec<String>,
    /// The part of the values after each layer of the encoder with weights that is set to 0 in training:
    /// [`dropout`](handgrad_layers::dropout). 0 means no dropout.
    pub dropout: f64,
    /// The part of the input values that is set to 0 in training: masking [`noise`](handgrad_layers::noise). 0 means
    /// no noise.
    pub input_noise: f64,
}

impl Classifier {
    /// Creates a classifier without dropout and noise.
    #[must_use]
    pub fn new(classes: Vec<String>) -> Self {
        Self { classes, dropout: 0.0, input_noise: 0.0 }
    }

    /// Returns the network: the encoder of `autoencoder` and the head.
    #[must_use]
    pub fn spec(&self, autoencoder: &Spec) -> Spec {
        let mut encoder = Vec::new();
        for (at, layer) in autoencoder.encoder.iter().enumerate() {
            match layer {
                LayerSpec::Noise(_)
                | LayerSpec::Dropout { .. }
                | LayerSpec::ActivityL1 { .. }
                | LayerSpec::KlSparsity { .. } => {}
                LayerSpec::Reparameterize { latent_dim, .. } => {
                    encoder.push(LayerSpec::Reparameterize { latent_dim: *latent_dim, beta: 0.0 });
                }
                // The noise of a mask is to hide values, which it also tells the network.
                LayerSpec::Mask { .. } => encoder.push(LayerSpec::Mask { rate: self.input_noise }),
                layer => encoder.push(layer.clone()),
            }
            // The values before a sampler are μ and ln σ², which are no outputs of units.
            let is_distribution = matches!(autoencoder.encoder.get(at + 1), Some(LayerSpec::Reparameterize { .. }));
            if self.dropout > 0.0 && layer.has_weights() && !is_distribution {
                encoder.push(dropout(self.dropout));
            }
        }
        if self.input_noise > 0.0 && !autoencoder.takes_missing() {
            encoder.insert(0, noise(Noise::Masking { p: self.input_noise }));
        }
        Spec {
            encoder,
            decoder: vec![dense(self.classes.len()).linear()],
            loss: LossKind::CrossEntropy,
            reduction: LossKind::CrossEntropy.usual_reduction(),
            classes: self.classes.clone(),
            ..autoencoder.clone()
        }
    }

    /// Returns the network, with the weights of the encoder of `model` and a head whose weights are drawn from `seed`.
    /// `model` is an autoencoder or the encoder of one.
    ///
    /// ```
    /// use handgrad_models::{Basic, Classifier, Model, Network};
    ///
    /// let network = Network::new(&Basic { units: 2, ..Basic::default() }.spec(&[4]))?;
    /// let weights = network.init(0);
    /// let autoencoder = Model::new(network, weights)?;
    /// let classes = ["cat", "dog"].map(String::from).to_vec();
    /// let (network, theta) = Classifier::new(classes).on(&autoencoder, 1)?;
    /// assert_eq!(theta[..10], autoencoder.weights()[..10]);
    /// let probabilities = Model::new(network, theta)?.classify(ndarray::array![[0.1, 0.2, 0.3, 0.4]].view())?;
    /// assert!((probabilities.sum() - 1.0).abs() < 1e-6);
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the classes are not at least two different ones, a rate is not valid, or `model` is a decoder or a
    /// classifier.
    pub fn on(&self, model: &Model, seed: u64) -> Result<(Network<f32>, Vec<f32>), Error> {
        let encoder = match model.network().part() {
            Part::Whole => model.split(Part::Encoder)?.weights().to_vec(),
            Part::Encoder => model.weights().to_vec(),
            Part::Decoder => return Err(Error::NoEncoder),
            Part::Classifier => return Err(Error::IsClassifier),
        };
        let network = Network::new(&self.spec(model.spec()))?;
        let mut theta = network.init(seed);
        theta[..encoder.len()].copy_from_slice(&encoder);
        Ok((network, theta))
    }
}
