//! # Convolutional autoencoders: windows with the same weights at every place of an image
//!
//! ```text
//! strided     convolutions of stride 2 make the image smaller, transposed ones of stride 2 larger again
//!             28×28 → 16×14×14 → 8×7×7 → 8×14×14 → 16×28×28 → 28×28          the TensorFlow tutorial's, `[16, 8]`
//! pooled      convolutions keep the size, pooling halves it, upsampling doubles it
//!             28×28 → 16×14×14 → 8×7×7 → 8×4×4 → 8×8×8 → 8×16×16 → 16×28×28 → 28×28     the Keras blog's
//! ```
//!
//! In the pooled network, the last pooling turns 7×7 into 4×4: its squares at the border extend beyond the image. On
//! the way back, 4 → 8 → 16 is larger than 14. Therefore the convolution before the last upsampling has no padding:
//! it turns 16 into 14, which upsampling doubles to 28. The network thus fits images whose sides are 4 below a
//! multiple of 8, such as 28.
//!
//! Slides: UTMIST "Convolutional Autoencoder"; DIVE "Types of Autoencoders" (convolutional autoencoder).

use handgrad_layers::{Activation, LossKind, Padding};

use crate::builders::{conv_transpose2d, conv2d, max_pool2d, upsample2d};
use crate::{LayerSpec, Spec};

/// Returns the number of channels of an image.
pub(crate) fn channels(input: &[usize]) -> usize {
    if input.len() == 3 { input[0] } else { 1 }
}

/// An encoder of convolutions with stride 2 and a decoder of transposed convolutions with stride 2. The default is
/// the network of the TensorFlow tutorial.
///
/// ```
/// use handgrad_models::{Network, StridedConv};
///
/// let network = Network::<f32>::new(&StridedConv::default().spec(&[28, 28]))?;
/// assert_eq!(network.shape(2), [8, 7, 7]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StridedConv {
    /// Output channels of the encoder's layers.
    pub filters: Vec<usize>,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for StridedConv {
    fn default() -> Self {
        Self { filters: vec![16, 8], output_activation: Activation::Sigmoid, loss: LossKind::Mse }
    }
}

impl StridedConv {
    /// Returns the network for images of shape `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let encoder = self.filters.iter().map(|&filters| conv2d(filters, 3).stride(2).relu());
        let back = self.filters.iter().rev().map(|&filters| conv_transpose2d(filters, 3).stride(2).relu());
        let last = conv2d(channels(input), 3).activation(self.output_activation);
        Spec::autoencoder(input, encoder, back.chain([last]), self.loss)
    }
}

/// The network of the Keras blog: convolutions with pooling and upsampling, for images whose sides are 4 below a
/// multiple of 8.
///
/// ```
/// use handgrad_models::{Network, PooledConv};
///
/// let network = Network::<f32>::new(&PooledConv::default().spec(&[28, 28]))?;
/// assert_eq!(network.shape(6), [8, 4, 4]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PooledConv {
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for PooledConv {
    fn default() -> Self {
        Self { output_activation: Activation::Sigmoid, loss: LossKind::Bce }
    }
}

impl PooledConv {
    /// Returns the network for images of shape `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let conv = |filters| conv2d(filters, 3).relu();
        let encoder = [conv(16), max_pool2d(2), conv(8), max_pool2d(2), conv(8), max_pool2d(2)];
        let last_but_one = conv2d(16, 3).padding(Padding::Valid).relu();
        let last = conv2d(channels(input), 3).activation(self.output_activation);
        let decoder = [conv(8), upsample2d(2), conv(8), upsample2d(2), last_but_one, upsample2d(2), last];
        Spec::autoencoder(input, encoder, decoder, self.loss)
    }
}

/// An encoder of convolutions with pooling and a decoder of transposed convolutions with stride 2. The default is the
/// denoising network of keras-io.
///
/// ```
/// use handgrad_models::{Network, PooledStridedConv};
///
/// let network = Network::<f32>::new(&PooledStridedConv::default().spec(&[28, 28]))?;
/// assert_eq!(network.shape(4), [32, 7, 7]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PooledStridedConv {
    /// Output channels of the encoder's convolutions.
    pub filters: Vec<usize>,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for PooledStridedConv {
    fn default() -> Self {
        Self { filters: vec![32, 32], output_activation: Activation::Sigmoid, loss: LossKind::Bce }
    }
}

impl PooledStridedConv {
    /// Returns the network for images of shape `input`.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let encoder = self.filters.iter().flat_map(|&filters| [conv2d(filters, 3).relu(), max_pool2d(2)]);
        let back = self.filters.iter().rev().map(|&filters| conv_transpose2d(filters, 3).stride(2).relu());
        let last = conv2d(channels(input), 3).activation(self.output_activation);
        Spec::autoencoder(input, encoder, back.chain([last]), self.loss)
    }
}

impl Spec {
    /// Returns the same network with dilated convolutions: the taps of convolutions with padding *same* are `apart`
    /// values apart. A window then covers more of the image with the same number of weights. No shape changes.
    ///
    /// ```
    /// use handgrad_models::{Network, StridedConv};
    ///
    /// let plain = StridedConv::default().spec(&[28, 28]);
    /// let dilated = plain.clone().with_dilation(2);
    /// let count = |spec| Ok::<_, handgrad_models::Error>(Network::<f32>::new(spec)?.param_count());
    /// assert_eq!(count(&plain)?, count(&dilated)?);
    /// # Ok::<(), handgrad_models::Error>(())
    /// ```
    #[must_use]
    pub fn with_dilation(mut self, apart: usize) -> Self {
        for layer in self.encoder.iter_mut().chain(&mut self.decoder) {
            if let LayerSpec::Conv2d { padding: Padding::Same, dilation, .. }
            | LayerSpec::ConvTranspose2d { padding: Padding::Same, dilation, .. } = layer
            {
                *dilation = apart;
            }
        }
        self
    }
}
