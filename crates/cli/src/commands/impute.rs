//! `handgrad impute`: fills in the missing cells of a table.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::tables::{KindName, fill_holes};
use handgrad_dataset::{count, thousands};
use handgrad_files::{place, shown};
use handgrad_models::Part;
use handgrad_tasks::columns::impute;
use handgrad_tasks::columns::measure::{Column, Hiding, METHODS, measure, of_kind};
use serde_json::{Value, json};

use crate::columns::cut;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad train --data deliveries.csv --out runs/deliveries\n  \
    handgrad impute runs/deliveries --data new.csv --out filled.csv\n  \
    handgrad impute runs/deliveries --measure")]
pub struct ImputeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// A new file for the table with its holes filled: the rows and columns of --data in the same order and the same
    /// format. Every cell that holds something stays as it is, to the byte.
    #[arg(long, value_name = "FILE.csv", required_unless_present = "measure", conflicts_with = "measure")]
    out: Option<PathBuf>,

    /// Measure instead: hide known cells, fill them in, and compare with the mean or the most frequent class, with the
    /// five nearest training rows, and with iterated ridge regression. Without --data, on the rows that training held
    /// out.
    #[arg(long)]
    measure: bool,

    /// With --measure: the part of the known cells that is hidden.
    #[arg(long, default_value_t = 0.1, requires = "measure")]
    rate: f64,

    /// With --measure: the seed with which the hidden cells are drawn.
    #[arg(long, default_value_t = 0, requires = "measure")]
    seed: u64,
}

pub fn run(args: &ImputeArgs) -> Result<Done> {
    let bars = Bars::new(args.subject.output.quiet);
    // Before the data is read: a table does not fit a model of something else, and the reason would be missing.
    if handgrad_runs::model(&args.subject.run, &[Part::Whole])?.0.spec().table.is_none() {
        return Err(handgrad_tasks::Error::NotOfTables.into());
    }
    let Some(out) = &args.out else { return measured(args, &bars) };
    place::must_be_free(out)?;
    let Some(_) = &args.subject.data else {
        let text = "--data is missing: name the CSV file whose holes are to be filled";
        return Err(UsageError(text.into()).into());
    };
    let subject = args.subject.open(&[Part::Whole], &bars)?;
    let (Some(of), Some(schema)) = (&subject.table, &subject.model.spec().table) else {
        return Err(handgrad_tasks::Error::NotOfTables.into());
    };
    let values = impute::fill(&subject.model, &subject.samples, &subject.samples.numbers())?;
    let filled = fill_holes(&of.table, schema, &of.rows, &values)?;
    handgrad_files::write_new(out, &filled.text)?;
    let out = shown(out);
    let without_value = of.table.len() - of.rows.len() + of.table.empty_rows;
    if args.subject.output.json {
        let object = json!({
            "out": out,
            "rows": of.rows.len(),
            "rows_without_value": without_value,
            "filled": filled.filled,
            "left": filled.left,
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let left = match filled.left {
        0 => String::new(),
        left => format!("; {} left, in columns that the model does not use", count(left, "hole is", "holes are")),
    };
    let empty = match without_value {
        0 => String::new(),
        rows => {
            let keep = count(rows, "row without any value keeps its", "rows without any value keep their");
            format!("; {keep} holes")
        }
    };
    let (cells, rows) = (count(filled.filled, "cell", "cells"), count(of.rows.len(), "row", "rows"));
    terminal::result(&format!("filled {cells} in {rows}{left}{empty}\nwrote {out}"))?;
    Ok(Done::Whole)
}

/// Hides known cells, fills them in and tells the errors.
fn measured(args: &ImputeArgs, bars: &Bars) -> Result<Done> {
    if !(args.rate > 0.0 && args.rate < 1.0) {
        return Err(UsageError(format!("--rate is {}, but must be above 0 and below 1: try 0.1", args.rate)).into());
    }
    let subject = args.subject.open(&[Part::Whole], bars)?;
    let train = match &subject.train {
        Some(train) => train,
        None => &subject.loader.trained(subject.trained_on.as_deref(), bars)?,
    };
    let mut object = json!({ "data": subject.origin, "rate": args.rate, "seed": args.seed });
    let mut text = format!("{} of the known cells of {} hidden\n", percent(args.rate), subject.origin);
    let patterns = [
        (Hiding::AtRandom, "at_random", "hidden at random"),
        (Hiding::AsObserved, "as_observed", "hidden in proportion to the missing cells of each column"),
    ];
    for (hiding, key, words) in patterns {
        let columns = measure(&subject.model, train, &subject.samples, hiding, args.rate, args.seed)?;
        object[key] = columns.iter().map(json_of).collect();
        if columns.is_empty() {
            text += &format!("\n{words}: no cell is missing in the training rows\n");
            continue;
        }
        text += &format!("\n{words}\n{}", listing(&columns));
    }
    match args.subject.output.json {
        true => terminal::result(&object.to_string())?,
        false => terminal::result(text.trim_end())?,
    }
    Ok(Done::Whole)
}

/// The mean errors of each kind of columns, then those of each column.
fn listing(columns: &[Column]) -> String {
    const KINDS: [KindName; 5] =
        [KindName::Number, KindName::Amount, KindName::Ordinal, KindName::Date, KindName::Category];
    let errors = |errors: &[f64; 4]| errors.iter().map(|error| format!("{error:>16.3}")).collect::<String>();
    let methods = METHODS.iter().map(|name| format!("{name:>16}")).collect::<String>();
    let mut text = format!("{:34}{:>8}{methods}\n", "", "cells");
    let mut line = |name: &str, cells: usize, of: &[f64; 4]| {
        let name = cut(name, 33);
        text += &format!("{name:34}{:>8}{}\n", thousands(cells), errors(of));
    };
    for kind in KINDS {
        if let Some((count, mean)) = of_kind(columns, kind) {
            let measure = if kind == KindName::Category { "accuracy" } else { "RMSE" };
            let cells = columns.iter().filter(|column| column.kind == kind).map(|column| column.cells).sum();
            line(&format!("{measure}, mean of {count} × {}", kind.name()), cells, &mean);
        }
    }
    for Column { name, kind, cells, errors } in columns {
        line(&format!("  {name} ({})", kind.name()), *cells, errors);
    }
    text + "RMSE is in standard deviations of the column: lower is better; of the accuracy, higher is better\n"
}

fn json_of(column: &Column) -> Value {
    let errors: Value =
        METHODS.iter().zip(column.errors).map(|(name, error)| (name.to_string(), json!(error))).collect();
    json!({ "column": column.name, "kind": column.kind.name(), "cells": column.cells, "errors": errors })
}

fn percent(part: f64) -> String {
    format!("{} %", 100.0 * part)
}
