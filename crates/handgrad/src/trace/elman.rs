//! `elman`, and the backpropagation through time that the slides work on the same network: `bptt`, `bptt-printed`.

use anyhow::Result;
use handgrad_layers::recurrent::{self, Deltas, Sequence, Weights, gradient_norms};
use handgrad_layers::{Activation, BatchRows, Block, elman};

use super::form::{Trace, sub};
use super::given::{Given, Numbers, number};
use super::next::{self, Prediction, predict, products, sum};

pub fn given(steps: usize) -> Vec<Given> {
    let [w_hy, b_y] = next::output();
    vec![
        next::sequence(steps),
        number("w_xh", 1.0, "from x to h: w_ih in elman.rs"),
        number("w_hh", 1.0, "from h to itself, a step later"),
        number("b_h", 1.0, "bias of h: b_ih in elman.rs, where b_hh is 0"),
        w_hy,
        b_y,
    ]
}

/// The parameters in the order of [`Run::gradients`].
const PARAMETERS: [&str; 5] = ["w_hh", "w_xh", "b_h", "w_hy", "b_y"];

/// Both passes over x₁ … x_T.
struct Run {
    h: Vec<f64>,
    prediction: Prediction,
    /// ∂L/∂h_t.
    dh: Vec<f64>,
    /// ∂L/∂z_t.
    delta: Vec<f64>,
    gradients: [f64; 5],
    norms: Vec<f64>,
    norms_of_last: Vec<f64>,
}

fn run(phi: Activation, truncate_every: Option<usize>, [w_hh, w_xh, b_h, w_hy, b_y]: [f64; 5], x: &[f64]) -> Run {
    let steps = x.len() - 1;
    let s = Sequence { inputs: 1, units: 1, steps, repeat: false, return_sequences: true, truncate_every };
    let (w_ih, w_hh, b_ih, b_hh) = ([w_xh], [w_hh], [b_h], [0.0]);
    let w = Weights { w_ih: &w_ih, w_hh: &w_hh, b_ih: &b_ih, b_hh: &b_hh };
    let inputs = &x[..steps];

    let (mut kept_steps, mut before) = (vec![0.0; steps], vec![0.0; steps]);
    let [mut sums, mut z, mut last, mut memory] = [[0.0]; 4];
    let mut h = vec![0.0; steps];
    let kept = elman::Kept { steps: &mut kept_steps, hidden: &mut before, sums: &mut sums, z: &mut z, h: &mut last };
    elman::forward(&s, phi, &w, inputs, &mut h, kept);
    let prediction = predict([w_hy, b_y], &h, x);

    // With a gradient of its own it can be asked again, for the last step's loss alone.
    let mut back = |mut dh: Vec<f64>| {
        let (mut delta, mut before) = (h.clone(), before.clone());
        let kept = elman::Kept { steps: &mut delta, hidden: &mut before, sums: &mut sums, z: &mut z, h: &mut last };
        elman::backward_input(&s, phi, &w, &mut dh, None, kept, &mut memory);
        let norms = gradient_norms(BatchRows::contiguous(&dh, steps), steps);
        (dh, delta, norms)
    };
    let of_last = (0..steps).map(|t| if t + 1 == steps { prediction.dh[t] } else { 0.0 }).collect();
    let (_, _, norms_of_last) = back(of_last);
    let (dh, delta, norms) = back(prediction.dh.clone());

    let row = |values| BatchRows::contiguous(values, steps);
    let deltas = Deltas { steps: row(&delta), sums: BatchRows::contiguous(&sums, 1) };
    let of = |param| {
        let mut gradient = [0.0];
        let block = Block { param, rows: 0..1 };
        recurrent::backward_params(&s, row(inputs), row(&before), [deltas; 2], &block, &mut gradient);
        gradient[0]
    };
    let gradients = [of(1), of(0), of(2), prediction.dw_hy, prediction.db_y];
    Run { h, prediction, dh, delta, gradients, norms, norms_of_last }
}

