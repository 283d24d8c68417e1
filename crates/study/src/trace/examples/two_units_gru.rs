//! `two-units-gru`: a GRU of two units, where every gate has a matrix from state to state.

use handgrad_layers::Gru;
use handgrad_layers::gru::{Kept, Reset, Update};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, at, dot, sub};
use crate::trace::given::{Given, Numbers};
use crate::trace::next;
use crate::trace::two_unit_network::{self as network, Gate, Run, UNITS};

pub const EXAMPLE: Example = Example {
    name: "two-units-gru",
    title: "a GRU of two units: every gate with its own matrices, forward and backward",
    slides: "CE6146 \"Gated Recurrent Unit (GRU)\", \"GRU\", \"BPTT Steps (3/4)\"",
    steps: Some(2),
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

/// The gates in the order of the layer. The candidate gets its part from the state through q, so w_hn is multiplied by
/// dq in the backward pass.
const GATES: [Gate; 3] = [
    Gate { names: ["w_ir", "w_hr", "b_r"], delta: ["δ_r"; 2], start: [0.5, -0.3, 0.1, -0.2, 0.3, 0.4, 0.0, 0.1] },
    Gate { names: ["w_iz", "w_hz", "b_z"], delta: ["δ_z"; 2], start: [0.2, 0.4, -0.3, 0.2, 0.1, 0.5, 0.3, -0.2] },
    Gate { names: ["w_in", "w_hn", "b_n"], delta: ["δ_n", "dq"], start: [-0.6, 0.7, 0.6, -0.4, -0.1, 0.2, 0.0, 0.2] },
];

fn given(steps: usize) -> Vec<Given> {
    network::given(steps, &GATES)
}

/// The values of one unit at one step for each gate: r, z, n.
fn of_unit(gates: &[f64], t: usize, j: usize) -> [f64; 3] {
    std::array::from_fn(|gate| gates[((t - 1) * GATES.len() + gate) * UNITS + j - 1])
}

fn write_forward(trace: &mut Trace, run: &Run, gates: &[f64], q: &[f64]) {
    (1..=UNITS).for_each(|j| trace.know(at("h", 0, j), 0.0));
    for t in 1..=run.y.len() {
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ is 0 in both units. The first subscript is the step, the second is the unit.");
        }
        for j in 1..=UNITS {
            let (now, before) = (|name: &str| at(name, t, j), at("h", t - 1, j));
            let [r, z, n] = of_unit(gates, t, j);
            let sum = |gate: usize| network::sum_of_unit(GATES[gate].names, t, j);
            trace.line(now("r"), format!("σ({})", sum(0)), r);
            trace.line(now("z"), format!("σ({})", sum(1)), z);
            let formula = dot(UNITS, |i| at("h", t - 1, i), |i| at("w_hn", i, j));
            trace.line(now("q"), formula, of_unit(q, t, j)[2]);
            let from_x = format!("x{}·w_in{j} + b_n{j}", sub(t), j = sub(j));
            trace.line(now("h̃"), format!("tanh({from_x} + {}·{})", now("r"), now("q")), n);
            let formula = format!("(1 − {z})·{before} + {z}·{}", now("h̃"), z = now("z"));
            trace.line(now("h"), formula, run.ran.y[(t - 1) * UNITS + j - 1]);
        }
        network::write_output(trace, t, run.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run, delta: &[f64], dq: &[f64]) {
    let steps = run.y.len();
    for t in (1..=steps).rev() {
        trace.section(format!("Back through t = {t}"));
        if t == steps {
            trace.text("dh is ∂L/∂h and dq is ∂L/∂q. Each δ is the gradient of the argument of σ or tanh.");
        }
        next::write_dy(trace, t, run.losses.dy[t - 1]);
        for j in 1..=UNITS {
            let (now, before) = (|name: &str| at(name, t, j), at("h", t - 1, j));
            let [r, z, n] = of_unit(delta, t, j);
            let later = format!(" + (1 − {})·{}", at("z", t + 1, j), at("dh", t + 1, j));
            let formula = network::dh_formula(&GATES, [t, steps], j, &later);
            trace.line(now("dh"), formula, run.ran.dy[(t - 1) * UNITS + j - 1]);
            trace.line(now("δ_n"), format!("{}·{}·(1 − {}²)", now("dh"), now("z"), now("h̃")), n);
            let slope = |gate: &str| format!("{}·(1 − {})", now(gate), now(gate));
            trace.line(now("δ_z"), format!("{}·({} − {before})·{}", now("dh"), now("h̃"), slope("z")), z);
            trace.line(now("δ_r"), format!("{}·{}·{}", now("δ_n"), now("q"), slope("r")), r);
            trace.line(now("dq"), format!("{}·{}", now("δ_n"), now("r")), of_unit(dq, t, j)[2]);
        }
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let x = numbers.of("x");
    let sequence = network::two_units(x.len() - 1);
    let layer = Gru { sequence, update: Update::TakesNew, reset: Reset::AfterProduct };
    let mut run = network::run(&layer, &network::theta(numbers, &GATES), x);
    let kept = Kept::new(&layer, &mut run.ran.kept, 1);
    let (gates, q) = (kept.gates.to_vec(), kept.second.to_vec());
    let back = Kept::new(&layer, &mut run.ran.back, 1);
    let (delta, dq) = (back.gates.to_vec(), back.second.to_vec());
    write_forward(trace, &run, &gates, &q);
    next::write_losses(trace, &run.losses, next::BORROWED_LOSS);
    write_backward(trace, &run, &delta, &dq);
    network::write_gradients(trace, &GATES, &run);
    network::write_update(trace, numbers, &GATES, &layer, &run.gradients);
    trace.section("What is simpler here than in gru.rs");
    trace.text(
        "The layer has a second bias for each gate, b_hh, which is 0 here. z is the weight of the candidate, as on the \
         slide; `handgrad trace gru` shows the other convention.",
    );
    Ok(())
}
