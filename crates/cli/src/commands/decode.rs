//! `handgrad decode`: decodes the codes in a file, and draws or writes the samples.

use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_dataset::table::{self, Format, Table};
use handgrad_dataset::{count as counted, thousands};
use handgrad_files::Together;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::Part;
use handgrad_pictures::{square, to_be_seen};
use ndarray::Axis;
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::Output;
use crate::{columns, terminal, words};

/// The largest number of samples in a picture.
const MOST_DRAWN: usize = 1000;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad decode runs/basic-mnist codes.csv --out back.png\n  \
    handgrad decode runs/basic-mnist codes.npy --out back.png --out back.npy")]
pub struct DecodeArgs {
    /// A run folder, or a model.safetensors file.
    run: PathBuf,

    /// The file of codes.
    #[arg(value_name = "CODES.csv|.npy")]
    codes: PathBuf,

    /// A picture or a table to write. The flag can be given several times. An older picture of this name is replaced,
    /// any other file is not.
    #[arg(long, value_name = "FILE.png|.csv|.npy", required = true)]
    out: Vec<PathBuf>,

    #[command(flatten)]
    output: Output,
}

pub fn run(args: &DecodeArgs) -> Result<Done> {
    let (tables, pictures): (Vec<&PathBuf>, Vec<_>) = args.out.iter().partition(|out| Format::of(out).is_some());
    check_places(args, &tables, &pictures)?;
    let (model, _) = handgrad_runs::model(&args.run, &[Part::Whole, Part::Decoder])?;
    if let Some(schema) = &model.spec().table {
        let [out] = &args.out[..] else {
            return Err(UsageError("the model was trained on a table: give --out once, with a .csv file".into()).into());
        };
        columns::check_place(out)?;
        let codes = table::read(&args.codes, model.code_len())?;
        let decoded = model.network().decode(model.weights(), codes.values.view())?;
        columns::write_rows(out, schema, &model.unscaled(decoded.view()), codes.labels.as_ref(), &Vec::new())?;
        if args.output.json {
            let object =
                json!({ "written": [shown(out)], "samples": decoded.nrows(), "values": schema.used().count() });
            terminal::result(&object.to_string())?;
            return Ok(Done::Whole);
        }
        let rows = counted(decoded.nrows(), "row", "rows");
        terminal::result(&format!("wrote {}: {rows}, decoded from {}", shown(out), shown(&args.codes)))?;
        return Ok(Done::Whole);
    }
    let shape = model.spec().input.clone();
    let codes = table::read(&args.codes, model.code_len())?;
    let samples = Table { values: model.decode(codes.values.view())?, labels: codes.labels };
    let count = samples.values.nrows();
    let drawn = count.min(MOST_DRAWN);
    let (seen, range) = to_be_seen(&samples.values.slice_axis(Axis(0), (..drawn).into()).to_owned());
    let mut new = Together::default();
    for out in tables {
        table::write(out, &samples, "x", &shape, &[])?;
        new.add(out);
    }
    for out in &pictures {
        handgrad_files::write(out, &square(&seen, &shape)?)?;
    }
    new.keep();
    if args.output.json {
        let written: Vec<_> = args.out.iter().map(|out| out.display().to_string()).collect();
        let object =
            json!({ "written": written, "samples": count, "values": samples.values.ncols(), "drawn_from": range });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let label = if samples.labels.is_some() { "; its first column was read as labels" } else { "" };
    let written = args.out.iter().map(shown).collect::<Vec<_>>().join(", ");
    let codes = shown(&args.codes);
    terminal::result(&format!(
        "wrote {written}: {}, decoded from {codes}{label}",
        counted(count, "sample", "samples")
    ))?;
    if !pictures.is_empty() && drawn < count {
        terminal::result(&format!("the picture has the first {} of them", thousands(drawn)))?;
    }
    if let Some(text) = words::drawn_from(range).filter(|_| !pictures.is_empty()) {
        terminal::result(&text)?;
    }
    Ok(Done::Whole)
}

fn check_places(args: &DecodeArgs, tables: &[&PathBuf], pictures: &[&PathBuf]) -> Result<()> {
    for (at, out) in args.out.iter().enumerate() {
        if args.out[..at].contains(out) {
            return Err(UsageError(format!("{}: is given twice as --out", shown(out))).into());
        }
    }
    for out in tables {
        table::check_place(out)?;
    }
    for out in pictures {
        if !place::ends_in(out, "png") {
            return Err(UsageError(format!("{}: give it a name that ends in .png, .csv or .npy", shown(out))).into());
        }
        place::must_be(out, Replaceable::Png)?;
    }
    Ok(())
}
