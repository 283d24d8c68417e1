//! What several examples say about a value.

use handgrad_layers::{bce, bce_logits};

use super::form::{Trace, long};

/// Σ −(t·ln t + (1 − t)·ln(1 − t)), where 0·ln 0 = 0: no prediction of t has a smaller cross-entropy. The clip of
/// `bce::loss(t, t)` would leave a little more, above all at 0 and 1.
pub fn entropy(t: &[f64]) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    t.iter().map(|&t| term(t) + term(1.0 - t)).sum()
}

/// Says where ℓ is not had from p as its formula is written.
pub fn note_on_loss(trace: &mut Trace, p: f64) {
    // Below the smallest normal number digits are lost, until p is 0.
    if !(f64::MIN_POSITIVE..=1.0 - bce::CLIP).contains(&p) {
        trace.note("computed from z, as ln(1 + e^z) − t·z: so far out p has not the digits for it");
    }
}

/// Says where δ is not p − t, the σ of the loss being held.
pub fn note_on_delta(trace: &mut Trace, z: f64) {
    if z < bce_logits::FARTHEST {
        trace.note(format!("the σ of this loss is held at e^({})", long(bce_logits::FARTHEST)));
    }
}

/// α·g/(|g| + ε) is α, unless ε counts.
pub fn note_on_first_step(trace: &mut Trace, g: f64, epsilon: f64) {
    if g.abs() > 100.0 * epsilon {
        trace.note("the first step is α against the sign of the gradient, whatever its size");
    }
}
