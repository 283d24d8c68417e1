//! # L1 activity penalty: for a sparse code
//!
//! ```text
//! y = x                          the values pass through unchanged, and the loss gets a term
//! P = weight·Σ_j |x_j|           the penalty of a row; L averages it over the batch of m
//!
//! given dy = ∂L/∂y:   dx_j = dy_j + weight/m·sign(x_j)         sign(0) = 0, the subgradient at the kink
//! ```
//!
//! The gradient of |x| has the same size for every x ≠ 0, however small, so small values are still pushed towards 0;
//! the gradient of a penalty on x² would vanish as x approaches 0. But the values of a code are not parameters: the
//! penalty moves weights, and a value is exactly 0 only for those samples whose z before the ReLU is not above 0. How
//! many these are depends on the weight. Measured on MNIST's test images (`handgrad train --data mnist --layers 64
//! --loss bce --batch-size 256 --epochs 8 --l1 WEIGHT`, then `handgrad encode`, and the zeros in the file counted):
//!
//! ```text
//! weight                            none    10⁻⁴    10⁻³    10⁻²
//! values that are exactly 0          2 %    15 %    59 %  > 99 %     of 10,000 codes of 64 values
//! units that are 0 for all samples     0       0       5      43     of 64
//! ```
//!
//! With the usual weight of 10⁻⁴ most values are small, but not 0. (A proximal step, which subtracts a constant and
//! stops at 0, gives exact zeros for parameters, but there is none for a code computed by a layer.)
//!
//! Slides: CE6146 "Sparse Autoencoders": "a regularization term in the loss function that penalizes non-zero
//! activations". The Keras blog, "Building Autoencoders in Keras", uses
//! `activity_regularizer=regularizers.l1(10e-5)`. (Keras sums over the activations of a layer and divides by the
//! batch size, as here.)

use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// The penalty of one row: weight·Σ|x|.
pub fn penalty<T: Scalar>(x: &[T], weight: T) -> T {
    weight * x.iter().fold(T::ZERO, |sum, x| sum + x.abs())
}

/// dx ← dx + scale·sign(x).
pub fn backward<T: Scalar>(x: &[T], scale: T, dx: &mut [T]) {
    for (dx, &x) in dx.iter_mut().zip(x) {
        if x > T::ZERO {
            *dx += scale;
        } else if x < T::ZERO {
            *dx -= scale;
        }
    }
}

/// Passes its input on unchanged, and adds the penalty to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivityL1 {
    /// The weight of the penalty in the loss.
    pub weight: f64,
}

impl<T: Scalar> Layer<T> for ActivityL1 {
    fn describe(&self) -> String {
        format!("Activity penalty, L1, weight {}", self.weight)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            let (name, range) = ("the weight of the L1 penalty", "0 or more");
            return Err(Error::OutOfRange { name, value: self.weight.to_string(), range });
        }
        Ok(input.to_vec())
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        y.copy_from_slice(x);
    }

    fn backward_input(&self, _: &[T], saved: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, pass: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        dx.copy_from_slice(dy);
        backward(saved.x, T::from_f64(self.weight / pass.batch as f64), dx);
    }

    fn penalty_name(&self) -> Option<&'static str> {
        Some("L1 activity")
    }

    fn penalty(&self, saved: Saved<'_, T>, penalties: &mut [T], _: &mut Pass<'_, T>) {
        let (width, weight) = (saved.x.len() / penalties.len(), T::from_f64(self.weight));
        for (to, x) in penalties.iter_mut().zip(saved.x.chunks_exact(width)) {
            *to = penalty(x, weight);
        }
    }
}
