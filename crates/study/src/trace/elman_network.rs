//! The Elman network shared by the examples `elman`, `bptt` and `bptt-printed`.

use handgrad_layers::elman::Kept;
use handgrad_layers::{Activation, Elman, Sequence};

use super::form::{Trace, sub, sum};
use super::given::{Given, Numbers, number};
use super::next::{self, Predicted, Prediction, products};

pub fn given(steps: usize) -> Vec<Given> {
    let [w_hy, b_y] = next::output();
    vec![
        next::sequence(steps),
        number("w_xh", 1.0, "from x to h: w_ih in elman.rs"),
        number("w_hh", 1.0, "from the previous h to h"),
        number("b_h", 1.0, "bias of h: b_ih in elman.rs, where b_hh is 0"),
        w_hy,
        b_y,
    ]
}

/// The parameters in the order of [`Run::gradients`].
pub const PARAMETERS: [&str; 5] = ["w_hh", "w_xh", "b_h", "w_hy", "b_y"];

/// The values of the forward and the backward pass over x₁ … x_T.
pub struct Run {
    pub h: Vec<f64>,
    pub prediction: Prediction,
    /// ∂L/∂h_t.
    pub dh: Vec<f64>,
    /// ∂L/∂z_t.
    pub delta: Vec<f64>,
    pub gradients: [f64; 5],
    pub norms: [Vec<f64>; 2],
}

pub fn run(phi: Activation, truncate_every: Option<usize>, [w_hh, w_xh, b_h, w_hy, b_y]: [f64; 5], x: &[f64]) -> Run {
    let steps = x.len() - 1;
    let sequence = Sequence { truncate_every, ..next::one_unit(steps) };
    let (layer, theta) = (Elman { sequence, activation: phi }, [w_xh, w_hh, b_h, 0.0]);
    let Predicted { mut ran, prediction, norms } = next::run_predicting(&layer, &theta, [w_hy, b_y], x);
    Run {
        delta: Kept::new(&sequence, &mut ran.back, 1).steps.to_vec(),
        gradients: [ran.dtheta[1], ran.dtheta[0], ran.dtheta[2], prediction.dw_hy, prediction.db_y],
        norms,
        h: ran.y,
        prediction,
        dh: ran.dy,
    }
}

pub fn theta(numbers: &Numbers) -> [f64; 5] {
    PARAMETERS.map(|name| numbers.one(name))
}

/// Returns the formula φ(sum).
fn activated(phi: Activation, sum: &str) -> String {
    match phi {
        Activation::Tanh => format!("tanh({sum})"),
        Activation::Sigmoid => format!("σ({sum})"),
        _ => sum.to_string(),
    }
}

/// Returns the formula of δ_t = dh_t·φ′.
pub fn delta_formula(phi: Activation, t: usize) -> String {
    let t = sub(t);
    match phi {
        Activation::Tanh => format!("dh{t}·(1 − h{t}²)"),
        Activation::Sigmoid => format!("dh{t}·h{t}·(1 − h{t})"),
        _ => format!("dh{t}"),
    }
}