fn theta(numbers: &Numbers) -> [f64; 5] {
    PARAMETERS.map(|name| numbers.one(name))
}

/// φ around a sum.
fn activated(phi: Activation, sum: &str) -> String {
    match phi {
        Activation::Tanh => format!("tanh({sum})"),
        Activation::Sigmoid => format!("σ({sum})"),
        _ => sum.to_string(),
    }
}

/// `dh_t·φ′`.
fn delta_formula(phi: Activation, t: usize) -> String {
    let t = sub(t);
    match phi {
        Activation::Tanh => format!("dh{t}·(1 − h{t}²)"),
        Activation::Sigmoid => format!("dh{t}·h{t}·(1 − h{t})"),
        _ => format!("dh{t}"),
    }
}

/// What the slides print of h₁, y₁, h₂, y₂.
type Printed = [[&'static str; 2]; 2];

fn write_forward(trace: &mut Trace, phi: Activation, run: &Run, printed: Option<Printed>) {
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

fn write_backward(trace: &mut Trace, phi: Activation, run: &Run) {
    let steps = run.h.len();
    for t in (1..=steps).rev() {
        trace.section(format!("Back through t = {t}"));
        next::write_dy(trace, t, run.prediction.losses.dy[t - 1]);
        let later = if t < steps { format!(" + w_hh·δ{}", sub(t + 1)) } else { String::new() };
        trace.line(format!("dh{}", sub(t)), format!("w_hy·dy{}{later}", sub(t)), run.dh[t - 1]);
        trace.line(format!("δ{}", sub(t)), delta_formula(phi, t), run.delta[t - 1]);
    }
}

fn write_gradients(trace: &mut Trace, run: &Run) {
    let steps = run.h.len();
    trace.section("Gradients, summed over the steps");
    let [dw_hh, dw_xh, db_h, ..] = run.gradients;
    trace.line("dw_hh", products("δ", "h", steps, 1), dw_hh);
    trace.line("dw_xh", products("δ", "x", steps, 0), dw_xh);
    trace.line("db_h", sum("δ", steps), db_h);
    next::write_output_gradients(trace, &run.prediction);
}

fn write_update(trace: &mut Trace, numbers: &Numbers, phi: Activation, truncate_every: Option<usize>, gradients: &[f64; 5]) {
    let parameters: Vec<_> =
        PARAMETERS.iter().zip(theta(numbers)).zip(gradients).map(|((name, theta), g)| (*name, theta, *g)).collect();
    next::write_update(trace, numbers, &parameters, |after| {
        let theta = std::array::from_fn(|at| after[at]);
        run(phi, truncate_every, theta, numbers.of("x")).prediction.losses.sum
    });
}

pub fn work(numbers: &Numbers, trace: &mut Trace) -> Result<()> {
    let phi = Activation::Tanh;
    let run = run(phi, None, theta(numbers), numbers.of("x"));
    write_forward(trace, phi, &run, Some([[".9640", "1.9640"], [".9993", "1.9993"]]));
    next::write_losses(trace, &run.prediction.losses);
    trace.text("The Elman slides stop before it. This is the loss of \"Example – BPTT (2/4)\", for the goal that they name: to predict \
                the next number.");
    write_backward(trace, phi, &run);
    trace.text("dh is ∂L/∂h, by way of y_t and of h_{t+1}; δ is ∂L/∂z, where h = tanh z.");
    write_gradients(trace, &run);
    next::write_norms(trace, &run.norms, &run.norms_of_last);
    write_update(trace, numbers, phi, None, &run.gradients);
    trace.section("Where the slides differ");
    trace.text("Nothing errs here: the four figures are right to the digits printed. The slide puts rounded figures in, \
                1·0.9640 + 1·2 + 1; here every digit is carried on, and shown rounded.");
    Ok(())
}
