//! A function and its slope as an SVG: the function with a tangent in the upper panel, the slope in the lower one.

use super::axis::{Axis, ends};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{short, width};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 560.0;
const RIGHT: f64 = 720.0;
/// The upper and the lower end of both panels.
const PANELS: [[f64; 2]; 2] = [[76.0, 296.0], [346.0, 500.0]];
const GAP: f64 = 8.0;

const STYLE: &str = ".function{stroke:#4477aa;fill:none;stroke-width:2}.slope{stroke:#cc6677;fill:none;stroke-width:2;\
    stroke-dasharray:8 3}.tangent{stroke:#333;stroke-width:1.5}.own{stroke:#777;stroke-dasharray:2 4}\
    .zero{stroke:#777}.dot{fill:#333}";

/// A function of one variable and its slope.
#[derive(Clone, Copy, Debug)]
pub struct Slope<'a> {
    /// The title above the panels.
    pub title: &'a str,
    /// The name of the variable, written below its axis.
    pub x: &'a str,
    /// The name of the function, written above its panel.
    pub function: &'a str,
    /// The name of the slope, written above its panel.
    pub slope: &'a str,
    /// The variable, the function and its slope, in ascending order of the variable. Values that are not finite are
    /// gaps.
    pub points: &'a [[f64; 3]],
    /// The point at which the tangent is drawn.
    pub tangent: [f64; 3],
}

/// Draws the function, its tangent at one point, and the slope.
///
/// ```
/// use handgrad_pictures::charts::slope::{Slope, svg};
///
/// let points: Vec<_> = (-10..=10).map(|x| f64::from(x) / 5.0).map(|x| [x, x * x, 2.0 * x]).collect();
/// let chart = Slope {
///     title: "A parabola",
///     x: "x",
///     function: "x²",
///     slope: "2·x",
///     points: &points,
///     tangent: [1.0, 1.0, 2.0],
/// };
/// assert!(svg(&chart).contains("at x = 1.000: x² = 1.000, 2·x = 2.000, the slope of the tangent"));
/// ```
#[must_use]
pub fn svg(chart: &Slope) -> String {
    let Slope { title, x: x_name, function, slope, points, tangent } = *chart;
    let axis_of = |place: usize, parts: f64| {
        let values: Vec<f64> = points.iter().chain([&tangent]).map(|point| point[place]).collect();
        let (low, high) = ends(&values).unwrap_or((0.0, 1.0));
        Axis::around(low, high, parts)
    };
    let of_x: Vec<f64> = points.iter().map(|point| point[0]).collect();
    let (low, high) = ends(&of_x).filter(|(low, high)| low < high).unwrap_or((tangent[0] - 0.5, tangent[0] + 0.5));
    let horizontal = Axis::between(low, high, 8.0);
    let vertical = [axis_of(1, 5.0), axis_of(2, 4.0)];
    let labels = vertical.iter().flat_map(Axis::ticks).map(|(_, label)| width(&label, FONT));
    let left = (labels.fold(0.0, f64::max) + 2.0 * GAP).max(70.0);
    let x = |value: f64| left + horizontal.part(value) * (RIGHT - left);
    let y = |panel: usize, value: f64| {
        let [top, bottom] = PANELS[panel];
        bottom - vertical[panel].part(value) * (bottom - top)
    };

    let [at, value, gradient] = tangent.map(short);
    let says = format!("at {x_name} = {at}: {function} = {value}, {slope} = {gradient}, the slope of the tangent");
    let about = format!("Above, {function} over {x_name} with a tangent; below, its slope {slope}. {says}.");
    let mut drawing = Drawing::new([WIDTH, HEIGHT], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [left, 24.0], title, RIGHT - left);
    drawing.text_within("", Anchor::Start, [left, 46.0], &says, RIGHT - left);
    for (panel, (name, class)) in [(function, "function"), (slope, "slope")].into_iter().enumerate() {
        let [top, bottom] = PANELS[panel];
        drawing.text_within("", Anchor::Start, [left, top - GAP], name, RIGHT - left);
        for (value, label) in vertical[panel].ticks() {
            let grid = if panel == 1 && value.abs() < 1e-9 * vertical[1].step { "zero" } else { "grid" };
            drawing.line(grid, [left, y(panel, value)], [RIGHT, y(panel, value)]);
            drawing.text("", Anchor::End, [left - GAP, y(panel, value) + 4.0], &label);
        }
        if (low..=high).contains(&tangent[0]) {
            drawing.line("own", [x(tangent[0]), top], [x(tangent[0]), bottom]);
        }
        let is_drawn = |point: &[f64; 3]| point[0].is_finite() && point[panel + 1].is_finite();
        for part in points.split(|point| !is_drawn(point)) {
            let places: Vec<_> = part.iter().map(|point| [x(point[0]), y(panel, point[panel + 1])]).collect();
            drawing.curve(class, &places);
        }
    }
    if let Some([from, to]) = within(&tangent, [low, high], &vertical[0]) {
        drawing.line("tangent", [x(from[0]), y(0, from[1])], [x(to[0]), y(0, to[1])]);
    }
    for panel in (0..2).filter(|panel| (low..=high).contains(&tangent[0]) && tangent[panel + 1].is_finite()) {
        drawing.marker("dot", 0, [x(tangent[0]), y(panel, tangent[panel + 1])]);
    }
    for (value, label) in horizontal.ticks() {
        drawing.text("", Anchor::Middle, [x(value), PANELS[1][1] + 20.0], &label);
    }
    drawing.text_within("", Anchor::Middle, [f64::midpoint(left, RIGHT), HEIGHT - 14.0], x_name, RIGHT - left);
    drawing.finish()
}

/// The ends of the part of a tangent that lies between the ends of the axes; `None` if no part does.
fn within(tangent: &[f64; 3], [mut low, mut high]: [f64; 2], axis: &Axis) -> Option<[[f64; 2]; 2]> {
    let [at, value, slope] = *tangent;
    if slope != 0.0 {
        // Where the tangent reaches the lower and the upper end of the axis.
        let reached = [axis.low, axis.high].map(|end| at + (end - value) / slope);
        low = low.max(reached[0].min(reached[1]));
        high = high.min(reached[0].max(reached[1]));
    }
    let on = |x: f64| [x, value + slope * (x - at)];
    (tangent.iter().all(|value| value.is_finite()) && low < high).then(|| [on(low), on(high)])
}
