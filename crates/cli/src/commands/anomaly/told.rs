//! What `handgrad anomaly` draws, writes and prints.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use handgrad_dataset::table::cell_text;
use handgrad_dataset::thousands;
use handgrad_files::{place, shown};
use handgrad_pictures::charts::scores::{self, Roc, Scores};
use handgrad_pictures::{grid, to_unit};
use handgrad_runs::{Subject, curves};
use handgrad_tasks::anomaly::{self, Positive, Threshold, Verdict};
use handgrad_tasks::columns::surprise;
use handgrad_tasks::outside;
use handgrad_tasks::reconstruct::pairs;
use serde_json::{Value, json};

use super::AnomalyArgs;
use super::rows::{self, Explained};
use crate::columns;
use crate::words::number;

/// A verdict, and everything that is needed to draw, write and print it.
pub struct Told<'a> {
    pub args: &'a AnomalyArgs,
    pub subject: &'a Subject,
    /// What the score is, in words.
    pub score: String,
    /// The normal data, in words.
    pub normal_origin: String,
    pub verdict: Verdict,
    /// For tables: why rows are called anomalous, the row with the highest score first.
    pub explained: Vec<Explained>,
    /// For each detector its name, ROC-AUC and average precision, if there are several and labels.
    pub beside: Vec<(&'static str, Option<f64>, Option<f64>)>,
}

impl Told<'_> {
    /// Draws the samples with the highest scores, their reconstructions below them, and the errors below these. Also
    /// draws the chart, if it was requested.
    pub fn draw(&self) -> Result<()> {
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
                None if place::ends_in(out, "svg") => {
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

    /// Writes one line per sample: `sample,label,score,called`. After its number stands where it comes from. For a
    /// table this is the line of the file, and what names the row, if there is such a column. For a series it is the
    /// line on which the sample begins, the time there and the name of the series, and for a picture it is the file.
    pub fn write_scores(&self, path: &Path) -> Result<()> {
        let labels = self.subject.samples.labels.as_ref();
        let Subject { model, table, .. } = self.subject;
        let origin = table.as_ref().map_or_else(Vec::new, |of| columns::origin(model, of, &of.rows));
        let mut text = "sample,".to_owned();
        origin.iter().for_each(|(name, _)| text += &(cell_text(name) + ","));
        let places = self.subject.samples.places.as_ref();
        places.iter().flat_map(|places| places.columns()).for_each(|name| text += &(cell_text(name) + ","));
        text += &format!("{}score,called\n", if labels.is_some() { "label," } else { "" });
        for (number, &score) in self.verdict.scores.iter().enumerate() {
            let called = if self.verdict.calls(score) { "anomalous" } else { "normal" };
            let label =
                labels.and_then(|labels| labels.name(number)).map_or(String::new(), |label| cell_text(label) + ",");
            write!(text, "{number},")?;
            origin.iter().for_each(|(_, cells)| text += &(cell_text(&cells[number]) + ","));
            let cells = places.map_or(&[][..], |places| places.of(number));
            cells.iter().for_each(|cell| text += &(cell_text(cell) + ","));
            writeln!(text, "{label}{score},{called}")?;
        }
        Ok(handgrad_files::write_new(path, text.as_bytes())?)
    }

    pub fn text(&self) -> String {
        let Self { args, subject, score, normal_origin, verdict, explained, beside } = self;
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
        if !beside.is_empty() {
            text += &format!("\n{:14}{:>9}{:>19}\n", "", "ROC-AUC", "average precision");
            for (name, area, precision) in beside {
                text += &format!("{name:14}{:>9}{:>19}\n", decimals(*area), decimals(*precision));
            }
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

    pub fn json(&self) -> Value {
        let Self { args, subject: Subject { model, samples, .. }, score, normal_origin, verdict, explained, beside } =
            self;
        let Threshold { value, how, normal } = &verdict.threshold;
        let mut object = json!({
            "picture": args.out.as_ref().map(|out| out.display().to_string()),
            "score": score,
            "threshold": value,
            "rule": how,
            "samples": verdict.scores.len(),
            "values_outside_0_to_1": outside(model.network().loss().kind, model.spec().encoding(), samples),
            "called_anomalous": verdict.called(),
        });
        if !beside.is_empty() {
            let beside = beside.iter().map(|(name, area, precision)| {
                (name.to_string(), json!({ "roc_auc": area, "average_precision": precision }))
            });
            object["detectors"] = beside.collect();
        }
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
