use std::fmt;

/// An error in the sizes or settings of a layer, a loss or an optimiser.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A layer gets samples of another size than it was built for.
    #[error(
        "{layer} takes {} per sample, but is given {} ({}): set its inputs to {found}, or change the layers or the \
         data before it",
        values(*.expected), Shape(shape), values(*.found)
    )]
    InputSize {
        /// The layer, as in the model summary.
        layer: String,
        /// Shape of the samples that it gets.
        shape: Vec<usize>,
        /// Number of values per sample.
        found: usize,
        /// Number of values per sample that the layer was built for.
        expected: usize,
    },
    /// The window of a convolution does not fit into the images.
    #[error(
        "a window of {kernel_size}×{kernel_size} taps with dilation {dilation} does not fit images of {}: use a \
         smaller window, or change the padding",
        Shape(image)
    )]
    WindowTooLarge {
        /// Height and width of the input images, without padding.
        image: [usize; 2],
        /// Height and width of the window, in taps.
        kernel_size: usize,
        /// Distance from one tap to the next, in values.
        dilation: usize,
    },
    /// A setting is outside its valid range.
    #[error("{name} is {value}, but must be {range}")]
    OutOfRange {
        /// The name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The valid range, in words.
        range: &'static str,
    },
}

/// A number of values in words.
fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

/// Displays a shape as `28×28`.
struct Shape<'a>(&'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&dims.join("×"))
    }
}
