//! Several curves over the same axis as an SVG chart, for example the losses of several runs, or an error against the
//! number of labels. Each curve has a colour, a pattern of dashes and a shape for its points of its own.

use super::axis::{Axis, ends};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, short, spread, width};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const TOP: f64 = 66.0;
const BOTTOM: f64 = 370.0;
const GAP: f64 = 8.0;
/// The most room for the names of the curves.
const NAMES: f64 = 260.0;
/// Points are marked if a curve has at most this many.
const MARKED: usize = 40;

const STYLE: &str = ".c0{stroke:#4477aa}.c1{stroke:#cc6677;stroke-dasharray:8 3}\
    .c2{stroke:#117733;stroke-dasharray:2 3}\
    .c3{stroke:#aa7711;stroke-dasharray:10 3 2 3}.c4{stroke:#882255;stroke-dasharray:5 5}\
    .c5{stroke:#333;stroke-dasharray:14 4}.c0,.c1,.c2,.c3,.c4,.c5{fill:none;stroke-width:2}\
    .p0{fill:#4477aa}.p1{fill:#cc6677}.p2{fill:#117733}.p3{fill:#aa7711}.p4{fill:#882255}.p5{fill:#333}\
    .mark{stroke:#777;stroke-dasharray:2 4}";
/// The number of different styles. Further curves have the same styles again.
const STYLES: usize = 6;

/// A curve.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its name, written beside its end.
    pub name: &'a str,
    /// Its points, in ascending order of x. A value that is not finite is a gap.
    pub points: &'a [[f64; 2]],
}

/// Curves over the same axis, and the texts of their chart.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// The title above the chart.
    pub title: &'a str,
    /// What x is, written below its axis.
    pub x: &'a str,
    /// What y is, written above its axis.
    pub y: &'a str,
    /// Whether the axis of x is logarithmic. Then only points with x above 0 are drawn.
    pub is_logarithmic: bool,
    /// A value of y that is marked with a line, and its name.
    pub mark: Option<(&'a str, f64)>,
    /// The curves.
    pub lines: &'a [Line<'a>],
}

/// Draws the curves.
///
/// ```
/// use handgrad_pictures::charts::lines::{Line, Lines, svg};
///
/// let points = [[8.0, 0.03], [16.0, 0.02], [32.0, 0.01]];
/// let lines = [Line { name: "network", points: &points }];
/// let (x, y) = ("values of a code", "squared error");
/// let drawn = svg(&Lines { title: "Error", x, y, is_logarithmic: true, mark: None, lines: &lines });
/// assert!(drawn.starts_with("<svg") && drawn.contains("network 0.01"));
/// ```
#[must_use]
pub fn svg(chart: &Lines) -> String {
    let Lines { title, x: x_name, y: y_name, is_logarithmic, mark, lines } = *chart;
    let is_drawn =
        |point: &&[f64; 2]| point[1].is_finite() && point[0].is_finite() && (!is_logarithmic || point[0] > 0.0);
    let points = || lines.iter().flat_map(|line| line.points).filter(is_drawn);
    let of_x: Vec<f64> = points().map(|point| if is_logarithmic { point[0].log10() } else { point[0] }).collect();
    let of_y: Vec<f64> = points().map(|point| point[1]).chain(mark.map(|(_, y)| y)).collect();
    // If there are no points, the axes go from 0 to 1.
    let (low, high) = ends(&of_y).unwrap_or((0.0, 1.0));
    let vertical = Axis::around(low, high, 5.0);
    let (low, high) = ends(&of_x).unwrap_or((0.0, 1.0));
    let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
    let horizontal = Axis::between(low, high, 8.0);

    let mut labels: Vec<(f64, String, String)> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(last) = line.points.iter().rfind(is_drawn) {
            labels.push((last[1], format!("p{}", number % STYLES), format!("{} {}", line.name, short(last[1]))));
        }
    }
    labels.extend(mark.map(|(name, y)| (y, String::new(), format!("{name} {}", short(y)))));
    labels.sort_by(|a, b| b.0.total_cmp(&a.0));
    let longest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| width(text, FONT)).fold(0.0, f64::max);
    let ticks = vertical.ticks();
    let left = (longest(&mut ticks.iter().map(|(_, label)| label)) + 2.0 * GAP).max(70.0);
    let names = longest(&mut labels.iter().map(|(_, _, text)| text)).clamp(60.0, NAMES);
    let right = WIDTH - 3.0 * GAP - names;
    let x = |value: f64| {
        let value = if is_logarithmic { value.log10() } else { value };
        left + horizontal.part(value) * (right - left)
    };
    let y = |value: f64| BOTTOM - vertical.part(value) * (BOTTOM - TOP);

    let mut drawing = Drawing::new([WIDTH, HEIGHT], title, &about(chart), STYLE);
    drawing.text_within("title", Anchor::Start, [left, 24.0], title, WIDTH - left - GAP);
    drawing.text_within("", Anchor::Start, [left, TOP - 18.0], y_name, WIDTH - left - GAP);
    for (value, label) in &ticks {
        drawing.line("grid", [left, y(*value)], [right, y(*value)]);
        drawing.text("", Anchor::End, [left - GAP, y(*value) + 4.0], label);
    }
    for (value, label) in ticks_of_x(chart, &horizontal, right - left) {
        drawing.text("", Anchor::Middle, [x(value), BOTTOM + 20.0], &label);
    }
    drawing.text_within("", Anchor::Middle, [f64::midpoint(left, right), HEIGHT - 8.0], x_name, right - left);
    if let Some((_, value)) = mark {
        drawing.line("mark", [left, y(value)], [right, y(value)]);
    }
    for (number, line) in lines.iter().enumerate() {
        let style = number % STYLES;
        for part in line.points.split(|point| !is_drawn(&point)) {
            let part: Vec<[f64; 2]> = part.iter().map(|point| [x(point[0]), y(point[1])]).collect();
            drawing.curve(&format!("c{style}"), &part);
            if line.points.len() <= MARKED {
                part.iter().for_each(|&place| drawing.marker(&format!("p{style}"), style, place));
            }
        }
    }
    // Each label is beside the end of its curve. Labels that would overlap are moved apart.
    let mut places: Vec<_> = labels.iter().map(|(value, ..)| y(*value) + 4.0).collect();
    spread(&mut places, 17.0, TOP, BOTTOM + 4.0);
    for ((_, class, text), at) in labels.iter().zip(places) {
        drawing.text_within(class, Anchor::Start, [right + 2.0 * GAP, at], text, names);
    }
    drawing.finish()
}

