//! # PCA: the linear map to k numbers with the smallest reconstruction error
//!
//! ```text
//! m = 1/n · Σ x_i                       the mean sample
//! C = 1/n · Σ (x_i − m)·(x_i − m)ᵀ      the covariance, d×d
//! C·v_j = λ_j·v_j,   λ₁ ≥ λ₂ ≥ …        its eigenvectors: the principal components, orthonormal
//! code  h_j = v_j·(x − m),  j ≤ k       reconstruction  x̂ = m + Σ_j h_j·v_j
//! Σ_i ‖x_i − x̂_i‖² / n = Σ_{j>k} λ_j    the error; no linear map to k numbers and back has a smaller one
//! D² = Σ_{j≤k} h_j² / λ_j               over λ_j > 0; if k = d, the squared Mahalanobis distance of x
//! ```
//!
//! Two scores of anomalies: ‖x − x̂‖² is high if a sample is far from the subspace of the components, and D² is high if
//! its code is unusual, where each component counts in units of its own standard deviation. D² needs no choice of k.
//! The detector PCA of the Python library PyOD computes something else, Σ_j ‖x − v_j‖ · Σ_i λ_i / λ_j. Its value
//! depends on the signs of the components, which are arbitrary. So D² is here, as in the article that PyOD names as its
//! source.
//!
//! A linear autoencoder with squared error learns the same subspace, but not the same axes in it (Baldi & Hornik 1989).
//! PCA is the baseline for all other autoencoders. Slides: KERAS and UTMIST on dimensionality reduction. Source:
//! Hotelling (1933); D² as a score: Shyu et al., "A novel anomaly detection scheme based on principal component
//! classifier" (2003).

use nalgebra::{DMatrix, DVector, DVectorView, SymmetricEigen};
use ndarray::{Array2, ArrayView2, Axis};

/// The mean of some samples and their first principal components.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: DVector<f64>,
    /// The components, d×k, one per column.
    components: DMatrix<f64>,
    /// The variance λ_j along each component; 0 if it is only a rounding error.
    variances: Vec<f64>,
}

/// The number of samples that are converted to f64 at a time.
const CHUNK: usize = 2048;

impl Pca {
    /// Fits `k` components to `samples`, one sample per row. Returns `None` if there are no samples, if a sample has
    /// fewer than `k` values, or if a value is not finite.
    #[must_use]
    pub fn fit(samples: ArrayView2<f32>, k: usize) -> Option<Self> {
        Self::fit_some(samples, |variances| (k <= variances.len()).then_some(k))
    }

