//! `two-units-lstm`: an LSTM of two units, where every gate has a matrix from state to state.

use handgrad_layers::Lstm;
use handgrad_layers::lstm::Kept;

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, at};
use crate::trace::given::{Given, Numbers};
use crate::trace::next;
use crate::trace::two_unit_network::{self as network, Gate, Run, UNITS};

pub const EXAMPLE: Example = Example {
    name: "two-units-lstm",
    title: "an LSTM of two units: every gate with its own matrices, forward and backward",
    slides: "CE6146 \"LSTM\", \"Example – LSTM (1/2)\", \"BPTT Steps (3/4)\"",
    steps: Some(2),
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

/// The gates in the order of the layer. c̃ is the slide's name of the candidate, g that of its weights.
const GATES: [Gate; 4] = [
    Gate { names: ["w_ii", "w_hi", "b_i"], delta: ["δ_i"; 2], start: [0.5, -0.3, 0.1, -0.2, 0.3, 0.4, 0.0, 0.1] },
    Gate { names: ["w_if", "w_hf", "b_f"], delta: ["δ_f"; 2], start: [0.2, 0.4, -0.3, 0.2, 0.1, 0.5, 1.0, 1.0] },
    Gate { names: ["w_ig", "w_hg", "b_g"], delta: ["δ_g"; 2], start: [-0.6, 0.7, 0.6, -0.4, -0.1, 0.2, 0.0, 0.2] },
    Gate { names: ["w_io", "w_ho", "b_o"], delta: ["δ_o"; 2], start: [0.3, -0.2, 0.2, 0.3, -0.5, 0.1, 0.1, 0.0] },
];

fn given(steps: usize) -> Vec<Given> {
    network::given(steps, &GATES)
}

/// The gates, and later the δ, of one unit at one step: i, f, g, o.
fn of_unit(gates: &[f64], t: usize, j: usize) -> [f64; 4] {
    std::array::from_fn(|gate| gates[((t - 1) * GATES.len() + gate) * UNITS + j - 1])
}

fn write_forward(trace: &mut Trace, run: &Run, gates: &[f64], c: &[f64]) {
    for j in 1..=UNITS {
        trace.know(at("h", 0, j), 0.0);
        trace.know(at("c", 0, j), 0.0);
    }
    for t in 1..=run.y.len() {
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ and c₀ are 0 in both units. The first subscript is the step, the second is the unit.");
        }
        for j in 1..=UNITS {
            let place = (t - 1) * UNITS + j - 1;
            let (now, before) = (|name: &str| at(name, t, j), |name: &str| at(name, t - 1, j));
            let [i, f, g, o] = of_unit(gates, t, j);
            let sum = |gate: usize| network::sum_of_unit(GATES[gate].names, t, j);
            trace.line(now("i"), format!("σ({})", sum(0)), i);
            trace.line(now("f"), format!("σ({})", sum(1)), f);
            trace.line(now("c̃"), format!("tanh({})", sum(2)), g);
            trace.line(now("o"), format!("σ({})", sum(3)), o);
            trace.line(now("c"), format!("{}·{} + {}·{}", now("f"), before("c"), now("i"), now("c̃")), c[place]);
            trace.line(now("h"), format!("{}·tanh({})", now("o"), now("c")), run.ran.y[place]);
        }
        network::write_output(trace, t, run.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run, delta: &[f64], dc: &[f64]) {
    let steps = run.y.len();
    for t in (1..=steps).rev() {
        trace.section(format!("Back through t = {t}"));
        match t == steps {
            true => trace.text("dh is ∂L/∂h and dc is ∂L/∂c. Each δ is the gradient of the argument of σ or tanh."),
            false => trace.text(
                "The state of unit i goes to both units of the next step through four matrices: dh is a sum over \
                 row i of each. c goes only to c of the same unit, multiplied by f.",
            ),
        }
        next::write_dy(trace, t, run.losses.dy[t - 1]);
        for j in 1..=UNITS {
            let place = (t - 1) * UNITS + j - 1;
            let (now, before) = (|name: &str| at(name, t, j), |name: &str| at(name, t - 1, j));
            let after = |name: &str| at(name, t + 1, j);
            let [i, f, g, o] = of_unit(delta, t, j);
            trace.line(now("dh"), network::dh_formula(&GATES, [t, steps], j, ""), run.ran.dy[place]);
            let later = if t < steps { format!("{}·{} + ", after("f"), after("dc")) } else { String::new() };
            let own = format!("{}·{}·(1 − tanh({})²)", now("dh"), now("o"), now("c"));
            trace.line(now("dc"), later + &own, dc[place]);
            let slope = |gate: &str| format!("{}·(1 − {})", now(gate), now(gate));
            trace.line(now("δ_i"), format!("{}·{}·{}", now("dc"), now("c̃"), slope("i")), i);
            trace.line(now("δ_f"), format!("{}·{}·{}", now("dc"), before("c"), slope("f")), f);
            trace.line(now("δ_g"), format!("{}·{}·(1 − {}²)", now("dc"), now("i"), now("c̃")), g);
            trace.line(now("δ_o"), format!("{}·tanh({})·{}", now("dh"), now("c"), slope("o")), o);
        }
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let x = numbers.of("x");
    let layer = Lstm { sequence: network::two_units(x.len() - 1) };
    let mut run = network::run(&layer, &network::theta(numbers, &GATES), x);
    let kept = Kept::new(&layer.sequence, &mut run.ran.kept, 1);
    // `cells` has c before each step, `c` has the last one.
    let c = [&kept.cells[UNITS..], &*kept.c].concat();
    let gates = kept.gates.to_vec();
    let back = Kept::new(&layer.sequence, &mut run.ran.back, 1);
    let (delta, dc) = (back.gates.to_vec(), back.cells.to_vec());
    write_forward(trace, &run, &gates, &c);
    next::write_losses(trace, &run.losses, next::BORROWED_LOSS);
    write_backward(trace, &run, &delta, &dc);
    network::write_gradients(trace, &GATES, &run);
    network::write_update(trace, numbers, &GATES, &layer, &run.gradients);
    trace.section("What is simpler here than on the slides");
    trace.text(
        "CE6146 \"LSTM\" has two biases for each gate. Only their sum matters, so the second one is 0 here, and b has \
         the gradient of both. The bias of the forget gate starts at 1, as in lstm.rs.",
    );
    Ok(())
}
