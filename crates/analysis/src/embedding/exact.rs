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
//! all p_ij, and so the attraction, by a factor. The attraction has few terms, because p_ij is 0 for all but a few
//! neighbours. The term of the repulsion changes only its sign if i and j are exchanged, so each pair is computed once:
//!
//! ```text
//!           points J       a block of rows i, and for all j > i, some points J at a time:
//!         ┌ ╲───────┐          w = w_ij
//! block   │   ╲  ■  │          repulsion of i += w²·(y_i − y_j)
//!         └─────╲───┘          repulsion of j −= w²·(y_i − y_j)
//!                 ╲            Z += 2·w
//! ```
//!
//! Each block has its own sums, which are added in the order of the blocks. So the results do not depend on the number
//! of threads.
//!
//! Source: van der Maaten & Hinton, "Visualizing data using t-SNE", JMLR 9 (2008), with the derivation in its appendix.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use crate::neighbours::Sparse;

/// The number of rows of pairs in a block.
const ROWS: usize = 64;
/// The number of points J.
const POINTS: usize = 64;
/// The number of sums that are computed side by side. The order of all additions is fixed by it.
const LANES: usize = 2;

/// Writes ∂C/∂y_i of each point to `gradient`, with all p_ij multiplied by `exaggeration`.
///
/// ```
/// use handgrad_analysis::embedding::exact::gradient;
/// use handgrad_analysis::neighbours::Sparse;
///
/// // Two points attract each other with p_ij − q_ij = 0: Q, like P, is ½ for both pairs.
/// let p = Sparse { starts: vec![0, 1, 2], others: vec![1, 0], values: vec![0.5, 0.5] };
/// let mut found = [[1.0; 2]; 2];
/// gradient(&p, &[[0.0, 0.0], [3.0, 4.0]], 1.0, &mut found);
/// assert!(found.iter().flatten().all(|gradient| gradient.abs() < 1e-15));
/// ```
///
/// # Panics
/// If `p`, `y` and `gradient` are not for the same number of points.
pub fn gradient(p: &Sparse, y: &[[f64; 2]], exaggeration: f64, gradient: &mut [[f64; 2]]) {
    let (repulsion, z) = repulsions(y);
    assert_eq!(gradient.len(), repulsion.len(), "a gradient for each point");
    gradient.copy_from_slice(&repulsion);
    attract(p, y, exaggeration, z, gradient);
}

/// Returns C, the Kullback–Leibler divergence of the map `y` from the affinities `p`. Pairs with p_ij = 0 add nothing
/// to it.
#[must_use]
pub fn divergence(p: &Sparse, y: &[[f64; 2]]) -> f64 {
    divergence_by(p, y, repulsions(y).1)
}

/// Given Σ_j w_ij²·(y_i − y_j) of each point in `gradient`, and Z, writes ∂C/∂y_i there.
pub(super) fn attract(p: &Sparse, y: &[[f64; 2]], exaggeration: f64, z: f64, gradient: &mut [[f64; 2]]) {
    assert_eq!((p.len(), gradient.len()), (y.len(), y.len()), "affinities and gradients of all points");
    gradient.par_iter_mut().with_min_len(ROWS).enumerate().for_each(|(i, gradient)| {
        let repulsion = *gradient;
        let mut attraction = [0.0; 2];
        for (j, p) in p.row(i) {
            let (w, d) = pair(y[i], y[j]);
            attraction = [attraction[0] + p * w * d[0], attraction[1] + p * w * d[1]];
        }
        *gradient = [0, 1].map(|axis| 4.0 * (exaggeration * attraction[axis] - repulsion[axis] / z));
    });
}

/// C, given Z.
pub(super) fn divergence_by(p: &Sparse, y: &[[f64; 2]], z: f64) -> f64 {
    let of_row =
        |i: usize| p.row(i).filter(|(_, p)| *p > 0.0).map(|(j, p)| p * libm::log(p / pair(y[i], y[j]).0)).sum();
    let rows: Vec<f64> = (0..y.len()).into_par_iter().map(of_row).collect();
    rows.iter().sum::<f64>() + libm::log(z) * p.values.iter().sum::<f64>()
}

