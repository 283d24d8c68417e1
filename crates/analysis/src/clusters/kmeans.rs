//! # k-means: k centres, each the mean of the rows that are nearest to it
//!
//! ```text
//! J = Σ_i ‖x_i − c_a(i)‖²,   a(i) = the j with the smallest ‖x_i − c_j‖          inertia: to be made small
//!
//! Lloyd       a(i) for all i, then c_j = mean of the x_i with a(i) = j; again, until the centres stay
//! k-means++   c_1 = a row at random; then each next centre is row i with probability D_i² / Σ D²,
//!             D_i = distance of x_i to the nearest centre that is chosen already
//! restarts    all of this several times from other random numbers; the smallest J counts
//! ```
//!
//! Neither step of Lloyd's method makes J larger: for given centres, a(i) is the nearest one; for a given a, the mean
//! is the point with the smallest sum of squared distances, since ∂J/∂c_j = −2·Σ (x_i − c_j) is 0 there. So the method
//! ends, but in one of many local minima. A centre that has lost all rows gets the row that is farthest from its own
//! centre. If fewer than k rows differ, some centres are equal in the end, and the rows belong to the first of them;
//! the others are left out.
//!
//! More than 100,000 rows are not all read in every round. Mini-batches of 2,048 rows are drawn; v_j counts the rows
//! that centre j has had so far:
//!
//! ```text
//! for each x of the batch, j = a(x) before the batch:    v_j ← v_j + 1,   c_j ← c_j + (x − c_j) / v_j
//! ```
//!
//! Sources: Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982); Arthur &
//! Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; Sculley, "Web-scale k-means clustering",
//! WWW 2010.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::finite;
use super::squared::{squared, squared_of};
use crate::Random;

/// The number of rows that one thread handles at a time.
const BLOCK: usize = 512;
/// The most rounds of Lloyd's method.
const ROUNDS: usize = 300;
/// The centres stay if the sum of their squared moves is at most this part of the mean variance of a column.
const TOLERANCE: f64 = 1e-4;
/// With more rows than this, mini-batches are used.
const LARGE: usize = 100_000;
/// The number of mini-batches, and their rows.
const BATCHES: usize = 400;
const BATCH: usize = 2048;
/// The starting centres for mini-batches are chosen among this many rows.
const STARTS: usize = 20_000;

/// The result of k-means.
#[derive(Clone, Debug, PartialEq)]
pub struct Kmeans {
    /// The centres, k×d. There are fewer than k if some centres have no rows, for example because fewer than k rows
    /// differ from each other.
    pub centres: Array2<f64>,
    /// For each row, the number of its nearest centre.
    pub labels: Vec<u32>,
    /// The sum of the squared distances of all rows to their nearest centre.
    pub inertia: f64,
    /// The rounds of Lloyd's method, or the number of mini-batches.
    pub rounds: usize,
}

