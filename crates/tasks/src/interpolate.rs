//! Interpolates linearly from one code to another and, for comparison, from one sample to another.
//!
//! ```text
//! blend   x_k = (1 − t_k)·x_from + t_k·x_to                       t_k = k/(N − 1), k = 0 … N − 1
//! walk    decode((1 − t_k)·z_from + t_k·z_to),  z = encode(x)
//! ```
//!
//! A blend looks like two transparent images on top of each other. If the model has learnt what samples look like,
//! every step of the walk looks like a sample.

use handgrad_dataset::{Samples, count};
use handgrad_models::Model;
use ndarray::{Array2, Axis};

use crate::{Error, check_numbers, check_room};

/// Both interpolations, with one step per row.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// The interpolation between the values of the two samples.
    pub blend: Array2<f32>,
    /// The decoded interpolation between the codes of the two samples.
    pub walk: Array2<f32>,
    /// The Euclidean distance between the two codes.
    pub code_distance: f64,
    /// For each step, the mean squared difference between the blend and the walk.
    pub apart: Vec<f64>,
}

/// Interpolates from one sample to another in `steps` steps, both ends included.
///
/// # Errors
/// If one of the samples does not exist, if both are the same, or if there are fewer than two steps or more than fit in
/// memory; also the errors of [`Model::encode`].
pub fn between(model: &Model, samples: &Samples, ends: [u32; 2], steps: usize) -> Result<Walk, Error> {
    if ends[0] == ends[1] {
        return Err(Error::Usage(format!("both ends of the walk are sample {}: name two samples", ends[0])));
    }
    if steps < 2 {
        return Err(Error::Usage(format!("the number of steps is {steps}, but a walk has two ends: take at least 2")));
    }
    check_numbers(samples, &ends)?;
    let values = samples.rows(&ends);
    let codes = model.encode(values.view())?;
    let columns = values.ncols().max(codes.ncols());
    check_room(Some(steps), columns, || {
        format!("{} of {}", count(steps, "step", "steps"), count(columns, "value", "values"))
    })?;
    let blend = along(&values, steps);
    let walk = model.decode(along(&codes, steps).view())?;
    let squares = |difference: Array2<f32>| difference.mapv(|v| f64::from(v).powi(2));
    let code_distance = squares(&codes.select(Axis(0), &[1]) - &codes.select(Axis(0), &[0])).sum().sqrt();
    let apart = squares(&walk - &blend).mean_axis(Axis(1)).into_iter().flatten().collect();
    Ok(Walk { blend, walk, code_distance, apart })
}

/// Returns `steps` equally spaced rows on the straight line from the first row of `ends` to the second, both included.
fn along(ends: &Array2<f32>, steps: usize) -> Array2<f32> {
    Array2::from_shape_fn((steps, ends.ncols()), |(step, place)| {
        let t = step as f32 / (steps - 1) as f32;
        (1.0 - t) * ends[(0, place)] + t * ends[(1, place)]
    })
}
