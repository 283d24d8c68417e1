//! `bidirectional`: two Elman cells, one of which reads the sequence forwards and the other backwards.

use handgrad_layers::{Activation, Bidirectional, Elman, activation};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, dot, sub, sum};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::next;
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "bidirectional",
    title: "two cells read a sequence in both directions, and their states stand side by side",
    slides: "CE6146 \"Bidirectional LSTM\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of steps, and of values of y at each step.
const T: usize = 3;
const WIDTH: usize = 2;

fn given(_: usize) -> Vec<Given> {
    vec![
        matrix("x", &[1.0, -1.0, 0.5], T, "the sequence"),
        number("w_xf", 0.8, "forwards: from x to f"),
        number("w_ff", 0.5, "forwards: from f of the step before"),
        number("b_f", 0.1, "forwards: the bias"),
        number("w_xr", -0.6, "backwards: from x to r"),
        number("w_rr", 0.7, "backwards: from r of the step after"),
        number("b_r", 0.2, "backwards: the bias"),
        matrix("dy", &[1.0, -0.5, 0.5, 2.0, -1.0, 1.0], WIDTH, "∂L/∂y, one row per step: for f and for r"),
    ]
}

/// The parameters of the two directions, each in the order of the layer: from x, from the state, the bias.
const PARAMETERS: [[&str; 3]; 2] = [["w_xf", "w_ff", "b_f"], ["w_xr", "w_rr", "b_r"]];

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let sequence = next::one_unit(T);
    let cell = Elman { sequence, activation: Activation::Tanh };
    let layer = Bidirectional::<f64>::new(Box::new(cell), sequence, 1);
    // Each direction has a second bias, which is 0 here.
    let direction = |names: &[&str; 3]| names.map(|name| numbers.one(name)).into_iter().chain([0.0]);
    let theta: Vec<f64> = PARAMETERS.iter().flat_map(direction).collect();
    let ran = run_layer(&layer, &theta, numbers.of("x"), T * WIDTH, |_| numbers.of("dy").to_vec());
    let mut delta = ran.dy.clone();
    activation::backward(Activation::Tanh, &ran.y, &mut delta);
    let [f, r] = [0, 1].map(|column| move |values: &[f64], t: usize| values[(t - 1) * WIDTH + column]);

    trace.know("f₀", 0.0);
    trace.know(format!("r{}", sub(T + 1)), 0.0);
    trace.section("Forwards: f_t depends on x₁ … x_t");
    trace.text("f₀ = 0. The slide has LSTM cells; those of an Elman network, which are used here, have fewer lines.");
    for t in 1..=T {
        let formula = format!("tanh(w_xf·x{} + w_ff·f{} + b_f)", sub(t), sub(t - 1));
        trace.line(format!("f{}", sub(t)), formula, f(&ran.y, t));
    }
    trace.section("Backwards: r_t depends on x_t … x_T");
    trace.text("r₄ = 0. The same kind of cell with weights of its own starts at the last step.");
    for t in (1..=T).rev() {
        let formula = format!("tanh(w_xr·x{} + w_rr·r{} + b_r)", sub(t), sub(t + 1));
        trace.line(format!("r{}", sub(t)), formula, r(&ran.y, t));
    }
    trace.section("Side by side");
    trace.text("So y_t knows the whole sequence. Such a layer cannot predict the next value: r has already seen it.");
    trace.matrix("y", "[f_t │ r_t], one row per step", Value::matrix(&ran.y, WIDTH));

    trace.section("Back through f, from the last step to the first");
    for t in (1..=T).rev() {
        let later = if t < T { format!(" + w_ff·δ_f{}", sub(t + 1)) } else { String::new() };
        trace.line(format!("df{}", sub(t)), format!("{}{later}", at("dy", t, 1)), f(&ran.dy, t));
        trace.line(format!("δ_f{}", sub(t)), format!("df{t}·(1 − f{t}²)", t = sub(t)), f(&delta, t));
    }
    trace.section("Back through r, from the first step to the last");
    trace.text("r₁ was computed last, so its gradient comes first: the order is that of the forward pass reversed.");
    for t in 1..=T {
        let later = if t > 1 { format!(" + w_rr·δ_r{}", sub(t - 1)) } else { String::new() };
        trace.line(format!("dr{}", sub(t)), format!("{}{later}", at("dy", t, 2)), r(&ran.dy, t));
        trace.line(format!("δ_r{}", sub(t)), format!("dr{t}·(1 − r{t}²)", t = sub(t)), r(&delta, t));
    }

    trace.section(next::SUMMED);
    let step = |name: &'static str, by: usize| move |t: usize| format!("{name}{}", sub(t + by - 1));
    let products = |delta: &'static str, of: &'static str, by: usize| dot(T, step(delta, 1), step(of, by));
    let formulas = [
        ("w_xf", products("δ_f", "x", 1), 0),
        ("w_ff", products("δ_f", "f", 0), 1),
        ("b_f", sum("δ_f", T), 2),
        ("w_xr", products("δ_r", "x", 1), 4),
        ("w_rr", products("δ_r", "r", 2), 5),
        ("b_r", sum("δ_r", T), 6),
    ];
    for (name, formula, place) in formulas {
        trace.line(format!("d{name}"), formula, ran.dtheta[place]);
    }
    trace.section("Backward to x: two paths");
    for (t, &dx) in (1..).zip(&ran.dx) {
        trace.line(format!("dx{}", sub(t)), format!("w_xf·δ_f{t} + w_xr·δ_r{t}", t = sub(t)), dx);
    }
    Ok(())
}
