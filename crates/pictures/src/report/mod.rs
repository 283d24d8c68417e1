//! The report of a run: one HTML file with pictures, charts and an explorer that runs the network in the page.
//!
//! ```text
//! page.html     the frame: it has the places of the sections
//! style.css     dark and light, wide and narrow, screen and paper
//! network.js    the layers: the formulas of crates/layers, for one sample
//! views.js      the canvases, the map, drawing, and the row of a table
//! explorer.js   from the data to the network and back, the sliders, and the check of the page against stored results
//! ```
//!
//! Everything is inside the file: it has no address of another file or server, and a policy in its head forbids the
//! browser to load any. Every text that comes from data is escaped where it is written (`text.rs`).

mod curves;
mod diagram;
mod explorer;
mod map;
mod sections;
pub(crate) mod text;
mod weights;

pub use explorer::{Check, Column, Explorer, Kept, Layer, Output, Plane, Recurrent, Scale, Window};
pub use weights::{Packed, pack};

use sections::{anomaly, code, columns, examples, facts, glossary, training};
use text::{escape, script};

/// Everything that a report shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of the run.
    pub title: String,
    /// One sentence about the model and its data.
    pub about: String,
    /// What was trained: names and values.
    pub facts: Vec<[String; 2]>,
    /// The settings of the run: names and values.
    pub settings: Vec<[String; 2]>,
    /// The command that repeats the training.
    pub command: String,
    /// The layers, first those of the encoder.
    pub blocks: Vec<Block>,
    /// The epochs of the training.
    pub epochs: Vec<Epoch>,
    /// What the loss is, in words.
    pub loss: String,
    /// Losses to compare with: a name and a value each.
    pub yardsticks: Vec<(String, f64)>,
    /// The epoch whose weights were kept.
    pub kept: usize,
    /// Samples with their reconstructions.
    pub examples: Examples,
    /// The map of the codes.
    pub map: Option<Map>,
    /// The values of the codes.
    pub code: CodeValues,
    /// How well the columns of a table are reconstructed.
    pub columns: Vec<ColumnQuality>,
    /// The scores of samples.
    pub scores: Scores,
    /// What the explorer needs, and the packed weights; or why there is no explorer.
    pub explorer: Result<(Explorer, String), String>,
}

/// One layer in the diagram of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the layer is.
    pub what: String,
    /// The shape of its output.
    pub shape: String,
    /// The number of values of its output.
    pub values: usize,
    /// The number of its own parameters.
    pub parameters: usize,
    /// Whether its output is the code.
    pub is_code: bool,
}

/// The figures of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, counted from 1.
    pub epoch: usize,
    /// The training loss.
    pub training: f64,
    /// The validation loss.
    pub validation: f64,
    /// The terms of the validation loss: a name and a value each. A single term is the loss itself.
    pub terms: Vec<(String, f64)>,
    /// The learning rate.
    pub learning_rate: f64,
    /// The duration in seconds.
    pub seconds: f64,
}

/// Samples with their reconstructions, by how well they are reconstructed.
#[derive(Clone, Debug)]
pub enum Examples {
    /// Images: PNG files of the sample, its reconstruction, and the absolute error.
    Images {
        /// The images, the best first.
        images: Vec<ExampleImage>,
        /// The error that is white in the error maps.
        white: f64,
        /// The values that are black and white in the samples, if these are not 0 and 1.
        range: Option<(f64, f64)>,
    },
    /// A chart of series as SVG, and what it shows.
    Chart(String, String),
    /// Rows of a table: the names of the columns, and each row with its title and a pair of cells for each column.
    Rows(Vec<String>, Vec<ExampleRow>),
}

/// An image with its reconstruction.
#[derive(Clone, Debug)]
pub struct ExampleImage {
    /// What it is: best, median or worst, its number and its class.
    pub title: String,
    /// Its error.
    pub error: f64,
    /// The PNG files of the sample, its reconstruction, and the absolute error.
    pub png: [Vec<u8>; 3],
}

