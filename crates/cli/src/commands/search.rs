//! `handgrad search`: trains many combinations of settings and compares them on held out samples.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_dataset::{count, thousands};
use handgrad_files::shown;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_runs::search::{Baseline, Choice, Combination, Method, SEARCH, Search, Table, baseline, squared_error};
use handgrad_runs::{Every, Request, Run};
use serde_json::json;
use std::ops::ControlFlow;

use crate::exit::{Done, UsageError};
use crate::flags::{Output, SettingsArgs};
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad search --data mnist --epochs 5 --try layers=8/16/32/64 --out runs/code-size\n  \
    handgrad search --data mnist --try layers=32/128,32 --try loss=mse/bce --seeds 3 --out runs/grid\n  \
    handgrad search --data mnist --epochs 16 --try layers=8/16/32 --try learning_rate=1e-4/1e-3/1e-2 \\\n    \
    --method halving --out runs/halving")]
pub struct SearchArgs {
    #[command(flatten)]
    settings: SettingsArgs,

    /// A setting and the values to try, separated by `/`: layers=8/16/64,32. The flag can be given several times; then
    /// all combinations are tried. The slides name four settings: code size, number of layers and number of nodes,
    /// which are all in layers, and the loss.
    #[arg(long = "try", value_name = "SETTING=VALUES", required = true, help_heading = "Search")]
    choices: Vec<String>,

    /// Which combinations are trained. `random` draws --trials of them. `halving` trains all for a few epochs, the
    /// better half for twice as many, and so on.
    #[arg(long, value_name = "NAME", default_value = "grid", help_heading = "Search")]
    method: MethodName,

    /// With --method random: the number of combinations.
    #[arg(long, value_name = "NUMBER", help_heading = "Search", value_parser = clap::value_parser!(u32).range(1..))]
    trials: Option<u32>,

    /// The number of seeds with which each combination is trained. They begin with --seed.
    #[arg(long, default_value_t = 1, help_heading = "Search", value_parser = clap::value_parser!(u16).range(1..=100))]
    seeds: u16,

    /// The folder of the search. If it holds the same search already, the search goes on from there.
    #[arg(long, value_name = "DIR", help_heading = "Search")]
    out: PathBuf,

    /// The number of threads. The table is the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Search")]
    pub threads: Option<u16>,

