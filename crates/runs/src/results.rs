//! What a finished training writes beside its weights: pictures, and what the columns of a table are usually like.

use handgrad_dataset::tables::Schema;
use handgrad_dataset::{DataSet, Samples};
use handgrad_models::Model;
use handgrad_pictures::charts::{heat_map, losses};
use handgrad_tasks::reconstruct::Pairs;
use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{EpochRecord, Outcome};

use crate::Result;

/// Draws the first validation samples above their reconstructions, and below them the absolute errors, from black (no
/// error) to white (the largest error in the picture). For a denoising network: clean samples, samples with its noise,
/// denoised samples, and the errors that are left.
pub(crate) fn reconstructions(model: &Model, data: &DataSet, count: usize) -> Result<Vec<u8>> {
    let samples = &data.validation;
    let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
    let noises = handgrad_tasks::noise::of(model.network());
    let (pairs, noisy) = if noises.is_empty() {
        (handgrad_tasks::reconstruct::pairs(model, samples, &first)?, None)
    } else {
        let rows = handgrad_tasks::denoise::rows(model, samples, &first, &noises)?;
        (Pairs { originals: rows.clean, reconstructions: rows.denoised }, Some(rows.noisy))
    };
    let errors = pairs.error_map();
    let scaled = |rows| handgrad_pictures::to_unit(rows, samples.range());
    let drawn = [Some(&pairs.originals), noisy.as_ref(), Some(&pairs.reconstructions)];
    let rows: Vec<_> = drawn.into_iter().flatten().map(scaled).chain([errors]).collect();
    Ok(handgrad_pictures::grid(&rows, &samples.shape)?)
}

/// Measures how far the cells of training rows are from what the rest of their rows lets expect, and keeps this in the
/// model. At most 10,000 rows are measured, evenly spaced.
pub(crate) fn with_residuals(model: Model, train: &Samples, schema: &Schema) -> Result<Model> {
    const MOST: usize = 10_000;
    let step = train.len().div_ceil(MOST).max(1);
    let rows: Vec<u32> = train.numbers().into_iter().step_by(step).collect();
    let mut residuals = handgrad_tasks::columns::surprise::residuals(&model, train, &rows)?.into_iter();
    let mut schema = schema.clone();
    for column in schema.columns.iter_mut().filter(|column| column.width() > 0) {
        column.residual = residuals.next().unwrap_or(1.0);
    }
    Ok(model.with_table(schema)?)
}

/// Draws how surprising each cell of the first validation rows is, as a heat map.
pub(crate) fn surprises(model: &Model, data: &DataSet, schema: &Schema) -> Result<String> {
    let samples = &data.validation;
    let first: Vec<u32> = (0..heat_map::ROWS.min(samples.len()) as u32).collect();
    let found = handgrad_tasks::columns::surprise::surprises(model, samples, &first, &())?;
    let names: Vec<&str> = schema.used().map(|column| column.name.as_str()).collect();
    let identifiers: Vec<String> = first.iter().map(|row| format!("row {}", row + 1)).collect();
    let errors: Vec<Vec<f64>> = found.rows().into_iter().map(|row| row.to_vec()).collect();
    let rows: Vec<_> = identifiers
        .iter()
        .zip(&errors)
        .map(|(identifier, errors)| heat_map::Row { identifier: identifier.as_str(), errors })
        .collect();
    let title = format!("How surprising the cells of {} are, given the rest of their rows", data.validation_origin);
    Ok(heat_map::svg(&heat_map::HeatMap { title: &title, error: "surprise", columns: &names, rows: &rows })?)
}

/// Draws the losses as a chart. `None` if no epoch was finished.
pub(crate) fn loss_chart(title: &str, model: &Model, outcome: &Outcome, yardsticks: &Yardsticks) -> Option<String> {
    outcome.epochs.last()?;
    let of = |loss: fn(&EpochRecord) -> f64| outcome.epochs.iter().map(loss).collect::<Vec<_>>();
    let names = outcome.epochs.first().map_or(&[][..], |record| &record.validation_terms).iter().enumerate();
    let term = |at: usize| {
        outcome.epochs.iter().map(move |record| record.validation_terms.get(at).map_or(f64::NAN, |term| term.1))
    };
    let terms: Vec<(&str, Vec<f64>)> = names.map(|(at, (name, _))| (*name, term(at).collect())).collect();
    Some(losses::svg(&losses::Losses {
        title,
        loss: &model.network().loss().to_string(),
        training: &of(|record| record.train_loss),
        validation: &of(|record| record.validation_loss),
        terms: &terms,
        best_epoch: outcome.best_epoch,
        least: yardsticks.least,
    }))
}
