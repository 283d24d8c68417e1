//! Guesses what a column is from its values in the training rows.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Cell, Table, date};
use crate::csv::value::long_number;
use crate::{count, thousands};

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindName {
    /// A number.
    Number,
    /// A number that is not negative and has a long tail, such as a price. The network gets its logarithm.
    Amount,
    /// One of a few whole numbers whose order means something.
    Ordinal,
    /// One of several words.
    Category,
    /// A date.
    Date,
    /// A different value in every row. It is left out.
    Identifier,
    /// Words of which most occur only once. It is left out.
    Text,
    /// No value in any training row. It is left out.
    Empty,
    /// Left out because the user said so.
    Ignored,
}

impl KindName {
    /// The name in messages and in `schema.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Amount => "amount",
            Self::Ordinal => "ordinal",
            Self::Category => "category",
            Self::Date => "date",
            Self::Identifier => "identifier",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Ignored => "ignored",
        }
    }

    /// Returns whether the network gets the column.
    #[must_use]
    pub fn is_used(self) -> bool {
        !matches!(self, Self::Identifier | Self::Text | Self::Empty | Self::Ignored)
    }
}

/// The most classes of a category. Rarer words become `other`.
pub(super) const MOST_CLASSES: usize = 255;
/// The smallest part of the known cells that the classes of a category must cover.
const LEAST_COVERED: f64 = 0.8;
/// The most different numbers of an ordinal column.
const MOST_LEVELS: usize = 20;
/// The most words that are tried as dates.
const MOST_DATES: usize = 1000;
/// The fewest rows in which different values mean an identifier.
const LEAST_IDENTIFIED: usize = 20;

/// The values of a column in the training rows.
pub(super) struct Values {
    pub numbers: Vec<f64>,
    /// Each word with the number of its cells, the most frequent ones first, then in the order of the alphabet.
    pub words: Vec<(u32, usize)>,
    pub missing: usize,
}

impl Values {
    /// `asks_numbers` says that the user asked for numbers. Then, and in a column of mostly numbers, long whole
    /// numbers, which the reader keeps as words, are numbers too.
    pub fn of(table: &Table, rows: &[usize], column: usize, asks_numbers: bool) -> Self {
        let (mut numbers, mut counts, mut missing) = (Vec::new(), HashMap::<u32, usize>::new(), 0);
        for &row in rows {
            match table.cell(row, column) {
                Cell::Missing => missing += 1,
                Cell::Number(number) => numbers.push(number),
                Cell::Word(at) => *counts.entry(at).or_default() += 1,
            }
        }
        let mut words: Vec<_> = counts.into_iter().collect();
        let long = |word: u32| long_number(table.word(word));
        let cells: usize = words.iter().filter(|(word, _)| long(*word).is_some()).map(|(_, cells)| cells).sum();
        if cells > 0 && (asks_numbers || numbers.len() > cells) {
            words.retain(|(word, _)| long(*word).is_none());
            // In the order of the rows, in which ascending numbers are found.
            numbers = rows
                .iter()
                .filter_map(|&row| match table.cell(row, column) {
                    Cell::Missing => None,
                    Cell::Number(number) => Some(number),
                    Cell::Word(word) => long(word),
                })
                .collect();
        }
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| table.word(a.0).cmp(table.word(b.0))));
        Self { numbers, words, missing }
    }

    fn known_words(&self) -> usize {
        self.words.iter().map(|(_, count)| count).sum()
    }
}

/// What a column is, why, and for a date its format.
pub(super) struct Guess {
    pub kind: KindName,
    pub reason: String,
    pub format: Option<String>,
}

impl Guess {
    fn new(kind: KindName, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), format: None }
    }
}

/// Guesses what a column is.
pub(super) fn guess(table: &Table, rows: &[usize], column: usize, values: &Values) -> Guess {
    let (numbers, words) = (values.numbers.len(), values.known_words());
    if numbers + words == 0 {
        return Guess::new(KindName::Empty, "no value in the training rows");
    }
    // The line of the first cell that holds a word.
    let line = |word| first_line(table, rows, column, word);
    let mut guess =
        if words > numbers { of_words(table, values, words, &line) } else { of_numbers(table, column, values) };
    if words > 0 && numbers >= words {
        let first = values.words[0].0;
        let (example, line) = (table.word(first), line(first));
        let cells = count(words, "cell holds", "cells hold");
        guess.reason += &format!("; {cells} text, for example {example:?} in line {line}, which counts as missing");
    }
    guess
}

