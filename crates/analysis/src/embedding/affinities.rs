//! # Affinities: which points are neighbours, as probabilities
//!
//! ```text
//! p_{j|i} = e^(−β_i·‖x_i − x_j‖²) / Σ_{l≠i} e^(−β_i·‖x_i − x_l‖²)     how likely i would pick j as its neighbour
//! H_i     = −Σ_j p_{j|i}·ln p_{j|i}                                   the entropy of this choice
//! e^H_i   = perplexity                                                which sets β_i: about so many neighbours count
//! p_ij    = (p_{j|i} + p_{i|j}) / 2n                                  symmetric, with the sum 1
//! ```
//!
//! With s = Σ_j e^(−β·D_j) and D_j = ‖x_i − x_j‖², the entropy is
//!
//! ```text
//! H = −Σ_j p_j·(−β·D_j − ln s) = ln s + β·Σ_j p_j·D_j      dH/dβ = −β·(E[D²] − E[D]²) ≤ 0
//! ```
//!
//! H falls from the logarithm of the number of neighbours at β = 0, so bisection finds β. Nothing changes if the same
//! number is subtracted from all D_j: the smallest one is, so that s ≥ 1. If more points than the perplexity are
//! equally near, H never becomes small enough. Then β becomes so large that only these points count, all alike.
//!
//! Beyond a few times the perplexity all p_{j|i} are nearly 0. So only the k = 3·perplexity nearest ones of each point
//! are kept, and the sums above are over these.
//!
//! Sources: Hinton & Roweis, "Stochastic neighbor embedding", NIPS 2002; van der Maaten & Hinton, "Visualizing data
//! using t-SNE", JMLR 9 (2008); the k nearest: van der Maaten, "Accelerating t-SNE using tree-based algorithms",
//! JMLR 15 (2014).

use ndarray::{ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::nearest_others;
use crate::neighbours::Sparse;

/// How near e^H comes to the perplexity, as a difference of logarithms.
const TOLERANCE: f64 = 1e-10;
/// The most halvings or doublings of β. After so many, β is too large for anything but the nearest points to count.
const HALVINGS: usize = 200;

/// The number of neighbours whose affinities are kept: 3·perplexity, rounded down. There must be at least as many other
/// points.
#[must_use]
pub fn neighbours(perplexity: f64) -> usize {
    (3.0 * perplexity) as usize
}

/// Turns squared distances D_j into p_j with the given perplexity, in place. Returns β.
///
/// ```
/// use handgrad_analysis::embedding::affinities::to_perplexity;
///
/// // Four equally near points and one that is far away: the four share all of the probability.
/// let mut row = [1.0, 1.0, 1.0, 1.0, 50.0];
/// to_perplexity(&mut row, 4.0001);
/// assert!(row[..4].iter().all(|p| (p - 0.25).abs() < 1e-4) && row[4] < 1e-4);
/// ```
pub fn to_perplexity(row: &mut [f64], perplexity: f64) -> f64 {
    let nearest = row.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = row.iter().map(|d| d - nearest).sum::<f64>() / row.len().max(1) as f64;
    // If all are equally far, any β gives the same probabilities.
    let mut beta = if mean > 0.0 { 1.0 / mean } else { 1.0 };
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..HALVINGS {
        let too_much = entropy(row, nearest, beta) - libm::log(perplexity);
        if too_much.abs() < TOLERANCE {
            break;
        }
        if too_much > 0.0 {
            low = beta;
        } else {
            high = beta;
        }
        beta = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * beta };
    }
    row.iter_mut().for_each(|d| *d = libm::exp(-beta * (*d - nearest)));
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|p| *p /= sum);
    beta
}

/// H = ln s + β·E[D], with all D reduced by the smallest.
fn entropy(row: &[f64], nearest: f64, beta: f64) -> f64 {
    let (mut sum, mut weighted) = (0.0, 0.0);
    for d in row {
        let d = d - nearest;
        let p = libm::exp(-beta * d);
        sum += p;
        weighted += p * d;
    }
    libm::log(sum) + beta * weighted / sum
}

/// The number of rows that one thread computes at a time.
const ROWS: usize = 16;

/// Returns p_ij of the pairs in which one point is among the 3·perplexity nearest of the other, for the points in
/// `rows` (n×d). Returns `None` if there are not more than 3·perplexity points, or if a value is not finite.
///
/// ```
/// use handgrad_analysis::embedding::affinities::sparse;
///
/// let rows = ndarray::Array2::from_shape_fn((20, 1), |(i, _)| i as f32);
/// let p = sparse(rows.view(), 2.0).expect("finite values");
/// assert!((p.values.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn sparse(rows: ArrayView2<f32>, perplexity: f64) -> Option<Sparse> {
    let n = check(rows, perplexity)?;
    let found = nearest_others(rows, neighbours(perplexity))?;
    let mut conditional = found.distances;
    let blocks = conditional.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter().with_min_len(1);
    blocks.for_each(|mut block| {
        for mut row in block.rows_mut() {
            row.mapv_inplace(|distance| distance * distance);
            if let Some(row) = row.as_slice_mut() {
                to_perplexity(row, perplexity);
            }
        }
    });
    // Each p_{j|i} is a part of p_ij and of p_ji.
    conditional.mapv_inplace(|p| p / (2 * n) as f64);
    Some(Sparse::symmetric(&found.rows, &conditional))
}

/// The number of points, if affinities are defined for them.
fn check(rows: ArrayView2<f32>, perplexity: f64) -> Option<usize> {
    let is_possible = perplexity > 1.0 && perplexity.is_finite() && neighbours(perplexity) < rows.nrows();
    (is_possible && rows.iter().all(|value| value.is_finite())).then_some(rows.nrows())
}
