//! `mse` and `bce`.

use anyhow::Result;
use handgrad_layers::{Activation, Loss, LossKind, Reduction, activation, bce, bce_logits, mse};

use super::form::{Trace, long, sub};
use super::given::{Given, Numbers, matrix};

/// Values of a sample.
const N: usize = 4;

pub fn given_mse(_: usize) -> Vec<Given> {
    vec![
        matrix("y", &[1.0, 0.0, 0.5, 0.25], N, "observed values: the target"),
        matrix("p", &[0.8, 0.1, 0.6, 0.0], N, "predicted values, the slide's ỹ"),
    ]
}

/// (a₁ + a₂ + …) of so many.
fn sum(symbol: &str) -> String {
    (1..=N).map(|at| format!("{symbol}{}", sub(at))).collect::<Vec<_>>().join(" + ")
}

pub fn work_mse(numbers: &Numbers, trace: &mut Trace) -> Result<()> {
    let (y, p) = (numbers.of("y"), numbers.of("p"));
    let of = |reduction| {
        let mut delta = [0.0; N];
        let loss = Loss { kind: LossKind::Mse, reduction }.forward_backward(p, y, 1, &mut delta);
        (loss, delta)
    };
    trace.section("Forward");
    for (at, (&y, &p)) in (1..).zip(y.iter().zip(p)) {
        let at = sub(at);
        trace.line(format!("ℓ{at}"), format!("(y{at} − p{at})²"), mse::loss(p, y));
    }
    let (mean, of_mean) = of(Reduction::Mean);
    trace.line("MSE", format!("({})/4", sum("ℓ")), mean);
    trace.note("1/n·Σ(y_i − ỹ_i)² with n = 4");
    trace.section("Backward");
    for (at, &delta) in (1..).zip(&of_mean) {
        let at = sub(at);
        trace.line(format!("dp{at}"), format!("2·(p{at} − y{at})/4"), delta);
    }
    trace.section("Summed instead");
    trace.text(
        "The other reduction, per sample instead of per value. Loss and gradient are n times as large, and beside a \
         penalty, as of a variational or sparse autoencoder, that is another loss.",
    );
    let (total, of_sum) = of(Reduction::Sum);
    trace.line("SSE", sum("ℓ"), total);
    for (at, &delta) in (1..).zip(&of_sum) {
        let at = sub(at);
        trace.line(format!("dp{at}"), format!("2·(p{at} − y{at})"), delta);
    }
    trace.section("Where the slides err");
    trace.text(
        "KERAS \"Reconstruction Loss\" defines N, the number of data points, and sums to n, which it does not define: \
         they are the same. Whether they count pixels, images or both it leaves open; here a batch is averaged over \
         its samples, and the values of a sample are averaged or summed, as above.",
    );
    trace.text(
        "CE6146 \"Example – BPTT (2/4)\" calls (y_t − x_{t+1})² a Mean Squared Error: it is a squared error of one \
         value, and its sum over the steps is not averaged.",
    );
    Ok(())
}

pub fn given_bce(_: usize) -> Vec<Given> {
    vec![
        matrix("t", &[1.0, 0.0, 0.8, 0.3], N, "targets, 0 to 1"),
        matrix("z", &[2.0, -1.0, 0.5, 0.0], N, "the last layer before its sigmoid"),
        matrix("r", &[1.5, 0.0], 2, "what a ReLU might put out instead"),
    ]
}

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

pub fn work_bce(numbers: &Numbers, trace: &mut Trace) -> Result<()> {
    let (t, z) = (numbers.within_unit("t")?, numbers.of("z"));
    let mut p = z.to_vec();
    activation::forward(Activation::Sigmoid, &mut p);
    let mut dz = [0.0; N];
    let loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Mean }.forward_backward(z, t, 1, &mut dz);
    trace.section("Forward");
    for (at, ((&z, &t), &p)) in (1..).zip(z.iter().zip(t).zip(&p)) {
        let at = sub(at);
        trace.line(format!("p{at}"), format!("σ(z{at})"), p);
        trace.line(format!("ℓ{at}"), format!("−(t{at}·ln(p{at}) + (1 − t{at})·ln(1 − p{at}))"), bce_logits::loss(z, t));
        note_on_loss(trace, p);
    }
    trace.line("L", format!("({})/4", sum("ℓ")), loss);
    trace.line("L(p = t)", "", entropy(t) / N as f64);
    trace.note("the least possible: targets between 0 and 1 leave their entropy");
    trace.section("Backward");
    trace.text(
        "dp is ∂ℓ/∂p. σ′ = p·(1 − p) cancels its denominator, so dz, which is ∂L/∂z with the mean's 1/4, is computed \
         without it: far out p·(1 − p) is 0 in floating point.",
    );
    for (at, (((&t, &p), &z), &dz)) in (1..).zip(t.iter().zip(&p).zip(z).zip(&dz)) {
        let at = sub(at);
        trace.line(format!("dp{at}"), format!("(p{at} − t{at})/(p{at}·(1 − p{at}))"), bce::derivative(p, t));
        if !(bce::CLIP..=1.0 - bce::CLIP).contains(&p) {
            trace.note(format!("0, since bce.rs holds p {} away from 0 and 1", long(bce::CLIP)));
        }
        trace.line(format!("dz{at}"), format!("(p{at} − t{at})/4"), dz);
        note_on_delta(trace, z);
    }
    trace.section("A ReLU output");
    trace.text(
        "DIVE \"Define Autoencoder Model\" ends in a ReLU and trains with binary cross-entropy. A ReLU puts out 0 or \
         any positive number: ln(1 − r) has no value for r > 1, ln r is infinite at 0. Keras, and bce.rs, hold r \
         between 1e−7 and 1 − 1e−7: the loss is then finite, and the gradient 0, so such a value is never corrected. \
         `handgrad train` refuses the combination.",
    );
    for (at, &r) in (1..).zip(numbers.of("r")) {
        for (number, target) in [("₀", 0.0), ("₁", 1.0)] {
            trace.line(format!("ℓ(r{}, t = {target})", sub(at)), "", bce::loss(r, target));
            trace.line(format!("dr{}{number}", sub(at)), "", bce::derivative(r, target));
            trace.note(format!("its gradient, r = {r}, t = {target}"));
        }
    }
    Ok(())
}
