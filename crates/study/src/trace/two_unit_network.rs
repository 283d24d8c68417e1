//! Shared by the examples `two-units`, `two-units-lstm` and `two-units-gru`: a recurrent layer of two units predicts
//! the next number. Of the two subscripts of a state, the first is the step, the second is the unit. Of the two
//! subscripts of a weight, the first is the unit that it comes from, the second is the unit that it goes to.

use handgrad_layers::{Activation, BatchRows, Layer, Sequence, dense};

use super::form::{Trace, at, dot, sub, terms};
use super::given::{Given, Numbers, matrix, number};
use super::next::{self, Losses};
use super::passes::{Ran, run_layer};

pub const UNITS: usize = 2;

/// How many rows of [`UNITS`] values a gate has: w_i has one, w_h has two, b has one.
const ROWS: usize = 4;

/// The parameters of one gate: w_i from x, w_h from the step before, and the biases b. An Elman network has only one
/// such set.
pub struct Gate {
    /// The names of w_i, w_h and b.
    pub names: [&'static str; 3],
    /// The symbol of the gradient that is multiplied by x, and of the one that is multiplied by the state.
    pub delta: [&'static str; 2],
    pub start: [f64; ROWS * UNITS],
}

pub fn given(steps: usize, gates: &[Gate]) -> Vec<Given> {
    let mut given = vec![next::sequence(steps)];
    for Gate { names: [w_i, w_h, b], start, .. } in gates {
        given.push(matrix(w_i, &start[..UNITS], UNITS, "from x to the two units"));
        let what = "row i, column j: from unit i of the step before to unit j";
        given.push(matrix(w_h, &start[UNITS..3 * UNITS], UNITS, what));
        given.push(matrix(b, &start[3 * UNITS..], UNITS, "biases of the units"));
    }
    given.push(matrix("w_hy", &[1.0, -0.5], UNITS, "from the two units to y"));
    given.push(number("b_y", 0.5, "bias of y"));
    given
}

/// Returns all parameters, in the order in which they are given.
pub fn theta(numbers: &Numbers, gates: &[Gate]) -> Vec<f64> {
    let names = gates.iter().flat_map(|gate| gate.names).chain(["w_hy", "b_y"]);
    names.flat_map(|name| numbers.of(name).to_vec()).collect()
}

/// Returns the names of all values of [`theta`].
fn names(gates: &[Gate]) -> Vec<String> {
    let list = |name: &str| (1..=UNITS).map(|j| format!("{name}{}", sub(j))).collect::<Vec<_>>();
    let of_gate = |[w_i, w_h, b]: [&str; 3]| {
        let w_h = (1..=UNITS).flat_map(|i| (1..=UNITS).map(move |j| at(w_h, i, j)));
        list(w_i).into_iter().chain(w_h).chain(list(b)).collect::<Vec<_>>()
    };
    let output = list("w_hy").into_iter().chain(["b_y".to_string()]);
    gates.iter().flat_map(|gate| of_gate(gate.names)).chain(output).collect()
}

/// Returns the settings of a layer with two units and one input per step.
pub fn two_units(steps: usize) -> Sequence {
    Sequence { units: UNITS, ..next::one_unit(steps) }
}

/// The values of the forward and the backward pass over x₁ … x_T.
pub struct Run {
    /// y has h and dy has ∂L/∂h, one row per step.
    pub ran: Ran,
    pub y: Vec<f64>,
    pub losses: Losses,
    /// In the order of [`theta`].
    pub gradients: Vec<f64>,
}

pub fn run(layer: &dyn Layer<f64>, theta: &[f64], x: &[f64]) -> Run {
    let steps = x.len() - 1;
    let (of_gates, output) = theta.split_at(theta.len() - UNITS - 1);
    let (w_hy, b_y) = output.split_at(UNITS);
    let width = of_gates.len() / ROWS;
    // The layer has the gates side by side in every row. Its second bias, b_hh, is 0 here.
    let mut of_layer = vec![0.0; (ROWS + 1) * width];
    for (gate, values) in of_gates.chunks(ROWS * UNITS).enumerate() {
        for (row, values) in values.chunks(UNITS).enumerate() {
            of_layer[row * width + gate * UNITS..][..UNITS].copy_from_slice(values);
        }
    }
    let (mut y, mut losses) = (vec![0.0; steps], Losses::default());
    let ran = run_layer(layer, &of_layer, &x[..steps], steps * UNITS, |h| {
        dense::forward(h, w_hy, b_y, Activation::Linear, &mut y);
        losses = next::losses(&y, x);
        let mut dh = vec![0.0; h.len()];
        dense::backward_input(w_hy, &losses.dy, 1, &mut dh);
        dh
    });
    let mut gradients = Vec::new();
    for gate in 0..width / UNITS {
        (0..ROWS).for_each(|row| gradients.extend_from_slice(&ran.dtheta[row * width + gate * UNITS..][..UNITS]));
    }
    let (mut dw_hy, mut db_y) = ([0.0; UNITS], [0.0]);
    let dy = BatchRows::contiguous(&losses.dy, 1);
    dense::backward_weights(BatchRows::contiguous(&ran.y, UNITS), dy, 0..UNITS, &mut dw_hy);
    dense::backward_bias(dy, 0..1, &mut db_y);
    gradients.extend(dw_hy.into_iter().chain(db_y));
    Run { ran, y, losses, gradients }
}

/// Returns the formula of z of unit j at step t: what comes from x and from the two units of the step before.
pub fn sum_of_unit([w_i, w_h, b]: [&str; 3], t: usize, j: usize) -> String {
    let past = dot(UNITS, |i| at("h", t - 1, i), |i| at(w_h, i, j));
    format!("x{}·{w_i}{j} + {past} + {b}{j}", sub(t), j = sub(j))
}

pub fn write_output(trace: &mut Trace, t: usize, y: f64) {
    let formula = dot(UNITS, |j| at("h", t, j), |j| format!("w_hy{}", sub(j)));
    trace.line(format!("y{}", sub(t)), format!("{formula} + b_y"), y);
}

/// Returns the formula of ∂L/∂h of unit i at step t. `later` is what the state gives to the next step beside the
/// products with w_h; it is left out in the last step.
pub fn dh_formula(gates: &[Gate], [t, steps]: [usize; 2], i: usize, later: &str) -> String {
    let mut formula = format!("dy{}·w_hy{}", sub(t), sub(i));
    if t < steps {
        formula += later;
        for Gate { names: [_, w_h, _], delta: [_, delta], .. } in gates {
            formula += &format!(" + {}", dot(UNITS, |j| at(delta, t + 1, j), |j| at(w_h, i, j)));
        }
    }
    formula
}

pub fn write_gradients(trace: &mut Trace, gates: &[Gate], run: &Run) {
    let steps = run.y.len();
    trace.section(next::SUMMED);
    let mut left = run.gradients.iter().copied();
    let mut line = |trace: &mut Trace, symbol: String, formula| {
        trace.line(symbol, formula, left.next().unwrap_or(f64::NAN));
    };
    for Gate { names: [w_i, w_h, b], delta: [of_x, of_h], .. } in gates {
        for j in 1..=UNITS {
            line(trace, format!("d{w_i}{}", sub(j)), dot(steps, |t| format!("x{}", sub(t)), |t| at(of_x, t, j)));
        }
        for (i, j) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            line(trace, at(&format!("d{w_h}"), i, j), dot(steps, |t| at("h", t - 1, i), |t| at(of_h, t, j)));
        }
        for j in 1..=UNITS {
            line(trace, format!("d{b}{}", sub(j)), terms(steps, |t| at(of_x, t, j)));
        }
    }
    for j in 1..=UNITS {
        line(trace, format!("dw_hy{}", sub(j)), dot(steps, |t| at("h", t, j), |t| format!("dy{}", sub(t))));
    }
    line(trace, "db_y".into(), terms(steps, |t| format!("dy{}", sub(t))));
}

/// Writes one step of gradient descent. `theta` and the gradients are in the order of [`theta`].
pub fn write_update(trace: &mut Trace, numbers: &Numbers, gates: &[Gate], layer: &dyn Layer<f64>, gradients: &[f64]) {
    let (names, theta) = (names(gates), theta(numbers, gates));
    let parameters: Vec<_> =
        names.iter().zip(&theta).zip(gradients).map(|((name, &theta), &g)| (name.as_str(), theta, g)).collect();
    next::write_update(trace, next::UPDATE, numbers, &parameters, |after| {
        run(layer, after, numbers.of("x")).losses.sum
    });
}
