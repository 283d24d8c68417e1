//! Scores as an SVG chart: a histogram of each kind of samples with the threshold, and the ROC curve if both kinds
//! exist.

use crate::SOFTWARE;
use std::fmt::Write;

use super::{escape, nice, number, tick_label};

const HEIGHT: f64 = 400.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 340.0;
/// Left and right end of the histogram.
const HISTOGRAM: [f64; 2] = [60.0, 530.0];
/// Left and right end of the ROC curve.
const CURVE: [f64; 2] = [630.0, 900.0];
/// The number of letters of a title that fit into one unit of width.
const LETTERS: f64 = 0.113;
const BARS: usize = 50;
/// Points of the curve that are nearer to the one before than this are not drawn.
const FINEST: f64 = 0.002;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}\
    .grid{stroke:#e3e3e3}.normal{fill:#4477aa;fill-opacity:.6}.anomalous{fill:#cc6677;fill-opacity:.6}\
    .threshold{stroke:#333;stroke-dasharray:5 4}.curve{stroke:#4477aa;fill:none;stroke-width:2}";

/// Scores of samples, and what is known about them.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// The title above the chart. It is cut off if it is too long.
    pub title: &'a str,
    /// What the score is, written below its axis.
    pub name: &'a str,
    /// The score of each sample.
    pub scores: &'a [f64],
    /// Which samples are anomalous, if that is known: one truth value for each score.
    pub truth: Option<&'a [bool]>,
    /// A sample is called anomalous if its score is at least this.
    pub threshold: f64,
    /// The ROC curve of the scores, or `None` if it is not defined.
    pub roc: Option<Roc<'a>>,
}

/// A ROC curve and the area under it.
#[derive(Clone, Copy, Debug)]
pub struct Roc<'a> {
    /// Points of the curve from (0, 0) to (1, 1): the false positive rate, then the true positive rate.
    pub points: &'a [[f64; 2]],
    /// The area under the curve.
    pub area: f64,
}

/// Draws a histogram of the scores, with one colour for normal and one for anomalous samples, and the ROC curve beside
/// it.
///
/// ```
/// use handgrad_pictures::charts::scores::{Roc, Scores, svg};
///
/// let chart = svg(&Scores {
///     title: "Scores of four images",
///     name: "mean squared error",
///     scores: &[0.1, 0.2, 0.3, 0.9],
///     truth: Some(&[false, false, false, true]),
///     threshold: 0.5,
///     roc: Some(Roc { points: &[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]], area: 1.0 }),
/// });
/// assert!(chart.contains("threshold 0.50000"));
/// assert!(chart.contains("ROC, area 1.0000"));
/// ```
#[must_use]
pub fn svg(chart: &Scores) -> String {
    let (title, roc) = (chart.title, chart.roc);
    let width = if roc.is_some() { CURVE[1] + 30.0 } else { HISTOGRAM[1] + 30.0 };
    let room = ((width - HISTOGRAM[0]) * LETTERS) as usize;
    let cut = title.chars().count() > room;
    let title = if cut { title.chars().take(room - 1).chain(['…']).collect() } else { title.to_string() };
    let mut s = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\">\
         <title>{title}</title>\
         <style>{STYLE}</style><rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text class=\"title\" x=\"{}\" y=\"24\">{title}</text>\n",
        HISTOGRAM[0],
        title = escape(&title),
    );
    histogram(&mut s, chart);
    if let Some(roc) = roc {
        draw_curve(&mut s, roc);
    }
    s + &format!("<!-- {SOFTWARE} -->\n</svg>\n")
}

