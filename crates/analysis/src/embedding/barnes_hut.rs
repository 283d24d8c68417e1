//! # The gradient of t-SNE for many points: Barnes–Hut
//!
//! ```text
//! ∂C/∂y_i = 4·( Σ_j p_ij·w_ij·(y_i − y_j)  −  1/Z · Σ_j w_ij²·(y_i − y_j) )      (exact.rs)
//! ```
//!
//! The attraction is computed as in exact.rs. The repulsion has n terms for each point. Points that are close together
//! and far from y_i act on it almost as if all were at their mean. So the plane is divided into a tree of squares, each
//! with its number of points N and their mean ȳ:
//!
//! ```text
//! a square with side s, and w̄ = 1/(1 + ‖y_i − ȳ‖²):
//!   if s / ‖y_i − ȳ‖ < θ:    Σ_{j in the square} w_ij²·(y_i − y_j) ≈ N·w̄²·(y_i − ȳ)
//!                            Σ_{j in the square} w_ij              ≈ N·w̄
//!   otherwise:               its four quarters in the same way; single points in the smallest squares
//! ```
//!
//! θ = 0 would be exact. A square that contains y_i itself is never taken as a whole: its mean is at most √2·s away, so
//! s / ‖y_i − ȳ‖ ≥ 0.7 > θ. Then the term of the pair (i, i), which is w_ii = 1 in Z and 0 in the sum, is always
//! computed exactly, and is subtracted from Z.
//!
//! The tree is made from the Morton code of each point: the bits of its two coordinates, alternating. Sorted by this
//! code, the points of a square are neighbours in the list, for squares of any size. A square of points that all have
//! the same code is not divided further, so coincident points are no problem.
//!
//! The sums for one point do not depend on those for the others, and Z is added up point by point. So the results do
//! not depend on the number of threads.
//!
//! Sources: Barnes & Hut, "A hierarchical O(N log N) force-calculation algorithm", Nature 324 (1986); van der Maaten,
//! "Accelerating t-SNE using tree-based algorithms", JMLR 15 (2014); Morton, "A computer oriented geodetic data base
//! and a new technique in file sequencing" (1966).

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::exact::{attract, divergence_by};
use crate::neighbours::Sparse;

/// The usual θ.
pub const THETA: f64 = 0.5;
/// The largest θ for which a square that contains a point is never taken as a whole for it.
const LARGEST_THETA: f64 = 0.7;
/// A square with at most this many points is not divided.
const LEAF: usize = 4;
/// The bits of each coordinate in a Morton code.
const BITS: u32 = 32;
/// The number of points that one thread computes at a time.
const ROWS: usize = 128;

/// A square of the tree.
#[derive(Clone, Copy, Debug)]
struct Square {
    /// ȳ
    mean: [f64; 2],
    /// (s/θ)²: the square is taken as a whole by points whose squared distance from ȳ is larger.
    reach: f64,
    /// N
    count: f64,
    /// The number of the first square after this one and its parts.
    next: u32,
    /// For a square that is not divided, its points: the position of the first in the sorted list, and their number.
    first: u32,
    points: u32,
}

/// The memory of the method, which is used again in every step.
#[derive(Clone, Debug, Default)]
pub struct BarnesHut {
    /// The squares. Each is followed by its quarters and theirs.
    squares: Vec<Square>,
    /// The Morton code and the number of each point, sorted.
    order: Vec<(u64, u32)>,
    /// The points in this order.
    sorted: Vec<[f64; 2]>,
    /// The sums of each point in this order.
    forces: Vec<Repulsion>,
}

/// The sums over all j for one point.
#[derive(Clone, Copy, Debug, Default)]
struct Repulsion {
    /// Σ_j w_ij²·(y_i − y_j)
    force: [f64; 2],
    /// Σ_j w_ij, with j = i
    z: f64,
}

impl BarnesHut {
    /// Writes ∂C/∂y_i of each point to `gradient`, with all p_ij multiplied by `exaggeration`. `theta` is from 0 to
    /// 0.7.
    ///
    /// # Panics
    /// If `p`, `y` and `gradient` are not for the same number of points, or if `theta` is out of its range.
    pub fn gradient(&mut self, p: &Sparse, y: &[[f64; 2]], theta: f64, exaggeration: f64, gradient: &mut [[f64; 2]]) {
        assert_eq!((p.len(), gradient.len()), (y.len(), y.len()), "affinities and gradients of all points");
        let z = self.repulsions(y, theta);
        // Back to the order of the points: each has one place in the sorted list.
        for (&(_, i), forces) in self.order.iter().zip(&self.forces) {
            gradient[i as usize] = forces.force;
        }
        attract(p, y, exaggeration, z, gradient);
    }

    /// Returns C, the Kullback–Leibler divergence of the map `y` from the affinities. Only Z is approximate.
    #[must_use]
    pub fn divergence(&mut self, p: &Sparse, y: &[[f64; 2]], theta: f64) -> f64 {
        divergence_by(p, y, self.repulsions(y, theta))
    }

