//! # Gradient descent for t-SNE
//!
//! ```text
//! g = ∂C/∂y, at the affinities p multiplied by the exaggeration e
//! gain ← gain + 0.2           where g and the last step u have different signs      of each coordinate of each point
//!        0.8·gain + 0.01      elsewhere
//! u ← α·u − η·gain·g          y ← y + u − (the mean of all y + u)
//! ```
//!
//! A gain grows while a coordinate keeps moving downhill: u is a step *down*, so its sign differs from that of g.
//!
//! ```text
//! phase                   steps     e      α      η
//! early exaggeration        250    12    0.5     max(n/12, 50) / 4
//! the map itself            750     1    0.8     max(n, 50) / 4
//! ```
//!
//! Exaggeration draws the points of a cluster together while the map is still small, so that clusters can pass through
//! each other. Its learning rate is that of Belkina et al.; they and most programs leave out the factor 4 of the
//! gradient, which is here, so η is divided by 4. No point moves farther than 5 in one step, as in openTSNE.
//!
//! The start is the first two principal components, scaled to a standard deviation of 10⁻⁴ in the first one, and with a
//! hundredth of that added at random, so that equal points and points on a line can part. Starting there keeps
//! more of the arrangement of the clusters than a random start (Kobak & Berens).
//!
//! Sources: van der Maaten & Hinton, JMLR 9 (2008); Jacobs, "Increased rates of convergence through learning rate
//! adaptation", Neural Networks 1 (1988), for the gains; Belkina et al., "Automated optimized parameters for t-SNE",
//! Nature Communications 10 (2019); Kobak & Berens, "The art of using t-SNE for single-cell transcriptomics", ibid.

use ndarray::ArrayView2;

use crate::{Pca, Random};

/// A number of steps and how they are made.
#[derive(Clone, Copy, Debug)]
struct Phase {
    steps: usize,
    exaggeration: f64,
    momentum: f64,
}

const PHASES: [Phase; 2] =
    [Phase { steps: 250, exaggeration: 12.0, momentum: 0.5 }, Phase { steps: 750, exaggeration: 1.0, momentum: 0.8 }];
/// The number of all steps.
pub const STEPS: usize = PHASES[0].steps + PHASES[1].steps;
/// C is computed after every so many steps.
pub const RECORDED: usize = 25;
/// The smallest learning rate, without the factor of the gradient.
const LEAST_RATE: f64 = 50.0;
/// The factor of the gradient.
const FACTOR: f64 = 4.0;
/// The longest step of a point.
const LONGEST: f64 = 5.0;
/// The standard deviation of the start along its first axis.
const START: f64 = 1e-4;
/// The part of it that is added at random.
const JITTER: f64 = 0.01;

/// Returns where the points in `rows` (n×d) start. Returns `None` if a value is not finite, or if there are no points.
#[must_use]
pub fn start(rows: ArrayView2<f32>, seed: u64) -> Option<Vec<[f64; 2]>> {
    let pca = Pca::fit(rows, rows.ncols().min(2))?;
    let codes = pca.codes(rows);
    let first = |i: usize| codes.get((i, 0)).map_or(0.0, |&value| f64::from(value));
    let n = rows.nrows() as f64;
    // The mean of each component is 0.
    let deviation = ((0..rows.nrows()).map(|i| first(i).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 0.0 { START / deviation } else { 0.0 };
    let mut random = Random::new(seed, 0);
    let mut place = |i: usize, axis: usize| {
        let component = codes.get((i, axis)).map_or(0.0, |&value| f64::from(value));
        scale * component + START * JITTER * (2.0 * random.uniform() - 1.0)
    };
    Some((0..rows.nrows()).map(|i| [place(i, 0), place(i, 1)]).collect())
}

/// Computes C and its gradient for a map.
pub(super) trait Objective {
    /// Writes ∂C/∂y at the affinities multiplied by `exaggeration`.
    fn gradient(&mut self, y: &[[f64; 2]], exaggeration: f64, gradient: &mut [[f64; 2]]);
    /// C itself.
    fn divergence(&mut self, y: &[[f64; 2]]) -> f64;
}

/// Moves the points `y` downhill. Calls `observe` with the number of steps that are made and C, every
/// [`RECORDED`] steps.
pub(super) fn descend(objective: &mut dyn Objective, y: &mut [[f64; 2]], observe: &mut dyn FnMut(usize, f64)) {
    let n = y.len() as f64;
    let mut gradient = vec![[0.0; 2]; y.len()];
    let mut last = vec![[0.0; 2]; y.len()];
    let mut gains = vec![[1.0; 2]; y.len()];
    let mut made = 0;
    for Phase { steps, exaggeration, momentum } in PHASES {
        let rate = (n / exaggeration).max(LEAST_RATE) / FACTOR;
        // As in openTSNE, each phase starts at rest.
        last.fill([0.0; 2]);
        gains.fill([1.0; 2]);
        for _ in 0..steps {
            objective.gradient(y, exaggeration, &mut gradient);
            for ((u, gains), g) in last.iter_mut().zip(&mut gains).zip(&gradient) {
                for axis in 0..2 {
                    let differ = (u[axis] > 0.0) != (g[axis] > 0.0);
                    gains[axis] = if differ { gains[axis] + 0.2 } else { 0.8 * gains[axis] + 0.01 };
                    u[axis] = momentum * u[axis] - rate * gains[axis] * g[axis];
                }
                let length = u[0].hypot(u[1]);
                if length > LONGEST {
                    *u = u.map(|u| u * LONGEST / length);
                }
            }
            y.iter_mut().zip(&last).for_each(|(y, u)| *y = [y[0] + u[0], y[1] + u[1]]);
            let mean = [0, 1].map(|axis| y.iter().map(|y| y[axis]).sum::<f64>() / n);
            y.iter_mut().for_each(|y| *y = [y[0] - mean[0], y[1] - mean[1]]);
            made += 1;
            if made % RECORDED == 0 {
                observe(made, objective.divergence(y));
            }
        }
    }
}
