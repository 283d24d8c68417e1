//! The time column of a series: when each step was.

use std::path::Path;

use crate::tables::{Cell, Table, date};
use crate::{Error, count};

/// A step that takes more than this multiple of the median step is a gap.
const GAP: f64 = 1.5;
/// Names of columns that are taken as time if their numbers ascend, without spaces and underscores.
const NAMES: [&str; 4] = ["time", "date", "datetime", "timestamp"];
/// What is a time, in words.
pub(super) const TIME: &str =
    "a time, which is a number, a date such as 2021-01-31 or 2021-01-31T12:00:00+01:00, or 12:00:00";
/// The most words from which the format of dates is guessed.
const MOST_WORDS: usize = 1000;
/// The most gaps that are named.
const NAMED: usize = 3;

/// A column of times.
pub(super) struct Times {
    /// The column, counted from 0.
    pub column: usize,
    /// The time of each row: days since 1970, or the numbers of the column.
    pub values: Vec<f64>,
    /// The format of dates. `None` if times are numbers.
    pub format: Option<&'static str>,
}

/// A place at which time goes back.
struct Backwards {
    before: usize,
    row: usize,
}

impl Times {
    /// Reads the column that was asked for. `in_use` says that a trained model is used, and nothing can be asked for.
    pub fn of(table: &Table, column: usize, groups: &[Vec<usize>], in_use: bool) -> Result<Self, Error> {
        let times = match read(table, column, groups) {
            Ok(times) => times,
            Err(row) => {
                let found = match table.text(row, column) {
                    text if text.is_empty() => "no value".to_owned(),
                    text => format!("{:?}", short(&text)),
                };
                let place = format!("line {}, column {:?}", table.line(row), short(&table.names[column]));
                let expected = format!("{TIME}, in the format of the other lines,");
                return Err(Error::Table { path: table.path.clone(), place, found, expected });
            }
        };
        match times.backwards(groups) {
            Some(at) => Err(times.goes_back(table, &at, groups.len() > 1, in_use)),
            None => Ok(times),
        }
    }

    /// Finds a column that is recognised as time: all of its cells are dates, or it is named like one and its numbers
    /// ascend. Also returns a note on a column that is named like one and does not ascend.
    pub fn recognised(
        table: &Table,
        columns: impl Iterator<Item = usize>,
        groups: &[Vec<usize>],
    ) -> Result<(Option<Self>, Option<String>), Error> {
        let mut note = None;
        for column in columns {
            let Ok(times) = read(table, column, groups) else { continue };
            match (times.format, times.backwards(groups)) {
                (None, _) if !is_time_name(&table.names[column]) => {}
                (_, None) => return Ok((Some(times), note)),
                (Some(_), Some(at)) => return Err(times.goes_back(table, &at, groups.len() > 1, false)),
                (None, Some(at)) => {
                    let (line, name) = (table.line(at.row), &table.names[column]);
                    note = Some(format!("column {name:?} does not ascend in line {line}, so it is taken as a channel"));
                }
            }
        }
        Ok((None, note))
    }

    fn backwards(&self, groups: &[Vec<usize>]) -> Option<Backwards> {
        groups.iter().find_map(|rows| {
            let pair = rows.windows(2).find(|pair| self.values[pair[1]] < self.values[pair[0]])?;
            Some(Backwards { before: pair[0], row: pair[1] })
        })
    }

    fn goes_back(&self, table: &Table, at: &Backwards, several: bool, in_use: bool) -> Error {
        let (line, before) = (table.line(at.row), table.line(at.before));
        let [found, above] = [at.row, at.before].map(|row| self.text(table, row));
        let name = short(&table.names[self.column]);
        let advice = match (in_use, several) {
            (true, _) => "sort the rows by time; without this column, the rows are steps in the order of the file",
            (false, true) => {
                "sort the rows by time; with time_column none, the rows are steps in the order of the file"
            }
            (false, false) => {
                "sort the rows by time; if the file holds several series, name the column that tells them apart with \
                 series_column; with time_column none, the rows are steps in the order of the file"
            }
        };
        let problem = format!(
            "in line {line}, column {name:?}, the time {found} is before {above} in line {before}, where times that \
             ascend were expected; {advice}"
        );
        Error::Unfit { path: table.path.clone(), problem }
    }

