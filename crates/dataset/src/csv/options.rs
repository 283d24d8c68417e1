//! Choices that a model keeps: what replaces missing values, and how windows are cut.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

/// What replaces a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// 0.
    Zero,
    /// The mean of the values that its column has.
    Mean,
    /// The value of the step before it. Steps before the first known value get that first known value.
    Previous,
}

/// How windows are cut from a long series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The number of steps in one window.
    pub steps: NonZeroUsize,
    /// The number of steps from the start of one window to the start of the next.
    pub stride: NonZeroUsize,
}
