//! `conv-transpose`: a transposed convolution with stride 2 enlarges a 2×2 image, and the way back.

use handgrad_layers::{Activation, ConvTranspose2d, Padding};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, places};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "conv-transpose",
    title: "a transposed convolution with stride 2 enlarges a 2×2 image, forward and backward",
    slides: "UTMIST \"Convolutional Autoencoder\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// Side lengths of the image, of the window and of the output.
const X: usize = 2;
const K: usize = 3;
const STRIDE: usize = 2;
const Y: usize = X * STRIDE;

fn given(_: usize) -> Vec<Given> {
    let dy = [1.0, -1.0, 0.5, 2.0, 0.0, 1.0, -2.0, 1.0, 0.5, 0.5, 1.0, -1.0, 2.0, 0.0, -0.5, 1.0];
    vec![
        matrix("x", &[1.0, 2.0, -1.0, 3.0], X, "the small image"),
        matrix("w", &[1.0, 0.5, -1.0, 2.0, 1.0, 0.5, -0.5, 1.5, 1.0], K, "the window"),
        number("b", 0.1, "bias"),
        matrix("dy", &dy, Y, "∂L/∂y, the gradient from the next layer"),
    ]
}

/// Returns the place of y to which the value (i, j) of x adds its product with weight (u, v), if y has it: the last
/// line and the last column are cut off.
fn lands(i: usize, j: usize, u: usize, v: usize) -> Option<(usize, usize)> {
    let [p, q] = [(i, u), (j, v)].map(|(i, u)| STRIDE * (i - 1) + u);
    (p <= Y && q <= Y).then_some((p, q))
}

/// Returns the sum of the terms that exist.
fn join(terms: impl Iterator<Item = Option<String>>) -> String {
    terms.flatten().collect::<Vec<_>>().join(" + ")
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let layer = ConvTranspose2d::new([1, X, X], 1, [K, STRIDE, 1], Padding::Same, 0, Activation::Linear)?;
    let theta = [numbers.of("w"), numbers.of("b")].concat();
    let ran = run_layer(&layer, &theta, numbers.of("x"), Y * Y, |_| numbers.of("dy").to_vec());

    trace.section("Forward: every value of x adds a window to y, two pixels further each time");
    trace.text("The windows overlap in line 3 and in column 3. Same padding cuts off the fifth line and column.");
    for ((p, q), &y) in places(Y, Y).zip(&ran.y) {
        let uses = places(X, X).flat_map(|(i, j)| places(K, K).map(move |(u, v)| ((i, j), (u, v))));
        let term = |((i, j), (u, v))| {
            (lands(i, j, u, v) == Some((p, q))).then(|| format!("{}·{}", at("w", u, v), at("x", i, j)))
        };
        trace.line(at("y", p, q), format!("{} + b", join(uses.map(term))), y);
    }
    trace.matrix("y", "", Value::matrix(&ran.y, Y));

    trace.section("Backward to the window");
    trace.text("A weight is used once for every value of x, so its gradient is the sum over them.");
    for ((u, v), &dw) in places(K, K).zip(&ran.dtheta) {
        let term = |(i, j)| lands(i, j, u, v).map(|(p, q)| format!("{}·{}", at("dy", p, q), at("x", i, j)));
        trace.line(at("dw", u, v), join(places(X, X).map(term)), dw);
    }
    trace.line("db", join(places(Y, Y).map(|(p, q)| Some(at("dy", p, q)))), ran.dtheta[K * K]);

    trace.section("Backward to x: a convolution of dy with stride 2");
    trace.text("A value of x was used under the whole window, so its gradient is the sum over the window.");
    for ((i, j), &dx) in places(X, X).zip(&ran.dx) {
        let term = |(u, v)| lands(i, j, u, v).map(|(p, q)| format!("{}·{}", at("w", u, v), at("dy", p, q)));
        trace.line(at("dx", i, j), join(places(K, K).map(term)), dx);
    }
    trace.section("What the slides leave open");
    trace.text(
        "UTMIST names layers.Conv2DTranspose without a formula. Keras cuts off the same line and column; in PyTorch, \
         ConvTranspose2d(1, 1, 3, 2) returns 5×5, and the last line and column have to be cut off.",
    );
    Ok(())
}
