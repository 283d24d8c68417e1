//! The network as a diagram: a bar for the sample and for each layer, the wider the more values it has.

use std::fmt::Write;

use super::Block;
use super::text::{escape, whole};

const WIDTH: f64 = 640.0;
/// The height of a bar with its texts, and the distance to the next one.
const ROW: f64 = 46.0;
const BAR: f64 = 34.0;

/// Draws the network, from the sample down to the reconstruction. The width of a bar is proportional to the logarithm
/// of the number of its values.
pub(crate) fn svg(blocks: &[Block]) -> String {
    let most = blocks.iter().map(|block| block.values).max().unwrap_or(1);
    let full = (most as f64 + 1.0).ln();
    let height = blocks.len() as f64 * ROW;
    let mut bars = String::new();
    for (at, block) in blocks.iter().enumerate() {
        let width = (block.values as f64 + 1.0).ln() / full * (WIDTH - 4.0);
        let (x, y) = ((WIDTH - width) / 2.0, at as f64 * ROW + 2.0);
        let class = if block.is_code { "block code" } else { "block" };
        let _ = write!(
            bars,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"4\"/>"
        );
        if at + 1 < blocks.len() {
            let (middle, from, to) = (WIDTH / 2.0, y + BAR, y + ROW - 1.0);
            let _ = write!(bars, "<line class=\"arrow\" x1=\"{middle}\" x2=\"{middle}\" y1=\"{from}\" y2=\"{to}\"/>");
        }
        let what = if block.is_code { format!("{} = the code", block.what) } else { block.what.clone() };
        let parameters = match block.parameters {
            0 => String::new(),
            count => format!(" · {} parameters", whole(count)),
        };
        let text = |y: f64, class: &str, text: &str| {
            format!("<text class=\"middle {class}\" x=\"{}\" y=\"{y:.1}\">{}</text>", WIDTH / 2.0, escape(text))
        };
        bars += &text(y + 14.5, "strong", &what);
        bars += &text(y + 29.0, "", &format!("{}{parameters}", block.shape));
    }
    let total: usize = blocks.iter().map(|block| block.parameters).sum();
    let about = format!("{} layers with {} parameters", blocks.len().saturating_sub(1), whole(total));
    format!(
        "<figure class=\"chart\"><figcaption>The network: {about}. A bar is the wider the more values it has \
         (logarithmic).</figcaption><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{about}\">{bars}\
         </svg></figure>"
    )
}
