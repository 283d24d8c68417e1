//! What the training rows teach about a column: its kind, its scale and its classes.

use std::collections::HashMap;

use super::guess::{Values, amount_unit, classes, guess, median};
use super::values::signed_log;
use super::{Asked, Column, ColumnError, Kind, KindName, Linear, Scaling, Table, date};
use crate::Error;
use crate::csv::Fill;

/// The most decimals that an imputed number is written with, unless it needs more for [`SIGNIFICANT`] digits.
pub(super) const MOST_DECIMALS: usize = 6;
/// The significant digits that a number of usual size has at least, if the numbers of its column have as many.
pub(super) const SIGNIFICANT: usize = 6;

/// Describes one column.
pub(super) fn column(
    table: &Table,
    rows: &[usize],
    at: usize,
    wanted: Option<(KindName, Option<&str>)>,
    asked: &Asked,
) -> Result<Column, Error> {
    let asks_numbers = matches!(wanted, Some((KindName::Number | KindName::Amount | KindName::Ordinal, _)));
    let values = Values::of(table, rows, at, asks_numbers);
    let guessed = guess(table, rows, at, &values);
    let (name, reason, format) = match wanted {
        None => (guessed.kind, guessed.reason, guessed.format),
        Some((kind, format)) => (kind, "as asked".to_owned(), format.map(str::to_owned).or(guessed.format)),
    };
    let needs_numbers = matches!(name, KindName::Number | KindName::Amount | KindName::Ordinal);
    if (needs_numbers && values.numbers.is_empty()) || (name == KindName::Date && format.is_none()) {
        let (path, column) = (table.path.clone(), table.names[at].clone());
        return Err(ColumnError::NotOfKind { path, column, kind: name.name(), guessed: guessed.kind.name() }.into());
    }
    let unfit = |problem| Error::Unfit { path: table.path.clone(), problem };
    if let Some(format) = format.as_ref().filter(|format| name == KindName::Date && !date::is_format(format)) {
        return Err(unfit(format!(
            "column {:?} has the format {format:?}, in which no date can be written: a format has the day, the \
             month and the year, as %Y-%m-%d, and with a time also the hour and the minute, as %Y-%m-%d %H:%M",
            table.names[at]
        )));
    }
    let too_large = values.numbers.iter().find(|number| number.abs() > f64::from(f32::MAX));
    if let Some(number) = too_large.filter(|_| needs_numbers) {
        return Err(unfit(format!(
            "column {:?} has the number {number:e}, which is too large for a 32-bit number: correct it, or leave the \
             column out",
            table.names[at]
        )));
    }
    let scale = |numbers: &mut dyn Iterator<Item = f64>| linear(numbers, asked.scaling);
    let kind = match name {
        KindName::Number => Kind::Number { scale: scale(&mut values.numbers.iter().copied()) },
        KindName::Amount => {
            let unit = amount_unit(&values.numbers);
            Kind::Amount { unit, scale: scale(&mut values.numbers.iter().map(|&number| signed_log(number / unit))) }
        }
        KindName::Ordinal => {
            let mut levels = values.numbers.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            Kind::Ordinal { levels, scale: scale(&mut values.numbers.iter().copied()) }
        }
        KindName::Category => category(table, &values),
        KindName::Date => {
            let format = format.unwrap_or_default();
            let read = |&(word, count): &(u32, usize)| Some((date::parse(table.word(word), &format)?, count));
            let dates = values.words.iter().filter_map(read);
            let scale = scale(&mut dates.flat_map(|(days, count)| std::iter::repeat_n(days, count)));
            Kind::Date { format, scale, scaling: asked.scaling }
        }
        _ => Kind::LeftOut { name },
    };
    let words = |is_known: &dyn Fn(&str) -> bool| -> usize {
        let of_words = values.words.iter().filter(|(word, _)| is_known(table.word(*word)));
        of_words.map(|(_, count)| count).sum()
    };
    let known = match &kind {
        Kind::Number { .. } | Kind::Amount { .. } | Kind::Ordinal { .. } => values.numbers.len(),
        Kind::Date { format, .. } => words(&|text| date::parse(text, format).is_some()),
        _ => rows.len() - values.missing,
    };
    let fill = match (asked.fill, &kind) {
        (None, _) | (_, Kind::LeftOut { .. }) => None,
        (Some(_), Kind::Category { .. }) => Some(0.0),
        (Some(Fill::Zero), Kind::Number { .. } | Kind::Amount { .. } | Kind::Ordinal { .. }) => Some(0.0),
        // A day 0 would mean nothing.
        (Some(_), Kind::Date { format, .. }) => {
            let days = values
                .words
                .iter()
                .filter_map(|&(word, cells)| Some((date::parse(table.word(word), format)?, cells as f64)));
            let (sum, cells) = days.fold((0.0, 0.0), |(sum, all), (days, cells)| (sum + cells * days, all + cells));
            Some(sum / f64::max(cells, 1.0))
        }
        (Some(_), _) => Some(values.numbers.iter().sum::<f64>() / values.numbers.len() as f64),
    };
    let is_constant = match &kind {
        Kind::Number { .. } | Kind::Amount { .. } | Kind::Ordinal { .. } => {
            values.numbers.iter().all(|number| *number == values.numbers[0])
        }
        Kind::Date { format, .. } => {
            let mut days = values.words.iter().filter_map(|(word, _)| date::parse(table.word(*word), format));
            let first = days.next();
            days.all(|day| Some(day) == first)
        }
        _ => false,
    };
    let decimals = match &kind {
        Kind::Date { .. } | Kind::LeftOut { .. } => 0,
        _ => decimals(table.decimals[at], &values.numbers),
    };
    let name = table.names[at].clone();
    let mut column = Column { name, kind, reason, fill, known, mean: 0.0, decimals, is_constant, residual: 1.0 };
    if !matches!(column.kind, Kind::Category { .. } | Kind::LeftOut { .. }) && asked.scaling != Scaling::Standard {
        let (mut sum, mut count) = (0.0, 0.0);
        let mut add = |value: f64, cells: f64| {
            let mut first = None;
            column.encode(value, |value| _ = first.get_or_insert(value));
            (sum, count) = (sum + cells * first.unwrap_or(0.0), count + cells);
        };
        match &column.kind {
            Kind::Date { format, .. } => values.words.iter().for_each(|&(word, cells)| {
                date::parse(table.word(word), format).into_iter().for_each(|days| add(days, cells as f64));
            }),
            _ => values.numbers.iter().for_each(|&number| add(number, 1.0)),
        }
        column.mean = sum / f64::max(count, 1.0);
    }
    Ok(column)
}