/// A row of a table with its reconstruction.
#[derive(Clone, Debug)]
pub struct ExampleRow {
    /// What it is: best, median or worst, and where it is.
    pub title: String,
    /// Its error.
    pub error: f64,
    /// For each column, what was found and what was reconstructed.
    pub cells: Vec<[String; 2]>,
}

/// The codes of samples as points of a plane.
#[derive(Clone, Debug)]
pub struct Map {
    /// What the axes are.
    pub axes: [String; 2],
    /// Which samples are shown, and how they were chosen.
    pub chosen: String,
    /// The points.
    pub points: Vec<[f64; 2]>,
    /// The values at the left and right end, and those at the lower and upper end.
    pub ends: [[f64; 2]; 2],
    /// The classes, and the class of each point. Empty if there are no labels.
    pub classes: Vec<String>,
    /// For each point, the position of its class. Empty if there are no labels.
    pub of: Vec<u32>,
}

/// How the values of codes are distributed.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeValues {
    /// The edges of the bins: one more than there are bins.
    pub edges: Vec<f64>,
    /// How many values are in each bin.
    pub counts: Vec<usize>,
    /// What is known about the code, in sentences.
    pub notes: Vec<String>,
    /// For a variational model: the mean KL divergence of each unit in nats.
    pub kl: Vec<f64>,
}

/// How well a column of a table is reconstructed.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnQuality {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// R² or accuracy, in words.
    pub quality: String,
    /// R² or accuracy as a part of 1, for a bar. NaN if it is not defined.
    pub part: f64,
    /// Its error, or the accuracy of always saying the most frequent class, in words.
    pub error: String,
}

/// The reconstruction errors of the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What a score is, in a sentence.
    pub about: String,
    /// The edges of the bins.
    pub edges: Vec<f64>,
    /// How many scores are in each bin.
    pub counts: Vec<usize>,
    /// The threshold.
    pub threshold: f64,
    /// For each class: its name, its samples, its mean score, and how many of its samples reach the threshold.
    pub classes: Vec<(String, usize, f64, usize)>,
    /// How well the scores separate classes that the model was not trained on, in a sentence.
    pub separation: Option<String>,
}

/// Draws the report as one HTML file.
#[must_use]
pub fn html(page: &Page) -> String {
    let (has, weights) = match &page.explorer {
        Ok((explorer, weights)) => (Ok(explorer), weights.as_str()),
        Err(why) => (Err(why.as_str()), ""),
    };
    let data = has.map_or_else(|_| "null".to_owned(), script);
    let map = page.map.as_ref().map_or_else(String::new, map::section);
    let scripts = [include_str!("network.js"), include_str!("views.js"), include_str!("explorer.js")];
    let scripts = if has.is_ok() { scripts.concat() } else { String::new() };
    let places = [
        ("software", crate::SOFTWARE.to_owned()),
        ("title", escape(&page.title)),
        ("about", escape(&page.about)),
        ("style", include_str!("style.css").to_owned()),
        ("facts", facts(page)),
        ("diagram", diagram::svg(&page.blocks)),
        ("training", training(page)),
        ("examples", examples(&page.examples)),
        ("map", map),
        ("explorer", explorer::section(has)),
        ("code", code(&page.code)),
        ("columns", columns(&page.columns)),
        ("anomaly", anomaly(&page.scores)),
        ("glossary", glossary()),
        ("data", data),
        ("weights", weights.to_owned()),
        ("scripts", scripts),
        ("hover", include_str!("hover.js").to_owned()),
    ];
    fill(include_str!("page.html"), &places)
}

/// Replaces each `{{name}}` of the template by its text. What is inserted is not searched again, so a text from data
/// that looks like a place stays as it is.
pub(crate) fn fill(template: &str, places: &[(&str, String)]) -> String {
    let mut html = String::with_capacity(places.iter().map(|(_, text)| text.len()).sum::<usize>() + template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        html.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        html.extend(places.iter().filter(|(place, _)| *place == name).map(|(_, text)| text.as_str()));
        rest = after;
    }
    html + rest
}
