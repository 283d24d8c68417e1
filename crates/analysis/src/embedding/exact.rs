//! # The gradient of t-SNE, exactly
//!
//! ```text
//! y_i, 2 values: the place of point i in the map       p_ij: its affinities (affinities.rs), with the sum 1
//! w_ij = 1 / (1 + ‖y_i − y_j‖²)     Z = Σ_{k≠l} w_kl     q_ij = w_ij / Z      affinities in the map
//! C = KL(P‖Q) = Σ_{i≠j} p_ij·ln(p_ij / q_ij)
//!   = Σ p_ij·ln p_ij − Σ p_ij·ln w_ij + ln Z                     because Σ p_ij = 1
//! ```
//!
//! Only the last two terms depend on y. Let D = ‖y_i − y_j‖². Both (i, j) and (j, i) are pairs in the sums, hence the
//! factors 2:
//!
//! ```text
//! ∂w_ij/∂D = −w_ij²        ∂(−ln w_ij)/∂D = w_ij        ∂D/∂y_i = 2·(y_i − y_j)
//! ∂(−Σ p·ln w)/∂y_i = Σ_j 2·p_ij·w_ij·2·(y_i − y_j)
//! ∂(ln Z)/∂y_i      = 1/Z · Σ_j 2·(−w_ij²)·2·(y_i − y_j) = −Σ_j 4·q_ij·w_ij·(y_i − y_j)
//! ∂C/∂y_i = 4·Σ_j (p_ij − q_ij)·(y_i − y_j) / (1 + ‖y_i − y_j‖²)
//!         = 4·( Σ_j p_ij·w_ij·(y_i − y_j)  −  1/Z · Σ_j w_ij²·(y_i − y_j) )
//!               attraction                     repulsion
//! ```
//!
//! The last form needs Z only at the end, so one pass over all pairs computes everything. Early exaggeration multiplies
//! all p_ij, and so the attraction, by a factor.
//!
//! Source: van der Maaten & Hinton, "Visualizing data using t-SNE", JMLR 9 (2008), with the derivation in its appendix.

use std::array::from_fn;

use ndarray::ArrayView2;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

/// The number of sums that are computed side by side. The order of all additions is fixed by it.
const LANES: usize = 2;
/// The number of pairs that are computed together.
const BLOCK: usize = 64;
/// Values of that many pairs.
type Block = [f64; BLOCK];
/// A coordinate so large that w = 1/(1 + 2·10²⁴⁰) adds nothing to a sum of which 1 is a part.
const FAR: f64 = 1e120;
/// The number of points that one thread computes at a time.
const ROWS: usize = 16;

/// Writes ∂C/∂y_i of each point to `gradient`, with all p_ij multiplied by `exaggeration`. Shapes: p n×n.
///
/// ```
/// use handgrad_analysis::embedding::exact::gradient;
///
/// // Two points attract each other with p_ij − q_ij = 0: Q, like P, is ½ for both pairs.
/// let p = ndarray::array![[0.0, 0.5], [0.5, 0.0]];
/// let mut found = [[1.0; 2]; 2];
/// gradient(p.view(), &[[0.0, 0.0], [3.0, 4.0]], 1.0, &mut found);
/// assert_eq!(found, [[0.0; 2]; 2]);
/// ```
///
/// # Panics
/// If p is not n×n, or not in rows, for n points.
pub fn gradient(p: ArrayView2<f64>, y: &[[f64; 2]], exaggeration: f64, gradient: &mut [[f64; 2]]) {
    assert_eq!(p.dim(), (y.len(), y.len()), "one affinity for each pair of points");
    let p = p.to_slice().expect("affinities in rows");
    let [xs, ys]: [Vec<f64>; 2] = [0, 1].map(|axis| y.iter().map(|point| point[axis]).collect());
    let mut forces = vec![Forces::default(); y.len()];
    forces.par_iter_mut().with_min_len(ROWS).enumerate().for_each(|(i, forces)| {
        *forces = forces_on(y[i], &p[i * y.len()..][..y.len()], &xs, &ys);
    });
    // The pair (i, i) added w_ii = 1.
    let z: f64 = forces.iter().map(|forces| forces.z - 1.0).sum();
    for (gradient, Forces { attraction, repulsion, .. }) in gradient.iter_mut().zip(forces) {
        *gradient = [0, 1].map(|axis| 4.0 * (exaggeration * attraction[axis] - repulsion[axis] / z));
    }
}

