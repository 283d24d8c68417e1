//! Scores as an SVG chart: a histogram of each kind of samples with the threshold, and the ROC curve if both kinds
//! exist.

use super::axis::{Axis, Bulk, bulk, ends, nice};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, short, tick_label, width};

/// The height of the picture without notes below it.
const HEIGHT: f64 = 400.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 340.0;
/// Left and right end of the histogram.
const HISTOGRAM: [f64; 2] = [60.0, 530.0];
/// Left and right end of the ROC curve.
const CURVE: [f64; 2] = [630.0, 900.0];
const BARS: usize = 50;
/// The width of the bar for all scores beyond one end of the axis, and of the zone where it stands.
const BEYOND: f64 = 20.0;
const ZONE: f64 = 36.0;
/// At most one score in this many, or a single one, lies beyond the axis where a logarithmic axis is possible.
const FEW: usize = 50;
/// The axis becomes at most this many times longer to contain the threshold.
const LONGER: f64 = 4.0;
/// Points of the curve that are nearer to the one before than this are not drawn.
const FINEST: f64 = 0.002;

const STYLE: &str = ".normal{fill:#88b4d8}.anomalous{fill:#cc3311;fill-opacity:.35;stroke:#7a1f0a;stroke-width:1.2}\
    .tick{stroke:#777}.edge{stroke:#999;stroke-dasharray:1 3}.threshold{stroke:#222;stroke-dasharray:5 4}\
    .curve{stroke:#4477aa;fill:none;stroke-width:2}";

/// Scores of samples, and what is known about them.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// The title above the chart. It is shortened if it is too long.
    pub title: &'a str,
    /// What the score is, written below its axis.
    pub name: &'a str,
    /// The score of each sample. A score may be infinite, but one that is not a number is only counted.
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
/// A few scores that lie far outside do not press the others together: they are counted in a bar of their own beyond
/// the end of the axis. If many lie far outside and all scores are positive, the axis is logarithmic. A threshold that
/// lies far outside is drawn beyond the end of the axis too.
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
/// assert!(chart.contains("threshold 0.5000"));
/// assert!(chart.contains("ROC, area 1.0000"));
/// ```
#[must_use]
pub fn svg(chart: &Scores) -> String {
    let Scores { title, roc, .. } = *chart;
    let scale = Scale::of(chart.scores, chart.threshold);
    let notes = notes(chart, &scale);
    let width = if roc.is_some() { CURVE[1] + 30.0 } else { HISTOGRAM[1] + 30.0 };
    let height = HEIGHT + 22.0 * notes.len() as f64;
    let mut about = format!(
        "A histogram of {} of {}, with the threshold at {}.",
        chart.name,
        counted(chart.scores.len(), "sample"),
        short(chart.threshold)
    );
    notes.iter().for_each(|note| about += &format!(" {note}."));
    if let Some(roc) = roc {
        about += &format!(" Beside it the ROC curve; the area under it is {}.", short(roc.area));
    }
    let mut drawing = Drawing::new([width, height], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [HISTOGRAM[0], 24.0], title, width - HISTOGRAM[0] - 8.0);
    histogram(&mut drawing, chart, &scale);
    for (line, note) in notes.iter().enumerate() {
        let at = HEIGHT + 22.0 * line as f64 + 4.0;
        drawing.text_within("", Anchor::Start, [HISTOGRAM[0], at], note, width - HISTOGRAM[0] - 8.0);
    }
    if let Some(roc) = roc {
        draw_curve(&mut drawing, roc);
    }
    drawing.finish()
}

/// The axis of the scores, linear or logarithmic, and the zones beside it for what lies beyond.
struct Scale {
    logarithmic: bool,
    /// The ends, as scores.
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
    /// How many samples lie below and above.
    below: usize,
    above: usize,
    /// The left and the right end of the axis in the picture.
    from: f64,
    to: f64,
}

