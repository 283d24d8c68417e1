//! `init`: the initial weights by Xavier and by He, as numbers and over ten layers.

use handgrad_layers::{Activation, Init, ParamRole, ParamSpec, dense};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, sub, terms};
use crate::trace::given::{Given, Numbers, matrix, number};

pub const EXAMPLE: Example = Example {
    name: "init",
    title: "initial weights by Xavier and by He: their variance, and what ten layers make of it",
    slides: "CE6146 \"Guideline for Autoencoders (4/4)\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of values of x, and of layers in the last section.
const N: usize = 3;
const LAYERS: usize = 10;
/// The largest number of units that can be set.
const MOST: f64 = 128.0;

fn given(_: usize) -> Vec<Given> {
    vec![
        number("fan_in", N as f64, "the number of inputs of a unit"),
        number("fan_out", 2.0, "the number of units that an input goes to"),
        matrix("x", &[1.0, -0.5, 2.0], N, "one sample"),
        number("n", 64.0, "inputs and units of each of the ten layers of the last section"),
    ]
}

/// Returns a number of units.
fn count(numbers: &Numbers, name: &str) -> Result<usize, Error> {
    match numbers.one(name) {
        value if (1.0..=MOST).contains(&value) && value.fract() == 0.0 => Ok(value as usize),
        value => {
            let problem = format!("it must be a whole number from 1 to {MOST}");
            Err(Error::Setting { setting: format!("{name}={value}"), problem })
        }
    }
}

/// Draws the weights of a layer. Each `stream` gives other numbers.
fn draw(init: Init, [fan_in, fan_out]: [usize; 2], stream: u64) -> Vec<f64> {
    let role = ParamRole::Weight { fan_in, fan_out };
    let spec = ParamSpec { name: "w", shape: vec![fan_in, fan_out], uses: 1, role };
    let mut w = vec![0.0; spec.len()];
    init.fill(&spec, 0, stream, &mut w);
    w
}

/// Returns the mean square of the last state of ten ReLU layers of n units, for one sample of n random values with
/// mean square 1.
fn through_layers(init: Init, n: usize) -> f64 {
    // Xavier's variance for the fans n and 1 is 2/(n + 1).
    let scale = ((n + 1) as f64 / 2.0).sqrt();
    let mut h: Vec<f64> = draw(Init::XavierUniform, [n, 1], 0).iter().map(|value| scale * value).collect();
    for layer in 1..=LAYERS {
        let mut next = vec![0.0; n];
        dense::forward(&h, &draw(init, [n, n], layer as u64), &vec![0.0; n], Activation::Relu, &mut next);
        h = next;
    }
    h.iter().map(|h| h * h).sum::<f64>() / n as f64
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let fans = [count(numbers, "fan_in")?, count(numbers, "fan_out")?];
    let n = count(numbers, "n")?;
    let [xavier, he] = [Init::XavierUniform, Init::HeUniform].map(|init| init.variance(fans[0], fans[1]));
    trace.section("The variance of a weight");
    trace.text(
        "Forward, a unit sums over fan_in products; backward, an input sums over fan_out. Xavier takes the mean of \
         both. He counts only the forward pass, and twice, because ReLU lets only half of the values through.",
    );
    trace.line("Var_X", "2/(fan_in + fan_out)", xavier);
    trace.note("Xavier");
    trace.line("Var_H", "2/fan_in", he);
    trace.note("He");
    for (name, variance) in [("X", xavier), ("H", he)] {
        trace.line(format!("std_{name}"), format!("√(Var_{name})"), variance.sqrt());
        trace.note("the standard deviation of normal weights");
        trace.line(format!("a_{name}"), format!("√(3·Var_{name})"), (3.0 * variance).sqrt());
        trace.note("uniform weights lie between −a and a, which has the variance a²/3");
    }
    trace.section("Weights as they are drawn with seed 0");
    for (name, init) in [
        ("w, Xavier uniform", Init::XavierUniform),
        ("w, Xavier normal", Init::XavierNormal),
        ("w, He uniform", Init::HeUniform),
        ("w, He normal", Init::HeNormal),
    ] {
        trace.matrix(name, "", Value::matrix(&draw(init, fans, 0), fans[1]));
    }
    trace.text("The biases start at 0.");

    trace.section("The variance of z = x·w");
    trace.text("The weights are independent with mean 0, so the variances of the products are added.");
    let squares: f64 = numbers.of("x").iter().map(|x| x * x).sum();
    let formula = terms(N, |i| format!("x{}²", sub(i)));
    for (name, variance) in [("X", xavier), ("H", he)] {
        trace.line(format!("Var z, {name}"), format!("({formula})·Var_{name}"), squares * variance);
    }

    trace.section("Ten layers of n units with ReLU");
    trace.text(
        "In each layer the mean square of the values is multiplied by n·Var·½: z has n terms, and ReLU keeps half. The \
         factor for all ten layers, and the mean square that is left of 1 in a network with such weights:",
    );
    let equal = [Init::HeUniform, Init::XavierUniform].map(|init| init.variance(n, n) * n as f64 / 2.0);
    trace.line("factor, He", "(n·(2/n)/2)^10", equal[0].powi(10));
    trace.line("measured, He", "", through_layers(Init::HeUniform, n));
    trace.line("factor, Xavier", "(n·(2/(n + n))/2)^10", equal[1].powi(10));
    trace.line("measured, Xavier", "", through_layers(Init::XavierUniform, n));
    trace.line("factor, Var = 1", "(n/2)^10", (n as f64 / 2.0).powi(10));
    trace.note("weights from N(0, 1): the values explode");
    trace.section("What the slides leave open");
    trace.text(
        "CE6146 \"Guideline for Autoencoders (4/4)\" names both without formulas. He is for ReLU, Xavier for tanh, the \
         sigmoid and linear layers.",
    );
    Ok(())
}
