//! Losses and networks in words.

use handgrad_dataset::{Samples, count, sizes, thousands};
use handgrad_layers::{Loss, LossKind, Output, Reduction, Scalar};
use handgrad_models::{Encoding, LayerSpec, Network, Spec};
pub use handgrad_pictures::charts::number;
use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{EpochRecord, Plan, Schedule};
use serde_json::Value;

/// The table of a network's layers.
pub fn summary<T: Scalar>(network: &Network<T>) -> String {
    let last = network.layers().len() - 1;
    let mut rows = vec![["layer".to_string(), "output".into(), "parameters".into()]];
    for (at, layer) in network.layers().iter().enumerate() {
        let mut what = layer.describe();
        if at == last && network.output() != Output::Linear {
            // The loss includes the last activation, but readers look for it in its layer.
            what = format!("{}, {}", what.trim_end_matches(", linear"), network.output().name());
        }
        // Tied weights are counted where they are stored.
        let own = network.params().iter().filter(|param| param.layer == at).map(|param| param.range.len()).sum();
        rows.push([what, sizes(network.shape(at + 1)), thousands(own)]);
    }
    rows.push(["total".into(), String::new(), thousands(network.param_count())]);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    let line = |[a, b, c]: &[String; 3]| format!("  {a:first$}  {b:second$}  {c:>third$}\n");
    rows.iter().map(line).collect()
}

/// The name of the term whose weight is β.
const KL: &str = "KL divergence";

/// The widest line that is printed during training.
const WIDTH: usize = 80;

/// The line that is printed after an epoch. It has at most [`WIDTH`] characters: what does not fit at its end is left
/// out, and is in `metrics.csv`.
pub fn epoch_line(record: &EpochRecord, plan: &Plan, beta: f64) -> String {
    let (epochs, width) = (plan.epochs, plan.epochs.to_string().len());
    let mut line = format!(
        "epoch {:>width$}/{epochs}  loss {}  validation {}{}",
        record.epoch,
        number(record.train_loss),
        number(record.validation_loss),
        parts(&record.validation_terms, beta),
    );
    let rate = match plan.schedule {
        Schedule::Constant => String::new(),
        _ => format!("  rate {:.2e}", record.learning_rate),
    };
    let speed = match record.samples_per_second {
        rate if rate > 0.0 => format!("  {}/s", thousands(rate as usize)),
        _ => String::new(),
    };
    for more in [rate, format!("  {:.2} s", record.seconds), speed] {
        if line.chars().count() + more.chars().count() <= WIDTH {
            line += &more;
        }
    }
    line
}

/// β, the weight of the KL divergence in the loss of a variational network. 1 for other networks.
pub fn beta(spec: &Spec) -> f64 {
    let of = |layer: &LayerSpec| if let LayerSpec::Reparameterize { beta, .. } = layer { Some(*beta) } else { None };
    spec.layers().find_map(of).unwrap_or(1.0)
}

/// Returns the KL divergence itself if the term is β times the KL divergence and β is not 1, and `None` for all other
/// terms. With β = 0 it is not known from the term, and the text is only its name.
fn unweighted(&(name, value): &(&str, f64), beta: f64) -> Option<String> {
    let kl = if beta == 0.0 { "KL".into() } else { number(value / beta) };
    (name == KL && beta != 1.0).then_some(kl)
}

