use handgrad_dataset::{Samples, Values};
use handgrad_layers::LossKind;
use handgrad_models::{Model, Scale, targets};

use crate::{CHUNK, Error};

/// Checks that samples have the size that the model takes, and values for which its loss is defined.
///
/// # Errors
/// If the size differs, or if the loss is not defined for a value.
pub fn check_fit(model: &Model, samples: &Samples) -> Result<(), Error> {
    let spec = model.spec();
    check_targets(model.network().loss().kind, spec.scale, samples)?;
    // A shape with one channel is the same as a shape without channels. Samples with only one dimension fit every shape
    // that has as many values.
    let bare = |shape: &[usize]| shape.iter().copied().skip_while(|&dim| dim == 1).collect::<Vec<_>>();
    let (takes, has) = (bare(&spec.input), bare(&samples.shape));
    let in_a_line = takes.len() <= 1 || has.len() <= 1;
    if takes != has && !(in_a_line && spec.features() == samples.features()) {
        return Err(Error::Shape { has: samples.shape.clone(), takes: spec.input.clone() });
    }
    Ok(())
}

/// Checks that a loss is defined for all values of the samples, after `scale` is applied to them.
///
/// # Errors
/// For the first sample with a value for which the loss is not defined.
pub fn check_targets(loss: LossKind, scale: Option<Scale>, samples: &Samples) -> Result<(), Error> {
    // Bytes stand for values within 0..1, for which every loss except `CrossEntropy` is defined.
    let is_probability = matches!(samples.values, Values::Bytes(_)) && scale.is_none();
    if matches!(loss, LossKind::Mse | LossKind::Mae) || is_probability && loss != LossKind::CrossEntropy {
        return Ok(());
    }
    for numbers in samples.numbers().chunks(CHUNK) {
        for (row, &number) in samples.rows(numbers).rows().into_iter().zip(numbers) {
            let values = row.iter().map(|&value| f64::from(scale.map_or(value, |scale| scale.apply(value))));
            targets::check(loss, values).map_err(|misfit| Error::Target { sample: number as usize, misfit })?;
        }
    }
    Ok(())
}
