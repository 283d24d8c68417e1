//! A straight walk from one code to another, beside one from sample to sample.
//!
//! ```text
//! blend   x_k = (1 − t_k)·x_from + t_k·x_to                       t_k = k/(N − 1), k = 0 … N − 1
//! walk    decode((1 − t_k)·z_from + t_k·z_to),  z = encode(x)
//! ```
//!
//! A blend shows both images through each other; where the model has learnt what samples look like, the walk shows
//! samples all the way.

use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::{Array2, Axis};

use crate::{Error, check_numbers, check_room};

/// Both walks, a step a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// From values to values.
    pub blend: Array2<f32>,
    /// From code to code, decoded.
    pub walk: Array2<f32>,
    /// How far the two codes are apart.
    pub code_distance: f64,
    /// The mean squared difference of the two walks, a step each.
    pub apart: Vec<f64>,
}

/// Walks in `steps` steps, both ends included, from one sample to another.
///
/// # Errors
/// If there is no such sample, both are the same, there are fewer than two steps or more than
/// memory holds, or as [`Model::encode`].
pub fn between(model: &Model, samples: &Samples, ends: [u32; 2], steps: usize) -> Result<Walk, Error> {
    if ends[0] == ends[1] {
        return Err(Error::Usage(format!("both ends of the walk are sample {}: name two samples", ends[0])));
    }
    if steps < 2 {
        return Err(Error::Usage(format!("a walk of {steps} steps has no two ends: take at least 2")));
    }
    check_numbers(samples, &ends)?;
    let values = samples.rows(&ends);
    let codes = model.encode(values.view())?;
    let columns = values.ncols().max(codes.ncols());
    check_room(Some(steps), columns, || format!("{steps} steps of {columns} values"))?;
    let blend = along(&values, steps);
    let walk = model.decode(along(&codes, steps).view())?;
    let squares = |difference: Array2<f32>| difference.mapv(|v| f64::from(v).powi(2));
    let code_distance = squares(&codes.select(Axis(0), &[1]) - &codes.select(Axis(0), &[0])).sum().sqrt();
    let apart = squares(&walk - &blend).mean_axis(Axis(1)).into_iter().flatten().collect();
    Ok(Walk { blend, walk, code_distance, apart })
}

/// `steps` rows on the straight line from the first row to the second, both included.
fn along(ends: &Array2<f32>, steps: usize) -> Array2<f32> {
    Array2::from_shape_fn((steps, ends.ncols()), |(step, place)| {
        let t = step as f32 / (steps - 1) as f32;
        (1.0 - t) * ends[(0, place)] + t * ends[(1, place)]
    })
}
