//! `handgrad gradcheck`: every backward pass against central differences, and what such a check cannot see.

use anyhow::Result;
use handgrad_study::{Error, gradcheck, mistakes};

use crate::args::GradcheckArgs;
use crate::config::UsageError;
use crate::{Done, show};

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
        return show::result(&gradcheck::list_json(&checks).to_string());
    }
    show::result(&format!(
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
            show::result(&gradcheck::line(&check, &result, width))?;
        }
        found.push((check, result));
    }
    show::result(&match as_json {
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
            show::result(&mistakes::text(mistake, &planting))?;
        }
        planted.push((mistake, planting));
    }
    if as_json {
        show::result(&mistakes::json(&planted).to_string())?;
    }
    Ok(mistakes::verdict(&planted)?)
}

/// A wrong request has an exit code of its own.
fn usage(error: Error) -> anyhow::Error {
    if error.is_usage() { UsageError(error.to_string()).into() } else { error.into() }
}
