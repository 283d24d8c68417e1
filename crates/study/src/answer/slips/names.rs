//! Slips with names and subscripts: a value of another step, another unit, another place.

use super::{Case, Variants};
use crate::answer::Formula::{self, Name};
use crate::subscripts::{name, split};

/// Returns the name with other subscripts, if it is known.
fn other(case: &Case, stem: &str, digits: &[usize]) -> Option<String> {
    let other = name(stem, digits);
    case.values.contains_key(other.as_str()).then_some(other)
}

/// A matrix of weights is read along its columns instead of its rows.
pub(super) fn transposed(case: &Case) -> Variants {
    let mut stems: Vec<&str> = case.formula.names().into_iter().map(|name| split(name).0).collect();
    stems.retain(|stem| stem.starts_with('w'));
    stems.sort_unstable();
    stems.dedup();
    let exchanged = |stem: &str| {
        let formula = case.formula.renamed(&|name| match split(name) {
            (of, digits) if of == stem && digits.len() == 2 => other(case, of, &[digits[1], digits[0]]),
            _ => None,
        });
        (formula, format!("You took the rows of {stem} for its columns: the first subscript is the row."))
    };
    stems.into_iter().map(exchanged).collect()
}

/// The weights of a window in the opposite order.
pub(super) fn flipped(case: &Case) -> Variants {
    // The subscripts of the last weight.
    let mut last: Vec<usize> = Vec::new();
    for (_, digits) in case.values.keys().map(|name| split(name)).filter(|(stem, _)| *stem == "w") {
        last.resize(last.len().max(digits.len()), 0);
        last.iter_mut().zip(&digits).for_each(|(last, &digit)| *last = (*last).max(digit));
    }
    let formula = case.formula.renamed(&|name| match split(name) {
        ("w", digits) if digits.len() == last.len() && !digits.is_empty() => {
            let digits: Vec<_> = digits.iter().zip(&last).map(|(digit, last)| last + 1 - digit).collect();
            other(case, "w", &digits)
        }
        _ => None,
    });
    vec![(formula, "You flipped the window: its first weight belongs to the first pixel under it.".into())]
}

/// Another value with the same letters, such as h₁ instead of h₂.
pub(super) fn other_of_its_kind(case: &Case) -> Variants {
    let (stem, _) = split(case.symbol);
    let mut others: Vec<&str> = case.values.keys().copied().filter(|name| split(name).0 == stem).collect();
    others.retain(|name| *name != case.symbol);
    others.sort_unstable();
    others.into_iter().map(|name| (Name(name.into()), format!("That is {name}."))).collect()
}

/// One name with a subscript that is one too small or too large.
pub(super) fn index(case: &Case) -> Variants {
    case.formula.variants(&|part| {
        let Name(right) = part else { return Vec::new() };
        let (stem, digits) = split(right);
        let changed = (0..digits.len()).flat_map(|place| {
            let change = |digit: usize| {
                let mut digits = digits.clone();
                digits[place] = digit;
                other(case, stem, &digits)
            };
            [digits[place].checked_sub(1).and_then(change), change(digits[place] + 1)]
        });
        let explained = |wrong: String| (Name(wrong.clone()), format!("You took {wrong} instead of {right}."));
        changed.flatten().map(explained).collect()
    })
}

/// Any other value that is known.
pub(super) fn known_value(case: &Case) -> Variants {
    let mut names: Vec<&str> = case.values.keys().copied().collect();
    // Names in the formula come first.
    let used = case.formula.names();
    names.sort_unstable_by_key(|name| (!used.contains(name), *name));
    names.into_iter().map(|name| (Name(name.into()), format!("That is {name}."))).collect::<Vec<(Formula, String)>>()
}
