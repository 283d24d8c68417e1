//! `handgrad encode`: samples to codes in a file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::table::{self, Format, Table};
use handgrad_dataset::thousands;
use handgrad_models::Part;
use serde_json::json;

use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  handgrad encode runs/basic-mnist --out codes.csv    a header, then label,z0,z1,… \
    for each sample\n  handgrad encode runs/basic-mnist --out codes.npy    numpy.load(\"codes.npy\"): samples × code, \
    32 bits, no labels\n  handgrad decode runs/basic-mnist codes.npy --out back.png"
)]
pub struct EncodeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The file to write, which must not be there yet; its name says how.
    #[arg(long, value_name = "FILE.csv|.npy")]
    out: PathBuf,
}

/// Writes the code of every sample, one a row; in CSV behind its label if it has one.
pub fn run(args: &EncodeArgs) -> Result<Done> {
    let format = table::check_place(&args.out)?;
    let (output, wanted) = (args.subject.output, args.subject.wanted());
    let parts = [Part::Whole, Part::Encoder];
    let subject = handgrad_runs::open_one_of(&args.subject.run, &wanted, &parts, &Bars::new(output.quiet))?;
    let codes = subject.model.encode(subject.samples.to_floats().view())?;
    let labels = subject.samples.labels.filter(|_| format == Format::Csv);
    let (count, values, labelled) = (codes.nrows(), codes.ncols(), labels.is_some());
    table::write(&args.out, &Table { values: codes, labels }, "z", &[values])?;
    let path = args.out.display().to_string();
    if output.json {
        let object = json!({ "codes": path, "samples": count, "values": values, "labels": labelled });
        terminal::result(&object.to_string())?;
    } else {
        let with = if labelled { ", each behind its label" } else { "" };
        let (count, origin) = (thousands(count), &subject.origin);
        terminal::result(&format!("wrote {path}: {count} codes of {values} values{with}, of {origin}"))?;
    }
    Ok(Done::Whole)
}