/// The terms of a loss as numbers: ` = 81.2 + 25.1`, or ` = 81.2 + 0.5·50.2` with a weight β of 0.5. Empty if there is
/// only one term.
fn parts(terms: &[(&'static str, f64)], beta: f64) -> String {
    let part = |term: &(&'static str, f64)| unweighted(term, beta).map_or(number(term.1), |kl| format!("{beta}·{kl}"));
    match terms {
        [] | [_] => String::new(),
        terms => format!(" = {}", terms.iter().map(part).collect::<Vec<_>>().join(" + ")),
    }
}

/// The losses to compare with, and the names of the terms of the loss. Printed once, before the first epoch.
pub fn above_epochs(yardsticks: &Yardsticks, terms: &[&'static str], beta: f64) -> String {
    let (least, mean) = (number(yardsticks.least), number(yardsticks.mean_sample));
    let mut text = format!("to compare: least possible loss {least}, loss of the mean sample {mean}");
    if terms.len() > 1 {
        let name = |&name: &&str| if name == KL && beta != 1.0 { format!("{beta}·{name}") } else { name.to_string() };
        text += &format!("\nvalidation = {}", terms.iter().map(name).collect::<Vec<_>>().join(" + "));
    }
    text
}

/// The terms of a loss: ` = reconstruction 81.2 + KL divergence 25.1`. The KL divergence is printed itself, and its
/// weight β after it if it is not 1. Empty if there is only one term.
pub fn terms(terms: &[(&'static str, f64)], beta: f64) -> String {
    let term = |term: &(&'static str, f64)| match unweighted(term, beta) {
        Some(_) if beta == 0.0 => format!("{} (× 0 in the loss)", term.0),
        Some(kl) => format!("{} {kl} (× {beta} in the loss)", term.0),
        None => format!("{} {}", term.0, number(term.1)),
    };
    match terms {
        [] | [_] => String::new(),
        terms => format!(" = {}", terms.iter().map(term).collect::<Vec<_>>().join(" + ")),
    }
}

/// The terms of a loss, as JSON.
pub fn json_terms(terms: &[(&'static str, f64)]) -> Value {
    terms.iter().map(|&(name, value)| (name.to_string(), Value::from(value))).collect()
}

/// The loss of a network in words. That of a table is made of the losses of its columns.
pub fn loss_of<T: Scalar>(network: &Network<T>) -> String {
    if network.spec().table.is_none() {
        return network.loss().to_string();
    }
    let numbers = network.loss().kind.in_words();
    let per = if network.loss().reduction == Reduction::Mean { "mean" } else { "sum" };
    format!("{per} over the columns: {numbers} of scaled numbers, cross-entropy of categories divided by their entropy")
}

/// The reconstruction error per value and per sample, and which of them is in the loss.
pub fn reconstruction<T: Scalar>(network: &Network<T>, terms: &[(&'static str, f64)]) -> String {
    if network.spec().table.is_some() {
        let value = number(terms.first().map_or(f64::NAN, |term| term.1));
        return format!("reconstruction {value}, {}; about 1 for the mean row", loss_of(network));
    }
    let (loss, features): (Loss, usize) = (network.loss(), network.spec().features());
    let both = loss.per_value_and_sample(terms.first().map_or(f64::NAN, |term| term.1), features);
    let [per_value, per_sample] = both.map(number);
    let reduction = match loss.reduction {
        Reduction::Mean => "mean",
        Reduction::Sum => "sum",
    };
    let kind = loss.kind.in_words();
    format!(
        "reconstruction, {kind}: {per_value} per value, {per_sample} per sample; the loss uses the {reduction} over \
         the values of a sample"
    )
}

/// A note on the values of `what` for which binary cross-entropy is not defined, if there are any.
pub fn outside_note(what: &str, loss: LossKind, encoding: Encoding<'_>, samples: &Samples) -> Option<String> {
    let outside = handgrad_tasks::outside(loss, encoding, samples);
    let features = if let Encoding::Table(schema) = encoding { schema.width() } else { samples.features() };
    let all = samples.len().saturating_mul(features);
    let scaled = if matches!(encoding, Encoding::Same) { "" } else { " when scaled" };
    (outside > 0).then(|| {
        format!(
            "note: {} of {} of {what} {} outside 0..1{scaled}, where binary cross-entropy is not defined: the network \
             gets them as they are, the loss compares with the nearest value within 0..1, and an anomaly score adds \
             twice the squared distance from it",
            thousands(outside),
            count(all, "value", "values"),
            if outside == 1 { "lies" } else { "lie" },
        )
    })
}

/// Says how values outside 0..1 were drawn, if there are any.
pub fn drawn_from(range: Option<(f32, f32)>) -> Option<String> {
    range.map(|(low, high)| format!("some values are outside 0..1: {low} is drawn as black and {high} as white"))
}

/// Wraps text into lines of at most 118 characters, as in the Markdown files of this project.
pub fn wrapped(text: &str) -> String {
    text.split_whitespace().fold(String::new(), |text, word| {
        let line = text.lines().next_back().unwrap_or_default().chars().count();
        match (line, line + 1 + word.chars().count() > 118) {
            (0, _) => text + word,
            (_, true) => text + "\n" + word,
            (_, false) => text + " " + word,
        }
    })
}
