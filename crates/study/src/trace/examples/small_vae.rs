//! `small-vae`: a whole variational autoencoder for one sample, from the encoder to a step of gradient descent.

use handgrad_layers::{
    Activation, BatchRows, Layer, Loss, LossKind, Reduction, Reparameterize, activation, bce_logits, dense,
    reparameterize, sgd,
};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, dot, sub, sum};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::notes;

pub const EXAMPLE: Example = Example {
    name: "small-vae",
    title: "a whole variational autoencoder, 3-2-1-3: both terms of the loss, and every gradient",
    slides: "CE6146 \"Variational Autoencoders (VAEs)\"; DIVE \"Types of Autoencoders\"; UTMIST \"Variational \
             Autoencoder\"",
    steps: None,
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

/// The number of inputs, and of units of the hidden layer. The code has one number.
const N: usize = 3;
const H: usize = 2;
/// Sums over the values of a sample, so that it is in balance with the divergence.
const LOSS: Loss = Loss { kind: LossKind::BceLogits, reduction: Reduction::Sum };

/// The parameters: the name, the number of values and the number of columns of each.
const PARAMETERS: [(&str, usize, usize); 6] =
    [("w_e", N * H, H), ("b_e", H, H), ("w_c", 2 * H, 2), ("b_c", 2, 2), ("w_d", N, N), ("b_d", N, N)];

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[0.9, 0.1, 0.6], N, "one sample, which is its own target"),
        matrix("w_e", &[0.5, -0.3, 0.2, 0.4, -0.6, 0.7], H, "to the hidden layer, one row per input"),
        matrix("b_e", &[0.0, 0.1], H, "biases of the hidden layer"),
        matrix("w_c", &[0.8, -0.4, 0.3, 0.6], 2, "to the code: column 1 to μ, column 2 to ln σ²"),
        matrix("b_c", &[0.1, -0.5], 2, "biases of μ and of ln σ²"),
        matrix("w_d", &[1.0, -0.7, 0.4], N, "from the code to the reconstruction"),
        matrix("b_d", &[0.2, 0.0, -0.1], N, "biases of the reconstruction"),
        number("eps", 0.5, "ε, drawn from N(0, 1) and held fixed"),
        number("beta", 1.0, "weight of the divergence"),
    ]
}

/// The values of the forward and the backward pass.
struct Run {
    h: [f64; H],
    /// μ and ln σ².
    code: [f64; 2],
    z: [f64; 1],
    /// The output of the decoder, before the sigmoid.
    logits: [f64; N],
    reconstruction: f64,
    kl: f64,
    loss: f64,
    delta_d: [f64; N],
    dz: [f64; 1],
    /// ∂L/∂μ and ∂L/∂ln σ².
    dcode: [f64; 2],
    dh: [f64; H],
    delta_e: [f64; H],
    /// In the order of [`PARAMETERS`].
    gradients: Vec<f64>,
}

