//! Shared by the tests of recurrent layers: every cell, and the formulas of the cells written out for one sample.

use handgrad_layers::gradcheck::catalogue;
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, ConvLstm, Elman, Gru, Jordan, Layer, Lstm, ParamSpec, Scalar, Sequence};

use crate::doubles;

/// Relative tolerance for a gradient.
pub const TOLERANCE: f64 = 1e-6;

/// A random θ.
#[must_use]
pub fn theta_of<T: Scalar>(layer: &dyn Layer<T>, seed: u64) -> Vec<f64> {
    doubles(layer.params().iter().map(ParamSpec::len).sum(), seed)
}

/// Every cell in every variant, with the number of values that it outputs per step.
#[must_use]
pub fn cells(sequence: Sequence) -> Vec<(Box<dyn Layer<f64>>, usize)> {
    catalogue::cells(sequence).into_iter().map(|cell| (cell.layer, cell.outputs)).collect()
}

/// Asserts that values are equal, up to `tolerance` times their size.
pub fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}, place {place}: {a}, not {b}");
    }
}

/// A ConvLSTM with the sizes c, h, w, filters and kernel, and its sequence.
#[must_use]
pub fn conv_lstm(
    [c, h, w, filters, kernel_size]: [usize; 5],
    steps: usize,
    return_sequences: bool,
    truncate_every: Option<usize>,
) -> (ConvLstm, Sequence) {
    let layer = ConvLstm::new(steps, [c, h, w], filters, kernel_size, return_sequences, truncate_every);
    let (inputs, units) = (c * h * w, filters * h * w);
    let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences, truncate_every };
    (layer.expect("fits"), sequence)
}

/// The row x·w.
fn times(x: &[f64], w: &[f64]) -> Vec<f64> {
    let units = w.len() / x.len();
    (0..units).map(|j| x.iter().enumerate().map(|(i, x)| x * w[i * units + j]).sum()).collect()
}

fn sum<const N: usize>(terms: [&[f64]; N]) -> Vec<f64> {
    (0..terms[0].len()).map(|j| terms.iter().map(|term| term[j]).sum()).collect()
}

/// σ(z).
#[must_use]
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The state passed from one step to the next: h, and c or y.
pub type State = [Vec<f64>; 2];

/// The formula of a cell.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are those of the layers")]
pub enum Formula {
    Elman(Activation),
    Jordan { outputs: usize, hybrid: bool },
    Lstm,
    Gru { update: Update, reset: Reset },
}

impl Formula {
    /// The layer of this formula.
    #[must_use]
    pub fn layer(self, sequence: Sequence) -> Box<dyn Layer<f64>> {
        let (activation, output_activation) = (Activation::Tanh, Activation::Sigmoid);
        match self {
            Formula::Elman(activation) => Box::new(Elman { sequence, activation }),
            Formula::Jordan { outputs, hybrid } => {
                Box::new(Jordan { sequence, outputs, activation, output_activation, hybrid })
            }
            Formula::Lstm => Box::new(Lstm { sequence }),
            Formula::Gru { update, reset } => Box::new(Gru { sequence, update, reset }),
        }
    }

    /// The number of values that it outputs per step.
    #[must_use]
    pub fn outputs(self, sequence: &Sequence) -> usize {
        if let Formula::Jordan { outputs, .. } = self { outputs } else { sequence.units }
    }

    /// One step, as in the header of the cell's file. Returns the state [h │ c or y] after it, and the output.
    fn step(self, n: usize, theta: &[f64], x: &[f64], [h, other]: [&[f64]; 2]) -> (State, Vec<f64>) {
        let mut rest = theta;
        let mut take = |len: usize| {
            let (taken, after) = rest.split_at(len);
            rest = after;
            taken
        };
        if let Formula::Jordan { outputs, hybrid } = self {
            let (w_ih, w_hh) = (take(x.len() * n), take(if hybrid { n * n } else { 0 }));
            let (w_yh, b_h, w_hy, b_y) = (take(outputs * n), take(n), take(n * outputs), take(outputs));
            let of_h = if hybrid { times(h, w_hh) } else { vec![0.0; n] };
            let z = sum([&times(x, w_ih), &of_h, &times(other, w_yh), b_h]);
            let h: Vec<f64> = z.into_iter().map(f64::tanh).collect();
            let y: Vec<f64> = sum([&times(&h, w_hy), b_y]).into_iter().map(sigmoid).collect();
            return ([h, y.clone()], y);
        }
        let gates = match self {
            Formula::Lstm => 4,
            Formula::Gru { .. } => 3,
            _ => 1,
        };
        let (w_ih, w_hh, b_ih, b_hh) =
            (take(x.len() * gates * n), take(n * gates * n), take(gates * n), take(gates * n));
        let (a, q) = (sum([&times(x, w_ih), b_ih]), sum([&times(h, w_hh), b_hh]));
        let z = |gate: usize, j: usize| a[gate * n + j] + q[gate * n + j];
        let units = 0..n;
        match self {
            Formula::Lstm => {
                let c: Vec<f64> =
                    units.clone().map(|j| sigmoid(z(1, j)) * other[j] + sigmoid(z(0, j)) * z(2, j).tanh()).collect();
                let h: Vec<f64> = units.map(|j| sigmoid(z(3, j)) * c[j].tanh()).collect();
                ([h.clone(), c], h)
            }
            Formula::Gru { update, reset } => {
                let r: Vec<f64> = units.clone().map(|j| sigmoid(z(0, j))).collect();
                let w_hn: Vec<f64> = w_hh.chunks(3 * n).flat_map(|row| row[2 * n..].to_vec()).collect();
                let rh: Vec<f64> = r.iter().zip(h).map(|(r, h)| r * h).collect();
                let before = sum([&times(&rh, &w_hn), &b_hh[2 * n..]]);
                let h: Vec<f64> = units
                    .map(|j| {
                        let v = if reset == Reset::AfterProduct { r[j] * q[2 * n + j] } else { before[j] };
                        let (new, z) = ((a[2 * n + j] + v).tanh(), sigmoid(z(1, j)));
                        let kept = if update == Update::KeepsOld { z } else { 1.0 - z };
                        (1.0 - kept) * new + kept * h[j]
                    })
                    .collect();
                ([h.clone(), vec![]], h)
            }
            Formula::Elman(activation) => {
                let phi = |z: f64| match activation {
                    Activation::Linear => z,
                    Activation::Relu => z.max(0.0),
                    Activation::Sigmoid => sigmoid(z),
                    Activation::Tanh => z.tanh(),
                };
                let h: Vec<f64> = units.map(|j| phi(z(0, j))).collect();
                ([h.clone(), vec![]], h)
            }
            Formula::Jordan { .. } => unreachable!("it is done"),
        }
    }