/// The values that the slides print: h_t and y_t, for t = 1 and t = 2.
type Printed = [[&'static str; 2]; 2];

pub fn write_forward(trace: &mut Trace, phi: Activation, run: &Run, printed: Option<Printed>) {
    trace.know("h₀", 0.0);
    for (t, (&h, &y)) in (1..).zip(run.h.iter().zip(&run.prediction.y)) {
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ = 0.");
        }
        let sum = format!("w_hh·h{} + w_xh·x{} + b_h", sub(t - 1), sub(t));
        let printed = printed.and_then(|printed| printed.get(t - 1).copied());
        trace.line(format!("h{}", sub(t)), activated(phi, &sum), h);
        printed.iter().for_each(|[h, _]| trace.slide(h));
        next::write_output(trace, t, y);
        printed.iter().for_each(|[_, y]| trace.slide(y));
    }
}

pub fn write_backward(trace: &mut Trace, phi: Activation, run: &Run, how: &str) {
    let steps = run.h.len();
    for t in (1..=steps).rev() {
        trace.section(format!("Back through t = {t}{how}"));
        if t == steps {
            trace.text("dh is ∂L/∂h, through both y_t and h_{t+1}. δ is ∂L/∂z, where h = φ(z).");
        }
        next::write_dy(trace, t, run.prediction.losses.dy[t - 1]);
        let later = if t < steps { format!(" + w_hh·δ{}", sub(t + 1)) } else { String::new() };
        trace.line(format!("dh{}", sub(t)), format!("w_hy·dy{}{later}", sub(t)), run.dh[t - 1]);
        trace.line(format!("δ{}", sub(t)), delta_formula(phi, t), run.delta[t - 1]);
    }
}

pub fn write_gradients(trace: &mut Trace, heading: &str, run: &Run) {
    let steps = run.h.len();
    trace.section(heading);
    let [dw_hh, dw_xh, db_h, ..] = run.gradients;
    trace.line("dw_hh", products("δ", "h", steps, 1), dw_hh);
    trace.line("dw_xh", products("δ", "x", steps, 0), dw_xh);
    trace.line("db_h", sum("δ", steps), db_h);
    next::write_output_gradients(trace, &run.prediction);
}

/// Writes the gradient of w_h, which on the slide is one weight for both the input and the previous state.
pub fn write_one_weight(trace: &mut Trace, run: &Run) {
    trace.line("dw_h", "dw_hh + dw_xh", run.gradients[0] + run.gradients[1]);
    trace.note("if W_h is one weight, as the slide writes it");
}

/// Writes the update with the given gradients, and the loss with the new parameters. The loss is always that of the
/// full network, also if the gradients are truncated.
pub fn write_update(trace: &mut Trace, heading: &str, numbers: &Numbers, phi: Activation, gradients: &[f64; 5]) {
    let parameters: Vec<_> =
        PARAMETERS.iter().zip(theta(numbers)).zip(gradients).map(|((name, theta), g)| (*name, theta, *g)).collect();
    next::write_update(trace, heading, numbers, &parameters, |after| {
        let theta = std::array::from_fn(|at| after[at]);
        run(phi, None, theta, numbers.of("x")).prediction.losses.sum
    });
}

/// Writes the sections that both examples of backpropagation through time begin with: the forward pass of the
/// identity unit, and its loss.
pub fn write_bptt_forward(trace: &mut Trace, run: &Run) {
    write_forward(trace, Activation::Linear, run, None);
    let why = "Loss_t = (y_t − x_{t+1})². The gradients are summed over the steps, so L is the sum of these losses. \
               The slide calls it Mean Squared Error, but nothing is averaged. T + 1 numbers give T losses, since no \
               number follows the last one.";
    next::write_losses(trace, &run.prediction.losses, why);
}

/// Writes what the slides on BPTT get wrong or leave open.
pub fn write_bptt_errors(trace: &mut Trace) {
    trace.section("What the slides get wrong");
    trace.text(
        "\"Example – BPTT (1/4)\" has a linear hidden unit, and \"(2/4)\" puts σ around it; the Elman network of the \
         earlier slides has tanh. Here the unit is linear: with the slide's numbers every value is an integer, which \
         is easy to check by hand.",
    );
    trace.text(
        "One W_h stands for both w_hh and w_xh. Read as two weights, they have the gradients dw_hh and dw_xh; read as \
         one weight, it has their sum, dw_h. Both readings are shown.",
    );
    trace.text(
        "\"(3/4)\" gives ∂Loss_t/∂W_h = ∂Loss_t/∂y_t·∂y_t/∂h_t·∂h_t/∂W_h, without the recursion, although h_{t−1} \
         depends on W_h too. `handgrad trace bptt-printed` compares this formula with the right one.",
    );
    trace.text("The \"Mean Squared Error\" is not averaged, and the sequence 1, 2, 3, 4 gives three losses, not four.");
}
