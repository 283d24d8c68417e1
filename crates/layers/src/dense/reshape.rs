//! # Reshape: the same values in another shape
//!
//! ```text
//! y = x                 dx = dy
//! ```
//!
//! A sample of any shape is stored as one row of values. The shape only tells the following layers how to read the
//! values. Images are channels × height × width. Flattening is reshaping to one dimension.
//!
//! Slides: CE6146 "Basic Autoencoder (1/3)", which flattens its images. Keras has the layers `Reshape` and `Flatten`,
//! PyTorch `Unflatten` and `Flatten`.

use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// Changes the shape of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The new shape; it has as many values as the old one.
    pub shape: Vec<usize>,
}

impl<T: Scalar> Layer<T> for Reshape {
    fn describe(&self) -> String {
        let dims: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        format!("Reshape to {}", dims.join("×"))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let found = input.iter().product();
        let expected = self.shape.iter().fold(1_usize, |product, &dim| product.saturating_mul(dim));
        if found != expected {
            let layer = Layer::<T>::describe(self);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected });
        }
        Ok(self.shape.clone())
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        y.copy_from_slice(x);
    }

    fn backward_input(&self, _: &[T], _: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, _: &mut Pass<'_, T>) {
        if let Some(dx) = dx {
            dx.copy_from_slice(dy);
        }
    }
}
