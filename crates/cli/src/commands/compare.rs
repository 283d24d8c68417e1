//! `handgrad compare`: finished runs side by side.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_dataset::thousands;
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_runs::History;
use handgrad_runs::history::{Difference, differences, not_comparable};
use serde_json::json;

use crate::exit::{Done, UsageError};
use crate::flags::Output;
use crate::terminal;
use crate::words::{self, number};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    handgrad train --layers 8 --out runs/small\n  \
    handgrad train --layers 32 --out runs/large\n  \
    handgrad compare runs/small runs/large --out losses.svg")]
pub struct CompareArgs {
    /// The folders of two or more finished runs.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// The chart of the reconstruction errors to write. An older picture of this name is replaced, any other file is
    /// not.
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,

    #[command(flatten)]
    output: Output,
}

/// The most runs that are compared; more would not be readable.
const MOST: usize = 20;

pub fn run(args: &CompareArgs) -> Result<Done> {
    if let Some(out) = &args.out {
        place::must_be(out, Replaceable::Svg)?;
    }
    if args.runs.len() > MOST {
        return Err(UsageError(format!("{} runs are named, but at most {MOST} are compared", args.runs.len())).into());
    }
    let histories: Vec<History> = args.runs.iter().map(|run| History::read(run)).collect::<Result<_, _>>()?;
    let names = names(&args.runs);
    let differences = differences(&histories.iter().map(|history| &history.settings).collect::<Vec<_>>());
    let losses: Vec<String> = histories.iter().map(|it| words::loss_of(it.model.network())).collect();
    let why = not_comparable(&histories.iter().collect::<Vec<_>>());
    if let Some(out) = &args.out {
        if let Some(why) = why {
            return Err(UsageError(format!(
                "the curves of these runs cannot share an axis, because {why}: do without --out, or compare other runs"
            ))
            .into());
        }
        let points: Vec<Vec<[f64; 2]>> = histories
            .iter()
            .map(|history| {
                history.epochs.iter().map(|epoch| [epoch.epoch as f64, epoch.reconstruction_per_value]).collect()
            })
            .collect();
        let curves: Vec<Line> = names.iter().zip(&points).map(|(name, points)| Line { name, points }).collect();
        let chart = lines::svg(&Lines {
            title: "Reconstruction error of each run on its validation samples",
            x: "epoch",
            y: "reconstruction error per value",
            is_logarithmic: false,
            mark: None,
            lines: &curves,
        });
        handgrad_files::write(out, chart.as_bytes()).with_context(|| shown(out))?;
    }
    if args.output.json {
        let runs: Vec<_> =
            histories.iter().zip(&names).zip(&losses).map(|((it, name), loss)| json_of(it, name, loss)).collect();
        let settings: serde_json::Map<_, _> =
            differences.into_iter().map(|Difference { name, values }| (name, json!(values))).collect();
        let object = json!({ "runs": runs, "different_settings": settings, "not_comparable": why });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    terminal::result(&table(&histories, &names, &losses, &differences))?;
    if let Some(why) = why {
        terminal::result(&format!("These runs cannot be compared by their losses, because {why}."))?;
    } else if let Some(best) = best(&histories) {
        terminal::result(&format!("smallest reconstruction error: {}", names[best]))?;
    }
    if let Some(out) = &args.out {
        terminal::result(&format!("wrote {}: the reconstruction errors of all runs", shown(out)))?;
    }
    Ok(Done::Whole)
}

/// The last part of each path, or the whole path where two of them are equal.
fn names(runs: &[PathBuf]) -> Vec<String> {
    let last = |run: &PathBuf| run.file_name().map_or_else(|| shown(run), |name| name.to_string_lossy().into_owned());
    let short: Vec<String> = runs.iter().map(last).collect();
    let is_unique = |name: &String| short.iter().filter(|other| *other == name).count() == 1;
    short.iter().zip(runs).map(|(name, run)| if is_unique(name) { name.clone() } else { shown(run) }).collect()
}

/// The run with the smallest reconstruction error; the first one of several. `None` if none is finite.
fn best(histories: &[History]) -> Option<usize> {
    let errors = histories.iter().map(|history| history.kept().reconstruction_per_value).enumerate();
    errors.filter(|(_, error)| error.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

fn json_of(history: &History, name: &str, loss: &str) -> serde_json::Value {
    let kept = history.kept();
    json!({
        "name": name,
        "loss": loss,
        "epochs": history.epochs.len(),
        "kept_epoch": kept.epoch,
        "train_loss": kept.train_loss,
        "validation_loss": kept.validation_loss,
        "reconstruction_per_value": kept.reconstruction_per_value,
        "code": history.model.code_len(),
        "parameters": history.model.network().param_count(),
        "seconds": seconds(history),
    })
}

fn seconds(history: &History) -> f64 {
    history.epochs.iter().map(|epoch| epoch.seconds).sum()
}

/// A table with a column for each run: first the figures, then the settings that differ.
fn table(histories: &[History], names: &[String], losses: &[String], differences: &[Difference]) -> String {
    let of = |text: &dyn Fn(&History) -> String| histories.iter().map(text).collect::<Vec<_>>();
    let mut rows: Vec<(&str, Vec<String>)> = vec![
        ("", names.to_vec()),
        ("validation loss", of(&|it| number(it.kept().validation_loss))),
        ("training loss", of(&|it| number(it.kept().train_loss))),
        ("reconstruction per value", of(&|it| number(it.kept().reconstruction_per_value))),
        ("epoch of these weights", of(&|it| format!("{} of {}", it.kept().epoch, it.epochs.len()))),
        ("values of a code", of(&|it| thousands(it.model.code_len()))),
        ("parameters", of(&|it| thousands(it.model.network().param_count()))),
        ("seconds", of(&|it| format!("{:.1}", seconds(it)))),
    ];
    let same_loss = losses.iter().all(|loss| *loss == losses[0]);
    if !same_loss {
        rows.insert(1, ("loss", losses.to_vec()));
    }
    rows.extend(differences.iter().map(|Difference { name, values }| (name.as_str(), values.clone())));
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let first = width(&mut rows.iter().map(|(name, _)| *name));
    let widths: Vec<usize> =
        (0..names.len()).map(|at| width(&mut rows.iter().map(|(_, cells)| cells[at].as_str()))).collect();
    let line = |(name, cells): &(&str, Vec<String>)| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}"));
        format!("{name:first$}{}", cells.collect::<String>())
    };
    let mut table = rows.iter().map(line).collect::<Vec<_>>().join("\n");
    if same_loss {
        table += &format!("\nthe losses are: {}", losses[0]);
    }
    table
}
