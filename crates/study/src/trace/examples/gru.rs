//! `gru`: a GRU with the update gate of the slides.

use handgrad_layers::Gru;
use handgrad_layers::gru::{Kept, Reset, Update};

use crate::Error;
use crate::trace::cell::{self, Parts};
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, sub};
use crate::trace::given::{Given, Numbers};
use crate::trace::next::{self, Predicted, Prediction};

pub const EXAMPLE: Example = Example {
    name: "gru",
    title: "a GRU with the slide's update gate, and the equations that the slide leaves out",
    slides: "CE6146 \"Gated Recurrent Unit (GRU)\", \"GRU\", \"LSTM vs. GRU (1/2)\", \"(2/2)\"",
    steps: Some(2),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given,
    work,
};

/// The parameters with the names of their values, in the order of the layer: r, z, n.
const PARTS: Parts<3> = [
    ("w_ih", ["w_ir", "w_iz", "w_in"]),
    ("w_hh", ["w_hr", "w_hz", "w_hn"]),
    ("b_ih", ["b_ir", "b_iz", "b_in"]),
    ("b_hh", ["b_hr", "b_hz", "b_hn"]),
];

fn given(steps: usize) -> Vec<Given> {
    let what = [
        "from x to r, z and the candidate",
        "from the previous h to r, z and the candidate",
        "biases of the terms with x",
        "biases of the terms with h",
    ];
    cell::given(steps, &PARTS, what)
}

/// The values of the forward and the backward pass over x₁ … x_T.
struct Run {
    /// [r │ z │ h̃] of every step.
    gates: Vec<[f64; 3]>,
    /// w_hn·h_{t−1} + b_hn.
    q: Vec<f64>,
    h: Vec<f64>,
    prediction: Prediction,
    dh: Vec<f64>,
    /// [δ_r │ δ_z │ δ_n] of every step.
    delta: Vec<[f64; 3]>,
    /// ∂L/∂q_t.
    dq: Vec<f64>,
    gradients: Vec<f64>,
    norms: [Vec<f64>; 2],
}

fn run(update: Update, theta: &[f64], x: &[f64]) -> Run {
    let layer = Gru { sequence: next::one_unit(x.len() - 1), update, reset: Reset::AfterProduct };
    let (theta, output) = theta.split_at(12);
    let Predicted { mut ran, prediction, norms } = next::run_predicting(&layer, theta, [output[0], output[1]], x);
    let of_gates = |values: &[f64]| values.as_chunks().0.to_vec();
    let third = |values: &[f64]| values.chunks_exact(3).map(|gates| gates[2]).collect();
    let kept = Kept::new(&layer, &mut ran.kept, 1);
    let (gates, q) = (of_gates(kept.gates), third(kept.second));
    let back = Kept::new(&layer, &mut ran.back, 1);
    let (delta, dq) = (of_gates(back.gates), third(back.second));
    let gradients = [&ran.dtheta[..], &[prediction.dw_hy, prediction.db_y]].concat();
    Run { gates, q, h: ran.y, prediction, dh: ran.dy, delta, dq, gradients, norms }
}

