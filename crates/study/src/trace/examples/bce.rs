//! `bce`: binary cross-entropy after a sigmoid, and after a ReLU.

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
    loss: Some("L"),
    given,
    work,
};

/// The number of values of a sample.
const N: usize = 4;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("t", &[1.0, 0.0, 0.8, 0.3], N, "targets, 0 to 1"),
        matrix("z", &[2.0, -1.0, 0.5, 0.0], N, "output of the last layer, before the sigmoid"),
        matrix("relu", &[1.5, 0.0], 2, "possible outputs of a ReLU instead"),
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
    trace.note("the smallest possible loss: the entropy of the targets");
    trace.section("Backward");
    trace.text(
        "The denominator of ∂ℓ/∂p cancels with σ′ = p·(1 − p). So dz, which is ∂L/∂z with the 1/4 of the mean, is \
         computed without a division: for large |z|, p·(1 − p) is 0 in floating point.",
    );
    for (at, (((&t, &p), &z), &dz)) in (1..).zip(t.iter().zip(&p).zip(z).zip(&dz)) {
        let at = sub(at);
        trace.line(format!("∂ℓ/∂p{at}"), format!("(p{at} − t{at})/(p{at}·(1 − p{at}))"), bce::derivative(p, t));
        if !(bce::CLIP..=1.0 - bce::CLIP).contains(&p) {
            trace.note(format!("0, since bce.rs clips p to stay {} away from 0 and 1", long(bce::CLIP)));
        }
        trace.line(format!("dz{at}"), format!("(p{at} − t{at})/4"), dz);
        note_on_delta(trace, z);
    }
    trace.section("A ReLU output");
    trace.text(
        "The model of DIVE \"Define Autoencoder Model\" ends in a ReLU and is trained with binary cross-entropy. The \
         output p of a ReLU is 0 or any positive number, but ln(1 − p) is not defined for p > 1, and ln p is infinite \
         at p = 0. Keras and bce.rs clip p to 1e−7 … 1 − 1e−7. Then the loss is finite, but the gradient is 0, so such \
         an output is never corrected. `handgrad train` refuses this combination.",
    );
    for (at, &relu) in (1..).zip(numbers.of("relu")) {
        for target in [0.0, 1.0] {
            let with = format!("relu{}, t = {target}", sub(at));
            trace.line(format!("ℓ({with})"), "", bce::loss(relu, target));
            trace.line(format!("∂ℓ/∂p({with})"), "", bce::derivative(relu, target));
        }
    }
    Ok(())
}
