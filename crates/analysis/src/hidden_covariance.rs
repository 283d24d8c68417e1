//! # Hidden covariance: how differently an untrained recurrent network answers to different samples
//!
//! ```text
//! h_i                                       the state after the last step of sample i, n values
//! R_ij = Σ (h_i − mean h_i)·(h_j − mean h_j) / √( Σ (h_i − mean h_i)² · Σ (h_j − mean h_j)² )   N×N, over the n values
//! S = −Σ_i ( ln(λ_i + k) + 1/(λ_i + k) )    λ: eigenvalues of R,  k = 10⁻⁵
//! ```
//!
//! If all states are uncorrelated, R is the identity and S is at its largest, about −N. Every direction that the states
//! lack makes an eigenvalue 0 and costs 1/k: among N > n − 1 states that is so for at least N − n + 1 of them, so only
//! scores of the same N can be compared, and mostly they count directions. Nothing is trained and no loss is looked at.
//!
//! Slides: CE6146 "Recent RNN Architectures (1/2)". Source: Serianni & Kalita, "Training-free neural architecture
//! search for RNNs and transformers", ACL 2023; the sum over eigenvalues is that of Mellor et al., "Neural architecture
//! search without training" (2020).

use nalgebra::DMatrix;
use ndarray::ArrayView2;

/// Keeps a direction that is not there from costing without end.
const K: f64 = 1e-5;

/// S of states, one a row. None if there are none, or one of them is the same in all its values or no number.
#[must_use]
pub fn hidden_covariance(states: ArrayView2<f32>) -> Option<f64> {
    let (count, units) = states.dim();
    if count == 0 {
        return None;
    }
    let mut centred = DMatrix::from_fn(count, units, |i, j| f64::from(states[[i, j]]));
    for mut state in centred.row_iter_mut() {
        let mean = state.mean();
        state.add_scalar_mut(-mean);
        let norm = state.norm();
        if !(norm > 0.0 && norm.is_finite()) {
            return None;
        }
        state /= norm;
    }
    let correlations = &centred * centred.transpose();
    let eigenvalues = correlations.symmetric_eigenvalues();
    // Rounding makes some of the zeros negative.
    let term = |value: &f64| (value.max(0.0) + K).ln() + 1.0 / (value.max(0.0) + K);
    Some(-eigenvalues.iter().map(term).sum::<f64>())
}
