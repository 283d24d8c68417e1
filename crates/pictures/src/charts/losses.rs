//! The losses of a training as an SVG chart.
//!
//! ```text
//! height of a loss l on a linear axis        h = (l − low) / (high − low)
//! height of a loss l on a logarithmic axis   h = (ln l − ln low) / (ln high − ln low),   for l > 0
//! ```
//!
//! On a linear axis, a loss that falls from 100 to 1 and then to 0.5 seems to stand still after its first epochs. So if
//! all losses are positive and the largest is more than 20 times the smallest, the axis is logarithmic.

use super::axis::{Axis, decades, ends, nice};
use super::drawing::{Anchor, Drawing, FONT};
use super::text::{counted, short, spread, width};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// The upper and the lower end of the axis of the loss.
const TOP: f64 = 66.0;
const BOTTOM: f64 = 350.0;
/// The distance of a label from its axis or its curve, and of texts from the edges of the picture.
const GAP: f64 = 8.0;
/// The axis is logarithmic if the largest loss is more than this many times the smallest.
const RATIO: f64 = 20.0;
/// A term that is this many times smaller than every loss does not stretch the axis.
const TINY: f64 = 1000.0;
/// The styles of the terms and of their names. Further terms have the same styles again.
const TERMS: [&str; 3] = ["term0", "term1", "term2"];
const TERM_TEXTS: [&str; 3] = ["text0", "text1", "text2"];

const STYLE: &str = ".train,.val{stroke:#4477aa;fill:none;stroke-width:2}.val{stroke:#cc6677;stroke-dasharray:8 3}\
    .term0,.term1,.term2{fill:none;stroke-width:1.5}.term0{stroke:#117733;stroke-dasharray:2 3}\
    .term1{stroke:#aa7711;stroke-dasharray:10 3 2 3}.term2{stroke:#882255;stroke-dasharray:4 4}\
    .text0{fill:#117733}.text1{fill:#80550d}.text2{fill:#882255}\
    .least{stroke:#777;stroke-dasharray:2 4}.train-text{fill:#2f5f90}.val-text{fill:#a8455a}";

/// The losses of a training, and the texts of their chart.
#[derive(Clone, Copy, Debug)]
pub struct Losses<'a> {
    /// The title above the chart.
    pub title: &'a str,
    /// The name of the loss, written above its axis.
    pub loss: &'a str,
    /// The training loss of each epoch. The first number belongs to epoch 1.
    pub training: &'a [f64],
    /// The validation loss of each epoch.
    pub validation: &'a [f64],
    /// The terms of the validation loss: the name of each and its value in each epoch. They are drawn only if there are
    /// several.
    pub terms: &'a [(&'a str, Vec<f64>)],
    /// The epoch whose weights were kept, counted from 1. `None` draws no mark.
    pub best_epoch: Option<usize>,
    /// The least possible loss. It is drawn only if it lies near the curves.
    pub least: f64,
}