    /// How long a step of a series usually is: the median of all steps that are longer than 0. `None` if there is none.
    pub fn usual_step(&self, rows: &[usize]) -> Option<f64> {
        let steps = rows.windows(2).map(|pair| self.values[pair[1]] - self.values[pair[0]]);
        let mut steps: Vec<f64> = steps.filter(|&step| step > 0.0).collect();
        let middle = steps.len().checked_sub(1)? / 2;
        Some(*steps.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// Returns whether there is a gap between two rows of a series with this usual step.
    pub fn is_gap(&self, usual: Option<f64>, before: usize, row: usize) -> bool {
        usual.is_some_and(|usual| self.values[row] - self.values[before] > GAP * usual)
    }

    /// Refuses dates where the training had numbers, and numbers where it had dates.
    pub fn check_kind(&self, table: &Table, were_dates: Option<bool>) -> Result<(), Error> {
        let are_dates = self.format.is_some();
        if were_dates.is_none_or(|were_dates| were_dates == are_dates) {
            return Ok(());
        }
        let [found, expected] = if are_dates { ["dates", "numbers"] } else { ["numbers", "dates"] };
        let problem = format!(
            "column {:?} has {found}, but {expected} in the training data, and these cannot be compared: write the \
             times as in the training data, or leave this column out, and the rows are steps without a gap",
            short(&table.names[self.column])
        );
        Err(Error::Unfit { path: table.path.clone(), problem })
    }

    /// Refuses a file in which the steps of every series are so much longer than in the training that each would be a
    /// gap. `trained` are the shortest and the longest usual step of the training, and `own` are those of each series.
    pub fn check_steps(&self, table: &Table, trained: [f64; 2], own: &[Option<f64>]) -> Result<(), Error> {
        let shortest = own.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        if shortest.is_infinite() || shortest <= GAP * trained[1] {
            return Ok(());
        }
        let problem = format!(
            "in column {:?}, a step usually takes {}, but {} in the training data, so that each step would be a gap: \
             bring the file to the steps and the unit of time of the training data",
            short(&table.names[self.column]),
            self.span(shortest),
            self.spans(trained)
        );
        Err(Error::Unfit { path: table.path.clone(), problem })
    }

    /// A note if the steps of a series are usually much shorter than in the training.
    pub fn shorter_steps(&self, trained: [f64; 2], own: &[Option<f64>]) -> Option<String> {
        let shortest = own.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let note = || {
            format!(
                "note: a step usually takes {}, but {} in the training data, so a window covers less time than \
                 those that the network learnt",
                self.span(shortest),
                self.spans(trained)
            )
        };
        is_shorter(shortest, trained).then(note)
    }

    /// Says in one line what the times are, and where the gaps are. `usual` is how long a step of each series usually
    /// takes.
    pub fn told(&self, table: &Table, groups: &[Vec<usize>], usual: &[Option<f64>]) -> String {
        let name = &table.names[self.column];
        let kind = match self.format {
            None => "numbers".to_owned(),
            Some(format) if date::TIMES.contains(&format) => format!("times of day as {format}"),
            Some(format) => format!("dates as {format}"),
        };
        let (mut first, mut last) = (0, 0);
        for &row in groups.iter().flatten() {
            first = if self.values[row] < self.values[first] { row } else { first };
            last = if self.values[row] > self.values[last] { row } else { last };
        }
        let ends = format!("from {} to {}", self.text(table, first), self.text(table, last));
        let Some(range) = range(usual) else {
            return format!("time: column {name:?}, {kind}, {ends}; all steps have the same time");
        };
        let mut text =
            format!("time: column {name:?}, {kind}, {ends}, usually {} from step to step", self.spans(range));
        let pairs = || {
            let of_series = |(rows, usual): (&'_ Vec<usize>, &Option<f64>)| {
                let usual = *usual;
                rows.windows(2).map(move |pair| (pair[0], pair[1], usual)).collect::<Vec<_>>()
            };
            groups.iter().zip(usual).flat_map(of_series)
        };
        let equal = pairs().filter(|&(before, row, _)| self.values[before] == self.values[row]).count();
        if equal > 0 {
            text += &format!("; {} the same time as the step before", count(equal, "step has", "steps have"));
        }
        let gaps: Vec<_> = pairs().filter(|&(before, row, usual)| self.is_gap(usual, before, row)).collect();
        if gaps.is_empty() {
            return text + "; no gaps";
        }
        let places = gaps.iter().take(NAMED).map(|&(before, row, _)| {
            let length = self.span(self.values[row] - self.values[before]);
            format!("{length} after {} in line {}", self.text(table, before), table.line(before))
        });
        let places = places.collect::<Vec<_>>().join(", ");
        let more = if gaps.len() > NAMED { ", …" } else { "" };
        text + &format!("; {}: {places}{more}; no window crosses a gap", count(gaps.len(), "gap", "gaps"))
    }

    /// The shortest and the longest of some durations in words.
    fn spans(&self, [shortest, longest]: [f64; 2]) -> String {
        match shortest < longest {
            true => format!("{} to {}, depending on the series,", self.span(shortest), self.span(longest)),
            false => self.span(longest),
        }
    }

    /// The time of a row as it stands in the file, in one line.
    fn text(&self, table: &Table, row: usize) -> String {
        short(&table.text(row, self.column))
    }

    /// A duration in words.
    fn span(&self, length: f64) -> String {
        if self.format.is_none() {
            return rounded(length);
        }
        let seconds = length * 86_400.0;
        // The largest unit of which it is a whole number, otherwise the largest that is not longer.
        let units = [("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0)];
        let is_whole = |size: f64| seconds > 0.99 * size && ((seconds / size).round() * size - seconds).abs() < 1e-3;
        let whole = units.into_iter().find(|&(_, size)| is_whole(size));
        let (unit, size) = whole.or(units.into_iter().find(|&(_, size)| seconds >= size)).unwrap_or(units[3]);
        let number = rounded(seconds / size);
        if number == "1" { format!("1 {unit}") } else { format!("{number} {unit}s") }
    }
}

/// The shortest and the longest usual step of all series. `None` if no series has one.
pub(super) fn range(usual: &[Option<f64>]) -> Option<[f64; 2]> {
    let steps = || usual.iter().flatten().copied();
    let shortest = steps().reduce(f64::min)?;
    let longest = steps().fold(shortest, f64::max);
    // Days are not exact in binary.
    Some(if longest - shortest < 1e-6 * longest { [longest; 2] } else { [shortest, longest] })
}

/// Returns whether a usual step is much shorter than those of the training.
fn is_shorter(own: f64, trained: [f64; 2]) -> bool {
    GAP * own < trained[0]
}

/// How long a step of a series usually takes where a model is used: as in the training, or as in the series itself if
/// its steps are much shorter, because its gaps would be overlooked otherwise.
pub(super) fn in_use(own: f64, trained: [f64; 2]) -> f64 {
    if is_shorter(own, trained) { own } else { own.clamp(trained[0], trained[1]) }
}

/// Returns whether a word in a column of this name is meant as a time, although its format is not known.
pub(super) fn is_meant_as_time(word: &str, column: &str) -> bool {
    let has_parts = [":", "-", "/", "."].iter().any(|sign| word.matches(sign).count() > usize::from(*sign != ":"));
    is_time_name(column) || (word.starts_with(|first: char| first.is_ascii_digit()) && has_parts)
}

/// Returns whether a column is named like one of times.
fn is_time_name(name: &str) -> bool {
    NAMES.contains(&name.to_lowercase().replace([' ', '_'], "").as_str())
}

/// The first 40 characters of a text, in one line.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// A number with at most three decimals, or in its shortest form if it is small.
fn rounded(value: f64) -> String {
    if value < 0.01 {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a column as times. If a cell is no time, the result is its row.
fn read(table: &Table, column: usize, groups: &[Vec<usize>]) -> Result<Times, usize> {
    let rows = 0..table.len();
    let word = |row: usize| match table.cell(row, column) {
        Cell::Word(at) => Some(table.word(at)),
        _ => None,
    };
    if word(0).is_none() {
        let number = |row| match table.cell(row, column) {
            Cell::Number(number) => Ok(number),
            _ => Err(row),
        };
        return Ok(Times { column, values: rows.map(number).collect::<Result<_, _>>()?, format: None });
    }
    let (best, _, other) = date::best(rows.clone().take(MOST_WORDS).filter_map(word));
    // Times of day are no dates.
    let of_day = |format: &&&str| word(0).is_some_and(|text| date::parse(text, format).is_some());
    let best = date::TIMES.iter().find(of_day).copied().unwrap_or(best);
    let read = |format: &'static str| {
        let time = |row| word(row).and_then(|text| date::parse(text, format)).ok_or(row);
        let values = rows.clone().map(time).collect::<Result<_, _>>()?;
        Ok(Times { column, values, format: Some(format) })
    };
    // If day and month could be exchanged, the order in which time ascends is right.
    match (read(best), other.map(read)) {
        (Ok(times), _) if times.backwards(groups).is_none() => Ok(times),
        (_, Some(Ok(swapped))) if swapped.backwards(groups).is_none() => Ok(swapped),
        (times, _) => times,
    }
}

/// The column of a table that a setting names.
pub(super) fn column_of(table: &Table, name: &str, setting: &str) -> Result<usize, Error> {
    table.column(name).map_err(|_| no_such_column(&table.path, name, setting, &table.names))
}

/// An error for a column that does not exist.
pub(super) fn no_such_column(path: &Path, name: &str, setting: &str, names: &[String]) -> Error {
    let similar = short(&crate::did_you_mean(name, names.iter().map(String::as_str)));
    let listed = names.iter().take(10).map(|name| format!("{:?}", short(name))).collect::<Vec<_>>().join(", ");
    let more = if names.len() > 10 { ", …" } else { "" };
    let problem = format!(
        "{setting} is {:?}, but there is no such column{similar}: give one of {listed}{more}, or its number, counted \
         from 1",
        short(name)
    );
    Error::Unfit { path: path.to_path_buf(), problem }
}
