use handgrad_dataset::{Samples, Values};
use handgrad_layers::LossKind;
use handgrad_models::{Model, Scale, targets};

use crate::{CHUNK, Error};

/// Refuses samples of another size than the model takes, or with values that its loss cannot take.
///
/// # Errors
/// Says what does not fit.
pub fn check_fit(model: &Model, samples: &Samples) -> Result<(), Error> {
    let spec = model.spec();
    check_targets(model.network().loss().kind, spec.scale, samples)?;
    // A shape with one channel and one without channels are the same; and samples in a line are as good as images of as
    // many values.
    let bare = |shape: &[usize]| shape.iter().copied().skip_while(|&dim| dim == 1).collect::<Vec<_>>();
    let (takes, has) = (bare(&spec.input), bare(&samples.shape));
    let in_a_line = takes.len() <= 1 || has.len() <= 1;
    if takes != has && !(in_a_line && spec.features() == samples.features()) {
        return Err(Error::Shape { has: samples.shape.clone(), takes: spec.input.clone() });
    }
    Ok(())
}

/// Refuses samples with values that a loss cannot take, behind the scale.
///
/// # Errors
/// Names the first of them.
pub fn check_targets(loss: LossKind, scale: Option<Scale>, samples: &Samples) -> Result<(), Error> {
    // Bytes stand for values within 0..1.
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
