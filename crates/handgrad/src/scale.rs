//! One scale for all values of all samples: (value − offset) / factor.

use std::borrow::Cow;

use anyhow::{Result, bail};
use handgrad_dataset::{Samples, Values};
use handgrad_models::Scale;
use ndarray::Array2;

use crate::config::ScaleName;
use crate::experiment::floats;

/// The scale of that name for the training samples.
pub fn of(name: ScaleName, train: &Samples) -> Result<Scale> {
    let (low, high) = train.range();
    if low >= high {
        bail!("all values of the training samples are {low}, so there is no scale to bring them to: leave out --scale");
    }
    let (low, high) = (f64::from(low), f64::from(high));
    Ok(match name {
        ScaleName::MinMax => Scale { offset: low, factor: high - low },
        ScaleName::Standard => {
            let values = floats(train).mapv(f64::from);
            Scale { offset: values.mean().unwrap_or(0.0), factor: values.std(0.0) }
        }
    })
}

/// Moves samples to where the network takes them; bytes become floats.
pub fn apply(samples: &mut Samples, scale: Option<Scale>) {
    if let Some(Scale { offset, factor }) = scale {
        samples.values = Values::Floats(floats(samples).mapv(|value| ((f64::from(value) - offset) / factor) as f32));
    }
}

/// The samples as the network takes them.
pub fn applied(samples: &Samples, scale: Option<Scale>) -> Cow<'_, Samples> {
    let mut samples = Cow::Borrowed(samples);
    if scale.is_some() {
        apply(samples.to_mut(), scale);
    }
    samples
}

/// Moves what a network gives back to where the data was.
pub fn undo(values: &mut Array2<f32>, scale: Option<Scale>) {
    if let Some(Scale { offset, factor }) = scale {
        values.mapv_inplace(|value| (f64::from(value) * factor + offset) as f32);
    }
}
