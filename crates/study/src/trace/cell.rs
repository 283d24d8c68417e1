//! Shared by the examples `lstm` and `gru`: each of the four parameters has one value for each gate, and each of
//! these values has its own name.

use super::form::{Trace, sum};
use super::given::{Given, Numbers, ones};
use super::next::{self, Prediction, products};

/// The parameters w_ih, w_hh, b_ih and b_hh, in the order of the layer, each with the names of its values, one for
/// each gate. The last letter of a value's name is the letter of its gate.
pub type Parts<const GATES: usize> = [(&'static str, [&'static str; GATES]); 4];

/// Returns what the example starts from: the sequence, the four parameters, and w_hy and b_y of the output. `what`
/// describes each of the four parameters.
pub fn given<const GATES: usize>(steps: usize, parts: &'static Parts<GATES>, what: [&'static str; 4]) -> Vec<Given> {
    let parts = parts.iter().zip(what).map(|((name, elements), what)| ones(name, elements, what));
    [next::sequence(steps)].into_iter().chain(parts).chain(next::output()).collect()
}

/// Returns the values of the four parameters, one after another, followed by w_hy and b_y.
pub fn theta<const GATES: usize>(numbers: &Numbers, parts: &Parts<GATES>) -> Vec<f64> {
    let names = parts.iter().map(|(name, _)| *name).chain(["w_hy", "b_y"]);
    names.flat_map(|name| numbers.of(name).to_vec()).collect()
}

/// Writes the gradients, which are in the order of [`theta`]. `delta` returns, for a parameter and a gate, the symbol
/// of the gradient that is multiplied by x or h, or summed for a bias.
pub fn write_gradients<const GATES: usize>(
    trace: &mut Trace,
    parts: &Parts<GATES>,
    gradients: &[f64],
    prediction: &Prediction,
    delta: impl Fn(&str, char) -> String,
) {
    let steps = prediction.y.len();
    trace.section(next::SUMMED);
    let names = parts.iter().flat_map(|(name, parts)| parts.iter().map(move |part| (*name, part)));
    for ((name, part), &gradient) in names.zip(gradients) {
        let delta = delta(name, part.chars().last().unwrap_or_default());
        let formula = match name {
            "w_ih" => products(&delta, "x", steps, 0),
            "w_hh" => products(&delta, "h", steps, 1),
            _ => sum(&delta, steps),
        };
        trace.line(format!("d{part}"), formula, gradient);
    }
    next::write_output_gradients(trace, prediction);
}

/// Writes one step of gradient descent. `gradients` are in the order of [`theta`]; `loss_of` computes the loss with
/// the new parameters.
pub fn write_update<const GATES: usize>(
    trace: &mut Trace,
    numbers: &Numbers,
    parts: &Parts<GATES>,
    gradients: &[f64],
    loss_of: impl FnOnce(&[f64]) -> f64,
) {
    let names = parts.iter().flat_map(|(_, parts)| *parts).chain(["w_hy", "b_y"]);
    let parameters: Vec<_> =
        names.zip(theta(numbers, parts)).zip(gradients).map(|((name, theta), &g)| (name, theta, g)).collect();
    next::write_update(trace, next::UPDATE, numbers, &parameters, loss_of);
}