fn run(theta: &[f64], x: &[f64], [eps, beta]: [f64; 2]) -> Run {
    let [w_e, b_e, w_c, b_c, w_d, b_d] = parts(theta);
    let (mut h, mut code, mut z, mut logits) = ([0.0; H], [0.0; 2], [0.0], [0.0; N]);
    dense::forward(x, w_e, b_e, Activation::Tanh, &mut h);
    dense::forward(&h, w_c, b_c, Activation::Linear, &mut code);
    reparameterize::forward(&code, &[eps], &mut z);
    dense::forward(&z, w_d, b_d, Activation::Linear, &mut logits);
    let mut delta_d = [0.0; N];
    let reconstruction = LOSS.forward_backward(&logits, x, 1, &mut delta_d);
    let kl = reparameterize::kl(&code);

    let (mut dz, mut dcode, mut dh) = ([0.0], [0.0; 2], [0.0; H]);
    dense::backward_input(w_d, &delta_d, N, &mut dz);
    reparameterize::backward(&code, &[eps], &dz, &mut dcode);
    reparameterize::backward_kl(&code, beta, &mut dcode);
    dense::backward_input(w_c, &dcode, 2, &mut dh);
    let mut delta_e = dh;
    dense::backward_activation(&h, Activation::Tanh, &mut delta_e);
    let mut gradients = Vec::new();
    for (input, delta) in [(x, &delta_e[..]), (&h[..], &dcode[..]), (&z[..], &delta_d[..])] {
        let mut dw = vec![0.0; input.len() * delta.len()];
        let rows = [input, delta].map(|row| BatchRows::contiguous(row, row.len()));
        dense::backward_weights(rows[0], rows[1], 0..input.len(), &mut dw);
        gradients.extend(dw);
        // The gradient of the biases, for a single sample.
        gradients.extend_from_slice(delta);
    }
    let loss = reconstruction + beta * kl;
    Run { h, code, z, logits, reconstruction, kl, loss, delta_d, dz, dcode, dh, delta_e, gradients }
}

/// Splits θ, or its gradient, into the parameters.
fn parts(theta: &[f64]) -> [&[f64]; 6] {
    let mut rest = theta;
    PARAMETERS.map(|(_, len, _)| {
        let (part, after) = rest.split_at(len);
        rest = after;
        part
    })
}

fn write_forward(trace: &mut Trace, run: &Run, x: &[f64]) {
    trace.section("Encoder: a hidden layer, then μ and ln σ²");
    for (j, &h) in (1..).zip(&run.h) {
        let products = dot(N, |i| format!("x{}", sub(i)), |i| at("w_e", i, j));
        trace.line(format!("h{}", sub(j)), format!("tanh({products} + b_e{})", sub(j)), h);
    }
    for (j, (name, value)) in (1..).zip(["mu", "logvar"].into_iter().zip(run.code)) {
        let products = dot(H, |i| format!("h{}", sub(i)), |i| at("w_c", i, j));
        trace.line(name, format!("{products} + b_c{}", sub(j)), value);
    }
    trace.section("Sampler: z = μ + σ·ε");
    let mut std = [0.0];
    // With μ = 0 and ε = 1 the sample is σ.
    reparameterize::forward(&[0.0, run.code[1]], &[1.0], &mut std);
    trace.line("std", "exp(logvar/2)", std[0]);
    trace.note("σ; the name σ is the sigmoid here");
    trace.line("z", "mu + std·eps", run.z[0]);
    trace.section("Decoder: x̂ = σ(z·w_d + b_d)");
    let mut back = run.logits;
    activation::forward(Activation::Sigmoid, &mut back);
    for (i, &back) in (1..).zip(&back) {
        trace.line(format!("x̂{}", sub(i)), format!("σ(z·w_d{i} + b_d{i})", i = sub(i)), back);
    }
    trace.section("Loss: reconstruction and divergence");
    for (i, ((&logit, &t), &p)) in (1..).zip(run.logits.iter().zip(x).zip(&back)) {
        let formula = format!("−(x{i}·ln(x̂{i}) + (1 − x{i})·ln(1 − x̂{i}))", i = sub(i));
        trace.line(format!("ℓ{}", sub(i)), formula, bce_logits::loss(logit, t));
        notes::note_on_loss(trace, p);
    }
    trace.line("R", sum("ℓ", N), run.reconstruction);
    trace.note("the reconstruction: summed over the values");
    trace.line("KL", "(mu² + exp(logvar) − 1 − logvar)/2", run.kl);
    trace.line("L", "R + beta·KL", run.loss);
}

