use handgrad_dataset::{Samples, Values};
use handgrad_layers::LossKind;
use handgrad_models::targets::{self, Misfit};
use handgrad_models::{Encoding, Model, Part, Scale};

use crate::{CHUNK, Error};

/// Checks that samples have the size that the model takes, and values that its loss can score. Binary cross-entropy can
/// score all values: [`outside`] counts those for which it is not defined.
///
/// # Errors
/// If the size differs, or if the loss cannot score a sample.
pub fn check_fit(model: &Model, samples: &Samples) -> Result<(), Error> {
    let spec = model.spec();
    if !spec.allows_missing() && samples.any_missing() {
        return Err(Error::Missing);
    }
    if spec.table.is_some() {
        // Its values were made for the columns of the model.
        return match samples.features() == spec.values() {
            true => Ok(()),
            false => Err(Error::Shape { has: samples.shape.clone(), takes: vec![spec.values()] }),
        };
    }
    // The target of a classifier is a class, so that its loss is defined for all values.
    if model.network().part() != Part::Classifier {
        check_uses(model.network().loss().kind, spec.scale.as_ref(), samples)?;
    }
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

/// Checks that a network can be trained on samples: that its loss is defined for all their values, after `scale` is
/// applied to them.
///
/// # Errors
/// For the first sample with a value for which the loss is not defined.
pub fn check_targets(loss: LossKind, scale: Option<&Scale>, samples: &Samples) -> Result<(), Error> {
    match outside(loss, scale.map_or(Encoding::Same, Encoding::Scaled), samples) {
        0 => check_uses(loss, scale, samples),
        _ => each(scale, samples, |values| targets::check(loss, values)),
    }
}

/// Checks that a loss can score all samples, after `scale` is applied to them.
///
/// # Errors
/// For the first sample that the loss cannot score.
pub fn check_uses(loss: LossKind, scale: Option<&Scale>, samples: &Samples) -> Result<(), Error> {
    // The others can score all values.
    if loss == LossKind::CrossEntropy {
        each(scale, samples, |values| targets::check_use(loss, values))?;
    }
    Ok(())
}

/// The number of values of the network that are outside 0..1. For a loss other than binary cross-entropy it is 0,
/// because all values are equally valid.
#[must_use]
pub fn outside(loss: LossKind, encoding: Encoding<'_>, samples: &Samples) -> usize {
    if !matches!(loss, LossKind::Bce | LossKind::BceLogits) {
        return 0;
    }
    // A missing value is NaN, and not outside.
    let is_outside = |value: f64| !value.is_nan() && !(0.0..=1.0).contains(&(value as f32));
    let count = |row: &mut dyn Iterator<Item = f64>| match encoding {
        Encoding::Same => row.filter(|&value| is_outside(value)).count(),
        Encoding::Scaled(scale) => row.enumerate().filter(|&(at, value)| is_outside(scale.apply(at, value))).count(),
        Encoding::Table(schema) => {
            let mut count = 0;
            schema.encode(row, |value| count += usize::from(is_outside(value)));
            count
        }
    };
    match &samples.values {
        // Bytes stand for values within 0..1.
        Values::Bytes(_) if matches!(encoding, Encoding::Same) => 0,
        Values::Bytes(values) => {
            let value = |&byte: &u8| f64::from(f32::from(byte) / 255.0);
            values.rows().into_iter().map(|row| count(&mut row.iter().map(value))).sum()
        }
        Values::Floats(values) => {
            values.rows().into_iter().map(|row| count(&mut row.iter().map(|&value| f64::from(value)))).sum()
        }
        Values::Doubles(values) => values.rows().into_iter().map(|row| count(&mut row.iter().copied())).sum(),
    }
}

/// Calls `check` with the scaled values of each sample.
fn each(
    scale: Option<&Scale>,
    samples: &Samples,
    check: impl Fn(&mut dyn Iterator<Item = f64>) -> Result<(), Misfit>,
) -> Result<(), Error> {
    for numbers in samples.numbers().chunks(CHUNK) {
        for (row, &number) in samples.exact_rows(numbers).rows().into_iter().zip(numbers) {
            let scaled = |(at, &value): (usize, &f64)| scale.map_or(value, |scale| scale.apply(at, value));
            let mut values = row.iter().enumerate().map(scaled);
            check(&mut values).map_err(|misfit| Error::Target { sample: number as usize, misfit })?;
        }
    }
    Ok(())
}
