//! `vae`: the sampler between a variational encoder and its decoder.

use handgrad_layers::{Layer, Reparameterize, reparameterize};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "vae",
    title: "the reparameterisation trick and the KL divergence",
    slides: "DIVE \"Types of Autoencoders\"; CE6146 \"Variational Autoencoders (VAEs)\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// Size of the code.
const K: usize = 2;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("mu", &[0.5, -1.0], K, "μ, the first half of the encoder's output"),
        matrix("logvar", &[0.2, -0.6], K, "ln σ², the second half"),
        matrix("eps", &[1.0, -0.5], K, "ε, drawn from N(0, 1) and held fixed"),
        matrix("dz", &[0.3, -0.2], K, "∂L/∂z of the reconstruction, from the decoder"),
        number("beta", 1.0, "weight of the divergence"),
    ]
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let beta = numbers.one("beta");
    let layer = Reparameterize { latent_dim: K, beta };
    Layer::<f64>::output_shape(&layer, &[2 * K]).map_err(Error::NotAccepted)?;
    let [mu, logvar, eps, dz] = ["mu", "logvar", "eps", "dz"].map(|name| numbers.of(name));
    let x = [mu, logvar].concat();
    let (mut sigma, mut z, mut dx) = ([0.0; K], [0.0; K], [0.0; 2 * K]);
    // With μ = 0 and ε = 1 the sample is σ.
    reparameterize::forward(&[&[0.0; K], logvar].concat(), &[1.0; K], &mut sigma);
    reparameterize::forward(&x, eps, &mut z);

    trace.section("A sample from N(μ, σ²)");
    for (j, (&sigma, &z)) in (1..).zip(sigma.iter().zip(&z)) {
        let j = sub(j);
        trace.line(format!("σ{j}"), format!("exp(logvar{j}/2)"), sigma);
        trace.line(format!("z{j}"), format!("mu{j} + σ{j}·eps{j}"), z);
    }
    trace.section("KL divergence from N(0, 1)");
    for (j, (&mu, &logvar)) in (1..).zip(mu.iter().zip(logvar)) {
        let formula = format!("(mu{j}² + exp(logvar{j}) − 1 − logvar{j})/2", j = sub(j));
        trace.line(format!("KL{}", sub(j)), formula, reparameterize::kl(&[mu, logvar]));
    }
    trace.line("KL", "KL₁ + KL₂", reparameterize::kl(&x));
    trace.line("penalty", "beta·KL", beta * reparameterize::kl(&x));
    trace.note("added to the loss of the reconstruction");

    trace.section("Backward: from the decoder through z, and from the divergence");
    trace.text("∂z/∂μ = 1 and ∂z/∂ln σ² = ½·σ·ε with ε held fixed; ∂KL/∂μ = μ and ∂KL/∂ln σ² = ½·(σ² − 1).");
    reparameterize::backward(&x, eps, dz, &mut dx);
    let from_z = dx;
    reparameterize::backward_kl(&x, beta, &mut dx);
    for at in 0..K {
        let j = sub(at + 1);
        trace.line(format!("dmu{j} by z"), format!("dz{j}"), from_z[at]);
        trace.line(format!("dmu{j}"), format!("dz{j} + beta·mu{j}"), dx[at]);
        trace.line(format!("dlogvar{j} by z"), format!("dz{j}·σ{j}·eps{j}/2"), from_z[K + at]);
        trace.line(format!("dlogvar{j}"), format!("dz{j}·σ{j}·eps{j}/2 + beta·(exp(logvar{j}) − 1)/2"), dx[K + at]);
    }
    trace.section("What the slides get wrong");
    trace.text(
        "DIVE \"Types of Autoencoders\": \"the encoder outputs two values: a mean and a variance\". They are two \
         vectors, with one value for each unit of the code. A layer's output may be any number, but a variance is \
         never below 0. The usual code, such as the VAE examples of PyTorch and keras-io, therefore has the \
         log-variance ln σ², as here: its exponential is positive for every output of the layer.",
    );
    Ok(())
}