    #[command(flatten)]
    output: Output,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum MethodName {
    Grid,
    Random,
    Halving,
}

/// The folder of the best combination, and the name of the chart.
const BEST: &str = "best";
const CHART: &str = "search.svg";

pub fn run(args: &SearchArgs) -> Result<Done> {
    let method = match (args.method, args.trials) {
        (MethodName::Random, Some(trials)) => Method::Random(trials as usize),
        (MethodName::Random, None) => return Err(UsageError("--method random needs --trials".into()).into()),
        (_, Some(_)) => return Err(UsageError("--trials is only for --method random".into()).into()),
        (MethodName::Grid, None) => Method::Grid,
        (MethodName::Halving, None) => Method::Halving,
    };
    let choices = args.choices.iter().map(|text| choice(text)).collect::<Result<_>>()?;
    let search = Search { base: args.settings.0.clone(), choices, method, seeds: usize::from(args.seeds) };
    let bars = Bars::new(args.output.quiet);
    let mut table = Table::open(&args.out, &search, &bars)?;
    if !args.output.quiet && !table.trials().is_empty() {
        let made = count(table.trials().len(), "training", "trainings");
        terminal::note(&format!("{made} of this search are in {} already", shown(args.out.join(SEARCH))));
    }
    let found = search.run(&mut table, &bars)?;
    // The first one has the smallest error.
    let best = &found[0];
    let mut sizes: Vec<usize> = found.iter().map(|combination| combination.code).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let baseline = baseline(&search, &sizes, &bars)?;
    // One size is no curve.
    if sizes.len() > 1 {
        let (chart, drawn) = (args.out.join(CHART), drawn(&found, &sizes, baseline.as_ref()));
        handgrad_files::write(&chart, drawn.as_bytes()).with_context(|| shown(&chart))?;
    }
    let test = trained(args, &search, best, &bars)?;
    report(args, &search, &found, best, baseline.as_ref(), test)
}

/// Reads `layers=8/16/64,32`.
fn choice(text: &str) -> Result<Choice> {
    let wrong = || UsageError(format!("--try {text}: expected SETTING=VALUES, such as layers=8/16/64,32"));
    let (name, values) = text.split_once('=').ok_or_else(wrong)?;
    let values: Vec<String> = values.split('/').map(|value| value.trim().to_owned()).collect();
    if name.is_empty() || values.iter().any(String::is_empty) {
        return Err(wrong().into());
    }
    Ok(Choice { name: name.trim().replace('-', "_"), values })
}

/// Trains the best combination once more as a run, unless its folder holds that run already, and returns its squared
/// error per value on the samples that took no part in the search.
fn trained(args: &SearchArgs, search: &Search, best: &Combination, bars: &Bars) -> Result<f64> {
    let folder = args.out.join(BEST);
    let is_there = folder.join("config.toml").exists();
    let request = Request {
        given: if is_there { handgrad_runs::Settings::default() } else { search.settings_of(best)? },
        out: (!is_there).then(|| folder.clone()),
        resume: is_there.then_some(folder),
        every: Every::default(),
        any_data: false,
        notes: Arc::new(terminal::note),
    };
    let finished = Run::begin(&request, bars)?.train(&mut |_| ControlFlow::Continue(()))?;
    let test = &finished.data.validation;
    Ok(squared_error(&finished.model, test, &test.numbers())?)
}

/// Draws the smallest error of each size of the code, and the error of as many principal components.
fn drawn(found: &[Combination], sizes: &[usize], baseline: Option<&Baseline>) -> String {
    let smallest = |&size: &usize| {
        let errors = found.iter().filter(|combination| combination.code == size).map(|combination| combination.error);
        [size as f64, errors.fold(f64::NAN, f64::min)]
    };
    let networks: Vec<[f64; 2]> = sizes.iter().map(smallest).collect();
    let components: Vec<[f64; 2]> =
        baseline.iter().flat_map(|it| &it.errors).map(|&(size, error)| [size as f64, error]).collect();
    let mut curves = vec![Line { name: "networks", points: &networks }];
    if !components.is_empty() {
        curves.push(Line { name: "PCA", points: &components });
    }
    lines::svg(&Lines {
        title: "Error on held out samples, the best network of each code size",
        x: "values of a code",
        y: "squared error per value",
        is_logarithmic: true,
        mark: None,
        lines: &curves,
    })
}

fn report(
    args: &SearchArgs,
    search: &Search,
    found: &[Combination],
    best: &Combination,
    baseline: Option<&Baseline>,
    test: f64,
) -> Result<Done> {
    let names: Vec<&str> = search.choices.iter().map(|choice| choice.name.as_str()).collect();
    let of_pca =
        |code: usize| baseline.and_then(|it| it.errors.iter().find(|(size, _)| *size == code)).map(|&(_, error)| error);
    if args.output.json {
        let rows: Vec<_> = found
            .iter()
            .map(|it| {
                let values: serde_json::Map<_, _> =
                    names.iter().zip(&it.values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                json!({
                    "settings": values,
                    "epochs": it.epochs,
                    "error_per_value": it.error,
                    "standard_deviation": it.deviation,
                    "code": it.code,
                    "parameters": it.parameters,
                    "pca_error_per_value": of_pca(it.code),
                })
            })
            .collect();
        let object = json!({
            "combinations": rows,
            "seeds": search.seeds,
            "best": args.out.join(BEST).display().to_string(),
            "test_error_of_best": test,
            "pca_fitted_to": baseline.map(|it| it.fitted),
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let mut rows = vec![names.iter().map(ToString::to_string).collect::<Vec<_>>()];
    rows[0].extend(["epochs", "code", "parameters", "error per value", "PCA"].map(String::from));
    for it in found {
        let error = match (it.error.is_finite(), search.seeds) {
            (false, _) => "diverged".into(),
            (true, 1) => number(it.error),
            (true, _) => format!("{} ± {}", number(it.error), number(it.deviation)),
        };
        let mut row = it.values.clone();
        row.extend([it.epochs.to_string(), thousands(it.code), thousands(it.parameters), error]);
        row.push(of_pca(it.code).map_or_else(|| "–".into(), number));
        rows.push(row);
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect::<Vec<_>>();
        terminal::result(&cells.join("  "))?;
    }
    if search.method == Method::Halving {
        terminal::result(&format!("{} has the combinations that were dropped before", shown(args.out.join(SEARCH))))?;
    }
    let seeds = count(search.seeds, "seed", "seeds");
    terminal::result(&format!("squared error per value on held out training samples, the mean of {seeds}"))?;
    if let Some(baseline) = baseline {
        let fitted = count(baseline.fitted, "training sample", "training samples");
        terminal::result(&format!("PCA: as many principal components as values of a code, fitted to {fitted}"))?;
    }
    let settings: Vec<String> = names.iter().zip(&best.values).map(|(name, value)| format!("{name} {value}")).collect();
    let (settings, folder) = (settings.join(", "), shown(args.out.join(BEST)));
    terminal::result(&format!("The best is {settings}. It was trained once more, in {folder}."))?;
    let samples = "samples that took no part in the search";
    terminal::result(&format!("Its squared error per value on {samples} is {}.", number(test)))?;
    if found.iter().any(|it| it.code != best.code) {
        terminal::result(&format!("wrote {}: the error of each code size", shown(args.out.join(CHART))))?;
    }
    Ok(Done::Whole)
}
