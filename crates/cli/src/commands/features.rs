//! `handgrad features`: which inputs matter.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use handgrad_dataset::tables::{Column, Kind};
use handgrad_dataset::{count, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_pictures::{grid, to_unit};
use handgrad_tasks::features::{Asked, Features, OfScore, choose};
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::columns;
use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad features runs/basic-mnist --inputs 50 --out pixels.png --chart error.svg\n  \
    handgrad features runs/deliveries --inputs 5")]
pub struct FeaturesArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// The number of inputs to choose.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    inputs: u16,

    /// The number of seeds. Each one scores the inputs on another random half of the training samples, and the overlap
    /// of the chosen inputs is printed as the stability.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=20))]
    seeds: u16,

    /// The first seed of all random choices.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// The number of threads. The results are the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// The picture to write, one row for each score: the chosen pixels, darker the better they are, and eight samples
    /// rebuilt from them, below the samples themselves. An older picture of this name is replaced, any other file is
    /// not.
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,

    /// The chart of the error against the number of inputs. An older picture of this name is replaced, any other file
    /// is not.
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
}

/// The samples in the picture.
const SHOWN: usize = 8;
/// The most names of columns that are listed.
const LISTED: usize = 10;

pub fn run(args: &FeaturesArgs) -> Result<Done> {
    for (path, kind) in [(&args.out, Replaceable::Png), (&args.chart, Replaceable::Svg)] {
        path.iter().try_for_each(|path| place::must_be(path, kind))?;
    }
    let bars = Bars::new(args.subject.output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    if args.out.is_some() {
        columns::refuse(&subject.model, "features --out")?;
    }
    if args.subject.data.is_none() {
        subject.keep_trained_classes();
    }
    let (fit, _) = subject.training(&bars)?;
    let asked =
        Asked { inputs: usize::from(args.inputs), seeds: usize::from(args.seeds), seed: args.seed, shown: SHOWN };
    let found =
        choose(&subject.model, &fit, &subject.samples, &asked, &bars).with_context(|| subject.origin.clone())?;
    if let Some(path) = &args.out {
        let range = subject.model.scaled_range(subject.samples.range());
        let picture = grid(&rows(&found, asked.inputs, range), &subject.samples.shape)?;
        handgrad_files::write(path, &picture).with_context(|| shown(path))?;
    }
    if let Some(path) = &args.chart {
        handgrad_files::write(path, chart(&found).as_bytes()).with_context(|| shown(path))?;
    }
    report(args, &found, &names(&subject.model))
}

/// The names of the inputs of a table. A category has an input for each class, and a date has five.
fn names(model: &handgrad_models::Model) -> Option<Vec<String>> {
    let schema = model.spec().table.as_ref()?;
    let of = |column: &Column| -> Vec<String> {
        let parts: Vec<&str> = match &column.kind {
            Kind::Category { classes, .. } => classes.iter().map(String::as_str).chain(["other"]).collect(),
            Kind::Date { .. } => vec!["days", "year sin", "year cos", "week sin", "week cos"],
            _ => return vec![column.name.clone(); column.width()],
        };
        parts.iter().map(|part| format!("{} ({part})", column.name)).collect()
    };
    Some(schema.used().flat_map(of).collect())
}

/// The samples, and for each score the chosen inputs and the samples that are rebuilt from them.
fn rows(found: &Features, inputs: usize, range: (f32, f32)) -> Vec<Array2<f32>> {
    let d = found.originals.ncols();
    let with = |first: Vec<f32>, samples: &Array2<f32>| {
        let mut row = Array2::from_elem((1 + samples.nrows(), d), 1.0);
        row.row_mut(0).iter_mut().zip(first).for_each(|(to, value)| *to = value);
        row.slice_axis_mut(Axis(0), (1..).into()).assign(&to_unit(samples, range));
        row
    };
    let mut rows = vec![with(vec![1.0; d], &found.originals)];
    for (of, rebuilt) in found.scores.iter().zip(&found.rebuilt) {
        let mut chosen = vec![1.0; d];
        let level = |rank: usize| 0.6 * rank as f32 / inputs as f32;
        of.order[..inputs].iter().enumerate().for_each(|(rank, &input)| chosen[input] = level(rank));
        rows.push(with(chosen, rebuilt));
    }
    rows
}

/// Draws the error of each score against the number of inputs.
fn chart(found: &Features) -> String {
    let points = |of: &OfScore| -> Vec<[f64; 2]> {
        found.counts.iter().zip(&of.errors).map(|(&count, &error)| [count as f64, error]).collect()
    };
    let points: Vec<_> = found.scores.iter().map(points).collect();
    let lines: Vec<Line> =
        found.scores.iter().zip(&points).map(|(of, points)| Line { name: of.score.name(), points }).collect();
    lines::svg(&Lines {
        title: "Error of all inputs, rebuilt from a few",
        x: "number of inputs",
        y: "squared error per value",
        is_logarithmic: true,
        mark: None,
        lines: &lines,
    })
}

fn report(args: &FeaturesArgs, found: &Features, names: &Option<Vec<String>>) -> Result<Done> {
    let inputs = usize::from(args.inputs);
    if args.subject.output.json {
        let scores: Vec<_> = found
            .scores
            .iter()
            .map(|of| {
                json!({
                    "score": of.score.name(),
                    "inputs": of.order[..inputs],
                    "errors": of.errors,
                    "accuracies": of.accuracies,
                    "stability": of.stability,
                })
            })
            .collect();
        let object = json!({
            "fitted_on": found.used[0],
            "measured_on": found.used[1],
            "counts": found.counts,
            "scores": scores,
            "variance": found.variance,
            "accuracy_of_all": found.accuracy_of_all,
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let has_accuracy = found.accuracy_of_all.is_some();
    let mut lines = vec![vec!["score".to_owned()]];
    lines[0].extend(found.counts.iter().map(|count| format!("error {count}")));
    lines[0].extend(has_accuracy.then(|| format!("accuracy {inputs}")));
    lines[0].push("stability".into());
    let at = found.counts.iter().position(|&count| count == inputs).unwrap_or(0);
    for of in &found.scores {
        let mut line = vec![of.score.name().to_owned()];
        line.extend(of.errors.iter().map(|&error| number(error)));
        line.extend(of.accuracies[at].map(|accuracy| format!("{accuracy:.3}")));
        line.push(format!("{:.2}", of.stability));
        lines.push(line);
    }
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for line in &lines {
        let cells = line[1..].iter().zip(&widths[1..]).map(|(cell, &width)| format!("  {cell:>width$}"));
        terminal::result(&format!("{:width$}{}", line[0], cells.collect::<String>(), width = widths[0]))?;
    }
    let [fit, measured] = found.used.map(thousands);
    terminal::result(&format!(
        "error n: squared error per value of all inputs, told from the n best by ridge regression; without any input \
         {}",
        number(found.variance)
    ))?;
    if let Some(all) = found.accuracy_of_all {
        terminal::result(&format!("accuracy: of 5 nearest neighbours; with all inputs {all:.3}"))?;
    }
    terminal::result(&format!("fitted to {fit} training samples, measured on {measured} samples"))?;
    if let Some(names) = names {
        for of in &found.scores {
            let best: Vec<&str> = of.order[..inputs.min(LISTED)].iter().map(|&input| names[input].as_str()).collect();
            let more = if inputs > LISTED { ", …" } else { "" };
            terminal::result(&format!("{}: {}{more}", of.score.name(), best.join(", ")))?;
        }
    }
    if let Some(path) = &args.out {
        let scores: Vec<&str> = found.scores.iter().map(|of| of.score.name()).collect();
        let samples = count(found.originals.nrows(), "sample", "samples");
        terminal::result(&format!(
            "wrote {}: {samples}; below, the {inputs} pixels of {} and the samples rebuilt from them",
            shown(path),
            scores.join(", ")
        ))?;
    }
    args.chart.iter().try_for_each(|path| terminal::result(&format!("wrote {}", shown(path))))?;
    Ok(Done::Whole)
}