/// The line of the first of these rows that holds a word in a column.
fn first_line(table: &Table, rows: &[usize], column: usize, word: u32) -> usize {
    let holds = |row: &&usize| table.cell(**row, column) == Cell::Word(word);
    rows.iter().find(holds).map_or(0, |&row| table.line(row))
}

fn of_words(table: &Table, values: &Values, known: usize, line: &dyn Fn(u32) -> usize) -> Guess {
    let different = values.words.len();
    let texts = values.words.iter().take(MOST_DATES).map(|&(at, _)| table.word(at));
    let (format, _, other) = date::best(texts);
    let dates: usize = values
        .words
        .iter()
        .filter(|(at, _)| date::parse(table.word(*at), format).is_some())
        .map(|(_, count)| count)
        .sum();
    let all_words = values.words.iter().map(|&(at, _)| table.word(at));
    let different_dates = all_words.filter(|text| date::parse(text, format).is_some()).count();
    // A frequent remark, such as "not captured", may stand in most cells of a column of dates.
    if 2 * dates > known || (2 * different_dates > different && different_dates >= LEAST_IDENTIFIED) {
        let mut reason = format!("{} as {format}", count(dates, "date", "dates"));
        if let Some((at, _)) = values.words.iter().find(|(at, _)| date::parse(table.word(*at), format).is_none()) {
            let cells = count(known - dates, "cell is", "cells are");
            let (example, line) = (table.word(*at), line(*at));
            reason += &format!("; {cells} no date, for example {example:?} in line {line}, and counted as missing");
        }
        if let Some(other) = other {
            reason += &format!("; they could be {other} as well: if so, write this format in the schema");
        }
        return Guess { kind: KindName::Date, reason, format: Some(format.to_owned()) };
    }
    // Numbers that are written in another way are lost as words, so people are told.
    let like_numbers = values.words.iter().filter(|(at, _)| is_like_a_number(table.word(*at))).count();
    let long = values.words.iter().filter(|(at, _)| long_number(table.word(*at)).is_some()).count();
    let hint = if 2 * like_numbers > different {
        "; they look like numbers with a currency, a % or separators between digits: remove these to use them"
    } else if 2 * long > different {
        "; they are whole numbers that 64 bits cannot hold exactly: if they are amounts, write kind number in a schema"
    } else {
        ""
    };
    if different == known && known >= LEAST_IDENTIFIED {
        return Guess::new(KindName::Identifier, format!("a different word in every row{hint}"));
    }
    // Numbers among the words are classes too.
    let mut numbers = HashMap::<u64, usize>::new();
    values.numbers.iter().for_each(|number| *numbers.entry((number + 0.0).to_bits()).or_default() += 1);
    let frequent: usize = numbers.values().filter(|&&count| count > 1).sum();
    let covered: usize = classes(values).iter().map(|(_, count)| count).sum();
    let all = known + values.numbers.len();
    if ((covered + frequent) as f64) < LEAST_COVERED * all as f64 {
        let reason = format!("{} in {}{hint}", count(different, "different text", "different texts"), rows(known));
        return Guess::new(KindName::Text, reason);
    }
    let rare = if covered < known { "; rare ones are one class, other" } else { "" };
    Guess::new(
        KindName::Category,
        format!("{} in {}{rare}{hint}", count(different, "different word", "different words"), rows(known)),
    )
}

/// Returns whether a word would be a number without a currency sign, a per cent sign and separators between its digits.
fn is_like_a_number(word: &str) -> bool {
    let bare: String = word.chars().filter(|sign| !"$€£¥%,' \u{a0}".contains(*sign)).collect();
    bare.len() < word.len() && bare.parse::<f64>().is_ok() && !bare.starts_with(|first: char| first.is_alphabetic())
}

/// The words that are classes of a category: those that occur at least twice, but all of them in a short table.
pub(super) fn classes(values: &Values) -> &[(u32, usize)] {
    let least = if values.known_words() < LEAST_IDENTIFIED { 1 } else { 2 };
    let frequent = values.words.iter().take_while(|(_, count)| *count >= least).count();
    &values.words[..frequent.min(MOST_CLASSES)]
}

