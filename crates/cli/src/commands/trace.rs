//! `handgrad trace`: prints worked examples, forward and backward, computed by the functions that train.

use anyhow::Result;
use clap::Args;
use handgrad_study::Error;
use handgrad_study::trace::{self, Format, Options};

use crate::exit::{Done, UsageError};
use crate::terminal;

#[derive(Args, Debug)]
#[command(after_help = format!("{ABOUT}\n\nWorked examples:\n{}\n\n{EXAMPLES}", trace::listing(Format::Text)))]
pub struct TraceArgs {
    /// The name of the example [default: a list of all examples].
    name: Option<String>,

    /// The number of time steps of a recurrent network, or of steps of the optimiser.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    steps: Option<u16>,

    /// The learning rate α.
    #[arg(long, value_name = "ALPHA", value_parser = positive)]
    learning_rate: Option<f64>,

    /// Change the given numbers: set all values of an input or a parameter to one number, or to a list of numbers. The
    /// flag can be given several times.
    #[arg(long, value_name = "NAME=VALUE[,VALUE…]")]
    set: Vec<String>,

    /// Print Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,

    /// Print one JSON object with all digits of all values.
    #[arg(long)]
    json: bool,
}

const ABOUT: &str = "\
Every number comes from the functions that train, in 64 bits, on a network small enough to be checked by hand. Next to
it is the number that the slide prints. If the two differ, a note says why. In formulas, dw is ∂L/∂w, and δ is the
gradient before an activation.";

const EXAMPLES: &str = "Examples:
  handgrad trace elman                                the numbers of the slides, then the backward pass
  handgrad trace bptt --learning-rate 0.01            the weights after a step of gradient descent
  handgrad trace bptt --steps 10 --set w_hh=0.5       a gradient that vanishes; with w_hh=2 it explodes
  handgrad trace lstm --set w_if=0 --set b_if=-5      close the forget gate
  handgrad trace adam --steps 5 --json                every digit, for programs";

/// Reads a learning rate.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("it must be a number above 0, such as 0.01".into()),
    }
}

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
    terminal::result(&text)?;
    Ok(Done::Whole)
}

/// The list of examples, which is printed if no example is named.
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

/// Rewrites the error with the names of the flags.
fn with_flags(error: Error) -> anyhow::Error {
    let text = match &error {
        Error::UnusedOption { option, example, users } => {
            format!("--{} has no effect on {example}; it is for {users}", option.replace('_', "-"))
        }
        Error::NoEqualsSign { setting } => {
            format!("--set {setting}: write a name, =, and one or more numbers: --set w_hh=0.5, --set x=1,2,3")
        }
        Error::WrongCount { .. } => {
            format!("--set {}", error.to_string().replace("; steps changes", "; --steps changes"))
        }
        Error::Setting { .. } => format!("--set {error}"),
        _ => error.to_string(),
    };
    if error.is_usage() { UsageError(text).into() } else { error.into() }
}
