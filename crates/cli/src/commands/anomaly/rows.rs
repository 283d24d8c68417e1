//! What `handgrad anomaly` says about the rows of a table: which columns make a row anomalous.

use std::fmt::Write;

use anyhow::Result;
use handgrad_dataset::table::cell_text;
use handgrad_pictures::charts::table::{self, Column, Row, Table};
use handgrad_runs::{OfTable, Subject};
use handgrad_tasks::columns::explain::{Normal, Reason, explain};
use serde_json::{Value, json};

use crate::columns;
use crate::words::number;

/// The columns that are named for each row.
pub const REASONS: usize = 3;

/// A row, and what is most surprising about it.
pub struct Explained {
    /// The number of the sample, counted from 0.
    sample: usize,
    /// The line of the file.
    line: usize,
    /// The value that names the row, if the table has such a column.
    identifier: Option<String>,
    score: f64,
    reasons: Vec<Reason>,
}

/// Explains the samples with these numbers.
pub fn explained(
    subject: &Subject,
    of: &OfTable,
    numbers: &[u32],
    scores: &[f64],
    normal: &Normal,
) -> Result<Vec<Explained>> {
    let all = explain(&subject.model, &subject.samples, numbers, normal, REASONS)?;
    let named = columns::identifier(&subject.model, of);
    let explained = |(&number, mut reasons): (&u32, Vec<Reason>)| {
        let (sample, row) = (number as usize, of.rows[number as usize]);
        for reason in reasons.iter_mut().filter(|reason| reason.found == "other") {
            // The text of the file says more than the name of the class.
            let place = of.table.names.iter().position(|name| *name == reason.column);
            reason.found = place.map_or_else(|| reason.found.clone(), |column| of.table.text(row, column));
        }
        let identifier = named.as_ref().map(|(_, column)| of.table.text(row, *column));
        Explained { sample, line: of.table.line(row), identifier, score: scores[sample], reasons }
    };
    Ok(numbers.iter().zip(all).map(explained).collect())
}

/// The rows with their reasons, as text.
pub fn text(rows: &[Explained]) -> String {
    let mut text = String::new();
    for row in rows {
        let name = row.identifier.as_ref().map_or_else(String::new, |name| format!(", {name}"));
        text += &format!("line {}{name}: score {}\n", row.line, number(row.score));
        for reason in &row.reasons {
            text += &format!(
                "    {}: found {}, {}; {} of the normal rows are as unusual here\n",
                reason.column,
                shown(&reason.found),
                expected(reason),
                share(reason.rarity)
            );
        }
    }
    text
}

/// The reasons as CSV, one line for each row and column.
pub fn csv(rows: &[Explained]) -> String {
    let mut text = "sample,line,identifier,score,column,found,expected,contribution,rarity\n".to_owned();
    for row in rows {
        let identifier = cell_text(row.identifier.as_deref().unwrap_or_default());
        for Reason { column, found, expected, contribution, rarity } in &row.reasons {
            let [column, found, expected] = [column, found, expected].map(|cell| cell_text(cell));
            let Explained { sample, line, score, .. } = row;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{sample},{line},{identifier},{score},{column},{found},{expected},{contribution},{rarity}"
            );
        }
    }
    text
}

/// The rows with their reasons, as JSON.
pub fn json(rows: &[Explained]) -> Value {
    let reason = |reason: &Reason| {
        json!({
            "column": reason.column,
            "found": reason.found,
            "expected": reason.expected,
            "contribution": reason.contribution,
            "rarity": reason.rarity,
        })
    };
    let row = |row: &Explained| {
        json!({
            "sample": row.sample,
            "line": row.line,
            "identifier": row.identifier,
            "score": row.score,
            "reasons": row.reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    };
    rows.iter().map(row).collect()
}

/// A picture of the rows with their reasons, as SVG.
pub fn picture(title: &str, rows: &[Explained]) -> String {
    let names: Vec<String> = rows
        .iter()
        .map(|row| match &row.identifier {
            Some(identifier) => format!("line {}: {identifier}", row.line),
            None => format!("line {}", row.line),
        })
        .collect();
    let columns: Vec<Vec<Column>> = rows.iter().map(|row| row.reasons.iter().map(column).collect()).collect();
    let rows: Vec<Row> = names.iter().zip(&columns).map(|(identifier, columns)| Row { identifier, columns }).collect();
    table::svg(&Table { title, contribution: "surprise above normal rows", rows: &rows, columns_per_row: REASONS })
}

fn column(reason: &Reason) -> Column<'_> {
    let Reason { column: name, found, expected, contribution, .. } = reason;
    Column { name, found, expected, contribution: *contribution }
}

/// What was expected. A cell that fits its row may still be rare in its column.
fn expected(reason: &Reason) -> String {
    match reason.found == reason.expected {
        true => "which fits the row but is rare in its column".to_owned(),
        false => format!("expected {}", shown(&reason.expected)),
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text.chars().take(60).collect() }
}

/// A share in per cent, with as many digits as it needs.
fn share(share: f64) -> String {
    match 100.0 * share {
        0.0 => "none".to_owned(),
        little if little < 0.1 => "less than 0.1 %".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}
