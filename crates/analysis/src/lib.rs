//! Measures: how close two images are, how well scores tell two kinds of samples apart, what principal components make
//! of the same data, and what untrained networks make of it.
//!
//! One file is one measure, headed by its formula and where it comes from. Scores are larger the more a sample looks
//! like a *positive*; which kind that is, the caller says. What is undefined, such as a precision where nothing was
//! called positive, is `None`, never a made-up number.
#![forbid(unsafe_code)]

pub mod average_precision;
pub mod confusion;
pub mod hidden_covariance;
pub mod pca;
pub mod psnr;
mod ranking;
pub mod roc;
pub mod ssim;
pub mod threshold;

pub use average_precision::average_precision;
pub use confusion::Confusion;
pub use hidden_covariance::hidden_covariance;
pub use pca::Pca;
pub use psnr::psnr;
pub use ssim::ssim;
