//! The losses of a training as an SVG chart.

use crate::SOFTWARE;
use std::fmt::Write;

use super::{escape, nice, number, tick_label};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// The margins around the chart: left, right, top, bottom.
const MARGIN: [f64; 4] = [70.0, 175.0, 64.0, 50.0];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}\
    .grid{stroke:#e3e3e3}.train{stroke:#4477aa;fill:none;stroke-width:2}\
    .val{stroke:#cc6677;fill:none;stroke-width:2}.least{stroke:#777;stroke-dasharray:5 4}\
    .train-text{fill:#2f5f90}.val-text{fill:#a8455a}";

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
    /// The epoch whose weights were kept, counted from 1. `None` draws no mark.
    pub best_epoch: Option<usize>,
    /// The least possible loss. It is drawn only if it lies near the curves.
    pub least: f64,
}

/// Draws the training loss and the validation loss over the epochs, and marks the epoch whose weights were kept, if it
/// is given. The least possible loss is drawn as a line if it lies near the curves.
#[must_use]
pub fn svg(chart: &Losses) -> String {
    let Losses { title, loss, training, validation, best_epoch, least } = *chart;
    let [left, right, top, bottom] = MARGIN;
    let epochs = training.len().max(validation.len());
    let losses = training.iter().chain(validation);
    let (low, high) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    // If there are no losses, the axis goes from 0 to 1.
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    // The least possible loss is not drawn if it is so far below the curves that they would become flat.
    let least = (least >= low - 2.0 * (high - low)).then_some(least);
    let low = least.map_or(low, |least| low.min(least));
    let (low, high) =
        if high > low { (low, high) } else { (low - 0.5 * low.abs().max(1e-6), high + 0.5 * high.abs().max(1e-6)) };
    let step = nice((high - low) / 5.0);
    let (floor, ceiling) = ((low / step).floor() * step, (high / step).ceil() * step);

    let last = epochs.max(2) as f64;
    let x = |epoch: f64| left + (epoch - 1.0) / (last - 1.0) * (WIDTH - left - right);
    let y = |loss: f64| HEIGHT - bottom - (loss - floor) / (ceiling - floor) * (HEIGHT - top - bottom);
    let (x_end, y_end) = (WIDTH - right, HEIGHT - bottom);

    let mut s = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\
         <title>{title}</title><style>{STYLE}</style><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text class=\"title\" x=\"{left}\" y=\"24\">{}</text>\n",
        escape(title),
        title = escape(title),
    );
    let count = ((ceiling - floor) / step).round() as usize;
    for tick in 0..=count {
        let value = floor + tick as f64 * step;
        let at = y(value);
        let _ = writeln!(
            s,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{x_end}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            at + 4.0,
            tick_label(value, step),
        );
    }
    let every = (nice(last / 8.0).round() as usize).max(1);
    for epoch in (1..=epochs).filter(|epoch| *epoch == 1 || epoch.is_multiple_of(every)) {
        let at = x(epoch as f64);
        let _ = writeln!(s, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{epoch}</text>", y_end + 20.0);
    }
    let middle = (left + x_end) / 2.0;
    let _ = writeln!(s, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">epoch</text>", HEIGHT - 10.0);
    let _ = writeln!(s, "<text x=\"{left}\" y=\"{:.1}\">{}</text>", top - 16.0, escape(loss));

    if let Some(least) = least {
        let at = y(least);
        let _ = writeln!(s, "<line class=\"least\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{x_end}\" y2=\"{at:.1}\"/>");
    }
    if let Some(best) = best_epoch {
        let at = x(best as f64);
        let _ = writeln!(s, "<line class=\"least\" x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{y_end:.1}\"/>");
        let above = top - 2.0;
        let _ = writeln!(s, "<text x=\"{at:.1}\" y=\"{above:.1}\" text-anchor=\"middle\">kept: epoch {best}</text>");
    }
    let mut ends = Vec::new();
    for (class, losses) in [("train", training), ("val", validation)] {
        let points: Vec<_> =
            (1..).zip(losses).map(|(at, &loss)| format!("{:.1},{:.1}", x(f64::from(at)), y(loss))).collect();
        let _ = writeln!(s, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
        if let [only] = losses {
            let (at, height) = (x(1.0), y(*only));
            let _ = writeln!(s, "<circle class=\"{class}\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"3\"/>");
        }
        if let Some(&loss) = losses.last() {
            ends.push((y(loss), class, loss));
        }
    }
    // Each label is drawn at the end of its curve. Labels that would overlap are moved apart.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = f64::NEG_INFINITY;
    let names = |class| if class == "train" { "training" } else { "validation" };
    let mut labels: Vec<_> = ends
        .into_iter()
        .map(|(at, class, value)| (at, format!("{class}-text"), format!("{} {}", names(class), number(value))))
        .collect();
    labels.extend(least.map(|least| (y(least), String::new(), format!("least possible {}", number(least)))));
    for (at, class, text) in labels {
        let at = at.max(below + 16.0);
        below = at;
        let _ = writeln!(s, "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>", x_end + 8.0, at + 4.0);
    }
    s + &format!("<!-- {SOFTWARE} -->\n</svg>\n")
}