impl Scale {
    /// All scores are on one linear axis if they span at most 30 interquartile ranges. If few of them lie far outside,
    /// these are beyond the axis. If many do, the axis is logarithmic where all scores are positive.
    fn of(scores: &[f64], threshold: f64) -> Self {
        let bulk = bulk(scores).unwrap_or(Bulk { low: threshold, high: threshold, beyond: 0 });
        let (least, most) = ends(scores).unwrap_or((bulk.low, bulk.high));
        let logarithmic = bulk.beyond > (scores.len() / FEW).max(1) && least > 0.0;
        let (mut low, mut high) = if logarithmic { (least, most) } else { (bulk.low, bulk.high) };
        // The threshold is on the axis, unless the axis would become much longer.
        let place = |score: f64| if logarithmic { score.log10() } else { score };
        let longest = if high > low { LONGER * (place(high) - place(low)) } else { f64::INFINITY };
        let (with_low, with_high) = (low.min(threshold), high.max(threshold));
        if threshold.is_finite() && place(with_high) - place(with_low) <= longest {
            (low, high) = (with_low, with_high);
        }
        let ticks = if logarithmic {
            (low, high) = ((low / 1.1).max(f64::from_bits(1)), (high * 1.1).min(f64::MAX));
            logarithmic_ticks(low, high)
        } else {
            let [from, to] = [low, high].map(|end| if end.is_finite() { end.clamp(-1e300, 1e300) } else { 0.0 });
            let span = if to > from { (to - from).max(1e-9 * to.abs()) } else { to.abs().max(1e-6) };
            let step = nice(span / 6.0);
            (low, high) = ((from / step).floor() * step, ((to / step).floor() + 1.0) * step);
            Axis { low, high, step }.ticks()
        };
        let below = scores.iter().filter(|score| **score < low).count();
        let above = scores.iter().filter(|score| **score > high).count();
        let from = HISTOGRAM[0] + if below > 0 || threshold < low { ZONE } else { 0.0 };
        let to = HISTOGRAM[1] - if above > 0 || threshold > high { ZONE } else { 0.0 };
        Self { logarithmic, low, high, ticks, below, above, from, to }
    }

    /// Where a score is on the axis, from 0 to 1.
    fn part(&self, score: f64) -> f64 {
        let place = |score: f64| if self.logarithmic { score.ln() } else { score };
        (place(score) - place(self.low)) / (place(self.high) - place(self.low))
    }

    /// The bar that a score belongs to: 0 lies below the axis, and `BARS + 1` above it.
    fn bar(&self, score: f64) -> usize {
        if score < self.low {
            0
        } else if score > self.high {
            BARS + 1
        } else {
            1 + ((self.part(score) * BARS as f64) as usize).min(BARS - 1)
        }
    }

    /// The left end and the width of a bar.
    fn place(&self, bar: usize) -> [f64; 2] {
        let width = (self.to - self.from) / BARS as f64;
        match bar {
            0 => [HISTOGRAM[0], BEYOND],
            bar if bar > BARS => [HISTOGRAM[1] - BEYOND, BEYOND],
            bar => [self.from + (bar - 1) as f64 * width, width],
        }
    }

    /// Where a score is in the picture. What lies beyond the axis is in the middle of its zone.
    fn x(&self, score: f64) -> f64 {
        if score < self.low {
            HISTOGRAM[0] + 0.5 * BEYOND
        } else if score > self.high {
            HISTOGRAM[1] - 0.5 * BEYOND
        } else {
            self.from + self.part(score) * (self.to - self.from)
        }
    }
}

/// The powers of ten between two positive numbers, and also 2 and 5 times each if there are few of them.
fn logarithmic_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let factors = if last - first <= 4 { &[1.0, 2.0, 5.0][..] } else { &[1.0] };
    let every = (last - first).div_euclid(8) + 1;
    let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
    let values = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
    let within = values.filter(|value| (low..=high).contains(value));
    within.map(|value| (value, tick_label(value, 10_f64.powf(value.log10().floor())))).collect()
}

/// What the chart must say beside its axes.
fn notes(chart: &Scores, scale: &Scale) -> Vec<String> {
    let mut notes = Vec::new();
    for (count, side, end) in [(scale.below, "below", scale.low), (scale.above, "above", scale.high)] {
        if count > 0 {
            notes.push(format!("beyond the axis: {} {side} {}", counted(count, "sample"), short(end)));
        }
    }
    let unknown = chart.scores.iter().filter(|score| score.is_nan()).count();
    if unknown > 0 {
        notes.push(format!("not a number and not drawn: {}", counted(unknown, "score")));
    }
    if scale.logarithmic {
        notes.push("the axis of the scores is logarithmic".into());
    }
    notes
}

