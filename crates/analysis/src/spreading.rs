//! # Label spreading: labels flow along the graph of nearest neighbours
//!
//! ```text
//! A_ij = 1 if j is one of the k nearest rows of i, or i one of those of j; otherwise 0        n×n, symmetric
//! d_i  = Σ_j A_ij
//! S    = D^−½·A·D^−½,  S_ij = A_ij / √(d_i·d_j)               its eigenvalues are in −1..1
//! Y_ic = 1 if row i is labelled and of class c; otherwise 0   n×classes
//!
//! F ← α·S·F + (1 − α)·Y, repeated: a row takes the labels of its neighbours, and labelled rows keep part of their own
//!     converges to F* = (1 − α)·(I − α·S)⁻¹·Y, for 0 < α < 1
//! label of row i = the c with the largest F*_ic               confidence = F*_ic / Σ_c F*_ic
//! ```
//!
//! I − α·S is symmetric, and its eigenvalues are at least 1 − α, so each column of F* is the solution of a positive
//! definite system. Conjugate gradients need about √(1/(1 − α)) steps for each digit, and the repeated formula 1/(1 −
//! α). All columns are computed side by side:
//!
//! ```text
//! (I − α·S)·f = y      f = 0, r = p = y
//! repeat   q = p − α·S·p
//!          a = rᵀr / pᵀq,   f ← f + a·p,   r′ = r − a·q
//!          b = r′ᵀr′ / rᵀr, p ← r′ + b·p
//! until    ‖r‖ ≤ 10⁻¹²·‖y‖
//! ```
//!
//! Two kinds of rows get no label:
//!
//! ```text
//! no path          no labelled row is connected with the row: F* = 0, exactly
//! too far          Σ_c f_ic ≤ Σ_c ‖r_c‖ / (1 − α): what arrives is not larger than the error of the solution
//! ```
//!
//! The second holds because f − (I − α·S)⁻¹·y = −(I − α·S)⁻¹·r, where the inverse has no eigenvalue above 1/(1 − α). F*
//! falls by about the same factor with every edge, so this happens in graphs that are long and thin.
//!
//! Source: Zhou, Bousquet, Lal, Weston & Schölkopf, "Learning with local and global consistency", NIPS 2003
//! (proceedings of 2004), whose α is .99. Conjugate gradients: Hestenes & Stiefel, "Methods of conjugate gradients for
//! solving linear systems", Journal of Research of the National Bureau of Standards 49 (1952). scikit-learn's
//! LabelSpreading computes the same F with `kernel` a function that returns A. Its own `kernel="knn"` is another graph:
//! it is not made symmetric, and each row is one of its own k neighbours; its default α is .2.

use ndarray::Array2;

use crate::Nearest;
use crate::neighbours::Sparse;

/// α of Zhou et al.
pub const ALPHA: f64 = 0.99;
/// The residual of each column, in parts of its right side, at which the solution is exact enough.
const EXACT: f64 = 1e-12;
/// The most steps. Rounding aside, far fewer are needed.
const STEPS: usize = 2000;

/// The symmetric graph of nearest neighbours, normalised: the matrix S.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph(Sparse);

