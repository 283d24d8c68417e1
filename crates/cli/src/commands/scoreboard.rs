//! `handgrad scoreboard`: repeats published examples on the real data, and prints both results side by side.

use anyhow::Result;
use clap::Args;
use handgrad_dataset::thousands;
use handgrad_study::experiment::{Pairs, Setup};
use handgrad_study::scoreboard::{self, Measured, ROWS, Row};
use serde_json::{Value, json};

use crate::exit::Done;
use crate::flags::ExperimentArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = format!("Rows: {}.\n\nAll of them take about two hours on two cores; `handgrad scoreboard \
    tf-basic vae` takes half a minute.", ROWS.each_ref().map(|row| row.name).join(", ")))]
pub struct ScoreboardArgs {
    /// The rows [default: all].
    rows: Vec<String>,

    /// The number of seeds for each row, from seed 0 on [default: 3 for the quick rows, 1 for the others].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: Option<u16>,

    #[command(flatten)]
    pub experiment: ExperimentArgs,
}

/// The results of each run of a row: its label, its settings, and a result for each seed.
type Runs = Vec<(&'static str, Pairs, Vec<Measured>)>;

pub fn run(args: &ScoreboardArgs) -> Result<Done> {
    let rows = scoreboard::choose(&args.rows)?;
    let (output, bars) = (args.experiment.output, Bars::new(args.experiment.output.quiet));
    let setup = args.experiment.setup(&bars);
    let mut objects = Vec::new();
    if !output.json {
        terminal::result("| example | measured here | published | seconds a run |\n| --- | --- | --- | --- |")?;
    }
    for row in rows {
        let measured = measure(row, args.seeds.map_or(row.seeds, u64::from), &setup)?;
        match output.json {
            true => objects.push(object(row, &measured)),
            false => terminal::result(&line(row, &measured))?,
        }
    }
    if output.json {
        terminal::result(&Value::from(objects).to_string())?;
    }
    Ok(Done::Whole)
}

fn measure(row: &Row, seeds: u64, setup: &Setup) -> Result<Runs> {
    let of_seeds = |settings| (0..seeds).map(|seed| Ok(row.run(settings, seed, setup)?)).collect::<Result<Vec<_>>>();
    row.runs.iter().map(|&(label, settings)| Ok((label, settings, of_seeds(settings)?))).collect()
}

/// Settings as the flags of `handgrad train`.
fn flags(settings: Pairs) -> String {
    let flag = |(name, value): &(&str, &str)| format!("--{} {value}", name.replace('_', "-"));
    settings.iter().map(flag).collect::<Vec<_>>().join(" ")
}

/// A row of the table in Markdown.
fn line(row: &Row, measured: &Runs) -> String {
    let runs = measured.iter().map(|(label, settings, results)| {
        let figures = (0..results[0].figures.len()).map(|at| {
            let [middle, least, largest] = scoreboard::spread(results, at).map(number);
            let name = results[0].figures[at].0;
            match results.len() {
                1 => format!("{name} {middle}"),
                _ => format!("{name} {middle} ({least}–{largest})"),
            }
        });
        let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
        format!("{label}{} `{}`", figures.collect::<Vec<_>>().join(", "), flags(settings))
    });
    let runs: Vec<_> = runs.collect();
    let seconds = |results: &[Measured]| thousands(scoreboard::mean_seconds(results).round() as usize);
    let seconds = measured.iter().map(|(_, _, results)| seconds(results)).collect::<Vec<_>>().join(", ");
    format!("| **{}** {} | {} | {} | {seconds} |", row.name, row.source, runs.join("<br>"), row.published)
}

fn object(row: &Row, measured: &Runs) -> Value {
    let runs = measured.iter().map(|(label, settings, results)| {
        let seeds = results.iter().map(|result| {
            let mut object: serde_json::Map<_, _> =
                result.figures.iter().map(|&(name, value)| (name.to_string(), json!(value))).collect();
            object.insert("seconds".into(), json!(result.seconds));
            Value::from(object)
        });
        json!({ "run": label, "flags": flags(settings), "seeds": seeds.collect::<Vec<_>>() })
    });
    json!({ "row": row.name, "source": row.source, "published": row.published, "runs": runs.collect::<Vec<_>>() })
}
