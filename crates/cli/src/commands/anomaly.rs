//! `handgrad anomaly`: samples that a model reconstructs badly.

mod rows;

use handgrad_files::shown;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use handgrad_dataset::table::{Format, cell_text, check_place};
use handgrad_dataset::{Samples, thousands};
use handgrad_files::place::{self, Replaceable};
use handgrad_layers::LossKind;
use handgrad_models::Part;
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_pictures::{grid, to_unit};
use handgrad_runs::{OfTable, Subject, curves};
use handgrad_tasks::anomaly::{self, Positive, Rule, Threshold, Verdict};
use handgrad_tasks::columns::explain::Normal;
use handgrad_tasks::columns::surprise;
use handgrad_tasks::outside;
use handgrad_tasks::reconstruct::pairs;
use serde_json::{Value, json};

use self::rows::Explained;
use crate::exit::{Done, UsageError};
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

/// The name of a reconstruction error.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum ScoreName {
    Mse,
    Mae,
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

    /// Samples with at least this score are anomalous. std:K is the mean of the normal scores plus K standard
    /// deviations; quantile:Q is the score below which the part Q of the normal scores lies; best-f1 separates the
    /// labelled samples best, and its figures are too optimistic because it is chosen on the same samples.
    #[arg(long, value_name = "RULE", default_value = "std:1")]
    threshold: Rule,

    /// The picture to write: the samples with the highest scores, their reconstructions, and the errors, from black (no
    /// error) to white (the largest error in the picture). For series, a FILE.svg has curves, with input and
    /// reconstruction in one panel for each channel. For a table, which needs no picture, it is a FILE.svg with the
    /// most surprising columns of the rows with the highest scores. An older picture of this name is replaced.
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    out: Option<PathBuf>,

    /// For tables: say why rows are called anomalous. For the rows with the highest scores, as many as --count says, name
    /// the three columns that are most surprising, what was found, what the rest of the row lets expect, and which part of
    /// the normal rows is as surprising in this column.
    #[arg(long)]
    explain: bool,

    /// For tables: a new file for the reasons of all rows that are called anomalous.
    #[arg(long, value_name = "FILE.csv")]
    reasons: Option<PathBuf>,

    /// The number of samples to draw.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,

    /// A new file for the score of every sample.
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
    if args.out.is_none() && !is_table {
        let text = "--out is missing: name a picture to write, for example odd.png";
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
    let scores = anomaly::scores(&subject.model, &subject.samples, &subject.samples.numbers(), by, &bars)?;
    let normal = normal_data(args, &normal_class, &mut subject, &bars);
    let (threshold, normal_origin) = match (args.threshold, &normal) {
        (Rule::BestF1, _) => (Threshold::best_f1(&scores, truth.as_deref().unwrap_or_default())?, String::new()),
        (rule, Ok((samples, numbers, origin))) => {
            let of_normal = anomaly::scores(&subject.model, samples, numbers, by, &bars)?;
            (Threshold::from_normal(rule, &of_normal)?, origin.clone())
        }
        (_, Err(_)) => return normal.map(|_| Done::Whole),
    };
    if args.out.as_deref().is_some_and(is_svg) && !is_table && subject.model.spec().series.is_none() {
        let text = "--out ends in .svg, which is for models of tables and series: give a name that ends in .png";
        return Err(UsageError(text.into()).into());
    }
    let kind = by.unwrap_or(subject.model.network().loss().kind);
    let score = match is_table {
        true => "mean surprise of a cell".to_owned(),
        false => format!("{} per value", kind.excess_in_words()),
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
    let told = Told { args, subject: &subject, score, normal_origin, verdict, explained };

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
        place::must_be(path, if is_svg(path) { Replaceable::Svg } else { Replaceable::Png })?;
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

fn is_svg(path: &Path) -> bool {
    place::ends_in(path, "svg")
}

impl AnomalyArgs {
    /// Returns whether the reasons of rows are shown or written.
    fn needs_reasons(&self) -> bool {
        let draws = self.out.as_ref().is_some_and(|path| place::ends_in(path, "svg"));
        self.explain || self.reasons.is_some() || draws
    }
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

/// A verdict, and everything that is needed to draw, write and print it.
struct Told<'a> {
    args: &'a AnomalyArgs,
    subject: &'a Subject,
    /// What the score is, in words.
    score: String,
    /// The normal data, in words.
    normal_origin: String,
    verdict: Verdict,
    /// For tables: why rows are called anomalous, the row with the highest score first.
    explained: Vec<Explained>,
}

impl Told<'_> {
    /// Draws the samples with the highest scores, their reconstructions below them, and the errors below these. Also
    /// draws the chart, if it was requested.
    fn draw(&self) -> Result<()> {
        let Self { args, subject, verdict, explained, .. } = self;
        let worst = anomaly::worst(&verdict.scores, usize::from(args.count));
        if let Some(out) = &args.out {
            let picture = match &subject.table {
                Some(_) if place::ends_in(out, "svg") => {
                    let title = format!("Most surprising rows of {}", subject.origin);
                    rows::picture(&title, explained).into_bytes()
                }
                // One line for each row, one square for each column: the lighter, the more surprising.
                Some(_) => {
                    let found = surprise::surprises(&subject.model, &subject.samples, &worst, &())?;
                    let found = found.mapv(|value| if value.is_nan() { 0.0 } else { value as f32 });
                    let most = found.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
                    grid(&[found / most], &subject.samples.shape)?
                }
                None if is_svg(out) => {
                    let title = |&at: &u32| format!("sample {at}, score {}", number(verdict.scores[at as usize]));
                    let titles: Vec<String> = worst.iter().map(title).collect();
                    let title = format!("Highest scores of {}", subject.origin);
                    curves(&subject.model, &subject.samples, &worst, &title, &titles)?.into_bytes()
                }
                None => {
                    let pairs = pairs(&subject.model, &subject.samples, &worst)?;
                    let range = subject.samples.range();
                    let [originals, reconstructions] =
                        [&pairs.originals, &pairs.reconstructions].map(|rows| to_unit(rows, range));
                    grid(&[originals, reconstructions, pairs.error_map()], &subject.samples.shape)?
                }
            };
            handgrad_files::write(out, &picture)?;
        }
        let Some(path) = &args.chart else { return Ok(()) };
        let curve = verdict.roc_curve().zip(verdict.roc_area());
        let chart = scores::svg(&Scores {
            title: &format!("Scores of {}", subject.origin),
            name: &self.score,
            scores: &verdict.scores,
            truth: verdict.truth.as_deref(),
            threshold: verdict.threshold.value,
            roc: curve.as_ref().map(|(points, area)| Roc { points, area: *area }),
        });
        Ok(handgrad_files::write(path, chart.as_bytes())?)
    }

    /// Writes one line per sample: `sample,label,score,called`. For a table, the second number is the line of the file, and
    /// the third one is what names the row, if there is such a column.
    fn write_scores(&self, path: &Path) -> Result<()> {
        let labels = self.subject.samples.labels.as_ref();
        let named = self.subject.table.as_ref().and_then(|of| rows::identifier(self.subject, of));
        let mut text = "sample,".to_owned();
        if self.subject.table.is_some() {
            text += "line,";
        }
        named.iter().for_each(|(name, _)| text += &((cell_text(name) + ",")));
        text += &format!("{}score,called\n", if labels.is_some() { "label," } else { "" });
        for (number, &score) in self.verdict.scores.iter().enumerate() {
            let called = if self.verdict.calls(score) { "anomalous" } else { "normal" };
            let label =
                labels.and_then(|labels| labels.name(number)).map_or(String::new(), |label| cell_text(label) + ",");
            write!(text, "{number},")?;
            if let Some(OfTable { table, rows, .. }) = &self.subject.table {
                write!(text, "{},", table.line(rows[number]))?;
                if let Some((_, column)) = named {
                    write!(text, "{},", cell_text(&table.text(rows[number], column)))?;
                }
            }
            writeln!(text, "{label}{score},{called}")?;
        }
        Ok(handgrad_files::write_new(path, text.as_bytes())?)
    }

    fn text(&self) -> String {
        let Self { args, subject, score, normal_origin, verdict, explained } = self;
        let Threshold { value, how, normal } = &verdict.threshold;
        let mut text = format!("score: {score}, of {}\n", subject.origin);
        if let Some(normal) = normal {
            let (count, mean, std) = (thousands(normal.count), number(normal.mean), number(normal.std));
            text += &format!("normal: {normal_origin}; {count} scores, mean {mean}, standard deviation {std}\n");
        }
        text += &format!("threshold {}: {how}\n", number(*value));
        text += &format!("{} of {} called anomalous\n", thousands(verdict.called()), thousands(verdict.scores.len()));
        if let Some(kinds) = verdict.kinds() {
            text += &table(&kinds);
            let (accuracy, area) = (decimals(kinds[1].counts.accuracy()), decimals(verdict.roc_area()));
            text += &format!("\n\naccuracy {accuracy}  ROC-AUC {area}\n");
        }
        if args.explain {
            let shown = &explained[..explained.len().min(usize::from(args.count))];
            text += &format!("\n{}", rows::text(shown));
        }
        let files = [&args.out, &args.scores, &args.reasons, &args.chart].map(Option::as_ref);
        let files: Vec<_> = files.into_iter().flatten().map(shown).collect();
        if !files.is_empty() {
            text += &format!("wrote {}", files.join(", "));
        }
        text.trim_end().to_owned()
    }

    fn json(&self) -> Value {
        let Self { args, subject: Subject { model, samples, .. }, score, normal_origin, verdict, explained } = self;
        let Threshold { value, how, normal } = &verdict.threshold;
        let mut object = json!({
            "picture": args.out.as_ref().map(|out| out.display().to_string()),
            "score": score,
            "threshold": value,
            "rule": how,
            "samples": verdict.scores.len(),
            "values_outside_0_to_1": outside(model.network().loss().kind, model.spec().scale.as_ref(), samples),
            "called_anomalous": verdict.called(),
        });
        if args.explain {
            object["rows"] = rows::json(&explained[..explained.len().min(usize::from(args.count))]);
        }
        if let Some(normal) = normal {
            let (count, mean, std) = (normal.count, normal.mean, normal.std);
            object["normal"] = json!({ "data": normal_origin, "samples": count, "mean": mean, "std": std });
        }
        if let Some(kinds) = verdict.kinds() {
            let counts = kinds[1].counts;
            object["confusion"] = json!({
                "normal_called_normal": counts.true_negatives,
                "normal_called_anomalous": counts.false_positives,
                "anomaly_called_normal": counts.false_negatives,
                "anomaly_called_anomalous": counts.true_positives,
            });
            object["accuracy"] = json!(counts.accuracy());
            object["roc_auc"] = json!(verdict.roc_area());
            for Positive { name, counts, average_precision } in kinds {
                object[format!("{name}_as_positive")] = json!({
                    "precision": counts.precision(),
                    "recall": counts.recall(),
                    "f1": counts.f1(),
                    "average_precision": average_precision,
                });
            }
        }
        object
    }
}

/// The confusion matrix and the measures that follow from it, as a table.
fn table(kinds: &[Positive; 2]) -> String {
    let counts = &kinds[1].counts;
    let line = |name: &str, normal: usize, anomalous: usize| {
        format!("\n{name:18}{:>11}{:>14}", thousands(normal), thousands(anomalous))
    };
    let mut text = format!("\n{:18}{:>11}{:>14}", "", "are normal", "are anomalous");
    text += &line("called normal", counts.true_negatives, counts.false_negatives);
    text += &line("called anomalous", counts.false_positives, counts.true_positives);
    text += &format!("\n\n{:18}{:>11}{:>9}{:>9}{:>19}", "", "precision", "recall", "F1", "average precision");
    for Positive { name, counts, average_precision } in kinds {
        let [precision, recall, f1] = [counts.precision(), counts.recall(), counts.f1()].map(decimals);
        let average = decimals(*average_precision);
        text += &format!("\n{:18}{precision:>11}{recall:>9}{f1:>9}{average:>19}", format!("{name} positive"));
    }
    text
}

/// The value with four decimals, or a dash if it is not defined.
fn decimals(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.4}"))
}