impl Graph {
    /// The graph in which each row is connected with its nearest rows, as [`nearest_others`](crate::nearest_others)
    /// finds them, and with those whose nearest rows it is one of.
    #[must_use]
    pub fn of(nearest: &Nearest) -> Self {
        // The entries of A; their values follow from the degrees alone.
        let mut s = Sparse::symmetric(&nearest.rows, &Array2::ones(nearest.rows.dim()));
        let of_degree: Vec<f64> = s.starts.windows(2).map(|of| 1.0 / ((of[1] - of[0]) as f64).sqrt()).collect();
        for row in 0..s.len() {
            for entry in s.starts[row]..s.starts[row + 1] {
                s.values[entry] = of_degree[row] * of_degree[s.others[entry] as usize];
            }
        }
        Self(s)
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For each row, whether a path of edges leads from it to one of these rows.
    ///
    /// # Panics
    /// If one of them does not exist.
    #[must_use]
    pub fn connected(&self, rows: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut is_connected = vec![false; self.len()];
        let mut open: Vec<usize> = rows.into_iter().map(|row| row as usize).collect();
        open.iter().for_each(|&row| is_connected[row] = true);
        while let Some(row) = open.pop() {
            for (other, _) in self.0.row(row) {
                if !is_connected[other] {
                    is_connected[other] = true;
                    open.push(other);
                }
            }
        }
        is_connected
    }

    /// q ← p − α·S·p, for all columns.
    fn times(&self, alpha: f64, p: &[f64], classes: usize, q: &mut [f64]) {
        q.copy_from_slice(p);
        for (row, q) in q.chunks_exact_mut(classes).enumerate() {
            for (column, value) in self.0.row(row) {
                let p = &p[column * classes..][..classes];
                q.iter_mut().zip(p).for_each(|(q, p)| *q -= alpha * value * p);
            }
        }
    }

    /// Spreads labels. `labels` has pairs of a row and its class, a number below `classes`. Returns for each row how
    /// its label is distributed over the classes, n×classes: the sum is 1, or 0 for a row that gets no label, because
    /// no labelled row is [connected](Self::connected) with it, or because it is too far from all of them.
    ///
    /// ```
    /// use handgrad_analysis::{nearest_others, spreading::{ALPHA, Graph}};
    /// use ndarray::array;
    ///
    /// // Two groups of rows, of which one row each is labelled.
    /// let rows = array![[0.0], [1.0], [2.0], [8.0], [9.0], [10.0]];
    /// let graph = Graph::of(&nearest_others(rows.view(), 2).expect("finite values"));
    /// let found = graph.spread(&[(0, 0), (5, 1)], 2, ALPHA);
    /// assert!(found.row(2)[0] == 1.0 && found.row(3)[1] == 1.0);
    /// ```
    ///
    /// # Panics
    /// If a row or a class does not exist, if there are no classes, or if α is not between 0 and 1.
    #[must_use]
    pub fn spread(&self, labels: &[(u32, u32)], classes: usize, alpha: f64) -> Array2<f64> {
        assert!(alpha > 0.0 && alpha < 1.0, "α is between 0 and 1");
        assert!(classes > 0, "at least one class");
        let mut f = Array2::zeros((self.len(), classes));
        let mut r = vec![0.0; f.len()];
        for &(row, class) in labels {
            assert!((class as usize) < classes, "a class below {classes}");
            r[row as usize * classes + class as usize] = 1.0;
        }
        self.solve(alpha, classes, &mut r, f.as_slice_mut().unwrap_or_default());
        let norms: f64 = products(&r, &r, classes).into_iter().map(f64::sqrt).sum();
        let error = norms / (1.0 - alpha);
        for mut row in f.rows_mut() {
            // Rounding makes some values of almost 0 negative.
            row.mapv_inplace(|value: f64| value.max(0.0));
            let sum = row.sum();
            if sum > error {
                row /= sum;
            } else {
                row.fill(0.0);
            }
        }
        f
    }

    /// Solves (I − α·S)·f = r by conjugate gradients. f is 0 at the beginning; r becomes the residual.
    fn solve(&self, alpha: f64, classes: usize, r: &mut [f64], f: &mut [f64]) {
        let (mut p, mut q) = (r.to_vec(), vec![0.0; r.len()]);
        let mut squares = products(r, r, classes);
        let enough: Vec<f64> = squares.iter().map(|square| EXACT * EXACT * square).collect();
        for _ in 0..STEPS {
            if squares.iter().zip(&enough).all(|(square, enough)| square <= enough) {
                break;
            }
            self.times(alpha, &p, classes, &mut q);
            let curvature = products(&p, &q, classes);
            // A column that is solved already does not change any more.
            let ratio = |(above, below): (&f64, &f64)| if *below > 0.0 { above / below } else { 0.0 };
            let a: Vec<f64> = squares.iter().zip(&curvature).map(ratio).collect();
            let rows = f.chunks_exact_mut(classes).zip(r.chunks_exact_mut(classes));
            for ((f, r), (p, q)) in rows.zip(p.chunks_exact(classes).zip(q.chunks_exact(classes))) {
                for class in 0..classes {
                    f[class] += a[class] * p[class];
                    r[class] -= a[class] * q[class];
                }
            }
            let next = products(r, r, classes);
            let b: Vec<f64> = next.iter().zip(&squares).map(ratio).collect();
            for (p, r) in p.chunks_exact_mut(classes).zip(r.chunks_exact(classes)) {
                for class in 0..classes {
                    p[class] = r[class] + b[class] * p[class];
                }
            }
            squares = next;
        }
    }
}

/// aᵀb of each column.
fn products(a: &[f64], b: &[f64], classes: usize) -> Vec<f64> {
    let mut sums = vec![0.0; classes];
    for (a, b) in a.chunks_exact(classes).zip(b.chunks_exact(classes)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums
}
