//! The page of the playground: every number of a small autoencoder in a cell, computed by the program that serves it.
//!
//! ```text
//! page.html       the frame
//! playground.css  what it has beyond the style of the report
//! cells.js        the cells: their places, colours, digits and keys
//! chart.js        the curves of the loss
//! playground.js   questions to the program, and the controls
//! ```
//!
//! The page computes nothing of the network. It asks the address `ask` next to its own, and shows the answers. Like the
//! report it is one file, and a policy in its head forbids every other address.

use serde::Serialize;

use crate::report::{fill, text::script};

/// Returns the page. `data` is what it begins with: the networks and the mistakes.
#[must_use]
pub fn html(data: &impl Serialize) -> String {
    let style = [include_str!("../report/style.css"), include_str!("playground.css")].concat();
    let scripts = [include_str!("cells.js"), include_str!("chart.js"), include_str!("playground.js")].concat();
    let places =
        [("software", crate::SOFTWARE.to_owned()), ("style", style), ("data", script(data)), ("scripts", scripts)];
    fill(include_str!("page.html"), &places)
}
