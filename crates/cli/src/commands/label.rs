//! `handgrad label`: labels for many samples from few, and how many of them are wrong.

mod written;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_analysis::{deviation, mean};
use handgrad_dataset::table::{Format, check_place};
use handgrad_dataset::{count, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_files::shown;
use handgrad_models::Part;
use handgrad_pictures::charts::lines::{self, Line, Lines};
use handgrad_tasks::label::{self, Asked, Errors, Measured, Method};
use serde_json::{Value, json};

use crate::exit::{Done, UsageError};
use crate::flags::{SubjectArgs, Unlabelled};
use crate::terminal::{self, Bars};

/// A method whose labels have a confidence.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum MethodName {
    /// Label spreading along the graph of nearest codes.
    Spreading,
    /// Logistic regression on codes.
    Probe,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad label runs/denoise-mnist --labels-per-class 10,60 --chart few.svg\n  \
    handgrad label runs/mine --unlabelled unknown --out labels.csv\n  \
    handgrad label runs/mine --data new.csv --out labels.csv")]
pub struct LabelArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Measure the methods with so many labels of each class. All other labels of the training samples are left out.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    labels_per_class: Vec<u32>,

    /// How many times labelled samples are drawn for each number of labels.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    draws: u16,

    /// The seed of the first draw. The others have the seeds after it.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    unlabelled: Unlabelled,

    /// Label spreading: the number of nearest codes that each sample is connected with.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    neighbours: u16,

    /// A chart to write: the error of each method against the number of labels. An older chart of this name is
    /// replaced.
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,

    /// A new file for a label and its confidence of every sample: of the data of the training, its training samples
    /// first, or of --data. The labels that are known are those of the training samples; with --labels-per-class, only
    /// those of the first draw of the largest number.
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,

    /// With --out: what finds the labels.
    #[arg(long, value_name = "NAME", default_value = "spreading")]
    method: MethodName,

    /// With --out: labels with a smaller confidence are left empty. The confidences of spreading are lower than those
    /// of probe, so look at them before you choose a number.
    #[arg(long, value_name = "CONFIDENCE", default_value_t = 0.0)]
    threshold: f64,

    /// The number of threads. The result is the same for any number [default: all cores].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

pub fn run(args: &LabelArgs) -> Result<Done> {
    check(args)?;
    let output = args.subject.output;
    let bars = Bars::new(output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    if args.subject.data.is_none() {
        subject.keep_trained_classes();
    } else if !args.labels_per_class.is_empty() {
        args.subject.must_be_new(&subject)?;
    }
    let (train, train_origin) = subject.training(&bars)?;
    args.unlabelled.note_if_there_are_none([&train, &subject.samples]);
    let mut per_class: Vec<usize> = args.labels_per_class.iter().map(|&number| number as usize).collect();
    per_class.sort_unstable();
    per_class.dedup();
    let mut object = json!({});
    if !per_class.is_empty() {
        let asked = Asked {
            per_class: per_class.clone(),
            draws: u64::from(args.draws),
            seed: args.seed,
            neighbours: usize::from(args.neighbours),
            unknown: args.unlabelled.class.clone(),
        };
        let found = label::measure(&subject.model, &train, &subject.samples, &asked, &bars)
            .with_context(|| format!("{train_origin}, and {}", subject.origin))?;
        if found.unfinished > 0 {
            let draws = count(found.unfinished, "draw", "draws");
            terminal::note(&format!("note: in {draws}, {UNFINISHED}, so the error of probe may be too large"));
        }
        let is_m1 = label::is_m1(&subject.model);
        if let Some(chart) = &args.chart {
            handgrad_files::write(chart, drawn(&found).as_bytes())?;
        }
        match output.json {
            true => object = as_json(&found, is_m1),
            false => terminal::result(&text(args, &found, is_m1, [&train_origin, &subject.origin]))?,
        }
    }
    if let Some(out) = &args.out {
        let draw = per_class.last().map(|&number| (number, args.seed));
        let method = match args.method {
            MethodName::Spreading => Method::Spreading,
            MethodName::Probe => Method::Probe,
        };
        let how = (method, usize::from(args.neighbours));
        let unknown = args.unlabelled.class.as_deref();
        let found = label::assign(&subject.model, [&train, &subject.samples], unknown, draw, how)
            .with_context(|| train_origin.clone())?;
        if !found.is_converged {
            terminal::note(&format!("note: {UNFINISHED}, so the labels may be worse than they could be"));
        }
        let written = written::Written {
            found: &found,
            train: (&train, args.subject.data.is_none()),
            subject: &subject,
            unknown,
            threshold: args.threshold,
        };
        handgrad_files::write_new(out, written.csv().as_bytes())?;
        match output.json {
            true => object["written"] = written.json(out),
            false => terminal::result(&written.text(out))?,
        }
    }
    if output.json {
        terminal::result(&object.to_string())?;
    }
    Ok(Done::Whole)
}

const UNFINISHED: &str = "logistic regression did not reach the minimum of its loss";

/// Checks the arguments before anything is read.
fn check(args: &LabelArgs) -> Result<()> {
    let usage = |text: String| Err(UsageError(text).into());
    if args.labels_per_class.is_empty() && args.out.is_none() {
        return usage("--labels-per-class, to measure, or --out, to write labels, is needed".into());
    }
    if args.chart.is_some() && args.labels_per_class.is_empty() {
        return usage("--chart draws errors against numbers of labels: say which with --labels-per-class".into());
    }
    if !(0.0..=1.0).contains(&args.threshold) {
        return usage(format!("--threshold is {}, but must be from 0 to 1", args.threshold));
    }
    if let Some(chart) = &args.chart {
        place::must_be(chart, Replaceable::Svg)?;
    }
    if let Some(out) = &args.out
        && check_place(out)? != Format::Csv
    {
        return usage(format!("{}: labels are written as CSV; give it a name that ends in .csv", shown(out)));
    }
    Ok(())
}

/// The errors in per cent: `5.44 ± 0.71`.
fn percent(of: &Errors) -> String {
    let deviation = deviation(&of.errors).map_or_else(String::new, |deviation| format!(" ± {:.2}", 100.0 * deviation));
    format!("{:.2}{deviation}", 100.0 * mean(&of.errors))
}

/// The errors of each number of labels, in the order of the methods.
fn by_number(found: &Measured) -> impl Iterator<Item = &[Errors]> {
    found.errors.chunks(Method::ALL.len())
}

fn text(args: &LabelArgs, found: &Measured, is_m1: bool, [train, samples]: [&str; 2]) -> String {
    let mut text = format!("labels of {train}\nmeasured on {} samples: {samples}\n", thousands(found.samples));
    text += &format!("{:>9}{:>8}", "per class", "in all");
    Method::ALL.iter().for_each(|method| text += &format!("{:>16}", method.name()));
    for errors in by_number(found) {
        text += &format!("\n{:>9}{:>8}", thousands(errors[0].per_class), thousands(errors[0].labels));
        errors.iter().for_each(|of| text += &format!("{:>16}", percent(of)));
    }
    let draws = args.draws;
    text += &match draws {
        1 => "\nwrong labels in %, with one draw of labelled samples\n".to_owned(),
        _ => format!("\nwrong labels in %: mean and standard deviation over {draws} draws of labelled samples\n"),
    };
    text += "dive: label of the nearest reconstruction; probe: logistic regression on codes\n";
    text += &format!(
        "spreading: along the graph of {} codes, which has the measured samples without their labels (transductive)",
        thousands(found.in_graph)
    );
    let reasons =
        [(found.unconnected, "no label is connected with them"), (found.too_far, "every label is too far away")];
    for (number, reason) in reasons.into_iter().filter(|(number, _)| *number > 0.0) {
        text += &format!("; {number:.1} of them on average get no label, because {reason}, and count as wrong");
    }
    text += match is_m1 {
        true => "\nThe model is variational, so probe is Kingma's M1 with logistic regression.",
        false => "\nKingma's M1 needs a variational model, such as that of the preset vae, and this one is not.",
    };
    if let Some(chart) = &args.chart {
        text += &format!("\nwrote {}: the errors against the number of labels", shown(chart));
    }
    text
}

fn as_json(found: &Measured, is_m1: bool) -> Value {
    let of = |of: &Errors| {
        json!({
            "method": of.method.name(),
            "labels_per_class": of.per_class,
            "labels": of.labels,
            "error": mean(&of.errors),
            "standard_deviation": deviation(&of.errors),
            "errors": of.errors,
        })
    };
    json!({
        "samples": found.samples,
        "in_graph": found.in_graph,
        "unconnected": found.unconnected,
        "too_far": found.too_far,
        "unfinished_fits": found.unfinished,
        "probe_is_m1": is_m1,
        "measured": found.errors.iter().map(of).collect::<Vec<_>>(),
    })
}

fn drawn(found: &Measured) -> String {
    let points: Vec<Vec<[f64; 2]>> = (0..Method::ALL.len())
        .map(|at| by_number(found).map(|errors| [errors[at].labels as f64, 100.0 * mean(&errors[at].errors)]).collect())
        .collect();
    let curves: Vec<Line> =
        Method::ALL.iter().zip(&points).map(|(method, points)| Line { name: method.name(), points }).collect();
    lines::svg(&Lines {
        title: "Wrong labels, the mean over draws of labelled samples",
        x: "labels in all",
        y: "wrong labels in %",
        is_logarithmic: true,
        mark: None,
        lines: &curves,
    })
}
