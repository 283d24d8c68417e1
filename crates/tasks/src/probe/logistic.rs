//! # Multinomial logistic regression: a linear layer and softmax cross-entropy
//!
//! ```text
//! x_i, d values: a row      c_i < k: its class      W d×k, b k values      Z = X·W + 1·bᵀ, n×k: the logits
//! p_i  = softmax(z_i),  p_ic = the probability that row i is of class c
//! ℓ_i  = −ln p_i,c_i                                              softmax cross-entropy of a one-hot target t_i
//!
//! L(W, b) = ½·‖W‖² + C·Σ_i ℓ_i                                    the larger C, the weaker the penalty
//! L/(C·n) = 1/n·Σ_i ℓ_i + λ/2·‖W‖²,  λ = 1/(C·n)                  what is minimised: it has the same minimum
//!
//! ∂ℓ_i/∂z_i = p_i − t_i            δ_i = (p_i − t_i)/n            see softmax_cross_entropy.rs
//! ∂/∂W = Xᵀ·δ + λ·W                ∂/∂b = Σ_i δ_i                 see dense.rs; b has no penalty
//! ```
//!
//! L is convex, so there is one minimum, which [`lbfgs()`] finds: every value of the gradient is at most 10⁻⁴ there, as
//! in scikit-learn. The rows are divided into blocks of fixed size; the loss and gradient of each block are computed on
//! any thread, in f64, and added in the order of the blocks. So the bits do not depend on the number of threads.
//!
//! scikit-learn's LogisticRegression minimises the same L, with C = 1. If there are only two classes, it has one vector
//! w = W_1 − W_0 and the penalty ½·‖w‖², where this one is ½·‖W_0‖² + ½·‖W_1‖² = ¼·‖w‖²: C here is 2·C there.
//!
//! Slides: DIVE "Applications of Autoencoders", 2: "The latent representation learned by the encoder can be used as a
//! set of features for other tasks, such as classification". Source: Cox, "Some procedures connected with the logistic
//! qualitative response curve", 1966; Alain & Bengio, "Understanding intermediate layers using linear classifier
//! probes", 2016.

use handgrad_analysis::{argmax, lbfgs};
use handgrad_layers::softmax_cross_entropy;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

/// The rows whose products are computed together.
const ROWS: usize = 256;
/// The largest value of the gradient at the minimum.
const TOLERANCE: f64 = 1e-4;
/// The most steps of the search for the minimum.
const STEPS: usize = 1000;

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// W, one class per column.
    pub w: Array2<f64>,
    /// b, one value per class.
    pub b: Vec<f64>,
    /// L/(C·n) at the minimum, in nats per row.
    pub loss: f64,
    /// The number of steps to the minimum.
    pub steps: usize,
    /// Whether the minimum was reached. If not, the classifier is one on the way to it.
    pub is_converged: bool,
}

/// The rows and classes of which L is a function.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// X, n×d.
    pub rows: ArrayView2<'a, f32>,
    /// The class of each row, below `count`.
    pub classes: &'a [u32],
    /// k, the number of classes.
    pub count: usize,
    /// C.
    pub c: f64,
}

