//! Small charts whose colours are those of the page, so that they are readable in the dark and on paper. Under the
//! pointer, `hover.js` writes the figures of a place below its chart.

use std::fmt::Write;

use super::text::{escape, figure};
use crate::charts::{Axis, ends};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 630.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 208.0;

/// A curve: its name, its values, one for each x, and whether it is dashed.
pub(super) struct Curve<'a> {
    pub name: &'a str,
    pub values: Vec<f64>,
}

/// Curves over the same epochs, as a figure with a caption. `marks` are horizontal lines with names, drawn only where
/// they lie near the curves. The axis is logarithmic if all values are positive and span more than a factor of 20.
pub(super) fn chart(caption: &str, epochs: &[usize], curves: &[Curve], marks: &[(String, f64)], kept: usize) -> String {
    let values: Vec<f64> = curves.iter().flat_map(|curve| curve.values.iter().copied()).collect();
    let Some((low, high)) = ends(&values) else { return String::new() };
    let is_log = low > 0.0 && high > 20.0 * low;
    let of = |value: f64| if is_log { value.log10() } else { value };
    let near = |value: &f64| {
        let span = of(high) - of(low);
        value.is_finite() && (!is_log || *value > 0.0) && (of(low) - span..=of(high) + span).contains(&of(*value))
    };
    let marks: Vec<_> = marks.iter().filter(|(_, value)| near(value)).collect();
    let all: Vec<f64> = values.iter().copied().chain(marks.iter().map(|mark| mark.1)).map(of).collect();
    let (low, high) = ends(&all).unwrap_or((0.0, 1.0));
    let axis = Axis::around(low, high, 4.0);
    let (first, last) = (epochs.first().copied().unwrap_or(1), epochs.last().copied().unwrap_or(1));
    let x = |epoch: usize| {
        let part = if last > first { (epoch - first) as f64 / (last - first) as f64 } else { 0.5 };
        LEFT + part * (RIGHT - LEFT)
    };
    let y = |value: f64| BOTTOM - axis.part(of(value)) * (BOTTOM - TOP);

    let mut svg = String::new();
    for (value, label) in axis.ticks() {
        let at = BOTTOM - axis.part(value) * (BOTTOM - TOP);
        let label = if is_log { figure(10_f64.powf(value)) } else { label };
        let _ = write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let _ = write!(svg, "<text class=\"end\" x=\"{}\" y=\"{:.1}\">{label}</text>", LEFT - 6.0, at + 4.0);
    }
    for epoch in [first, last] {
        let _ = write!(svg, "<text class=\"middle\" x=\"{:.1}\" y=\"{}\">{epoch}</text>", x(epoch), BOTTOM + 17.0);
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let _ = write!(svg, "<text class=\"middle\" x=\"{middle}\" y=\"{}\">epoch</text>", BOTTOM + 28.0);
    for (name, value) in &marks {
        let at = y(*value);
        let _ = write!(svg, "<line class=\"mark\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let name = escape(name);
        let _ = write!(svg, "<text class=\"end\" x=\"{RIGHT}\" y=\"{:.1}\">{name}</text>", at - 4.0);
    }
    if epochs.contains(&kept) && kept != last {
        let at = x(kept);
        let _ = write!(svg, "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>");
    }
    for (number, curve) in curves.iter().enumerate() {
        let drawn =
            epochs.iter().zip(&curve.values).filter(|(_, value)| value.is_finite() && (!is_log || **value > 0.0));
        let points: Vec<String> = drawn.map(|(&epoch, &value)| format!("{:.1},{:.1}", x(epoch), y(value))).collect();
        match &points[..] {
            [only] => {
                let (x, y) = only.split_once(',').unwrap_or_default();
                let _ = write!(svg, "<circle class=\"c{number} dot\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
            }
            points => {
                let _ = write!(svg, "<polyline class=\"c{number}\" points=\"{}\"/>", points.join(" "));
            }
        }
    }
    // Strips, one for each epoch, or for every few if there are many.
    let each = epochs.len().div_ceil(300).max(1);
    let width = (RIGHT - LEFT) / (epochs.len().div_ceil(each).max(2) - 1) as f64;
    for (at, &epoch) in epochs.iter().enumerate().step_by(each) {
        let told: Vec<String> = curves
            .iter()
            .filter_map(|curve| curve.values.get(at).map(|value| format!("{} {}", curve.name, figure(*value))))
            .collect();
        let say = escape(&format!("epoch {epoch}: {}", told.join(", ")));
        let left = x(epoch) - width / 2.0;
        let height = BOTTOM - TOP;
        let _ = write!(
            svg,
            "<rect class=\"strip\" data-say=\"{say}\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
             height=\"{height}\"/>"
        );
    }
    let scale = if is_log { ", logarithmic axis" } else { "" };
    let legend = |(number, curve): (usize, &Curve)| {
        let last = curve.values.last().map_or_else(|| "–".into(), |value| figure(*value));
        format!(
            "<li><svg class=\"key\" viewBox=\"0 0 30 8\" aria-hidden=\"true\"><line class=\"c{number}\" x1=\"0\" \
                 x2=\"30\" y1=\"4\" y2=\"4\"/></svg>{}: {last}</li>",
            escape(curve.name)
        )
    };
    let legend: String = curves.iter().enumerate().map(legend).collect();
    let about: Vec<String> = curves
        .iter()
        .map(|curve| {
            let [first, last] =
                [curve.values.first(), curve.values.last()].map(|value| figure(value.copied().unwrap_or(f64::NAN)));
            format!("{} from {first} to {last}", curve.name)
        })
        .collect();
    let about = escape(&about.join(", "));
    format!(
        "<figure class=\"chart\"><figcaption>{}{scale}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{about}\">{svg}</svg><ul class=\"legend\">{legend}</ul>\
         <output class=\"told\">Point at the chart to read an epoch.</output></figure>",
        escape(caption)
    )
}

/// A histogram as a figure with a caption. `mark` is a vertical line with a name. Bins of the unit `what`.
pub(super) fn histogram(
    caption: &str,
    edges: &[f64],
    counts: &[usize],
    mark: Option<(&str, f64)>,
    what: &str,
) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    let (Some(&low), Some(&high)) = (edges.first(), edges.last()) else { return String::new() };
    if most == 0 {
        return String::new();
    }
    let x = |value: f64| LEFT + ((value - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) * (RIGHT - LEFT);
    let mut svg = String::new();
    for (count, edges) in counts.iter().zip(edges.windows(2)) {
        let (left, right) = (x(edges[0]), x(edges[1]));
        let height = *count as f64 / most as f64 * (BOTTOM - TOP - 16.0);
        let say = format!("{} to {}: {count} {what}", figure(edges[0]), figure(edges[1]));
        let (top, width) = (BOTTOM - height, (right - left - 0.6).max(0.5));
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
        let (width, height) = (right - left, BOTTOM - TOP);
        let _ = write!(
            svg,
            "<rect class=\"strip\" data-say=\"{say}\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
             height=\"{height}\"/>"
        );
    }
    let axis = Axis::between(low, high, 6.0);
    for (value, label) in axis.ticks() {
        let _ = write!(svg, "<text class=\"middle\" x=\"{:.1}\" y=\"{}\">{label}</text>", x(value), BOTTOM + 17.0);
    }
    let _ = write!(svg, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{BOTTOM}\" y2=\"{BOTTOM}\"/>");
    if let Some((name, value)) = mark.filter(|(_, value)| value.is_finite()) {
        let at = x(value);
        let (class, text_x) = if at > 420.0 { ("end", at - 4.0) } else { ("", at + 4.0) };
        let name = escape(name);
        let _ = write!(svg, "<line class=\"mark strong\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>");
        let _ = write!(svg, "<text class=\"{class}\" x=\"{text_x:.1}\" y=\"{}\">{name}</text>", TOP + 10.0);
    }
    let all: usize = counts.iter().sum();
    let about = escape(&format!("{all} {what}, from {} to {}", figure(low), figure(high)));
    format!(
        "<figure class=\"chart\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{about}\">{svg}</svg><output class=\"told\">Point at a bar to read it.</output></figure>",
        escape(caption)
    )
}
