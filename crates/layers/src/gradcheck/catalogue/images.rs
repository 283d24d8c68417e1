//! Layers for images.

use super::{Case, Entry};
use crate::window::Chw;
use crate::{Activation, Conv2d, ConvTranspose2d, Error, MaxPool2d, Padding, Upsample2d};

/// Kernel size, stride, dilation and padding of windows of every kind.
const WINDOWS: [([usize; 3], Padding); 10] = [
    ([1, 1, 1], Padding::Valid),
    ([3, 1, 1], Padding::Same),
    ([3, 2, 1], Padding::Same),
    ([3, 2, 1], Padding::Explicit(1)),
    ([2, 2, 1], Padding::Valid),
    ([5, 3, 1], Padding::Explicit(2)),
    ([3, 1, 2], Padding::Same),
    ([3, 2, 3], Padding::Explicit(3)),
    ([4, 2, 1], Padding::Same),
    ([2, 3, 1], Padding::Valid),
];
const IMAGES: [Chw; 4] = [[1, 7, 7], [2, 8, 6], [3, 5, 9], [1, 9, 12]];

/// The same for transposed convolutions, with their output padding.
const TRANSPOSED: [([usize; 3], Padding, usize); 7] = [
    ([3, 2, 1], Padding::Same, 0),
    ([3, 2, 1], Padding::Explicit(1), 1),
    ([3, 2, 1], Padding::Explicit(1), 0),
    ([2, 2, 1], Padding::Valid, 0),
    ([4, 3, 1], Padding::Explicit(1), 2),
    ([3, 1, 2], Padding::Same, 0),
    ([1, 1, 1], Padding::Valid, 0),
];
const SMALL_IMAGES: [Chw; 3] = [[1, 3, 3], [2, 4, 3], [9, 2, 5]];

/// Images and the side of a square, for pooling and upsampling. Some sides divide the height and width of the image,
/// others do not.
pub const POOLED: [(Chw, usize); 5] = [([1, 4, 4], 2), ([2, 5, 7], 2), ([3, 6, 6], 3), ([1, 3, 3], 1), ([2, 2, 3], 3)];

/// Convolutions for all pairs of a window and an image that fit, each with its padding.
pub fn convolutions(activation: Activation) -> impl Iterator<Item = (Padding, Conv2d)> {
    IMAGES.into_iter().flat_map(move |x| {
        WINDOWS.into_iter().zip([1, 2, 3, 4, 9].into_iter().cycle()).filter_map(move |((sizes, padding), filters)| {
            Some((padding, Conv2d::new(x, filters, sizes, padding, activation).ok()?))
        })
    })
}

/// Transposed convolutions for all pairs of a window and an image that fit, each with its padding.
pub fn transposed_convolutions(activation: Activation) -> impl Iterator<Item = (Padding, ConvTranspose2d)> {
    SMALL_IMAGES.into_iter().flat_map(move |x| {
        TRANSPOSED.into_iter().zip([1, 2, 5].into_iter().cycle()).filter_map(
            move |((sizes, padding, more), filters)| {
                Some((padding, ConvTranspose2d::new(x, filters, sizes, padding, more, activation).ok()?))
            },
        )
    })
}

/// The kind of check that a convolution belongs to.
fn kind(padding: Padding, dilation: usize) -> &'static str {
    match padding {
        _ if dilation > 1 => "dilated",
        Padding::Valid => "valid",
        Padding::Same => "same",
        Padding::Explicit(_) => "explicit",
    }
}

/// Convolutions with φ = tanh, which has no kink, and with ReLU, which is applied while the sums are in registers;
/// then pooling and upsampling.
pub(super) fn entries() -> Result<Vec<Entry>, Error> {
    let kinds = [
        ("valid", "no zeros around the image, strides 1 to 3"),
        ("same", "padding as in Keras, strides 1 and 2"),
        ("explicit", "the same padding on every side as in PyTorch, strides 2 and 3"),
        ("dilated", "taps 2 or 3 apart"),
    ];
    let mut entries = Vec::new();
    for (of, says) in kinds {
        let cases = convolutions(Activation::Tanh).filter(|(padding, conv)| kind(*padding, conv.window.dilation) == of);
        let cases = cases.map(|(_, conv)| Case::new(conv, &conv.window.x)).collect::<Result<_, _>>()?;
        entries.push(Entry::new(format!("conv2d-{of}"), says, cases));
    }
    let relu = convolutions(Activation::Relu).zip(convolutions(Activation::Linear));
    let relu = relu.map(|((_, conv), (_, linear))| Case::with_relu(conv, linear, &conv.window.x));
    entries.push(Entry::new("conv2d-relu", "all of these with a ReLU", relu.collect::<Result<_, _>>()?));
    for (of, says) in kinds {
        let convolutions = transposed_convolutions(Activation::Tanh);
        let cases = convolutions.filter(|(padding, conv)| kind(*padding, conv.window.dilation) == of);
        let cases = cases.map(|(_, conv)| Case::new(conv, &conv.window.y)).collect::<Result<_, _>>()?;
        entries.push(Entry::new(format!("conv-transpose2d-{of}"), says, cases));
    }
    let relu = transposed_convolutions(Activation::Relu).zip(transposed_convolutions(Activation::Linear));
    let relu = relu.map(|((_, conv), (_, linear))| Case::with_relu(conv, linear, &conv.window.y));
    entries.push(Entry::new("conv-transpose2d-relu", "all of these with a ReLU", relu.collect::<Result<_, _>>()?));
    let (mut pooling, mut upsampling) = (Vec::new(), Vec::new());
    for (input, size) in POOLED {
        pooling.push(Case::new(MaxPool2d { input, size }, &input)?);
        upsampling.push(Case::new(Upsample2d { input, size }, &input)?);
    }
    entries.push(Entry::new("max-pool2d", "the largest value of each square gets the gradient", pooling));
    entries.push(Entry::new("upsample2d", "a value gets the gradients of its square", upsampling));
    Ok(entries)
}
