//! The channels of a series and their reconstructions as an SVG: one panel below the other, each with its own axis.

use std::ops::Range;

use super::axis::{Axis, ends};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, width};

/// The most channels that are drawn.
pub const CHANNELS: usize = 12;

const WIDTH: f64 = 760.0;
/// The right end of all panels.
const RIGHT: f64 = 720.0;
/// The height of the axis of a panel, and its distance from the one above, where its name stands.
const PANEL: f64 = 90.0;
const BETWEEN: f64 = 34.0;
/// The upper end of the first panel, without the distance.
const TOP: f64 = 56.0;
const GAP: f64 = 8.0;

const STYLE: &str = ".marked{fill:#ddd}.frame{stroke:#777}.name{font-weight:600}.input{stroke:#0b5394;fill:none;\
    stroke-width:1.8}.reconstruction{stroke:#ee7733;fill:none;stroke-width:1.8;stroke-dasharray:6 3}\
    .error{stroke:#882255;fill:none;stroke-width:1.5}.more{fill:#666;font-style:italic}";

/// A series and its reconstruction.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The title above the panels.
    pub title: &'a str,
    /// The name of the common axis, with its unit if it has one, for example `step`. It counts from 0.
    pub steps: &'a str,
    /// The channels. At most [`CHANNELS`] are drawn.
    pub channels: &'a [Channel<'a>],
    /// Steps that are marked in all panels, such as missing or padded ones. The input has a gap there. The
    /// reconstruction is drawn there too; to leave a gap in it as well, use values that are not numbers.
    pub marked: &'a [Range<usize>],
    /// What the marked steps are, for the legend.
    pub mark: &'a str,
    /// The error of each step, drawn in a panel of its own below the others.
    pub error: Option<StepErrors<'a>>,
}

/// A channel of a series. A value that is not finite is a gap in its curve.
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The name of the channel, with its unit if it has one.
    pub name: &'a str,
    /// The value of each step.
    pub input: &'a [f64],
    /// The reconstruction of each step. It may be empty, and then only the input is drawn.
    pub reconstruction: &'a [f64],
}

/// The errors of the steps of a series.
#[derive(Clone, Copy, Debug)]
pub struct StepErrors<'a> {
    /// What the error is, with its unit if it has one.
    pub name: &'a str,
    /// The error of each step. A value that is not finite is a gap.
    pub values: &'a [f64],
}

/// Draws each channel as a panel, with the input as a solid line and the reconstruction as a dashed line. Of a series
/// that has more steps than there is room for, the smallest and the largest value of neighbouring steps are drawn.
///
/// ```
/// use handgrad_pictures::charts::series::{Channel, Series, svg};
///
/// let pulse = Channel { name: "pulse (1/min)", input: &[61.0, f64::NAN, 64.0], reconstruction: &[62.0, 63.0, 63.5] };
/// let chart = Series {
///     title: "Patient 7",
///     steps: "second",
///     channels: &[pulse],
///     marked: &[1..2],
///     mark: "missing",
///     error: None,
/// };
/// assert!(svg(&chart).contains("pulse (1/min)"));
/// ```
#[must_use]
pub fn svg(chart: &Series) -> String {
    draw(chart).0
}

/// Draws several series in one picture, one below the other.
///
/// ```
/// use handgrad_pictures::charts::series::{Channel, Series, svg_of_all};
///
/// let pulse = [Channel { name: "pulse", input: &[61.0, 64.0], reconstruction: &[62.0, 63.5] }];
/// let chart = |title| Series { title, steps: "second", channels: &pulse, marked: &[], mark: "", error: None };
/// let picture = svg_of_all("Two patients", &[chart("Patient 7"), chart("Patient 8")]);
/// assert!(picture.contains("Patient 7") && picture.contains("Patient 8"));
/// ```
#[must_use]
pub fn svg_of_all(title: &str, charts: &[Series]) -> String {
    let drawn: Vec<(String, f64)> = charts.iter().map(draw).collect();
    let height: f64 = drawn.iter().map(|(_, height)| height).sum();
    let mut picture = Drawing::new([WIDTH, height.max(1.0)], title, "Series, one below the other.", "");
    let mut top = 0.0;
    for (chart, height) in &drawn {
        picture.picture([0.0, top], [WIDTH, *height], chart);
        top += height;
    }
    picture.finish()
}

