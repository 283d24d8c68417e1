//! What `lstm` and `gru` share: each of their four parameters has one value a gate, with a name of its own.

use super::form::{Trace, sum};
use super::given::{Given, Numbers, ones};
use super::next::{self, Prediction, products};

/// w_ih, w_hh, b_ih and b_hh, as the layer has them, each with the names of its gates' values. A name ends in the
/// letter of its gate.
pub type Parts<const GATES: usize> = [(&'static str, [&'static str; GATES]); 4];

/// The sequence, the parameters, and those of the output; `what` says what each parameter is.
pub fn given<const GATES: usize>(steps: usize, parts: &'static Parts<GATES>, what: [&'static str; 4]) -> Vec<Given> {
    let parts = parts.iter().zip(what).map(|((name, elements), what)| ones(name, elements, what));
    [next::sequence(steps)].into_iter().chain(parts).chain(next::output()).collect()
}

/// The parameters one after another, then w_hy and b_y.
pub fn theta<const GATES: usize>(numbers: &Numbers, parts: &Parts<GATES>) -> Vec<f64> {
    let names = parts.iter().map(|(name, _)| *name).chain(["w_hy", "b_y"]);
    names.flat_map(|name| numbers.of(name).to_vec()).collect()
}

/// The gradients in the order of [`theta`]; `delta` says by parameter and gate which gradient meets x and h there.
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

/// A step of gradient descent from θ, in the order of [`theta`].
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
