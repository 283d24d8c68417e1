//! `handgrad anomaly`: samples that a model reconstructs badly.

mod rows;
mod told;

use handgrad_files::shown;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_analysis::{average_precision, roc};
use handgrad_dataset::table::{Format, check_place};
use handgrad_dataset::{Samples, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_layers::LossKind;
use handgrad_models::Part;
use handgrad_runs::Subject;
use handgrad_tasks::anomaly::detector::{Detector, Fitted};
use handgrad_tasks::anomaly::{self, Rule, Threshold, Verdict};
use handgrad_tasks::columns::explain::Normal;
use handgrad_tasks::columns::surprise;

use self::told::Told;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};

/// The name of a reconstruction error.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum ScoreName {
    Mse,
    Mae,
}

/// What scores the samples.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum DetectorName {
    /// The model.
    Autoencoder,
    /// The Mahalanobis distance from the normal samples.
    Pca,
    /// The distance to the fifth nearest normal sample.
    Knn,
}

impl DetectorName {
    /// The detector, if it is not the model.
    fn other(self) -> Option<Detector> {
        match self {
            Self::Autoencoder => None,
            Self::Pca => Some(Detector::Pca),
            Self::Knn => Some(Detector::Knn),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Autoencoder => "autoencoder",
            Self::Pca => "pca",
            Self::Knn => "knn",
        }
    }

