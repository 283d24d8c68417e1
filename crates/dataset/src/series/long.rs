//! CSV files with one step per row.

use std::collections::HashMap;

use super::one::{Sequences, Series};
use super::time::{TIME, Times, column_of, in_use, is_meant_as_time, no_such_column, range, short};
use super::{Asked, Known};
use crate::tables::ColumnError;
use crate::tables::{Cell, Table};
use crate::{Error, check_room, count};

/// The columns of a table, as a series has them.
struct Roles {
    time: Option<Times>,
    channels: Vec<usize>,
    /// The columns that are left out.
    ignored: Vec<usize>,
    note: Option<String>,
}

/// Makes series of a table with one step per row. If it has a single row, that row is the series, with one channel.
///
/// # Errors
/// If a cell is no number, if time goes back, or if the columns are not those that are known.
pub(super) fn of(table: &Table, asked: &Asked) -> Result<Sequences, Error> {
    let path = &table.path;
    check_room(path, (table.len() as u64).saturating_mul(table.names.len() as u64 * 8))?;
    if table.len() == 1
        && asked.series.is_none()
        && asked.known.as_ref().is_none_or(|known| known.channels.names.len() <= 1)
    {
        let values = (0..table.names.len()).map(|column| value(table, 0, column)).collect::<Result<Vec<_>, _>>()?;
        let told = vec!["the only row is the series: each of its cells is one step".to_owned()];
        return Ok(Sequences { channels: 1, all: vec![Series::whole(values, 1, None)], told, ..Sequences::default() });
    }
    let series = series_column(table, asked)?;
    let (names, groups) = groups(table, series)?;
    let roles = match &asked.known {
        Some(known) => known_roles(table, known, series, &groups)?,
        None => roles(table, asked, series, &groups)?,
    };
    if roles.channels.is_empty() {
        return Err(ColumnError::NoColumns { path: path.clone() }.into());
    }
    let known = asked.known.as_ref().map(|known| &known.channels);
    let trained = known.and_then(|known| {
        let longest = known.usual_step?;
        Some([known.shortest_step.unwrap_or(longest), longest])
    });
    let step_of = |rows: &Vec<usize>| roles.time.as_ref().and_then(|time| time.usual_step(rows));
    let own: Vec<Option<f64>> = groups.iter().map(step_of).collect();
    if let (Some(time), Some(known)) = (&roles.time, known) {
        time.check_kind(table, known.dates)?;
    }
    if let (Some(time), Some(trained)) = (&roles.time, trained) {
        time.check_steps(table, trained, &own)?;
    }
    let used = |own: f64| trained.map_or(own, |trained| in_use(own, trained));
    let usual: Vec<Option<f64>> = own.iter().map(|own| own.map(used)).collect();
    let mut all = Vec::with_capacity(groups.len());
    for (at, rows) in groups.iter().enumerate() {
        let name = names.get(at).cloned().unwrap_or_default();
        let lines = rows.iter().map(|&row| table.line(row) as u32).collect();
        let times = roles.time.as_ref().filter(|_| known.is_some());
        let times =
            times.map_or_else(Vec::new, |time| rows.iter().map(|&row| table.text(row, time.column).into()).collect());
        let mut one = Series { name, lines, times, steps: rows.len(), ..Series::default() };
        let is_gap = |before, row| roles.time.as_ref().is_some_and(|time| time.is_gap(usual[at], before, row));
        let mut start = 0;
        for (step, &row) in rows.iter().enumerate() {
            for &column in &roles.channels {
                one.values.push(value(table, row, column)?);
            }
            if step > 0 && is_gap(rows[step - 1], row) {
                one.stretches.push(start..step);
                start = step;
            }
            one.classes.extend(table.labels.as_ref().map(|labels| labels.numbers()[row]));
        }
        one.stretches.push(start..rows.len());
        all.push(one);
    }
    let mut told = vec![format!("header: {}", table.header.in_words())];
    if let Some(column) = series {
        let first = names.iter().take(3).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let more = if names.len() > 3 { ", …" } else { "" };
        told.push(format!(
            "series: column {:?}, {}: {first}{more}; no window crosses from one to another",
            table.names[column],
            count(names.len(), "series", "series")
        ));
    }
    told.push(match &roles.time {
        Some(time) => time.told(table, &groups, &usual),
        None => "time: no column; the rows are steps in the order of the file".to_owned(),
    });
    if let (Some(time), Some(trained)) = (&roles.time, trained) {
        told.extend(time.shorter_steps(trained, &own));
    }
    told.extend(roles.note);
    if !roles.ignored.is_empty() {
        let names = roles.ignored.iter().take(10).map(|&at| format!("{:?}", table.names[at])).collect::<Vec<_>>();
        told.push(format!("left out: {}", names.join(", ")));
    }
    if let (Some(column), Some(labels)) = (&table.label_column, &table.labels) {
        let classes = count(labels.classes().len(), "class", "classes");
        told.push(format!("labels: column {column:?}, {classes}; a window has the classes of all of its steps"));
    }
    Ok(Sequences {
        channels: roles.channels.len(),
        names: roles.channels.iter().map(|&column| table.names[column].clone()).collect(),
        has_header: table.has_header(),
        steps: Vec::new(),
        dates: roles.time.as_ref().map(|time| time.format.is_some()),
        time: roles.time.map(|time| table.names[time.column].clone()),
        usual_steps: range(&usual),
        series: series.map(|column| table.names[column].clone()),
        ignored: roles.ignored.iter().map(|&column| table.names[column].clone()).collect(),
        all,
        classes: table.labels.as_ref().map_or_else(Vec::new, |labels| labels.classes().to_vec()),
        told,
    })
}

