//! # Best matching: which class belongs to which cluster?
//!
//! ```text
//! g_rc ≥ 0: the gain if row r is matched with column c          for example: samples of cluster r that are of class c
//! maximise Σ g_r,c(r) over all choices c(r), different for each row; a row may have none if there are more rows
//! ```
//!
//! The Hungarian algorithm keeps potentials u_r and v_c with u_r + v_c ≤ cost_rc = −g_rc, and adds one row at a time:
//! it goes along pairs with u_r + v_c = cost_rc, the cheapest way from the new row to a column that is free, and
//! matches anew along this way. O(r²·c) steps; all numbers are whole, so the result is exact.
//!
//! Source: Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2 (1955); with
//! shortest ways: Jonker & Volgenant, Computing 38 (1987). SciPy's linear_sum_assignment finds the same sum.

use ndarray::{Array2, ArrayView2};

/// Returns for each row of `gains` its column in the matching with the largest sum of gains. A row has no column if
/// there are more rows than columns.
///
/// ```
/// use ndarray::array;
///
/// let matched = handgrad_analysis::clusters::best_matching(&array![[8, 9], [1, 9], [0, 5]]);
/// assert_eq!(matched, [Some(0), Some(1), None]);
/// ```
#[must_use]
pub fn best_matching(gains: &Array2<u32>) -> Vec<Option<usize>> {
    let (rows, columns) = gains.dim();
    if rows <= columns {
        return shortest_ways(gains.view()).into_iter().map(Some).collect();
    }
    let mut matched = vec![None; rows];
    shortest_ways(gains.t()).into_iter().enumerate().for_each(|(column, row)| matched[row] = Some(column));
    matched
}

/// The column of each row, for at most as many rows as columns.
fn shortest_ways(gains: ArrayView2<u32>) -> Vec<usize> {
    let (rows, columns) = gains.dim();
    // Column `columns` stands for the row that is being added.
    let free = rows;
    let mut row_of = vec![free; columns + 1];
    let (mut u, mut v) = (vec![0_i64; rows], vec![0_i64; columns + 1]);
    for new in 0..rows {
        row_of[columns] = new;
        let mut at = columns;
        let mut least = vec![i64::MAX; columns];
        let mut before = vec![columns; columns];
        let mut is_done = vec![false; columns + 1];
        while row_of[at] != free {
            is_done[at] = true;
            let row = row_of[at];
            let (mut step, mut next) = (i64::MAX, columns);
            for column in (0..columns).filter(|&column| !is_done[column]) {
                let reduced = -i64::from(gains[[row, column]]) - u[row] - v[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, at);
                }
                if least[column] < step {
                    (step, next) = (least[column], column);
                }
            }
            for column in 0..=columns {
                if is_done[column] {
                    u[row_of[column]] += step;
                    v[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        // Matches anew along the way, from its end to its start.
        while at != columns {
            row_of[at] = row_of[before[at]];
            at = before[at];
        }
    }
    let mut matched = vec![0; rows];
    row_of[..columns].iter().enumerate().filter(|(_, row)| **row != free).for_each(|(at, &row)| matched[row] = at);
    matched
}
