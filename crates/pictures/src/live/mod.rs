//! The page of a training that is not over yet: one HTML file, and the events that it gets while the network trains.
//!
//! ```text
//! page.html     the frame
//! live.css      what it needs beside the style sheet of the report
//! draw.js       the charts and the map
//! samples.js    the samples and their reconstructions
//! live.js       the events, the progress, the layers, and the button that stops the training
//! ```
//!
//! The page loads nothing but its events, from the address that it comes from. In the file, every text that comes from
//! data is escaped; the scripts write such texts only as text.

use serde::Serialize;

use crate::report::sections::two_columns;
use crate::report::text::{escape, script};
use crate::report::weights::base64;
use crate::report::{Block, diagram, fill};

/// Everything that does not change while the network trains.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of the run.
    pub title: String,
    /// One sentence about the network and its data.
    pub about: String,
    /// What is trained: names and values.
    pub facts: Vec<[String; 2]>,
    /// The settings of the run: names and values.
    pub settings: Vec<[String; 2]>,
    /// The command that continues the training after a stop.
    pub command: String,
    /// The layers, first those of the encoder.
    pub blocks: Vec<Block>,
    /// What the scripts need.
    pub start: Start,
}

/// What the scripts of the page need from the start. The fields are those that they read.
#[derive(Clone, Debug, Serialize)]
pub struct Start {
    /// The number of epochs of the plan.
    pub epochs: usize,
    /// Whether the training may end earlier, because the validation loss does not fall any more.
    pub may_end_early: bool,
    /// What the loss is, in words.
    pub loss: String,
    /// The names of the terms of the loss. A single term is the loss itself.
    pub terms: Vec<String>,
    /// Losses to compare with: a name and a value each.
    pub yardsticks: Vec<(String, f64)>,
    /// The samples whose reconstructions are shown.
    pub samples: Samples,
    /// The classes of the points of the map. Empty if there are no labels.
    pub classes: Vec<String>,
    /// For each point of the map, the position of its class. Empty if there are no labels.
    pub of: Vec<u32>,
    /// The layers that have parameters.
    pub layers: Vec<String>,
}

/// The samples whose reconstructions are shown.
#[derive(Clone, Debug, Serialize)]
pub struct Samples {
    /// How they are shown: `image`, `series` or `table`.
    pub form: &'static str,
    /// The planes, the height and the width of an image; 1, the number of steps and the number of channels of a
    /// series; 1, 1 and the number of columns of a table.
    pub shape: [usize; 3],
    /// The names of the channels or columns.
    pub names: Vec<String>,
    /// What each sample is: its number and its class.
    pub titles: Vec<String>,
    /// The samples.
    pub inputs: Values,
}

/// Samples or reconstructions, one entry for each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// Levels from 0, black, to 255, white, as base64: see [`levels`].
    Levels(Vec<String>),
    /// The numbers of series, step by step. NaN is a missing value.
    Numbers(Vec<Vec<f32>>),
    /// The cells of rows of a table, as text.
    Cells(Vec<Vec<String>>),
}

