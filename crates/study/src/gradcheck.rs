//! Compares every backward pass with central differences: layers, losses and whole models.

mod checks;
mod found;
mod models;
mod render;

use crate::Error;

pub use checks::{Check, Kind, all};
pub use found::{Found, TOLERANCE};
pub use render::{json, line, list, list_json, name_width, summary};

/// Returns the checks whose names begin with one of `names`, in the order of the list. The name `all` selects
/// everything.
///
/// # Errors
/// If one of the names selects nothing.
pub fn choose(names: &[String]) -> Result<Vec<Check>, Error> {
    let mut checks = all()?;
    let means = |name: &str, check: &Check| name == "all" || (!name.is_empty() && check.name.starts_with(name));
    if let Some(name) = names.iter().find(|name| !checks.iter().any(|check| means(name, check))) {
        let known: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        return Err(Error::NoSuchCheck { name: name.clone(), known: known.join(", ") });
    }
    checks.retain(|check| names.iter().any(|name| means(name, check)));
    Ok(checks)
}

/// Returns success if all checks passed.
///
/// # Errors
/// If a check failed.
pub fn verdict(found: &[(Check, Found)]) -> Result<(), Error> {
    let failed: Vec<_> =
        found.iter().filter(|(_, found)| !found.passed()).map(|(check, _)| check.name.as_str()).collect();
    match failed[..] {
        [] => Ok(()),
        _ => Err(Error::ChecksFailed { names: failed.join(", "), tolerance: TOLERANCE }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does a check pass if it has this error and this ratio?
    fn passes(error: f64, ratio: Option<f64>) -> bool {
        let check = choose(&["mse-sum".to_string()]).expect("the list's layers fit").pop().expect("it is on the list");
        let found = check.run().expect("it runs");
        assert!(found.passed());
        verdict(&[(check, Found { error, ratio, ..found })]).is_ok()
    }

    #[test]
    fn what_is_off_is_a_failure() {
        assert!(passes(1e-6, None) && passes(1e-7, Some(4.1)));
        assert!(!passes(1.1e-6, None) && !passes(f64::NAN, None) && !passes(f64::INFINITY, None));
        // The error of a wrong gradient does not decrease with h. A NaN never passes.
        assert!(!passes(1e-7, Some(1.0)) && !passes(1e-7, Some(f64::NAN)));
    }
}