    /// What the score is, in words.
    fn score(self) -> &'static str {
        match self {
            Self::Autoencoder => "",
            Self::Pca => "Mahalanobis distance from the normal samples",
            Self::Knn => "distance to the fifth nearest normal sample",
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad anomaly runs/basic-mnist --out odd.png\n  \
    handgrad anomaly runs/basic-sevens --data mnist --normal-class 7 \\\n      \
    --threshold quantile:0.95 --out odd.png --scores scores.csv \\\n      \
    --chart scores.svg")]
pub struct AnomalyArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Normal data, whose scores set the threshold. From a named set or a folder, the training samples are used; from a
    /// file, all samples. With --normal-class, only its samples of these classes count [default: the data of the
    /// training].
    #[arg(long, value_name = "NAME|DIR|FILE")]
    normal: Option<String>,

    /// The normal classes, for example `0,1,4`. All other classes are anomalies. The data needs labels.
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    normal_class: Vec<String>,

    /// The reconstruction error that is the score, as a mean over the values of a sample. For a model with the loss bce
    /// or cross-entropy, the default is the loss minus the entropy of the sample, which is the Kullback–Leibler
    /// divergence between the sample and its reconstruction: it is 0 for a perfect reconstruction, while the loss alone
    /// is higher for grey samples than for black and white ones [default: the loss of the model].
    #[arg(long, value_name = "NAME")]
    score: Option<ScoreName>,

    /// What scores the samples. With several, such as `autoencoder,pca,knn`, the first one is used, and all are
    /// compared if there are labels. PCA and k-NN learn from the normal samples, in the scaled values that the network
    /// gets.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "autoencoder")]
    detector: Vec<DetectorName>,

    /// Samples with at least this score are anomalous. std:K is the mean of the normal scores plus K standard
    /// deviations; quantile:Q is the score below which the part Q of the normal scores lies; best-f1 separates the
    /// labelled samples best, and its figures are too optimistic because it is chosen on the same samples.
    #[arg(long, value_name = "RULE", default_value = "std:1")]
    threshold: Rule,

    /// The picture to write: the samples with the highest scores, their reconstructions, and the errors, from black (no
    /// error) to white (the largest error in the picture). For series, a FILE.svg has curves, with input and
    /// reconstruction in one panel for each channel. For a table, which needs no picture, it is a FILE.svg with the
    /// most surprising columns of the rows with the highest scores. It may be left out for a table, or if --scores is
    /// given. An older picture of this name is replaced.
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    out: Option<PathBuf>,

    /// For tables: say why rows are called anomalous. For the rows with the highest scores, as many as --count says,
    /// name the three columns that are most surprising, what was found, what the rest of the row lets expect, and which
    /// part of the normal rows is as surprising in this column.
    #[arg(long)]
    explain: bool,

    /// For tables: a new file for the reasons of all rows that are called anomalous.
    #[arg(long, value_name = "FILE.csv")]
    reasons: Option<PathBuf>,

    /// The number of samples to draw.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,

    /// A new file for the score of every sample, with its line, time and series, or its picture, as far as they are
    /// known.
    #[arg(long, value_name = "FILE.csv")]
    scores: Option<PathBuf>,

    /// A chart to write: the histogram of the scores, and the ROC curve if there are labels.
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
}

pub fn run(args: &AnomalyArgs) -> Result<Done> {
    check(args)?;
    let bars = Bars::new(args.subject.output.quiet);
    let mut subject = args.subject.open(&[Part::Whole], &bars)?;
    let is_table = subject.table.is_some();
    if args.out.is_none() && args.scores.is_none() && !is_table {
        let text = "--out and --scores are missing: name a picture to write, for example odd.png, or a file for scores";
        return Err(UsageError(text.into()).into());
    }
    if (args.explain || args.reasons.is_some()) && !is_table {
        let text = "--explain and --reasons are only for models of tables, which have columns to name";
        return Err(UsageError(text.into()).into());
    }
    let usual = anomaly::usual_normal(&subject.only_class, &subject.samples).to_vec();
    let normal_class = if args.normal_class.is_empty() { usual } else { args.normal_class.clone() };
    let truth = anomaly::truth(&subject.samples, &normal_class)
        .with_context(|| format!("--normal-class, {}", subject.origin))?;
    if args.threshold == Rule::BestF1 && truth.is_none() {
        let text = "--threshold best-f1 needs labels: say which classes are normal with --normal-class";
        return Err(UsageError(text.into()).into());
    }
    let by = args.score.map(|name| match name {
        ScoreName::Mse => LossKind::Mse,
        ScoreName::Mae => LossKind::Mae,
    });
    let normal = normal_data(args, &normal_class, &mut subject, &bars);
    let compared = compare(args, &subject, by, normal.as_ref(), truth.as_deref(), &bars)?;
    let scores = compared.scores;
    let (threshold, normal_origin) = match (args.threshold, &normal) {
        (Rule::BestF1, _) => (Threshold::best_f1(&scores, truth.as_deref().unwrap_or_default())?, String::new()),
        (rule, Ok((samples, numbers, origin))) => {
            let of_normal = match args.detector[0].other() {
                None => anomaly::scores(&subject.model, samples, numbers, by, &bars)?,
                Some(other) => Fitted::new(other, &subject.model, samples, numbers)?.scores(samples, numbers, true)?,
            };
            (Threshold::from_normal(rule, &of_normal)?, origin.clone())
        }
        (_, Err(_)) => return normal.map(|_| Done::Whole),
    };
    let is_svg = args.out.as_deref().is_some_and(|path| place::ends_in(path, "svg"));
    if is_svg && !is_table && subject.model.spec().series.is_none() {
        let text = "--out ends in .svg, which is for models of tables and series: give a name that ends in .png";
        return Err(UsageError(text.into()).into());
    }
    let kind = by.unwrap_or(subject.model.network().loss().kind);
    let score = match (args.detector[0].other(), is_table) {
        (Some(_), _) => args.detector[0].score().to_owned(),
        (None, true) if surprise::hides(&subject.model) => "mean surprise of a cell".to_owned(),
        (None, _) => format!("{} per value", kind.excess_in_words()),
    };
    let verdict = Verdict { scores, truth, threshold };
    let explained = match (&subject.table, normal) {
        (Some(of), Ok((samples, numbers, _))) if args.needs_reasons() => {
            let usual = Normal::new(&surprise::surprises(&subject.model, &samples, &numbers, &())?);
            let drawn = usize::from(args.count).min(verdict.called());
            let most = if args.reasons.is_some() { verdict.called() } else { drawn };
            rows::explained(&subject, of, &anomaly::worst(&verdict.scores, most), &verdict.scores, &usual)?
        }
        (Some(_), Err(error)) if args.needs_reasons() => return Err(error),
        _ => Vec::new(),
    };
    let beside = compared.areas;
    let told = Told { args, subject: &subject, score, normal_origin, verdict, explained, beside };

    told.draw()?;
    if let Some(path) = &args.reasons {
        handgrad_files::write_new(path, rows::csv(&told.explained).as_bytes())?;
    }
    // The scores are written last, because an existing file of scores is an error: if an earlier step fails, the same
    // command can be run again.
    if let Some(path) = &args.scores {
        told.write_scores(path)?;
    }
    match args.subject.output.json {
        true => terminal::result(&told.json().to_string())?,
        false => terminal::result(&told.text())?,
    }
    Ok(Done::Whole)
}

/// Checks the arguments before anything is read.
fn check(args: &AnomalyArgs) -> Result<()> {
    if let Some(path) = &args.out {
        place::must_be(path, if place::ends_in(path, "svg") { Replaceable::Svg } else { Replaceable::Png })?;
    }
    for (path, what) in [(&args.scores, "scores"), (&args.reasons, "reasons")] {
        if let Some(path) = path
            && check_place(path)? != Format::Csv
        {
            let path = shown(path);
            return Err(
                UsageError(format!("{path}: {what} are written as CSV; give it a name that ends in .csv")).into()
            );
        }
    }
    if let Some(path) = &args.chart {
        place::must_be(path, Replaceable::Svg)?;
    }
    if args.threshold == Rule::BestF1 && args.normal.is_some() {
        let text =
            "--normal is given, but best-f1 uses only the labelled samples: use std:K or quantile:Q, or leave it out";
        return Err(UsageError(text.into()).into());
    }
    Ok(())
}

impl AnomalyArgs {
    /// Returns whether the reasons of rows are shown or written.
    fn needs_reasons(&self) -> bool {
        let draws = self.out.as_ref().is_some_and(|path| place::ends_in(path, "svg"));
        self.explain || self.reasons.is_some() || draws
    }
}

/// The scores of the first detector, and how well each detector separates labelled samples.
struct Compared {
    scores: Vec<f64>,
    areas: Vec<(&'static str, Option<f64>, Option<f64>)>,
}

/// Scores the samples with each detector that was asked for.
fn compare(
    args: &AnomalyArgs,
    subject: &Subject,
    by: Option<LossKind>,
    normal: Result<&(Samples, Vec<u32>, String), &anyhow::Error>,
    truth: Option<&[bool]>,
    bars: &Bars,
) -> Result<Compared> {
    let (numbers, mut all) = (subject.samples.numbers(), Vec::new());
    for detector in &args.detector {
        all.push(match (detector.other(), normal) {
            (None, _) => anomaly::scores(&subject.model, &subject.samples, &numbers, by, bars)?,
            (Some(other), Ok((samples, normal, _))) => {
                Fitted::new(other, &subject.model, samples, normal)?.scores(&subject.samples, &numbers, false)?
            }
            (Some(_), Err(error)) => return Err(anyhow::anyhow!("{error:#}")),
        });
    }
    if truth.is_none() && all.len() > 1 {
        terminal::note(
            "note: detectors can be compared only with labels: say which classes are normal with --normal-class",
        );
    }
    let mut areas = Vec::new();
    if let (Some(truth), true) = (truth, all.len() > 1) {
        for (detector, scores) in args.detector.iter().zip(&all) {
            areas.push((detector.name(), roc::area(scores, truth), average_precision(scores, truth)));
        }
    }
    Ok(Compared { scores: all.swap_remove(0), areas })
}

/// Returns normal samples, which of them count, and describes them in words.
fn normal_data(
    args: &AnomalyArgs,
    normal_class: &[String],
    subject: &mut Subject,
    bars: &Bars,
) -> Result<(Samples, Vec<u32>, String)> {
    let (normal, mut origin) = subject.normal(args.normal.as_deref(), bars)?;
    let classes = match normal_class {
        [] => anomaly::learnt_among(&subject.only_class, &normal),
        named => named,
    };
    let numbers = anomaly::normal_samples(&normal, classes).with_context(|| origin.clone())?;
    if numbers.len() < normal.len() {
        origin = format!("the {} normal ones of {origin}", thousands(numbers.len()));
    }
    Ok((normal, numbers, origin))
}