/// Something that the page is told while the network trains.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// The events of the training so far follow, from its beginning.
    Begin,
    /// A step is done.
    Step {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The part of all steps of the plan that is done.
        part: f64,
        /// The mean loss over the samples of this epoch so far.
        loss: f64,
        /// The number of samples per second since the training began, with all that is done between steps.
        rate: f64,
        /// The seconds until the end of the plan at this rate.
        left: Option<f64>,
    },
    /// An epoch is done.
    Epoch {
        /// Its number, counted from 1.
        epoch: usize,
        /// The training loss.
        training: f64,
        /// The validation loss.
        validation: f64,
        /// The terms of the validation loss, in the order of [`Start::terms`].
        terms: Vec<f64>,
        /// The learning rate.
        learning_rate: f64,
        /// The duration of its steps in seconds.
        seconds: f64,
    },
    /// The reconstructions of the samples.
    Samples {
        /// With which weights they were computed, in words.
        when: String,
        /// The score of each sample: the mean squared difference from its reconstruction.
        scores: Vec<f64>,
        /// The reconstructions.
        outputs: Values,
    },
    /// The map of the codes.
    Map {
        /// With which weights it was computed, in words.
        when: String,
        /// What the axes are.
        axes: [String; 2],
        /// The values at the left and right end, and those at the lower and upper end.
        ends: [[f64; 2]; 2],
        /// x and y of one point after the other: x from 0, left, to 500, and y from 0, at the top, to 500.
        points: Vec<u16>,
    },
    /// The gradient and the update of each layer that has parameters.
    Layers {
        /// The epoch after which they were computed.
        epoch: usize,
        /// The epoch of the weights that the update starts from.
        from: usize,
        /// ‖∂L/∂θ‖ of each layer.
        gradients: Vec<f64>,
        /// ‖θ − θ_before‖ / ‖θ_before‖ of each layer. NaN if θ_before is 0.
        updates: Vec<f64>,
    },
    /// The page has asked the training to stop.
    Stopping,
    /// The training is over.
    End {
        /// How it ended, in words.
        text: String,
    },
}

impl Event {
    /// Writes the event as JSON in one line. Numbers that are not finite become `null`.
    #[must_use]
    pub fn json(&self) -> String {
        // Only maps whose keys are not texts cannot be written, and there are none here.
        serde_json::to_string(self).unwrap_or_else(|_| "null".to_owned())
    }
}

/// Writes values from 0, black, to 1, white, as a text for [`Values::Levels`]. Values beyond are black or white.
#[must_use]
pub fn levels(values: impl IntoIterator<Item = f32>) -> String {
    base64(&values.into_iter().map(|value| (255.0 * value).round() as u8).collect::<Vec<_>>())
}

/// Returns the place of a point on the map, from 0 to 500: `part` is its place between the ends of an axis, from 0 to
/// 1.
#[must_use]
pub fn place(part: f64) -> u16 {
    const SIDE: f64 = 500.0;
    (SIDE * part.clamp(0.0, 1.0)).round() as u16
}

/// Draws the page as one HTML file.
#[must_use]
pub fn html(page: &Page) -> String {
    let scripts = [include_str!("draw.js"), include_str!("samples.js"), include_str!("live.js")];
    let places = [
        ("software", crate::SOFTWARE.to_owned()),
        ("title", escape(&page.title)),
        ("about", escape(&page.about)),
        ("style", [include_str!("../report/style.css"), include_str!("live.css")].concat()),
        ("command", escape(&page.command)),
        ("diagram", diagram::svg(&page.blocks)),
        ("facts", two_columns("The run", &page.facts)),
        ("settings", two_columns("Settings", &page.settings)),
        ("data", script(&page.start)),
        ("scripts", scripts.concat()),
    ];
    fill(include_str!("page.html"), &places)
}

#[cfg(test)]
mod tests {
    use super::{Event, levels, place};

    #[test]
    fn levels_are_bytes_from_black_to_white() {
        // 0, 128, 255, and the same beyond the ends.
        assert_eq!([levels([0.0, 0.5, 1.0]), levels([-3.0, 0.5, 7.0])], ["AID/", "AID/"]);
        assert_eq!([0.0, 0.5, 1.0, -1.0, f64::NAN].map(place), [0, 250, 500, 0, 0]);
    }

    #[test]
    fn an_event_is_one_line_whatever_its_texts_and_numbers() {
        let text = "a \"b\"\n</script>\r\u{2028}".to_owned();
        let json = Event::End { text: text.clone() }.json();
        assert!(!json.contains(['\n', '\r']), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read["kind"], "end");
        assert_eq!(read["text"], text);
        let layers = Event::Layers { epoch: 2, from: 1, gradients: vec![f64::INFINITY], updates: vec![0.5] }.json();
        assert_eq!(layers, r#"{"kind":"layers","epoch":2,"from":1,"gradients":[null],"updates":[0.5]}"#);
    }
}
