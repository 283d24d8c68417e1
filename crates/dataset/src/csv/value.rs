//! What a cell means: a missing value or a number.

/// The sign between the whole part of a number and its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    /// `3.14`
    Point,
    /// `3,14`
    Comma,
}

/// What stands in a cell whose value is missing: `?`, and everything that pandas reads as missing by default. Upper and
/// lower case are the same here.
const MISSING: &[&str] = &[
    "", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None",
];

/// True if the cell says that its value is missing.
pub(crate) fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The number that a cell holds. `None` if it holds something else or a number that is not finite.
///
/// Where numbers have a decimal comma, a decimal point is also understood, unless three digits follow it: `1.234` may
/// also be 1234 with its digits in groups of three.
pub(crate) fn number(cell: &str, decimal: Decimal) -> Option<f64> {
    let with_point = |cell: &str| cell.parse().ok().filter(|value: &f64| value.is_finite());
    match decimal {
        Decimal::Point => with_point(cell),
        Decimal::Comma if cell.contains('.') => with_point(cell).filter(|_| !may_be_group(cell, '.')),
        Decimal::Comma => with_point(&cell.replacen(',', ".", 1)),
    }
}

/// The value of a whole number that is written with digits alone and is too large to be told from its neighbours in 64
/// bits: it may name a row, so its digits are kept. `None` for any other text.
pub(crate) fn long_number(text: &str) -> Option<f64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.len() < 16 || digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite() && number.abs() > LARGEST_EXACT)
}

/// True if `sign` may stand between groups of three digits in this number rather than before its decimals.
pub(crate) fn may_be_group(cell: &str, sign: char) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((whole, after)) = cell.trim_start_matches(['+', '-']).split_once(sign) else { return false };
    after.len() == 3 && is_digits(after) && is_digits(whole) && whole.len() <= 3 && !whole.starts_with('0')
}