/// Draws a chart, and returns it with its height.
fn draw(chart: &Series) -> (String, f64) {
    let shown = &chart.channels[..chart.channels.len().min(CHANNELS)];
    let left_out = chart.channels.len() - shown.len();
    let steps = shown.iter().flat_map(|channel| [channel.input.len(), channel.reconstruction.len()]);
    let steps = steps.chain(chart.error.map(|error| error.values.len())).max().unwrap_or(0);
    let is_marked = marked_steps(chart.marked, steps);
    let inputs: Vec<Vec<f64>> = shown.iter().map(|channel| without(channel.input, &is_marked)).collect();

    let mut panels: Vec<Panel> = shown
        .iter()
        .zip(&inputs)
        .map(|(channel, input)| {
            Panel::new(channel.name, [("input", input.as_slice()), ("reconstruction", channel.reconstruction)])
        })
        .collect();
    panels.extend(chart.error.map(|error| Panel::new(error.name, [("error", error.values), ("", &[])])));

    let labels = panels.iter().flat_map(|panel| &panel.ticks).map(|(_, label)| width(label, FONT));
    let left = (labels.fold(0.0, f64::max) + 2.0 * GAP).max(60.0);
    let places = Steps { count: steps, left };
    let bottom = TOP + (PANEL + BETWEEN) * panels.len() as f64;
    let height = bottom + 50.0 + if left_out > 0 { 22.0 } else { 0.0 };
    let about = about(chart, shown, steps);
    let mut drawing = Drawing::new([WIDTH, height], chart.title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [left, 24.0], chart.title, RIGHT - left);
    legend(&mut drawing, chart, shown, left);
    for (at, panel) in panels.iter().enumerate() {
        panel.draw(&mut drawing, TOP + BETWEEN + (PANEL + BETWEEN) * at as f64, &places, &is_marked);
    }
    for (step, label) in places.ticks() {
        drawing.text("", Anchor::Middle, [places.x(step), bottom + 20.0], &label);
    }
    let middle = f64::midpoint(left, RIGHT);
    drawing.text_within("", Anchor::Middle, [middle, bottom + 40.0], chart.steps, RIGHT - left);
    if left_out > 0 {
        let text = format!("and {}, not drawn", counted(left_out, "more channel"));
        drawing.text("more", Anchor::Start, [left, height - 10.0], &text);
    }
    (drawing.finish(), height)
}

/// What the chart shows, for screen readers.
fn about(chart: &Series, shown: &[Channel], steps: usize) -> String {
    let names: Vec<_> = shown.iter().map(|channel| channel.name).collect();
    let mut about = format!("Curves of {} over {}", counted(shown.len(), "channel"), counted(steps, "step"));
    if !names.is_empty() {
        about += &format!(": {}", names.join(", "));
    }
    about += ". The input is a solid line, and the reconstruction is a dashed line.";
    if !chart.marked.is_empty() {
        about += &format!(" Grey steps: {}.", chart.mark);
    }
    about
}

/// Which steps are marked.
fn marked_steps(marked: &[Range<usize>], steps: usize) -> Vec<bool> {
    let mut is_marked = vec![false; steps];
    for range in marked {
        let (from, to) = (range.start.min(steps), range.end.min(steps));
        if from < to {
            is_marked[from..to].fill(true);
        }
    }
    is_marked
}

/// The values with a gap where a step is marked.
fn without(values: &[f64], is_marked: &[bool]) -> Vec<f64> {
    values.iter().zip(is_marked).map(|(&value, &marked)| if marked { f64::NAN } else { value }).collect()
}

fn legend(drawing: &mut Drawing, chart: &Series, shown: &[Channel], left: f64) {
    let mut lines = vec!["input"];
    if shown.iter().any(|channel| !channel.reconstruction.is_empty()) {
        lines.push("reconstruction");
    }
    let mut x = left;
    for name in lines {
        drawing.line(name, [x, 46.0], [x + 30.0, 46.0]);
        drawing.text("", Anchor::Start, [x + 36.0, 50.0], name);
        x += 36.0 + width(name, FONT) + 3.0 * GAP;
    }
    if !chart.marked.is_empty() {
        drawing.rect("marked", [x, 38.0], [30.0, 14.0]);
        drawing.text_within("", Anchor::Start, [x + 36.0, 50.0], chart.mark, RIGHT - x - 36.0);
    }
}

