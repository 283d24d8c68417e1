//! # PCA: the linear map to k numbers with the smallest reconstruction error
//!
//! ```text
//! m = 1/n · Σ x_i                       the mean sample
//! C = 1/n · Σ (x_i − m)·(x_i − m)ᵀ      the covariance, d×d
//! C·v_j = λ_j·v_j,   λ₁ ≥ λ₂ ≥ …        its eigenvectors: the principal components, orthonormal
//! code  h_j = v_j·(x − m),  j ≤ k       reconstruction  x̂ = m + Σ_j h_j·v_j
//! Σ_i ‖x_i − x̂_i‖² / n = Σ_{j>k} λ_j    the error; no linear map to k numbers and back has a smaller one
//! ```
//!
//! A linear autoencoder with squared error learns the same subspace, but not the same axes in it (Baldi & Hornik 1989).
//! PCA is the baseline for all other autoencoders. Slides: KERAS and UTMIST on dimensionality reduction. Source:
//! Hotelling (1933).

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::{Array2, ArrayView2, Axis};

/// The mean of some samples and their first principal components.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: DVector<f64>,
    /// The components, d×k, one per column.
    components: DMatrix<f64>,
}

/// The number of samples that are converted to f64 at a time.
const CHUNK: usize = 2048;

impl Pca {
    /// Fits `k` components to `samples`, one sample per row. Returns `None` if there are no samples, if a sample has
    /// fewer than `k` values, or if a value is not finite.
    #[must_use]
    pub fn fit(samples: ArrayView2<f32>, k: usize) -> Option<Self> {
        let (n, d) = samples.dim();
        if n == 0 || k > d || samples.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let sum = |column: ndarray::ArrayView1<f32>| column.iter().map(|&x| f64::from(x)).sum::<f64>();
        let mean = DVector::from_iterator(d, samples.columns().into_iter().map(|column| sum(column) / n as f64));
        let mut covariance = DMatrix::zeros(d, d);
        for chunk in samples.axis_chunks_iter(Axis(0), CHUNK) {
            let centred = centred(chunk, &mean);
            covariance.gemm(1.0 / n as f64, &centred, &centred.transpose(), 1.0);
        }
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let components = DMatrix::from_fn(d, k, |i, j| eigen.eigenvectors[(i, order[j])]);
        Some(Self { mean, components })
    }

    /// Returns the reconstruction of each of `samples`, one sample per row.
    ///
    /// # Panics
    /// If the samples do not have as many values as those of [`fit`](Self::fit).
    #[must_use]
    pub fn reconstruct(&self, samples: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(samples.ncols(), self.mean.len(), "samples of the size of those it was fitted to");
        let mut reconstructions = samples.to_owned();
        for mut chunk in reconstructions.axis_chunks_iter_mut(Axis(0), CHUNK) {
            let codes = self.components.transpose() * centred(chunk.view(), &self.mean);
            let back = &self.components * codes;
            chunk.indexed_iter_mut().for_each(|((i, j), value)| *value = (back[(j, i)] + self.mean[j]) as f32);
        }
        reconstructions
    }

    /// Compares the subspace of the components with the span of `directions`, one direction per row. Returns the cosine
    /// of the largest principal angle between the two: 1 if they are the same, 0 if a direction of one is orthogonal to
    /// the other. Returns `None` unless there are as many directions as components, each with d values.
    #[must_use]
    pub fn shared_subspace(&self, directions: ArrayView2<f32>) -> Option<f64> {
        let (d, k) = self.components.shape();
        if directions.dim() != (k, d) || k == 0 {
            return None;
        }
        let basis = DMatrix::from_fn(d, k, |i, j| f64::from(directions[[j, i]])).qr().q();
        let cosines = (basis.transpose() * &self.components).singular_values();
        cosines.iter().copied().min_by(f64::total_cmp)
    }
}

/// Subtracts the mean from samples, one per row, and returns them with one sample per column.
fn centred(samples: ArrayView2<f32>, mean: &DVector<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(mean.len(), samples.nrows(), |i, j| f64::from(samples[[j, i]]) - mean[i])
}
