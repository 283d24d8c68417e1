//! `handgrad reconstruct`.

use handgrad_dataset::count;
use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::Part;
use handgrad_pictures::{grid, to_unit};
use handgrad_tasks::reconstruct::pairs;
use serde_json::json;

use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad reconstruct runs/basic-mnist --out seen.png --count 16")]
pub struct ReconstructArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The picture to write. An older picture of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,

    /// The number of samples to draw, from the first one on.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

pub fn run(args: &ReconstructArgs) -> Result<Done> {
    place::must_be(&args.out, Replaceable::Png)?;
    let output = args.subject.output;
    let subject = args.subject.open(&[Part::Whole], &Bars::new(output.quiet))?;
    let pairs = pairs(&subject.model, &subject.samples, &subject.first(args.count))?;
    let rows = [&pairs.originals, &pairs.reconstructions].map(|rows| to_unit(rows, subject.samples.range()));
    handgrad_files::write(&args.out, &grid(&rows, &subject.samples.shape)?)?;
    let (errors, mean) = (pairs.squared_errors(), pairs.mean_squared_error());
    let picture = shown(&args.out);
    if output.json {
        let path = args.out.display().to_string();
        let object = json!({ "picture": path, "samples": errors.len(), "mse": mean, "mse_of_each": errors });
        terminal::result(&object.to_string())?;
    } else {
        terminal::result(&format!(
            "wrote {picture}: {} above their reconstructions",
            count(errors.len(), "sample", "samples")
        ))?;
        terminal::result(&format!("squared error per value {}", number(mean)))?;
    }
    Ok(Done::Whole)
}
