//! What a check finds, and when that passes.

use handgrad_layers::gradcheck::Report;

/// Relative errors above this fail.
pub const TOLERANCE: f64 = 1e-6;

/// The worst disagreement that a check came upon.
#[derive(Clone, Debug)]
pub struct Found {
    /// The relative error.
    pub error: f64,
    /// Which gradient, and the index in it.
    pub place: String,
    /// What the backward pass says there.
    pub analytic: f64,
    /// What the difference quotient says there.
    pub numeric: f64,
    /// The layer and its shapes.
    pub at: String,
    /// Sizes that were tried.
    pub cases: usize,
    /// By how much the error of a whole model's difference quotient falls when h is halved: fourfold, where it is
    /// h²/6·f‴.
    pub ratio: Option<f64>,
}

impl Found {
    pub(super) fn new(report: Report, at: String) -> Self {
        let Report { error, place: (name, index), analytic, numeric } = report;
        Self { error, place: format!("{name}[{index}]"), analytic, numeric, at, cases: 1, ratio: None }
    }

    /// Is the error small enough, and the ratio as it should be? NaN passes nothing.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.error <= TOLERANCE && self.ratio.is_none_or(|ratio| (3.5..4.5).contains(&ratio))
    }
}