/// The sums over all j for one point i.
#[derive(Clone, Copy, Debug, Default)]
struct Forces {
    /// Σ_j p_ij·w_ij·(y_i − y_j)
    attraction: [f64; 2],
    /// Σ_j w_ij²·(y_i − y_j)
    repulsion: [f64; 2],
    /// Σ_j w_ij, with j = i
    z: f64,
}

fn forces_on(y: [f64; 2], p: &[f64], xs: &[f64], ys: &[f64]) -> Forces {
    let mut sums = [[0.0; LANES]; 5];
    let ((p_blocks, p_rest), (x_blocks, x_rest), (y_blocks, y_rest)) =
        (p.as_chunks::<BLOCK>(), xs.as_chunks::<BLOCK>(), ys.as_chunks::<BLOCK>());
    for ((p, xs), ys) in p_blocks.iter().zip(x_blocks).zip(y_blocks) {
        add(y, p, xs, ys, &mut sums);
    }
    // The pairs that are left over, filled up with points of p = 0 that are so far away that their w is 0.
    if !p_rest.is_empty() {
        let filled = |rest: &[f64], fill: f64| from_fn(|at| rest.get(at).copied().unwrap_or(fill));
        add(y, &filled(p_rest, 0.0), &filled(x_rest, FAR), &filled(y_rest, FAR), &mut sums);
    }
    let [ax, ay, rx, ry, z] = sums.map(|lanes| lanes.iter().sum());
    Forces { attraction: [ax, ay], repulsion: [rx, ry], z }
}

/// Adds the terms of a block of pairs. There is a loop for w and one for each kind of sum, so that the compiler can
/// compute several pairs with one instruction.
fn add(y: [f64; 2], p: &Block, xs: &Block, ys: &Block, sums: &mut [[f64; LANES]; 5]) {
    let [mut dx, mut dy, mut w] = [[0.0; BLOCK]; 3];
    for j in 0..BLOCK {
        dx[j] = y[0] - xs[j];
        dy[j] = y[1] - ys[j];
        w[j] = 1.0 / (1.0 + dx[j] * dx[j] + dy[j] * dy[j]);
    }
    for first in (0..BLOCK).step_by(LANES) {
        for lane in 0..LANES {
            let j = first + lane;
            let pw = p[j] * w[j];
            sums[0][lane] += pw * dx[j];
            sums[1][lane] += pw * dy[j];
        }
    }
    for first in (0..BLOCK).step_by(LANES) {
        for lane in 0..LANES {
            let j = first + lane;
            let ww = w[j] * w[j];
            sums[2][lane] += ww * dx[j];
            sums[3][lane] += ww * dy[j];
            sums[4][lane] += w[j];
        }
    }
}

/// Returns C, the Kullback–Leibler divergence of the map `y` from the affinities `p`, n×n. Pairs with p_ij = 0 add
/// nothing to it.
#[must_use]
pub fn divergence(p: ArrayView2<f64>, y: &[[f64; 2]]) -> f64 {
    let of_row = |i: usize| {
        let (mut sum, mut z) = (0.0, 0.0);
        for (j, &p) in p.row(i).iter().enumerate().filter(|(j, _)| *j != i) {
            let one_over_w = 1.0 + squared_distance(y[i], y[j]);
            z += 1.0 / one_over_w;
            if p > 0.0 {
                sum += p * (p * one_over_w).ln();
            }
        }
        [sum, z]
    };
    let rows: Vec<[f64; 2]> = (0..y.len()).into_par_iter().map(of_row).collect();
    let [sum, z] = [0, 1].map(|at| rows.iter().map(|row| row[at]).sum::<f64>());
    sum + z.ln() * p.sum()
}

pub(super) fn squared_distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let d = [a[0] - b[0], a[1] - b[1]];
    d[0] * d[0] + d[1] * d[1]
}
