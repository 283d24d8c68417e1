//! What a model reconstructs badly is unlike what it was trained on.
//!
//! ```text
//! score(x) = 1/n · Σ_i ℓ(x̂_i, x_i)          x̂: what the model makes of x, ℓ: its loss, or squared or absolute error
//! anomalous where score ≥ threshold
//! ```
//!
//! Slides: DIVE "Applications of Autoencoders", 3; CE6146 "Why Are Autoencoders Important (2/2)", "Example – VAEs".

mod threshold;
mod verdict;

use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_layers::LossKind;
use handgrad_models::Model;

pub use threshold::{Normal, Rule, Threshold};
pub use verdict::{Positive, Verdict};

use crate::{CHUNK, Error, check_numbers};

/// The scores of the samples of these numbers: by the model's own loss, or by another one.
///
/// # Errors
/// If there is no such sample, or as [`Model::score`]; the sample in the error is that of the data.
pub fn scores(
    model: &Model,
    samples: &Samples,
    numbers: &[u32],
    by: Option<LossKind>,
    progress: &dyn Progress,
) -> Result<Vec<f64>, Error> {
    check_numbers(samples, numbers)?;
    let kind = by.unwrap_or(model.network().loss().kind);
    let mut scores = Vec::with_capacity(numbers.len());
    progress.start("", Some(numbers.len() as u64), Unit::Samples);
    for numbers in numbers.chunks(CHUNK) {
        let of_chunk = model.score_by(kind, samples.rows(numbers).view()).map_err(|error| in_data(error, numbers))?;
        scores.extend(of_chunk);
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    Ok(scores)
}

/// Names the sample by its number in the data instead of in the chunk.
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

/// Which samples are anomalous: all but those of the normal classes. None where no class is named.
///
/// # Errors
/// If there are no labels, none of a class that is named, or no sample of another class.
pub fn truth(samples: &Samples, normal: &[u8]) -> Result<Option<Vec<bool>>, Error> {
    if normal.is_empty() {
        return Ok(None);
    }
    let labels = samples.labels.as_deref().ok_or(Error::NoLabels)?;
    if let Some(&class) = normal.iter().find(|class| !labels.contains(class)) {
        return Err(Error::NoSuchClass { class, there: samples.classes() });
    }
    let truth: Vec<bool> = labels.iter().map(|label| !normal.contains(label)).collect();
    if truth.contains(&true) { Ok(Some(truth)) } else { Err(Error::NoAnomaly) }
}

/// The classes that are normal where nobody names any: those that the model was trained on, if some of the labels are
/// among them and others are not.
#[must_use]
pub fn usual_normal<'a>(trained_on: &'a [u8], samples: &Samples) -> &'a [u8] {
    let labels = samples.labels.as_deref().unwrap_or_default();
    let among = |label: &u8| trained_on.contains(label);
    if labels.iter().any(among) && !labels.iter().all(among) { trained_on } else { &[] }
}

/// The classes that are normal among data that shall set a threshold, where nobody names any: those that the model was
/// trained on, if one of the labels is among them.
#[must_use]
pub fn learnt_among<'a>(trained_on: &'a [u8], samples: &Samples) -> &'a [u8] {
    let labels = samples.labels.as_deref().unwrap_or_default();
    if labels.iter().any(|label| trained_on.contains(label)) { trained_on } else { &[] }
}

/// The normal samples among data that may have others: all of them where no class is named or there are no labels.
///
/// # Errors
/// If none is of a normal class.
pub fn normal_samples(samples: &Samples, normal: &[u8]) -> Result<Vec<u32>, Error> {
    let mut numbers = samples.numbers();
    if let (Some(labels), false) = (&samples.labels, normal.is_empty()) {
        numbers.retain(|&number| normal.contains(&labels[number as usize]));
        if numbers.is_empty() {
            return Err(Error::NoneNormal { there: samples.classes() });
        }
    }
    Ok(numbers)
}

/// The samples with the highest scores, highest first, by their numbers.
#[must_use]
pub fn worst(scores: &[f64], count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    order.truncate(count);
    order
}
