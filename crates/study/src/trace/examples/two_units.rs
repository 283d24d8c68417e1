//! `two-units`: backpropagation through time in an Elman network of two units, where transposed weights occur.

use handgrad_layers::elman::Kept;
use handgrad_layers::{Activation, BatchRows, Elman, Sequence, dense};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, sub};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::next::{self, Losses};
use crate::trace::passes::run_layer;
use crate::trace::small_autoencoder::at;

pub const EXAMPLE: Example = Example {
    name: "two-units",
    title: "an Elman network of two units: backpropagation through time with a transposed w_hh",
    slides: "CE6146 \"RNN – Elman Network\", \"BPTT Steps (3/4)\", \"Backpropagation vs. BPTT (3/4)\"",
    steps: Some(2),
    learning_rate: Some(0.1),
    given,
    work,
};

const UNITS: usize = 2;

fn given(steps: usize) -> Vec<Given> {
    vec![
        next::sequence(steps),
        matrix("w_xh", &[0.5, -0.3], UNITS, "from x to the two units"),
        matrix("w_hh", &[0.2, 0.4, -0.6, 0.1], UNITS, "row i, column j: from unit i of the step before to unit j"),
        matrix("b_h", &[0.0, 0.1], UNITS, "biases of the units"),
        matrix("w_hy", &[1.0, -0.5], UNITS, "from the two units to y"),
        number("b_y", 0.5, "bias of y"),
    ]
}

/// The parameters in the order of θ.
const PARAMETERS: [(&str, usize); 5] = [("w_xh", 2), ("w_hh", 4), ("b_h", 2), ("w_hy", 2), ("b_y", 1)];

struct Run {
    /// h, ∂L/∂h and ∂L/∂z, one row per step.
    h: Vec<f64>,
    dh: Vec<f64>,
    delta: Vec<f64>,
    y: Vec<f64>,
    losses: Losses,
    /// In the order of θ.
    gradients: Vec<f64>,
}

fn run(theta: &[f64], x: &[f64]) -> Run {
    let steps = x.len() - 1;
    let (of_layer, output) = theta.split_at(8);
    let (w_hy, b_y) = output.split_at(UNITS);
    let sequence = Sequence { units: UNITS, ..next::one_unit(steps) };
    let layer = Elman { sequence, activation: Activation::Tanh };
    let theta = [of_layer, &[0.0; UNITS]].concat();
    let (mut y, mut losses) = (vec![0.0; steps], Losses::default());
    let mut ran = run_layer(&layer, &theta, &x[..steps], steps * UNITS, |h| {
        dense::forward(h, w_hy, b_y, Activation::Linear, &mut y);
        losses = next::losses(&y, x);
        let mut dh = vec![0.0; h.len()];
        dense::backward_input(w_hy, &losses.dy, 1, &mut dh);
        dh
    });
    let (mut dw_hy, mut db_y) = ([0.0; UNITS], [0.0]);
    let dy = BatchRows::contiguous(&losses.dy, 1);
    dense::backward_weights(BatchRows::contiguous(&ran.y, UNITS), dy, 0..UNITS, &mut dw_hy);
    dense::backward_bias(dy, 0..1, &mut db_y);
    let gradients = [&ran.dtheta[..8], &dw_hy, &db_y].concat();
    let delta = Kept::new(&sequence, &mut ran.back, 1).steps.to_vec();
    Run { h: ran.y, dh: ran.dy, delta, y, losses, gradients }
}

/// Returns the sum of the terms 1 … `count`.
fn sum(count: usize, term: impl Fn(usize) -> String) -> String {
    (1..=count).map(term).collect::<Vec<_>>().join(" + ")
}

fn write_forward(trace: &mut Trace, run: &Run) {
    (1..=UNITS).for_each(|j| trace.know(at("h", 0, j), 0.0));
    for (t, h) in (1..).zip(run.h.chunks(UNITS)) {
        trace.section(format!("Time step t = {t}"));
        if t == 1 {
            trace.text("h₀ is 0 in both units. The first subscript of h is the step, the second is the unit.");
        }
        for (j, &h) in (1..).zip(h) {
            let past = sum(UNITS, |i| format!("{}·{}", at("h", t - 1, i), at("w_hh", i, j)));
            let formula = format!("tanh(x{}·w_xh{j} + {past} + b_h{j})", sub(t), j = sub(j));
            trace.line(at("h", t, j), formula, h);
        }
        let formula = format!("{} + b_y", sum(UNITS, |j| format!("{}·w_hy{}", at("h", t, j), sub(j))));
        trace.line(format!("y{}", sub(t)), formula, run.y[t - 1]);
    }
}

fn write_backward(trace: &mut Trace, run: &Run) {
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
            let later = sum(UNITS, |j| format!("{}·{}", at("δ", t + 1, j), at("w_hh", i, j)));
            let later = if t < steps { format!(" + {later}") } else { String::new() };
            trace.line(at("dh", t, i), format!("dy{}·w_hy{}{later}", sub(t), sub(i)), run.dh[place]);
            trace.line(at("δ", t, i), format!("{}·(1 − {}²)", at("dh", t, i), at("h", t, i)), run.delta[place]);
        }
    }
}

fn write_gradients(trace: &mut Trace, run: &Run) {
    let (steps, gradients) = (run.y.len(), &run.gradients);
    trace.section(next::SUMMED);
    for j in 1..=UNITS {
        let formula = sum(steps, |t| format!("x{}·{}", sub(t), at("δ", t, j)));
        trace.line(format!("dw_xh{}", sub(j)), formula, gradients[j - 1]);
    }
    for (i, j) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let formula = sum(steps, |t| format!("{}·{}", at("h", t - 1, i), at("δ", t, j)));
        trace.line(at("dw_hh", i, j), formula, gradients[UNITS * i + j - 1]);
    }
    trace.matrix("dw_hh", "the sum of h_{t−1}ᵀ·δ_t", Value::matrix(&gradients[2..6], UNITS));
    for j in 1..=UNITS {
        trace.line(format!("db_h{}", sub(j)), sum(steps, |t| at("δ", t, j)), gradients[5 + j]);
    }
    for j in 1..=UNITS {
        let formula = sum(steps, |t| format!("{}·dy{}", at("h", t, j), sub(t)));
        trace.line(format!("dw_hy{}", sub(j)), formula, gradients[7 + j]);
    }
    trace.line("db_y", sum(steps, |t| format!("dy{}", sub(t))), gradients[10]);
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let theta: Vec<f64> = PARAMETERS.iter().flat_map(|(name, _)| numbers.of(name).to_vec()).collect();
    let x = numbers.of("x");
    let run = run(&theta, x);
    write_forward(trace, &run);
    next::write_losses(trace, &run.losses, next::BORROWED_LOSS);
    write_backward(trace, &run);
    write_gradients(trace, &run);
    let names: Vec<String> = PARAMETERS
        .iter()
        .flat_map(|&(name, len)| {
            (1..=len).map(move |at| match len {
                1 => name.to_string(),
                4 => format!("{name}{}{}", sub(at.div_ceil(2)), sub(2 - at % 2)),
                _ => format!("{name}{}", sub(at)),
            })
        })
        .collect();
    let parameters: Vec<_> =
        names.iter().zip(&theta).zip(&run.gradients).map(|((name, &theta), &g)| (name.as_str(), theta, g)).collect();
    next::write_update(trace, next::UPDATE, numbers, &parameters, |after| self::run(after, x).losses.sum);
    Ok(())
}
