//! # Ridge regression: many targets from a few inputs
//!
//! ```text
//! x_i, n values: inputs     y_i, d values: targets     both minus their means over the m fitting rows
//! minimise   Σ_i ‖y_i − Wᵀ·x_i‖² + α·‖W‖²              W n×d
//! ∂/∂W = 0:  (XᵀX + α·I)·W = XᵀY
//! ```
//!
//! With α > 0 the matrix on the left is positive definite, also if inputs are constant or equal to each other. It is
//! solved by its Cholesky factor, for all targets at once.
//!
//! Source: Hoerl & Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12 (1970).
//! scikit-learn's Ridge computes the same.

use nalgebra::{Cholesky, DMatrix};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// A linear map from inputs to targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    x_mean: Array1<f64>,
    y_mean: Array1<f64>,
    w: Array2<f64>,
}

impl Ridge {
    /// Fits targets `y` (m×d) to inputs `x` (m×n). Returns `None` if there are no rows or not as many of both, if
    /// `alpha` is not above 0, or if a value is not finite.
    ///
    /// ```
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [1.0], [2.0]], array![[1.0], [3.0], [5.0]]);
    /// let ridge = handgrad_analysis::Ridge::fit(x.view(), y.view(), 1e-9).expect("finite values");
    /// assert!((ridge.predict(array![[4.0]].view())[[0, 0]] - 9.0).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn fit(x: ArrayView2<f32>, y: ArrayView2<f32>, alpha: f64) -> Option<Self> {
        let is_positive = alpha > 0.0 && alpha.is_finite();
        if !is_positive || x.nrows() != y.nrows() || x.iter().chain(y).any(|value| !value.is_finite()) {
            return None;
        }
        let [mut x, mut y] = [x, y].map(|values| values.mapv(f64::from));
        let (x_mean, y_mean) = (x.mean_axis(Axis(0))?, y.mean_axis(Axis(0))?);
        x -= &x_mean;
        y -= &y_mean;
        let (left, right) = (x.t().dot(&x), x.t().dot(&y));
        let n = x.ncols();
        let left = DMatrix::from_fn(n, n, |i, j| left[[i, j]] + if i == j { alpha } else { 0.0 });
        let right = DMatrix::from_fn(n, y.ncols(), |i, j| right[[i, j]]);
        let w = Cholesky::new(left)?.solve(&right);
        Some(Self { x_mean, y_mean, w: Array2::from_shape_fn(w.shape(), |at| w[at]) })
    }

    /// Computes the targets of `x` (m×n): m×d.
    ///
    /// # Panics
    /// If the inputs do not have as many values as those of [`fit`](Self::fit).
    #[must_use]
    pub fn predict(&self, x: ArrayView2<f32>) -> Array2<f64> {
        (x.mapv(f64::from) - &self.x_mean).dot(&self.w) + &self.y_mean
    }
}
