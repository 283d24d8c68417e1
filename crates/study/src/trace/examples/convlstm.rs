//! `convlstm`: an LSTM whose products are convolutions, on two pictures of three pixels.

use handgrad_layers::lstm::Kept;
use handgrad_layers::{ConvLstm, Sequence};

use crate::Error;
use crate::trace::example::Example;
use crate::trace::form::{Trace, Value, at, sub, terms};
use crate::trace::given::{Given, Numbers, matrix, number};
use crate::trace::next;
use crate::trace::passes::run_layer;

pub const EXAMPLE: Example = Example {
    name: "convlstm",
    title: "an LSTM whose products are convolutions, on two pictures of three pixels",
    slides: "CE6146 \"ConvLSTM\"",
    steps: None,
    learning_rate: None,
    loss: None,
    given,
    work,
};

/// The number of steps, of pixels, and of weights of a window.
const T: usize = 2;
const PIXELS: usize = 3;
const K: usize = 3;

/// The letters of the gates, in the order of the layer, and the symbols of their values.
const GATES: [(&str, &str); 4] = [("i", "i"), ("f", "f"), ("g", "c̃"), ("o", "o")];
const OF_X: [&str; 4] = ["w_ii", "w_if", "w_ig", "w_io"];
const OF_H: [&str; 4] = ["w_hi", "w_hf", "w_hg", "w_ho"];
const BIASES: [&str; 4] = ["b_i", "b_f", "b_g", "b_o"];

fn given(_: usize) -> Vec<Given> {
    let of_x = [[0.5, -0.3, 0.2], [0.1, 0.4, -0.2], [-0.6, 0.7, 0.3], [0.2, 0.3, -0.1]];
    let of_h = [[0.3, 0.1, -0.2], [-0.4, 0.2, 0.5], [0.6, -0.5, 0.1], [0.2, 0.4, 0.3]];
    let mut given = vec![matrix("x", &[1.0, 2.0, 0.0, 0.0, 1.0, 2.0], PIXELS, "two pictures of one line, one per row")];
    given.extend(OF_X.iter().zip(&of_x).map(|(name, w)| matrix(name, w, K, "a window for the picture")));
    given.extend(OF_H.iter().zip(&of_h).map(|(name, w)| matrix(name, w, K, "a window for the state before")));
    given.extend(BIASES.iter().zip([0.2, 1.0, 0.0, 0.1]).map(|(name, b)| number(name, b, "the bias of this gate")));
    given.push(matrix("dy", &[1.0, -1.0, 0.5, 2.0, 1.0, -0.5], PIXELS, "∂L/∂h from the next layer, one row per step"));
    given
}

/// Returns the pixel under weight u of a window at the place p, if it is not outside.
fn under(p: usize, u: usize) -> Option<usize> {
    (p + u).checked_sub(2).filter(|pixel| (1..=PIXELS).contains(pixel))
}

/// Returns the formula of a window of weights at the place p of a picture.
fn window(w: &str, picture: &str, t: usize, p: usize) -> String {
    let term = |u: usize| under(p, u).map(|pixel| format!("{w}{}·{}", sub(u), at(picture, t, pixel)));
    (1..=K).filter_map(term).collect::<Vec<_>>().join(" + ")
}

/// Returns what the pixel p gets back from the δ of step t through the windows of all gates: the transposed
/// convolutions.
fn back(windows: &[&str; 4], t: usize, p: usize) -> String {
    let of_gate = |((letter, _), w): (&(&str, &str), &&str)| {
        let term = |q: usize| {
            let u = (1..=K).find(|&u| under(q, u) == Some(p))?;
            Some(format!("{w}{}·{}", sub(u), at(&format!("δ_{letter}"), t, q)))
        };
        (1..=PIXELS).filter_map(term).collect::<Vec<_>>()
    };
    GATES.iter().zip(windows).flat_map(of_gate).collect::<Vec<_>>().join(" + ")
}

/// Returns the formula of the gradient of weight u: the sum over all places, for the steps from `first` on. `before`
/// is 1 if the window lies on the state of the step before.
fn of_weight(letter: &str, picture: &str, u: usize, [first, before]: [usize; 2]) -> String {
    let places = (first..=T).flat_map(|t| (1..=PIXELS).map(move |p| (t, p)));
    let term = |(t, p)| {
        let pixel = under(p, u)?;
        Some(format!("{}·{}", at(&format!("δ_{letter}"), t, p), at(picture, t - before, pixel)))
    };
    places.filter_map(term).collect::<Vec<_>>().join(" + ")
}

/// Returns the weights of the four gates as windows of 3×3, with these weights in the middle line. Of a picture of one
/// line, the window sees only its middle line.
fn middle(numbers: &Numbers, names: [&str; 4]) -> Vec<f64> {
    names.iter().flat_map(|name| [&[0.0; K][..], numbers.of(name), &[0.0; K]].concat()).collect()
}

