//! What is known about the columns of a table, in words.

use std::path::Path;

use anyhow::Result;
use handgrad_dataset::table::{Format, LINE, cell_text};
use handgrad_dataset::tables::{Column, Kind, KindName, Schema};
use handgrad_dataset::{Labels, count, thousands};
use handgrad_files::{place, shown};
use handgrad_models::Model;
use handgrad_pictures::charts::number;
use handgrad_runs::OfTable;
use handgrad_tasks::columns::report::Told;
use ndarray::Array2;
use serde_json::{Value, json};

use crate::exit::UsageError;

/// The most columns that are listed.
const LISTED: usize = 60;

/// A table with one line for each column: its kind, what is known about its values, and why it is of this kind.
pub fn listing(schema: &Schema, rows: usize) -> String {
    let line = |column: &Column| {
        let missing = rows - column.known.min(rows);
        let missing = if missing == 0 { String::new() } else { format!("{} missing", thousands(missing)) };
        [column.name.clone(), column.kind_name().name().to_owned(), values(column), missing, column.reason.clone()]
    };
    let header = ["column", "kind", "values", "", "why"].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(header).chain(schema.columns.iter().take(LISTED).map(line)).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0).min(32);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{:width$}  ", cut(cell, width)));
        text += &format!("  {}{}\n", cells.collect::<String>(), line[4]);
    }
    if schema.columns.len() > LISTED {
        text += &format!("  … and {}\n", count(schema.columns.len() - LISTED, "more column", "more columns"));
    }
    let used = schema.used().count();
    let left_out = schema.columns.len() - used;
    let label = schema.label_column.as_ref().map_or_else(String::new, |name| format!(", labels in {name:?}"));
    let header = if schema.has_header { "with a header" } else { "without a header" };
    text + &format!(
        "{} used, {left_out} left out, {} of the network, {header}{label}",
        count(used, "column", "columns"),
        count(schema.width(), "value", "values"),
    )
}

/// The values of a column in a few words.
fn values(column: &Column) -> String {
    match &column.kind {
        Kind::Number { scale } if column.is_constant => format!("{} ± 0", number(scale.offset)),
        Kind::Number { scale } => format!("{} ± {}", number(scale.offset), number(scale.factor)),
        Kind::Amount { .. } => format!("around {}", number(column.decode(&[column.mean]))),
        Kind::Ordinal { levels, .. } => {
            format!("{} to {}", levels.first().unwrap_or(&0.0), levels.last().unwrap_or(&0.0))
        }
        Kind::Category { classes, .. } => {
            let first = classes.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            if classes.len() > 2 { format!("{first}, … ({})", classes.len()) } else { first }
        }
        Kind::Date { scale, .. } => column.text(scale.offset),
        Kind::LeftOut { .. } => String::new(),
    }
}

/// A note on columns that are the same in all training rows. `None` if there is none.
pub fn constant(schema: &Schema) -> Option<String> {
    let is_constant = |column: &&Column| match &column.kind {
        Kind::Category { shares, .. } => shares.contains(&1.0),
        _ => column.is_constant,
    };
    let names: Vec<String> =
        schema.used().filter(is_constant).take(10).map(|column| format!("{:?}", column.name)).collect();
    (!names.is_empty()).then(|| {
        let (columns, have) = if names.len() == 1 { ("column", "has") } else { ("columns", "have") };
        format!("note: the {columns} {} {have} the same value in all training rows", names.join(", "))
    })
}

/// How well each column is told from the others, or reconstructed if none is hidden, the worst first.
pub fn told(columns: &[Told], hides: bool) -> String {
    let mut order: Vec<&Told> = columns.iter().collect();
    order.sort_by(|a, b| a.quality.total_cmp(&b.quality));
    let mut text = match hides {
        true => "how well each column is told from the others, the worst first:\n".to_owned(),
        false => "how well each column is reconstructed, the worst first:\n".to_owned(),
    };
    for Told { name, kind, cells, quality, to_compare } in order.iter().take(LISTED) {
        let measured = match kind {
            _ if *cells == 0 => "no known cell".to_owned(),
            KindName::Category => {
                format!("accuracy {quality:.3}, always the most frequent class {to_compare:.3}")
            }
            _ if quality.is_nan() => format!("the same value in every row, error {}", number(*to_compare)),
            KindName::Date => format!("R² {quality:.3}, error {} days", number(*to_compare)),
            _ => format!("R² {quality:.3}, error {}", number(*to_compare)),
        };
        text += &format!("  {:32}  {:9} {measured}\n", cut(name, 32), kind.name());
    }
    if order.len() > LISTED {
        text += &format!("  … and {}\n", count(order.len() - LISTED, "more column", "more columns"));
    }
    text.trim_end().to_owned()
}

