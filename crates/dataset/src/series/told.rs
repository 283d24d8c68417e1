//! What was understood of series, in words.

use super::cut;
use super::one::{Sequences, Series};
use super::time::short;
use crate::csv::{Fill, Window};
use crate::{count, thousands};

/// The most channels that are named.
const NAMED: usize = 12;

/// The series and their channels in words, and what is missing. `steps` is the number of steps of a sample, if each
/// series is one.
pub(super) fn told(of: &Sequences, all: &[Series], fill: Option<Fill>, steps: Option<usize>) -> Vec<String> {
    let lengths = || all.iter().map(|series| series.steps);
    let (least, most) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
    let length = if least == most {
        format!("of {}", count(most, "step", "steps"))
    } else {
        format!("of {} to {} steps", thousands(least), thousands(most))
    };
    let mut text = format!("{} {length}", count(all.len(), "series", "series"));
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
    told.extend(missing(all, fill));
    if let Some(steps) = steps.filter(|&steps| least < steps) {
        told.push(format!(
            "shorter series are padded to {} at their end; padding adds nothing to the loss",
            count(steps, "step", "steps")
        ));
    }
    told
}

/// Names the series that are too short for a window, or that have too many gaps.
pub(super) fn without_window(all: &[Series], window: Window) -> Option<String> {
    let has_none = |one: &&Series| cut::windows_in(std::slice::from_ref(*one), window) == 0;
    let named: Vec<String> = all.iter().filter(has_none).map(|one| format!("{:?}", short(&one.name))).collect();
    if named.is_empty() || all.len() == 1 {
        return None;
    }
    let more = if named.len() > NAMED { ", …" } else { "" };
    Some(format!(
        "note: {} no window of {} without a gap, and {} left out: {}{more}",
        count(named.len(), "series has", "series have"),
        count(window.steps.get(), "step", "steps"),
        if named.len() == 1 { "is" } else { "are" },
        named[..named.len().min(NAMED)].join(", ")
    ))
}

/// Says how many values are missing, and what becomes of them. `None` if no value is missing.
fn missing(all: &[Series], fill: Option<Fill>) -> Option<String> {
    let values = || all.iter().flat_map(|series| &series.values);
    let missing = values().filter(|value| value.is_nan()).count();
    let what = match fill {
        None => "the network is told which, and they add nothing to the loss",
        Some(Fill::Zero) => "they become 0",
        Some(Fill::Mean) => "they become the mean of their channel in the training part",
        Some(Fill::Previous) => "they become the value of the step before",
    };
    let all = thousands(values().count());
    (missing > 0).then(|| format!("{} of {all} missing: {what}", count(missing, "value", "values")))
}
