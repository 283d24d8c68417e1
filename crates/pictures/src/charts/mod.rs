//! Charts as SVG, and the functions that all charts use.
//!
//! All charts have a white background, so that they look the same on a light and on a dark page. Their colours can be
//! distinguished by people who are colour-blind, and without colour by their brightness or by the style of the lines.
//! Texts that are too long for their place are shortened with an ellipsis; a title that appears under the mouse pointer
//! has the whole text.

mod axis;
pub mod confusion;
pub mod dendrogram;
mod drawing;
pub mod heat_map;
pub mod lines;
pub mod losses;
pub mod scatter;
pub mod scores;
pub mod series;
pub mod slope;
pub mod table;
mod text;

pub(crate) use axis::{Axis, ends};
pub use text::number;
