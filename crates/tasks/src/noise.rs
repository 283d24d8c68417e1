//! Adds noise to samples. It is the same noise with which the loss of a denoising model is measured.

use handgrad_dataset::count;
use handgrad_layers::{Layer, Mode, Noise, Pass};
use handgrad_models::{LayerSpec, Model, Network};
use ndarray::{Array2, Zip};

use crate::Error;

/// A kind of noise, without its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A normally distributed number is added to every value. The level is its standard deviation.
    Gaussian,
    /// Some values are set to 0. The level is the fraction of the values that are changed.
    Masking,
    /// Some values are set to the smallest or to the largest value. The level is the fraction of the values that are
    /// changed.
    SaltAndPepper,
}

/// Returns the noise that a network was trained to remove: the noise layers at the beginning of its encoder.
#[must_use]
pub fn of(network: &Network<f32>) -> Vec<Noise> {
    let noise = |layer: &LayerSpec| if let LayerSpec::Noise(noise) = layer { Some(*noise) } else { None };
    network.spec().encoder.iter().map_while(noise).collect()
}

/// Returns the noise of a kind and a level, for samples whose values lie between `low` and `high` in the units of the
/// network (see [`Model::scaled_range`]).
///
/// # Errors
/// If the level is not valid for this kind of noise.
pub fn checked(kind: Kind, level: f64, (low, high): (f32, f32)) -> Result<Noise, Error> {
    let is_unit = low >= 0.0 && high <= 1.0;
    let ends = if is_unit { [0.0, 1.0] } else { [f64::from(low), f64::from(high)] };
    let usage = |expected: &str| Err(Error::Usage(format!("the noise level is {level}, but {expected}")));
    match kind {
        Kind::Gaussian if !(level.is_finite() && level >= 0.0) => usage("a standard deviation must be 0 or more"),
        Kind::Masking | Kind::SaltAndPepper if !(0.0..=1.0).contains(&level) => {
            usage("the fraction of changed values must be within 0..1")
        }
        Kind::Gaussian => Ok(Noise::Gaussian { std: level, clip: is_unit.then_some(ends) }),
        Kind::Masking => Ok(Noise::Masking { p: level }),
        Kind::SaltAndPepper => Ok(Noise::SaltAndPepper { p: level, ends }),
    }
}

/// Adds noise to rows, which are the samples with these numbers. The noise is applied in the units of the network, that
/// is, after the model's scale. The same sample always gets the same noise, and a value that the noise does not change
/// keeps exactly the same bits.
///
/// # Errors
/// If there is not one number for each row.
pub fn put_on(model: &Model, rows: &mut Array2<f32>, numbers: &[u32], noises: &[Noise]) -> Result<(), Error> {
    if rows.nrows() != numbers.len() {
        let (rows, numbers) = (count(rows.nrows(), "row", "rows"), count(numbers.len(), "number", "numbers"));
        return Err(Error::Usage(format!(
            "the rows and the numbers of the samples do not belong together, {rows} and {numbers}: give one number \
             for each row"
        )));
    }
    add(model, rows, numbers, noises);
    Ok(())
}

/// The same as [`put_on`], for callers that have one number for each row.
pub(crate) fn add(model: &Model, rows: &mut Array2<f32>, numbers: &[u32], noises: &[Noise]) {
    if noises.is_empty() {
        return;
    }
    let scale = model.spec().scale.as_ref();
    // A copy whose rows are contiguous, whatever the memory layout of `rows` is.
    let mut clean = rows.as_standard_layout().into_owned();
    if let Some(scale) = scale {
        clean.indexed_iter_mut().for_each(|((_, at), value)| *value = scale.apply(at, f64::from(*value)) as f32);
    }
    let mut noisy = clean.clone();
    for (layer, noise) in noises.iter().enumerate() {
        let pass = Pass { mode: Mode::Measure, layer, samples: numbers, ..Pass::predict() };
        for (row, mut values) in noisy.rows_mut().into_iter().enumerate() {
            if let Some(values) = values.as_slice_mut() {
                noise.forward(values, row, &pass);
            }
        }
    }
    // Only changed values are written back: applying and undoing the scale would round the others.
    Zip::indexed(rows).and(&clean).and(&noisy).for_each(|(_, at), value, clean, &noisy| {
        if *clean != noisy {
            *value = scale.map_or(noisy, |scale| scale.undo(at, f64::from(noisy)) as f32);
        }
    });
}

/// Describes noise in words, for example `Gaussian noise, std 0.2, clipped to 0..1`.
#[must_use]
pub fn describe(noises: &[Noise]) -> String {
    noises.iter().map(Layer::<f32>::describe).collect::<Vec<_>>().join(", then ")
}
