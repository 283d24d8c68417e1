//! # PCA: the linear map to k numbers that loses least
//!
//! ```text
//! m = 1/n · Σ x_i                       the mean sample
//! C = 1/n · Σ (x_i − m)·(x_i − m)ᵀ      the covariance, d×d
//! C·v_j = λ_j·v_j,   λ₁ ≥ λ₂ ≥ …        its eigenvectors: the principal components, orthonormal
//! code  h_j = v_j·(x − m),  j ≤ k       reconstruction  x̂ = m + Σ_j h_j·v_j
//! Σ_i ‖x_i − x̂_i‖² / n = Σ_{j>k} λ_j    what is left out; no linear map to k numbers and back leaves out less
//! ```
//!
//! A linear autoencoder with squared error learns the same subspace, though not these axes of it (Baldi & Hornik 1989). It is
//! the yardstick for all others. Slides: KERAS and UTMIST on dimensionality reduction. Source: Hotelling (1933).

use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2, Axis};

/// The mean of some samples and their first principal components.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Vec<f64>,
    /// d×k, one component a column.
    components: Mat<f64>,
}

/// Samples that are turned into f64 at a time.
const CHUNK: usize = 2048;

impl Pca {
    /// Fits `k` components to `samples`, one a row. None if there are no samples, or fewer than `k` values in each, or the
    /// decomposition does not converge, as with values that are no numbers.
    #[must_use]
    pub fn fit(samples: ArrayView2<f32>, k: usize) -> Option<Self> {
        // One after another: the same bits on any machine with the same instructions.
        faer::set_global_parallelism(faer::Par::Seq);
        let (n, d) = samples.dim();
        if n == 0 || k > d {
            return None;
        }
        let mean: Vec<f64> =
            samples.columns().into_iter().map(|x| x.iter().map(|&x| f64::from(x)).sum::<f64>() / n as f64).collect();
        let mut covariance = Mat::<f64>::zeros(d, d);
        for chunk in samples.axis_chunks_iter(Axis(0), CHUNK) {
            let centred = Mat::from_fn(chunk.nrows(), d, |i, j| f64::from(chunk[[i, j]]) - mean[j]);
            covariance += centred.transpose() * &centred;
        }
        covariance *= faer::Scale(1.0 / n as f64);
        let eigen = covariance.self_adjoint_eigen(Side::Lower).ok()?;
        // They come in rising order.
        let components = Mat::from_fn(d, k, |i, j| eigen.U()[(i, d - 1 - j)]);
        Some(Self { mean, components })
    }

    /// What is left of `samples`, one a row: each replaced by its reconstruction.
    ///
    /// # Panics
    /// If they have another number of values.
    #[must_use]
    pub fn reconstruct(&self, samples: ArrayView2<f32>) -> Array2<f32> {
        let d = self.mean.len();
        assert_eq!(samples.ncols(), d, "samples of the size of those it was fitted to");
        let mut reconstructions = samples.to_owned();
        for mut chunk in reconstructions.axis_chunks_iter_mut(Axis(0), CHUNK) {
            let centred = Mat::from_fn(chunk.nrows(), d, |i, j| f64::from(chunk[[i, j]]) - self.mean[j]);
            let back = (centred * &self.components) * self.components.transpose();
            chunk.indexed_iter_mut().for_each(|((i, j), value)| *value = (back[(i, j)] + self.mean[j]) as f32);
        }
        reconstructions
    }

    /// How much of the components' subspace the span of `directions`, one a row, shares: the cosine of the largest angle
    /// between the two, 1 where they are the same. None if there are not as many directions as components.
    #[must_use]
    pub fn shared_subspace(&self, directions: ArrayView2<f32>) -> Option<f64> {
        let (d, k) = (self.mean.len(), self.components.ncols());
        if directions.dim() != (k, d) || k == 0 {
            return None;
        }
        let directions = Mat::from_fn(d, k, |i, j| f64::from(directions[[j, i]]));
        let basis = directions.qr().compute_thin_Q();
        let cosines = (basis.transpose() * &self.components).singular_values().ok()?;
        cosines.last().copied()
    }
}
