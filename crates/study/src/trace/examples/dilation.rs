//! `dilation`: a 2×2 window whose weights are two pixels apart, and the way back.

use handgrad_layers::{Activation, Conv2d, Padding};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, places};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "dilation",
    title: "a 2×2 window with dilation 2 on a 4×4 image, forward and backward",
    slides: "CE6146 \"Examples for Dilation\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// Side lengths of the image and of the window, the dilation, and the side length of the output.
const X: usize = 4;
const K: usize = 2;
const D: usize = 2;
const Y: usize = X - D * (K - 1);

fn given(_: usize) -> Vec<Given> {
    let x = [1.0, 2.0, 0.0, 1.0, 0.0, 1.0, 3.0, 1.0, 2.0, 1.0, 0.0, -1.0, 1.0, 0.0, 1.0, 2.0];
    vec![
        matrix("x", &x, X, "the image"),
        matrix("w", &[1.0, -1.0, 2.0, 0.5], K, "the window"),
        number("b", 0.5, "bias"),
        matrix("dy", &[1.0, -1.0, 2.0, 0.5], Y, "∂L/∂y, the gradient from the next layer"),
        number("d", D as f64, "the dilation, for the last section"),
        number("k", K as f64, "the side of the window, for the last section"),
    ]
}

/// Returns the name of the pixel under weight (u, v) when the window is at the place (i, j).
fn under([i, j]: [usize; 2], [u, v]: [usize; 2]) -> String {
    at("x", i + D * (u - 1), j + D * (v - 1))
}

fn join(terms: impl Iterator<Item = String>) -> String {
    terms.collect::<Vec<_>>().join(" + ")
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let layer = Conv2d::new([1, X, X], 1, [K, 1, D], Padding::Valid, Activation::Linear)?;
    let theta = [numbers.of("w"), numbers.of("b")].concat();
    let ran = run_layer(&layer, &theta, numbers.of("x"), Y * Y, |_| numbers.of("dy").to_vec());

    trace.section("Forward: four weights, with a gap of one pixel between them");
    for ((i, j), &y) in places(Y, Y).zip(&ran.y) {
        let term = |(u, v)| format!("{}·{}", at("w", u, v), under([i, j], [u, v]));
        trace.line(at("y", i, j), format!("{} + b", join(places(K, K).map(term))), y);
    }
    trace.section("Backward to the window");
    trace.text("As without dilation: a weight is used at every place, so its gradient is the sum over the places.");
    for ((u, v), &dw) in places(K, K).zip(&ran.dtheta) {
        let term = |(i, j)| format!("{}·{}", at("dy", i, j), under([i, j], [u, v]));
        trace.line(at("dw", u, v), join(places(Y, Y).map(term)), dw);
    }
    trace.line("db", join(places(Y, Y).map(|(i, j)| at("dy", i, j))), ran.dtheta[K * K]);
    trace.section("Backward to the image");
    trace.text("At this size, every pixel lies under one weight at one place only.");
    for ((p, q), &dx) in places(X, X).zip(&ran.dx) {
        let uses = places(Y, Y).flat_map(|(i, j)| places(K, K).map(move |(u, v)| ([i, j], [u, v])));
        let uses = uses.filter(|&(place, weight)| under(place, weight) == at("x", p, q));
        let term = |([i, j], [u, v]): ([usize; 2], [usize; 2])| format!("{}·{}", at("w", u, v), at("dy", i, j));
        trace.line(at("dx", p, q), join(uses.map(term)), dx);
    }
    trace.matrix("dx", "", Value::matrix(&ran.dx, X));

    let [d, k] = ["d", "k"].map(|name| numbers.one(name));
    trace.section("How far the window sees");
    trace.line("reach", "d·(k − 1) + 1", d * (k - 1.0) + 1.0);
    trace.note("pixels from the first weight to the last");
    trace.line("weights", "k·k", k * k);
    trace.line("seen", "k·k/((d·(k − 1) + 1)·(d·(k − 1) + 1))", k * k / (d * (k - 1.0) + 1.0).powi(2));
    trace.note("the part of the pixels within its reach that one output sees; the others are in the gaps");
    trace.section("What the slides say about it");
    trace.text(
        "CE6146 \"Examples for Dilation\": suitable for tumours in scans, where the surroundings matter; not suitable \
         for species of birds, where a fine detail can lie in a gap.",
    );
    Ok(())
}