/// w_ij and y_i − y_j.
fn pair(a: [f64; 2], b: [f64; 2]) -> (f64, [f64; 2]) {
    let d = [a[0] - b[0], a[1] - b[1]];
    (1.0 / (1.0 + d[0] * d[0] + d[1] * d[1]), d)
}

/// Σ_j w_ij²·(y_i − y_j) of each point, and Z.
fn repulsions(y: &[[f64; 2]]) -> (Vec<[f64; 2]>, f64) {
    let axes = [0, 1].map(|axis| y.iter().map(|point| point[axis]).collect::<Vec<f64>>());
    let blocks: Vec<Sums> = (0..y.len().div_ceil(ROWS)).into_par_iter().map(|b| block(&axes, b * ROWS)).collect();
    let (mut forces, mut z) = (vec![[0.0; 2]; y.len()], 0.0);
    for (b, sums) in blocks.iter().enumerate() {
        z += 2.0 * sums.w;
        for (force, (x, y)) in forces[b * ROWS..].iter_mut().zip(sums.axes[0].iter().zip(&sums.axes[1])) {
            *force = [force[0] + x, force[1] + y];
        }
    }
    (forces, z)
}

/// The sums over the pairs of a block.
struct Sums {
    /// Σ w²·(y_i − y_j) along each axis, for all points from the first of the block on.
    axes: [Vec<f64>; 2],
    /// Σ w
    w: f64,
}

/// The pairs (i, j) with j > i, for the points i from `first` on.
fn block(y: &[Vec<f64>; 2], first: usize) -> Sums {
    let [xs, ys] = [0, 1].map(|axis| &y[axis][first..]);
    let n = xs.len();
    let mut sums = Sums { axes: [0, 1].map(|_| vec![0.0; n]), w: 0.0 };
    for from in (0..n).step_by(POINTS) {
        let to = (from + POINTS).min(n);
        for i in 0..ROWS.min(to) {
            let start = from.max(i + 1);
            let [fx, fy] = sums.axes.each_mut().map(|axis| &mut axis[start..to]);
            let [x, y, w] = row([xs[i], ys[i]], [&xs[start..to], &ys[start..to]], [fx, fy]);
            sums.axes[0][i] += x;
            sums.axes[1][i] += y;
            sums.w += w;
        }
    }
    sums
}

/// The pairs of the point at `y` with some other points. Subtracts w²·(y_i − y_j) from the forces on those, and returns
/// its sums along both axes, and that of w. There is a loop for the pairs and one for the sums, so that the compiler
/// can compute several pairs with one instruction.
fn row(y: [f64; 2], [xs, ys]: [&[f64]; 2], [fx, fy]: [&mut [f64]; 2]) -> [f64; 3] {
    let mut pairs = [[0.0; POINTS]; 3];
    let [px, py, pw] = &mut pairs;
    let others = xs.iter().zip(ys).zip(fx).zip(fy);
    for ((((x, y_j), fx), fy), ((px, py), pw)) in others.zip(px.iter_mut().zip(py).zip(pw)) {
        let d = [y[0] - x, y[1] - y_j];
        let w = 1.0 / (1.0 + d[0] * d[0] + d[1] * d[1]);
        let ww = w * w;
        (*px, *py, *pw) = (ww * d[0], ww * d[1], w);
        *fx -= *px;
        *fy -= *py;
    }
    // Where there are fewer pairs, zeros are added.
    pairs.map(|values| {
        let mut lanes = [0.0; LANES];
        for values in values.as_chunks::<LANES>().0 {
            (0..LANES).for_each(|lane| lanes[lane] += values[lane]);
        }
        lanes.iter().sum()
    })
}