fn write_forward(trace: &mut Trace, gates: &[f64], c: &[f64], h: &[f64]) {
    (1..=PIXELS).for_each(|p| trace.know(at("c", 0, p), 0.0));
    for t in 1..=T {
        trace.section(format!("Time step t = {t}"));
        trace.text(match t {
            1 => "h₀ = c₀ = 0, so the windows on h₀ are left out. The second subscript is the pixel.",
            _ => "Each gate is one window on the picture and one on the state before; beyond the edges are zeros.",
        });
        for p in 1..=PIXELS {
            for (gate, (letter, symbol)) in GATES.iter().enumerate() {
                let state = if t > 1 { format!(" + {}", window(OF_H[gate], "h", t - 1, p)) } else { String::new() };
                let sum = format!("{}{state} + b_{letter}", window(OF_X[gate], "x", t, p));
                let phi = if *letter == "g" { "tanh" } else { "σ" };
                let value = gates[((t - 1) * GATES.len() + gate) * PIXELS + p - 1];
                trace.line(at(symbol, t, p), format!("{phi}({sum})"), value);
            }
            let now = |name: &str| at(name, t, p);
            let place = (t - 1) * PIXELS + p - 1;
            let formula = format!("{}·{} + {}·{}", now("f"), at("c", t - 1, p), now("i"), now("c̃"));
            trace.line(now("c"), formula, c[place]);
            trace.line(now("h"), format!("{}·tanh({})", now("o"), now("c")), h[place]);
        }
    }
}

fn write_backward(trace: &mut Trace, delta: &[f64], dc: &[f64], dh: &[f64]) {
    for t in (1..=T).rev() {
        trace.section(format!("Back through t = {t}"));
        if t < T {
            trace.text("A pixel of h lies under the windows of its neighbours too: dh gets a transposed convolution.");
        }
        for p in 1..=PIXELS {
            let (now, after) = (|name: &str| at(name, t, p), |name: &str| at(name, t + 1, p));
            let place = (t - 1) * PIXELS + p - 1;
            let later = if t < T { format!(" + {}", back(&OF_H, t + 1, p)) } else { String::new() };
            trace.line(now("dh"), format!("{}{later}", now("dy")), dh[place]);
            let later = if t < T { format!("{}·{} + ", after("f"), after("dc")) } else { String::new() };
            let own = format!("{}·{}·(1 − tanh({})²)", now("dh"), now("o"), now("c"));
            trace.line(now("dc"), later + &own, dc[place]);
            let slope = |gate: &str| format!("{}·(1 − {})", now(gate), now(gate));
            let formulas = [
                format!("{}·{}·{}", now("dc"), now("c̃"), slope("i")),
                format!("{}·{}·{}", now("dc"), at("c", t - 1, p), slope("f")),
                format!("{}·{}·(1 − {}²)", now("dc"), now("i"), now("c̃")),
                format!("{}·tanh({})·{}", now("dh"), now("c"), slope("o")),
            ];
            for (gate, ((letter, _), formula)) in GATES.iter().zip(formulas).enumerate() {
                let value = delta[((t - 1) * GATES.len() + gate) * PIXELS + p - 1];
                trace.line(now(&format!("δ_{letter}")), formula, value);
            }
        }
    }
}

fn work(numbers: &Numbers, trace: &mut Trace) -> Result<(), Error> {
    let layer = ConvLstm::new(T, [1, 1, PIXELS], 1, K, true, None)?;
    let biases = BIASES.map(|name| numbers.one(name));
    let theta = [&middle(numbers, OF_X)[..], &middle(numbers, OF_H), &biases].concat();
    let mut ran = run_layer(&layer, &theta, numbers.of("x"), T * PIXELS, |_| numbers.of("dy").to_vec());
    // What the layer keeps is what an LSTM with one unit for each pixel keeps.
    let of_step = Sequence { inputs: PIXELS, units: PIXELS, ..next::one_unit(T) };
    let kept = Kept::new(&of_step, &mut ran.kept, 1);
    let (c, gates) = ([&kept.cells[PIXELS..], &*kept.c].concat(), kept.gates.to_vec());
    write_forward(trace, &gates, &c, &ran.y);
    trace.matrix("y", "h, one row per step", Value::matrix(&ran.y, PIXELS));
    let kept = Kept::new(&of_step, &mut ran.back, 1);
    write_backward(trace, kept.gates, kept.cells, &ran.dy);

    trace.section("Gradients, summed over the steps and over the places of the window");
    let (of_x, rest) = ran.dtheta.split_at(GATES.len() * K * K);
    let (of_h, of_b) = rest.split_at(GATES.len() * K * K);
    for (gate, (letter, _)) in GATES.iter().enumerate() {
        for (windows, gradient, picture, steps) in [(OF_X, of_x, "x", [1, 0]), (OF_H, of_h, "h", [2, 1])] {
            for u in 1..=K {
                let value = gradient[gate * K * K + K + u - 1];
                trace.line(format!("d{}{}", windows[gate], sub(u)), of_weight(letter, picture, u, steps), value);
            }
        }
        let delta = format!("δ_{letter}");
        let all = (1..=T).map(|t| terms(PIXELS, |p| at(&delta, t, p))).collect::<Vec<_>>().join(" + ");
        trace.line(format!("d{}", BIASES[gate]), all, of_b[gate]);
    }
    trace.section("Backward to the pictures");
    for (place, &dx) in ran.dx.iter().enumerate() {
        let (t, p) = (place / PIXELS + 1, place % PIXELS + 1);
        trace.line(at("dx", t, p), back(&OF_X, t, p), dx);
    }
    trace.section("What the slides leave open");
    trace.text(
        "CE6146 \"ConvLSTM\" has no formulas. In the paper (Shi and others, 2015) the gates depend on c too; here, as \
         in Keras, they do not. Each gate has one bias.",
    );
    Ok(())
}