    /// y of one sample, and the states after every step. If `held` contains states, they replace the computed ones
    /// after the steps k, 2k, …
    #[must_use]
    pub fn run(self, s: &Sequence, theta: &[f64], x: &[f64], held: Option<&[State]>) -> (Vec<f64>, Vec<State>) {
        let start = [vec![0.0; s.units], vec![0.0; self.outputs(s)]];
        through_time(s, x, start, held, |x, [h, other]| self.step(s.units, theta, x, [h, other]))
    }
}

fn through_time(
    s: &Sequence,
    x: &[f64],
    start: State,
    held: Option<&[State]>,
    step: impl Fn(&[f64], &State) -> (State, Vec<f64>),
) -> (Vec<f64>, Vec<State>) {
    let (mut y, mut state, mut states) = (Vec::new(), start, Vec::new());
    for t in 0..s.steps {
        let k = s.truncate_every.unwrap_or(usize::MAX);
        if let (true, Some(held)) = (t > 0 && t % k == 0, held) {
            state = held[t - 1].clone();
        }
        let x = if s.repeat { x } else { &x[t * s.inputs..][..s.inputs] };
        let (after, put_out) = step(x, &state);
        state = after;
        states.push(state.clone());
        if s.return_sequences || t + 1 == s.steps {
            y.extend(put_out);
        }
    }
    (y, states)
}

/// The same for such a ConvLSTM: z, c and h at every position, with the sum over channels and taps.
#[must_use]
pub fn run_conv_lstm(
    [channels, height, width, filters, k]: [usize; 5],
    s: &Sequence,
    theta: &[f64],
    x: &[f64],
    held: Option<&[State]>,
) -> (Vec<f64>, Vec<State>) {
    let places = height * width;
    let (w_ih, rest) = theta.split_at(4 * filters * channels * k * k);
    let (w_hh, b) = rest.split_at(4 * filters * filters * k * k);
    // Zeros keep the size; an odd one is added below and to the right.
    let before = (k - 1) / 2;
    let convolve = |weights: &[f64], images: &[f64], gate: usize, p: usize, q: usize| {
        let mut sum = 0.0;
        for (channel, image) in images.chunks(places).enumerate() {
            for (u, v) in (0..k).flat_map(|u| (0..k).map(move |v| (u, v))) {
                let line = (p + u).checked_sub(before).filter(|&line| line < height);
                let column = (q + v).checked_sub(before).filter(|&column| column < width);
                if let (Some(line), Some(column)) = (line, column) {
                    let of = ((gate * (images.len() / places) + channel) * k + u) * k + v;
                    sum += weights[of] * image[line * width + column];
                }
            }
        }
        sum
    };
    let start = [vec![0.0; filters * places], vec![0.0; filters * places]];
    through_time(s, x, start, held, |x, [hidden, cell]| {
        let z = |gate: usize, at: usize| {
            let (gate, p, q) = (gate * filters + at / places, at % places / width, at % width);
            convolve(w_ih, x, gate, p, q) + convolve(w_hh, hidden, gate, p, q) + b[gate]
        };
        let step = |at: usize| {
            let c = sigmoid(z(1, at)) * cell[at] + sigmoid(z(0, at)) * z(2, at).tanh();
            (c, sigmoid(z(3, at)) * c.tanh())
        };
        let (c, h): (Vec<f64>, Vec<f64>) = (0..filters * places).map(step).unzip();
        ([h.clone(), c], h)
    })
}

/// All variants.
#[must_use]
pub fn formulas() -> Vec<Formula> {
    let activations = [Activation::Tanh, Activation::Relu, Activation::Sigmoid, Activation::Linear];
    let mut formulas = activations.map(Formula::Elman).to_vec();
    formulas.extend([(1, true), (3, true), (2, false)].map(|(outputs, hybrid)| Formula::Jordan { outputs, hybrid }));
    formulas.push(Formula::Lstm);
    for update in [Update::KeepsOld, Update::TakesNew] {
        formulas.extend([Reset::AfterProduct, Reset::BeforeProduct].map(|reset| Formula::Gru { update, reset }));
    }
    formulas
}
