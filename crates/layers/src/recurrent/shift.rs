//! # Shift: every step gets the value of the previous step
//!
//! ```text
//! y₁ = 0,  y_t = x_{t−1}          x and y T×n          ∂L/∂x_t = ∂L/∂y_{t+1},  ∂L/∂x_T = 0
//! ```
//!
//! In front of layers that use no later steps, it turns reconstruction into prediction: their output at step t
//! depends on x₁ … x_{t−1} alone and is compared with x_t. So the target need not be shifted.
//!
//! Slides: CE6146 "Types of RNN" (many-to-many, sequential prediction); its examples predict the next number of a
//! sequence.

use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// y₁ ← 0, y_t ← x_{t−1}. Shapes: x and y rows×steps·n.
pub fn forward<T: Scalar>(x: &[T], n: usize, steps: usize, y: &mut [T]) {
    for (x, y) in x.chunks_exact(steps * n).zip(y.chunks_exact_mut(steps * n)) {
        let (first, others) = y.split_at_mut(n);
        first.fill(T::ZERO);
        others.copy_from_slice(&x[..x.len() - n]);
    }
}

/// dx_t ← dy_{t+1}, dx_T ← 0. Shapes as for [`forward`].
pub fn backward<T: Scalar>(dy: &[T], n: usize, steps: usize, dx: &mut [T]) {
    for (dy, dx) in dy.chunks_exact(steps * n).zip(dx.chunks_exact_mut(steps * n)) {
        let (others, last) = dx.split_at_mut(dx.len() - n);
        others.copy_from_slice(&dy[n..]);
        last.fill(T::ZERO);
    }
}

/// The sizes of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// T, the number of steps.
    pub steps: usize,
    /// Values per step.
    pub inputs: usize,
}

impl<T: Scalar> Layer<T> for Shift {
    fn describe(&self) -> String {
        format!("Shift {}×{} by a step", self.steps, self.inputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        if self.steps == 0 || self.inputs == 0 || input != [self.steps, self.inputs] {
            let (layer, found) = (Layer::<T>::describe(self), input.iter().product());
            let expected = self.steps.saturating_mul(self.inputs);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected });
        }
        Ok(input.to_vec())
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
