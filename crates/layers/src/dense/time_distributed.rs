//! # Time-distributed: the same dense layer at every step
//!
//! ```text
//! forward     y_t = φ(x_t·w + b)  for t = 1 … T        x T×inputs, y T×units: a dense layer on T times as many rows
//!
//! ∂L/∂w = Σ_t x_tᵀ·δ_t   ∂L/∂b = Σ_t δ_t   the sums over rows of [`dense`]; a row is a step of a sample
//! ```
//!
//! Slides: CE6146 "RNN – Elman Network" and the examples after it: y_t = f₂(W_hy·h_t + b_y), where W_hyᵀ is w and b_y
//! is b here. In Keras this is `TimeDistributed(Dense(…))`.

use crate::{Activation, Block, Dense, Error, Layer, ParamSpec, Pass, Saved, SavedBatch, Scalar};

/// A dense layer, and the number of steps at which it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeDistributed {
    /// T, the number of steps.
    pub steps: usize,
    /// The layer that is applied at each step.
    pub dense: Dense,
}

impl<T: Scalar> Layer<T> for TimeDistributed {
    fn describe(&self) -> String {
        let Dense { inputs, units, activation } = self.dense;
        format!("TimeDistributed {}×{inputs} → {}×{units}, {}", self.steps, self.steps, Activation::name(activation))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let Dense { inputs, units, .. } = self.dense;
        if self.steps == 0 || input != [self.steps, inputs] {
            let (layer, found) = (Layer::<T>::describe(self), input.iter().product());
            let expected = self.steps.saturating_mul(inputs);
            return Err(Error::InputSize { layer, shape: input.to_vec(), found, expected });
        }
        Layer::<T>::output_shape(&self.dense, &[inputs])?;
        Ok(vec![self.steps, units])
    }

    fn params(&self) -> Vec<ParamSpec> {
        let params = Layer::<T>::params(&self.dense);
        params.into_iter().map(|param| ParamSpec { uses: self.steps, ..param }).collect()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        self.dense.forward(theta, x, y, pass);
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        self.dense.backward_input(theta, saved, dy, dx, pass);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let SavedBatch { x, delta, cache } = saved;
        let all_steps = SavedBatch { x: x.steps(self.steps), delta: delta.steps(self.steps), cache };
        self.dense.backward_params(all_steps, block, dtheta, scratch);
    }
}
