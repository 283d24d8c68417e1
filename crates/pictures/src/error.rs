//! The error type of this crate.

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The samples do not have as many values as their shape says, or they have none.
    #[error("samples of {} cannot be drawn in the shape {shape:?}", counted(*.values))]
    Shape {
        /// How many values a sample has.
        values: usize,
        /// The shape that was given.
        shape: Vec<usize>,
    },
    /// The images are not all of the same size.
    #[error(
        "images of different sizes cannot be drawn in one picture: {first:?} and {other:?} (channels, height, width)"
    )]
    DifferentSizes {
        /// Channels, height and width of the first image.
        first: [usize; 3],
        /// The same of an image that differs from it.
        other: [usize; 3],
    },
    /// A row of a heat map does not have one error for each column.
    #[error("the row {row} has {errors} errors, but there are {columns} columns")]
    RowLength {
        /// The identifier of the row.
        row: String,
        /// How many errors it has.
        errors: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// A confusion matrix does not have one count for each pair of classes.
    #[error("a confusion matrix of {classes} classes has {counts} counts, not one for each pair of classes")]
    Counts {
        /// How many counts there are.
        counts: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// The picture has more pixels than a PNG file can have.
    #[error("a picture of {width} × {height} pixels is too large for a PNG; draw fewer samples")]
    TooLarge {
        /// Width of the picture in pixels.
        width: usize,
        /// Height of the picture in pixels.
        height: usize,
    },
    /// The pixels could not be written as a PNG.
    #[error("the picture cannot be written as a PNG: {0}")]
    Png(#[from] png::EncodingError),
}

/// A number of values in words.
fn counted(values: usize) -> String {
    if values == 1 { "1 value".to_owned() } else { format!("{values} values") }
}
