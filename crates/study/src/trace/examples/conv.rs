//! `conv`: a 3×3 window on a 4×4 image, and back.

use handgrad_layers::{Activation, Conv2d, Padding};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, places};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "conv",
    title: "a 3×3 convolution of a 4×4 image, and the gradients of window and image",
    slides: "DIVE \"Types of Autoencoders\"; UTMIST \"Convolutional Autoencoder\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// Side lengths of the image, of the window and of the output.
const X: usize = 4;
const K: usize = 3;
const Y: usize = X - K + 1;

fn given(_: usize) -> Vec<Given> {
    let x = [1.0, 2.0, 0.0, 1.0, 0.0, 1.0, 3.0, 1.0, 2.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 2.0];
    let w = [1.0, 0.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.0, -1.0];
    vec![
        matrix("x", &x, X, "the image"),
        matrix("w", &w, K, "the window"),
        number("b", 1.0, "bias"),
        matrix("dy", &[1.0, -1.0, 2.0, 0.5], Y, "∂L/∂y, the gradient from the next layer"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let layer = Conv2d::new([1, X, X], 1, [K, 1, 1], Padding::Valid, Activation::Linear)?;
    let theta = [numbers.of("w"), numbers.of("b")].concat();
    let ran = run_layer(&layer, &theta, numbers.of("x"), Y * Y, |_| numbers.of("dy").to_vec());
    let join = |terms: Vec<String>| terms.join(" + ");

    trace.section("Forward: the window at every place");
    trace.text_as_printed("This window finds vertical edges.");
    for ((i, j), &y) in places(Y, Y).zip(&ran.y) {
        let term = |(u, v)| format!("{}·{}", at("w", u, v), at("x", i + u - 1, j + v - 1));
        trace.line(at("y", i, j), format!("{} + b", join(places(K, K).map(term).collect())), y);
    }
    trace.section("Backward to the window");
    trace.text(
        "Each weight is multiplied by a value of x at every place of the window, so its gradient is the sum \
                over all places.",
    );
    for ((u, v), &dw) in places(K, K).zip(&ran.dtheta) {
        let term = |(i, j)| format!("{}·{}", at("dy", i, j), at("x", i + u - 1, j + v - 1));
        trace.line(at("dw", u, v), join(places(Y, Y).map(term).collect()), dw);
    }
    trace.line("db", join(places(Y, Y).map(|(i, j)| at("dy", i, j)).collect()), ran.dtheta[K * K]);
    trace.section("Backward to the image");
    trace.text(
        "Each pixel is multiplied by a weight in every window that covers it, so its gradient is the sum over these \
         windows. This is the transposed convolution of dy: the Conv2DTranspose of a decoder computes the backward \
         pass of a Conv2D.",
    );
    for ((p, q), &dx) in places(X, X).zip(&ran.dx) {
        let under = places(Y, Y).filter(|&(i, j)| (i..i + K).contains(&p) && (j..j + K).contains(&q));
        let terms = under.map(|(i, j)| format!("{}·{}", at("w", p - i + 1, q - j + 1), at("dy", i, j))).collect();
        trace.line(at("dx", p, q), join(terms), dx);
    }
    trace.matrix("dx", "", Value::matrix(&ran.dx, X));
    trace.section("What the slides leave open");
    trace.text(
        "The slides name convolutional autoencoders but give no formula. As in every framework, the window is not \
         flipped, so this is a cross-correlation. Here there is no padding, stride and dilation are 1, and there is no \
         activation. With an activation φ, dy would first become δ = dy·φ′.",
    );
    Ok(())
}