fn category(table: &Table, values: &Values) -> Kind {
    let mut counted: Vec<(String, usize)> =
        classes(values).iter().map(|&(word, count)| (table.word(word).to_owned(), count)).collect();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    values.numbers.iter().for_each(|number| *numbers.entry((number + 0.0).to_string()).or_default() += 1);
    counted.extend(numbers);
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counted.truncate(super::guess::MOST_CLASSES);
    let known: usize = values.numbers.len() + values.words.iter().map(|(_, count)| count).sum::<usize>();
    let covered: usize = counted.iter().map(|(_, count)| count).sum();
    let share = |count: usize| count as f64 / known.max(1) as f64;
    let shares = counted.iter().map(|(_, count)| share(*count)).chain([share(known - covered)]).collect();
    Kind::Category { classes: counted.into_iter().map(|(class, _)| class).collect(), shares }
}

/// With how many decimals a number of a column is written: with the most that its numbers are `written` with, but
/// with at most [`MOST_DECIMALS`], or as many as [`SIGNIFICANT`] digits of the median size need.
fn decimals(written: usize, numbers: &[f64]) -> usize {
    if written <= MOST_DECIMALS {
        return written;
    }
    let sizes: Vec<f64> = numbers.iter().map(|number| number.abs()).collect();
    let magnitude = median(&sizes).log10().floor() as i64;
    let needed = usize::try_from(SIGNIFICANT as i64 - 1 - magnitude).unwrap_or(0);
    written.min(needed.max(MOST_DECIMALS))
}

/// The scale of these numbers. If all are the same, the factor is 1.
fn linear(numbers: &mut dyn Iterator<Item = f64>, scaling: Scaling) -> Linear {
    let numbers: Vec<f64> = numbers.collect();
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let count = numbers.len() as f64;
    match scaling {
        _ if numbers.is_empty() => Linear { offset: 0.0, factor: 1.0 },
        Scaling::None => Linear { offset: 0.0, factor: 1.0 },
        // In floating point, the standard deviation of equal numbers need not be exactly 0.
        _ if low == high => Linear { offset: low, factor: 1.0 },
        Scaling::MinMax => Linear { offset: low, factor: high - low },
        Scaling::Standard => {
            let mean = numbers.iter().sum::<f64>() / count;
            let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
            Linear { offset: mean, factor: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
        }
    }
}
