//! Convolutions: chapter 4.

use handgrad_analysis::Random;
use handgrad_layers::{Activation, Conv2d, Layer, Padding, ParamSpec, Pass};

use super::{listed, number, one_of};
use crate::quiz::question::Question;

/// The sizes are drawn so that every window fits.
const FITS: &str = "the window fits";

pub fn convolution(random: &mut Random) -> Vec<Question> {
    let (h, k, d) = (one_of(random, [20, 28, 32]), one_of(random, [3, 5]), one_of(random, [1, 2, 3]));
    let known = [("h", h as f64), ("k", k as f64), ("d", d as f64)];
    let text = format!(
        "A picture of {h}×{h} goes through a window of {k}×{k} with dilation {d}, stride 1 and valid padding. How high \
         is the output?"
    );
    let lines = Padding::Valid.outputs(h, k, 1, d).map_or(f64::NAN, |(_, lines)| lines as f64);
    let size = Question::value(4, text, ["height", "h − d·(k − 1)"], &known, lines)
        .because("From the first weight to the last, the window covers d·(k − 1) + 1 lines.");

    let (c, f, k) = (one_of(random, [1, 3, 8]), one_of(random, [8, 16, 32]), one_of(random, [3, 5]));
    let known = [("c", c as f64), ("f", f as f64), ("k", k as f64)];
    let layer = Conv2d::new([c, 28, 28], f, [k, 1, 1], Padding::Same, Activation::Relu).expect(FITS);
    let count: usize = Layer::<f64>::params(&layer).iter().map(ParamSpec::len).sum();
    let text =
        format!("How many weights and biases has a convolution from {c} to {f} channels with windows of {k}×{k}?");
    let count = Question::value(4, text, ["count", "f·(c·k·k + 1)"], &known, count as f64)
        .because("Each of the f windows has k×k weights for each of the c channels, and one bias.");

    let x: [f64; 5] = std::array::from_fn(|_| number(random));
    let w: [f64; 3] = std::array::from_fn(|_| number(random));
    let known = [
        ("x₁", x[0]),
        ("x₂", x[1]),
        ("x₃", x[2]),
        ("x₄", x[3]),
        ("x₅", x[4]),
        ("w₁", w[0]),
        ("w₂", w[1]),
        ("w₃", w[2]),
    ];
    let layer = Conv2d::new([1, 1, 5], 1, [3, 1, 1], Padding::Same, Activation::Linear).expect(FITS);
    // Of a picture of one line, the window sees only its middle line.
    let theta = [&[0.0; 3][..], &w, &[0.0; 3], &[0.0]].concat();
    let (mut y, mut scratch) = ([0.0; 5], vec![0.0; Layer::<f64>::scratch_len(&layer)]);
    layer.forward(&theta, &x, &mut y, &mut Pass { scratch: &mut scratch, ..Pass::predict() });
    let text =
        format!("A row of five pixels under a window of three weights, same padding. {}. Compute y₂.", listed(&known));
    let row = Question::value(4, text, ["y₂", "w₁·x₁ + w₂·x₂ + w₃·x₃"], &known, y[1]);
    vec![size, count, row]
}