/// Finds `clusters` centres of `rows` (n×d): the best result of `restarts` starts, without centres that have no rows.
/// Returns `None` if there are no clusters or more of them than rows, if there is no start, or if a value is not
/// finite.
///
/// ```
/// use ndarray::array;
///
/// let rows = array![[0.0], [1.0], [10.0], [11.0]];
/// let found = handgrad_analysis::clusters::kmeans(rows.view(), 2, 3, 0).expect("finite values");
/// assert_eq!(found.inertia, 1.0);
/// assert_eq!(found.labels[0], found.labels[1]);
/// assert_ne!(found.labels[1], found.labels[2]);
/// ```
#[must_use]
pub fn kmeans(rows: ArrayView2<f32>, clusters: usize, restarts: usize, seed: u64) -> Option<Kmeans> {
    if clusters == 0 || clusters > rows.nrows() || !finite(rows) {
        return None;
    }
    let tolerance = TOLERANCE * mean_variance(rows);
    let mut best: Option<Kmeans> = None;
    for restart in 0..restarts {
        let mut random = Random::new(seed, restart as u64);
        let found = if rows.nrows() > LARGE {
            let some: Vec<usize> = (0..STARTS.max(clusters)).map(|_| random.below(rows.nrows())).collect();
            let starts = plus_plus(rows.select(Axis(0), &some).view(), clusters, &mut random);
            mini_batches(rows, starts, &mut random)
        } else {
            lloyd(rows, plus_plus(rows, clusters, &mut random), tolerance)
        };
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.map(Kmeans::without_empty)
}

impl Kmeans {
    /// Leaves out the centres that no row belongs to, and numbers the others in their order.
    fn without_empty(self) -> Self {
        let mut has_rows = vec![false; self.centres.nrows()];
        self.labels.iter().for_each(|&label| has_rows[label as usize] = true);
        let kept: Vec<usize> = (0..has_rows.len()).filter(|&centre| has_rows[centre]).collect();
        let number = |label: &u32| kept.partition_point(|&centre| centre < *label as usize) as u32;
        Self { centres: self.centres.select(Axis(0), &kept), labels: self.labels.iter().map(number).collect(), ..self }
    }
}

/// Lloyd's method from the given centres (k×d), until the sum of their squared moves in a round is at most `tolerance`,
/// but for at most 300 rounds. A tolerance of 0 means until nothing changes.
///
/// ```
/// use ndarray::array;
///
/// let rows = array![[0.0], [1.0], [10.0], [11.0]];
/// let found = handgrad_analysis::clusters::lloyd(rows.view(), array![[0.0], [1.0]], 0.0);
/// assert_eq!(found.centres, array![[0.5], [10.5]]);
/// ```
///
/// # Panics
/// If the centres do not have as many values as the rows.
#[must_use]
pub fn lloyd(rows: ArrayView2<f32>, starts: Array2<f64>, tolerance: f64) -> Kmeans {
    let mut centres = starts;
    let mut rounds = 0;
    loop {
        let mut assigned = Assigned::of(rows, &centres);
        if rounds == ROUNDS {
            return assigned.end(centres, rounds);
        }
        assigned.fill_empty(rows);
        let mut moved = 0.0;
        for ((mut centre, sum), &count) in
            centres.rows_mut().into_iter().zip(assigned.sums.rows()).zip(&assigned.counts)
        {
            let mean = if count == 0 { centre.to_owned() } else { &sum / count as f64 };
            moved += squared_of(centre.view(), mean.view());
            centre.assign(&mean);
        }
        rounds += 1;
        if moved <= tolerance {
            return Assigned::of(rows, &centres).end(centres, rounds);
        }
    }
}

/// Chooses `clusters` rows as centres by k-means++.
#[must_use]
pub fn plus_plus(rows: ArrayView2<f32>, clusters: usize, random: &mut Random) -> Array2<f64> {
    let mut centres = Array2::zeros((clusters, rows.ncols()));
    let mut nearest = vec![f64::INFINITY; rows.nrows()];
    let mut chosen = random.below(rows.nrows());
    for mut centre in centres.rows_mut() {
        centre.assign(&rows.row(chosen).mapv(f64::from));
        let blocks = rows.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().with_min_len(1);
        let distances: Vec<Vec<f64>> = blocks
            .map(|block| {
                let squared = |row: ndarray::ArrayView1<f32>| {
                    row.iter().zip(&centre).map(|(&x, c)| (f64::from(x) - c).powi(2)).sum::<f64>()
                };
                block.rows().into_iter().map(squared).collect()
            })
            .collect();
        nearest.iter_mut().zip(distances.iter().flatten()).for_each(|(nearest, &new)| *nearest = nearest.min(new));
        chosen = draw(&nearest, random);
    }
    centres
}

/// Draws a number i with probability w_i / Σ w. If all weights are 0, all numbers have the same probability.
fn draw(weights: &[f64], random: &mut Random) -> usize {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return random.below(weights.len());
    }
    let mut left = random.uniform() * total;
    let mut last = 0;
    for (at, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        left -= weight;
        last = at;
        if left < 0.0 {
            break;
        }
    }
    last
}

/// Mini-batches of rows that are drawn at random.
fn mini_batches(rows: ArrayView2<f32>, starts: Array2<f64>, random: &mut Random) -> Kmeans {
    let mut centres = starts;
    let mut seen = vec![0_u32; centres.nrows()];
    for _ in 0..BATCHES {
        let drawn: Vec<usize> = (0..BATCH).map(|_| random.below(rows.nrows())).collect();
        let batch = rows.select(Axis(0), &drawn).mapv(f64::from);
        let distances = squared(batch.view(), centres.view());
        for (x, distances) in batch.rows().into_iter().zip(distances.rows()) {
            let (near, _) = smallest(distances);
            seen[near] += 1;
            let rate = 1.0 / f64::from(seen[near]);
            centres.row_mut(near).zip_mut_with(&x, |c, x| *c += rate * (x - *c));
        }
    }
    Assigned::of(rows, &centres).end(centres, BATCHES)
}

