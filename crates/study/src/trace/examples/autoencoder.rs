//! `autoencoder`: a 4-2-4 autoencoder, small enough to follow every number.

use handgrad_layers::adam::{Adam, update};
use handgrad_layers::{Activation, BatchRows, Loss, LossKind, Reduction, activation, bce_logits, dense};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, sub};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::notes;

pub const EXAMPLE: Example = Example {
    name: "autoencoder",
    title: "a 4-2-4 autoencoder: forward pass, loss, every δ, and a step of Adam",
    slides: "KERAS \"Encoder\", \"Decoder\"; CE6146 \"Basic Autoencoder (2/3)\", made small enough to follow",
    steps: Some(1),
    learning_rate: Some(0.001),
    given,
    work,
};

/// The number of inputs, and the number of units of the code.
const N: usize = 4;
const K: usize = 2;
/// Averages over the values of a sample, as Keras does.
const LOSS: Loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Mean };

fn given(_: usize) -> Vec<Given> {
    let w_e = [0.5, -0.3, 0.1, 0.4, -0.2, 0.6, 0.3, 0.2];
    let w_d = [0.6, -0.4, 0.2, 0.1, -0.5, 0.3, 0.7, -0.2];
    vec![
        matrix("x", &[0.9, 0.1, 0.8, 0.2], N, "one sample, which is its own target"),
        matrix("w_e", &w_e, K, "weights of the encoder, one row per input"),
        matrix("b_e", &[0.0; K], K, "biases of the encoder"),
        matrix("w_d", &w_d, N, "weights of the decoder, one row per unit of the code"),
        matrix("b_d", &[0.0; N], N, "biases of the decoder"),
    ]
}

/// The parameters in the order of θ: the name, the number of values and the number of columns of each.
const PARAMETERS: [(&str, usize, usize); 4] = [("w_e", N * K, K), ("b_e", K, K), ("w_d", K * N, N), ("b_d", N, N)];

/// The values of the forward and the backward pass for one sample.
struct Run {
    h: [f64; K],
    z: [f64; N],
    loss: f64,
    delta_d: [f64; N],
    dh: [f64; K],
    delta_e: [f64; K],
    dtheta: Vec<f64>,
}

/// Splits θ, or its gradient, into the four parameters.
fn parts(theta: &[f64]) -> [&[f64]; 4] {
    let mut rest = theta;
    PARAMETERS.map(|(_, len, _)| {
        let (part, after) = rest.split_at(len);
        rest = after;
        part
    })
}

fn run(theta: &[f64], x: &[f64]) -> Run {
    let [w_e, b_e, w_d, b_d] = parts(theta);
    let (mut h, mut z, mut delta_d, mut dh) = ([0.0; K], [0.0; N], [0.0; N], [0.0; K]);
    dense::forward(x, w_e, b_e, Activation::Relu, &mut h);
    // The sigmoid is part of the loss: δ is p − t, without a division by p·(1 − p).
    dense::forward(&h, w_d, b_d, Activation::Linear, &mut z);
    let loss = LOSS.forward_backward(&z, x, 1, &mut delta_d);
    dense::backward_input(w_d, &delta_d, N, &mut dh);
    let mut delta_e = dh;
    dense::backward_activation(&h, Activation::Relu, &mut delta_e);

    let mut dtheta = vec![0.0; theta.len()];
    let (dw_e, rest) = dtheta.split_at_mut(N * K);
    let (db_e, rest) = rest.split_at_mut(K);
    let (dw_d, db_d) = rest.split_at_mut(K * N);
    let [x, h_row] = [x, &h].map(|row| BatchRows::contiguous(row, row.len()));
    let (of_e, of_d) = (BatchRows::contiguous(&delta_e, K), BatchRows::contiguous(&delta_d, N));
    dense::backward_weights(x, of_e, 0..N, dw_e);
    dense::backward_bias(of_e, 0..K, db_e);
    dense::backward_weights(h_row, of_d, 0..K, dw_d);
    dense::backward_bias(of_d, 0..N, db_d);
    Run { h, z, loss, delta_d, dh, delta_e, dtheta }
}

/// Returns the formula a₁·b₁ + a₂·b₂ + …; `a` and `b` return the name at each place.
fn dot(len: usize, a: impl Fn(usize) -> String, b: impl Fn(usize) -> String) -> String {
    (1..=len).map(|at| format!("{}·{}", a(at), b(at))).collect::<Vec<_>>().join(" + ")
}

fn write_forward(trace: &mut Trace, run: &Run, x: &[f64]) {
    trace.section("Encoder: h = relu(x·w_e + b_e)");
    for (j, &h) in (1..).zip(&run.h) {
        let sum = dot(N, |i| format!("x{}", sub(i)), |i| format!("w_e{}{}", sub(i), sub(j)));
        trace.line(format!("h{}", sub(j)), format!("relu({sum} + b_e{})", sub(j)), h);
    }
    trace.section("Decoder: x̂ = σ(h·w_d + b_d)");
    let mut p = run.z;
    activation::forward(Activation::Sigmoid, &mut p);
    for (j, (&z, &p)) in (1..).zip(run.z.iter().zip(&p)) {
        let sum = dot(K, |i| format!("h{}", sub(i)), |i| format!("w_d{}{}", sub(i), sub(j)));
        trace.line(format!("z{}", sub(j)), format!("{sum} + b_d{}", sub(j)), z);
        trace.line(format!("x̂{}", sub(j)), format!("σ(z{})", sub(j)), p);
    }
    trace.section("Loss: binary cross-entropy, the mean over the values");
    for (j, ((&z, &t), &p)) in (1..).zip(run.z.iter().zip(x).zip(&p)) {
        let at = sub(j);
        let formula = format!("−(x{at}·ln(x̂{at}) + (1 − x{at})·ln(1 − x̂{at}))");
        trace.line(format!("ℓ{at}"), formula, bce_logits::loss(z, t));
        notes::note_on_loss(trace, p);
    }
    trace.line("L", "(ℓ₁ + ℓ₂ + ℓ₃ + ℓ₄)/4", run.loss);
    let least = notes::entropy(x) / N as f64;
    trace.line("L(x̂ = x)", "", least);
    trace.note(if least > 0.0 {
        "the smallest possible loss: above 0, since there are grey values"
    } else {
        "the smallest possible loss: 0, since there are no grey values"
    });
}

