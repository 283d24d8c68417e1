//! # PSNR: how far the peak of the signal rises above the error
//!
//! ```text
//! MSE = 1/n · Σ (x_i − y_i)²   PSNR = 10·log₁₀(L² / MSE)  in decibels   L: range of the values, 1 for 0..1
//! ```
//!
//! Ten times less squared error is 10 dB more; of two equal images it is ∞.
//!
//! Source: Huynh-Thu & Ghanbari, "Scope of validity of PSNR in image/video quality assessment", Electronics Letters 44
//! (2008).

/// Peak signal-to-noise ratio in decibels; none where there are no values.
///
/// # Panics
/// If there are not as many values in both.
#[must_use]
pub fn psnr(x: &[f32], y: &[f32], range: f64) -> Option<f64> {
    mse(x, y).map(|mse| 10.0 * (range * range / mse).log10())
}

/// Mean squared error, in f64; none where there are no values.
///
/// # Panics
/// If there are not as many values in both.
#[must_use]
pub fn mse(x: &[f32], y: &[f32]) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "as many values in both");
    let sum: f64 = x.iter().zip(y).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum();
    (!x.is_empty()).then(|| sum / x.len() as f64)
}
