//! What scores and a threshold come to: how many samples are called anomalous, and how often rightly.

use anyhow::Result;
use handgrad_analysis::{Confusion, average_precision, roc};
use handgrad_dataset::thousands;
use serde_json::{Value, json};

use crate::args::uses::AnomalyArgs;
use crate::show;

/// From which score on a sample is anomalous.
pub struct Threshold {
    pub value: f64,
    /// How it was found, in words.
    pub how: String,
    /// The normal data that it was found by: in words, how many, mean and standard deviation of the scores.
    pub normal: Option<(String, usize, f64, f64)>,
}

/// Scored samples.
pub struct Verdict {
    pub scores: Vec<f64>,
    /// Which are anomalous, if that is known.
    pub truth: Option<Vec<bool>>,
    pub threshold: Threshold,
    /// What the score is, in words.
    pub loss: String,
}

/// Precision, recall, F1 and average precision with one kind as the positive one.
struct Positive {
    name: &'static str,
    counts: Confusion,
    average_precision: Option<f64>,
}

impl Verdict {
    /// Is a sample with this score called anomalous?
    pub fn calls(&self, score: f64) -> bool {
        score >= self.threshold.value
    }

    /// Area under the ROC curve: the same whichever kind is the positive one.
    pub fn roc_area(&self) -> Option<f64> {
        roc::area(&self.scores, self.truth.as_deref()?)
    }

    /// Both kinds as the positive one, anomalies second.
    fn kinds(&self) -> Option<[Positive; 2]> {
        let truth = self.truth.as_deref()?;
        let anomalies = Confusion::new(self.scores.iter().map(|&score| self.calls(score)).zip(truth.iter().copied()));
        let negated: Vec<f64> = self.scores.iter().map(|score| -score).collect();
        let normal: Vec<bool> = truth.iter().map(|anomalous| !anomalous).collect();
        Some([
            Positive {
                name: "normal",
                counts: anomalies.swapped(),
                average_precision: average_precision(&negated, &normal),
            },
            Positive { name: "anomaly", counts: anomalies, average_precision: average_precision(&self.scores, truth) },
        ])
    }

    pub fn report(&self, args: &AnomalyArgs, origin: &str) -> Result<()> {
        if args.eval.output.json {
            return show::result(&self.json(args).to_string());
        }
        let Threshold { value, how, normal } = &self.threshold;
        let called = self.scores.iter().filter(|&&score| self.calls(score)).count();
        show::result(&format!("score: {}, of {origin}", self.loss))?;
        if let Some((origin, count, mean, std)) = normal {
            let (mean, std) = (show::number(*mean), show::number(*std));
            show::result(&format!(
                "normal: {origin}; {} scores, mean {mean}, standard deviation {std}",
                thousands(*count)
            ))?;
        }
        show::result(&format!("threshold {}: {how}", show::number(*value)))?;
        show::result(&format!("{} of {} called anomalous", thousands(called), thousands(self.scores.len())))?;
        if let Some(kinds) = self.kinds() {
            let [_, Positive { counts, .. }] = &kinds;
            let line = |name: &str, normal: usize, anomalous: usize| {
                format!("\n{name:18}{:>11}{:>14}", thousands(normal), thousands(anomalous))
            };
            let mut text = format!("\n{:18}{:>11}{:>14}", "", "are normal", "are anomalous");
            text += &line("called normal", counts.true_negatives, counts.false_negatives);
            text += &line("called anomalous", counts.false_positives, counts.true_positives);
            text += &format!("\n\n{:18}{:>11}{:>9}{:>9}{:>19}", "", "precision", "recall", "F1", "average precision");
            for Positive { name, counts, average_precision } in &kinds {
                let [precision, recall, f1] = [counts.precision(), counts.recall(), counts.f1()].map(decimals);
                let average = decimals(*average_precision);
                text += &format!("\n{:18}{precision:>11}{recall:>9}{f1:>9}{average:>19}", format!("{name} positive"));
            }
            let (accuracy, area) = (decimals(counts.accuracy()), decimals(self.roc_area()));
            show::result(&format!("{text}\n\naccuracy {accuracy}  ROC-AUC {area}"))?;
        }
        let files = [Some(&args.out), args.scores.as_ref(), args.chart.as_ref()];
        let files: Vec<_> = files.into_iter().flatten().map(|path| path.display().to_string()).collect();
        show::result(&format!("wrote {}", files.join(", ")))
    }

    fn json(&self, args: &AnomalyArgs) -> Value {
        let Threshold { value, how, normal } = &self.threshold;
        let mut object = json!({
            "picture": args.out.display().to_string(),
            "score": self.loss,
            "threshold": value,
            "rule": how,
            "samples": self.scores.len(),
            "called_anomalous": self.scores.iter().filter(|&&score| self.calls(score)).count(),
        });
        if let Some((origin, count, mean, std)) = normal {
            object["normal"] = json!({ "data": origin, "samples": count, "mean": mean, "std": std });
        }
        if let Some(kinds) = self.kinds() {
            let counts = kinds[1].counts;
            object["confusion"] = json!({
                "normal_called_normal": counts.true_negatives,
                "normal_called_anomalous": counts.false_positives,
                "anomaly_called_normal": counts.false_negatives,
                "anomaly_called_anomalous": counts.true_positives,
            });
            object["accuracy"] = json!(counts.accuracy());
            object["roc_auc"] = json!(self.roc_area());
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

/// Four decimals, or a dash for what is not defined.
fn decimals(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.4}"))
}
