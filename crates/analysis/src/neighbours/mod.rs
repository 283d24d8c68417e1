//! # Nearest neighbours: methods without training, from the distances to known rows
//!
//! ```text
//! nearest.rs     the k nearest known rows of a sample
//! vote.rs        the class of most of the k nearest rows                     classification
//! distances.rs   how far is a sample from its k-th nearest training row       anomaly scores
//! impute.rs      the mean of the k nearest training rows that know a cell     missing values
//! shared.rs      distances and nearest rows by the cells that both rows have
//! graph.rs       the symmetric graph of nearest rows                          label spreading, t-SNE
//! ```
//!
//! All compute all distances, with matrix products over blocks of rows. Blocks are computed on all threads; their
//! borders do not depend on the number of threads, so the results do not either.

mod distances;
mod graph;
mod impute;
mod nearest;
mod shared;
mod vote;

pub use distances::knn_distances;
pub use graph::Sparse;
pub use impute::knn_impute;
pub use nearest::{Nearest, nearest, nearest_others};
pub use shared::nearest_by_shared;
pub use vote::vote;

/// The number of samples whose distances are computed together, by one thread.
const SAMPLES: usize = 128;
/// The number of training rows that are converted to f64 at a time.
const TRAIN: usize = 256;
