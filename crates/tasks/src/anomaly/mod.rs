//! Finds anomalies: samples that a model reconstructs badly are unlike the samples that it was trained on.
//!
//! ```text
//! score(x) = 1/n · ( Σ_i ℓ(x̂_i, x_i) − min_p Σ_i ℓ(p_i, x_i) )      x̂: the reconstruction of x
//! anomalous where score ≥ threshold                                 ℓ: the model's loss, or another loss
//! ```
//!
//! A model of tables that was trained with hidden columns has another score: see [`surprise`].
//!
//! The least loss, min, is 0 for squared and absolute error. For the cross-entropies it is the entropy of the sample,
//! and the score is the Kullback–Leibler divergence KL(x ‖ x̂). The loss alone would measure the sample more than its
//! reconstruction: a grey image has a large entropy, a black and white one has almost none. A model of garments gave
//! almost all handwritten digits a lower binary cross-entropy than garments.
//!
//! Slides: DIVE "Applications of Autoencoders", 3; CE6146 "Why Are Autoencoders Important (2/2)", "Example – VAEs".

pub mod detector;
mod threshold;
mod verdict;

use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_layers::LossKind;
use handgrad_models::Model;

pub use threshold::{Normal, Rule, Threshold};
pub use verdict::{Positive, Verdict};

use crate::columns::surprise;
use crate::{CHUNK, Error, check_numbers};

/// Returns the scores of the samples with these numbers: see [`Model::score`], and for tables [`surprise`]. The loss is
/// the model's own if `by` is `None`.
///
/// # Errors
/// If a number is not that of a sample; also the errors of [`Model::score`], which name a sample by its number in the
/// data.
pub fn scores(
    model: &Model,
    samples: &Samples,
    numbers: &[u32],
    by: Option<LossKind>,
    progress: &dyn Progress,
) -> Result<Vec<f64>, Error> {
    check_numbers(samples, numbers)?;
    if surprise::hides(model) {
        if by.is_some() {
            return Err(Error::Usage(
                "a model that was trained with hidden columns has its own score, how surprising the cells of a row \
                 are: choose no other, or train without hidden columns"
                    .into(),
            ));
        }
        return Ok(surprise::scores(&surprise::surprises(model, samples, numbers, progress)?));
    }
    let kind = by.unwrap_or(model.network().loss().kind);
    let mut scores = Vec::with_capacity(numbers.len());
    progress.start("", Some(numbers.len() as u64), Unit::Samples);
    for numbers in numbers.chunks(CHUNK) {
        let of_chunk =
            model.score_by(kind, samples.exact_rows(numbers).view()).map_err(|error| in_data(error, numbers))?;
        scores.extend(of_chunk);
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    Ok(scores)
}

/// Replaces the number of a sample in its chunk by its number in the data.
fn in_data(error: handgrad_models::Error, numbers: &[u32]) -> handgrad_models::Error {
    use handgrad_models::Error::{NotFinite, Score, Target};
    let number = |at: usize| numbers.get(at).map_or(at, |&number| number as usize);
    match error {
        Score { sample, score } => Score { sample: number(sample), score },
        Target { sample, misfit } => Target { sample: number(sample), misfit },
        NotFinite { what, row, column, found } => NotFinite { what, row: number(row), column, found },
        other => other,
    }
}

/// Returns which samples are anomalous: all but those of the normal classes. Returns `None` if `normal` is empty.
///
/// # Errors
/// If there are no labels, if a class in `normal` has no samples, or if there is no sample of any other class.
pub fn truth(samples: &Samples, normal: &[String]) -> Result<Option<Vec<bool>>, Error> {
    if normal.is_empty() {
        return Ok(None);
    }
    let labels = samples.labels.as_ref().ok_or(Error::NoLabels)?;
    if let Some(class) = normal.iter().find(|class| !labels.has(class)) {
        return Err(Error::NoSuchClass { class: class.clone(), there: samples.classes() });
    }
    let truth: Vec<bool> = labels.among(normal).into_iter().map(|among| !among).collect();
    if truth.contains(&true) { Ok(Some(truth)) } else { Err(Error::NoAnomaly) }
}

/// The default for the normal classes: those that the model was trained on, if some of the samples are of these classes
/// and others are not. Otherwise there is no default, and the result is empty.
#[must_use]
pub fn usual_normal<'a>(trained_on: &'a [String], samples: &Samples) -> &'a [String] {
    let among = samples.labels.as_ref().map_or_else(Vec::new, |labels| labels.among(trained_on));
    if among.contains(&true) && among.contains(&false) { trained_on } else { &[] }
}

/// The default for the normal classes of data from which a threshold is set: those that the model was trained on, if at
/// least one sample is of these classes. Otherwise the result is empty.
#[must_use]
pub fn learnt_among<'a>(trained_on: &'a [String], samples: &Samples) -> &'a [String] {
    let labels = samples.labels.as_ref();
    if labels.is_some_and(|labels| trained_on.iter().any(|class| labels.has(class))) { trained_on } else { &[] }
}

/// Returns the numbers of the samples of the normal classes. If `normal` is empty or there are no labels, returns the
/// numbers of all samples.
///
/// # Errors
/// If no sample is of a normal class.
pub fn normal_samples(samples: &Samples, normal: &[String]) -> Result<Vec<u32>, Error> {
    let mut numbers = samples.numbers();
    if let (Some(labels), false) = (&samples.labels, normal.is_empty()) {
        let among = labels.among(normal);
        numbers.retain(|&number| among[number as usize]);
        if numbers.is_empty() {
            return Err(Error::NoneNormal { there: samples.classes() });
        }
    }
    Ok(numbers)
}

/// Returns the positions of the `count` highest scores, highest first.
#[must_use]
pub fn worst(scores: &[f64], count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    order.truncate(count);
    order
}
