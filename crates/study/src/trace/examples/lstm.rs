//! `lstm`: one LSTM cell.

use handgrad_layers::Lstm;
use handgrad_layers::lstm::Kept;

use crate::Error;
use crate::trace::cell::{self, Parts};
use crate::trace::example::Example;
use crate::trace::form::{Trace, sub};
use crate::trace::given::{Given, Numbers};
use crate::trace::next::{self, Predicted, Prediction};

pub const EXAMPLE: Example = Example {
    name: "lstm",
    title: "an LSTM cell: three gates, two biases each",
    slides: "CE6146 \"LSTM\", \"Example – LSTM (1/2)\", \"(2/2)\"",
    steps: Some(2),
    learning_rate: Some(0.01),
    loss: Some("L"),
    given,
    work,
};

/// The parameters with the names of their values, in the order of the layer: i, f, g, o.
const PARTS: Parts<4> = [
    ("w_ih", ["w_ii", "w_if", "w_ig", "w_io"]),
    ("w_hh", ["w_hi", "w_hf", "w_hg", "w_ho"]),
    ("b_ih", ["b_ii", "b_if", "b_ig", "b_io"]),
    ("b_hh", ["b_hi", "b_hf", "b_hg", "b_ho"]),
];

fn given(steps: usize) -> Vec<Given> {
    let what = [
        "from x to the gates",
        "from the previous h to the gates",
        "biases of the terms with x",
        "biases of the terms with h",
    ];
    cell::given(steps, &PARTS, what)
}

/// The values of the forward and the backward pass over x₁ … x_T.
struct Run {
    /// [i │ f │ g │ o] of every step.
    gates: Vec<[f64; 4]>,
    c: Vec<f64>,
    h: Vec<f64>,
    prediction: Prediction,
    dh: Vec<f64>,
    dc: Vec<f64>,
    /// [δ_i │ δ_f │ δ_g │ δ_o] of every step.
    delta: Vec<[f64; 4]>,
    /// The gradients of w_ih, w_hh, b_ih, b_hh, w_hy and b_y.
    gradients: Vec<f64>,
    norms: [Vec<f64>; 2],
}

fn run(theta: &[f64], x: &[f64]) -> Run {
    let sequence = next::one_unit(x.len() - 1);
    let layer = Lstm { sequence };
    let (theta, output) = theta.split_at(16);
    let Predicted { mut ran, prediction, norms } = next::run_predicting(&layer, theta, [output[0], output[1]], x);
    let of_gates = |values: &[f64]| values.as_chunks().0.to_vec();
    let kept = Kept::new(&sequence, &mut ran.kept, 1);
    // `cells` has c before each step, `c` has the last one: together they are c₁ … c_T.
    let c = kept.cells[1..].iter().chain(&*kept.c).copied().collect();
    let gates = of_gates(kept.gates);
    let back = Kept::new(&sequence, &mut ran.back, 1);
    let (dc, delta) = (back.cells.to_vec(), of_gates(back.gates));
    let gradients = [&ran.dtheta[..], &[prediction.dw_hy, prediction.db_y]].concat();
    Run { gates, c, h: ran.y, prediction, dh: ran.dy, dc, delta, gradients, norms }
}

