//! `noise`: Gaussian noise, masking and dropout on one sample, and the loss against the clean sample.

use handgrad_layers::{Dropout, Layer, Mode, Noise, Pass, Saved, random};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub, sum};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "noise",
    title: "noise, masking and dropout on one sample, and the loss against the clean sample",
    slides: "CE6146 \"Denoising Autoencoders\", \"20231012 Exercise #17\"; UTMIST \"Denoising Autoencoders\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of values of the sample.
const N: usize = 4;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[0.9, 0.1, 0.8, 0.2], N, "one sample"),
        number("std", 0.2, "the standard deviation of Gaussian noise"),
        number("p", 0.5, "the probability that a value is hidden"),
        number("rate", 0.5, "the rate of dropout"),
        matrix("dy", &[1.0, 2.0, 3.0, 4.0], N, "∂L/∂y"),
        matrix("x̂", &[0.7, 0.2, 0.6, 0.3], N, "a reconstruction from the noisy sample"),
    ]
}

/// A pass of training over sample 0. Layers of different numbers draw different random numbers.
fn pass(layer: usize) -> Pass<'static, f64> {
    Pass { mode: Mode::Train, samples: &[0], layer, ..Pass::predict() }
}

/// Runs a layer forward and backward. Returns y and dx.
fn run(layer: &dyn Layer<f64>, number: usize, x: &[f64], dy: &[f64]) -> Result<[Vec<f64>; 2], Error> {
    layer.output_shape(&[N]).map_err(Error::NotAccepted)?;
    let (mut y, mut dy, mut dx) = (vec![0.0; N], dy.to_vec(), vec![0.0; N]);
    layer.forward(&[], x, &mut y, &mut pass(number));
    layer.backward_input(&[], Saved { x, y: &y }, &mut dy, Some(&mut dx), &mut pass(number));
    Ok([y, dx])
}

/// Writes a layer that hides values: 1[u ≥ limit], y and dx.
fn write_mask(trace: &mut Trace, number: usize, [y, dx]: &[Vec<f64>; 2], limit: (&str, f64), scale: &str) {
    let mut drawn = vec![0.0; N];
    random::with_uniform(&pass(number), 0, &mut drawn, |_, u| u);
    for (i, (&u, (&y, &dx))) in (1..).zip(drawn.iter().zip(y.iter().zip(dx))) {
        let i = sub(i);
        trace.line(format!("u{i}"), "", u);
        trace.line(format!("mask{i}"), "", f64::from(u >= limit.1));
        trace.note(format!("1 if u ≥ {}, otherwise 0", limit.0));
        trace.line(format!("y{i}"), format!("x{i}·mask{i}{scale}"), y);
        trace.line(format!("dx{i}"), format!("dy{i}·mask{i}{scale}"), dx);
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let [x, dy, back] = ["x", "dy", "x̂"].map(|name| numbers.of(name));
    let [std, p, rate] = ["std", "p", "rate"].map(|name| numbers.one(name));
    let [noisy, dx] = run(&Noise::Gaussian { std, clip: None }, 1, x, dy)?;
    trace.section("Gaussian noise");
    trace.text("ε is drawn from N(0, 1). The numbers are those of the first sample in a training with seed 0.");
    let mut drawn = vec![0.0; N];
    random::with_normal(&pass(1), 0, &mut drawn, |_, normal| normal);
    for (i, (&drawn, &y)) in (1..).zip(drawn.iter().zip(&noisy)) {
        trace.line(format!("ε{}", sub(i)), "", drawn);
        trace.line(format!("y{}", sub(i)), format!("x{i} + std·ε{i}", i = sub(i)), y);
    }
    for (i, &dx) in (1..).zip(&dx) {
        trace.line(format!("dx{}", sub(i)), format!("dy{}", sub(i)), dx);
    }
    trace.section("The loss of a denoising autoencoder");
    trace.text("The network sees y, but the target is x, the sample without noise.");
    let square = |target: &str, i: usize| format!("(x̂{i} − {target}{i})²", i = sub(i));
    let mut total = 0.0;
    for (i, (&x, &back)) in (1..).zip(x.iter().zip(back)) {
        let loss = (back - x) * (back - x);
        total += loss;
        trace.line(format!("ℓ{}", sub(i)), square("x", i), loss);
    }
    trace.line("L", format!("({})/4", sum("ℓ", N)), total / N as f64);
    let against_noise: f64 = noisy.iter().zip(back).map(|(y, back)| (back - y) * (back - y)).sum();
    let terms: Vec<_> = (1..=N).map(|i| square("y", i)).collect();
    trace.line("L against y", format!("({})/4", terms.join(" + ")), against_noise / N as f64);
    trace.note("the wrong target: whoever takes it trains the network to keep the noise");

    let masked = run(&Noise::Masking { p }, 2, x, dy)?;
    trace.section("Masking: hidden values are 0, the others stay as they are");
    write_mask(trace, 2, &masked, ("p", p), "");
    let dropped = run(&Dropout { rate }, 3, x, dy)?;
    trace.section("Dropout: the others are divided by 1 − rate");
    trace.text("So the mean over many masks is x, and nothing needs to be changed when the network is used.");
    write_mask(trace, 3, &dropped, ("rate", rate), "/(1 − rate)");
    Ok(())
}
