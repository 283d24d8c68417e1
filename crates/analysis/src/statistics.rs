//! # Figures of repeated measurements, and the place of the largest value
//!
//! ```text
//! mean              x̄ = 1/n · Σ_i x_i
//! deviation         s = √( 1/(n − 1) · Σ_i (x_i − x̄)² )        the standard deviation of one measurement
//! standard error    √( a·(1 − a)/n )                           of a, the part of n samples for which something holds
//! argmax            the smallest i with the largest x_i
//! ```
//!
//! The divisor n − 1 makes s² unbiased: x̄ is computed from the same values, so they lie a little nearer to it than to
//! the true mean. Whether something holds for a sample is a Bernoulli variable with the variance a·(1 − a), and the
//! variance of the mean of n of them is an n-th of that.

/// The mean of `values`. NaN if there are none.
///
/// ```
/// assert_eq!(handgrad_analysis::mean(&[1.0, 3.0]), 2.0);
/// ```
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of `values`, with the divisor n − 1. `None` if there are fewer than two values.
///
/// ```
/// assert_eq!(handgrad_analysis::deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
/// assert_eq!(handgrad_analysis::deviation(&[1.0]), None);
/// ```
#[must_use]
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The standard error of `part`, the part of `samples` samples for which something holds, such as an accuracy.
///
/// ```
/// assert!((handgrad_analysis::standard_error(0.9, 900) - 0.01).abs() < 1e-15);
/// ```
#[must_use]
pub fn standard_error(part: f64, samples: usize) -> f64 {
    (part * (1.0 - part) / samples as f64).sqrt()
}

/// The place of the largest of `values`, and of equal ones the first. NaN is never the largest. 0 if there are no
/// values.
///
/// ```
/// assert_eq!(handgrad_analysis::argmax([0.2_f32, 0.4, 0.4]), 1);
/// assert_eq!(handgrad_analysis::argmax([f64::NAN, 0.1]), 1);
/// ```
pub fn argmax<V: Into<f64>>(values: impl IntoIterator<Item = V>) -> usize {
    let mut largest = (0, f64::NEG_INFINITY);
    for (place, value) in values.into_iter().map(Into::into).enumerate() {
        if value > largest.1 {
            largest = (place, value);
        }
    }
    largest.0
}
