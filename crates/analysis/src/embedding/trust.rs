//! # Trustworthiness and continuity: are neighbours in the map neighbours in the data?
//!
//! ```text
//! r(i, j)    the rank of j among the other points by their distance from i in the data; the nearest has rank 1
//! r̂(i, j)    the same in the map
//! U_i        the k nearest points of i in the map that are not among its k nearest in the data
//! V_i        the k nearest points of i in the data that are not among its k nearest in the map
//!
//! T = 1 − 2/(n·k·(2n − 3k − 1)) · Σ_i Σ_{j∈U_i} (r(i, j) − k)       trustworthiness: no false neighbours
//! C = 1 − 2/(n·k·(2n − 3k − 1)) · Σ_i Σ_{j∈V_i} (r̂(i, j) − k)       continuity: no lost neighbours
//! T_i = 1 − 2/(k·(2n − 3k − 1)) · Σ_{j∈U_i} (r(i, j) − k)           trust of one point: T is the mean of all T_i
//! ```
//!
//! Both are 1 if all neighbours are kept. The factor makes the worst possible value 0 for k < n/2, and a random map has
//! about ½. The sums are sums of whole numbers, and so exact. Of two equally far points, the earlier one is the nearer.
//!
//! Source: Venna & Kaski, "Neighborhood preservation in nonlinear projection methods: an experimental study", ICANN
//! 2001. scikit-learn's `trustworthiness` computes T; C is the same with data and map exchanged.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// How well a map keeps neighbourhoods.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// T, from 0 to 1.
    pub trustworthiness: f64,
    /// C, from 0 to 1.
    pub continuity: f64,
    /// T_i of each point.
    pub of_points: Vec<f64>,
}

/// The number of points whose distances to all others are in memory at the same time, in each thread.
const BLOCK: usize = 32;
/// The number of rows that are multiplied at a time.
const COLUMNS: usize = 512;
/// Up to this many values, distances are computed from the differences, and not from products.
const FEW: usize = 3;

/// Compares the `k` nearest neighbours of each point in `data` (n×d) and in `map` (n×2, or of any width). Returns
/// `None` if k is 0 or not below n/2, or if a value is not finite.
///
/// ```
/// use handgrad_analysis::embedding::trust::trust;
/// use ndarray::array;
///
/// let data = array![[0.0], [1.0], [3.0], [7.0], [15.0]];
/// let same = data.mapv(|x| -2.0 * x);
/// assert_eq!(trust(data.view(), same.view(), 2).expect("enough points").trustworthiness, 1.0);
/// // The first point is moved to the other end: its neighbours are now those that were farthest.
/// let moved = array![[31.0], [1.0], [3.0], [7.0], [15.0]];
/// let found = trust(data.view(), moved.view(), 2).expect("enough points");
/// assert!(found.of_points[0] < found.of_points[2] && found.continuity < 1.0);
/// ```
///
/// # Panics
/// If the map does not have as many points as the data.
#[must_use]
pub fn trust(data: ArrayView2<f32>, map: ArrayView2<f32>, k: usize) -> Option<Trust> {
    let n = data.nrows();
    assert_eq!(map.nrows(), n, "a place in the map for each point");
    let is_finite = |rows: ArrayView2<f32>| rows.iter().all(|value| value.is_finite());
    if k == 0 || 2 * k >= n || !is_finite(data) || !is_finite(map) {
        return None;
    }
    let [data, map] = [data, map].map(Points::new);
    let blocks: Vec<Vec<[u64; 2]>> = (0..n.div_ceil(BLOCK)).into_par_iter().map(|b| block(&data, &map, b, k)).collect();
    let sums: Vec<[u64; 2]> = blocks.into_iter().flatten().collect();
    let worst = k as f64 * (2 * n - 3 * k - 1) as f64 / 2.0;
    let [false_ones, lost] = [0, 1].map(|at| sums.iter().map(|sums| sums[at]).sum::<u64>() as f64);
    Some(Trust {
        trustworthiness: 1.0 - false_ones / (n as f64 * worst),
        continuity: 1.0 - lost / (n as f64 * worst),
        of_points: sums.iter().map(|sums| 1.0 - sums[0] as f64 / worst).collect(),
    })
}

/// Points and their squared lengths.
struct Points {
    rows: Array2<f64>,
    squares: Vec<f64>,
}