/// Draws the histogram. The bars of each kind are fractions of the samples of that kind, so that a rare kind is visible
/// too.
fn histogram(s: &mut String, chart: &Scores) {
    let &Scores { name, scores, truth, threshold, .. } = chart;
    let all = scores.iter().chain([&threshold]);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let step = nice((high - low).max(1e-9 * high.abs()).max(1e-12) / 6.0);
    let (low, high) = ((low / step).floor() * step, ((high / step).floor() + 1.0) * step);
    let x = |score: f64| HISTOGRAM[0] + (score - low) / (high - low) * (HISTOGRAM[1] - HISTOGRAM[0]);
    let of_kind = |anomalous: bool| {
        let is = |at: usize| truth.is_some_and(|truth| truth.get(at) == Some(&true)) == anomalous;
        let scores: Vec<f64> = (0..scores.len()).filter(|&at| is(at)).map(|at| scores[at]).collect();
        let mut parts = [0.0; BARS];
        for score in &scores {
            let bar = ((score - low) / (high - low) * BARS as f64) as usize;
            parts[bar.min(BARS - 1)] += 1.0 / scores.len() as f64;
        }
        parts
    };
    let kinds = if truth.is_some() { vec![false, true] } else { vec![false] };
    let kinds: Vec<_> = kinds.into_iter().map(|anomalous| (anomalous, of_kind(anomalous))).collect();
    let highest = kinds.iter().flat_map(|(_, parts)| parts).fold(0.0, |highest: f64, &part| highest.max(part));
    let y_step = nice(highest.max(1e-6) / 5.0);
    // If there are no samples, the axis has one step.
    let ceiling = (highest / y_step).ceil().max(1.0) * y_step;
    let y = |part: f64| BOTTOM - part / ceiling * (BOTTOM - TOP);

    let [left, right] = HISTOGRAM;
    for tick in 0..=(ceiling / y_step).round() as usize {
        let (part, at) = (tick as f64 * y_step, y(tick as f64 * y_step));
        let _ = writeln!(
            s,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            left - 6.0,
            at + 4.0,
            tick_label(100.0 * part, 100.0 * y_step)
        );
    }
    for tick in 0..=((high - low) / step).round() as usize {
        let score = low + tick as f64 * step;
        let (at, label) = (x(score), tick_label(score, step));
        let _ = writeln!(s, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>", BOTTOM + 20.0);
    }
    for (anomalous, parts) in &kinds {
        let class = if *anomalous { "anomalous" } else { "normal" };
        let width = (right - left) / BARS as f64;
        for (bar, &part) in parts.iter().enumerate().filter(|(_, part)| **part > 0.0) {
            let (at, top) = (left + bar as f64 * width, y(part));
            let height = BOTTOM - top;
            let _ = writeln!(
                s,
                "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    let at = x(threshold);
    let _ = writeln!(s, "<line class=\"threshold\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{BOTTOM}\"/>");
    // The label is on the side of the line where there is more room.
    let (anchor, beside) = if at > f64::midpoint(left, right) { ("end", at - 5.0) } else { ("start", at + 5.0) };
    let label = number(threshold);
    let _ = writeln!(
        s,
        "<text x=\"{beside:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">threshold {label}</text>",
        TOP + 12.0
    );
    let whole = if kinds.len() > 1 { "% of each kind" } else { "% of all samples" };
    let _ = writeln!(s, "<text x=\"{right}\" y=\"55\" text-anchor=\"end\">{whole}</text>");
    let legend = if kinds.len() > 1 { &[("normal", 0.0), ("anomalous", 80.0)][..] } else { &[] };
    for (class, shift) in legend {
        let at = left + shift;
        let _ = writeln!(
            s,
            "<rect class=\"{class}\" x=\"{at}\" y=\"44\" width=\"12\" height=\"12\"/>\
             <text x=\"{}\" y=\"55\">{class}</text>",
            at + 17.0
        );
    }
    let middle = f64::midpoint(left, right);
    let name = escape(name);
    let _ = writeln!(s, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{name}</text>", HEIGHT - 16.0);
}

fn draw_curve(s: &mut String, Roc { points, area }: Roc) {
    let [left, right] = CURVE;
    let (x, y) = (|part: f64| left + part * (right - left), |part: f64| BOTTOM - part * (BOTTOM - TOP));
    for tick in 0..=5 {
        let part = f64::from(tick) / 5.0;
        let _ = writeln!(
            s,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{0:.1}\" x2=\"{right}\" y2=\"{0:.1}\"/>\
             <text x=\"{1:.1}\" y=\"{2:.1}\" text-anchor=\"end\">{part:.1}</text>\
             <text x=\"{3:.1}\" y=\"{4:.1}\" text-anchor=\"middle\">{part:.1}</text>",
            y(part),
            left - 6.0,
            y(part) + 4.0,
            x(part),
            BOTTOM + 20.0
        );
    }
    let mut kept: Vec<[f64; 2]> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let near = |last: &[f64; 2]| (point[0] - last[0]).abs().max((point[1] - last[1]).abs()) < FINEST;
        if at + 1 == points.len() || !kept.last().is_some_and(near) {
            kept.push(*point);
        }
    }
    let points: Vec<_> = kept.iter().map(|point| format!("{:.1},{:.1}", x(point[0]), y(point[1]))).collect();
    let _ = writeln!(s, "<line class=\"threshold\" x1=\"{left}\" y1=\"{BOTTOM}\" x2=\"{right}\" y2=\"{TOP}\"/>");
    let _ = writeln!(s, "<polyline class=\"curve\" points=\"{}\"/>", points.join(" "));
    let middle = f64::midpoint(left, right);
    let _ = writeln!(
        s,
        "<text x=\"{left}\" y=\"55\">ROC, area {area:.4}: anomalies found</text>\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">normal samples called anomalous</text>",
        HEIGHT - 16.0
    );
}
