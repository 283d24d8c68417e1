//! # Clusters: groups of similar rows, found without labels
//!
//! ```text
//! kmeans.rs       k centres, each the mean of the rows nearest to it
//! linkage.rs      the tree of clusters that are merged one pair at a time
//! dbscan.rs       dense regions, and noise between them
//! silhouette.rs   how much nearer a row is to its own cluster than to the next          without labels
//! agreement.rs    adjusted Rand index, normalised mutual information, accuracy          with labels
//! matching.rs     the assignment of clusters to classes with the most agreement
//! squared.rs      all squared distances of two blocks of rows, which all of them need
//! ```
//!
//! Distances are computed by matrix products over blocks of rows, on all threads. The borders of the blocks do not
//! depend on the number of threads, and sums over blocks are added in order, so the results do not depend on it either.

mod agreement;
mod dbscan;
mod kmeans;
mod linkage;
mod matching;
mod silhouette;
mod squared;

pub use agreement::{Agreement, agreement};
pub use dbscan::dbscan;
pub use kmeans::{Kmeans, kmeans, lloyd, nearest_centre, plus_plus};
pub use linkage::{Linkage, Merge, cut, last_merges, linkage};
pub use matching::best_matching;
pub use silhouette::{ClusterDistances, cluster_distances};

/// The number of rows whose distances to others are computed together, by one thread.
const ROWS: usize = 128;
/// The number of other rows that are converted to f64 at a time.
const OTHERS: usize = 256;

/// True if no value is NaN or infinite.
fn finite(rows: ndarray::ArrayView2<f32>) -> bool {
    rows.iter().all(|value| value.is_finite())
}
