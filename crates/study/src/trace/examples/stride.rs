//! `stride`: one row of pixels under a window of three weights with padding, stride and dilation, and the transpose.

use handgrad_layers::{Activation, Conv2d, ConvTranspose2d, Padding};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, sub};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "stride",
    title: "a window on one row of pixels: padding, stride, dilation, and the transposed convolution",
    slides: "CE6146 \"Examples for Dilation\"; UTMIST \"Convolutional Autoencoder\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of pixels, of weights, and of values of the small row.
const X: usize = 8;
const K: usize = 3;
const A: usize = X / 2;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 0.0, 2.0], X, "one row of pixels"),
        matrix("w", &[1.0, -1.0, 2.0], K, "the window, from left to right"),
        matrix("a", &[1.0, 2.0, -1.0, 3.0], A, "a small row, which the transposed convolution enlarges"),
    ]
}

/// Returns the weights of a 3×3 window that has w in row `at` and zeros elsewhere, followed by a bias of 0.
fn square(w: &[f64], at: usize) -> Vec<f64> {
    let mut theta = vec![0.0; K * K + 1];
    theta[at * K..(at + 1) * K].copy_from_slice(w);
    theta
}

/// Runs a convolution over the row with *same* padding and writes it. Returns y.
fn write(trace: &mut Trace, numbers: &Numbers, name: &str, stride: usize, dilation: usize) -> Result<Vec<f64>, Error> {
    let layer = Conv2d::new([1, 1, X], 1, [K, stride, dilation], Padding::Same, Activation::Linear)?;
    let outputs = X.div_ceil(stride);
    // Of an image of one line, the window sees only its middle line.
    let y = run_layer(&layer, &square(numbers.of("w"), 1), numbers.of("x"), outputs, |y| vec![0.0; y.len()]).y;
    let zeros = ((outputs - 1) * stride + dilation * (K - 1) + 1).saturating_sub(X);
    trace.section(format!("{name}: {} zeros to the left, {} to the right", zeros / 2, zeros - zeros / 2));
    for (i, &y) in (0..).zip(&y) {
        let place = |u: usize| (i * stride + u * dilation + 1).checked_sub(zeros / 2).filter(|p| (1..=X).contains(p));
        let terms = (0..K).filter_map(|u| place(u).map(|p| format!("w{}·x{}", sub(u + 1), sub(p))));
        trace.line(format!("y{}", sub(i + 1)), terms.collect::<Vec<_>>().join(" + "), y);
    }
    trace.matrix("y", "", Value::matrix(&y, outputs));
    Ok(y)
}

/// Writes a sum of products of two rows.
fn write_product(trace: &mut Trace, symbol: &str, [a, b]: [&str; 2], rows: [&[f64]; 2]) {
    let formula = (1..=rows[0].len()).map(|i| format!("{a}{i}·{b}{i}", i = sub(i))).collect::<Vec<_>>().join(" + ");
    trace.line(symbol, formula, rows[0].iter().zip(rows[1]).map(|(a, b)| a * b).sum());
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    write(trace, numbers, "Stride 1", 1, 1)?;
    write(trace, numbers, "Dilation 2", 1, 2)?;
    trace
        .text("Three weights now see five pixels, with gaps between them; nothing in the gaps is seen by this output.");
    let y = write(trace, numbers, "Stride 2", 2, 1)?;

    let layer = ConvTranspose2d::new([1, 1, A], 1, [K, 2, 1], Padding::Same, 0, Activation::Linear)?;
    // One line becomes two; the first line of the window makes the first one.
    let ran = run_layer(&layer, &square(numbers.of("w"), 0), numbers.of("a"), 2 * X, |z| vec![0.0; z.len()]);
    let z = &ran.y[..X];
    trace.section("Transposed, stride 2: every value of a adds a window to z, two pixels further each time");
    for (p, &z) in (0..X).zip(z) {
        let terms = (0..A).filter_map(|i| {
            let u = p.checked_sub(2 * i).filter(|u| *u < K)?;
            Some(format!("w{}·a{}", sub(u + 1), sub(i + 1)))
        });
        trace.line(format!("z{}", sub(p + 1)), terms.collect::<Vec<_>>().join(" + "), z);
    }
    trace.matrix("z", "", Value::matrix(z, X));
    trace.section("Why it is called transposed");
    trace.text(
        "Write the convolution of stride 2 as y = C·x with a matrix C of 4 rows and 8 columns. Then z = Cᵀ·a, and both \
         products below are aᵀ·C·x.",
    );
    write_product(trace, "⟨y, a⟩", ["y", "a"], [&y, numbers.of("a")]);
    write_product(trace, "⟨x, z⟩", ["x", "z"], [numbers.of("x"), z]);
    Ok(())
}
