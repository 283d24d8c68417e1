//! Slips with the terms of a sum and with signs.

use super::functions::complement;
use super::{Case, Variants, sums, with, without};
use crate::answer::Formula::{self, Call, Name, Negative, Number, Product, Sum};
use crate::subscripts::split;

/// The index of the step, the first of the subscripts of the symbol.
fn step(symbol: &str) -> Option<usize> {
    split(symbol).1.first().copied()
}

/// Returns true for the symbol of a gradient.
fn is_gradient(name: &str) -> bool {
    name.starts_with(['d', 'δ'])
}

/// What comes back from the next step is left out.
pub(super) fn later_step(case: &Case) -> Variants {
    let Some(t) = step(case.symbol).filter(|_| is_gradient(case.symbol)) else { return Vec::new() };
    let comes_back =
        |term: &Formula| term.names().iter().any(|name| is_gradient(name) && split(name).1.first() == Some(&(t + 1)));
    dropped(case, comes_back, format!("You left out what comes back from step {}.", t + 1))
}

/// What comes from the step before is left out.
pub(super) fn earlier_step(case: &Case) -> Variants {
    let Some(t) = step(case.symbol).filter(|t| *t > 0 && !is_gradient(case.symbol)) else { return Vec::new() };
    let is_state = |name: &str| {
        let (stem, digits) = split(name);
        digits.first() == Some(&(t - 1)) && !stem.starts_with(['w', 'b', 'x'])
    };
    let comes_from = |term: &Formula| term.names().iter().any(|name| is_state(name));
    dropped(case, comes_from, format!("You left out what comes from step {}.", t - 1))
}

/// Every sum in the formula without the terms that `is_left_out` accepts.
fn dropped(case: &Case, is_left_out: impl Fn(&Formula) -> bool, why: String) -> Variants {
    case.formula.variants(&|part| {
        let Sum(terms) = part else { return Vec::new() };
        let kept: Vec<_> = terms.iter().filter(|(_, term)| !is_left_out(term)).cloned().collect();
        let changes = !kept.is_empty() && kept.len() < terms.len();
        if changes { vec![(Formula::sum(kept), why.clone())] } else { Vec::new() }
    })
}

/// The bias is left out.
pub(super) fn bias(case: &Case) -> Variants {
    sums(case, |terms, place| match &terms[place].1 {
        Name(name) if name.starts_with('b') => Some((without(terms, place), format!("You forgot the bias {name}."))),
        _ => None,
    })
}

/// A step of the optimiser in the direction of the gradient.
pub(super) fn ascent(case: &Case) -> Variants {
    let is_step = |term: &Formula| matches!(term, Product(factors) if factors[0].1 == Name("α".into()));
    sums(case, |terms, place| match &terms[place] {
        (true, term) if is_step(term) => {
            let why = "A step goes against the gradient: α·gradient is subtracted, not added.".to_string();
            Some((with(terms, place, (false, term.clone())), why))
        }
        _ => None,
    })
}

/// A gate and what is left of 1 are exchanged: z·a + (1 − z)·b instead of (1 − z)·a + z·b.
pub(super) fn gate(case: &Case) -> Variants {
    case.formula.variants(&|part| {
        let Sum(terms) = part else { return Vec::new() };
        let gates = terms.iter().filter_map(|(_, term)| match term {
            Product(factors) => factors.iter().find_map(|(_, factor)| complement(factor)),
            _ => None,
        });
        let exchanged = |z: &Formula| {
            let rest = Formula::brackets(Sum(vec![(false, Number(1.0)), (true, z.clone())]));
            let change = |term: &Formula| match term {
                Product(factors) => Product(
                    factors
                        .iter()
                        .map(|(by, factor)| match factor {
                            factor if factor == z => (*by, rest.clone()),
                            factor if *factor == rest => (*by, z.clone()),
                            factor => (*by, factor.clone()),
                        })
                        .collect(),
                ),
                term => term.clone(),
            };
            let wrong = terms.iter().map(|(minus, term)| (*minus, change(term))).collect();
            (Sum(wrong), format!("You exchanged {z} and 1 − {z}."))
        };
        gates.map(exchanged).collect()
    })
}

/// b − a instead of a − b.
pub(super) fn wrong_way(case: &Case) -> Variants {
    case.formula.variants(&|part| match part {
        Sum(terms) => match &terms[..] {
            [(false, a), (true, b)] => {
                let why = format!("You subtracted the wrong way round: it is {a} − {b}.");
                vec![(Sum(vec![(false, b.clone()), (true, a.clone())]), why)]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// Only one term of a sum over several uses.
pub(super) fn one_term(case: &Case) -> Variants {
    let Sum(terms) = case.formula else { return Vec::new() };
    let only = |(minus, term): &(bool, Formula)| {
        let why = format!("That is only {term}. All the terms are added: a sum over all uses.");
        (Formula::sum(vec![(*minus, term.clone())]), why)
    };
    terms.iter().map(only).collect()
}

/// One term is left out.
pub(super) fn term(case: &Case) -> Variants {
    sums(case, |terms, place| {
        (terms.len() > 1).then(|| (without(terms, place), format!("You left out the term {}.", terms[place].1)))
    })
}

/// One term has the wrong sign.
pub(super) fn sign_of_a_term(case: &Case) -> Variants {
    sums(case, |terms, place| {
        let (minus, term) = &terms[place];
        let done = if *minus { "added" } else { "subtracted" };
        Some((with(terms, place, (!minus, term.clone())), format!("You {done} {term}: its sign is the other one.")))
    })
}

/// The whole has the wrong sign.
pub(super) fn sign(case: &Case) -> Variants {
    let why = match case.formula {
        Negative(_) => "You forgot the minus at the beginning.",
        _ => "Only the sign is wrong.",
    };
    vec![(Negative(Box::new(Call(String::new(), vec![case.formula.clone()]))), why.to_string())]
}
