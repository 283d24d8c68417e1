//! What is asked of a file of series, and what the training part of it teaches.

use serde::{Deserialize, Serialize};

use crate::csv::{Fill, Window};

/// What is asked of a file of series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The time column of a CSV file with one step per row: its name, its number, counted from 1, or `none`. If it is
    /// not given, a column is taken that is recognised as time.
    pub time: Option<String>,
    /// The column that says to which series a step belongs: its name or its number. If it is not given, all steps are
    /// one series.
    pub series: Option<String>,
    /// Columns that are no channels.
    pub ignore: Vec<String>,
    /// The columns that are channels. If the list is empty, all columns are that are not left out.
    pub columns: Vec<String>,
    /// What a trained model knows. Then nothing is learnt from the file.
    pub known: Option<Known>,
}

/// What a model knows about its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The channels.
    pub channels: Channels,
    /// The number of steps of a sample.
    pub steps: usize,
}

/// What the training part of series teaches beside the values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// The names of the channels, in order. The list is empty if the file does not name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The names of the steps, in order, if each row of the file is one series and the file has a header. There may be
    /// thousands of them, so the model file has them beside its specification.
    #[serde(skip)]
    pub steps: Vec<String>,
    /// Whether the names come from a header. Otherwise they are those of numbered columns.
    #[serde(default)]
    pub has_header: bool,
    /// The name of the time column, which is no channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// How long a step usually is: in days if times are dates, otherwise in the units of the time column. A pause of
    /// more than 1.5 times as long is a gap. With several series, this is the one with the longest steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_step: Option<f64>,
    /// How long a step usually is in the series with the shortest steps, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest_step: Option<f64>,
    /// Whether times are dates or times of day, which numbers cannot be compared with. `None` without a time column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<bool>,
    /// The name of the column that says to which series a step belongs. It is no channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The names of the columns that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// The windows that were cut. `None` if each series is one sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What replaces missing values. `None` if they stay missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fills>,
}

/// What replaces missing values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fills {
    /// How values are replaced.
    pub by: Fill,
    /// One value for each channel. With [`Fill::Previous`] it is used where a series has no value at all.
    pub values: Vec<f64>,
}