/// The ticks of the axis of x: of a logarithmic axis the values of the points themselves if they are few and have room,
/// otherwise powers of ten; of a linear axis round numbers.
fn ticks_of_x(chart: &Lines, axis: &Axis, room: f64) -> Vec<(f64, String)> {
    let points = || chart.lines.iter().flat_map(|line| line.points);
    if !chart.is_logarithmic {
        // Numbers of epochs, for example, have no fractions.
        let are_whole = points().all(|point| point[0].fract() == 0.0);
        let ticks = axis.ticks().into_iter();
        return match are_whole {
            true => {
                ticks.filter(|(value, _)| value.fract() == 0.0).map(|(value, _)| (value, value.to_string())).collect()
            }
            false => ticks.collect(),
        };
    }
    let mut values: Vec<f64> = points().map(|point| point[0]).collect();
    values.retain(|value| *value > 0.0 && value.is_finite());
    values.sort_by(f64::total_cmp);
    values.dedup();
    let labelled = |value: f64| (value, short(value).trim_end_matches('0').trim_end_matches('.').to_owned());
    let labelled =
        |value: f64| if value.fract() == 0.0 && value < 1e6 { (value, format!("{value}")) } else { labelled(value) };
    let mut ticks: Vec<(f64, String)> = Vec::new();
    let mut free = f64::NEG_INFINITY;
    for (value, label) in values.into_iter().map(labelled) {
        let place = axis.part(value.log10()) * room;
        let half = width(&label, FONT) / 2.0;
        if place - half > free {
            free = place + half + GAP;
            ticks.push((value, label));
        }
    }
    ticks
}

/// What the chart shows, for screen readers.
fn about(chart: &Lines) -> String {
    let mut about = format!("A chart of {} against {}: {}.", chart.y, chart.x, counted(chart.lines.len(), "curve"));
    for line in chart.lines {
        let finite: Vec<f64> = line.points.iter().map(|point| point[1]).filter(|y| y.is_finite()).collect();
        about += &match finite[..] {
            [first, .., last] => format!(" {}: from {} to {}.", line.name, short(first), short(last)),
            [only] => format!(" {}: {}.", line.name, short(only)),
            [] => format!(" {}: no values.", line.name),
        };
    }
    about
}
