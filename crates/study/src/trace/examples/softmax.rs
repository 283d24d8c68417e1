//! `softmax`: softmax cross-entropy with a one-hot target, the whole Jacobian, and a target that is a distribution.

use handgrad_layers::softmax_cross_entropy as cross_entropy;

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, dot, places, sub, sum, terms};
use crate::trace::given::{Given, Numbers, matrix};

pub const EXAMPLE: Example = Example {
    name: "softmax",
    title: "softmax cross-entropy: probabilities, the Jacobian, and why only p − t is left of it",
    slides: "KERAS \"Hyperparameters to Train an Autoencoder\", \"Reconstruction Loss\"",
    steps: None,
    learning_rate: None,
    loss: Some("L"),
    given,
    work,
};

/// The number of logits.
const N: usize = 3;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("z", &[2.0, 1.0, -0.5], N, "logits: the output of the last layer"),
        matrix("t", &[0.0, 1.0, 0.0], N, "the target: class 2 of three"),
        matrix("q", &[0.2, 0.5, 0.3], N, "another target: a distribution"),
    ]
}

/// Returns the target, or an error if it is no distribution.
fn distribution<'a>(numbers: &'a Numbers, name: &str) -> Result<&'a [f64], Error> {
    let values = numbers.within_unit(name)?;
    let all: f64 = values.iter().sum();
    if (all - 1.0).abs() > 1e-9 {
        let problem = format!("the values of {name} add up to {all}, but must add up to 1, as probabilities do");
        return Err(Error::Setting { setting: name.into(), problem });
    }
    Ok(values)
}

/// Returns −Σ t_i·ln a_i as a formula; `a` is the name of the probabilities.
fn entropy_formula(t: &str, a: &str) -> String {
    format!("−({})", terms(N, |i| format!("{t}{i}·ln({a}{i})", i = sub(i))))
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let z = numbers.of("z");
    let (t, q) = (distribution(numbers, "t")?, distribution(numbers, "q")?);
    let mut p = z.to_vec();
    cross_entropy::softmax(&mut p);
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);

    trace.section("Softmax: three logits become three probabilities");
    trace.text(
        "The largest logit m is subtracted first. This changes no probability, since e^m cancels, but without it e^z \
         would be infinite for z above 709.",
    );
    let logits: Vec<_> = (1..=N).map(|i| format!("z{}", sub(i))).collect();
    trace.line("m", format!("max({})", logits.join(", ")), largest);
    let powers: Vec<f64> = z.iter().map(|z| (z - largest).exp()).collect();
    for (i, &power) in (1..).zip(&powers) {
        trace.line(format!("e{}", sub(i)), format!("exp(z{} − m)", sub(i)), power);
    }
    trace.line("S", sum("e", N), powers.iter().sum());
    for (i, &p) in (1..).zip(&p) {
        trace.line(format!("p{}", sub(i)), format!("e{}/S", sub(i)), p);
    }

    trace.section("Loss: cross-entropy");
    trace.text("Only the probability of the right class counts, but it depends on all logits.");
    let mut dz = [0.0; N];
    let loss = cross_entropy::forward_backward(z, t, 1.0, &mut dz);
    trace.line("L", entropy_formula("t", "p"), loss);

    trace.section("Backward: what is left is p − t");
    for (i, &dz) in (1..).zip(&dz) {
        trace.line(format!("dz{}", sub(i)), format!("p{i} − t{i}", i = sub(i)), dz);
    }
    trace.text("They add up to 0: what one logit gains, the others lose.");

    trace.section("The same with the Jacobian of softmax");
    trace.text(
        "J_ij is ∂p_i/∂z_j. The diagonal is p_i·(1 − p_i), as of a sigmoid; the other places are −p_i·p_j, because the \
         probabilities add up to 1. dp is ∂L/∂p, and dz = dp·J.",
    );
    let jacobian = |i: usize, j: usize| if i == j { p[i] * (1.0 - p[i]) } else { -p[i] * p[j] };
    for (i, j) in places(N, N) {
        let formula = match i == j {
            true => format!("p{i}·(1 − p{i})", i = sub(i)),
            false => format!("−p{}·p{}", sub(i), sub(j)),
        };
        trace.line(at("J", i, j), formula, jacobian(i - 1, j - 1));
    }
    let all: Vec<f64> = places(N, N).map(|(i, j)| jacobian(i - 1, j - 1)).collect();
    trace.matrix("J", "", Value::matrix(&all, N));
    let dp: Vec<f64> = t.iter().zip(&p).map(|(t, p)| -t / p).collect();
    for (i, &dp) in (1..).zip(&dp) {
        trace.line(format!("dp{}", sub(i)), format!("−t{i}/p{i}", i = sub(i)), dp);
    }
    for j in 1..=N {
        let value = (0..N).map(|i| dp[i] * jacobian(i, j - 1)).sum();
        trace.line(format!("dz{} by J", sub(j)), dot(N, |i| format!("dp{}", sub(i)), |i| at("J", i, j)), value);
    }
    trace.text("The division by p is gone in p − t. A program should not do it: for a small p it loses digits.");

    trace.section("A target that is a distribution");
    let loss = cross_entropy::forward_backward(z, q, 1.0, &mut dz);
    trace.line("L_q", entropy_formula("q", "p"), loss);
    for (i, &dz) in (1..).zip(&dz) {
        trace.line(format!("dz{} for q", sub(i)), format!("p{i} − q{i}", i = sub(i)), dz);
    }
    trace.line("H", "", cross_entropy::entropy(q));
    trace.note("the entropy of q, which is the smallest possible loss");
    trace.line("KL", "L_q − H", cross_entropy::excess(z, q));
    trace.note("how far p is from q: 0 only for p = q");
    Ok(())
}