/// Draws the training loss and the validation loss over the epochs, and marks the epoch whose weights were kept, if it
/// is given. The least possible loss is drawn as a line if it lies near the curves. A loss that is not finite is a gap
/// in its curve, and so is a term that is not positive on a logarithmic axis. A term that is far below all losses runs
/// along the lower end of the axis.
#[must_use]
pub fn svg(chart: &Losses) -> String {
    let Losses { title, loss, training, validation, terms, best_epoch, least } = *chart;
    let terms = if terms.len() > 1 { terms } else { &[] };
    let epochs = training.len().max(validation.len());
    // If there are no losses, the axis goes from 0 to 1.
    let (lowest, high) = ends(training.iter().chain(validation)).unwrap_or((0.0, 1.0));
    let floor = if lowest > 0.0 { (lowest / TINY).max(f64::MIN_POSITIVE) } else { f64::NEG_INFINITY };
    let of_terms = terms.iter().flat_map(|(_, values)| values).filter(|value| **value >= floor);
    let (low, high) = ends(of_terms.chain(&[lowest, high])).unwrap_or((lowest, high));
    let is_log = lowest > 0.0 && high > RATIO * low;
    let of = |loss: f64| if is_log { loss.log10() } else { loss };
    // The least possible loss is not drawn if it is so far from the curves that they would become flat.
    let span = of(high) - of(low);
    let near = of(low) - 2.0 * span..=of(high) + 2.0 * span;
    let least = Some(least).filter(|&least| least.is_finite() && near.contains(&of(least)));
    let (low, high) = least.map_or((low, high), |least| (low.min(least), high.max(least)));
    let (axis, ticks) = if is_log {
        decades(low, high)
    } else {
        let axis = Axis::around(low, high, 5.0);
        (axis, axis.ticks())
    };

    // The labels at the right: where each belongs, its class and its text.
    let last = |name: &str, losses: &[f64]| {
        let loss = losses.iter().copied().rfind(|loss| loss.is_finite())?;
        Some((loss, format!("{name} {}", short(loss))))
    };
    let mut labels = [("train-text", last("training", training)), ("val-text", last("validation", validation))]
        .into_iter()
        .chain(terms.iter().zip(TERM_TEXTS.iter().cycle()).map(|((name, values), class)| (*class, last(name, values))))
        .chain([("", least.map(|least| (least, format!("least possible {}", short(least)))))])
        .filter_map(|(class, label)| label.map(|(loss, text)| (loss, class, text)))
        .collect::<Vec<_>>();
    labels.sort_by(|a, b| b.0.total_cmp(&a.0));

    // The margins have room for the longest label of a tick and for the longest label of a curve.
    let left = (longest(ticks.iter().map(|(_, label)| label)) + 2.0 * GAP).max(70.0);
    let right = WIDTH - 2.0 * GAP - longest(labels.iter().map(|(_, _, text)| text)).max(60.0);
    let all = (epochs.max(2) - 1) as f64;
    let x = |epoch: usize| left + (epoch as f64 - 1.0) / all * (right - left);
    let is_drawn = |loss: f64| loss.is_finite() && (!is_log || loss > 0.0);
    let y = |loss: f64| if is_log && loss <= 0.0 { BOTTOM } else { BOTTOM - axis.part(of(loss)) * (BOTTOM - TOP) };

    let kept = best_epoch.filter(|best| (1..=epochs).contains(best));
    let about = about(chart, terms, epochs, kept);
    let loss = if is_log { format!("{loss} (logarithmic axis)") } else { loss.to_owned() };
    let mut drawing = Drawing::new([WIDTH, HEIGHT], title, &about, STYLE);
    drawing.text_within("title", Anchor::Start, [left, 24.0], title, WIDTH - left - GAP);
    for (loss, label) in &ticks {
        drawing.line("grid", [left, y(*loss)], [right, y(*loss)]);
        drawing.text("", Anchor::End, [left - GAP, y(*loss) + 4.0], label);
    }
    let every = (nice(epochs.max(2) as f64 / 8.0).round() as usize).max(1);
    for epoch in (1..=epochs).filter(|epoch| *epoch == 1 || epoch.is_multiple_of(every)) {
        drawing.text("", Anchor::Middle, [x(epoch), BOTTOM + 20.0], &epoch.to_string());
    }
    drawing.text("", Anchor::Middle, [f64::midpoint(left, right), HEIGHT - 10.0], "epoch");
    drawing.text_within("", Anchor::Start, [left, TOP - 18.0], &loss, WIDTH - left - GAP);

    if let Some(least) = least {
        drawing.line("least", [left, y(least)], [right, y(least)]);
    }
    if let Some(best) = kept {
        drawing.line("least", [x(best), TOP], [x(best), BOTTOM]);
        let text = format!("kept: epoch {best}");
        let half = width(&text, FONT) / 2.0;
        drawing.text("", Anchor::Middle, [x(best).clamp(left + half, right - half), TOP - 2.0], &text);
    }
    let of_terms = terms.iter().zip(TERMS.iter().cycle()).map(|((_, values), class)| (*class, &values[..]));
    for (class, losses) in of_terms.chain([("train", training), ("val", validation)]) {
        let points: Vec<_> = (1..).zip(losses).map(|(epoch, &loss)| (loss, [x(epoch), y(loss)])).collect();
        for part in points.split(|(loss, _)| !is_drawn(*loss)) {
            drawing.curve(class, &part.iter().map(|(_, point)| *point).collect::<Vec<_>>());
        }
    }
    // Each label is beside the end of its curve. Labels that would overlap are moved apart.
    let mut places: Vec<_> = labels.iter().map(|(loss, ..)| y(*loss) + 4.0).collect();
    spread(&mut places, 17.0, TOP, BOTTOM + 4.0);
    for ((_, class, text), at) in labels.iter().zip(places) {
        drawing.text(class, Anchor::Start, [right + GAP, at], text);
    }
    drawing.finish()
}

/// The width of the longest text.
fn longest<'a>(texts: impl Iterator<Item = &'a String>) -> f64 {
    texts.map(|text| width(text, FONT)).fold(0.0, f64::max)
}

/// What the chart shows, for screen readers.
fn about(chart: &Losses, terms: &[(&str, Vec<f64>)], epochs: usize, kept: Option<usize>) -> String {
    let ends = |losses: &[f64]| match losses {
        [first, .., last] => format!("from {} to {}", short(*first), short(*last)),
        [only] => short(*only),
        [] => "without values".into(),
    };
    let mut about = format!(
        "A chart of the {} over {}. Training loss, a solid line: {}. Validation loss, a dashed line: {}.",
        chart.loss,
        counted(epochs, "epoch"),
        ends(chart.training),
        ends(chart.validation)
    );
    for (name, values) in terms {
        about += &format!(" The term {name} of the validation loss, a thin line: {}.", ends(values));
    }
    if let Some(best) = kept {
        about += &format!(" The weights of epoch {best} were kept.");
    }
    about
}
