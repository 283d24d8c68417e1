//! `dropout`: a layer with dropout before it, in training and in use.

use handgrad_layers::{
    Activation, BatchRows, Dropout, Layer, Loss, LossKind, Mode, Pass, Reduction, Saved, dense, random,
};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, dot, sub};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "dropout",
    title: "dropout between two layers: the mask, the gradients, and why 1 − rate divides",
    slides: "CE6146 \"20231012 Exercise #17\"; DIVE \"How to Train Autoencoders?\"",
    steps: None,
    learning_rate: None,
    loss: Some("L"),
    given,
    work,
};

/// The number of units.
const N: usize = 4;
const LOSS: Loss = Loss { kind: LossKind::Mse, reduction: Reduction::Sum };

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("h", &[0.9, 0.4, 0.8, 0.2], N, "the output of a hidden layer"),
        matrix("w", &[0.5, -1.0, 0.3, 0.8], N, "from the four units to one output"),
        number("b", 0.1, "bias of the output"),
        number("t", 1.0, "the target"),
        number("rate", 0.5, "the probability that a value is set to 0"),
    ]
}

/// A pass over sample 0 in epoch 1 of a training with seed 0.
fn pass(mode: Mode) -> Pass<'static, f64> {
    Pass { mode, epoch: 1, samples: &[0], layer: 1, ..Pass::predict() }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let [h, w] = ["h", "w"].map(|name| numbers.of(name));
    let [b, t, rate] = ["b", "t", "rate"].map(|name| numbers.one(name));
    let layer = Dropout { rate };
    Layer::<f64>::output_shape(&layer, &[N]).map_err(Error::NotAccepted)?;
    let (mut y, mut z, mut dz, mut dw) = ([0.0; N], [0.0], [0.0], [0.0; N]);
    layer.forward(&[], h, &mut y, &mut pass(Mode::Train));
    dense::forward(&y, w, &[b], Activation::Linear, &mut z);
    let loss = LOSS.forward_backward(&z, &[t], 1, &mut dz);
    let (mut dy, mut dh) = ([0.0; N], [0.0; N]);
    dense::backward_weights(BatchRows::contiguous(&y, N), BatchRows::contiguous(&dz, 1), 0..N, &mut dw);
    dense::backward_input(w, &dz, 1, &mut dy);
    layer.backward_input(&[], Saved { x: h, y: &y }, &mut dy.clone(), Some(&mut dh), &mut pass(Mode::Train));

    trace.section("Forward, in training");
    trace.text("u is drawn from 0..1. A value is hidden if u is below the rate; the others are divided by 1 − rate.");
    let mut drawn = [0.0; N];
    random::with_uniform(&pass(Mode::Train), 0, &mut drawn, |_, u| u);
    for (i, (&u, &y)) in (1..).zip(drawn.iter().zip(&y)) {
        let i = sub(i);
        trace.line(format!("u{i}"), "", u);
        trace.line(format!("mask{i}"), "", f64::from(u >= rate));
        trace.note("1 if u ≥ rate, otherwise 0");
        trace.line(format!("y{i}"), format!("h{i}·mask{i}/(1 − rate)"), y);
    }
    let product = |name: &'static str| dot(N, move |i| format!("{name}{}", sub(i)), |i| format!("w{}", sub(i)));
    trace.line("z", format!("{} + b", product("y")), z[0]);
    trace.line("L", "(z − t)²", loss);

    trace.section("Backward, with the same mask");
    trace.line("dz", "2·(z − t)", dz[0]);
    for (i, (((&dw, &dy), &dh), &u)) in (1..).zip(dw.iter().zip(&dy).zip(&dh).zip(&drawn)) {
        let i = sub(i);
        trace.line(format!("dw{i}"), format!("y{i}·dz"), dw);
        trace.note(if u < rate { "hidden: this weight does not learn in this step" } else { "" });
        trace.line(format!("dy{i}"), format!("w{i}·dz"), dy);
        trace.line(format!("dh{i}"), format!("dy{i}·mask{i}/(1 − rate)"), dh);
    }
    trace.line("db", "dz", dz[0]);
    trace.text(
        "The mask of the backward pass must be that of the forward pass; a new one is the planted mistake `fresh-mask` \
         of `handgrad gradcheck --break`.",
    );

    trace.section("In use: nothing is hidden");
    let (mut whole, mut used) = ([0.0; N], [0.0]);
    layer.forward(&[], h, &mut whole, &mut pass(Mode::Predict));
    dense::forward(&whole, w, &[b], Activation::Linear, &mut used);
    trace.line("z in use", format!("{} + b", product("h")), used[0]);
    trace.section("Why the others are divided by 1 − rate");
    trace.text(
        "A value is kept with probability 1 − rate. So the mean of y over many masks is h, and the next layer gets \
         values of the same size in training and in use.",
    );
    for (i, &h) in (1..).zip(h) {
        let formula = format!("(1 − rate)·h{}/(1 − rate) + rate·0", sub(i));
        trace.line(format!("mean of y{}", sub(i)), formula, (1.0 - rate) * h / (1.0 - rate));
    }
    trace.section("What the slides say about it");
    trace.text(
        "CE6146 \"20231012 Exercise #17\": dropout is used for regularization. It does not make training faster: a \
         network that is thinned at random usually needs more epochs.",
    );
    Ok(())
}
