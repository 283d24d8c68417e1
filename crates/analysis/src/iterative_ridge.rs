//! # Iterative ridge: each column is predicted from all others, until the filled cells no longer change
//!
//! ```text
//! X: fitting rows, n×d         every missing cell begins with the mean of its column
//!
//! in each round, for each column j with missing cells, those with the fewest first:
//!   X_o: the columns without j, minus their means m_o      y: column j minus its mean m_j
//!   w = argmin ‖y − X_o·w‖² + λ·‖w‖² = (X_oᵀX_o + λI)⁻¹·X_oᵀy      λ = 1; means and sums over the rows that know j
//!   missing x_j = m_j + w·(x_o − m_o)                      in the fitting rows and in the rows to fill
//!
//! the end: 10 rounds, or   max over rows of Σ_j |change of x_j|  <  10⁻³ · max |known value of X|
//! ```
//!
//! The Gram matrix XᵀX is computed once in a round. For column j, the products of the rows that do not know j are
//! subtracted from it; and after column j is filled, only its row and its column are computed again.
//!
//! This solves a d×d system for each column, in all O(d⁴) operations in a round. **Tables with more than 100 columns
//! use one inverse for all columns**, O(n·d² + d³):
//!
//! ```text
//! P = (X_cᵀX_c + λI)⁻¹                 X_c: all columns minus their means, d×d
//! w_i = −P_ij / P_jj,   i ≠ j
//! ```
//!
//! This is the same w, because block elimination gives P_jj·w = −P_oj for the column j of P. The λ in row j only
//! changes P_jj and P_oj by the same factor. Two things are different, but only if the fitting rows have missing cells:
//! means and sums are over all fitting rows, with the cells that were filled in the round before; and P belongs to the
//! beginning of the round. Cells are still filled one column after the other, each from the newest values of the
//! others.
//!
//! Columns should have similar standard deviations, because λ is the same for all. Source: Buck, "A method of
//! estimation of missing values in multivariate data suitable for use with an electronic computer", Journal of the
//! Royal Statistical Society B 22 (1960); van Buuren & Groothuis-Oudshoorn, "mice: multivariate imputation by chained
//! equations in R", Journal of Statistical Software 45 (2011). scikit-learn's IterativeImputer with Ridge() does the
//! same rounds, but measures the change in the fitting rows only; so it stops after one round if they have no missing
//! cell.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// The penalty λ.
const PENALTY: f64 = 1.0;
/// The maximum number of rounds.
const ROUNDS: usize = 10;
/// The change of a row, as a part of the largest known value, below which the rounds end.
const TOLERANCE: f64 = 1e-3;
/// The maximum number of columns for which a system is solved for each column.
const BY_COLUMN: usize = 100;
/// The number of columns of the Gram matrix that one thread computes together.
const COLUMNS: usize = 64;

/// Returns `rows` (m×d) with their missing cells (NaN) filled by ridge regressions that are fitted to `train` (n×d),
/// which may also have missing cells. Known cells do not change. Cells of a column that has no value in `train` stay
/// missing, and the column predicts nothing.
///
/// Returns `None` if `train` has no rows, if a value is infinite, or if columns differ so much in size that 64-bit
/// numbers cannot solve the equations. The number of rounds depends on all `rows`, so a row that is filled alone may
/// differ in the digits beyond the tolerance.
///
/// ```
/// use ndarray::array;
///
/// // The second column is twice the first, and the penalty of 1 makes the slope a little smaller.
/// let train = array![[-2.0, -4.0], [-1.0, -2.0], [1.0, 2.0], [2.0, 4.0]];
/// let rows = array![[1.0, f32::NAN]];
/// let filled = handgrad_analysis::iterative_ridge(train.view(), rows.view()).expect("finite values");
/// assert!((filled[[0, 1]] - 20.0 / 11.0).abs() < 1e-6);
/// ```
///
/// # Panics
/// If the rows do not have as many columns as those of `train`.
#[must_use]
pub fn iterative_ridge(train: ArrayView2<f32>, rows: ArrayView2<f32>) -> Option<Array2<f32>> {
    let (n, d) = train.dim();
    assert_eq!(rows.ncols(), d, "rows of the size of the fitting rows");
    let infinite = |rows: ArrayView2<f32>| rows.iter().any(|value| value.is_infinite());
    if n == 0 || infinite(train) || infinite(rows) {
        return None;
    }
    let means: Vec<Option<f64>> = train.columns().into_iter().map(known_mean).collect();
    let largest = train.iter().filter(|value| !value.is_nan()).fold(0.0, |largest, &v| f64::from(v.abs()).max(largest));
    let (mut fitting, mut filling) = (Table::new(train, &means), Table::new(rows, &means));
    let has_holes = |&j: &usize| means[j].is_some() && !(fitting.holes[j].is_empty() && filling.holes[j].is_empty());
    let mut order: Vec<usize> = (0..d).filter(has_holes).collect();
    order.sort_by_key(|&j| fitting.holes[j].len());

    let changes_with_rounds = order.iter().any(|&j| !fitting.holes[j].is_empty());
    let mut of_all = None;
    for _ in 0..ROUNDS {
        if d <= BY_COLUMN {
            round_by_column(&mut fitting, &mut filling, &order)?;
        } else {
            if of_all.is_none() || changes_with_rounds {
                of_all = Some(Inverse::of(&fitting.values)?);
            }
            for &j in &order {
                let (weights, intercept) = of_all.as_ref().expect("it was just computed").column(j);
                fitting.fill(j, &weights, intercept);
                filling.fill(j, &weights, intercept);
            }
        }
        if fitting.take_change().max(filling.take_change()) < TOLERANCE * largest {
            break;
        }
    }

    let mut filled = rows.to_owned();
    for &j in &order {
        for &i in &filling.holes[j] {
            filled[[i, j]] = (filling.values[[i, j]] + means[j].expect("a column with values")) as f32;
        }
    }
    Some(filled)
}

