//! `handgrad encode`: samples to codes in a file.

use anyhow::Result;
use handgrad_dataset::thousands;
use handgrad_models::Part;
use handgrad_trainer::Source;
use serde_json::json;

use crate::args::uses::EncodeArgs;
use crate::table::{self, Format, Table};
use crate::{Done, show, subject};

/// Writes the code of every sample, one a row; in CSV behind its label if it has one.
pub fn run(args: &EncodeArgs) -> Result<Done> {
    let format = table::check_place(&args.out)?;
    let mut subject = subject::open_one_of(&args.eval, &[Part::Whole, Part::Encoder])?;
    let codes = subject.trainer.encode(&Source::new(&subject.samples), &subject::all(&subject.samples))?;
    let labels = subject.samples.labels.filter(|_| format == Format::Csv);
    let (count, values, labelled) = (codes.nrows(), codes.ncols(), labels.is_some());
    table::write(&args.out, &Table { values: codes, labels }, "z", &[values])?;
    if args.eval.output.json {
        let object =
            json!({ "codes": args.out.display().to_string(), "samples": count, "values": values, "labels": labelled });
        show::result(&object.to_string())?;
    } else {
        let with = if labelled { ", each behind its label" } else { "" };
        show::result(&format!(
            "wrote {}: {} codes of {values} values{with}, of {}",
            args.out.display(),
            thousands(count),
            subject.origin
        ))?;
    }
    Ok(Done::Whole)
}
