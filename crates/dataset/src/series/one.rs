//! Series as they are read, before samples are made of them.

use std::ops::Range;

use crate::csv::Fill;

use super::Fills;

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name, if a column has the names of the series.
    pub name: String,
    /// The line of the file on which each step is, or a single one for the whole series. The list may be empty.
    pub lines: Vec<u32>,
    /// The time of each step as it is in the file. It is kept only where a model is used.
    pub times: Vec<Box<str>>,
    /// The values of all steps, step by step: those of the channels in order. A missing value is NaN.
    pub values: Vec<f64>,
    /// The number of steps.
    pub steps: usize,
    /// The stretches of steps between gaps in time. No window crosses from one stretch to another.
    pub stretches: Vec<Range<usize>>,
    /// The position of the class of each step in [`Sequences::classes`], or a single one for the whole series. The list
    /// is empty if there are no labels.
    pub classes: Vec<u32>,
}

/// All series of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequences {
    /// The number of channels.
    pub channels: usize,
    /// The names of the channels. The list is empty if the file does not name them.
    pub names: Vec<String>,
    /// The names of the steps, if each row of the file is one series and the file has a header.
    pub steps: Vec<String>,
    /// Whether the names come from a header.
    pub has_header: bool,
    /// The name of the time column, if there is one.
    pub time: Option<String>,
    /// How long a step usually is, if there is a time column: in the series with the shortest steps, and in the one
    /// with the longest.
    pub usual_steps: Option<[f64; 2]>,
    /// Whether times are dates, if there is a time column.
    pub dates: Option<bool>,
    /// The name of the column that says to which series a step belongs, if there is one.
    pub series: Option<String>,
    /// The names of the columns that were left out.
    pub ignored: Vec<String>,
    /// The series, in the order of their first appearance.
    pub all: Vec<Series>,
    /// The classes, in the order of their first appearance.
    pub classes: Vec<String>,
    /// What was understood of the file, one line each.
    pub told: Vec<String>,
}

impl Series {
    /// A series without a gap.
    pub(super) fn whole(values: Vec<f64>, channels: usize, class: Option<u32>) -> Self {
        let steps = values.len() / channels.max(1);
        let (stretches, classes) = (std::iter::once(0..steps).collect(), class.into_iter().collect());
        Self { values, steps, stretches, classes, ..Self::default() }
    }

    /// The classes of a stretch of steps.
    pub(super) fn classes_of(&self, steps: Range<usize>) -> &[u32] {
        if self.classes.len() == 1 { &self.classes } else { self.classes.get(steps).unwrap_or_default() }
    }

    /// Splits into the first `steps` steps and the others.
    pub(super) fn split(self, steps: usize) -> (Self, Self) {
        let channels = self.values.len() / self.steps.max(1);
        let part = |range: Range<usize>| {
            let clipped = |stretch: &Range<usize>| {
                let (start, end) = (stretch.start.max(range.start), stretch.end.min(range.end));
                (start < end).then(|| start - range.start..end - range.start)
            };
            let of_steps =
                |lines: &[u32]| if lines.len() == self.steps { lines[range.clone()].to_vec() } else { lines.to_vec() };
            Self {
                name: self.name.clone(),
                lines: of_steps(&self.lines),
                times: self.times.get(range.clone()).unwrap_or_default().to_vec(),
                values: self.values[range.start * channels..range.end * channels].to_vec(),
                steps: range.len(),
                stretches: self.stretches.iter().filter_map(clipped).collect(),
                classes: self.classes_of(range.clone()).to_vec(),
            }
        };
        (part(0..steps), part(steps..self.steps))
    }

    /// Replaces missing values.
    pub(super) fn fill(&mut self, fills: &Fills) {
        let channels = fills.values.len();
        for (channel, &value) in fills.values.iter().enumerate() {
            let of_channel = || (0..self.steps).map(|step| step * channels + channel);
            let mut stand_in = match fills.by {
                Fill::Zero | Fill::Mean => value,
                Fill::Previous => of_channel().map(|at| self.values[at]).find(|value| !value.is_nan()).unwrap_or(value),
            };
            for at in of_channel() {
                match self.values[at] {
                    missing if missing.is_nan() => self.values[at] = stand_in,
                    known if fills.by == Fill::Previous => stand_in = known,
                    _ => {}
                }
            }
        }
    }
}

/// The values that fill holes: the mean of each channel over the known values of these series, or 0.
pub(super) fn fills(by: Fill, series: &[Series], channels: usize) -> Fills {
    let mut values = vec![0.0; channels];
    if by != Fill::Zero {
        let mut counts = vec![0.0_f64; channels];
        for step in series.iter().flat_map(|series| series.values.chunks_exact(channels.max(1))) {
            for (at, value) in step.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                values[at] += value;
                counts[at] += 1.0;
            }
        }
        values.iter_mut().zip(counts).for_each(|(value, count)| *value /= count.max(1.0));
    }
    Fills { by, values }
}
