//! Slips with functions and their slopes.

use super::{Case, Variants, without};
use crate::answer::Formula::{self, Call, Name, Number, Power, Product, Sum};

/// The argument of a function is given instead of its value.
pub(super) fn stopped_before(case: &Case) -> Variants {
    match case.formula {
        Call(name, parts) if !["", "|", "max"].contains(&name.as_str()) => {
            let why = match (name.as_str(), case.value == 0.0) {
                ("relu", true) => "You forgot relu: below 0, it is 0.".to_string(),
                _ => format!("You stopped before {name}: this is what {name} is applied to."),
            };
            vec![(parts[0].clone(), why)]
        }
        _ => Vec::new(),
    }
}

/// The formula with every function `from` replaced by `to`.
fn replaced(case: &Case, from: &str, to: &str, why: &str) -> Variants {
    case.formula.variants(&|part| match part {
        Call(name, parts) if name == from => vec![(Call(to.into(), parts.clone()), why.to_string())],
        _ => Vec::new(),
    })
}

/// σ and tanh are exchanged.
pub(super) fn other_activation(case: &Case) -> Variants {
    let mut found = replaced(case, "tanh", "σ", "You took σ, but here the function is tanh.");
    found.extend(replaced(case, "σ", "tanh", "You took tanh, but here the function is σ."));
    found
}

/// The tangent instead of the hyperbolic tangent.
pub(super) fn tan(case: &Case) -> Variants {
    replaced(case, "tanh", "tan", "That is the tangent. tanh is the hyperbolic tangent, another key of the calculator.")
}

/// The decimal logarithm instead of the natural one.
pub(super) fn decimal_logarithm(case: &Case) -> Variants {
    let mut found = replaced(case, "ln", "log₁₀", "");
    // All logarithms of a formula are taken with the same key.
    let all = all_logarithms(case.formula);
    found.push((all, String::new()));
    let why = "That is with the decimal logarithm. ln is the natural one.";
    found.into_iter().map(|(formula, _)| (formula, why.to_string())).collect()
}

fn all_logarithms(formula: &Formula) -> Formula {
    match formula {
        Call(name, parts) => {
            let name = if name == "ln" { "log₁₀" } else { name };
            Call(name.into(), parts.iter().map(all_logarithms).collect())
        }
        Sum(terms) => Sum(terms.iter().map(|(minus, term)| (*minus, all_logarithms(term))).collect()),
        Product(factors) => Product(factors.iter().map(|(by, factor)| (*by, all_logarithms(factor))).collect()),
        Formula::Negative(part) => Formula::Negative(Box::new(all_logarithms(part))),
        other => other.clone(),
    }
}

/// Returns what is squared, if the formula is the slope of tanh in brackets: 1 − h².
fn slope_of_tanh(part: &Formula) -> Option<&Formula> {
    match part.inside()? {
        Sum(terms) => match &terms[..] {
            [(false, Number(1.0)), (true, Power(base, 2))] => Some(&**base),
            _ => None,
        },
        _ => None,
    }
}

/// Returns y, if the formula is 1 − y in brackets.
pub(super) fn complement(part: &Formula) -> Option<&Formula> {
    match part.inside()? {
        Sum(terms) => match &terms[..] {
            [(false, Number(1.0)), (true, part @ Name(_))] => Some(part),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the places of y and (1 − y) in a product: the slope of σ.
fn slope_of_sigma(factors: &[(bool, Formula)]) -> Option<[usize; 2]> {
    let second = factors.iter().position(|(_, factor)| complement(factor).is_some())?;
    let y = complement(&factors[second].1)?;
    let first = factors.iter().position(|(divides, factor)| !divides && factor == y)?;
    Some([first, second])
}

/// The slope of an activation is forgotten.
pub(super) fn forgotten_slope(case: &Case) -> Variants {
    case.formula.variants(&|part| {
        let Product(factors) = part else { return Vec::new() };
        let mut found = Vec::new();
        if let Some(place) = factors.iter().position(|(_, factor)| slope_of_tanh(factor).is_some()) {
            let why = format!("You forgot the slope of tanh, {}.", factors[place].1);
            found.push((Formula::product(without(factors, place)), why));
        }
        if let Some([first, second]) = slope_of_sigma(factors) {
            let left = without(&without(factors, first.max(second)), first.min(second));
            let why = format!("You forgot the slope of σ, {}·{}.", factors[first].1, factors[second].1);
            found.push((Formula::product(left), why));
        }
        found
    })
}

/// The slope of σ instead of that of tanh, or the other way round.
pub(super) fn other_slope(case: &Case) -> Variants {
    let minus = |part: Formula| Formula::brackets(Sum(vec![(false, Number(1.0)), (true, part)]));
    case.formula.variants(&|part| {
        let Product(factors) = part else { return Vec::new() };
        let mut found = Vec::new();
        let tanh = factors.iter().enumerate().find_map(|(at, (_, part))| Some((at, slope_of_tanh(part)?)));
        if let Some((place, h)) = tanh {
            let mut wrong = without(factors, place);
            wrong.extend([(false, h.clone()), (false, minus(h.clone()))]);
            let why = format!("You took the slope of σ, {h}·(1 − {h}). That of tanh is {}.", factors[place].1);
            found.push((Product(wrong), why));
        }
        if let Some([first, second]) = slope_of_sigma(factors) {
            let y = factors[first].1.clone();
            let mut wrong = without(&without(factors, first.max(second)), first.min(second));
            wrong.push((false, minus(Power(Box::new(y.clone()), 2))));
            found.push((Product(wrong), format!("You took the slope of tanh, 1 − {y}². That of σ is {y}·(1 − {y}).")));
        }
        found
    })
}

/// (1 − h)² instead of 1 − h².
pub(super) fn square_of_brackets(case: &Case) -> Variants {
    case.formula.variants(&|part| match slope_of_tanh(part) {
        Some(h) => {
            let brackets = Formula::brackets(Sum(vec![(false, Number(1.0)), (true, h.clone())]));
            vec![(Power(Box::new(brackets), 2), format!("1 − {h}² is not (1 − {h})²: only {h} is squared."))]
        }
        None => Vec::new(),
    })
}
