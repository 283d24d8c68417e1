//! `pool`: max pooling of a 4×4 image, upsampling, and both ways back.

use handgrad_layers::{MaxPool2d, Upsample2d};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, places};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "pool",
    title: "max pooling makes a 4×4 image smaller, upsampling makes it larger, forward and backward",
    slides: "UTMIST \"Convolutional Autoencoder\"; DIVE \"Types of Autoencoders\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// Side lengths of the image and of a square.
const X: usize = 4;
const SIZE: usize = 2;
const Y: usize = X / SIZE;

fn given(_: usize) -> Vec<Given> {
    let x = [1.0, 3.0, 2.0, 0.0, 2.0, 0.0, 1.0, 4.0, 5.0, 5.0, -1.0, -2.0, 0.0, 1.0, -3.0, -4.0];
    let dz = [1.0, -1.0, 2.0, 0.5, 0.0, 1.0, 1.0, -1.0, 3.0, 1.0, 0.5, 0.5, -2.0, 1.0, 0.0, 1.0];
    vec![
        matrix("x", &x, X, "the image"),
        matrix("dy", &[1.0, -1.0, 2.0, 0.5], Y, "∂L/∂y of the pooled image"),
        matrix("a", &[3.0, 4.0, 5.0, -1.0], Y, "a small image, which upsampling enlarges"),
        matrix("dz", &dz, X, "∂L/∂z of the enlarged image"),
    ]
}

/// Returns the places of the square (i, j), row by row.
fn square(i: usize, j: usize) -> impl Iterator<Item = (usize, usize)> {
    places(SIZE, SIZE).map(move |(u, v)| (SIZE * (i - 1) + u, SIZE * (j - 1) + v))
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let pool = MaxPool2d { input: [1, X, X], size: SIZE };
    let ran = run_layer(&pool, &[], numbers.of("x"), Y * Y, |_| numbers.of("dy").to_vec());
    trace.section("Max pooling: the largest value of every square of 2×2");
    for ((i, j), &y) in places(Y, Y).zip(&ran.y) {
        let values = square(i, j).map(|(p, q)| at("x", p, q)).collect::<Vec<_>>().join(", ");
        trace.line(at("y", i, j), format!("max({values})"), y);
    }
    trace.section("Backward: only the largest value gets the gradient");
    trace.text("Changing one of the other values changes nothing in y. If two are largest, the first of them gets it.");
    for (i, j) in places(Y, Y) {
        let y = ran.y[(i - 1) * Y + j - 1];
        let is_largest = |&(p, q): &(usize, usize)| numbers.of("x")[(p - 1) * X + q - 1] == y;
        let chosen = square(i, j).find(is_largest);
        for (p, q) in square(i, j) {
            let factor = if Some((p, q)) == chosen { "1" } else { "0" };
            trace.line(at("dx", p, q), format!("{}·{factor}", at("dy", i, j)), ran.dx[(p - 1) * X + q - 1]);
            trace.note(match (factor, is_largest(&(p, q))) {
                ("1", _) => "the largest value of its square",
                (_, true) => "equal to the largest value, but not the first",
                _ => "",
            });
        }
    }
    trace.matrix("dx", "", Value::matrix(&ran.dx, X));

    let larger = Upsample2d { input: [1, Y, Y], size: SIZE };
    let ran = run_layer(&larger, &[], numbers.of("a"), X * X, |_| numbers.of("dz").to_vec());
    trace.section("Upsampling: every value is repeated over a square");
    trace.matrix("z", "a, each value four times", Value::matrix(&ran.y, X));
    trace.section("Backward: a value was used four times, so its gradient is a sum of four");
    for ((i, j), &da) in places(Y, Y).zip(&ran.dx) {
        let sum = square(i, j).map(|(p, q)| at("dz", p, q)).collect::<Vec<_>>().join(" + ");
        trace.line(at("da", i, j), sum, da);
    }
    trace.section("What the slides leave open");
    trace.text(
        "The slides name convolutional autoencoders, but neither of these two layers. The Keras blog makes images \
         smaller with MaxPooling2D and larger with UpSampling2D; UTMIST uses Conv2DTranspose.",
    );
    Ok(())
}
