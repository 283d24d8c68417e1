//! Recurrent networks: chapters 8 and 9.

use handgrad_analysis::Random;
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, Elman, Gru, Layer, Lstm, ParamSpec, Sequence, dense, lstm};

use super::{listed, number, one_of, tenths};
use crate::quiz::question::Question;

pub fn recurrence(random: &mut Random) -> Vec<Question> {
    let [h, x, w_hh, w_xh, b] = std::array::from_fn(|_| tenths(random, -9, 9));
    let known = [("h₁", h), ("x₂", x), ("w_hh", w_hh), ("w_xh", w_xh), ("b_h", b)];
    let mut next = [0.0];
    dense::forward(&[h, x], &[w_hh, w_xh], &[b], Activation::Tanh, &mut next);
    let text = format!("An Elman network of one unit with tanh. {}. Compute h₂.", listed(&known));
    let state = Question::value(8, text, ["h₂", "tanh(w_hh·h₁ + w_xh·x₂ + b_h)"], &known, next[0]);

    let [dy, w_hy, w_hh, delta] = std::array::from_fn(|_| number(random));
    let known = [("dy₁", dy), ("w_hy", w_hy), ("w_hh", w_hh), ("δ₂", delta)];
    // Two paths: the output and the next state are two units that h₁ goes to.
    let mut dh = [0.0];
    dense::backward_input(&[w_hy, w_hh], &[dy, delta], 2, &mut dh);
    let text = format!("Backpropagation through time, one unit. {}. Compute dh₁ = ∂L/∂h₁.", listed(&known));
    let gradient = Question::value(8, text, ["dh₁", "w_hy·dy₁ + w_hh·δ₂"], &known, dh[0])
        .because("The state has two paths to the loss: through its output and through the next state.");

    let (n, u) = (one_of(random, [8, 16, 28]), one_of(random, [16, 32, 64]));
    let text = format!("How many weights and biases has an Elman layer of {u} units with {n} inputs and two biases?");
    let layer = Elman { sequence: sequence(n, u), activation: Activation::Tanh };
    let known = [("n", n as f64), ("u", u as f64)];
    let count = Question::value(8, text, ["count", "n·u + u·u + 2·u"], &known, count(&layer))
        .because("The number does not depend on the length of the sequence.");
    vec![state, gradient, count]
}

fn sequence(inputs: usize, units: usize) -> Sequence {
    Sequence { inputs, units, steps: 10, repeat: false, return_sequences: true, truncate_every: None }
}

fn count(layer: &dyn Layer<f64>) -> f64 {
    layer.params().iter().map(ParamSpec::len).sum::<usize>() as f64
}

pub fn gates(random: &mut Random) -> Vec<Question> {
    let [h, x, w_h, w_x, b_h, b_x] = std::array::from_fn(|_| tenths(random, -9, 9));
    let known = [("h₁", h), ("x₂", x), ("w_hi", w_h), ("w_ii", w_x), ("b_hi", b_h), ("b_ii", b_x)];
    let mut gate = [0.0];
    dense::forward(&[h, x], &[w_h, w_x], &[b_h + b_x], Activation::Sigmoid, &mut gate);
    let text = format!("The input gate of an LSTM of one unit. {}. Compute i₂.", listed(&known));
    let gate = Question::value(9, text, ["i₂", "σ(w_hi·h₁ + b_hi + w_ii·x₂ + b_ii)"], &known, gate[0]);

    let [i, f, g, o, c] = std::array::from_fn(|_| tenths(random, 1, 9));
    let known = [("i₂", i), ("f₂", f), ("c̃₂", g), ("o₂", o), ("c₁", c)];
    // The layer gets what is before the gates' activations.
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let (mut of_step, mut cell, mut state) = ([logit(i), logit(f), g.atanh(), logit(o)], [c], [0.0]);
    lstm::step(&mut of_step, &mut cell, &mut state);
    let text = format!("An LSTM of one unit. {}. Compute the cell state c₂.", listed(&known));
    let kept = Question::value(9, text, ["c₂", "f₂·c₁ + i₂·c̃₂"], &known, cell[0]);
    let known = [("o₂", o), ("c₂", cell[0])];
    let text = format!("Go on with this cell: o₂ = {o}, and c₂ is what you computed. Compute h₂.");
    let shown = Question::value(9, text, ["h₂", "o₂·tanh(c₂)"], &known, state[0]);

    let (n, u) = (one_of(random, [8, 16, 28]), one_of(random, [16, 32, 64]));
    let known = [("n", n as f64), ("u", u as f64)];
    let is_lstm = random.below(2) == 0;
    let (name, formula, count) = match is_lstm {
        true => ("an LSTM", "4·(n·u + u·u + 2·u)", count(&Lstm { sequence: sequence(n, u) })),
        false => {
            let gru = Gru { sequence: sequence(n, u), update: Update::KeepsOld, reset: Reset::AfterProduct };
            ("a GRU", "3·(n·u + u·u + 2·u)", count(&gru))
        }
    };
    let text =
        format!("How many weights and biases has {name} of {u} units with {n} inputs and two biases for each gate?");
    let count = Question::value(9, text, ["count", formula], &known, count)
        .because("An LSTM has three gates and a candidate, a GRU has two gates and a candidate.");
    vec![gate, kept, shown, count]
}
