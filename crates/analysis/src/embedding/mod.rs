//! # Maps of points with many values in two dimensions, and how far they can be trusted
//!
//! ```text
//! affinities.rs    which points are neighbours, as probabilities P                 perplexity
//! exact.rs         the gradient of KL(P‖Q) over all pairs of points                 up to 5,000 points
//! barnes_hut.rs    nearly the same gradient, from a tree of squares                 more points
//! optimize.rs      gradient descent with early exaggeration, momentum and gains
//! trust.rs         which neighbours in the map are neighbours in the data, and the reverse
//! ```
//!
//! t-SNE looks for places y_i in the plane such that points that are neighbours in the data are neighbours in the map.
//! It keeps neighbourhoods and nothing else. The sizes of clusters and the distances between clusters in the map have
//! no meaning by themselves (Wattenberg, Viégas & Johnson, "How to use t-SNE effectively", Distill 2016).

pub mod affinities;
pub mod barnes_hut;
pub mod exact;
pub mod optimize;
pub mod trust;

use ndarray::ArrayView2;

use barnes_hut::{BarnesHut, THETA};
use optimize::{Objective, descend};

use crate::neighbours::Sparse;

/// Up to this many points, the gradient is computed exactly.
pub const EXACT: usize = 5000;

/// How the gradient is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gradient {
    /// Over all pairs of points.
    Exact,
    /// By Barnes–Hut with θ = 0.5.
    BarnesHut,
}

impl Gradient {
    /// The usual one for a number of points.
    #[must_use]
    pub fn of(points: usize) -> Self {
        if points <= EXACT { Self::Exact } else { Self::BarnesHut }
    }
}

/// A map of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The places of the points, one for each row.
    pub points: Vec<[f64; 2]>,
    /// The number of steps and the Kullback–Leibler divergence after them, of the affinities without exaggeration.
    pub curve: Vec<(usize, f64)>,
}

impl Embedding {
    /// The Kullback–Leibler divergence of the map.
    #[must_use]
    pub fn divergence(&self) -> f64 {
        self.curve.last().map_or(f64::NAN, |last| last.1)
    }
}

/// Makes a map of `rows` (n×d) by t-SNE. Calls `observe` with the number of steps that are made and the divergence,
/// every [`optimize::RECORDED`] of [`optimize::STEPS`] steps. Returns `None` if there are not more than 3·perplexity
/// rows, if the perplexity is not above 1, or if a value is not finite.
///
/// ```
/// use handgrad_analysis::embedding::{Gradient, tsne};
///
/// // Two groups of ten points, far apart.
/// let rows = ndarray::Array2::from_shape_fn((20, 3), |(i, j)| (i / 10 * 100 + (7 * i + 3 * j) % 10) as f32);
/// let map = tsne(rows.view(), 3.0, 0, Gradient::Exact, &mut |_, _| ()).expect("enough points").points;
/// let distance = |a: usize, b: usize| (map[a][0] - map[b][0]).hypot(map[a][1] - map[b][1]);
/// assert!((1..10).all(|near| (10..20).all(|far| distance(0, near) < distance(0, far))));
/// ```
#[must_use]
pub fn tsne(
    rows: ArrayView2<f32>,
    perplexity: f64,
    seed: u64,
    gradient: Gradient,
    observe: &mut dyn FnMut(usize, f64),
) -> Option<Embedding> {
    let mut points = optimize::start(rows, seed)?;
    let mut curve = Vec::new();
    let mut record = |steps: usize, divergence: f64| {
        curve.push((steps, divergence));
        observe(steps, divergence);
    };
    let p = affinities::sparse(rows, perplexity)?;
    match gradient {
        Gradient::Exact => descend(&mut OfAllPairs(p), &mut points, &mut record),
        Gradient::BarnesHut => descend(&mut ByTree(p, BarnesHut::default()), &mut points, &mut record),
    }
    Some(Embedding { points, curve })
}

/// The exact gradient.
struct OfAllPairs(Sparse);

impl Objective for OfAllPairs {
    fn gradient(&mut self, y: &[[f64; 2]], exaggeration: f64, gradient: &mut [[f64; 2]]) {
        exact::gradient(&self.0, y, exaggeration, gradient);
    }

    fn divergence(&mut self, y: &[[f64; 2]]) -> f64 {
        exact::divergence(&self.0, y)
    }
}

/// The gradient by Barnes–Hut.
struct ByTree(Sparse, BarnesHut);

impl Objective for ByTree {
    fn gradient(&mut self, y: &[[f64; 2]], exaggeration: f64, gradient: &mut [[f64; 2]]) {
        self.1.gradient(&self.0, y, THETA, exaggeration, gradient);
    }

    fn divergence(&mut self, y: &[[f64; 2]]) -> f64 {
        self.1.divergence(&self.0, y, THETA)
    }
}
