//! Codes from the prior of a variational model, which can then be decoded.
//!
//! ```text
//! prior   z ~ N(0, 1)                                     independently for each value of the code
//! grid    z = (Φ⁻¹((i + ½)/n), Φ⁻¹((j + ½)/n))            i, j = 0 … n − 1: each code has the same probability mass
//! ```
//!
//! Slides: CE6146 "Variational Autoencoders (VAEs)"; DIVE "Types of Autoencoders" (variational autoencoder).

use handgrad_dataset::{count as counted, thousands};
use handgrad_layers::{Mode, Pass, math, random};
use handgrad_models::{LayerSpec, Model};
use ndarray::Array2;

use crate::{Error, check_room};

/// Returns the number of values in the code of a variational model.
///
/// # Errors
/// If the model is not variational.
pub fn latent_dim(model: &Model) -> Result<usize, Error> {
    match model.spec().encoder.last() {
        Some(&LayerSpec::Reparameterize { latent_dim, .. }) => Ok(latent_dim),
        _ => Err(Error::NotVariational),
    }
}

/// Draws `count` codes from the prior, one per row.
///
/// # Errors
/// If the model is not variational, or if the codes do not fit in memory.
pub fn drawn(model: &Model, count: usize, seed: u64) -> Result<Array2<f32>, Error> {
    let places = latent_dim(model)?;
    check_room(Some(count), places, || {
        format!("{} of {}", counted(count, "code", "codes"), counted(places, "value", "values"))
    })?;
    let mut codes = Array2::zeros((count, places));
    for (number, mut code) in codes.rows_mut().into_iter().enumerate() {
        let pass = Pass { mode: Mode::Train, seed, samples: &[number as u32], ..Pass::predict() };
        if let Some(code) = code.as_slice_mut() {
            random::with_normal(&pass, 0, code, |_, normal| normal);
        }
    }
    Ok(codes)
}

/// Returns `side` × `side` codes of two values, one per row, line by line from the top left. The first value increases
/// to the right, the second upwards.
///
/// # Errors
/// If the model is not variational, if its code does not have two values, or if the codes do not fit in memory.
pub fn grid(model: &Model, side: usize) -> Result<Array2<f32>, Error> {
    let latent_dim = latent_dim(model)?;
    if latent_dim != 2 {
        return Err(Error::NotTwoPlaces { latent_dim });
    }
    check_room(side.checked_mul(side), 2, || format!("{0}×{0} codes of 2 values", thousands(side)))?;
    let quantile = |number: usize| math::normal((number as f32 + 0.5) / side as f32);
    Ok(Array2::from_shape_fn((side * side, 2), |(at, place)| match place {
        0 => quantile(at % side),
        _ => quantile(side - 1 - at / side),
    }))
}
