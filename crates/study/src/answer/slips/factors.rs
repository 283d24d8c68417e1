//! Slips with factors, divisors and powers.

use super::{Case, Variants, products, without};
use crate::answer::Formula::{self, Call, Name, Number, Power, Product, Sum};

/// A division by 2 is forgotten.
pub(super) fn half(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (true, Number(2.0)) => Some((without(factors, place), "You forgot the ½: the formula divides by 2.".into())),
        _ => None,
    })
}

/// A factor 2 is forgotten.
pub(super) fn two(case: &Case) -> Variants {
    let is_gradient = case.symbol.starts_with(['d', 'δ']);
    let why = if is_gradient { "You forgot the factor 2: the slope of a square." } else { "You forgot the factor 2." };
    products(case, |factors, place| match &factors[place] {
        (false, Number(2.0)) => Some((without(factors, place), why.into())),
        _ => None,
    })
}

/// The division by the number of values is forgotten.
pub(super) fn mean(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (true, Number(count)) => {
            Some((without(factors, place), format!("You forgot to divide by {count}: it is a mean, not a sum.")))
        }
        _ => None,
    })
}

/// Another division is forgotten.
pub(super) fn divisor(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (true, divisor) => Some((without(factors, place), format!("You forgot to divide by {}.", plain(divisor)))),
        _ => None,
    })
}

/// The mean is taken twice.
pub(super) fn divided_twice(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (true, Number(count)) => {
            let twice = [factors, &factors[place..=place]].concat();
            Some((twice, format!("You divided by {count} twice.")))
        }
        _ => None,
    })
}

/// A square is forgotten.
pub(super) fn square(case: &Case) -> Variants {
    case.formula.variants(&|part| match part {
        Power(base, 2) => vec![((**base).clone(), format!("You forgot the square of {}.", plain(base)))],
        _ => Vec::new(),
    })
}

/// A number is doubled instead of squared.
pub(super) fn doubled(case: &Case) -> Variants {
    case.formula.variants(&|part| match part {
        Power(base, 2) => {
            let double = Product(vec![(false, Number(2.0)), (false, (**base).clone())]);
            vec![(double, format!("You doubled {} instead of squaring it.", plain(base)))]
        }
        _ => Vec::new(),
    })
}

/// A square root is forgotten.
pub(super) fn root(case: &Case) -> Variants {
    case.formula.variants(&|part| match part {
        Call(name, parts) if name == "√" => {
            vec![(Formula::brackets(parts[0].clone()), "You forgot the root.".into())]
        }
        _ => Vec::new(),
    })
}

/// An absolute value is forgotten.
pub(super) fn absolute_value(case: &Case) -> Variants {
    case.formula.variants(&|part| match part {
        Call(name, parts) if name == "|" => {
            vec![(parts[0].clone(), format!("You forgot to take the absolute value of {}.", parts[0]))]
        }
        _ => Vec::new(),
    })
}

/// A step of the optimiser without the learning rate.
pub(super) fn learning_rate(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (false, Name(name)) if name == "α" => {
            Some((without(factors, place), "You forgot the learning rate α.".into()))
        }
        _ => None,
    })
}

/// Hidden values are used as if they were not hidden.
pub(super) fn mask(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (false, Name(name)) if name.starts_with("mask") => {
            Some((without(factors, place), format!("You forgot to multiply by {name}: a hidden value is 0.")))
        }
        _ => None,
    })
}

/// The slip of multiplying only the first term of a sum in brackets: a·b + c instead of a·(b + c).
pub(super) fn brackets(case: &Case) -> Variants {
    case.formula.variants(&|part| {
        let Product(factors) = part else { return Vec::new() };
        let open = |place: usize| {
            let Some(Sum(terms)) = factors[place].1.inside().filter(|_| !factors[place].0) else { return None };
            let mut product = factors.clone();
            product[place].1 = terms[0].1.clone();
            let mut sum = vec![(terms[0].0, Formula::product(product))];
            sum.extend_from_slice(&terms[1..]);
            let why =
                format!("You multiplied only the first term of ({}): the brackets come first.", Sum(terms.clone()));
            Some((Formula::brackets(Sum(sum)), why))
        };
        (0..factors.len()).filter_map(open).collect()
    })
}

/// Any factor is forgotten.
pub(super) fn factor(case: &Case) -> Variants {
    products(case, |factors, place| match &factors[place] {
        (false, factor) => Some((without(factors, place), format!("You forgot the factor {}.", plain(factor)))),
        _ => None,
    })
}

/// The decimal point is at the wrong place.
pub(super) fn decimal_point(case: &Case) -> Variants {
    let shift = |power: f64| Product(vec![(false, Formula::brackets(case.formula.clone())), (false, Number(power))]);
    let why = "The digits are right, but the decimal point is at the wrong place.";
    [0.1, 10.0, 0.01, 100.0].map(|power| (shift(power), why.to_string())).into()
}

/// A part without the brackets around it.
fn plain(part: &Formula) -> String {
    part.inside().unwrap_or(part).to_string()
}
