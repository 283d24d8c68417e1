//! Dense layers, losses, optimisers and sizes: chapters 0 to 3.

use handgrad_analysis::Random;
use handgrad_layers::adam::{self, Adam};
use handgrad_layers::{Activation, BatchRows, Dense, Layer, Loss, LossKind, Reduction, bce_logits, dense, sgd};

use super::{listed, number, one_of, tenths};
use crate::quiz::question::Question;

pub fn chain_rule(random: &mut Random) -> Vec<Question> {
    let [x1, x2, w1, w2, b] = std::array::from_fn(|_| number(random));
    let known = [("x₁", x1), ("x₂", x2), ("w₁", w1), ("w₂", w2), ("b", b)];
    let mut z = [0.0];
    dense::forward(&[x1, x2], &[w1, w2], &[b], Activation::Linear, &mut z);
    let text = format!("A unit of a dense layer has two inputs. {}. Compute z, before the activation.", listed(&known));
    let forward = Question::value(0, text, ["z", "x₁·w₁ + x₂·w₂ + b"], &known, z[0]);

    let [x1, x2, d1, d2] = std::array::from_fn(|_| number(random));
    let known = [("x₁₁", x1), ("x₂₁", x2), ("δ₁₂", d1), ("δ₂₂", d2)];
    let mut dw = [0.0];
    let (x, delta) = ([x1, x2], [d1, d2]);
    dense::backward_weights(BatchRows::contiguous(&x, 1), BatchRows::contiguous(&delta, 1), 0..1, &mut dw);
    let text = format!("Two samples go through a dense layer. {}. Compute dw₁₂.", listed(&known));
    let weight = Question::value(0, text, ["dw₁₂", "x₁₁·δ₁₂ + x₂₁·δ₂₂"], &known, dw[0])
        .because("A weight is used once for every sample.");

    let [d1, d2, w11, w12, w21, w22] = std::array::from_fn(|_| number(random));
    let known = [("δ₁₁", d1), ("δ₁₂", d2), ("w₁₁", w11), ("w₁₂", w12), ("w₂₁", w21), ("w₂₂", w22)];
    let mut dx = [0.0; 2];
    dense::backward_input(&[w11, w12, w21, w22], &[d1, d2], 2, &mut dx);
    let text = format!("A dense layer has two inputs and two units. {}. Compute dx₁₁.", listed(&known));
    let input = Question::value(0, text, ["dx₁₁", "δ₁₁·w₁₁ + δ₁₂·w₁₂"], &known, dx[0])
        .because("An input goes to every unit, so its gradient is a sum over row 1 of w.");
    vec![forward, weight, input]
}

pub fn losses(random: &mut Random) -> Vec<Question> {
    let (p, t): ([f64; 3], [f64; 3]) =
        (std::array::from_fn(|_| number(random)), std::array::from_fn(|_| number(random)));
    let known = [("p₁", p[0]), ("p₂", p[1]), ("p₃", p[2]), ("t₁", t[0]), ("t₂", t[1]), ("t₃", t[2])];
    let mut dp = [0.0; 3];
    let loss = Loss { kind: LossKind::Mse, reduction: Reduction::Mean }.forward_backward(&p, &t, 1, &mut dp);
    let text = format!("A sample has three values. {}. Compute the mean squared error.", listed(&known));
    let mean = Question::value(1, text, ["MSE", "((p₁ − t₁)² + (p₂ − t₂)² + (p₃ − t₃)²)/3"], &known, loss);
    let text = format!("The same numbers: {}. Compute the gradient of this mean with respect to p₂.", listed(&known));
    let slope = Question::value(1, text, ["dp₂", "2·(p₂ − t₂)/3"], &known, dp[1]);

    let (z, t) = (number(random), tenths(random, 1, 9));
    let known = [("z", z), ("t", t)];
    let text = format!("An output has {}. Compute ∂ℓ/∂z of the binary cross-entropy after a sigmoid.", listed(&known));
    let value = bce_logits::derivative(z, t);
    let logit = Question::value(1, text, ["dz", "σ(z) − t"], &known, value).because("The slope of σ cancels.");
    vec![mean, slope, logit]
}

/// The number of parameters of dense layers of these sizes.
fn parameters(sizes: &[usize]) -> f64 {
    let layer = |pair: &[usize]| Dense { inputs: pair[0], units: pair[1], activation: Activation::Relu };
    let count = |layer: Dense| Layer::<f64>::params(&layer).iter().map(handgrad_layers::ParamSpec::len).sum::<usize>();
    sizes.windows(2).map(|pair| count(layer(pair))).sum::<usize>() as f64
}

pub fn autoencoder(random: &mut Random) -> Vec<Question> {
    let (n, k) = (one_of(random, [100, 196, 784]), one_of(random, [8, 16, 32, 64]));
    let known = [("n", n as f64), ("k", k as f64)];
    let text = format!("How many weights and biases has the autoencoder {n}-{k}-{n} of dense layers?");
    let formula = "n·k + k + k·n + n";
    let count = Question::value(2, text, ["count", formula], &known, parameters(&[n, k, n]))
        .because("n is the number of inputs, k that of the units of the code.");

    let (w, dw, alpha) = (number(random), number(random), tenths(random, 1, 5));
    let known = [("w", w), ("dw", dw), ("α", alpha)];
    let (mut theta, mut velocity) = ([w], [0.0]);
    sgd::update(&mut theta, &[dw], &mut velocity, alpha, 0.0);
    let text = format!("{}. Compute w after a step of gradient descent.", listed(&known));
    let descent = Question::value(2, text, ["w′", "w − α·dw"], &known, theta[0]);

    let (w, dw, alpha) = (number(random), number(random), tenths(random, 1, 5));
    let settings = Adam { learning_rate: alpha, ..Adam::default() };
    let known = [("w", w), ("dw", dw), ("α", alpha), ("ε", settings.epsilon)];
    let (mut theta, mut m, mut v) = ([w], [0.0], [0.0]);
    adam::update(&mut theta, &[dw], &mut m, &mut v, &settings, 1);
    let text = format!("{}. Compute w after the first step of Adam.", listed(&known));
    let first = Question::value(2, text, ["w′", "w − α·dw/(|dw| + ε)"], &known, theta[0])
        .because("The corrected means are dw and dw², so the step is α, against the sign of the gradient.");
    vec![count, descent, first]
}

pub fn code_size(random: &mut Random) -> Vec<Question> {
    let (n, a, k) = (one_of(random, [100, 196, 784]), one_of(random, [64, 128]), one_of(random, [8, 16, 32]));
    let known = [("n", n as f64), ("a", a as f64), ("k", k as f64)];
    let text = format!("How many weights and biases has the deep autoencoder {n}-{a}-{k}-{a}-{n}?");
    let formula = "n·a + a + a·k + k + k·a + a + a·n + n";
    let count = Question::value(3, text, ["count", formula], &known, parameters(&[n, a, k, a, n]))
        .because("n is the number of inputs, a that of the units of the outer layers, k that of the code.");

    let (n, k) = (784, one_of(random, [16, 32, 64]));
    let known = [("n", n as f64), ("k", k as f64)];
    let bytes = size_of::<f32>() as f64 * parameters(&[k, n]);
    let text = format!(
        "To decode codes of {k} numbers to pictures of {n} pixels, the receiver needs the decoder, one dense layer. \
         How many bytes has it, if each parameter is a number of 32 bits?"
    );
    let decoder = Question::value(3, text, ["bytes", "4·(k·n + n)"], &known, bytes);
    vec![count, decoder]
}