/// The common axis of the steps.
struct Steps {
    count: usize,
    left: f64,
}

impl Steps {
    fn x(&self, step: f64) -> f64 {
        let last = self.count.saturating_sub(1).max(1) as f64;
        self.left + step / last * (RIGHT - self.left)
    }

    /// The steps with a label. Every tick is a whole number.
    fn ticks(&self) -> Vec<(f64, String)> {
        let last = self.count.saturating_sub(1) as f64;
        let step = super::axis::nice(last / 8.0).max(1.0);
        let axis = Axis { low: 0.0, high: last, step };
        axis.ticks()
    }
}

/// One axis with its curves.
struct Panel<'a> {
    name: &'a str,
    curves: [(&'a str, &'a [f64]); 2],
    axis: Axis,
    ticks: Vec<(f64, String)>,
}

impl<'a> Panel<'a> {
    fn new(name: &'a str, curves: [(&'a str, &'a [f64]); 2]) -> Self {
        // If there are no values, the axis goes from 0 to 1.
        let (low, high) = ends(curves[0].1.iter().chain(curves[1].1)).unwrap_or((0.0, 1.0));
        let axis = Axis::around(low, high, 3.0);
        Self { name, curves, axis, ticks: axis.ticks() }
    }

    fn draw(&self, drawing: &mut Drawing, top: f64, steps: &Steps, is_marked: &[bool]) {
        let left = steps.left;
        let each = steps_per_place(steps.count, RIGHT - left);
        let places: Vec<_> = is_marked.chunks(each).map(|place| place.contains(&true)).collect();
        let y = |value: f64| top + PANEL - self.axis.part(value) * PANEL;
        let mut start = 0;
        for run in places.chunk_by(|a, b| a == b) {
            if run[0] {
                // A marked step extends by half a step to both sides.
                let x = |place: usize| steps.x((place * each) as f64 - 0.5).clamp(left, RIGHT);
                let (from, to) = (x(start), x(start + run.len()));
                drawing.rect("marked", [from, top], [(to - from).max(0.5), PANEL]);
            }
            start += run.len();
        }
        for (value, label) in &self.ticks {
            drawing.line("grid", [left, y(*value)], [RIGHT, y(*value)]);
            drawing.text("", Anchor::End, [left - GAP, y(*value) + 4.0], label);
        }
        drawing.line("frame", [left, top], [left, top + PANEL]);
        drawing.line("frame", [left, top + PANEL], [RIGHT, top + PANEL]);
        for (step, _) in steps.ticks() {
            drawing.line("frame", [steps.x(step), top + PANEL], [steps.x(step), top + PANEL + 4.0]);
        }
        // The letters of the name are bold, which makes them up to 25 % wider.
        drawing.text_within("name", Anchor::Start, [left, top - 10.0], self.name, (RIGHT - left) / 1.25);
        for (class, values) in self.curves {
            for part in parts(values, each) {
                let points: Vec<_> = part.iter().map(|&(step, value)| [steps.x(step as f64), y(value)]).collect();
                drawing.curve(class, &points);
            }
        }
    }
}

/// How many neighbouring steps share one place, so that a curve of any length has at most some thousand points.
fn steps_per_place(steps: usize, room: f64) -> usize {
    let each = (steps as f64 / room).ceil() as usize;
    if each > 2 { each } else { 1 }
}

/// The parts of a curve between its gaps: each is a list of steps and values. Of the steps that share one place, only
/// the smallest and the largest value are kept.
fn parts(values: &[f64], each: usize) -> Vec<Vec<(usize, f64)>> {
    let steps: Vec<_> = values.iter().copied().enumerate().collect();
    let places = steps.chunks(each).map(|place| {
        let finite = || place.iter().copied().filter(|(_, value)| value.is_finite());
        let by = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let mut extremes: Vec<_> = [finite().min_by(by), finite().max_by(by)].into_iter().flatten().collect();
        extremes.sort_by_key(|(step, _)| *step);
        extremes.dedup_by_key(|(step, _)| *step);
        extremes
    });
    let places: Vec<_> = places.collect();
    places.split(Vec::is_empty).filter(|part| !part.is_empty()).map(<[_]>::concat).collect()
}