    /// Computes the sums of all points, and returns Z.
    fn repulsions(&mut self, y: &[[f64; 2]], theta: f64) -> f64 {
        assert!((0.0..=LARGEST_THETA).contains(&theta), "θ is {theta}, but must be from 0 to {LARGEST_THETA}");
        self.plant(y, theta);
        let (squares, sorted) = (&self.squares, &self.sorted);
        self.forces.resize(y.len(), Repulsion::default());
        self.forces.par_iter_mut().with_min_len(ROWS).zip(sorted).for_each(|(forces, &y)| {
            *forces = repulsion_on(y, squares, sorted);
        });
        self.forces.iter().map(|forces| forces.z - 1.0).sum()
    }

    /// Makes the tree.
    fn plant(&mut self, y: &[[f64; 2]], theta: f64) {
        let [low, high] = [f64::min as fn(f64, f64) -> f64, f64::max]
            .map(|pick| [0, 1].map(|axis| y.iter().map(|point| point[axis]).reduce(pick).unwrap_or(0.0)));
        let side = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
        let scale = f64::from(u32::MAX) / side;
        let code = |point: [f64; 2]| {
            let [x, y] = [0, 1].map(|axis| spread(((point[axis] - low[axis]) * scale) as u32));
            x | y << 1
        };
        if self.order.len() != y.len() {
            self.order = (0..y.len() as u32).map(|i| (0, i)).collect();
        }
        // The order of the step before is nearly that of this one, which makes sorting fast.
        self.order.iter_mut().for_each(|(old, i)| *old = code(y[*i as usize]));
        self.order.sort();
        self.sorted.clear();
        self.sorted.extend(self.order.iter().map(|&(_, i)| y[i as usize]));
        self.squares.clear();
        let tree = &mut Tree { order: &self.order, sorted: &self.sorted, squares: &mut self.squares, side, theta };
        if !y.is_empty() {
            tree.grow(0, y.len());
        }
    }
}

/// A tree that is being made.
struct Tree<'a> {
    order: &'a [(u64, u32)],
    sorted: &'a [[f64; 2]],
    squares: &'a mut Vec<Square>,
    /// The side of the square that contains all points.
    side: f64,
    theta: f64,
}

impl Tree<'_> {
    /// Adds the smallest square that contains the points from `first` to before `end` in the sorted list, and its
    /// parts.
    fn grow(&mut self, first: usize, end: usize) {
        // The bits in which the first and the last code agree are those of all codes between them. Two of them are one
        // division into quarters.
        let differing = self.order[first].0 ^ self.order[end - 1].0;
        let divisions = (differing.leading_zeros() / 2).min(BITS);
        let side = self.side / f64::from(divisions).exp2();
        let reach = (side / self.theta).powi(2);
        let at = self.squares.len();
        let is_leaf = end - first <= LEAF || differing == 0;
        let count = (end - first) as f64;
        let points = if is_leaf { end - first } else { 0 };
        let (first_point, points) = (first as u32, points as u32);
        self.squares.push(Square { mean: [0.0; 2], reach, count, next: 0, first: first_point, points });
        let mut sum = [0.0; 2];
        if is_leaf {
            self.sorted[first..end].iter().for_each(|point| [0, 1].iter().for_each(|&axis| sum[axis] += point[axis]));
        } else {
            // The two bits that decide the quarter.
            let shift = 2 * (BITS - 1 - divisions);
            let mut from = first;
            while from < end {
                let quarter = self.order[from].0 >> shift;
                let to = from + self.order[from..end].partition_point(|(code, _)| code >> shift == quarter);
                let part = self.squares.len();
                self.grow(from, to);
                let Square { mean, count, .. } = self.squares[part];
                [0, 1].iter().for_each(|&axis| sum[axis] += count * mean[axis]);
                from = to;
            }
        }
        self.squares[at].mean = sum.map(|sum| sum / count);
        self.squares[at].next = self.squares.len() as u32;
    }
}

/// The sums over all points for the point at `y`.
fn repulsion_on(y: [f64; 2], squares: &[Square], sorted: &[[f64; 2]]) -> Repulsion {
    let mut sums = Repulsion::default();
    let mut add = |d: [f64; 2], squared: f64, count: f64| {
        let w = 1.0 / (1.0 + squared);
        let nw = count * w;
        sums.z += nw;
        sums.force[0] += nw * w * d[0];
        sums.force[1] += nw * w * d[1];
    };
    let mut at = 0;
    while let Some(square) = squares.get(at) {
        let d = [y[0] - square.mean[0], y[1] - square.mean[1]];
        let squared = d[0] * d[0] + d[1] * d[1];
        if squared > square.reach {
            add(d, squared, square.count);
            at = square.next as usize;
            continue;
        }
        for other in &sorted[square.first as usize..][..square.points as usize] {
            let d = [y[0] - other[0], y[1] - other[1]];
            add(d, d[0] * d[0] + d[1] * d[1], 1.0);
        }
        at += 1;
    }
    sums
}

/// Puts a 0 between every two bits.
fn spread(bits: u32) -> u64 {
    let mut x = u64::from(bits);
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | x << 2) & 0x3333_3333_3333_3333;
    (x | x << 1) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn bits_are_spread() {
        for bits in [0, 1, 0b1011, u32::MAX, 0x8000_0001] {
            let spread = spread(bits);
            let expected: u64 = (0..32).map(|bit| u64::from(bits >> bit & 1) << (2 * bit)).sum();
            assert_eq!(spread, expected);
        }
    }
}