fn write_backward(trace: &mut Trace, run: &Run) {
    trace.section("Back through the loss, σ and the decoder");
    for (i, (&delta, &logit)) in (1..).zip(run.delta_d.iter().zip(&run.logits)) {
        trace.line(format!("δ_d{}", sub(i)), format!("x̂{i} − x{i}", i = sub(i)), delta);
        notes::note_on_delta(trace, logit);
    }
    trace.line("dz", dot(N, |i| format!("δ_d{}", sub(i)), |i| format!("w_d{}", sub(i))), run.dz[0]);
    trace.section("Back through the sampler, with the gradient of the divergence added");
    trace.text("ε is held fixed. The divergence knows only μ and ln σ², so its gradient does not pass through z.");
    trace.line("dmu", "dz + beta·mu", run.dcode[0]);
    trace.line("dlogvar", "dz·std·eps/2 + beta·(exp(logvar) − 1)/2", run.dcode[1]);
    trace.section("Back through the encoder");
    for (i, (&dh, &delta)) in (1..).zip(run.dh.iter().zip(&run.delta_e)) {
        trace.line(format!("dh{}", sub(i)), format!("dmu·{} + dlogvar·{}", at("w_c", i, 1), at("w_c", i, 2)), dh);
        trace.line(format!("δ_e{}", sub(i)), format!("dh{i}·(1 − h{i}²)", i = sub(i)), delta);
    }
    trace.section("Gradients");
    let [dw_e, db_e, dw_c, db_c, dw_d, db_d] = parts(&run.gradients);
    for (j, &dw) in (1..).zip(dw_d) {
        trace.line(format!("dw_d{}", sub(j)), format!("z·δ_d{}", sub(j)), dw);
    }
    trace.matrix("db_d", "δ_d", Value::matrix(db_d, N));
    for (at_c, &dw) in dw_c.iter().enumerate() {
        let (i, j) = (at_c / 2 + 1, at_c % 2 + 1);
        trace.line(at("dw_c", i, j), format!("h{}·{}", sub(i), ["dmu", "dlogvar"][j - 1]), dw);
    }
    trace.matrix("db_c", "[dmu │ dlogvar]", Value::matrix(db_c, 2));
    for (at_e, &dw) in dw_e.iter().enumerate() {
        let (i, j) = (at_e / H + 1, at_e % H + 1);
        trace.line(at("dw_e", i, j), format!("x{}·δ_e{}", sub(i), sub(j)), dw);
    }
    trace.matrix("db_e", "δ_e", Value::matrix(db_e, H));
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let noise = ["eps", "beta"].map(|name| numbers.one(name));
    let layer = Reparameterize { latent_dim: 1, beta: noise[1] };
    Layer::<f64>::output_shape(&layer, &[2]).map_err(Error::NotAccepted)?;
    let mut theta: Vec<f64> = PARAMETERS.iter().flat_map(|(name, ..)| numbers.of(name).to_vec()).collect();
    let x = numbers.within_unit("x")?;
    let first = run(&theta, x, noise);
    write_forward(trace, &first, x);
    write_backward(trace, &first);

    let mut velocity = vec![0.0; theta.len()];
    sgd::update(&mut theta, &first.gradients, &mut velocity, numbers.learning_rate, 0.0);
    trace.section("A step of gradient descent");
    trace.line("α", "", numbers.learning_rate);
    trace.note("--learning-rate");
    trace.line("w_c₁₁′", "w_c₁₁ − α·dw_c₁₁", parts(&theta)[2][0]);
    for ((name, _, columns), after) in PARAMETERS.iter().zip(parts(&theta)) {
        trace.matrix(&format!("{name}′"), format!("{name} − α·d{name}"), Value::matrix(after, *columns));
    }
    trace.line("L′", "", run(&theta, x, noise).loss);
    trace.note("the loss with the new parameters and the same ε");
    trace.section("What the slides get wrong");
    trace.text(
        "UTMIST \"Variational Autoencoder\": \"codes of mean + standard variation\", and DIVE: \"two values: a mean \
         and a variance\". The encoder returns a mean and the logarithm of a variance for every value of the code, \
         and they are not added: z is drawn from the normal distribution that they describe.",
    );
    Ok(())
}