impl Points {
    /// The points relative to their mean, which makes products of their values small and so their rounding errors.
    fn new(rows: ArrayView2<f32>) -> Self {
        let mut rows = rows.mapv(f64::from);
        if let Some(mean) = rows.mean_axis(Axis(0)) {
            rows -= &mean;
        }
        let squares = rows.rows().into_iter().map(|row| row.dot(&row)).collect();
        Self { rows, squares }
    }

    /// Writes ‖x_j‖² − 2·x_i·x_j to `keys`, for the points i from `first` on and all j. This is ‖x_i − x_j‖² without
    /// ‖x_i‖², so its order is that of the distances. If the points have few values, as in a map, the distances are
    /// computed themselves. The point itself gets infinity.
    fn keys(&self, first: usize, keys: &mut Array2<f64>) {
        let some = self.rows.slice_axis(Axis(0), (first..first + keys.nrows()).into());
        if self.rows.ncols() <= FEW {
            keys.fill(0.0);
            for (axis, some) in self.rows.columns().into_iter().zip(some.columns()) {
                for (mut keys, &x) in keys.rows_mut().into_iter().zip(some) {
                    keys.iter_mut().zip(axis).for_each(|(key, &other)| *key += (x - other) * (x - other));
                }
            }
        } else {
            self.products(some, keys);
        }
        for i in 0..keys.nrows() {
            keys[[i, first + i]] = f64::INFINITY;
        }
    }

    fn products(&self, some: ArrayView2<f64>, keys: &mut Array2<f64>) {
        for (block, columns) in self.rows.axis_chunks_iter(Axis(0), COLUMNS).enumerate() {
            let from = block * COLUMNS;
            let mut part = keys.slice_axis_mut(Axis(1), (from..from + columns.nrows()).into());
            part.assign(&some.dot(&columns.t()));
            for mut row in part.rows_mut() {
                row.iter_mut().zip(&self.squares[from..]).for_each(|(key, square)| *key = square - 2.0 * *key);
            }
        }
    }
}

/// The sums Σ_{j∈U_i} (r(i, j) − k) and Σ_{j∈V_i} (r̂(i, j) − k) of the points of a block.
fn block(data: &Points, map: &Points, block: usize, k: usize) -> Vec<[u64; 2]> {
    let n = data.squares.len();
    let first = block * BLOCK;
    let rows = BLOCK.min(n - first);
    let [in_data, in_map] = [data, map].map(|points| {
        let mut keys = Array2::zeros((rows, n));
        points.keys(first, &mut keys);
        keys
    });
    let sums = |(data, map): (ArrayView1<f64>, ArrayView1<f64>)| {
        let [data, map] = [data.to_vec(), map.to_vec()];
        [beyond(&nearest(&map, k), &data, k), beyond(&nearest(&data, k), &map, k)]
    };
    in_data.rows().into_iter().zip(in_map.rows()).map(sums).collect()
}

/// The positions of the `k` smallest keys; of equal ones the first.
fn nearest(keys: &[f64], k: usize) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::with_capacity(k + 1);
    for (j, &key) in keys.iter().enumerate() {
        if found.len() < k || key < keys[found[k - 1]] {
            found.insert(found.partition_point(|&other| keys[other] <= key), j);
            found.truncate(k);
        }
    }
    found
}

/// Σ (rank of j − k) over the `neighbours` j whose rank by `keys` is above k.
fn beyond(neighbours: &[usize], keys: &[f64], k: usize) -> u64 {
    // In the order of their ranks.
    let mut sorted = neighbours.to_vec();
    sorted.sort_unstable_by(|&a, &b| keys[a].total_cmp(&keys[b]).then(a.cmp(&b)));
    let Some(farthest) = sorted.last().map(|&j| keys[j]) else { return 0 };
    // between[m]: how many points are before the neighbour m and not before the one before it.
    let mut between = vec![0_u64; sorted.len() + 1];
    for (l, &key) in keys.iter().enumerate() {
        // Most points are farther than all neighbours, and do not count for any of them.
        if key <= farthest {
            between[sorted.partition_point(|&j| keys[j] < key || (keys[j] == key && j <= l))] += 1;
        }
    }
    let mut before = 0;
    let ranks = between[..sorted.len()].iter().map(|between| {
        before += between;
        before + 1
    });
    ranks.map(|rank| rank.saturating_sub(k as u64)).sum()
}
