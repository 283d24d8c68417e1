//! Writes mistakes and the results of planting them as text and as JSON.

use serde_json::{Value, json};

use super::mistake::{Mistake, Planting, Property};
use crate::gradcheck::TOLERANCE;

/// Returns one line for each of these mistakes.
pub(super) fn lines<'a>(mistakes: impl Iterator<Item = &'a Mistake>) -> String {
    mistakes.map(|mistake| format!("    {:30} {}\n", mistake.name, mistake.says)).collect()
}

/// Returns a mistake and the result of planting it as text.
#[must_use]
pub fn text(mistake: &Mistake, planting: &Planting) -> String {
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
            text += ": both pass, it does not see the mistake\n";
            text += &format!("  property        {says}\n");
            text += &format!(
                "                  expected {expected:.6} ± {tolerance:.1e}; right {right:.6}, planted {wrong:.6}\n"
            );
        }
    }
    let by = mistake.property.unwrap_or("the gradient check");
    text + &match mistake.caught(planting) {
        true => format!("  caught by       {by}\n"),
        false => format!("  NOT CAUGHT      {by} should have caught it\n"),
    }
}

/// Returns all planted mistakes as one JSON object.
#[must_use]
pub fn json(planted: &[(&Mistake, Planting)]) -> Value {
    let objects: Vec<_> = planted.iter().map(|(mistake, planting)| object(mistake, planting)).collect();
    json!({ "mistakes": objects, "caught": planted.iter().all(|(mistake, planting)| mistake.caught(planting)) })
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
