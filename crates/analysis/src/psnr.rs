//! # PSNR: the ratio of the squared range of the signal to the mean squared error
//!
//! ```text
//! MSE = 1/n · Σ (x_i − y_i)²   PSNR = 10·log₁₀(L² / MSE)  in decibels   L: range of the values, 1 for 0..1
//! ```
//!
//! If the squared error is ten times smaller, the PSNR is 10 dB higher. For two equal images it is ∞.
//!
//! Source: Huynh-Thu & Ghanbari, "Scope of validity of PSNR in image/video quality assessment", Electronics Letters 44
//! (2008).

/// Returns the peak signal-to-noise ratio in decibels, or `None` if there are no values.
///
/// # Panics
/// If `x` and `y` do not have the same number of values.
#[must_use]
pub fn psnr(x: &[f32], y: &[f32], range: f64) -> Option<f64> {
    mse(x, y).map(|mse| 10.0 * libm::log10(range * range / mse))
}

/// Returns the mean squared error, computed in f64, or `None` if there are no values.
///
/// # Panics
/// If `x` and `y` do not have the same number of values.
#[must_use]
pub fn mse(x: &[f32], y: &[f32]) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "as many values in both");
    let sum: f64 = x.iter().zip(y).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum();
    (!x.is_empty()).then(|| sum / x.len() as f64)
}
