//! The result of a check, and when it passes.

use handgrad_layers::gradcheck::Report;

/// The largest relative error that passes.
pub const TOLERANCE: f64 = 1e-6;

/// The largest error that a check has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The relative error at this place.
    pub error: f64,
    /// The name of the gradient, and the index in it.
    pub place: String,
    /// The derivative by the backward pass.
    pub analytic: f64,
    /// The derivative by the difference quotient.
    pub numeric: f64,
    /// The layer or loss, and its shapes.
    pub at: String,
    /// The number of sizes that were checked.
    pub cases: usize,
    /// Only for whole models: the factor by which the error decreases when h is halved. It is about 4 if the error is
    /// that of the difference quotient, h²/6·f‴.
    pub ratio: Option<f64>,
}

impl Found {
    pub(super) fn new(report: Report, at: String) -> Self {
        let Report { error, place: (name, index), analytic, numeric } = report;
        Self { error, place: format!("{name}[{index}]"), analytic, numeric, at, cases: 1, ratio: None }
    }

    /// True if the error is small enough and the ratio is about 4. NaN never passes.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.error <= TOLERANCE && self.ratio.is_none_or(|ratio| (3.5..4.5).contains(&ratio))
    }
}