fn write_forward(trace: &mut Trace, run: &Run) {
    trace.know("h₀", 0.0);
    trace.know("c₀", 0.0);
    for t in 1..=run.h.len() {
        let (now, before) = (sub(t), sub(t - 1));
        let [i, f, g, o] = run.gates[t - 1];
        trace.section(format!("Time step t = {t}"));
        match t {
            1 => trace.text("h₀ = c₀ = 0. The lines are in the order of the slide."),
            2 => trace.text("The slide stops after step 1."),
            _ => {}
        }
        let sum = |gate: &str| format!("w_h{gate}·h{before} + b_h{gate} + w_i{gate}·x{now} + b_i{gate}");
        let mut line = |symbol: &str, formula: String, value, printed, note: &str| {
            trace.line(format!("{symbol}{now}"), formula, value);
            if t == 1 {
                trace.slide(printed);
                trace.note(note);
            }
        };
        line("i", format!("σ({})", sum("i")), i, ".9526", "");
        line("c̃", format!("tanh({})", sum("g")), g, ".9951", "");
        line("f", format!("σ({})", sum("f")), f, ".9526", "the slide prints x₀ where it uses x₁");
        line("c", format!("f{now}·c{before} + i{now}·c̃{now}"), run.c[t - 1], ".9479", "");
        line("o", format!("σ({})", sum("o")), o, ".9526", "");
        line("h", format!("o{now}·tanh(c{now})"), run.h[t - 1], ".7038", "");
        next::write_output(trace, t, run.prediction.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run) {
    let steps = run.h.len();
    for t in (1..=steps).rev() {
        let (now, before, after) = (sub(t), sub(t - 1), sub(t + 1));
        let [i, f, g, o] = run.delta[t - 1];
        trace.section(format!("Back through t = {t}"));
        if t == steps {
            trace.text(
                "dh is ∂L/∂h and dc is ∂L/∂c. Each δ is the gradient with respect to the argument of σ or tanh. On the \
                 direct path from c_t to c_{t−1} the gradient is only multiplied by f_t; another path goes through the \
                 gates and h_{t−1}.",
            );
        }
        next::write_dy(trace, t, run.prediction.losses.dy[t - 1]);
        let (by_h, by_c) = match t < steps {
            true => {
                let by_h = ["i", "f", "g", "o"].map(|gate| format!(" + w_h{gate}·δ_{gate}{after}")).concat();
                (by_h, format!("f{after}·dc{after} + "))
            }
            false => (String::new(), String::new()),
        };
        trace.line(format!("dh{now}"), format!("w_hy·dy{now}{by_h}"), run.dh[t - 1]);
        trace.line(format!("dc{now}"), format!("{by_c}dh{now}·o{now}·(1 − tanh(c{now})²)"), run.dc[t - 1]);
        trace.line(format!("δ_i{now}"), format!("dc{now}·c̃{now}·i{now}·(1 − i{now})"), i);
        trace.line(format!("δ_f{now}"), format!("dc{now}·c{before}·f{now}·(1 − f{now})"), f);
        trace.line(format!("δ_g{now}"), format!("dc{now}·i{now}·(1 − c̃{now}²)"), g);
        trace.line(format!("δ_o{now}"), format!("dh{now}·tanh(c{now})·o{now}·(1 − o{now})"), o);
    }
    cell::write_gradients(trace, &PARTS, &run.gradients, &run.prediction, |_, gate| format!("δ_{gate}"));
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let x = numbers.of("x");
    let run = run(&cell::theta(numbers, &PARTS), x);
    write_forward(trace, &run);
    next::write_losses(trace, &run.prediction.losses, next::BORROWED_LOSS);
    write_backward(trace, &run);
    next::write_norms(trace, &run.norms);
    cell::write_update(trace, numbers, &PARTS, &run.gradients, |after| self::run(after, x).prediction.losses.sum);
    trace.section("What the slides get wrong");
    trace.text(
        "\"Example – LSTM (1/2)\" ends its list of initial values with \"b_ij = b_ij = 0\", although all biases are 1. \
         It should be h₀ = c₀ = 0, as on \"(2/2)\".",
    );
    trace.text("In step 1 the forget gate is printed with W_if·x₀, but the number put in is x₁.");
    trace.text(
        "Each gate has two biases, b_i and b_h, both 1. If you merge them into one bias, start it at 2: with a single \
         bias of 1 the gate would be σ(2) = .8808 instead of σ(3) = .9526.",
    );
    trace.text(
        "The slide names a linear output but computes none. Here y_t = w_hy·h_t + b_y is taken from the Elman \
                example.",
    );
    Ok(())
}
