//! `batch`: the 4-2-4 autoencoder for a batch of three samples, trained with gradient descent and with Adam.

use handgrad_layers::adam::{Adam, update};
use handgrad_layers::{Activation, activation, sgd};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, dot, sub, terms};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::small_autoencoder::{BATCH, K, N, PARAMETERS, Run, parts, run, theta, weights};

pub const EXAMPLE: Example = Example {
    name: "batch",
    title: "the 4-2-4 autoencoder for a batch of three: gradient descent, then Adam",
    slides: "CE6146 \"How Does an Autoencoder Work (2/3)\", \"BPTT Steps (3/4)\", \"Basic Autoencoder (2/3)\"",
    steps: Some(5),
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

/// The number of samples.
const M: usize = 3;

fn given(_: usize) -> Vec<Given> {
    let x = matrix("x", &BATCH, N, "three samples, one per row; each is its own target");
    [x].into_iter().chain(weights()).collect()
}

fn write_forward(trace: &mut Trace, run: &Run) {
    trace.section("Forward");
    trace.matrix("h", "relu(x·w_e + b_e)", Value::matrix(&run.h, K));
    let sum = dot(N, |i| at("x", 1, i), |i| at("w_e", i, 1));
    trace.line("h₁₁", format!("relu({sum} + b_e₁)"), run.h[0]);
    let mut p = run.z.clone();
    activation::forward(Activation::Sigmoid, &mut p);
    trace.matrix("x̂", "σ(h·w_d + b_d)", Value::matrix(&p, N));
    let sum = dot(K, |i| at("h", 1, i), |i| at("w_d", i, 1));
    trace.line("x̂₁₁", format!("σ({sum} + b_d₁)"), p[0]);
    trace.text("L₁, L₂ and L₃ are the losses of the samples: binary cross-entropy, the mean over the four values.");
    for (r, &loss) in (1..).zip(&run.losses) {
        trace.line(format!("L{}", sub(r)), "", loss);
    }
    trace.line("L", "(L₁ + L₂ + L₃)/3", run.loss);
}

fn write_backward(trace: &mut Trace, run: &Run) {
    trace.section("Backward");
    trace.text("The mean over 3 samples of 4 values gives the factor 1/12.");
    trace.matrix("δ_d", "(x̂ − x)/12", Value::matrix(&run.delta_d, N));
    trace.line("δ_d₁₁", "(x̂₁₁ − x₁₁)/12", run.delta_d[0]);
    trace.matrix("dh", "δ_d·w_dᵀ", Value::matrix(&run.dh, K));
    trace.line("dh₁₁", dot(N, |j| at("δ_d", 1, j), |j| at("w_d", 1, j)), run.dh[0]);
    trace.note("a sum over the units of the decoder");
    trace.matrix("δ_e", "dh ⊙ 1[h > 0]", Value::matrix(&run.delta_e, K));
    let [dw_e, db_e, dw_d, db_d] = parts(&run.dtheta);
    trace.matrix("dw_d", "hᵀ·δ_d", Value::matrix(dw_d, N));
    trace.line("dw_d₁₁", dot(M, |r| at("h", r, 1), |r| at("δ_d", r, 1)), dw_d[0]);
    trace.note("a sum over the samples");
    trace.matrix("db_d", "the sum of the rows of δ_d", Value::matrix(db_d, N));
    trace.line("db_d₁", terms(M, |r| at("δ_d", r, 1)), db_d[0]);
    trace.matrix("dw_e", "xᵀ·δ_e", Value::matrix(dw_e, K));
    trace.line("dw_e₁₁", dot(M, |r| at("x", r, 1), |r| at("δ_e", r, 1)), dw_e[0]);
    trace.matrix("db_e", "the sum of the rows of δ_e", Value::matrix(db_e, K));
    trace.line("db_e₂", terms(M, |r| at("δ_e", r, 2)), db_e[1]);
}

/// Takes all steps with `step`, which gets θ, its gradient and the number of the step, and writes the losses.
fn write_steps(
    trace: &mut Trace,
    numbers: &Numbers,
    name: &str,
    first: &Run,
    mut step: impl FnMut(&mut [f64], &[f64], u64),
) {
    let (x, mut theta, mut gradient) = (numbers.of("x"), theta(numbers), first.dtheta.clone());
    let place = PARAMETERS[0].1 + PARAMETERS[1].1;
    for t in 1..=numbers.steps {
        step(&mut theta, &gradient, t as u64);
        if t == 1 {
            let formula = if name == "Adam" { "" } else { "w_d₁₁ − α·dw_d₁₁" };
            trace.line("w_d₁₁′", formula, theta[place]);
            trace.note("after the first step");
        }
        let after = run(&theta, x);
        trace.line(format!("L after step {t} of {name}"), "", after.loss);
        gradient = after.dtheta;
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let theta = theta(numbers);
    let first = run(&theta, numbers.within_unit("x")?);
    write_forward(trace, &first);
    write_backward(trace, &first);

    let alpha = numbers.learning_rate;
    trace.section("Gradient descent");
    trace.line("α", "", alpha);
    trace.note("--learning-rate");
    let mut velocity = vec![0.0; theta.len()];
    write_steps(trace, numbers, "gradient descent", &first, |theta, gradient, _| {
        sgd::update(theta, gradient, &mut velocity, alpha, 0.0);
    });
    trace.section("Adam, from the same start");
    trace.text(
        "Adam divides by the size of the gradient: its first step changes each weight by α, if its gradient is not 0.",
    );
    let settings = Adam { learning_rate: alpha, ..Adam::default() };
    let (mut m, mut v) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    write_steps(trace, numbers, "Adam", &first, |theta, gradient, t| {
        update(theta, gradient, &mut m, &mut v, &settings, t);
    });
    Ok(())
}
