//! `handgrad interpolate`: draws the decoded codes on a straight line between two codes, and for comparison the blend
//! of the two images.

use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_models::Part;
use handgrad_pictures::{grid, to_unit};
use handgrad_tasks::interpolate;
use serde_json::json;

use crate::columns;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  handgrad interpolate runs/vae-mnist --from 0 --to 1 --out walk.png")]
pub struct InterpolateArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The number of the first sample, counted from 0.
    #[arg(long, value_name = "INDEX")]
    from: u32,

    /// The number of the last sample.
    #[arg(long, value_name = "INDEX")]
    to: u32,

    /// The number of images on the way, including both ends.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=100))]
    steps: u16,

    /// The picture to write. An older picture of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
}

pub fn run(args: &InterpolateArgs) -> Result<Done> {
    place::must_be(&args.out, Replaceable::Png)?;
    if args.from == args.to {
        return Err(UsageError(format!("--from and --to are both {}: name two samples", args.from)).into());
    }
    let output = args.subject.output;
    let subject = args.subject.open(&[Part::Whole], &Bars::new(output.quiet))?;
    columns::refuse(&subject.model, "interpolate")?;
    let samples = &subject.samples;
    let steps = usize::from(args.steps);
    let walk = interpolate::between(&subject.model, samples, [args.from, args.to], steps)
        .with_context(|| subject.origin.clone())?;
    let rows = [&walk.blend, &walk.walk].map(|row| to_unit(row, samples.range()));
    handgrad_files::write(&args.out, &grid(&rows, &samples.shape)?)?;

    let label = |end: u32| samples.labels.as_ref().and_then(|labels| labels.name(end as usize));
    let picture = shown(&args.out);
    if output.json {
        let object = json!({
            "picture": args.out.display().to_string(),
            "steps": steps,
            "from": { "sample": args.from, "label": label(args.from) },
            "to": { "sample": args.to, "label": label(args.to) },
            "code_distance": walk.code_distance,
            "mse_of_walk_and_blend": walk.apart,
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let named = |end: u32| label(end).map_or_else(|| end.to_string(), |label| format!("{end} (class {label})"));
    let (from, to) = (named(args.from), named(args.to));
    terminal::result(&format!(
        "wrote {picture}: from sample {from} to {to} in {steps} steps: above, the pixels are blended; below, the codes \
         are on a straight line"
    ))?;
    terminal::result(&format!("distance between the codes: {}", number(walk.code_distance)))?;
    Ok(Done::Whole)
}
