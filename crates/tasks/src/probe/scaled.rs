//! # Logistic regression on rows of any unit
//!
//! ```text
//! h = (x − m)/s             m: the mean of each column over the fitting rows, s² = the mean over the columns of their
//!                           variances: one number for all
//! z = h·W + b               W and b: see logistic.rs
//!   = x·W/s + (b − m·W/s)   the same as a layer for the rows as they are
//! ```
//!
//! One scale s for all columns keeps the distances, and makes the penalty independent of the unit of a code. With a
//! scale for each column, pixels that are almost always 0 would count as much as any other.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::logistic::{Logistic, Problem};

/// The weight C of the loss against the penalty.
pub const C: f64 = 1.0;

/// Logistic regression, and the scale of the rows that it was fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaled {
    scale: Scale,
    /// The classifier of scaled rows.
    pub logistic: Logistic,
}

impl Scaled {
    /// Fits logistic regression with C = 1 to `rows` (n×d) and their classes, numbers below `count`. `None` if all rows
    /// are equal.
    ///
    /// ```
    /// use handgrad_tasks::probe::Scaled;
    /// use ndarray::array;
    ///
    /// let rows = array![[100.0], [101.0], [104.0], [105.0]];
    /// let fitted = Scaled::fit(rows.view(), &[0, 0, 1, 1], 2).expect("different rows");
    /// assert_eq!(fitted.classes(array![[100.5], [104.5]].view()), [0, 1]);
    /// ```
    ///
    /// # Panics
    /// If there are not as many classes as rows, or if a class is not below `count`.
    #[must_use]
    pub fn fit(rows: ArrayView2<f32>, classes: &[u32], count: usize) -> Option<Self> {
        let scale = Scale::of(rows)?;
        let rows = scale.applied(rows);
        Some(Self { logistic: Problem { rows: rows.view(), classes, count, c: C }.fit(), scale })
    }

    /// The most probable class of each row.
    ///
    /// # Panics
    /// If the rows do not have as many values as those that were fitted.
    #[must_use]
    pub fn classes(&self, rows: ArrayView2<f32>) -> Vec<u32> {
        self.logistic.classes(self.scale.applied(rows).view())
    }

    /// W/s and b − m·W/s: the weights, d×k, and the biases, k, of a layer that gives the same logits for the rows as
    /// they are.
    #[must_use]
    pub fn layer(&self) -> (Array2<f64>, Vec<f64>) {
        let w = &self.logistic.w / f64::from(self.scale.scale);
        let mean = self.scale.mean.mapv(f64::from);
        let shift = |(class, b): (usize, &f64)| b - mean.iter().zip(w.column(class)).map(|(m, w)| m * w).sum::<f64>();
        let b = self.logistic.b.iter().enumerate().map(shift).collect();
        (w, b)
    }
}

/// The mean of each column, and one scale for all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    mean: Array1<f32>,
    scale: f32,
}

impl Scale {
    /// The scale of rows. `None` if all rows are equal.
    pub fn of(rows: ArrayView2<f32>) -> Option<Self> {
        let n = rows.nrows() as f64;
        let mut sums = Array1::<f64>::zeros(rows.ncols());
        rows.rows().into_iter().for_each(|row| sums.zip_mut_with(&row, |sum, &x| *sum += f64::from(x)));
        let mean = sums / n;
        let mut squares = 0.0;
        for row in rows.rows() {
            squares += row.iter().zip(&mean).map(|(&x, &mean)| (f64::from(x) - mean).powi(2)).sum::<f64>();
        }
        let scale = (squares / (n * rows.ncols() as f64)).sqrt();
        // Rows that are equal have exactly this variance; rounding of the mean may leave another one.
        let first = rows.rows().into_iter().next()?;
        if rows.rows().into_iter().all(|row| row == first) {
            return None;
        }
        Some(Self { mean: mean.mapv(|mean| mean as f32), scale: scale as f32 })
    }

    pub fn applied(&self, rows: ArrayView2<f32>) -> Array2<f32> {
        (&rows - &self.mean.view().insert_axis(Axis(0))) / self.scale
    }
}
