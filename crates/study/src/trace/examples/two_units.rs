//! `two-units`: backpropagation through time in an Elman network of two units, where transposed weights occur.

use handgrad_layers::elman::Kept;
use handgrad_layers::{Activation, Elman};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at};
use crate::trace::given::{Given, Numbers};
use crate::trace::next;
use crate::trace::two_unit_network::{self as network, Gate, Run, UNITS};

pub const EXAMPLE: Example = Example {
    name: "two-units",
    title: "an Elman network of two units: backpropagation through time with a transposed w_hh",
    slides: "CE6146 \"RNN – Elman Network\", \"BPTT Steps (3/4)\", \"Backpropagation vs. BPTT (3/4)\"",
    steps: Some(2),
    learning_rate: Some(0.1),
    loss: Some("L"),
    given,
    work,
};

const GATES: [Gate; 1] =
    [Gate { names: ["w_xh", "w_hh", "b_h"], delta: ["δ"; 2], start: [0.5, -0.3, 0.2, 0.4, -0.6, 0.1, 0.0, 0.1] }];

fn given(steps: usize) -> Vec<Given> {
    network::given(steps, &GATES)
}

fn write_forward(trace: &mut Trace, run: &Run) {
    (1..=UNITS).for_each(|j| trace.know(at("h", 0, j), 0.0));
    for (t, h) in (1..).zip(run.ran.y.chunks(UNITS)) {
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ is 0 in both units. The first subscript of h is the step, the second is the unit.");
        }
        for (j, &h) in (1..).zip(h) {
            trace.line(at("h", t, j), format!("tanh({})", network::sum_of_unit(GATES[0].names, t, j)), h);
        }
        network::write_output(trace, t, run.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run, delta: &[f64]) {
    let steps = run.y.len();
    for t in (1..=steps).rev() {
        trace.section(format!("Back through t = {t}"));
        if t < steps {
            trace.text(
                "Unit i of this step goes to both units of the next one, with the weights of row i of w_hh. So dh is \
                 a sum over row i: δ·w_hhᵀ.",
            );
        }
        next::write_dy(trace, t, run.losses.dy[t - 1]);
        for i in 1..=UNITS {
            let place = (t - 1) * UNITS + i - 1;
            trace.line(at("dh", t, i), network::dh_formula(&GATES, [t, steps], i, ""), run.ran.dy[place]);
            trace.line(at("δ", t, i), format!("{}·(1 − {}²)", at("dh", t, i), at("h", t, i)), delta[place]);
        }
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let x = numbers.of("x");
    let layer = Elman { sequence: network::two_units(x.len() - 1), activation: Activation::Tanh };
    let mut run = network::run(&layer, &network::theta(numbers, &GATES), x);
    let delta = Kept::new(&layer.sequence, &mut run.ran.back, 1).steps.to_vec();
    write_forward(trace, &run);
    next::write_losses(trace, &run.losses, next::BORROWED_LOSS);
    write_backward(trace, &run, &delta);
    network::write_gradients(trace, &GATES, &run);
    trace.matrix("dw_hh", "the sum of h_{t−1}ᵀ·δ_t", Value::matrix(&run.gradients[2..6], UNITS));
    network::write_update(trace, numbers, &GATES, &layer, &run.gradients);
    Ok(())
}