fn write_forward(trace: &mut Trace, run: &Run) {
    trace.know("h₀", 0.0);
    for t in 1..=run.h.len() {
        let (now, before) = (sub(t), sub(t - 1));
        let [r, z, n] = run.gates[t - 1];
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ = 0. The slides have no figures for a GRU.");
            trace.text_as_printed("All weights and biases are 1, as in the other examples on the slides.");
        }
        let sum = |gate: &str| format!("w_h{gate}·h{before} + b_h{gate} + w_i{gate}·x{now} + b_i{gate}");
        trace.line(format!("r{now}"), format!("σ({})", sum("r")), r);
        trace.note(if t == 1 { "no equation on the slide" } else { "" });
        trace.line(format!("z{now}"), format!("σ({})", sum("z")), z);
        trace.line(format!("q{now}"), format!("w_hn·h{before} + b_hn"), run.q[t - 1]);
        trace.line(format!("h̃{now}"), format!("tanh(w_in·x{now} + b_in + r{now}·q{now})"), n);
        trace.note(if t == 1 { "no equation on the slide" } else { "" });
        trace.line(format!("h{now}"), format!("(1 − z{now})·h{before} + z{now}·h̃{now}"), run.h[t - 1]);
        next::write_output(trace, t, run.prediction.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run) {
    let steps = run.h.len();
    for t in (1..=steps).rev() {
        let (now, before, after) = (sub(t), sub(t - 1), sub(t + 1));
        let [r, z, n] = run.delta[t - 1];
        trace.section(format!("Back through t = {t}"));
        if t == steps {
            trace
                .text("dh is ∂L/∂h and dq is ∂L/∂q. Each δ is the gradient with respect to the argument of σ or tanh.");
        }
        next::write_dy(trace, t, run.prediction.losses.dy[t - 1]);
        let later = match t < steps {
            true => format!(" + (1 − z{after})·dh{after} + w_hr·δ_r{after} + w_hz·δ_z{after} + w_hn·dq{after}"),
            false => String::new(),
        };
        trace.line(format!("dh{now}"), format!("w_hy·dy{now}{later}"), run.dh[t - 1]);
        trace.line(format!("δ_n{now}"), format!("dh{now}·z{now}·(1 − h̃{now}²)"), n);
        trace.line(format!("δ_z{now}"), format!("dh{now}·(h̃{now} − h{before})·z{now}·(1 − z{now})"), z);
        trace.line(format!("δ_r{now}"), format!("δ_n{now}·q{now}·r{now}·(1 − r{now})"), r);
        trace.line(format!("dq{now}"), format!("δ_n{now}·r{now}"), run.dq[t - 1]);
    }
    cell::write_gradients(trace, &PARTS, &run.gradients, &run.prediction, |name, gate| match (name, gate) {
        // The candidate depends on h through q, which is multiplied by r.
        ("w_hh" | "b_hh", 'n') => "dq".to_string(),
        _ => format!("δ_{gate}"),
    });
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let theta = cell::theta(numbers, &PARTS);
    let x = numbers.of("x");
    let run = run(Update::TakesNew, &theta, x);
    write_forward(trace, &run);
    next::write_losses(trace, &run.prediction.losses, next::BORROWED_LOSS);
    write_backward(trace, &run);
    next::write_norms(trace, &run.norms);
    cell::write_update(trace, numbers, &PARTS, &run.gradients, |after| {
        self::run(Update::TakesNew, after, x).prediction.losses.sum
    });

    trace.section("z the other way round");
    trace.text(
        "PyTorch and Keras have h_t = (1 − z_t)·h̃_t + z_t·h_{t−1}. There z_t is the weight of the old state, while on \
         the slide it is the weight of the candidate. With the same numbers:",
    );
    let other = self::run(Update::KeepsOld, &theta, x);
    trace.matrix("h, slide", "(1 − z)·h_{t−1} + z·h̃", Value::matrix(&run.h, run.h.len()));
    trace.matrix("h, frameworks", "(1 − z)·h̃ + z·h_{t−1}", Value::matrix(&other.h, other.h.len()));
    let mut turned = theta.clone();
    (0..4).for_each(|part| turned[part * 3 + 1] *= -1.0);
    let same = self::run(Update::KeepsOld, &turned, x);
    trace.matrix(
        "h, turned",
        "the frameworks' formula, weights and biases of z negated",
        Value::matrix(&same.h, same.h.len()),
    );
    trace.note("σ(−a) = 1 − σ(a), so this is the slide's h again");

    trace.section("What the slides get wrong");
    trace.text(
        "\"GRU\" gives only z_t and h_t: the equations of the reset gate r_t and of the candidate h̃_t are missing. \
         Here they are those of PyTorch, which multiplies by the reset gate after the product: h̃_t = tanh(w_in·x_t + \
         b_in + r_t·(w_hn·h_{t−1} + b_hn)).",
    );
    trace.text("z_t has the opposite role to the z_t of the frameworks, as shown above.");
    Ok(())
}
