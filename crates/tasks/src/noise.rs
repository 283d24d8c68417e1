//! Noise on samples: the same as a denoising model's loss is measured with.

use handgrad_layers::{Layer, Mode, Noise, Pass};
use handgrad_models::{LayerSpec, Model, Network};
use ndarray::{Array2, Zip};

use crate::Error;

/// A kind of noise, without its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A normal number is added to every value; the level is its standard deviation.
    Gaussian,
    /// Values become 0; the level is the part of them that is hit.
    Masking,
    /// Values become the smallest or the largest one; the level is the part of them that is hit.
    SaltAndPepper,
}

/// The noise that a network was trained to undo: the layers of it that it begins with.
#[must_use]
pub fn of(network: &Network<f32>) -> Vec<Noise> {
    let noise = |layer: &LayerSpec| if let LayerSpec::Noise(noise) = layer { Some(*noise) } else { None };
    network.spec().encoder.iter().map_while(noise).collect()
}

/// The noise of a kind and a level, for samples whose values lie within `range` in the units that the network takes:
/// see [`Model::scaled_range`].
///
/// # Errors
/// If there is no such level.
pub fn checked(kind: Kind, level: f64, (low, high): (f32, f32)) -> Result<Noise, Error> {
    let is_unit = low >= 0.0 && high <= 1.0;
    let ends = if is_unit { [0.0, 1.0] } else { [f64::from(low), f64::from(high)] };
    let usage = |expected: &str| Err(Error::Usage(format!("the noise level is {level}, but {expected}")));
    match kind {
        Kind::Gaussian if !(level.is_finite() && level >= 0.0) => usage("a standard deviation is 0 or more"),
        Kind::Masking | Kind::SaltAndPepper if !(0.0..=1.0).contains(&level) => {
            usage("the part of the values that is hit is within 0..1")
        }
        Kind::Gaussian => Ok(Noise::Gaussian { std: level, clip: is_unit.then_some(ends) }),
        Kind::Masking => Ok(Noise::Masking { p: level }),
        Kind::SaltAndPepper => Ok(Noise::SaltAndPepper { p: level, ends }),
    }
}

/// Puts noise on rows, which are the samples of these numbers, in the units that the model's network was trained in.
/// The same sample always gets the same noise, and what no noise hits stays as it is, to the last bit.
pub fn put_on(model: &Model, rows: &mut Array2<f32>, numbers: &[u32], noises: &[Noise]) {
    if noises.is_empty() {
        return;
    }
    let scale = model.spec().scale;
    // Contiguous rows, however the given ones lie.
    let mut clean = rows.as_standard_layout().into_owned();
    if let Some(scale) = scale {
        clean.mapv_inplace(|value| scale.apply(value));
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
    // There and back through the scale would round what was not hit.
    Zip::from(rows).and(&clean).and(&noisy).for_each(|value, clean, &noisy| {
        if *clean != noisy {
            *value = scale.map_or(noisy, |scale| scale.undo(noisy));
        }
    });
}

/// In words: `Gaussian noise, std 0.2, clipped to 0..1`.
#[must_use]
pub fn describe(noises: &[Noise]) -> String {
    noises.iter().map(Layer::<f32>::describe).collect::<Vec<_>>().join(", then ")
}
