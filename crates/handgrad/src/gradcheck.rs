//! `handgrad gradcheck`: every backward pass against central differences, and what such a check cannot see.

mod checks;
pub mod mistakes;
mod models;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::args::GradcheckArgs;
use crate::config::UsageError;
use crate::{Done, show};
use checks::{Check, Found, Kind};

/// Relative errors above this fail.
pub const TOLERANCE: f64 = 1e-6;

pub fn run(args: &GradcheckArgs) -> Result<Done> {
    if let Some(mistake) = &args.mistake {
        return mistakes::run(mistake.as_deref(), args.json);
    }
    let checks = checks::all()?;
    if args.names.is_empty() {
        list(&checks, args.json)?;
        return Ok(Done::Whole);
    }
    let chosen = choose(&checks, &args.names)?;
    let width = chosen.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut found = Vec::new();
    for check in chosen {
        let result = check.run()?;
        if !args.json {
            show::result(&line(&check.name, width, &result))?;
        }
        found.push((check, result));
    }
    summary(&found, args.json)?;
    verdict(&found)
}

/// The checks that are meant, in the order of the list.
fn choose<'a>(checks: &'a [Check], names: &[String]) -> Result<Vec<&'a Check>> {
    let means = |name: &str, check: &Check| name == "all" || (!name.is_empty() && check.name.starts_with(name));
    if let Some(name) = names.iter().find(|name| !checks.iter().any(|check| means(name, check))) {
        let all: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        return Err(UsageError(format!("there is no check {name:?}; there are all, {}", all.join(", "))).into());
    }
    Ok(checks.iter().filter(|check| names.iter().any(|name| means(name, check))).collect())
}

fn list(checks: &[Check], as_json: bool) -> Result<()> {
    if as_json {
        let objects =
            checks.iter().map(|check| json!({ "name": check.name, "kind": check.kind.name(), "says": check.says }));
        return show::result(&json!({ "checks": objects.collect::<Vec<_>>() }).to_string());
    }
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for kind in [Kind::Layer, Kind::Loss, Kind::Model] {
        show::result(&format!("{}:", kind.name()))?;
        for check in checks.iter().filter(|check| check.kind == kind) {
            show::result(&format!("  {:width$}  {}", check.name, check.says))?;
        }
    }
    show::result(
        "\nhandgrad gradcheck all checks everything, handgrad gradcheck NAME… all that begins as NAME does.\n\
         Not here, since what they give is no gradient, on purpose: clipping, and Adam.",
    )
}

fn line(name: &str, width: usize, found: &Found) -> String {
    let verdict = if found.passed() { "ok " } else { "OFF" };
    let fourfold = found.ratio.map_or(String::new(), |ratio| format!("; half of h, error ÷ {ratio:.2}"));
    format!("{name:width$}  {:>8.1e}  {verdict}  {:26}  {}{fourfold}", found.error, found.place, found.at)
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

/// The worst of all.
fn summary(found: &[(&Check, Found)], as_json: bool) -> Result<()> {
    let Some((check, worst)) = found.iter().max_by(|(_, a), (_, b)| a.error.total_cmp(&b.error)) else { return Ok(()) };
    if as_json {
        let checks: Vec<_> = found.iter().map(|(check, found)| object(check, found)).collect();
        let (worst, passed) = (object(check, worst), found.iter().all(|(_, found)| found.passed()));
        let text = json!({ "tolerance": TOLERANCE, "checks": checks, "worst": worst, "passed": passed });
        return show::result(&text.to_string());
    }
    let (count, cases): (usize, usize) = (found.len(), found.iter().map(|(_, found)| found.cases).sum());
    let Found { error, place, at, .. } = worst;
    show::result(&format!(
        "\n{count} checks at {cases} sizes. The worst relative error of all: {error:.1e}, {place} of {}, {at}.",
        check.name
    ))
}

/// Success where all passed.
fn verdict(found: &[(&Check, Found)]) -> Result<Done> {
    let failed: Vec<_> =
        found.iter().filter(|(_, found)| !found.passed()).map(|(check, _)| check.name.as_str()).collect();
    if failed.is_empty() {
        return Ok(Done::Whole);
    }
    bail!(
        "{} failed: a relative error above {TOLERANCE:e}, or one that does not fall fourfold as h is halved; the \
         backward pass is not that of the forward pass, and the table names the place where it is farthest off",
        failed.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passes, with another error or ratio.
    fn passes(error: f64, ratio: Option<f64>) -> bool {
        let checks = checks::all().expect("the list's layers fit");
        let check = checks.iter().find(|check| check.name == "mse-sum").expect("it is on the list");
        let found = check.run().expect("it runs");
        assert!(found.passed());
        verdict(&[(check, Found { error, ratio, ..found })]).is_ok()
    }

    #[test]
    fn what_is_off_is_a_failure() {
        assert!(passes(1e-6, None) && passes(1e-7, Some(4.1)));
        assert!(!passes(1.1e-6, None) && !passes(f64::NAN, None) && !passes(f64::INFINITY, None));
        // The error of a wrong gradient does not fall with h; NaN is no ratio.
        assert!(!passes(1e-7, Some(1.0)) && !passes(1e-7, Some(f64::NAN)));
    }
}
