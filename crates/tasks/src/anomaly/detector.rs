//! Other detectors of anomalies, to compare an autoencoder with: nobody should believe an autoencoder that a nearest
//! neighbour beats.
//!
//! ```text
//! pca    the Mahalanobis distance Σ_j h_j²/λ_j      h_j: the projection on component j of the normal samples
//!                                                   λ_j: its variance
//! knn    the distance to the fifth nearest normal sample
//! ```
//!
//! Both get the samples as the network does: scaled, and the columns of a table encoded. A missing value counts as
//! the mean of its place over the normal samples. Both learn from the normal samples, at most [`MOST`] of them,
//! evenly spaced.
//!
//! Source: Shyu, Chen, Sarinnapakorn & Chang, "A novel anomaly detection scheme based on principal component
//! classifier", 2003; Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from large data sets",
//! SIGMOD 2000.

use handgrad_analysis::{Pca, knn_distances};
use handgrad_dataset::Samples;
use handgrad_models::Model;
use ndarray::Array2;

use crate::inputs::{fill, means, rows};
use crate::{CHUNK, Error, check_numbers};

/// The most normal samples that a detector learns from.
pub const MOST: usize = 10_000;
/// The number of neighbours.
const NEIGHBOURS: usize = 5;

/// A detector that is no autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    /// Principal components.
    Pca,
    /// Nearest neighbours.
    Knn,
}

/// A detector that has learnt from normal samples.
#[derive(Debug)]
pub struct Fitted<'a> {
    model: &'a Model,
    detector: Detector,
    /// The normal samples in the units of the network.
    normal: Array2<f32>,
    /// Their mean in each place, which replaces a missing value.
    means: Vec<f32>,
    pca: Option<Pca>,
}

impl<'a> Fitted<'a> {
    /// Learns from the samples with these numbers.
    ///
    /// # Errors
    /// If there are too few of them, or a number is not that of a sample.
    pub fn new(detector: Detector, model: &'a Model, samples: &Samples, numbers: &[u32]) -> Result<Self, Error> {
        check_numbers(samples, numbers)?;
        let step = numbers.len().div_ceil(MOST).max(1);
        let numbers: Vec<u32> = numbers.iter().copied().step_by(step).collect();
        if numbers.len() <= NEIGHBOURS {
            return Err(Error::Usage(format!(
                "a detector needs more than {NEIGHBOURS} normal samples, but there are {}",
                numbers.len()
            )));
        }
        let mut normal = rows(model, samples, &numbers);
        let means = means(&normal);
        fill(&mut normal, &means);
        let pca = match detector {
            Detector::Pca => Some(Pca::fit(normal.view(), normal.ncols()).ok_or(Error::NoScores)?),
            Detector::Knn => None,
        };
        Ok(Self { model, detector, normal, means, pca })
    }

    /// Returns the scores of the samples with these numbers. `are_learnt` says that the detector learnt from them: then
    /// the nearest neighbour of a sample, which is the sample itself, does not count.
    ///
    /// # Errors
    /// If a number is not that of a sample.
    pub fn scores(&self, samples: &Samples, numbers: &[u32], are_learnt: bool) -> Result<Vec<f64>, Error> {
        check_numbers(samples, numbers)?;
        let mut scores = Vec::with_capacity(numbers.len());
        for numbers in numbers.chunks(CHUNK) {
            let mut rows = rows(self.model, samples, numbers);
            fill(&mut rows, &self.means);
            scores.extend(match (self.detector, &self.pca) {
                (Detector::Pca, Some(pca)) => pca.mahalanobis(rows.view()),
                _ => {
                    let neighbours = NEIGHBOURS + usize::from(are_learnt);
                    knn_distances(self.normal.view(), rows.view(), neighbours).ok_or(Error::NoScores)?
                }
            });
        }
        Ok(scores)
    }
}
