//! Decides whether the first row of a CSV file is a header, also if it consists of numbers.

use super::value::{Decimal, is_missing, number};

/// What is known about the header of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// The user said that the first row is a header.
    Asked,
    /// The first row is a header, because it has words and no numbers.
    Found,
    /// The first row is a header, although it has numbers, because these are quite other than those below them.
    FoundNumbers,
    /// There is no header.
    #[default]
    None,
}

impl Header {
    /// True if the first row is a header.
    #[must_use]
    pub fn is_there(self) -> bool {
        self != Self::None
    }

    /// What is known, in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Asked => "yes",
            Self::Found => "found",
            Self::FoundNumbers => "found in a first row of numbers; with header = no they are values",
            Self::None => "none",
        }
    }

    /// Decides about the header of a file. `rows` are its first rows, or the first cells of each of them. `asked` is
    /// the answer of the user, if there is one.
    pub(crate) fn of(rows: &[Vec<String>], decimal: Decimal, asked: Option<bool>) -> Self {
        let Some((first, next)) = rows.split_first() else { return Self::None };
        let is_number = |cell: &String| number(cell, decimal).is_some();
        match asked {
            Some(true) => Self::Asked,
            Some(false) => Self::None,
            // In a table of words alone, a word that occurs again in its column is a value.
            None if repeats(first, next) && !next.iter().flatten().any(is_number) => Self::None,
            None if !first.iter().any(is_number) => match first.iter().any(|cell| !is_missing(cell)) {
                true => Self::Found,
                false => Self::None,
            },
            None if are_names(first, next, decimal) => Self::FoundNumbers,
            None => Self::None,
        }
    }
}

/// True if a word of the first row occurs below it in the same column.
fn repeats(first: &[String], next: &[Vec<String>]) -> bool {
    next.iter().any(|row| row.iter().zip(first).any(|(below, above)| below == above && !is_missing(above)))
}

/// True if the numbers of the first row are names of columns, such as `0,1,2,3`, `1990,2000,2010` or `label,0,1,2`.
///
/// They are names only if all of them are whole numbers without sign, in ascending order or descending in equal steps,
/// and if one of these holds:
///
/// - They count evenly, there are at least 8 of them, and none of the next rows counts evenly. At least 4 are enough if
///   a word stands above numbers.
/// - Below each of them, most numbers have decimals. There must be at least 4 of them, or they must count evenly: at
///   least 3 in any steps, or 2 from 0 or 1 in steps of 1.
/// - Each of them is far from the numbers below it: by more than ten times the range of those. There must be at least
///   3 of them, or a word beside them, and at least 2 rows.
fn are_names(first: &[String], next: &[Vec<String>], decimal: Decimal) -> bool {
    // The numbers of the first row with their columns. Other cells are words or missing.
    let numbers: Vec<(usize, f64)> =
        first.iter().enumerate().filter_map(|(at, cell)| Some((at, number(cell, decimal)?))).collect();
    let is_plain = |cell: &String| cell.len() <= 15 && cell.bytes().all(|byte| byte.is_ascii_digit());
    let in_order: Vec<f64> = numbers.iter().map(|(_, number)| *number).collect();
    let is_in_order = in_order.windows(2).all(|pair| pair[0] < pair[1]) || counts_evenly(&in_order);
    if next.is_empty() || numbers.len() < 2 || !is_in_order || !numbers.iter().all(|(at, _)| is_plain(&first[*at])) {
        return false;
    }
    let below = |at: usize| next.iter().filter_map(move |row| number(row.get(at)?, decimal));
    let is_word = |at: &usize| !is_missing(&first[*at]) && !numbers.iter().any(|(number, _)| number == at);
    let words: Vec<usize> = (0..first.len()).filter(is_word).collect();

    let values =
        |row: &[String]| numbers.iter().map(|(at, _)| number(row.get(*at)?, decimal)).collect::<Option<Vec<_>>>();
    let counts = |row: &[String]| values(row).is_some_and(|values| counts_evenly(&values));
    let word_above_numbers = words.iter().any(|&at| below(at).count() == next.len());
    let enough = if word_above_numbers { 4 } else { 8 };
    if counts(first) && numbers.len() >= enough && !next.iter().any(|row| counts(row)) {
        return true;
    }

    let has_decimals = |at: usize| {
        let with = below(at).filter(|value| value.fract() != 0.0).count();
        with > 0 && 2 * with > below(at).count()
    };
    let counts_from_start = numbers[0].1 <= 1.0 && numbers[1].1 == numbers[0].1 + 1.0;
    let is_regular = counts(first) && (numbers.len() >= 3 || counts_from_start);
    if (numbers.len() >= 4 || is_regular) && numbers.iter().all(|&(at, _)| has_decimals(at)) {
        return true;
    }

    let is_far = |&(at, name): &(usize, f64)| {
        let (low, high) = below(at).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let range = (high - low).max(1.0);
        below(at).count() >= 2 && (name < low - 10.0 * range || name > high + 10.0 * range)
    };
    (numbers.len() >= 3 || !words.is_empty()) && numbers.iter().all(is_far)
}

/// True if the numbers ascend or descend in equal steps.
fn counts_evenly(values: &[f64]) -> bool {
    let step = |pair: &[f64]| pair[1] - pair[0];
    values.windows(2).all(|pair| step(pair) != 0.0 && step(pair) == values[1] - values[0])
}