fn of_numbers(table: &Table, column: usize, values: &Values) -> Guess {
    let numbers = &values.numbers;
    let is_whole = numbers.iter().all(|number| number.fract() == 0.0);
    let mut different = HashSet::new();
    let many = numbers.iter().any(|number| {
        different.insert((number + 0.0).to_bits());
        different.len() > MOST_LEVELS
    });
    if !many && is_whole {
        return match different.len() {
            1 => Guess::new(KindName::Number, format!("always {}", numbers[0])),
            2 => Guess::new(KindName::Category, format!("one of two numbers in {}", rows(numbers.len()))),
            levels if 10 * levels <= numbers.len() => {
                Guess::new(KindName::Ordinal, format!("one of {levels} whole numbers in {}", rows(numbers.len())))
            }
            _ => Guess::new(KindName::Number, "whole numbers"),
        };
    }
    if is_whole && numbers.len() >= LEAST_IDENTIFIED && is_identifier(&table.names[column], numbers) {
        return Guess::new(KindName::Identifier, "a different whole number in every row");
    }
    let skewness = skewness(numbers.iter().copied());
    if numbers.iter().all(|&number| number >= 0.0) && skewness > MOST_SKEWED {
        let unit = amount_unit(numbers);
        let largest = numbers.iter().copied().fold(0.0, f64::max);
        // Numbers that are all within 0..1 are fractions, or were scaled by somebody.
        if largest > f64::max(1.0, LONGEST_TAIL * median(numbers))
            && self::skewness(numbers.iter().map(|&number| super::values::signed_log(number / unit))).abs()
                < skewness / 2.0
        {
            return Guess::new(KindName::Amount, format!("a long tail (skewness {skewness:.1}): taken as logarithm"));
        }
    }
    let what = if is_whole { "whole numbers" } else { "decimal numbers" };
    Guess::new(KindName::Number, what)
}

/// Above this skewness a column that is not negative has a long tail. An exponential distribution has 2.
const MOST_SKEWED: f64 = 3.0;
/// An amount has values larger than this number of medians, so they are of different orders of magnitude.
const LONGEST_TAIL: f64 = 30.0;

/// Returns whether whole numbers name rows: they are all different, and either they ascend or the name of the column
/// says so.
fn is_identifier(name: &str, numbers: &[f64]) -> bool {
    let mut different = HashSet::with_capacity(numbers.len());
    if !numbers.iter().all(|number| different.insert(number.to_bits())) {
        return false;
    }
    let name = name.to_lowercase();
    let named = name == "id" || name.starts_with("unnamed") || name.contains("identifier");
    let named = named || ["_id", " id", "#", "key", "index", "number"].iter().any(|end| name.ends_with(end));
    named || numbers.windows(2).all(|pair| pair[0] < pair[1])
}

/// The unit of an amount: the number below which a twentieth of the positive values lies. Above it, ln(1 + x/unit) acts
/// as a logarithm; below it, it is nearly linear, so that 0 has a place too.
pub(super) fn amount_unit(numbers: &[f64]) -> f64 {
    let mut positive: Vec<f64> = numbers.iter().copied().filter(|&number| number > 0.0).collect();
    if positive.is_empty() {
        return 1.0;
    }
    let low = positive.len() / 20;
    *positive.select_nth_unstable_by(low, f64::total_cmp).1
}

/// The median of the positive values. 1 if there is none.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut positive: Vec<f64> = numbers.iter().copied().filter(|&number| number > 0.0).collect();
    if positive.is_empty() {
        return 1.0;
    }
    let middle = positive.len() / 2;
    *positive.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The third standardised moment. 0 if all numbers are the same.
fn skewness(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = numbers.clone().count() as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    let moment = |power: i32| numbers.clone().map(|number| (number - mean).powi(power)).sum::<f64>() / count;
    let variance = moment(2);
    if variance > 0.0 { moment(3) / variance.powf(1.5) } else { 0.0 }
}

fn rows(count: usize) -> String {
    format!("{} {}", thousands(count), if count == 1 { "row" } else { "rows" })
}
