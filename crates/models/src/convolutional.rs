//! # Convolutional autoencoders: windows that see every place of an image with the same weights
//!
//! ```text
//! strided     convolutions of stride 2 make the image smaller, transposed ones of stride 2 larger again
//!             28×28 → 16×14×14 → 8×7×7 → 8×14×14 → 16×28×28 → 28×28          the TensorFlow tutorial's, `[16, 8]`
//! pooled      convolutions keep the size, pooling halves it, upsampling doubles it
//!             28×28 → 16×14×14 → 8×7×7 → 8×4×4 → 8×8×8 → 8×16×16 → 16×28×28 → 28×28     the Keras blog's
//! ```
//!
//! The pooled one's 4×4 come from 7×7 by squares that stick out, and its way back, 4 → 8 → 16, overshoots: the convolution
//! before the last has no padding and takes 16 to 14, which doubles to 28. So it fits images whose sides are 4 below a multiple of
//! 8, as 28 is.
//!
//! Slides: CE6146 "Convolutional Autoencoder"; DIVE "Convolutional autoencoder".

use handgrad_layers::{Activation, Init, LossKind, Padding};

use crate::{LayerSpec, Spec};

/// A convolution with a 3×3 window, *same* padding and ReLU.
pub(crate) fn conv(filters: usize, stride: usize) -> LayerSpec {
    LayerSpec::Conv2d {
        filters,
        kernel_size: 3,
        stride,
        padding: Padding::Same,
        dilation: 1,
        activation: Activation::Relu,
        init: Init::XavierUniform,
    }
}

/// A transposed convolution of stride 2 with a 3×3 window, *same* padding and ReLU: twice the size.
pub(crate) fn double(filters: usize) -> LayerSpec {
    LayerSpec::ConvTranspose2d {
        filters,
        kernel_size: 3,
        stride: 2,
        padding: Padding::Same,
        output_padding: 0,
        dilation: 1,
        activation: Activation::Relu,
        init: Init::XavierUniform,
    }
}

/// Number of channels of an image.
pub(crate) fn channels(input: &[usize]) -> usize {
    if input.len() == 3 { input[0] } else { 1 }
}

/// Convolutions of stride 2 with `filters` channels, and the same ones back.
#[must_use]
pub fn strided(input: &[usize], filters: &[usize], output: Activation, loss: LossKind) -> Spec {
    let encoder = filters.iter().map(|&filters| conv(filters, 2)).collect();
    let back = filters.iter().rev().map(|&filters| double(filters));
    let decoder = back.chain([conv(channels(input), 1).with_activation(output)]).collect();
    Spec { input: input.to_vec(), scale: None, loss, reduction: loss.usual_reduction(), encoder, decoder }
}

/// Convolutions with pooling and upsampling, for images whose sides are 4 below a multiple of 8.
#[must_use]
pub fn pooled(input: &[usize], output: Activation, loss: LossKind) -> Spec {
    let (pool, up) = (LayerSpec::MaxPool2d { size: 2 }, LayerSpec::Upsample2d { size: 2 });
    let mut last_but_one = conv(16, 1);
    if let LayerSpec::Conv2d { padding, .. } = &mut last_but_one {
        *padding = Padding::Valid;
    }
    let encoder = vec![conv(16, 1), pool.clone(), conv(8, 1), pool.clone(), conv(8, 1), pool];
    let last = conv(channels(input), 1).with_activation(output);
    let decoder = vec![conv(8, 1), up.clone(), conv(8, 1), up.clone(), last_but_one, up, last];
    Spec { input: input.to_vec(), scale: None, loss, reduction: loss.usual_reduction(), encoder, decoder }
}

/// Convolutions of `filters` channels with pooling, and back by transposed convolutions of stride 2: keras-io's denoiser.
#[must_use]
pub fn pooled_and_strided(input: &[usize], filters: &[usize], output: Activation, loss: LossKind) -> Spec {
    let encoder = filters.iter().flat_map(|&filters| [conv(filters, 1), LayerSpec::MaxPool2d { size: 2 }]).collect();
    let back = filters.iter().rev().map(|&filters| double(filters));
    let decoder = back.chain([conv(channels(input), 1).with_activation(output)]).collect();
    Spec { input: input.to_vec(), scale: None, loss, reduction: loss.usual_reduction(), encoder, decoder }
}
