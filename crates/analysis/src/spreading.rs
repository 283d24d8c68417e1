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
//! until    ‖r‖ ≤ 10⁻⁸·‖y‖
//! ```
//!
//! A row that no labelled row is connected with has F* = 0, exactly, and no label. A row that is more edges away from
//! every labelled row than there are steps has none either: its F* is smaller than the error of the solution.
//!
//! Source: Zhou, Bousquet, Lal, Weston & Schölkopf, "Learning with local and global consistency", NIPS 2003
//! (proceedings of 2004), whose α is .99. Conjugate gradients: Hestenes & Stiefel, "Methods of conjugate gradients for
//! solving linear systems", Journal of Research of the National Bureau of Standards 49 (1952). scikit-learn's
//! LabelSpreading computes the same F with `kernel` a function that returns A. Its own `kernel="knn"` is another graph:
//! it is not made symmetric, and each row is one of its own k neighbours; its default α is .2.

use ndarray::Array2;

use super::Nearest;

/// α of Zhou et al.
pub const ALPHA: f64 = 0.99;
/// The residual of each column, in parts of its right side, at which the solution is exact enough.
const EXACT: f64 = 1e-8;
/// The most steps. Rounding aside, far fewer are needed.
const STEPS: usize = 2000;

/// The symmetric graph of nearest neighbours, normalised: the matrix S.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Row i has the entries from `starts[i]` to `starts[i + 1]`.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Graph {
    /// The graph in which each row is connected with its nearest rows, as [`nearest_others`](crate::nearest_others)
    /// finds them, and with those whose nearest rows it is one of.
    #[must_use]
    pub fn of(nearest: &Nearest) -> Self {
        let mut others: Vec<Vec<u32>> = nearest.rows.rows().into_iter().map(|row| row.to_vec()).collect();
        for (row, nearest) in (0..).zip(nearest.rows.rows()) {
            nearest.iter().for_each(|&other| others[other as usize].push(row));
        }
        for others in &mut others {
            others.sort_unstable();
            others.dedup();
        }
        let of_degree = |row: usize| 1.0 / (others[row].len() as f64).sqrt();
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for (row, others) in others.iter().enumerate() {
            values.extend(others.iter().map(|&other| of_degree(row) * of_degree(other as usize)));
            columns.extend(others);
            starts.push(columns.len());
        }
        Self { starts, columns, values }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// q ← p − α·S·p, for all columns.
    fn times(&self, alpha: f64, p: &[f64], classes: usize, q: &mut [f64]) {
        q.copy_from_slice(p);
        for (row, q) in q.chunks_exact_mut(classes).enumerate() {
            let entries = self.starts[row]..self.starts[row + 1];
            for (&column, &value) in self.columns[entries.clone()].iter().zip(&self.values[entries]) {
                let p = &p[column as usize * classes..][..classes];
                q.iter_mut().zip(p).for_each(|(q, p)| *q -= alpha * value * p);
            }
        }
    }

    /// Spreads labels. `labels` has pairs of a row and its class, a number below `classes`. Returns for each row how
    /// its label is distributed over the classes, n×classes: the sum is 1, or 0 for a row that no labelled row is
    /// connected with.
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
        for mut row in f.rows_mut() {
            // Rounding makes some values of almost 0 negative.
            row.mapv_inplace(|value: f64| value.max(0.0));
            let sum = row.sum();
            if sum > 0.0 {
                row /= sum;
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
