//! The file with a label and its confidence for every sample.

use std::path::Path;

use handgrad_dataset::table::cell_text;
use handgrad_dataset::{Labels, Samples, class_name, count, thousands};
use handgrad_files::shown;
use handgrad_runs::{OfTable, Subject};
use handgrad_tasks::label::Assigned;
use serde_json::{Value, json};

use crate::columns::{self, Texts};

/// Labels, and the samples that have them.
pub struct Written<'a> {
    pub found: &'a Assigned,
    /// The training samples, and whether they are written.
    pub train: (&'a Samples, bool),
    pub subject: &'a Subject,
    /// The class that stands for no label.
    pub unknown: Option<&'a str>,
    /// The least confidence of a label that is written.
    pub threshold: f64,
}

/// How many labels there are, and how many are wrong.
#[derive(Default)]
struct Counts {
    samples: usize,
    given: usize,
    labelled: usize,
    /// How many samples have no label: because none is connected with them, because all are too far away, and because
    /// the confidence is below the threshold.
    unconnected: usize,
    too_far: usize,
    unsure: usize,
    /// How many of the labels that were found can be compared with a label in the data, and how many of these differ.
    compared: usize,
    wrong: usize,
}

impl Written<'_> {
    /// The parts that are written: a name, the samples, what names them, and the place of the first in the labels.
    fn parts(&self) -> Vec<(&'static str, &Samples, Texts, usize)> {
        let Subject { model, table, samples, .. } = self.subject;
        let texts = |rows: fn(&OfTable) -> &[usize]| {
            table.as_ref().map_or_else(Vec::new, |of| columns::origin(model, of, rows(of)))
        };
        let (train, is_written) = self.train;
        let rest = ("data", samples, texts(|of| &of.rows), train.len());
        match is_written {
            true => {
                let validation = ("validation", rest.1, rest.2, rest.3);
                vec![("training", train, texts(|of| &of.train_rows), 0), validation]
            }
            false => vec![rest],
        }
    }

    /// The label that the data has for a sample, if it is one.
    fn in_data<'b>(&self, labels: Option<&'b Labels>, sample: usize) -> Option<&'b str> {
        let unknown = self.unknown.map(class_name);
        labels.and_then(|labels| labels.name(sample)).filter(|name| unknown.as_deref() != Some(*name))
    }

    pub fn csv(&self) -> String {
        let parts = self.parts();
        let names: Vec<&str> = parts.first().iter().flat_map(|part| &part.2).map(|(name, _)| name.as_str()).collect();
        let places = parts.first().and_then(|part| part.1.places.as_ref());
        let places: Vec<&str> = places.iter().flat_map(|places| places.columns()).map(String::as_str).collect();
        let first = ["part", "sample"].into_iter().chain(names).chain(places.iter().copied());
        let header = first.map(cell_text).chain(["given", "label", "confidence"].map(str::to_owned));
        let mut text = header.collect::<Vec<_>>().join(",") + "\n";
        for (part, samples, texts, start) in &parts {
            for sample in 0..samples.len() {
                let named = texts.iter().map(|(_, cells)| cell_text(&cells[sample]));
                let cells = samples.places.as_ref().map_or(&[][..], |places| places.of(sample));
                let placed = (0..places.len()).map(|at| cells.get(at).map_or_else(String::new, |cell| cell_text(cell)));
                let of_row = start + sample;
                let is_given = self.found.is_given[of_row];
                let given = self.in_data(samples.labels.as_ref(), sample).filter(|_| is_given).unwrap_or_default();
                let label = self.found.name(of_row, self.threshold).unwrap_or_default();
                let last = [cell_text(given), cell_text(label), format!("{:.6}", self.found.confidence[of_row])];
                let first = [(*part).to_owned(), sample.to_string()];
                let cells: Vec<String> = first.into_iter().chain(named).chain(placed).chain(last).collect();
                text += &(cells.join(",") + "\n");
            }
        }
        text
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, samples, _, start) in self.parts() {
            for sample in 0..samples.len() {
                counts.samples += 1;
                if self.found.is_given[start + sample] {
                    counts.given += 1;
                    continue;
                }
                let Some(label) = self.found.name(start + sample, self.threshold) else {
                    match (self.found.is_connected[start + sample], self.found.labels[start + sample]) {
                        (false, _) => counts.unconnected += 1,
                        (true, None) => counts.too_far += 1,
                        (true, Some(_)) => counts.unsure += 1,
                    }
                    continue;
                };
                counts.labelled += 1;
                if let Some(in_data) = self.in_data(samples.labels.as_ref(), sample) {
                    counts.compared += 1;
                    counts.wrong += usize::from(in_data != label);
                }
            }
        }
        counts
    }

    pub fn json(&self, out: &Path) -> Value {
        let Counts { samples, given, labelled, unconnected, too_far, unsure, compared, wrong } = self.counts();
        json!({
            "file": out.display().to_string(),
            "samples": samples,
            "given": given,
            "labelled": labelled,
            "abstained": unconnected + too_far + unsure,
            "unconnected": unconnected,
            "too_far": too_far,
            "below_threshold": unsure,
            "is_converged": self.found.is_converged,
            "compared": compared,
            "wrong": wrong,
        })
    }

    pub fn text(&self, out: &Path) -> String {
        let Counts { samples, given, labelled, unconnected, too_far, unsure, compared, wrong } = self.counts();
        let mut text = format!(
            "wrote {}: {}, of which {} had a label, {} got one, and {} have none",
            shown(out),
            count(samples, "sample", "samples"),
            thousands(given),
            thousands(labelled),
            thousands(unconnected + too_far + unsure),
        );
        let threshold = format!("the confidence is below {}", self.threshold);
        for (number, reason) in [
            (unconnected, "no label is connected with the sample"),
            (too_far, "every label is too far away"),
            (unsure, threshold.as_str()),
        ] {
            if number > 0 {
                text += &format!("\n  {}: {reason}", thousands(number));
            }
        }
        if compared > 0 {
            let percent = 100.0 * wrong as f64 / compared as f64;
            let (wrong, compared) = (thousands(wrong), thousands(compared));
            text += &format!(
                "\nof the labels that were found, {compared} can be compared with those in the data: {wrong} differ, \
                 {percent:.2} %"
            );
        }
        text
    }
}