fn write_backward(trace: &mut Trace, run: &Run) {
    trace.section("Back through the loss and σ");
    trace.text(
        "The derivative of the loss is (x̂ − x)/(x̂·(1 − x̂)), and that of σ is x̂·(1 − x̂): their product is \
                x̂ − x. The factor 1/4 comes from the mean.",
    );
    for (j, (&delta, &z)) in (1..).zip(run.delta_d.iter().zip(&run.z)) {
        trace.line(format!("δ_d{}", sub(j)), format!("(x̂{} − x{})/4", sub(j), sub(j)), delta);
        notes::note_on_delta(trace, z);
    }
    trace.section("Back through the decoder and ReLU");
    for (i, ((&dh, &delta), &h)) in (1..).zip(run.dh.iter().zip(&run.delta_e).zip(&run.h)) {
        let sum = dot(N, |j| format!("δ_d{}", sub(j)), |j| format!("w_d{}{}", sub(i), sub(j)));
        trace.line(format!("dh{}", sub(i)), sum, dh);
        let (factor, note) = if h > 0.0 { (1, "> 0: the gradient passes") } else { (0, "= 0: nothing passes") };
        trace.line(format!("δ_e{}", sub(i)), format!("dh{}·{factor}", sub(i)), delta);
        trace.note(format!("h{} {note}", sub(i)));
    }
    trace.section("Gradients");
    let formulas = ["xᵀ·δ_e", "δ_e", "hᵀ·δ_d", "δ_d"];
    for (((name, _, columns), formula), gradient) in PARAMETERS.iter().zip(formulas).zip(parts(&run.dtheta)) {
        trace.matrix(&format!("d{name}"), formula, Value::matrix(gradient, *columns));
    }
}

fn write_adam(trace: &mut Trace, numbers: &Numbers, mut theta: Vec<f64>, first: &Run) {
    let settings = Adam { learning_rate: numbers.learning_rate, ..Adam::default() };
    let (mut m, mut v) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    let x = numbers.of("x");
    update(&mut theta, &first.dtheta, &mut m, &mut v, &settings, 1);
    trace.section("A step of Adam");
    trace.line("α", "", settings.learning_rate);
    trace.note("--learning-rate");
    trace.line("β₁", "", settings.beta1);
    trace.line("β₂", "", settings.beta2);
    trace.line("ε", "", settings.epsilon);
    let at = N * K + K;
    trace.line("m", "(1 − β₁)·dw_d₁₁", m[at]);
    trace.note("for w_d₁₁; the running mean starts at 0");
    trace.line("v", "(1 − β₂)·dw_d₁₁²", v[at]);
    trace.line("w_d₁₁′", "w_d₁₁ − α·(m/(1 − β₁))/(√(v/(1 − β₂)) + ε)", theta[at]);
    notes::note_on_first_step(trace, first.dtheta[at], settings.epsilon);
    for ((name, _, columns), after) in PARAMETERS.iter().zip(parts(&theta)) {
        trace.matrix(&format!("{name}′"), "", Value::matrix(after, *columns));
    }
    let mut after = vec![run(&theta, x).loss];
    for t in 2..=numbers.steps {
        let gradient = run(&theta, x).dtheta;
        update(&mut theta, &gradient, &mut m, &mut v, &settings, t as u64);
        after.push(run(&theta, x).loss);
    }
    trace.section("Loss after the step");
    for (t, &loss) in (1..).zip(&after) {
        trace.line(format!("L after step {t}"), "", loss);
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let theta: Vec<f64> = PARAMETERS.iter().flat_map(|(name, ..)| numbers.of(name).to_vec()).collect();
    let x = numbers.within_unit("x")?;
    let run = run(&theta, x);
    write_forward(trace, &run, x);
    write_backward(trace, &run);
    write_adam(trace, numbers, theta, &run);
    trace.section("What the slides get wrong");
    trace.text(
        "DIVE \"How to Train Autoencoders?\" calls the training supervised and asks for labelled data, but the target \
         is x itself. KERAS, CE6146 and UTMIST say unsupervised.",
    );
    trace.text(
        "CE6146 \"Guideline for Autoencoders (4/4)\": \"Smaller batch sizes and learning rates can lead to more stable \
         convergence\". This is right for the learning rate. A smaller batch, however, has a noisier gradient, so \
         training converges less stably.",
    );
    trace.text(
        "CE6146 \"Basic Autoencoder (3/3)\", \"Train the Model\": the code in the text of the slide never calls fit; \
         the call may be in a picture that is missing from the text. The plotting loop runs, but its comment on the \
         reconstruction is not indented, and it hides the y axis twice.",
    );
    trace.text(
        "DIVE \"Define Autoencoder Model\" has a ReLU at the output, for which this loss is not defined: see \
                `handgrad trace bce`.",
    );
    Ok(())
}