    /// Fits the fewest components that explain at least `part` of the variance of `samples`, one sample per row:
    /// λ₁ + … + λ_k ≥ `part` · (λ₁ + … + λ_d). If all samples are equal, there are 0 components. Returns `None` if
    /// there are no samples, if `part` is not in 0..=1, or if a value is not finite.
    ///
    /// ```
    /// use handgrad_analysis::Pca;
    /// use ndarray::array;
    ///
    /// // The variances are 2 and 0.02.
    /// let samples = array![[2.0, 0.0], [-2.0, 0.0], [0.0, 0.2], [0.0, -0.2]];
    /// let pca = Pca::fit_part(samples.view(), 0.9).expect("finite values");
    /// assert_eq!(pca.components(), 1);
    /// ```
    #[must_use]
    pub fn fit_part(samples: ArrayView2<f32>, part: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&part) {
            return None;
        }
        Self::fit_some(samples, |variances| {
            let least = part * variances.iter().sum::<f64>();
            // Added in the same order as above, so that the sum of all is not less than a part of 1.
            let explained = |k: &usize| variances[..*k].iter().sum::<f64>() >= least;
            (0..=variances.len()).find(explained)
        })
    }

    /// Fits as many components as `count` says, given the variances in descending order.
    fn fit_some(samples: ArrayView2<f32>, count: impl FnOnce(&[f64]) -> Option<usize>) -> Option<Self> {
        let (n, d) = samples.dim();
        if n == 0 || samples.iter().any(|value| !value.is_finite()) {
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
        let largest = order.first().map_or(0.0, |&first| eigen.eigenvalues[first]);
        let rounding = n.max(d) as f64 * f64::EPSILON * largest;
        let variance = |&at: &usize| Some(eigen.eigenvalues[at]).filter(|&value| value > rounding).unwrap_or(0.0);
        let mut variances: Vec<f64> = order.iter().map(variance).collect();
        let k = count(&variances)?;
        variances.truncate(k);
        let mut components = DMatrix::from_fn(d, k, |i, j| eigen.eigenvectors[(i, order[j])]);
        for mut component in components.column_iter_mut() {
            if component.iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).is_some_and(|&largest| largest < 0.0) {
                component.neg_mut();
            }
        }
        Some(Self { mean, components, variances })
    }

    /// Returns the mean sample m.
    ///
    /// ```
    /// use handgrad_analysis::Pca;
    /// use ndarray::array;
    ///
    /// let pca = Pca::fit(array![[3.0, 1.0], [5.0, 1.0]].view(), 1).expect("finite values");
    /// assert_eq!((pca.mean(), pca.component(0)), (vec![4.0, 1.0], Some(vec![1.0, 0.0])));
    /// ```
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        self.mean.iter().copied().collect()
    }

    /// Returns the principal component v_j, counted from 0. Its sign is arbitrary. `None` if there are not so many.
    #[must_use]
    pub fn component(&self, j: usize) -> Option<Vec<f64>> {
        (j < self.components.ncols()).then(|| self.components.column(j).iter().copied().collect())
    }

    /// Returns the number of components, k.
    #[must_use]
    pub fn components(&self) -> usize {
        self.variances.len()
    }

    /// Returns the codes h of `samples`, one sample per row: samples×k. The sign of each component is chosen so that
    /// its largest value is positive.
    ///
    /// ```
    /// use handgrad_analysis::Pca;
    /// use ndarray::array;
    ///
    /// let samples = array![[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
    /// let pca = Pca::fit(samples.view(), 1).expect("finite values");
    /// assert_eq!(pca.codes(array![[7.0, 3.0]].view()), array![[7.0]]);
    /// ```
    ///
    /// # Panics
    /// If the samples do not have as many values as those of [`fit`](Self::fit).
    #[must_use]
    pub fn codes(&self, samples: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(samples.ncols(), self.mean.len(), "samples of the size of those it was fitted to");
        let mut all = Array2::zeros((samples.nrows(), self.components()));
        for (chunk, mut to) in samples.axis_chunks_iter(Axis(0), CHUNK).zip(all.axis_chunks_iter_mut(Axis(0), CHUNK)) {
            let codes = self.components.tr_mul(&centred(chunk, &self.mean));
            to.indexed_iter_mut().for_each(|((i, j), value)| *value = codes[(j, i)] as f32);
        }
        all
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

    /// Returns for each of `samples`, one sample per row, the squared error of its reconstruction, ‖x − x̂‖².
    ///
    /// ```
    /// use handgrad_analysis::Pca;
    /// use ndarray::array;
    ///
    /// let samples = array![[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
    /// let pca = Pca::fit(samples.view(), 1).expect("finite values");
    /// let errors = pca.errors(array![[7.0, 3.0]].view());
    /// assert!((errors[0] - 9.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the samples do not have as many values as those of [`fit`](Self::fit).
    #[must_use]
    pub fn errors(&self, samples: ArrayView2<f32>) -> Vec<f64> {
        self.scores(samples, |centred| {
            let codes = self.components.tr_mul(&centred);
            let residuals = centred - &self.components * codes;
            residuals.column_iter().map(|residual| residual.norm_squared()).collect()
        })
    }

    /// Returns for each of `samples`, one sample per row, D² = Σ_j h_j² / λ_j over the components with λ_j > 0. If all
    /// components were fitted, this is the squared Mahalanobis distance from the mean. A λ_j of less than max(n, d) ·
    /// 2⁻⁵² of the largest one is a rounding error and counts as 0, so the columns should have similar standard
    /// deviations.
    ///
    /// ```
    /// use handgrad_analysis::Pca;
    /// use ndarray::array;
    ///
    /// // The variances are 2 and ½.
    /// let samples = array![[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
    /// let pca = Pca::fit(samples.view(), 2).expect("finite values");
    /// let distances = pca.mahalanobis(array![[4.0, 3.0]].view());
    /// assert!((distances[0] - (16.0 / 2.0 + 9.0 / 0.5)).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the samples do not have as many values as those of [`fit`](Self::fit).
    #[must_use]
    pub fn mahalanobis(&self, samples: ArrayView2<f32>) -> Vec<f64> {
        self.scores(samples, |centred| {
            let codes = self.components.tr_mul(&centred);
            let distance = |code: DVectorView<f64>| {
                let terms = code.iter().zip(&self.variances).filter(|(_, variance)| **variance > 0.0);
                terms.map(|(h, variance)| h * h / variance).sum()
            };
            codes.column_iter().map(distance).collect()
        })
    }

    /// The scores of all samples, from those of a chunk of centred samples, one sample per column.
    fn scores(&self, samples: ArrayView2<f32>, of_chunk: impl Fn(DMatrix<f64>) -> Vec<f64>) -> Vec<f64> {
        assert_eq!(samples.ncols(), self.mean.len(), "samples of the size of those it was fitted to");
        let chunks = samples.axis_chunks_iter(Axis(0), CHUNK);
        chunks.flat_map(|chunk| of_chunk(centred(chunk, &self.mean))).collect()
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
