//! # Dropout: a random part of the values is set to 0
//!
//! ```text
//! u_i uniform in 0..1                 drawn for each row and each value
//! y_i = x_i/(1 − rate)   if u_i ≥ rate,   else 0
//!
//! given dy = ∂L/∂y, the mask held fixed:
//!   dx_i = dy_i/(1 − rate)   if u_i ≥ rate,   else 0
//! ```
//!
//! The division keeps the mean: E(y_i) = (1 − rate)·x_i/(1 − rate) = x_i. So the network needs no change when dropout
//! is off. It is on only in training.
//!
//! Slides: CE6146 "20231012 Exercise #17": dropout is for regularization; DIVE "How to Train Autoencoders?". Source:
//! Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, JMLR 15 (2014). The paper multiplies the weights after
//! training; here the values are divided in training, as in Keras and PyTorch.

use crate::{Error, Layer, Mode, ParamSpec, Pass, Saved, Scalar, random};

/// Returns 0 if u < rate, and value/(1 − rate) otherwise. It turns x_i into y_i, and dy_i into dx_i.
#[inline(always)]
pub fn masked<T: Scalar>(value: T, u: T, rate: f64) -> T {
    if u < T::from_f64(rate) { T::ZERO } else { value * T::from_f64(1.0 / (1.0 - rate)) }
}

/// Sets random values to 0, in training only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability that a value is set to 0; at least 0 and below 1.
    pub rate: f64,
}

impl Dropout {
    /// values ← values ⊙ mask/(1 − rate), row by row, in both the forward and the backward pass.
    fn apply<T: Scalar>(&self, values: &mut [T], pass: &Pass<'_, T>) {
        if pass.mode != Mode::Train {
            return;
        }
        let width = values.len() / pass.samples.len();
        for (row, values) in values.chunks_exact_mut(width).enumerate() {
            random::with_uniform(pass, row, values, |value, u| masked(value, u, self.rate));
        }
    }
}

impl<T: Scalar> Layer<T> for Dropout {
    fn describe(&self) -> String {
        format!("Dropout {}", self.rate)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        if !(0.0..1.0).contains(&self.rate) {
            let (name, range) = ("the rate of dropout", "at least 0 and below 1");
            return Err(Error::OutOfRange { name, value: self.rate.to_string(), range });
        }
        Ok(input.to_vec())
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        y.copy_from_slice(x);
        self.apply(y, pass);
    }

    fn backward_input(&self, _: &[T], _: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, pass: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        dx.copy_from_slice(dy);
        self.apply(dx, pass);
    }
}
