//! # Repeat-vector: a vector becomes a sequence of copies of itself
//!
//! ```text
//! y_t = x  for t = 1 … T            x n, y T×n          ∂L/∂x = Σ_t ∂L/∂y_t, since every y_t is x
//! ```
//!
//! It connects an encoder whose output is one vector with a decoder that has T steps. In front of a recurrent layer,
//! the field `repeat` of [`Sequence`](crate::Sequence) has the same effect without the copies.
//!
//! Slides: CE6146 "Types of RNN": one-to-many, and the connection of encoder and decoder in many-to-many (seq2seq).
//! In Keras this is `RepeatVector`.

use handgrad_kernels::vectorize;

use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// y_t ← x. Shapes: x rows×n, y rows×steps·n.
pub fn forward<T: Scalar>(x: &[T], n: usize, steps: usize, y: &mut [T]) {
    for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(steps * n)) {
        y.chunks_exact_mut(n).for_each(|y| y.copy_from_slice(x));
    }
}

/// dx ← Σ_t dy_t. Shapes: dy rows×steps·n, dx rows×n.
pub fn backward<T: Scalar>(dy: &[T], n: usize, steps: usize, dx: &mut [T]) {
    dx.fill(T::ZERO);
    vectorize!({
        for (dy, dx) in dy.chunks_exact(steps * n).zip(dx.chunks_exact_mut(n)) {
            for dy in dy.chunks_exact(n) {
                dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += dy);
            }
        }
    });
}

/// The size of the vector, and how often it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatVector {
    /// Values of the vector.
    pub inputs: usize,
    /// T, the number of steps.
    pub steps: usize,
}

impl<T: Scalar> Layer<T> for RepeatVector {
    fn describe(&self) -> String {
        format!("RepeatVector {}, {} times", self.inputs, self.steps)
    }

    /// Accepts samples of any shape with the right number of values: a sample is read as one vector.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        if self.steps == 0 {
            let (name, range) = ("the number of steps of a repeated vector", "at least 1");
            return Err(Error::OutOfRange { name, value: "0".into(), range });
        }
        let found = input.iter().product();
        if found != self.inputs {
            let layer = Layer::<T>::describe(self);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected: self.inputs });
        }
        Ok(vec![self.steps, self.inputs])
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        forward(x, self.inputs, self.steps, y);
    }

    fn backward_input(&self, _: &[T], _: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, _: &mut Pass<'_, T>) {
        if let Some(dx) = dx {
            backward(dy, self.inputs, self.steps, dx);
        }
    }
}
