//! `bce`.

use handgrad_layers::{Activation, Loss, LossKind, Reduction, activation, bce, bce_logits};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, long, sub, sum};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::notes::{entropy, note_on_delta, note_on_loss};

pub const EXAMPLE: Example = Example {
    name: "bce",
    title: "binary cross-entropy after a sigmoid, and after a ReLU",
    slides: "CE6146 \"Basic Autoencoder (2/3)\", loss='binary_crossentropy'; DIVE \"Define Autoencoder Model\"",
    steps: None,
    learning_rate: None,
    given,
    work,
};

/// Values of a sample.
const N: usize = 4;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("t", &[1.0, 0.0, 0.8, 0.3], N, "targets, 0 to 1"),
        matrix("z", &[2.0, -1.0, 0.5, 0.0], N, "the last layer before its sigmoid"),
        matrix("r", &[1.5, 0.0], 2, "what a ReLU might put out instead"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
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
    trace.line("L", format!("({})/4", sum("ℓ", N)), loss);
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
