//! `handgrad trace`: worked examples, forward and backward, from the functions that train.

use anyhow::Result;
use handgrad_study::Error;
use handgrad_study::trace::{self, Format, Options};

use crate::args::TraceArgs;
use crate::config::UsageError;
use crate::{Done, show};

pub fn run(args: &TraceArgs) -> Result<Done> {
    let format = match (args.json, args.markdown) {
        (true, _) => Format::Json,
        (_, true) => Format::Markdown,
        _ => Format::Text,
    };
    let text = match &args.name {
        Some(name) => {
            let options = Options {
                steps: args.steps.map(usize::from),
                learning_rate: args.learning_rate,
                set: args.set.clone(),
            };
            trace::work(name, &options, format).map_err(with_flags)?
        }
        None => listing(args, format)?,
    };
    show::result(&text)?;
    Ok(Done::Whole)
}

/// What is shown where no example is named.
fn listing(args: &TraceArgs, format: Format) -> Result<String> {
    if args.steps.is_some() || args.learning_rate.is_some() || !args.set.is_empty() {
        let text = format!("name the example that the options are for: {}", trace::names().join(", "));
        return Err(UsageError(text).into());
    }
    let listing = trace::listing(format);
    Ok(match format {
        Format::Text => format!("Worked examples, `handgrad trace NAME`:\n{listing}"),
        Format::Markdown | Format::Json => listing,
    })
}

/// The error as people who typed flags understand it.
fn with_flags(error: Error) -> anyhow::Error {
    let text = match &error {
        Error::UnusedOption { option, example, users } => {
            format!("--{} means nothing to {example}; it is for {users}", option.replace('_', "-"))
        }
        Error::NoEqualsSign { setting } => {
            format!("--set {setting}: write a name, = and a number or several: --set w_hh=0.5, --set x=1,2,3")
        }
        Error::WrongCount { .. } => {
            format!("--set {}", error.to_string().replace("; steps changes", "; --steps changes"))
        }
        Error::Setting { .. } => format!("--set {error}"),
        _ => error.to_string(),
    };
    if error.is_usage() { UsageError(text).into() } else { error.into() }
}
