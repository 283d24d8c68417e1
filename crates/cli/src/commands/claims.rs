//! `handgrad claims`: tests what the slides say about autoencoders, their codes and recurrent networks.

use anyhow::Result;
use clap::Args;
use handgrad_study::claims::{self, CLAIMS, Claim, Found};
use serde_json::{Value, json};

use crate::exit::Done;
use crate::flags::ExperimentArgs;
use crate::terminal::{self, Bars};
use crate::words::{number, wrapped};

#[derive(Args, Debug)]
#[command(after_help = format!("Claims:\n{}\nAll of them take about twenty minutes on two cores.", listed()))]
pub struct ClaimsArgs {
    /// The claims [default: all].
    claims: Vec<String>,

    #[command(flatten)]
    pub experiment: ExperimentArgs,
}

fn listed() -> String {
    CLAIMS.iter().map(|claim| format!("  {:23} {}\n", claim.name, claim.says)).collect()
}

pub fn run(args: &ClaimsArgs) -> Result<Done> {
    let claims = claims::choose(&args.claims)?;
    let (output, bars) = (args.experiment.output, Bars::new(args.experiment.output.quiet));
    let setup = args.experiment.setup(&bars);
    let mut objects = Vec::new();
    for claim in claims {
        let found = claim.run(&setup)?;
        match output.json {
            true => objects.push(object(claim, &found)),
            false => terminal::result(&text(claim, &found))?,
        }
    }
    if output.json {
        terminal::result(&Value::from(objects).to_string())?;
    }
    Ok(Done::Whole)
}

/// A claim in Markdown.
fn text(claim: &Claim, found: &Found) -> String {
    let mut text = format!("## {}\n\n{}\n\n", claim.name, wrapped(&format!("**{}** {}", claim.says, claim.how)));
    text += &format!("| | {} |\n|{}\n", claim.columns.join(" | "), " --- |".repeat(claim.columns.len() + 1));
    for (name, figures) in &found.lines {
        let figures: Vec<_> = figures.iter().map(|&value| number(value)).collect();
        text += &format!("| {name} | {} |\n", figures.join(" | "));
    }
    text + if found.holds { "\nIt holds.\n" } else { "\nIt does not hold here.\n" }
}

fn object(claim: &Claim, found: &Found) -> Value {
    let lines = found.lines.iter().map(|(name, figures)| {
        let named = claim.columns.iter().zip(figures).map(|(column, &value)| ((*column).to_string(), json!(value)));
        json!({ "of": name, "figures": named.collect::<serde_json::Map<_, _>>() })
    });
    json!({ "claim": claim.name, "says": claim.says, "lines": lines.collect::<Vec<_>>(), "holds": found.holds })
}
