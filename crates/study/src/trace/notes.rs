//! Notes on values, and an entropy, that several examples share.

use handgrad_layers::{Scalar, bce, bce_logits};

use super::form::{Trace, long};

/// Returns the entropy Σ −(t·ln t + (1 − t)·ln(1 − t)), where 0·ln 0 = 0. No prediction of t has a smaller
/// cross-entropy. `bce::loss(t, t)` would be slightly larger because it clips its argument, most of all at t = 0 and
/// t = 1.
pub fn entropy(t: &[f64]) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    t.iter().map(|&t| term(t) + term(1.0 - t)).sum()
}

/// Adds a note if ℓ is not computed from p as its formula says.
pub fn note_on_loss(trace: &mut Trace, p: f64) {
    // Below the smallest normal number, p loses digits until it is 0.
    if !(f64::MIN_POSITIVE..=1.0 - bce::CLIP).contains(&p) {
        trace.note("computed from z, as ln(1 + e^z) − t·z: so close to 0 or 1, p has too few digits");
    }
}

/// Adds a note if δ is not computed as p − t, because p rounds to 1, or because the loss clips its σ.
pub fn note_on_delta(trace: &mut Trace, z: f64) {
    if z.sigmoid() > 1.0 - bce::CLIP {
        trace.note("computed from z, as (1 − t) − e^(−z)/(1 + e^(−z)): so close to 1, p has too few digits");
    } else if z < bce_logits::FARTHEST {
        trace.note(format!("σ is clipped at e^({}) in this loss", long(bce_logits::FARTHEST)));
    }
}

/// Adds a note on the first step of Adam: its size α·|g|/(|g| + ε) is α, unless |g| is not much larger than ε.
pub fn note_on_first_step(trace: &mut Trace, g: f64, epsilon: f64) {
    if g.abs() > 100.0 * epsilon {
        trace.note("the first step is α, against the sign of the gradient, whatever the gradient's size");
    }
}
