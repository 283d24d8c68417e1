//! `dense`: a dense layer of three units for two samples, so that every sum and every transpose occurs in numbers.

use handgrad_layers::{Activation, BatchRows, activation, dense};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, places, sub, terms};
use crate::trace::given::{Given, Numbers, matrix};

pub const EXAMPLE: Example = Example {
    name: "dense",
    title: "a dense layer for a batch of two samples: every sum and every transpose",
    slides: "KERAS \"Encoder\", \"Decoder\"; CE6146 \"Encoder\", \"Working Mechanism\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of samples, of inputs and of units.
const M: usize = 2;
const N: usize = 2;
const UNITS: usize = 3;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[1.0, 2.0, -1.0, 1.0], N, "two samples, one per row"),
        matrix("w", &[0.5, -1.0, -1.0, 0.25, 1.0, -0.5], UNITS, "weights, one row per input, one column per unit"),
        matrix("b", &[0.1, 0.0, 0.2], UNITS, "biases, one per unit"),
        matrix("dy", &[1.0, -2.0, 3.0, 0.5, 1.0, -1.0], UNITS, "∂L/∂y, the gradient from the next layer"),
    ]
}

/// Writes y = φ(z), and δ = dy ⊙ φ′(z) with the gradients that follow from it.
fn write_activated(trace: &mut Trace, numbers: &Numbers, phi: Activation, z: &[f64]) {
    let [x, w, dy] = ["x", "w", "dy"].map(|name| numbers.of(name));
    let mut y = z.to_vec();
    activation::forward(phi, &mut y);
    let mut delta = dy.to_vec();
    dense::backward_activation(&y, phi, &mut delta);
    let (mut dw, mut db, mut dx) = ([0.0; N * UNITS], [0.0; UNITS], [0.0; M * N]);
    let [x_rows, delta_rows] = [(x, N), (&delta[..], UNITS)].map(|(rows, width)| BatchRows::contiguous(rows, width));
    dense::backward_weights(x_rows, delta_rows, 0..N, &mut dw);
    dense::backward_bias(delta_rows, 0..UNITS, &mut db);
    dense::backward_input(w, &delta, UNITS, &mut dx);

    let name = if phi == Activation::Relu { "relu" } else { "σ" };
    trace.section(format!("y = {name}(z)"));
    for ((r, j), &y) in places(M, UNITS).zip(&y) {
        trace.line(at("y", r, j), format!("{name}({})", at("z", r, j)), y);
    }
    trace.section(format!("δ = dy ⊙ φ′(z), for {name}"));
    for ((r, j), (&delta, &y)) in places(M, UNITS).zip(delta.iter().zip(&y)) {
        let (dy, at_y) = (at("dy", r, j), at("y", r, j));
        let (slope, note) = match phi {
            Activation::Relu if y > 0.0 => ("1".into(), "z > 0: the slope of relu is 1"),
            Activation::Relu => ("0".into(), "z ≤ 0: the slope of relu is 0"),
            _ => (format!("{at_y}·(1 − {at_y})"), ""),
        };
        trace.line(at("δ", r, j), format!("{dy}·{slope}"), delta);
        trace.note(note);
    }
    trace.section(format!("dw = xᵀ·δ, for {name}"));
    trace.text("A weight is used once for every sample, so its gradient is a sum over the samples.");
    for ((i, j), &dw) in places(N, UNITS).zip(&dw) {
        trace.line(at("dw", i, j), terms(M, |r| format!("{}·{}", at("x", r, i), at("δ", r, j))), dw);
    }
    trace.matrix("dw", "", Value::matrix(&dw, UNITS));
    trace.section(format!("db = the sum of the rows of δ, for {name}"));
    for (j, &db) in (1..).zip(&db) {
        trace.line(format!("db{}", sub(j)), terms(M, |r| at("δ", r, j)), db);
    }
    trace.section(format!("dx = δ·wᵀ, for {name}"));
    trace.text("An input is used once for every unit, so its gradient is a sum over the units of its own sample.");
    for ((r, i), &dx) in places(M, N).zip(&dx) {
        trace.line(at("dx", r, i), terms(UNITS, |j| format!("{}·{}", at("δ", r, j), at("w", i, j))), dx);
    }
    trace.matrix("dx", "", Value::matrix(&dx, N));
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let mut z = [0.0; M * UNITS];
    dense::forward(numbers.of("x"), numbers.of("w"), numbers.of("b"), Activation::Linear, &mut z);
    trace.section("z = x·w + b");
    trace.text("Row r of z belongs to sample r, column j to unit j. The same b is added to every row.");
    for ((r, j), &z) in places(M, UNITS).zip(&z) {
        let products = terms(N, |i| format!("{}·{}", at("x", r, i), at("w", i, j)));
        trace.line(at("z", r, j), format!("{products} + b{}", sub(j)), z);
    }
    trace.matrix("z", "", Value::matrix(&z, UNITS));
    write_activated(trace, numbers, Activation::Relu, &z);
    write_activated(trace, numbers, Activation::Sigmoid, &z);
    trace.section("What the slides leave open");
    trace.text(
        "CE6146 \"Working Mechanism\" lists \"Gradient Calculation\" without a formula. The slides write a sample as a \
         column and put the weights on the left, z = W·x + b; here a sample is a row and z = x·w + b, so w is Wᵀ.",
    );
    Ok(())
}