/// How well each column is told from the others, as JSON.
pub fn told_json(columns: &[Told]) -> Value {
    let column = |told: &Told| {
        let is_category = told.kind == KindName::Category;
        let [quality, to_compare] = if is_category { ["accuracy", "accuracy_of_mode"] } else { ["r2", "rmse"] };
        json!({
            "name": told.name,
            "kind": told.kind.name(),
            "cells": told.cells,
            quality: told.quality,
            to_compare: told.to_compare,
        })
    };
    columns.iter().map(column).collect()
}

/// The name and the place of the first column that names the rows of a table.
pub fn identifier(model: &Model, of: &OfTable) -> Option<(String, usize)> {
    let schema = model.spec().table.as_ref()?;
    let column = schema.columns.iter().find(|column| column.kind_name() == KindName::Identifier)?;
    let place = of.table.names.iter().position(|name| *name == column.name)?;
    Some((column.name.clone(), place))
}

/// Columns of text, by name.
pub type Texts = Vec<(String, Vec<String>)>;

/// Where rows of a table come from: their lines in the file, and what names them, if the table has such a column.
pub fn origin(model: &Model, of: &OfTable, rows: &[usize]) -> Texts {
    let text = |cell: &dyn Fn(usize) -> String| rows.iter().map(|&row| cell(row)).collect::<Vec<_>>();
    let lines = (LINE.to_owned(), text(&|row| of.table.line(row).to_string()));
    let named = identifier(model, of).map(|(name, column)| (name, text(&|row| of.table.text(row, column))));
    std::iter::once(lines).chain(named).collect()
}

/// Writes rows of the used columns to a new CSV file: numbers, names of classes and dates, below the names of the
/// columns. `values` are in the units of the data. Labels are in the first column, after those of `origin`.
pub fn write_rows(
    path: &Path,
    schema: &Schema,
    values: &Array2<f64>,
    labels: Option<&Labels>,
    origin: &Texts,
) -> Result<()> {
    let columns: Vec<&Column> = schema.used().collect();
    let names = columns.iter().map(|column| cell_text(&column.name));
    let label = labels.map(|_| cell_text(schema.label_column.as_deref().unwrap_or("label")));
    let first = origin.iter().map(|(name, _)| cell_text(name));
    let mut text = first.chain(label).chain(names).collect::<Vec<_>>().join(",") + "\n";
    for (number, row) in values.rows().into_iter().enumerate() {
        let cells = columns.iter().zip(row).map(|(column, &value)| cell_text(&column.text(value)));
        let label = labels.and_then(|labels| labels.name(number)).map(cell_text);
        let first = origin.iter().map(|(_, texts)| cell_text(&texts[number]));
        text += &(first.chain(label).chain(cells).collect::<Vec<_>>().join(",") + "\n");
    }
    Ok(handgrad_files::write_new(path, text.as_bytes())?)
}

/// Checks that a new CSV file can be written to a path: rows of a table are written as nothing else.
pub fn check_place(path: &Path) -> Result<()> {
    match Format::of(path) {
        Some(Format::Csv) => Ok(place::must_be_free(path)?),
        _ => {
            let text = format!("{}: rows of a table are written as CSV; give it a name that ends in .csv", shown(path));
            Err(UsageError(text).into())
        }
    }
}

/// Refuses a model of tables for a command that draws pictures of samples.
pub fn refuse(model: &Model, command: &str) -> Result<()> {
    if model.spec().table.is_some() {
        let text = format!(
            "the model was trained on a table, and `handgrad {command}` draws pictures: for tables there are anomaly, \
             impute, encode, reconstruct, decode and sample"
        );
        return Err(UsageError(text).into());
    }
    Ok(())
}

pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
