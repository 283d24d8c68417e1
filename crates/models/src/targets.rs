//! Checks whether samples are valid targets for a loss: binary cross-entropy needs values within 0..1, cross-entropy
//! needs distributions.

use handgrad_layers::LossKind;

/// Largest allowed difference between 1 and the sum of a distribution. It allows for values that were rounded to f32
/// or to three decimals.
const TOLERANCE: f64 = 1e-3;

/// The reason why a sample is not a valid target for a loss.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Misfit {
    /// For binary cross-entropy: a value is not within 0..1.
    #[error(
        "has {value} at position {position}, but the loss is binary cross-entropy, which needs values within 0..1: \
         train with the loss mse, or scale the data to 0..1"
    )]
    Outside {
        /// The position in the sample, counted from 0.
        position: usize,
        /// The value found.
        value: f64,
    },
    /// For cross-entropy: a value is below 0.
    #[error("has {value} at position {position}, {NEEDS}")]
    Negative {
        /// The position in the sample, counted from 0.
        position: usize,
        /// The value found.
        value: f64,
    },
    /// For cross-entropy: the values do not sum to 1.
    #[error("sums to {sum:.6}, {NEEDS}")]
    Sum {
        /// The sum of the values.
        sum: f64,
    },
}

const NEEDS: &str = "but the loss is cross-entropy, which needs samples that are distributions: no value is below 0, \
    and the values of a sample sum to 1. Divide each sample by its sum, or train with the loss bce or mse";

/// Refuses a sample on which a network cannot be trained, because it is not a valid target for the loss.
///
/// ```
/// use handgrad_layers::LossKind;
/// use handgrad_models::targets::check;
///
/// assert!(check(LossKind::Bce, [0.0, 0.5, 1.0]).is_ok());
/// assert!(check(LossKind::Bce, [0.0, 0.5, 1.5]).is_err());
/// assert!(check(LossKind::Mse, [0.0, 0.5, 1.5]).is_ok());
/// ```
///
/// # Errors
/// If the sample is not a valid target. The error says why.
pub fn check(loss: LossKind, sample: impl IntoIterator<Item = f64>) -> Result<(), Misfit> {
    if !matches!(loss, LossKind::Bce | LossKind::BceLogits) {
        return check_use(loss, sample);
    }
    // A missing value is NaN, and no target.
    match sample.into_iter().enumerate().find(|(_, value)| !value.is_nan() && !(0.0..=1.0).contains(value)) {
        Some((position, value)) => Err(Misfit::Outside { position, value }),
        None => Ok(()),
    }
}

/// Refuses a sample that cannot be scored by a loss. This is the same as [`check`], except that binary cross-entropy
/// can score all values: see [`handgrad_layers::bce`].
///
/// ```
/// use handgrad_layers::LossKind;
/// use handgrad_models::targets::check_use;
///
/// assert!(check_use(LossKind::Bce, [0.0, 0.5, 1.5]).is_ok());
/// assert!(check_use(LossKind::CrossEntropy, [0.0, 0.5, 1.5]).is_err());
/// ```
///
/// # Errors
/// If the sample cannot be scored. The error says why.
pub fn check_use(loss: LossKind, sample: impl IntoIterator<Item = f64>) -> Result<(), Misfit> {
    if loss != LossKind::CrossEntropy {
        return Ok(());
    }
    let mut sum = 0.0;
    for (position, value) in sample.into_iter().enumerate() {
        if value < 0.0 {
            return Err(Misfit::Negative { position, value });
        }
        sum += value;
    }
    if (sum - 1.0).abs() <= TOLERANCE { Ok(()) } else { Err(Misfit::Sum { sum }) }
}
