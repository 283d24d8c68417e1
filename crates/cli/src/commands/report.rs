//! `handgrad report`: one HTML page about a run, with an explorer.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use serde_json::json;

use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad report runs/basic-mnist\n  \
    handgrad report runs/vae-2d-mnist --out vae.html")]
pub struct ReportArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The page to write. An older page of this name is replaced, any other file is not [default: report.html in the
    /// folder of the run].
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,

    /// The number of threads. The page is the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

pub fn run(args: &ReportArgs) -> Result<Done> {
    let output = args.subject.output;
    let out = args.out.clone().unwrap_or_else(|| args.subject.run.join("report.html"));
    place::must_be(&out, Replaceable::Html)?;
    let bars = Bars::new(output.quiet);
    let subject = args.subject.open(&[Part::Whole], &bars)?;
    let html = handgrad_runs::report(&args.subject.run, &subject, &bars)?;
    handgrad_files::write(&out, html.as_bytes()).with_context(|| shown(&out))?;
    match output.json {
        true => terminal::result(&json!({ "report": out.display().to_string(), "bytes": html.len() }).to_string())?,
        false => terminal::result(&format!("wrote {}: open it in a browser", shown(&out)))?,
    }
    Ok(Done::Whole)
}
