//! Layers for images.

use handgrad_layers::{Activation, Init, Padding};

use crate::LayerSpec;

/// [`handgrad_layers::conv2d`] with `filters` output channels and a square window of side `kernel_size`.
///
/// ```
/// use handgrad_layers::{Activation, Init, Padding};
/// use handgrad_models::{LayerSpec, builders::conv2d};
///
/// let written_out = LayerSpec::Conv2d {
///     filters: 16,
///     kernel_size: 3,
///     stride: 2,
///     padding: Padding::Same,
///     dilation: 1,
///     activation: Activation::Relu,
///     init: Init::XavierUniform,
/// };
/// assert_eq!(conv2d(16, 3).stride(2).relu(), written_out);
/// ```
pub fn conv2d(filters: usize, kernel_size: usize) -> Conv2d {
    let (padding, init) = (Padding::Same, Init::XavierUniform);
    Conv2d { filters, kernel_size, stride: 1, padding, dilation: 1, init }
}

/// A convolution whose activation is not set yet: see [`conv2d`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Conv2d {
    filters: usize,
    kernel_size: usize,
    stride: usize,
    padding: Padding,
    dilation: usize,
    init: Init,
}

impl Conv2d {
    /// Sets the stride: the distance from one window to the next, in values.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Sets the padding: the zeros around the image.
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Sets the dilation: the distance from one tap to the next.
    pub fn dilation(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    /// Sets the initialisation of the weights.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer with the given activation φ.
    #[must_use]
    pub fn activation(self, activation: Activation) -> LayerSpec {
        let Self { filters, kernel_size, stride, padding, dilation, init } = self;
        LayerSpec::Conv2d { filters, kernel_size, stride, padding, dilation, activation, init }
    }
}

/// [`handgrad_layers::conv_transpose2d`] with `filters` output channels and a square window of side `kernel_size`.
///
/// ```
/// use handgrad_layers::{Activation, Init, Padding};
/// use handgrad_models::{LayerSpec, builders::conv_transpose2d};
///
/// let written_out = LayerSpec::ConvTranspose2d {
///     filters: 16,
///     kernel_size: 3,
///     stride: 2,
///     padding: Padding::Explicit(1),
///     output_padding: 1,
///     dilation: 1,
///     activation: Activation::Relu,
///     init: Init::XavierUniform,
/// };
/// let layer = conv_transpose2d(16, 3).stride(2).padding(Padding::Explicit(1)).output_padding(1).relu();
/// assert_eq!(layer, written_out);
/// ```
pub fn conv_transpose2d(filters: usize, kernel_size: usize) -> ConvTranspose2d {
    let (padding, init) = (Padding::Same, Init::XavierUniform);
    ConvTranspose2d { filters, kernel_size, stride: 1, padding, output_padding: 0, dilation: 1, init }
}

/// A transposed convolution whose activation is not set yet: see [`conv_transpose2d`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ConvTranspose2d {
    filters: usize,
    kernel_size: usize,
    stride: usize,
    padding: Padding,
    output_padding: usize,
    dilation: usize,
    init: Init,
}

impl ConvTranspose2d {
    /// Sets the stride: the distance between the windows of neighbouring inputs, in values.
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Sets the padding: the number of lines and columns that are removed around the output.
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Sets the output padding: the number of lines and columns that are added to the smallest possible output, for
    /// explicit padding.
    pub fn output_padding(self, output_padding: usize) -> Self {
        Self { output_padding, ..self }
    }

    /// Sets the dilation: the distance from one tap to the next.
    pub fn dilation(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    /// Sets the initialisation of the weights.
    pub fn init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// Returns the layer with the given activation φ.
    #[must_use]
    pub fn activation(self, activation: Activation) -> LayerSpec {
        let Self { filters, kernel_size, stride, padding, output_padding, dilation, init } = self;
        LayerSpec::ConvTranspose2d { filters, kernel_size, stride, padding, output_padding, dilation, activation, init }
    }
}

activations!(Conv2d, ConvTranspose2d);

/// [`handgrad_layers::max_pool2d`] with squares of side `size`.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::max_pool2d};
///
/// assert_eq!(max_pool2d(2), LayerSpec::MaxPool2d { size: 2 });
/// ```
#[must_use]
pub fn max_pool2d(size: usize) -> LayerSpec {
    LayerSpec::MaxPool2d { size }
}

/// [`handgrad_layers::upsample2d`]: every value becomes a square of side `size`.
///
/// ```
/// use handgrad_models::{LayerSpec, builders::upsample2d};
///
/// assert_eq!(upsample2d(2), LayerSpec::Upsample2d { size: 2 });
/// ```
#[must_use]
pub fn upsample2d(size: usize) -> LayerSpec {
    LayerSpec::Upsample2d { size }
}
