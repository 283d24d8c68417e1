//! `handgrad decode`: codes from a file to samples, drawn or in a file.

use std::path::PathBuf;

use anyhow::Result;
use handgrad_dataset::thousands;
use handgrad_files::Together;
use handgrad_models::Part;
use ndarray::Axis;
use serde_json::json;

use crate::args::uses::DecodeArgs;
use crate::config::UsageError;
use crate::table::{self, Format, Table};
use crate::{Done, picture, reconstruct, scale, show, subject};

/// Samples that a picture has at most.
const MOST_DRAWN: usize = 1000;

pub fn run(args: &DecodeArgs) -> Result<Done> {
    let (tables, pictures): (Vec<&PathBuf>, Vec<_>) = args.out.iter().partition(|out| Format::of(out).is_some());
    for (at, out) in args.out.iter().enumerate() {
        if args.out[..at].contains(out) {
            return Err(UsageError(format!("{}: is named twice", out.display())).into());
        }
    }
    for out in &tables {
        table::check_place(out)?;
    }
    for out in &pictures {
        if out.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png")) {
            return Err(UsageError(format!("{}: give it a name that ends in .png, .csv or .npy", out.display())).into());
        }
        reconstruct::check_place(out)?;
    }
    let (mut trainer, _) = subject::model(&args.run, &[Part::Whole, Part::Decoder])?;
    let shape = trainer.network().spec().input.clone();
    let codes = table::read(&args.codes, trainer.network().width(trainer.network().encoder_len()))?;
    let mut values = trainer.decode(&codes.values)?;
    scale::undo(&mut values, trainer.network().spec().scale);
    let samples = Table { values, labels: codes.labels };
    let count = samples.values.nrows();
    let drawn = count.min(MOST_DRAWN);
    let (seen, range) = picture::to_be_seen(&samples.values.slice_axis(Axis(0), (..drawn).into()).to_owned());
    let mut new = Together::default();
    for out in tables {
        table::write(out, &samples, "x", &shape)?;
        new.add(out);
    }
    for out in &pictures {
        handgrad_files::write(out, &picture::square(&seen, &shape)?)?;
    }
    new.keep();
    let written: Vec<_> = args.out.iter().map(|out| out.display().to_string()).collect();
    if args.output.json {
        let object =
            json!({ "written": written, "samples": count, "values": samples.values.ncols(), "drawn_from": range });
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let label = if samples.labels.is_some() { "; its first column was taken for labels" } else { "" };
    show::result(&format!(
        "wrote {}: {} samples, decoded from {}{label}",
        written.join(", "),
        thousands(count),
        args.codes.display()
    ))?;
    if !pictures.is_empty() && drawn < count {
        show::result(&format!("the picture has the first {} of them", thousands(drawn)))?;
    }
    if !pictures.is_empty() {
        picture::tell(range)?;
    }
    Ok(Done::Whole)
}