/// The mean of the values that are not missing; `None` if there are none.
fn known_mean(column: ArrayView1<f32>) -> Option<f64> {
    let known: Vec<f64> = column.iter().filter(|value| !value.is_nan()).map(|&value| f64::from(value)).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Rows whose missing cells are filled again in each round.
struct Table {
    /// The values minus the means that the rounds begin with: large means would cost digits of the Gram matrix.
    values: Array2<f64>,
    /// For each column the rows that do not know it.
    holes: Vec<Vec<usize>>,
    /// For each row the sum of the changes in this round.
    changes: Vec<f64>,
}

impl Table {
    /// Missing cells are 0, and so are all cells of a column without a mean.
    fn new(rows: ArrayView2<f32>, means: &[Option<f64>]) -> Self {
        let mut values = Array2::zeros(rows.dim());
        let mut holes = vec![Vec::new(); rows.ncols()];
        for ((i, j), &value) in rows.indexed_iter() {
            if value.is_nan() {
                holes[j].push(i);
            } else if let Some(mean) = means[j] {
                values[[i, j]] = f64::from(value) - mean;
            }
        }
        Self { values, holes, changes: vec![0.0; rows.nrows()] }
    }

    /// Fills column j with intercept + weights·x, where the weight of column j is 0. Returns the changes of the cells.
    fn fill(&mut self, j: usize, weights: &Array1<f64>, intercept: f64) -> Array1<f64> {
        let fill = |&i: &usize| {
            let new = intercept + weights.dot(&self.values.row(i));
            let change = new - self.values[[i, j]];
            self.values[[i, j]] = new;
            self.changes[i] += change.abs();
            change
        };
        self.holes[j].iter().map(fill).collect()
    }

    /// Returns the largest change of a row in this round, and begins the next round.
    fn take_change(&mut self) -> f64 {
        let largest = self.changes.iter().copied().fold(0.0, f64::max);
        self.changes.fill(0.0);
        largest
    }
}

/// XᵀX, d×d.
fn gram(x: &Array2<f64>) -> Array2<f64> {
    let blocks = x.axis_chunks_iter(Axis(1), COLUMNS).into_par_iter();
    let blocks: Vec<Array2<f64>> = blocks.map(|block| x.t().dot(&block)).collect();
    let views: Vec<_> = blocks.iter().map(|block| block.view()).collect();
    concatenate(Axis(1), &views).expect("blocks of d rows")
}

/// The Cholesky decomposition of G − n·m·mᵀ + λI, where G is a Gram matrix of n rows with the means m. Row and column
/// `without` are replaced by those of the identity matrix. Also returns column `without` before that.
fn decompose(
    gram: &Array2<f64>,
    count: f64,
    means: &Array1<f64>,
    without: Option<usize>,
) -> Option<(Cholesky<f64, Dyn>, DVector<f64>)> {
    let d = means.len();
    let centred = |a: usize, b: usize| gram[[a, b]] - count * means[a] * means[b];
    let target = DVector::from_fn(d, |a, _| without.filter(|&j| a != j).map_or(0.0, |j| centred(a, j)));
    let matrix = DMatrix::from_fn(d, d, |a, b| match without {
        Some(j) if a == j || b == j => f64::from(a == b),
        _ => centred(a, b) + if a == b { PENALTY } else { 0.0 },
    });
    Some((Cholesky::new(matrix)?, target))
}

/// One round with a system for each column.
fn round_by_column(fitting: &mut Table, filling: &mut Table, order: &[usize]) -> Option<()> {
    let mut gram = gram(&fitting.values);
    let mut sums = fitting.values.sum_axis(Axis(0));
    for &j in order {
        let unknown = fitting.values.select(Axis(0), &fitting.holes[j]);
        let count = (fitting.values.nrows() - unknown.nrows()) as f64;
        let means = (&sums - &unknown.sum_axis(Axis(0))) / count;
        let of_known = &gram - &unknown.t().dot(&unknown);
        let (decomposition, target) = decompose(&of_known, count, &means, Some(j))?;
        let weights = Array1::from_iter(decomposition.solve(&target).iter().copied());
        let intercept = means[j] - weights.dot(&means);
        filling.fill(j, &weights, intercept);

        let changes = fitting.fill(j, &weights, intercept);
        let products = unknown.t().dot(&changes);
        gram.column_mut(j).scaled_add(1.0, &products);
        gram.row_mut(j).scaled_add(1.0, &products);
        gram[[j, j]] += changes.dot(&changes);
        sums[j] += changes.sum();
    }
    Some(())
}

/// P, the inverse of the penalised Gram matrix of all columns, with the means of the columns.
struct Inverse {
    matrix: DMatrix<f64>,
    means: Array1<f64>,
}

impl Inverse {
    fn of(values: &Array2<f64>) -> Option<Self> {
        let count = values.nrows() as f64;
        let means = values.sum_axis(Axis(0)) / count;
        let (decomposition, _) = decompose(&gram(values), count, &means, None)?;
        Some(Self { matrix: decomposition.inverse(), means })
    }

    /// The weights and the intercept for column j.
    fn column(&self, j: usize) -> (Array1<f64>, f64) {
        let own = self.matrix[(j, j)];
        let weight = |i: usize| if i == j { 0.0 } else { -self.matrix[(i, j)] / own };
        let weights = Array1::from_iter((0..self.means.len()).map(weight));
        let intercept = self.means[j] - weights.dot(&self.means);
        (weights, intercept)
    }
}
