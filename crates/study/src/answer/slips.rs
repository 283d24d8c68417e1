//! Known slips: what is computed when a formula is misread, or when one step of it is forgotten. Each slip changes the
//! formula; if the changed formula gives the answer, the slip explains it.

mod factors;
mod functions;
mod names;
mod terms;

use std::collections::HashMap;

use super::Formula;

/// A question, and all that is known about it.
pub(super) struct Case<'a> {
    /// What is asked for.
    pub symbol: &'a str,
    pub formula: &'a Formula,
    /// The values that are known.
    pub values: &'a HashMap<&'a str, f64>,
    pub value: f64,
}

/// Formulas that are computed by mistake, each with an explanation.
type Variants = Vec<(Formula, String)>;

/// A kind of slip: its name, and the formulas that it gives.
type Slip = (&'static str, fn(&Case) -> Variants);

/// All slips. If several give the same answer, the first of them explains it, so the more specific ones come first.
const SLIPS: [Slip; 36] = [
    ("activation", functions::stopped_before),
    ("other-activation", functions::other_activation),
    ("tan", functions::tan),
    ("log", functions::decimal_logarithm),
    ("slope", functions::forgotten_slope),
    ("other-slope", functions::other_slope),
    ("square-of-brackets", functions::square_of_brackets),
    ("half", factors::half),
    ("two", factors::two),
    ("mean", factors::mean),
    ("divisor", factors::divisor),
    ("twice", factors::divided_twice),
    ("square", factors::square),
    ("doubled", factors::doubled),
    ("root", factors::root),
    ("absolute-value", factors::absolute_value),
    ("later-step", terms::later_step),
    ("earlier-step", terms::earlier_step),
    ("bias", terms::bias),
    ("ascent", terms::ascent),
    ("learning-rate", factors::learning_rate),
    ("mask", factors::mask),
    ("gate", terms::gate),
    ("wrong-way", terms::wrong_way),
    ("brackets", factors::brackets),
    ("transposed", names::transposed),
    ("flipped", names::flipped),
    ("other-value", names::other_of_its_kind),
    ("index", names::index),
    ("one-term", terms::one_term),
    ("term", terms::term),
    ("sign-of-a-term", terms::sign_of_a_term),
    ("sign", terms::sign),
    ("factor", factors::factor),
    ("decimal-point", factors::decimal_point),
    ("known-value", names::known_value),
];

/// The name of the slip that has no formula: too few digits.
pub(super) const DIGITS: &str = "digits";

/// Returns the names of all kinds of slips.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    SLIPS.iter().map(|(name, _)| *name).chain([DIGITS]).collect()
}

/// Returns the values that the slips give, each with the name of the slip and an explanation.
pub(super) fn all(case: &Case) -> Vec<(&'static str, f64, String)> {
    let mut found = Vec::new();
    for (name, find) in SLIPS {
        for (formula, why) in find(case) {
            let value = formula.value(&|name| case.values.get(name).copied());
            found.extend(value.map(|value| (name, value, why)));
        }
    }
    found
}

/// The sum or the product without one of its parts.
fn without(parts: &[(bool, Formula)], place: usize) -> Vec<(bool, Formula)> {
    let mut left = parts.to_vec();
    left.remove(place);
    left
}

/// The sum or the product with another part at this place.
fn with(parts: &[(bool, Formula)], place: usize, part: (bool, Formula)) -> Vec<(bool, Formula)> {
    let mut changed = parts.to_vec();
    changed[place] = part;
    changed
}

/// What comes of every product in the formula if one factor that `change` accepts is treated wrongly. `change` gets
/// the factors and the place of one of them, and returns the wrong factors and the explanation.
fn products(
    case: &Case,
    change: impl Fn(&[(bool, Formula)], usize) -> Option<(Vec<(bool, Formula)>, String)>,
) -> Variants {
    case.formula.variants(&|part| {
        let Formula::Product(factors) = part else { return Vec::new() };
        let changed = (0..factors.len()).filter_map(|place| change(factors, place));
        changed.map(|(factors, why)| (Formula::product(factors), why)).collect()
    })
}

/// The same for the terms of every sum in the formula.
fn sums(case: &Case, change: impl Fn(&[(bool, Formula)], usize) -> Option<(Vec<(bool, Formula)>, String)>) -> Variants {
    case.formula.variants(&|part| {
        let Formula::Sum(terms) = part else { return Vec::new() };
        let changed = (0..terms.len()).filter_map(|place| change(terms, place));
        changed.map(|(terms, why)| (Formula::sum(terms), why)).collect()
    })
}
