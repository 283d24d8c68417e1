//! Writes checks and their results as text and as JSON.

use handgrad_dataset::count;
use serde_json::{Value, json};

use super::checks::{Check, Kind};
use super::found::{Found, TOLERANCE};

/// Returns the number of columns that the names of these checks take.
#[must_use]
pub fn name_width(checks: &[Check]) -> usize {
    checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0)
}

/// Returns the list of the checks: layers, losses and models, one line for each check.
#[must_use]
pub fn list(checks: &[Check]) -> String {
    let width = name_width(checks);
    let mut text = String::new();
    for kind in [Kind::Layer, Kind::Loss, Kind::Model] {
        text += &format!("{}:\n", kind.name());
        for check in checks.iter().filter(|check| check.kind == kind) {
            text += &format!("  {:width$}  {}\n", check.name, check.says);
        }
    }
    text
}

/// Returns the checks as one JSON object.
#[must_use]
pub fn list_json(checks: &[Check]) -> Value {
    let objects =
        checks.iter().map(|check| json!({ "name": check.name, "kind": check.kind.name(), "says": check.says }));
    json!({ "checks": objects.collect::<Vec<_>>() })
}

/// Returns the result of a check as a line of a table. `width` is the [`name_width`] of the table's checks.
#[must_use]
pub fn line(check: &Check, found: &Found, width: usize) -> String {
    let verdict = if found.passed() { "ok " } else { "OFF" };
    let fourfold = found.ratio.map_or(String::new(), |ratio| format!("; with h/2, error ÷ {ratio:.2}"));
    let name = &check.name;
    format!("{name:width$}  {:>8.1e}  {verdict}  {:26}  {}{fourfold}", found.error, found.place, found.at)
}

/// Returns the check with the largest error.
fn worst(found: &[(Check, Found)]) -> Option<&(Check, Found)> {
    found.iter().max_by(|(_, a), (_, b)| a.error.total_cmp(&b.error))
}

/// Returns the number of checks and the largest error of all. Empty if nothing was checked.
#[must_use]
pub fn summary(found: &[(Check, Found)]) -> String {
    let Some((check, worst)) = worst(found) else { return String::new() };
    let sizes: usize = found.iter().map(|(_, found)| found.cases).sum();
    let Found { error, place, at, .. } = worst;
    format!(
        "{} at {}. The worst relative error is {error:.1e}, in {place} of {}, {at}.",
        count(found.len(), "check", "checks"),
        count(sizes, "size", "sizes"),
        check.name
    )
}

/// Returns all results as one JSON object.
#[must_use]
pub fn json(found: &[(Check, Found)]) -> Value {
    let checks: Vec<_> = found.iter().map(|(check, found)| object(check, found)).collect();
    let worst = worst(found).map(|(check, found)| object(check, found));
    let passed = found.iter().all(|(_, found)| found.passed());
    json!({ "tolerance": TOLERANCE, "checks": checks, "worst": worst, "passed": passed })
}

fn object(check: &Check, found: &Found) -> Value {
    let mut object = json!({
        "name": check.name,
        "kind": check.kind.name(),
        "error": found.error,
        "where": found.place,
        "analytic": found.analytic,
        "numeric": found.numeric,
        "at": found.at,
        "cases": found.cases,
        "passed": found.passed(),
    });
    if let Some(ratio) = found.ratio {
        object["error_ratio_of_half_the_step"] = json!(ratio);
    }
    object
}
