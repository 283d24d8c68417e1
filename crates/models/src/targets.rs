//! Which samples a loss can take: binary cross-entropy needs values within 0..1, cross-entropy needs distributions.

use handgrad_layers::LossKind;

/// How far from 1 a distribution's sum may be: values written with three decimals, or rounded to f32, are not further.
const TOLERANCE: f64 = 1e-3;

/// Why a loss cannot take a sample.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Misfit {
    /// Binary cross-entropy is given a value that is no probability.
    #[error(
        "has {value} at position {position}, and the loss is binary cross-entropy, which needs values within 0..1: \
         train with the loss mse, or scale the data to 0..1"
    )]
    Outside {
        /// The place in the sample, counted from 0.
        position: usize,
        /// What is there.
        value: f64,
    },
    /// Cross-entropy is given a value below 0.
    #[error("has {value} at position {position}, {NEEDS}")]
    Negative {
        /// The place in the sample, counted from 0.
        position: usize,
        /// What is there.
        value: f64,
    },
    /// Cross-entropy is given values that do not sum to 1.
    #[error("sums to {sum:.6}, {NEEDS}")]
    Sum {
        /// Their sum.
        sum: f64,
    },
}

const NEEDS: &str = "and the loss is cross-entropy, which needs samples that are distributions: no value below 0, and \
    all of a sample sum to 1. Divide each sample by its sum, or train with the loss bce or mse";

/// Refuses a sample that a loss cannot take.
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
/// Says what is wrong with it.
pub fn check(loss: LossKind, sample: impl IntoIterator<Item = f64>) -> Result<(), Misfit> {
    let values = sample.into_iter().enumerate();
    match loss {
        LossKind::Mse | LossKind::Mae => Ok(()),
        LossKind::Bce | LossKind::BceLogits => {
            let mut values = values;
            match values.find(|(_, value)| !(0.0..=1.0).contains(value)) {
                Some((position, value)) => Err(Misfit::Outside { position, value }),
                None => Ok(()),
            }
        }
        LossKind::CrossEntropy => {
            let mut sum = 0.0;
            for (position, value) in values {
                if value < 0.0 {
                    return Err(Misfit::Negative { position, value });
                }
                sum += value;
            }
            if (sum - 1.0).abs() <= TOLERANCE { Ok(()) } else { Err(Misfit::Sum { sum }) }
        }
    }
}
