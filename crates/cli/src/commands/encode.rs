//! `handgrad encode`: writes the codes of samples to a file.

use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::count;
use handgrad_dataset::table::{self, Format, Table};
use handgrad_models::Part;
use serde_json::json;

use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad encode runs/basic-mnist --out codes.csv   columns label,z0,z1,…\n  \
    handgrad encode runs/basic-mnist --out codes.npy   for numpy.load, no labels\n  \
    handgrad decode runs/basic-mnist codes.npy --out back.png")]
pub struct EncodeArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The new file to write. The end of its name decides the format.
    #[arg(long, value_name = "FILE.csv|.npy")]
    out: PathBuf,
}

/// Writes the code of every sample, one per row. In a CSV file, the label is in the first column, if there are labels.
pub fn run(args: &EncodeArgs) -> Result<Done> {
    let format = table::check_place(&args.out)?;
    let output = args.subject.output;
    let subject = args.subject.open(&[Part::Whole, Part::Encoder], &Bars::new(output.quiet))?;
    let codes = subject.model.encode(subject.samples.to_floats().view())?;
    let labels = subject.samples.labels.filter(|_| format == Format::Csv);
    let (samples, values, labelled) = (codes.nrows(), codes.ncols(), labels.is_some());
    table::write(&args.out, &Table { values: codes, labels }, "z", &[values])?;
    let path = shown(&args.out);
    if output.json {
        let codes = args.out.display().to_string();
        let object = json!({ "codes": codes, "samples": samples, "values": values, "labels": labelled });
        terminal::result(&object.to_string())?;
    } else {
        let with = if labelled { ", with labels in the first column" } else { "" };
        let (codes, values) = (count(samples, "code", "codes"), count(values, "value", "values"));
        terminal::result(&format!("wrote {path}: {codes} of {values}{with}, from {}", subject.origin))?;
    }
    Ok(Done::Whole)
}
