//! # The symmetric graph of nearest rows
//!
//! ```text
//! a_ij      a weight for each row i and each of its k nearest rows j; otherwise 0
//! A + Aᵀ    n×n and symmetric: the entry of i and j is a_ij + a_ji, although j may be near i and i not near j
//! ```
//!
//! Row i of A + Aᵀ has at least k entries, and more if many rows have row i among their nearest. Only the entries that
//! are not 0 are stored, row by row.

use ndarray::Array2;

/// A matrix of which only some entries are stored, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    /// The entries of row i are those from `starts[i]` to `starts[i + 1]`.
    pub starts: Vec<usize>,
    /// The column j of each entry, ascending within a row.
    pub others: Vec<u32>,
    /// The value of each entry.
    pub values: Vec<f64>,
}

impl Sparse {
    /// A + Aᵀ, where row i of A has the values of row i of `weights` in the columns of row i of `nearest` (both n×k).
    ///
    /// ```
    /// use handgrad_analysis::neighbours::Sparse;
    /// use ndarray::array;
    ///
    /// // Row 1 is the nearest of row 0 and of row 2, and row 0 is the nearest of row 1.
    /// let found = Sparse::symmetric(&array![[1], [0], [1]], &array![[0.5], [0.25], [2.0]]);
    /// assert_eq!(found.row(1).collect::<Vec<_>>(), [(0, 0.75), (2, 2.0)]);
    /// assert_eq!(found.row(2).collect::<Vec<_>>(), [(1, 2.0)]);
    /// ```
    ///
    /// # Panics
    /// If a column is not that of a row, or if the two do not have the same shape.
    #[must_use]
    pub fn symmetric(nearest: &Array2<u32>, weights: &Array2<f64>) -> Self {
        assert_eq!(nearest.dim(), weights.dim(), "a weight for each of the nearest rows");
        let mut entries: Vec<Vec<(u32, f64)>> = vec![Vec::new(); nearest.nrows()];
        for ((i, place), &j) in nearest.indexed_iter() {
            let weight = weights[[i, place]];
            entries[i].push((j, weight));
            entries[j as usize].push((i as u32, weight));
        }
        let mut all = Self { starts: vec![0], others: Vec::new(), values: Vec::new() };
        for mut entries in entries {
            entries.sort_by_key(|&(j, _)| j);
            entries.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 += next.1;
                }
                is_same
            });
            all.others.extend(entries.iter().map(|&(j, _)| j));
            all.values.extend(entries.iter().map(|&(_, value)| value));
            all.starts.push(all.others.len());
        }
        all
    }

    /// The entries of row `i`, as columns and values.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[i]..self.starts[i + 1];
        self.others[range.clone()].iter().zip(&self.values[range]).map(|(&j, &value)| (j as usize, value))
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
}