impl Problem<'_> {
    /// The number of values of W and b together. W comes first, one row of X's columns after another.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.rows.ncols() + 1) * self.count
    }

    /// Whether there is nothing to fit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns L/(C·n) at θ = (W, b), and writes its gradient.
    ///
    /// # Panics
    /// If θ or the gradient does not have [`len`](Self::len) values, or if there are not as many classes as rows.
    pub fn loss(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (d, k, n) = (self.rows.ncols(), self.count, self.rows.nrows() as f64);
        let (w, b) = theta.split_at(d * k);
        let weights = Array2::from_shape_fn((d, k), |(value, class)| w[value * k + class]);
        let blocks = self.rows.axis_chunks_iter(Axis(0), ROWS).into_par_iter();
        let blocks = blocks.zip(self.classes.par_chunks(ROWS)).with_min_len(1);
        let block = |(rows, classes): (ArrayView2<f32>, &[u32])| {
            let x = rows.mapv(f64::from);
            let z = logits(&x, &weights, b);
            let (mut delta, mut of_row) = (Array2::zeros((classes.len(), k)), vec![0.0; k]);
            let (mut loss, mut target) = (0.0, vec![0.0; k]);
            for ((z, mut delta), &class) in z.chunks_exact(k).zip(delta.rows_mut()).zip(classes) {
                target[class as usize] = 1.0;
                loss += softmax_cross_entropy::forward_backward(z, &target, 1.0 / n, &mut of_row);
                target[class as usize] = 0.0;
                delta.iter_mut().zip(&of_row).for_each(|(to, &value)| *to = value);
            }
            let (dw, db) = (x.t().dot(&delta), delta.sum_axis(Axis(0)));
            (loss, dw.iter().chain(&db).copied().collect())
        };
        let blocks: Vec<(f64, Vec<f64>)> = blocks.map(block).collect();
        gradient.fill(0.0);
        let mut loss = 0.0;
        for (of_block, part) in &blocks {
            loss += of_block;
            gradient.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let lambda = 1.0 / (self.c * n);
        gradient.iter_mut().zip(w).for_each(|(gradient, w)| *gradient += lambda * w);
        loss / n + lambda / 2.0 * w.iter().map(|w| w * w).sum::<f64>()
    }

    /// Finds the minimum of L, to where every value of the gradient is at most 10⁻⁴.
    ///
    /// ```
    /// use handgrad_tasks::probe::logistic::Problem;
    /// use ndarray::array;
    ///
    /// let rows = array![[0.0], [1.0], [4.0], [5.0]];
    /// let fitted = Problem { rows: rows.view(), classes: &[0, 0, 1, 1], count: 2, c: 1.0 }.fit();
    /// assert!(fitted.is_converged);
    /// assert_eq!(fitted.classes(array![[0.5], [4.5]].view()), [0, 1]);
    /// ```
    ///
    /// # Panics
    /// As [`loss`](Self::loss).
    #[must_use]
    pub fn fit(&self) -> Logistic {
        self.fit_to(TOLERANCE)
    }

    /// The same, to where every value of the gradient is at most `tolerance`.
    ///
    /// # Panics
    /// As [`loss`](Self::loss).
    #[must_use]
    pub fn fit_to(&self, tolerance: f64) -> Logistic {
        let (d, k) = (self.rows.ncols(), self.count);
        let found = lbfgs(vec![0.0; self.len()], tolerance, STEPS, |theta, gradient| self.loss(theta, gradient));
        let (w, b) = found.x.split_at(d * k);
        Logistic {
            w: Array2::from_shape_fn((d, k), |(value, class)| w[value * k + class]),
            b: b.to_vec(),
            loss: found.value,
            steps: found.steps,
            is_converged: found.is_converged,
        }
    }
}

impl Logistic {
    /// The probability of each class for each row, n×k.
    ///
    /// # Panics
    /// If the rows do not have as many values as those that were fitted.
    #[must_use]
    pub fn probabilities(&self, rows: ArrayView2<f32>) -> Array2<f64> {
        assert_eq!(rows.ncols(), self.w.nrows(), "rows of the size of the fitting rows");
        let mut all = Array2::zeros((rows.nrows(), self.b.len()));
        let blocks = rows.axis_chunks_iter(Axis(0), ROWS).into_par_iter();
        blocks.zip(all.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter()).for_each(|(rows, mut to)| {
            let mut z = logits(&rows.mapv(f64::from), &self.w, &self.b);
            for (z, mut to) in z.chunks_exact_mut(self.b.len()).zip(to.rows_mut()) {
                softmax_cross_entropy::softmax(z);
                to.iter_mut().zip(z).for_each(|(to, p)| *to = *p);
            }
        });
        all
    }

    /// The most probable class of each row.
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn classes(&self, rows: ArrayView2<f32>) -> Vec<u32> {
        self.probabilities(rows).rows().into_iter().map(|row| argmax(row.iter().copied()) as u32).collect()
    }
}

/// Z = X·W + 1·bᵀ, one row after another.
fn logits(x: &Array2<f64>, w: &Array2<f64>, b: &[f64]) -> Vec<f64> {
    let z = x.dot(w) + ArrayView1::from(b);
    z.iter().copied().collect()
}
