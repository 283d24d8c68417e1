//! `tied`: an autoencoder whose decoder uses the transposed weights of its encoder.

use handgrad_layers::{Activation, BatchRows, Loss, LossKind, Reduction, dense, sgd, tied_dense};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, dot, places, sub, sum};
use crate::trace::given::{Given, Numbers, matrix};

pub const EXAMPLE: Example = Example {
    name: "tied",
    title: "a 3-2-3 autoencoder with tied weights: one matrix, used twice",
    slides: "CE6146 \"Guideline for Autoencoders (2/4)\"; UTMIST \"Autoencoder: Architecture\"",
    steps: None,
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

/// The number of inputs, and the number of units of the code.
const N: usize = 3;
const K: usize = 2;
const LOSS: Loss = Loss { kind: LossKind::Mse, reduction: Reduction::Mean };

/// The parameters: the name, the number of values and the number of columns of each.
const PARAMETERS: [(&str, usize, usize); 3] = [("w", N * K, K), ("b_e", K, K), ("b_d", N, N)];

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[1.0, 0.5, -1.0], N, "one sample, which is its own target"),
        matrix("w", &[0.6, -0.2, 0.1, 0.4, -0.3, 0.5], K, "weights of both layers, one row per input"),
        matrix("b_e", &[0.1, 0.0], K, "biases of the encoder"),
        matrix("b_d", &[0.0, 0.1, -0.1], N, "biases of the decoder"),
    ]
}

/// The values of the forward and the backward pass.
struct Run {
    h: Vec<f64>,
    back: Vec<f64>,
    loss: f64,
    delta_d: Vec<f64>,
    dh: Vec<f64>,
    delta_e: Vec<f64>,
    /// The two parts of dw: from the encoder, and from the decoder.
    dw: [Vec<f64>; 2],
}

fn run(theta: &[f64], x: &[f64]) -> Run {
    let (w, biases) = theta.split_at(N * K);
    let (b_e, b_d) = biases.split_at(K);
    let (mut h, mut back, mut delta_d, mut dh) = (vec![0.0; K], vec![0.0; N], vec![0.0; N], vec![0.0; K]);
    dense::forward(x, w, b_e, Activation::Tanh, &mut h);
    tied_dense::forward(&h, w, b_d, Activation::Linear, &mut back);
    let loss = LOSS.forward_backward(&back, x, 1, &mut delta_d);
    tied_dense::backward_input(w, &delta_d, N, &mut dh);
    let mut delta_e = dh.clone();
    dense::backward_activation(&h, Activation::Tanh, &mut delta_e);
    let mut dw = [vec![0.0; N * K], vec![0.0; N * K]];
    dense::backward_weights(BatchRows::contiguous(x, N), BatchRows::contiguous(&delta_e, K), 0..N, &mut dw[0]);
    let (h_rows, delta_rows) = (BatchRows::contiguous(&h, K), BatchRows::contiguous(&delta_d, N));
    tied_dense::backward_weights(h_rows, delta_rows, 0..N, &mut dw[1]);
    Run { h, back, loss, delta_d, dh, delta_e, dw }
}

fn write_forward(trace: &mut Trace, run: &Run, x: &[f64]) {
    trace.section("Encoder: h = tanh(x·w + b_e)");
    for (j, &h) in (1..).zip(&run.h) {
        let products = dot(N, |i| format!("x{}", sub(i)), |i| at("w", i, j));
        trace.line(format!("h{}", sub(j)), format!("tanh({products} + b_e{})", sub(j)), h);
    }
    trace.section("Decoder: x̂ = h·wᵀ + b_d");
    trace.text("The other direction: w₁₂ leads from input 1 to unit 2, and from unit 2 to output 1.");
    for (i, &back) in (1..).zip(&run.back) {
        let products = dot(K, |j| format!("h{}", sub(j)), |j| at("w", i, j));
        trace.line(format!("x̂{}", sub(i)), format!("{products} + b_d{}", sub(i)), back);
    }
    trace.section("Loss: squared error, the mean over the values");
    for (i, (back, x)) in (1..).zip(run.back.iter().zip(x)) {
        trace.line(format!("ℓ{}", sub(i)), format!("(x̂{i} − x{i})²", i = sub(i)), (back - x) * (back - x));
    }
    trace.line("L", format!("({})/3", sum("ℓ", N)), run.loss);
}

fn write_backward(trace: &mut Trace, run: &Run) {
    trace.section("Backward");
    for (i, &delta) in (1..).zip(&run.delta_d) {
        trace.line(format!("δ_d{}", sub(i)), format!("2·(x̂{i} − x{i})/3", i = sub(i)), delta);
    }
    for (j, (&dh, &delta)) in (1..).zip(run.dh.iter().zip(&run.delta_e)) {
        trace.line(format!("dh{}", sub(j)), dot(N, |i| format!("δ_d{}", sub(i)), |i| at("w", i, j)), dh);
        trace.line(format!("δ_e{}", sub(j)), format!("dh{j}·(1 − h{j}²)", j = sub(j)), delta);
    }
    let [encoder, decoder] = &run.dw;
    trace.section("dw: the sum of both uses");
    trace.text("w is used twice, so its gradient is the sum of what the encoder and what the decoder gives.");
    for ((i, j), (of_e, of_d)) in places(N, K).zip(encoder.iter().zip(decoder)) {
        let place = format!("{}{}", sub(i), sub(j));
        trace.line(format!("dw_e{place}"), format!("x{}·δ_e{}", sub(i), sub(j)), *of_e);
        trace.line(format!("dw_d{place}"), format!("δ_d{}·h{}", sub(i), sub(j)), *of_d);
        trace.line(format!("dw{place}"), format!("dw_e{place} + dw_d{place}"), of_e + of_d);
    }
    trace.matrix("db_e", "δ_e", Value::matrix(&run.delta_e, K));
    trace.matrix("db_d", "δ_d", Value::matrix(&run.delta_d, N));
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let mut theta: Vec<f64> = PARAMETERS.iter().flat_map(|(name, ..)| numbers.of(name).to_vec()).collect();
    let x = numbers.of("x");
    let first = run(&theta, x);
    write_forward(trace, &first, x);
    write_backward(trace, &first);

    let dw: Vec<f64> = first.dw[0].iter().zip(&first.dw[1]).map(|(of_e, of_d)| of_e + of_d).collect();
    let gradient = [&dw[..], &first.delta_e, &first.delta_d].concat();
    let mut velocity = vec![0.0; theta.len()];
    sgd::update(&mut theta, &gradient, &mut velocity, numbers.learning_rate, 0.0);
    trace.section("A step of gradient descent");
    trace.line("α", "", numbers.learning_rate);
    trace.note("--learning-rate");
    trace.line("w₁₁′", "w₁₁ − α·dw₁₁", theta[0]);
    let mut rest = &theta[..];
    for (name, len, columns) in PARAMETERS {
        let (values, after) = rest.split_at(len);
        rest = after;
        trace.matrix(&format!("{name}′"), format!("{name} − α·d{name}"), Value::matrix(values, columns));
    }
    trace.line("L′", "", run(&theta, x).loss);
    trace.note("the loss with the new parameters");
    trace.section("What the slides leave open");
    trace.text(
        "The slides say that the decoder mirrors the encoder, but not whether it has weights of its own. Tied weights \
         are the stricter reading. They are half as many; and without activations, training leads to PCA.",
    );
    Ok(())
}