/// Returns for each of `rows` (n×d) the number of the nearest of `centres` (k×d). If two are equally near, it is the
/// first of them.
///
/// # Panics
/// If the centres do not have as many values as the rows.
#[must_use]
pub fn nearest_centre(rows: ArrayView2<f32>, centres: &Array2<f64>) -> Vec<u32> {
    Assigned::of(rows, centres).labels
}

/// The rows with their nearest centres.
struct Assigned {
    labels: Vec<u32>,
    /// The squared distance of each row to its centre.
    distances: Vec<f64>,
    /// For each centre the sum of its rows, k×d, and their number.
    sums: Array2<f64>,
    counts: Vec<usize>,
}

impl Assigned {
    fn of(rows: ArrayView2<f32>, centres: &Array2<f64>) -> Self {
        let empty = || Self {
            labels: Vec::new(),
            distances: Vec::new(),
            sums: Array2::zeros(centres.dim()),
            counts: vec![0; centres.nrows()],
        };
        let blocks = rows.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().with_min_len(1);
        let blocks: Vec<Self> = blocks
            .map(|block| {
                let (x, mut of) = (block.mapv(f64::from), empty());
                for (x, distances) in x.rows().into_iter().zip(squared(x.view(), centres.view()).rows()) {
                    let (near, distance) = smallest(distances);
                    of.labels.push(near as u32);
                    of.distances.push(distance);
                    of.counts[near] += 1;
                    of.sums.row_mut(near).zip_mut_with(&x, |sum, x| *sum += x);
                }
                of
            })
            .collect();
        blocks.into_iter().fold(empty(), |mut all, block| {
            all.labels.extend(block.labels);
            all.distances.extend(block.distances);
            all.sums += &block.sums;
            all.counts.iter_mut().zip(block.counts).for_each(|(all, count)| *all += count);
            all
        })
    }

    /// Gives each centre without rows the row that is farthest from its own centre.
    fn fill_empty(&mut self, rows: ArrayView2<f32>) {
        for empty in 0..self.counts.len() {
            if self.counts[empty] > 0 {
                continue;
            }
            let has_others = |at: &usize| self.counts[self.labels[*at] as usize] > 1;
            let all = (0..self.labels.len()).rev().filter(has_others);
            let Some(farthest) = all.max_by(|&a, &b| self.distances[a].total_cmp(&self.distances[b])) else { return };
            let (row, from) = (rows.row(farthest).mapv(f64::from), self.labels[farthest] as usize);
            self.sums.row_mut(from).zip_mut_with(&row, |sum, x| *sum -= x);
            self.sums.row_mut(empty).assign(&row);
            (self.counts[from], self.counts[empty]) = (self.counts[from] - 1, 1);
            (self.labels[farthest], self.distances[farthest]) = (empty as u32, 0.0);
        }
    }

    fn end(self, centres: Array2<f64>, rounds: usize) -> Kmeans {
        Kmeans { centres, inertia: self.distances.iter().sum(), labels: self.labels, rounds }
    }
}

/// The place and the value of the smallest number, the first of equal ones.
fn smallest(values: ndarray::ArrayView1<f64>) -> (usize, f64) {
    let first = (0, f64::INFINITY);
    values.iter().enumerate().fold(first, |best, (at, &value)| if value < best.1 { (at, value) } else { best })
}

/// The mean over the columns of their variance.
fn mean_variance(rows: ArrayView2<f32>) -> f64 {
    let n = rows.nrows() as f64;
    let mut sums = ndarray::Array1::<f64>::zeros(rows.ncols());
    let mut squares = sums.clone();
    let means = {
        rows.rows().into_iter().for_each(|row| sums.zip_mut_with(&row, |sum, &x| *sum += f64::from(x)));
        sums / n
    };
    for row in rows.rows() {
        for ((square, &mean), &x) in squares.iter_mut().zip(&means).zip(row) {
            *square += (f64::from(x) - mean).powi(2);
        }
    }
    squares.sum() / (n * rows.ncols().max(1) as f64)
}
