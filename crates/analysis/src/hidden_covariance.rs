//! # Hidden covariance: how different the states of an untrained recurrent network are for different samples
//!
//! ```text
//! h_i                                       the state after the last step of sample i, n values
//! R_ij = Σ (h_i − mean h_i)·(h_j − mean h_j) / √( Σ (h_i − mean h_i)² · Σ (h_j − mean h_j)² )   N×N, over the n values
//! S = −Σ_i ( ln(λ_i + k) + 1/(λ_i + k) )    λ: eigenvalues of R,  k = 10⁻⁵
//! ```
//!
//! If all states are uncorrelated, R is the identity matrix and S has its largest value, about −N. If the states do not
//! span N dimensions, some eigenvalues are 0, and each of them lowers S by about 1/k. With N > n − 1 states at least
//! N − n + 1 eigenvalues are 0. Therefore only scores with the same N can be compared, and a score mostly counts the
//! dimensions that the states span. The network is not trained, and no loss is computed.
//!
//! Slides: CE6146 "Recent RNN Architectures (1/2)". Source: Serianni & Kalita, "Training-free neural architecture
//! search for RNNs and transformers", ACL 2023; the sum over eigenvalues is that of Mellor et al., "Neural architecture
//! search without training" (2020).

use nalgebra::DMatrix;
use ndarray::ArrayView2;

/// The constant k, which keeps the term of an eigenvalue of 0 finite.
const K: f64 = 1e-5;

/// Returns the score S of states, one state per row. Returns `None` if there are no states, or if a state has equal
/// values only, or a value that is not finite.
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
    // Because of rounding, some eigenvalues that should be 0 are slightly negative.
    let term = |value: &f64| libm::log(value.max(0.0) + K) + 1.0 / (value.max(0.0) + K);
    Some(-eigenvalues.iter().map(term).sum::<f64>())
}