/// The value of a channel: NaN if it is missing.
pub(super) fn value(table: &Table, row: usize, column: usize) -> Result<f64, Error> {
    let word = match table.cell(row, column) {
        Cell::Missing => return Ok(f64::NAN),
        Cell::Number(number) => return Ok(number),
        Cell::Word(at) => table.word(at),
    };
    // A number with superfluous zeros at its beginning is a word in a table.
    if let Some(number) = word.parse().ok().filter(|number: &f64| number.is_finite()) {
        return Ok(number);
    }
    let place = format!("line {}, column {:?}", table.line(row), short(&table.names[column]));
    let found = format!("{:?}", short(word));
    let expected = match is_meant_as_time(word, &table.names[column]) {
        true => format!("{TIME}, all in one format,"),
        false => "a number, as in every channel of a series,".to_owned(),
    };
    Err(Error::Table { path: table.path.clone(), place, found, expected })
}

fn series_column(table: &Table, asked: &Asked) -> Result<Option<usize>, Error> {
    match (&asked.known, &asked.series) {
        // A file to use a model on may hold a single series.
        (Some(known), _) => {
            let name = known.channels.series.as_ref();
            Ok(name.and_then(|name| table.names.iter().position(|other| other == name)))
        }
        (None, Some(name)) => column_of(table, name, "series_column").map(Some),
        (None, None) => Ok(None),
    }
}

/// The names of the series, in the order in which they first appear, and the rows of each of them. Without a column,
/// all rows are one series without a name.
fn groups(table: &Table, column: Option<usize>) -> Result<(Vec<String>, Vec<Vec<usize>>), Error> {
    let Some(column) = column else { return Ok((Vec::new(), vec![(0..table.len()).collect()])) };
    let (mut places, mut names, mut groups) = (HashMap::new(), Vec::new(), Vec::<Vec<usize>>::new());
    for row in 0..table.len() {
        let name = table.text(row, column);
        if name.is_empty() {
            let place = format!("line {}, column {:?}", table.line(row), short(&table.names[column]));
            let (found, expected) = ("no value".to_owned(), "the name or number of a series".to_owned());
            return Err(Error::Table { path: table.path.clone(), place, found, expected });
        }
        let place = *places.entry(name.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
            names.push(name);
        }
        groups[place].push(row);
    }
    Ok((names, groups))
}

/// Finds out which columns are the time and the channels.
fn roles(table: &Table, asked: &Asked, series: Option<usize>, groups: &[Vec<usize>]) -> Result<Roles, Error> {
    let mut is_left_out = vec![false; table.names.len()];
    for name in &asked.ignore {
        is_left_out[column_of(table, name, "ignore")?] = true;
    }
    if !asked.columns.is_empty() {
        let mut is_wanted = vec![false; table.names.len()];
        for name in &asked.columns {
            is_wanted[column_of(table, name, "columns")?] = true;
        }
        is_left_out.iter_mut().zip(is_wanted).for_each(|(out, wanted)| *out |= !wanted);
    }
    let (time, note) = match asked.time.as_deref() {
        Some("none") => (None, None),
        Some(name) => {
            let column = column_of(table, name, "time_column")?;
            if Some(column) == series {
                let problem = format!("time_column and series_column are both {name:?}: give two columns");
                return Err(Error::Unfit { path: table.path.clone(), problem });
            }
            (Some(Times::of(table, column, groups, false)?), None)
        }
        // A column that the user left out, or did not choose as a channel, can still be the time.
        None => {
            let ignored = |at: &usize| asked.ignore.iter().any(|name| *name == table.names[*at]);
            let candidates = (0..table.names.len()).filter(|at| Some(*at) != series && !ignored(at));
            Times::recognised(table, candidates, groups)?
        }
    };
    let others = (0..table.names.len()).filter(|&at| Some(at) != series);
    let others = others.filter(|&at| time.as_ref().is_none_or(|time| time.column != at));
    let (ignored, channels) = others.partition(|&at| is_left_out[at]);
    Ok(Roles { time, channels, ignored, note })
}

/// Finds the channels that a model knows. They are matched by name, or by their order if one of the two files has no
/// header.
fn known_roles(table: &Table, known: &Known, series: Option<usize>, groups: &[Vec<usize>]) -> Result<Roles, Error> {
    let channels = &known.channels;
    let place = |name: &String| table.names.iter().position(|other| other == name);
    let time = channels.time.as_ref().and_then(place);
    // Without a header the names are `column 1`, `column 2`, …, in the training as here.
    let is_ignored = |at: &usize| channels.ignored.contains(&table.names[*at]);
    let others = (0..table.names.len()).filter(|at| Some(*at) != series && Some(*at) != time && !is_ignored(at));
    let others: Vec<usize> = others.collect();
    let time = time.map(|column| Times::of(table, column, groups, true)).transpose()?;
    let roles = |channels| Roles { time, channels, ignored: Vec::new(), note: None };
    let expected = channels.names.len().max(1);
    if !channels.has_header || !table.has_header() {
        if others.len() == expected {
            return Ok(roles(others));
        }
        return Err(ColumnError::ColumnCount { path: table.path.clone(), found: others.len(), expected }.into());
    }
    let names: Vec<&str> = others.iter().map(|&at| table.names[at].as_str()).collect();
    if let Some(error) = ColumnError::of_names(&table.path, &channels.names, &names) {
        return Err(error.into());
    }
    match channels.names.iter().map(place).collect::<Option<Vec<_>>>() {
        Some(columns) => Ok(roles(columns)),
        None => Err(no_such_column(&table.path, &channels.names[0], "columns", &table.names)),
    }
}
