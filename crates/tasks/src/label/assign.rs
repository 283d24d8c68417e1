//! Labels with a confidence for all samples, from those whose labels are known.
//!
//! ```text
//! confidence = the share of the label in the distribution of the sample over the classes:
//!              spreading   F_ic / Σ_c F_ic            probe   p_ic = softmax(z_i)_c
//! ```
//!
//! A sample whose label is known keeps it, with the confidence 1. A sample that label spreading does not reach, because
//! no labelled sample is connected with it or because all of them are too far away, has no label, with the confidence
//! 0. A confidence is not the chance that the label is right; the error among samples with known labels says how far it
//! can be trusted.

use handgrad_analysis::argmax;
use handgrad_analysis::spreading::ALPHA;
use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::Array2;

use super::measure::Coded;
use super::{Method, rows};
use crate::Error;
use crate::draws::balanced;
use crate::probe::C;
use crate::probe::logistic::Problem;
use crate::views::{Classes, known, selected};

/// The labels of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// For each sample, the training samples first, the position of its label in `classes`. `None` if no label reaches
    /// it.
    pub labels: Vec<Option<u32>>,
    /// The confidence of each label.
    pub confidence: Vec<f64>,
    /// Whether the label of a sample was given, and not found.
    pub is_given: Vec<bool>,
    /// Whether a sample with a given label is connected with a sample, for label spreading. Always `true` for another
    /// method.
    pub is_connected: Vec<bool>,
    /// Whether logistic regression has reached the minimum of its loss. `true` for label spreading.
    pub is_converged: bool,
}

impl Assigned {
    /// The name of the label of a sample, if it has one whose confidence is at least `threshold`.
    #[must_use]
    pub fn name(&self, sample: usize, threshold: f64) -> Option<&str> {
        let label = self.labels[sample].filter(|_| self.confidence[sample] >= threshold);
        label.map(|label| self.classes[label as usize].as_str())
    }
}

/// Labels the training samples `fit` and the samples `samples` from the training samples whose labels are known:
/// all but those of class `unknown`, or as many of each class as `per_class` says, drawn with its seed. The method is
/// [`Method::Spreading`] or [`Method::Probe`].
///
/// # Errors
/// As [`measure`](super::measure()); also if the method has no confidence.
pub fn assign(
    model: &Model,
    [fit, samples]: [&Samples; 2],
    unknown: Option<&str>,
    per_class: Option<(usize, u64)>,
    (method, neighbours): (Method, usize),
) -> Result<Assigned, Error> {
    let mut given = known(fit, unknown)?;
    let labelled = selected(fit, &given);
    // The classes of the training samples: those of the others are not used.
    let Classes { names, fit: mut labels, .. } = Classes::of(&labelled, &labelled)?;
    if let Some((per_class, seed)) = per_class {
        let drawn = balanced(&labels, &names, per_class, seed)?;
        given = drawn.iter().map(|&at| given[at as usize]).collect();
        labels = drawn.iter().map(|&at| labels[at as usize]).collect();
    }
    let coded = Coded::of(model, fit, samples, neighbours)?;
    let (mut is_connected, mut is_converged) = (vec![true; coded.codes.nrows()], true);
    let distribution: Array2<f64> = match method {
        Method::Spreading => {
            is_connected = coded.graph.connected(given.iter().copied());
            let pairs: Vec<(u32, u32)> = given.iter().copied().zip(labels.iter().copied()).collect();
            coded.graph.spread(&pairs, names.len(), ALPHA)
        }
        Method::Probe => {
            let fitting = rows(&coded.scaled, &given);
            let problem = Problem { rows: fitting.view(), classes: &labels, count: names.len(), c: C };
            let fitted = problem.fit();
            is_converged = fitted.is_converged;
            fitted.probabilities(coded.scaled.view())
        }
        Method::Dive | Method::NearestInputs | Method::NearestCode => {
            let text = "the nearest sample gives a label without a confidence: choose spreading or probe";
            return Err(Error::Usage(text.into()));
        }
    };
    let found: Vec<usize> = distribution.rows().into_iter().map(|row| argmax(row.iter().copied())).collect();
    let mut confidence: Vec<f64> = found.iter().enumerate().map(|(row, &label)| distribution[[row, label]]).collect();
    let mut labels_found: Vec<Option<u32>> =
        found.iter().zip(&confidence).map(|(&label, &confidence)| (confidence > 0.0).then_some(label as u32)).collect();
    let mut is_given = vec![false; found.len()];
    for (&row, label) in given.iter().zip(labels) {
        let row = row as usize;
        (labels_found[row], confidence[row], is_given[row]) = (Some(label), 1.0, true);
    }
    Ok(Assigned { classes: names, labels: labels_found, confidence, is_given, is_connected, is_converged })
}
