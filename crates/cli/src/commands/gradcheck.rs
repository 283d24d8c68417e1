//! `handgrad gradcheck`: every backward pass against central differences, and what such a check cannot see.

use anyhow::Result;
use clap::Args;
use handgrad_study::{Error, gradcheck, mistakes};

use crate::exit::{Done, UsageError};
use crate::terminal;

/// Above the lists.
const TEACHES: &str = "\
A derivative can be measured: move a value a little both ways, and see what the loss does.

    ∂f/∂θ_i ≈ ( f(θ + h·e_i) − f(θ − h·e_i) ) / 2h        in f64, with h = 10⁻⁵

Every backward pass here was derived and written by hand, and is held against that. A relative error above 10⁻⁶ fails:
with a right derivative it is about 10⁻⁸, with a wrong one about 1. A model is moved along a random direction, its noise
held fixed; there the error must also fall fourfold as h is halved, which that of the quotient itself does.

The check sees whether a backward pass belongs to its forward pass. Where both are wrong alike it sees nothing: then
a property of the forward pass has to find it. --break plants mistakes of either sort.";

#[derive(Args, Debug)]
#[command(after_help = format!("{TEACHES}\n\nMistakes for --break:\n{}\nExamples:\n  \
    handgrad gradcheck                              what can be checked\n  \
    handgrad gradcheck all                          everything; fails if anything is off\n  \
    handgrad gradcheck gru model-vae                every GRU, and the variational autoencoders\n  \
    handgrad gradcheck --break missing-transpose    what a mistake looks like", mistakes::list()))]
pub struct GradcheckArgs {
    /// What to check: names from the list, or how they begin; `all` is everything [default: print the list].
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Plant a known mistake, and show whether the check sees it or what else does; `all` plants one after another.
    #[arg(long = "break", value_name = "MISTAKE", conflicts_with = "names")]
    mistake: Option<Option<String>>,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &GradcheckArgs) -> Result<Done> {
    match &args.mistake {
        Some(mistake) => plant(mistake.as_deref(), args.json)?,
        None if args.names.is_empty() => list(args.json)?,
        None => check(&args.names, args.json)?,
    }
    Ok(Done::Whole)
}

fn list(as_json: bool) -> Result<()> {
    let checks = gradcheck::all()?;
    if as_json {
        return terminal::result(&gradcheck::list_json(&checks).to_string());
    }
    terminal::result(&format!(
        "{}\nhandgrad gradcheck all checks everything, handgrad gradcheck NAME… all that begins as NAME does.\n\
         Not here, since what they give is no gradient, on purpose: clipping, and Adam.",
        gradcheck::list(&checks)
    ))
}

fn check(names: &[String], as_json: bool) -> Result<()> {
    let checks = gradcheck::choose(names).map_err(usage)?;
    let width = gradcheck::name_width(&checks);
    let mut found = Vec::new();
    for check in checks {
        let result = check.run()?;
        if !as_json {
            terminal::result(&gradcheck::line(&check, &result, width))?;
        }
        found.push((check, result));
    }
    terminal::result(&match as_json {
        true => gradcheck::json(&found).to_string(),
        false => format!("\n{}", gradcheck::summary(&found)),
    })?;
    Ok(gradcheck::verdict(&found)?)
}

/// Plants the mistake of that name, or all.
fn plant(name: Option<&str>, as_json: bool) -> Result<()> {
    let Some(name) = name else {
        let text = format!("--break needs the name of a mistake; there are all, and\n{}", mistakes::list().trim_end());
        return Err(UsageError(text).into());
    };
    let mut planted = Vec::new();
    for mistake in mistakes::choose(name).map_err(usage)? {
        let planting = mistake.plant()?;
        if !as_json {
            terminal::result(&mistakes::text(mistake, &planting))?;
        }
        planted.push((mistake, planting));
    }
    if as_json {
        terminal::result(&mistakes::json(&planted).to_string())?;
    }
    Ok(mistakes::verdict(&planted)?)
}

/// A wrong request has an exit code of its own.
fn usage(error: Error) -> anyhow::Error {
    if error.is_usage() { UsageError(error.to_string()).into() } else { error.into() }
}
