//! Measures: how similar two images are, how well scores separate two kinds of samples, and how an untrained recurrent
//! network separates samples. Baselines, which need no network: principal components, nearest neighbours, clusters, and
//! ridge regressions that fill missing cells. Maps by t-SNE. Methods that need a few labels: label spreading; and the
//! optimiser L-BFGS.
//!
//! Each file has one measure or method and begins with its formula and its source. A higher score means that a sample
//! is more likely a *positive*; the caller decides which kind of samples is the positive one. An undefined result is
//! `None`, for example the precision if no sample is called positive.
#![forbid(unsafe_code)]

pub mod average_precision;
pub mod clusters;
pub mod confusion;
pub mod embedding;
pub mod hidden_covariance;
pub mod iterative_ridge;
pub mod lbfgs;
pub mod neighbours;
pub mod pca;
pub mod psnr;
pub mod random;
mod ranking;
pub mod ridge;
pub mod roc;
pub mod spreading;
pub mod ssim;
pub mod statistics;
pub mod threshold;

pub use average_precision::average_precision;
pub use confusion::Confusion;
pub use hidden_covariance::hidden_covariance;
pub use iterative_ridge::iterative_ridge;
pub use lbfgs::lbfgs;
pub use neighbours::{Nearest, knn_distances, knn_impute, nearest, nearest_others, vote};
pub use pca::Pca;
pub use psnr::psnr;
pub use random::Random;
pub use ridge::Ridge;
pub use ssim::ssim;
pub use statistics::{argmax, deviation, mean, standard_error};
