//! What was understood of series, in words.

use super::one::{Sequences, Series};
use crate::csv::Fill;
use crate::{count, thousands};

use super::Fills;

/// The most channels that are named.
const NAMED: usize = 12;

/// The series and their channels in words, and what is missing. `steps` is the number of steps of a sample, if each
/// series is one.
pub(super) fn told(
    of: &Sequences,
    parts: &[&[Series]],
    fill: Option<&Fills>,
    steps: Option<usize>,
) -> Vec<String> {
    let all = || parts.iter().flat_map(|part| part.iter());
    let lengths = || all().map(|series| series.steps);
    let (least, most) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    let length = if least == most {
        format!("of {}", count(most, "step", "steps"))
    } else {
        format!("of {} to {} steps", thousands(least), thousands(most))
    };
    let mut text = format!("{} {length}", count(all().count(), "series", "series"));
    let channels = of.channels;
    text += &match &of.names[..] {
        [name] => format!(", 1 channel: {name:?}"),
        [] => format!(", {}", count(channels, "channel", "channels")),
        names => {
            let listed = names.iter().take(NAMED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let more = if channels > NAMED { ", …" } else { "" };
            format!(", {} in this order: {listed}{more}", count(channels, "channel", "channels"))
        }
    };
    let mut told = vec![text];
    told.extend(of.told.iter().cloned());
    told.extend(missing(all().flat_map(|series| &series.values), fill));
    if let Some(steps) = steps.filter(|&steps| least < steps) {
        told.push(format!(
            "shorter series are padded to {} at their end; padding adds nothing to the loss",
            count(steps, "step", "steps")
        ));
    }
    told
}

/// Says how many values are missing, and what becomes of them. `None` if no value is missing.
fn missing<'a>(values: impl Iterator<Item = &'a f64>, fill: Option<&Fills>) -> Option<String> {
    let (mut all, mut missing) = (0, 0);
    values.for_each(|value| (all, missing) = (all + 1, missing + usize::from(value.is_nan())));
    let what = match fill.map(|fill| fill.by) {
        None => "the network is told which, and they add nothing to the loss",
        Some(Fill::Zero) => "they become 0",
        Some(Fill::Mean) => "they become the mean of their channel in the training part",
        Some(Fill::Previous) => "they become the value of the step before",
    };
    let all = thousands(all);
    (missing > 0).then(|| format!("{} of {all} missing: {what}", count(missing, "value", "values")))
}
