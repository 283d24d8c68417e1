//! Series: samples whose values follow one another in steps, with one or several channels.
//!
//! They come from three kinds of files:
//!
//! - CSV with one step per row. A time column says when each step was, and a series column to which series it belongs.
//!   Windows are cut from the series, or each series is one sample.
//! - CSV with one series per row.
//! - The formats of the UCR and UEA archives: [`.ts`](ts) and [`.tsv`](tsv). If the name of a file ends in `_TRAIN` and
//!   there is one that ends in `_TEST` beside it, they are the two parts.
//!
//! A missing value is NaN, unless it is filled. Series that are shorter than the longest one are padded with NaN at
//! their end. [`Channels`] is what the training part teaches beside the values: names, order, and values to fill in.

mod channels;
mod cut;
mod load;
mod long;
mod one;
mod time;
mod told;
pub mod ts;
pub mod tsv;
mod wide;

pub use channels::{Asked, Channels, Fills, Known};
pub use load::{all_of, decode, is_file, is_folder};
pub(crate) use load::{data_set, folder, test_alone};
pub use one::{Sequences, Series};
