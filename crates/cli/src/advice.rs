//! Data and codes that are not as they should be, and what to do about them, in words.

use handgrad_dataset::{Samples, Values, count, thousands};
use handgrad_layers::{Activation, Reduction};
use handgrad_models::{LayerSpec, Model, Spec};
use handgrad_tasks::code::{Code, INACTIVE};
use serde_json::{Value, json};

/// The largest number of units that are listed.
const LISTED: usize = 10;

/// A note on units that carry nothing about the sample, with advice. `None` if all units are in use.
pub fn of_code(model: &Model, code: &Code, samples: &Samples) -> Option<String> {
    let spec = model.spec();
    let (inactive, all) = (code.inactive(), code.units);
    let constant: Vec<usize> = code.constant.iter().copied().filter(|unit| !inactive.contains(unit)).collect();
    let measured = match code.samples < samples.len() {
        true => format!("the first {} samples", thousands(code.samples)),
        false => format!("all {}", count(code.samples, "sample", "samples")),
    };
    let what = if inactive.len() == all {
        format!(
            "the code has collapsed: the KL divergence of {} is below {INACTIVE} nats on {measured}, so the decoder \
             ignores the code; {}",
            if all == 1 { "its only unit".into() } else { format!("each of its {all} units") },
            against_collapse(spec)
        )
    } else if code.constant.len() == all {
        format!(
            "the code is constant: {} the same value for {measured}, so all reconstructions are the same; {}",
            if all == 1 { "its only unit has".into() } else { format!("each of its {all} units has") },
            against_constant_units(spec)
        )
    } else if !inactive.is_empty() {
        format!(
            "{} of {all} code units {} inactive ({}): their KL divergence is below {INACTIVE} nats on {measured}, so \
             they say nothing about the sample; {}",
            inactive.len(),
            are(&inactive),
            listed(&inactive),
            if beta(spec) > 0.0 { "a smaller --beta brings more of them into use" } else { "another --seed may help" }
        )
    } else if !constant.is_empty() {
        let those = if constant.len() == 1 { "it has" } else { "each of them has" };
        format!(
            "{} of {all} code units {} dead ({}): {those} the same value for {measured}; {}",
            constant.len(),
            are(&constant),
            listed(&constant),
            against_constant_units(spec)
        )
    } else {
        return None;
    };
    Some(format!("note: {what}"))
}

/// The largest byte of samples whose bytes do not seem to be grey values: masks of 0 and 1, numbers of classes, or
/// images of four bits. Grey values are up to 255.
const LARGEST_NUMBER: u8 = 16;

/// A note on samples whose values are not what they seem to be. `None` for usual samples.
pub fn of_values(samples: &Samples) -> Option<String> {
    let (low, high) = samples.range();
    let Values::Bytes(bytes) = &samples.values else {
        return (low == high && !samples.is_empty()).then(|| all_equal(&low.to_string()));
    };
    let largest = bytes.iter().copied().max()?;
    match (low == high, largest) {
        (true, largest) => Some(all_equal(&format!("the byte {largest}"))),
        (false, 1..=LARGEST_NUMBER) => Some(format!(
            "note: {}; a byte means value/255, so the values are only from {low} to {high}, and a \
             network learns little from them: train with --scale min-max, which makes them 0 to 1",
            if largest == 1 { "all bytes are 0 or 1".into() } else { format!("no byte is above {largest}") }
        )),
        _ => None,
    }
}

fn all_equal(value: &str) -> String {
    format!("note: all values are {value}, so there is nothing to learn: check that this is the right data")
}

/// The measurements of a code as JSON, with the note of [`of_code`].
pub fn json_of_code(model: &Model, code: &Code, samples: &Samples) -> Value {
    json!({
        "units": code.units,
        "samples": code.samples,
        "constant_units": code.constant,
        "inactive_units": code.kl.as_ref().map(|_| code.inactive()),
        "kl_divergence": code.kl_divergence(),
        "kl_divergence_of_units": code.kl,
        "note": of_code(model, code, samples),
    })
}

fn are(units: &[usize]) -> &'static str {
    if units.len() == 1 { "is" } else { "are" }
}

/// The numbers of the units: `unit 3`, or `units 1, 2, 5`.
fn listed(units: &[usize]) -> String {
    let first = units.iter().take(LISTED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = if units.len() > LISTED { ", …" } else { "" };
    format!("{} {first}{more}, counted from 0", if units.len() == 1 { "unit" } else { "units" })
}

fn beta(spec: &Spec) -> f64 {
    match spec.encoder.last() {
        Some(LayerSpec::Reparameterize { beta, .. }) => *beta,
        _ => 0.0,
    }
}

fn against_collapse(spec: &Spec) -> String {
    let values = spec.features();
    match spec.reduction {
        Reduction::Mean => format!(
            "train again with --reduction sum or a smaller --beta, because with --reduction mean the divergence weighs \
             {} as much against the reconstruction",
            count(values, "time", "times")
        ),
        Reduction::Sum => "train again with a smaller --beta, or for more epochs".into(),
    }
}

fn against_constant_units(spec: &Spec) -> String {
    let is_penalty = |layer: &LayerSpec| matches!(layer, LayerSpec::ActivityL1 { .. } | LayerSpec::KlSparsity { .. });
    let other = "a lower --learning-rate or another --seed";
    // The code is the output of the last layer that changes values.
    let code = spec.encoder.iter().rev().find_map(|layer| match layer {
        LayerSpec::Dense { activation, .. } => Some((true, *activation)),
        LayerSpec::Conv2d { activation, .. } | LayerSpec::TimeDistributed { activation, .. } => {
            Some((false, *activation))
        }
        _ => None,
    });
    if spec.encoder.iter().any(is_penalty) {
        return format!("train again with a smaller penalty on the code, {other}");
    }
    match code {
        Some((true, Activation::Relu)) => format!(
            "a ReLU unit that is 0 for every sample learns nothing more: train again with --code-activation linear, \
             {other}"
        ),
        Some((false, Activation::Relu)) => {
            format!("a ReLU unit that is 0 for every sample learns nothing more: train again with {other}")
        }
        Some((_, Activation::Sigmoid | Activation::Tanh)) => {
            format!(
                "its activation function is at its limit: train again with {other}, and with --scale for large values"
            )
        }
        _ => format!("train again with {other}"),
    }
}
