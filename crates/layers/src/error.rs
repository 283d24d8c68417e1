use std::fmt;

/// What is wrong with the sizes or settings of a layer, a loss or an optimiser.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A layer is given samples of another size than it was built for.
    #[error(
        "{layer} takes {expected} values a sample, but is given {} ({found} values): set its inputs to {found}, or \
         change what comes before it",
        Shape(shape)
    )]
    InputSize {
        /// The layer, as in the model summary.
        layer: String,
        /// Shape of the samples it is given.
        shape: Vec<usize>,
        /// Their number of values.
        found: usize,
        /// The number it was built for.
        expected: usize,
    },
    /// A convolution's window does not fit.
    #[error(
        "a window of {kernel_size}×{kernel_size} taps, {dilation} apart, does not fit images of {}: make it smaller, \
         or pad them",
        Shape(image)
    )]
    WindowTooLarge {
        /// Height and width of the images, with what padding leaves of them.
        image: [usize; 2],
        /// Taps down and across.
        kernel_size: usize,
        /// Values from one tap to the next.
        dilation: usize,
    },
    /// A number lies outside the range in which it means something.
    #[error("{name} is {value}, but must be {range}")]
    OutOfRange {
        /// The setting's name.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}

/// A shape as people write it: 28×28.
struct Shape<'a>(&'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&dims.join("×"))
    }
}
