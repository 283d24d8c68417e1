//! `autoencoder`: a 4-2-4 autoencoder, small enough to follow every number.

use handgrad_layers::adam::{Adam, update};
use handgrad_layers::{Activation, activation, bce_logits};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, dot, sub};
use crate::trace::given::{Given, Numbers, matrix};
use crate::trace::notes;
use crate::trace::small_autoencoder::{K, N, PARAMETERS, Run, parts, run, theta, weights};

pub const EXAMPLE: Example = Example {
    name: "autoencoder",
    title: "a 4-2-4 autoencoder: forward pass, loss, every δ, and a step of Adam",
    slides: "KERAS \"Encoder\", \"Decoder\"; CE6146 \"Basic Autoencoder (2/3)\", made small enough to follow",
    steps: Some(1),
    learning_rate: Some(0.001),
    loss: Some("L"),
    given,
    work,
};

fn given(_: usize) -> Vec<Given> {
    let x = matrix("x", &[0.9, 0.1, 0.8, 0.2], N, "one sample, which is its own target");
    [x].into_iter().chain(weights()).collect()
}

fn write_forward(trace: &mut Trace, run: &Run, x: &[f64]) {
    trace.section("Encoder: h = relu(x·w_e + b_e)");
    for (j, &h) in (1..).zip(&run.h) {
        let sum = dot(N, |i| format!("x{}", sub(i)), |i| format!("w_e{}{}", sub(i), sub(j)));
        trace.line(format!("h{}", sub(j)), format!("relu({sum} + b_e{})", sub(j)), h);
    }
    trace.section("Decoder: x̂ = σ(h·w_d + b_d)");
    let mut p = run.z.clone();
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
    let theta = theta(numbers);
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
        "CE6146 \"Basic Autoencoder (3/3)\" has a step \"Train the Model\", but the code in the text of the slide \
         never calls fit; the call may be in a picture that is missing from the text. The plotting loop runs, but its \
         comment on the reconstruction is not indented, and it hides the y axis twice.",
    );
    trace.text(
        "DIVE \"Define Autoencoder Model\" has a ReLU at the output, for which this loss is not defined: see \
                `handgrad trace bce`.",
    );
    Ok(())
}
