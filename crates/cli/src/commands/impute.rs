//! `handgrad impute`: fills in the missing cells of a table.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::count;
use handgrad_dataset::tables::fill_holes;
use handgrad_files::{place, shown};
use handgrad_models::Part;
use handgrad_tasks::columns::impute;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad train --data deliveries.csv --out runs/deliveries\n  \
    handgrad impute runs/deliveries --data new.csv --out filled.csv")]
pub struct ImputeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// A new file for the table with its holes filled: the rows and columns of --data in the same order and the same
    /// format. Every cell that holds something stays as it is, to the byte.
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
}

pub fn run(args: &ImputeArgs) -> Result<Done> {
    place::must_be_free(&args.out)?;
    let bars = Bars::new(args.subject.output.quiet);
    let Some(_) = &args.subject.data else {
        let text = "--data is missing: name the CSV file whose holes are to be filled";
        return Err(UsageError(text.into()).into());
    };
    let subject = args.subject.open(&[Part::Whole], &bars)?;
    let (Some(of), Some(schema)) = (&subject.table, &subject.model.spec().table) else {
        return Err(handgrad_tasks::Error::NotOfTables.into());
    };
    let values = impute::fill(&subject.model, &subject.samples, &subject.samples.numbers())?;
    let filled = fill_holes(&of.table, schema, &values)?;
    handgrad_files::write_new(&args.out, &filled.text)?;
    let out = shown(&args.out);
    if args.subject.output.json {
        let object = json!({ "out": out, "rows": of.table.len(), "filled": filled.filled, "left": filled.left });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let left = match filled.left {
        0 => String::new(),
        left => format!("; {} left, in columns that the model does not use", count(left, "hole is", "holes are")),
    };
    let (cells, rows) = (count(filled.filled, "cell", "cells"), count(of.table.len(), "row", "rows"));
    terminal::result(&format!("filled {cells} in {rows}{left}\nwrote {out}"))?;
    Ok(Done::Whole)
}
