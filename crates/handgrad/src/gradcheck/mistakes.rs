//! `handgrad gradcheck --break`: known mistakes, planted beside the right line, and what finds them.

mod planted;
mod seen;
mod unseen;

use anyhow::{Result, bail};
use handgrad_layers::Layer;
use handgrad_layers::gradcheck::{Report, catalogue::numbers, check_layer};
use serde_json::{Value, json};

use super::TOLERANCE;
use crate::config::UsageError;
use crate::{Done, show};

/// A mistake that people make.
struct Mistake {
    name: &'static str,
    says: &'static str,
    /// The line as it should be, and as it is planted.
    right: &'static str,
    wrong: &'static str,
    /// What finds it: a property, where the gradient check cannot.
    property: Option<&'static str>,
    plant: fn() -> Result<Planting>,
}

/// What came out, without the mistake and with it.
struct Planting {
    checks: [Report; 2],
    property: Option<Property>,
}

/// A figure that must come to something known.
struct Property {
    /// What is compared with what, in words.
    says: &'static str,
    expected: f64,
    /// Three standard errors, where the figure is one of drawn numbers.
    tolerance: f64,
    /// Without the mistake, and with it.
    found: [f64; 2],
}

impl Property {
    /// Without the mistake, and with it.
    fn holds(&self) -> [bool; 2] {
        self.found.map(|found| (found - self.expected).abs() <= self.tolerance)
    }
}

impl Mistake {
    /// Was it found by what should find it, and by nothing that should not?
    fn caught(&self, planting: &Planting) -> bool {
        let [right, wrong] = planting.checks.each_ref().map(|report| report.error <= TOLERANCE);
        match (&self.property, &planting.property) {
            (None, None) => right && !wrong,
            (Some(_), Some(property)) => right && wrong && property.holds() == [true, false],
            _ => false,
        }
    }
}

/// Those that the gradient check sees, then those that it cannot.
fn all() -> impl Iterator<Item = &'static Mistake> {
    seen::MISTAKES.iter().chain(&unseen::MISTAKES)
}

/// A line on each, for `--help`.
pub fn help() -> String {
    let lines = |mistakes: &[Mistake]| -> String {
        mistakes.iter().map(|mistake| format!("    {:30} {}\n", mistake.name, mistake.says)).collect()
    };
    let (seen, unseen) = (lines(&seen::MISTAKES), lines(&unseen::MISTAKES));
    format!("  The check sees:\n{seen}  The check cannot see, but a property of the forward pass does:\n{unseen}")
}

/// Plants the mistake of that name, or all.
pub fn run(name: Option<&str>, as_json: bool) -> Result<Done> {
    let chosen: Vec<_> = all().filter(|mistake| name == Some("all") || name == Some(mistake.name)).collect();
    if chosen.is_empty() {
        let what =
            name.map_or("--break needs the name of a mistake".into(), |name| format!("there is no mistake {name:?}"));
        return Err(UsageError(format!("{what}; there are all, and\n{}", help().trim_end())).into());
    }
    let (mut objects, mut missed) = (Vec::new(), Vec::new());
    for mistake in chosen {
        let planting = (mistake.plant)()?;
        if !mistake.caught(&planting) {
            missed.push(mistake.name);
        }
        match as_json {
            true => objects.push(object(mistake, &planting)),
            false => show::result(&text(mistake, &planting))?,
        }
    }
    if as_json {
        show::result(&json!({ "mistakes": objects, "caught": missed.is_empty() }).to_string())?;
    }
    if !missed.is_empty() {
        bail!("{} was not caught as it should be: compare the figures with what is expected", missed.join(", "));
    }
    Ok(Done::Whole)
}

fn text(mistake: &Mistake, planting: &Planting) -> String {
    let [right, wrong] = &planting.checks;
    let (place, index) = &wrong.place;
    let mut text = format!("{}: {}\n", mistake.name, mistake.says);
    text += &format!("  right           {}\n  planted         {}\n", mistake.right, mistake.wrong);
    text += &format!("  gradient check  right {:.1e}, planted {:.1e}", right.error, wrong.error);
    match &planting.property {
        None => {
            let (analytic, numeric) = (wrong.analytic, wrong.numeric);
            text += &format!(
                " at {place}[{index}]: the backward pass says {analytic:.6}, the difference quotient {numeric:.6}\n"
            );
        }
        Some(property) => {
            let Property { says, expected, tolerance, found: [right, wrong] } = property;
            text += ": it passes, blind to this\n";
            text += &format!("  property        {says}\n");
            text += &format!(
                "                  expected {expected:.6} ± {tolerance:.1e}; right {right:.6}, planted {wrong:.6}\n"
            );
        }
    }
    let by = mistake.property.unwrap_or("the gradient check");
    text + &match mistake.caught(planting) {
        true => format!("  caught by       {by}\n"),
        false => format!("  NOT CAUGHT      {by} should have\n"),
    }
}

fn object(mistake: &Mistake, planting: &Planting) -> Value {
    let [right, wrong] = &planting.checks;
    let property = planting.property.as_ref().map(|property| {
        let Property { says, expected, tolerance, found: [right, planted] } = property;
        json!({ "says": says, "expected": expected, "tolerance": tolerance, "right": right, "planted": planted })
    });
    json!({
        "name": mistake.name,
        "says": mistake.says,
        "right": mistake.right,
        "planted": mistake.wrong,
        "gradient_check": {
            // NaN and ∞ are null.
            "right_error": right.error,
            "planted_error": wrong.error,
            "where": format!("{}[{}]", wrong.place.0, wrong.place.1),
            "analytic": wrong.analytic,
            "numeric": wrong.numeric,
            "sees": wrong.error > TOLERANCE,
        },
        "property": property,
        "caught_by": mistake.property.unwrap_or("the gradient check"),
        "caught": mistake.caught(planting),
    })
}

/// The check of a layer and of the same with a mistake, on three samples of shape `input`.
fn both(right: &dyn Layer<f64>, wrong: &dyn Layer<f64>, input: &[usize]) -> Result<[Report; 2]> {
    const ROWS: usize = 3;
    let params = right.params().iter().map(|param| param.len()).sum();
    let inputs: usize = input.iter().product();
    let outputs: usize = right.output_shape(input)?.iter().product();
    let (theta, x, dy) = (numbers(params, 1), numbers(ROWS * inputs, 2), numbers(ROWS * outputs, 3));
    Ok([right, wrong].map(|layer| check_layer(layer, &theta, &x, &dy, ROWS, 2)))
}