/// Draws the histogram. The bars of each kind are fractions of the samples of that kind, so that a rare kind is visible
/// too.
fn histogram(drawing: &mut Drawing, chart: &Scores, scale: &Scale) {
    let &Scores { name, scores, truth, threshold, .. } = chart;
    let of_kind = |anomalous: bool| {
        let is = |at: usize| truth.is_some_and(|truth| truth.get(at) == Some(&true)) == anomalous;
        let is_drawn = |at: &usize| is(*at) && !scores[*at].is_nan();
        let scores: Vec<f64> = (0..scores.len()).filter(is_drawn).map(|at| scores[at]).collect();
        let mut parts = [0.0; BARS + 2];
        for score in &scores {
            parts[scale.bar(*score)] += 1.0 / scores.len() as f64;
        }
        parts
    };
    let kinds = if truth.is_some() { vec![false, true] } else { vec![false] };
    let kinds: Vec<_> = kinds.into_iter().map(|anomalous| (anomalous, of_kind(anomalous))).collect();
    let highest = kinds.iter().flat_map(|(_, parts)| parts).fold(0.0, |highest: f64, &part| highest.max(part));
    // If there are no samples, the axis ends at 100 %.
    let highest = if highest > 0.0 { highest } else { 1.0 };
    let y_step = nice(highest / 5.0);
    let ceiling = (highest / y_step).ceil() * y_step;
    let y = |part: f64| BOTTOM - part / ceiling * (BOTTOM - TOP);

    let [left, right] = HISTOGRAM;
    for tick in 0..=(ceiling / y_step).round() as usize {
        let part = tick as f64 * y_step;
        drawing.line("grid", [left, y(part)], [right, y(part)]);
        let label = format!("{} %", tick_label(100.0 * part, 100.0 * y_step));
        drawing.text("", Anchor::End, [left - 6.0, y(part) + 4.0], &label);
    }
    // A label that would touch the one before is left out.
    let mut end = f64::NEG_INFINITY;
    for (score, label) in &scale.ticks {
        let (at, half) = (scale.x(*score), width(label, FONT) / 2.0);
        drawing.line("tick", [at, BOTTOM], [at, BOTTOM + 5.0]);
        if at - half > end {
            let inside = at.clamp(half, right + 30.0 - half);
            drawing.text("", Anchor::Middle, [inside, BOTTOM + 20.0], label);
            end = at + half + 4.0;
        }
    }
    for (anomalous, parts) in &kinds {
        let class = if *anomalous { "anomalous" } else { "normal" };
        for (bar, &part) in parts.iter().enumerate().filter(|(_, part)| **part > 0.0) {
            let [at, width] = scale.place(bar);
            drawing.rect(class, [at, y(part)], [width, BOTTOM - y(part)]);
        }
    }
    for (zone, edge) in [(scale.from > left, scale.from - 8.0), (scale.to < right, scale.to + 8.0)] {
        if zone {
            drawing.line("edge", [edge, TOP], [edge, BOTTOM + 5.0]);
        }
    }
    draw_threshold(drawing, scale, threshold);
    let whole = if kinds.len() > 1 { "% of each kind" } else { "% of all samples" };
    drawing.text("", Anchor::End, [right, 55.0], whole);
    let legend = if kinds.len() > 1 { &[("normal", 0.0), ("anomalous", 80.0)][..] } else { &[] };
    for (class, shift) in legend {
        drawing.rect(class, [left + shift, 44.0], [12.0, 12.0]);
        drawing.text("", Anchor::Start, [left + shift + 17.0, 55.0], class);
    }
    drawing.text_within("", Anchor::Middle, [f64::midpoint(left, right), HEIGHT - 16.0], name, right - left);
}

fn draw_threshold(drawing: &mut Drawing, scale: &Scale, threshold: f64) {
    let [left, right] = HISTOGRAM;
    if threshold.is_nan() {
        drawing.text("", Anchor::End, [right, TOP + 12.0], "the threshold is not a number");
        return;
    }
    let at = scale.x(threshold);
    drawing.line("threshold", [at, TOP], [at, BOTTOM]);
    // The label is on the side of the line where there is more room.
    let is_right = at > f64::midpoint(left, right);
    let (anchor, beside) = if is_right { (Anchor::End, at - 5.0) } else { (Anchor::Start, at + 5.0) };
    let beyond = if (scale.low..=scale.high).contains(&threshold) { "" } else { ", beyond the axis" };
    drawing.text("", anchor, [beside, TOP + 12.0], &format!("threshold {}{beyond}", short(threshold)));
}

fn draw_curve(drawing: &mut Drawing, Roc { points, area }: Roc) {
    let [left, right] = CURVE;
    let (x, y) = (|part: f64| left + part * (right - left), |part: f64| BOTTOM - part * (BOTTOM - TOP));
    for tick in 0..=5 {
        let part = f64::from(tick) / 5.0;
        let label = format!("{part:.1}");
        drawing.line("grid", [left, y(part)], [right, y(part)]);
        drawing.text("", Anchor::End, [left - 6.0, y(part) + 4.0], &label);
        drawing.text("", Anchor::Middle, [x(part), BOTTOM + 20.0], &label);
    }
    let mut kept: Vec<[f64; 2]> = Vec::new();
    let points: Vec<_> = points.iter().filter(|point| point.iter().all(|part| part.is_finite())).collect();
    for (at, point) in points.iter().enumerate() {
        let near = |last: &[f64; 2]| (point[0] - last[0]).abs().max((point[1] - last[1]).abs()) < FINEST;
        if at + 1 == points.len() || !kept.last().is_some_and(near) {
            kept.push(**point);
        }
    }
    let points: Vec<_> = kept.iter().map(|point| [x(point[0]), y(point[1])]).collect();
    drawing.line("threshold", [left, BOTTOM], [right, TOP]);
    drawing.curve("curve", &points);
    drawing.text("", Anchor::Start, [left, 55.0], &format!("ROC, area {area:.4}: anomalies found"));
    let below = "normal samples called anomalous";
    drawing.text("", Anchor::Middle, [f64::midpoint(left, right), HEIGHT - 16.0], below);
}
