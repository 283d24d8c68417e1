//! `handgrad gradcheck`: compares every backward pass with central differences, and shows which mistakes this check
//! cannot find.

use anyhow::Result;
use clap::Args;
use handgrad_study::mistakes::{self, Mystery};
use handgrad_study::{Error, gradcheck};

use crate::exit::{Done, UsageError};
use crate::terminal;

/// The text in the help, above the lists.
const TEACHES: &str = "\
A derivative can be measured: change a value a little in both directions, and
see how much the loss changes.

    ∂f/∂θ_i ≈ ( f(θ + h·e_i) − f(θ − h·e_i) ) / 2h     in f64, h = 10⁻⁵

Every backward pass was derived and written by hand, and is compared with this
quotient. A relative error above 10⁻⁶ fails: it is about 10⁻⁸ for a right
derivative, and about 1 for a wrong one. The weights of a whole model are
changed along a random direction, with fixed noise; the error must then also
become four times smaller when h is halved, as that of the quotient does.

The check finds out whether a backward pass belongs to its forward pass. If both
are wrong in the same way, it finds nothing: then only a test of the forward
pass can. --break plants mistakes of both kinds.";

#[derive(Args, Debug)]
#[command(after_help = format!("{TEACHES}\n\nMistakes for --break:\n{}\nExamples:\n  \
    handgrad gradcheck                             list all checks\n  \
    handgrad gradcheck all                         fails if any gradient is wrong\n  \
    handgrad gradcheck gru model-vae               names may be shortened\n  \
    handgrad gradcheck --break missing-transpose   what a mistake looks like\n  \
    handgrad gradcheck --mystery --seed 3          find the mistake yourself\n  \
    handgrad gradcheck --mystery --seed 3 --reveal which one it was", mistakes::list()))]
pub struct GradcheckArgs {
    /// The checks: names from the list, or their beginnings; `all` means all of them [default: print the list].
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Plant a known mistake, and show whether the check finds it, or what else does. `all` plants one after another.
    #[arg(long = "break", value_name = "MISTAKE", conflicts_with = "names")]
    mistake: Option<Option<String>>,

    /// Plant an unnamed mistake in a small layer, and show all numbers, so that it can be found.
    #[arg(long, conflicts_with_all = ["names", "mistake"])]
    mystery: bool,

    /// The seed of --mystery: which mistake, and which numbers.
    #[arg(long, requires = "mystery", default_value_t = 0)]
    seed: u64,

    /// Name the mistake of --mystery.
    #[arg(long, requires = "mystery")]
    reveal: bool,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub fn run(args: &GradcheckArgs) -> Result<Done> {
    match &args.mistake {
        _ if args.mystery => mystery(args)?,
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
        "{}\n`handgrad gradcheck all` checks everything; `handgrad gradcheck NAME…` checks all names that begin with \
         NAME.\nClipping and Adam are not in the list, because their result is deliberately not the gradient.",
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

/// Plants the mistake of this name, or all mistakes.
fn plant(name: Option<&str>, as_json: bool) -> Result<()> {
    let Some(name) = name else {
        let text = format!("--break needs the name of a mistake: all, or one of\n{}", mistakes::list().trim_end());
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

/// Shows what the check says about a mistake without naming it.
fn mystery(args: &GradcheckArgs) -> Result<()> {
    let mystery = Mystery::new(args.seed)?;
    terminal::result(&match args.json {
        true => mystery.json(args.reveal).to_string(),
        false => mystery.text(args.reveal),
    })
}

/// A wrong name has the exit code of a usage error.
fn usage(error: Error) -> anyhow::Error {
    if error.is_usage() { UsageError(error.to_string()).into() } else { error.into() }
}
