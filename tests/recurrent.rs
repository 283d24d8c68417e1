//! Recurrent layers: forward passes against their formulas written out for one
//! sample, truncation against states that are held fixed, and what belongs around sequences.

use handgrad_layers::gradcheck::catalogue::{self, VIDEOS};
use handgrad_layers::gradcheck::check;
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::recurrent::gradient_norms;
use handgrad_layers::{
    Activation, BatchRows, Bidirectional, ConvLstm, Dense, Elman, Gru, Jordan, Layer, Lstm, ParamSpec, RepeatVector,
    Scalar, Sequence, Shift, TimeDistributed,
};
use handgrad_tests::{numbers, run_layer};

const TOLERANCE: f64 = 1e-6;

fn doubles(count: usize, seed: u64) -> Vec<f64> {
    numbers(count, seed).into_iter().map(f64::from).collect()
}

fn theta_of<T: Scalar>(layer: &dyn Layer<T>, seed: u64) -> Vec<f64> {
    doubles(layer.params().iter().map(ParamSpec::len).sum(), seed)
}

/// Every cell, with every formula that it knows, and the values of a step that it puts out.
fn cells(sequence: Sequence) -> Vec<(Box<dyn Layer<f64>>, usize)> {
    catalogue::cells(sequence).into_iter().map(|cell| (cell.layer, cell.outputs)).collect()
}

/// x·w, a row.
fn times(x: &[f64], w: &[f64]) -> Vec<f64> {
    let units = w.len() / x.len();
    (0..units).map(|j| x.iter().enumerate().map(|(i, x)| x * w[i * units + j]).sum()).collect()
}

fn sum<const N: usize>(terms: [&[f64]; N]) -> Vec<f64> {
    (0..terms[0].len()).map(|j| terms.iter().map(|term| term[j]).sum()).collect()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Which formula of a cell.
#[derive(Clone, Copy, Debug)]
enum Formula {
    Elman,
    Jordan { outputs: usize, hybrid: bool },
    Lstm,
    Gru { update: Update, reset: Reset },
}

impl Formula {
    fn layer(self, sequence: Sequence) -> Box<dyn Layer<f64>> {
        let (activation, output_activation) = (Activation::Tanh, Activation::Sigmoid);
        match self {
            Formula::Elman => Box::new(Elman { sequence, activation }),
            Formula::Jordan { outputs, hybrid } => {
                Box::new(Jordan { sequence, outputs, activation, output_activation, hybrid })
            }
            Formula::Lstm => Box::new(Lstm { sequence }),
            Formula::Gru { update, reset } => Box::new(Gru { sequence, update, reset }),
        }
    }

    /// One step, as in the header of the cell's file: the state [h │ c or y] after it, and what is put out.
    fn step(self, n: usize, theta: &[f64], x: &[f64], [h, other]: [&[f64]; 2]) -> ([Vec<f64>; 2], Vec<f64>) {
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
            _ => {
                let h: Vec<f64> = units.map(|j| z(0, j).tanh()).collect();
                ([h.clone(), vec![]], h)
            }
        }
    }

    /// y₁ … y_T of one sample, and the states after every step. Where `held` has states, they are put in behind steps k, 2k, …
    /// instead of those that were computed.
    fn run(
        self,
        s: &Sequence,
        theta: &[f64],
        x: &[f64],
        held: Option<&[[Vec<f64>; 2]]>,
    ) -> (Vec<f64>, Vec<[Vec<f64>; 2]>) {
        let outputs = if let Formula::Jordan { outputs, .. } = self { outputs } else { s.units };
        let mut state = [vec![0.0; s.units], vec![0.0; outputs]];
        let (mut y, mut states) = (Vec::new(), Vec::new());
        for t in 0..s.steps {
            let k = s.truncate_every.unwrap_or(usize::MAX);
            if let (true, Some(held)) = (t > 0 && t % k == 0, held) {
                state = held[t - 1].clone();
            }
            let [h, other] = &state;
            let (after, put_out) = self.step(s.units, theta, &x[t * s.inputs..][..s.inputs], [h, other]);
            state = after;
            states.push(state.clone());
            y.extend(put_out);
        }
        (y, states)
    }
}

fn formulas() -> Vec<Formula> {
    let mut formulas = vec![Formula::Elman, Formula::Lstm];
    formulas.extend([(1, true), (2, true), (3, false)].map(|(outputs, hybrid)| Formula::Jordan { outputs, hybrid }));
    for update in [Update::KeepsOld, Update::TakesNew] {
        formulas.extend([Reset::AfterProduct, Reset::BeforeProduct].map(|reset| Formula::Gru { update, reset }));
    }
    formulas
}

fn assert_near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}, place {place}: {a}, not {b}");
    }
}

/// In f64, and in f32, whose loops are vector code.
#[test]
fn cells_are_their_formulas_written_out() {
    let rows = 3;
    for (steps, inputs, units) in [(1, 1, 1), (4, 3, 2), (6, 2, 19)] {
        let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
        for formula in formulas() {
            let layer = formula.layer(sequence);
            let (theta, x) = (theta_of(&*layer, 1), doubles(rows * steps * inputs, 2));
            let expected: Vec<f64> =
                x.chunks(steps * inputs).flat_map(|x| formula.run(&sequence, &theta, x, None).0).collect();
            let outputs = expected.len() / rows;
            let ran = run_layer(&*layer, &theta, &x, [rows, outputs], <[f64]>::to_vec);
            assert_near(&layer.describe(), &ran.y, &expected, 1e-13);
        }
        let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let double = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let gru = Gru { sequence, update: Update::KeepsOld, reset: Reset::AfterProduct };
        let elman = Elman { sequence, activation: Activation::Tanh };
        let pairs: [(&dyn Layer<f32>, &dyn Layer<f64>); 3] =
            [(&elman, &elman), (&Lstm { sequence }, &Lstm { sequence }), (&gru, &gru)];
        for (narrow, wide) in pairs {
            let (theta, x) = (theta_of(wide, 1), doubles(rows * steps * inputs, 2));
            let found = run_layer(narrow, &single(&theta), &single(&x), [rows, steps * units], <[f32]>::to_vec);
            let expected = run_layer(wide, &theta, &x, [rows, steps * units], <[f64]>::to_vec);
            for (what, found, expected) in
                [("y", found.y, expected.y), ("dx", found.dx, expected.dx), ("dθ", found.dtheta, expected.dtheta)]
            {
                assert_near(&format!("{} in f32: {what}", wide.describe()), &double(&found), &expected, 2e-4);
            }
        }
    }
}

/// z becomes 1 − z where all that leads to it changes its sign.
#[test]
fn the_two_conventions_of_a_gru_are_one_model_with_the_sign_of_z_turned() {
    let (rows, steps, inputs, units) = (2, 5, 3, 4);
    let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
    for reset in [Reset::AfterProduct, Reset::BeforeProduct] {
        let keeps = Gru { sequence, update: Update::KeepsOld, reset };
        let takes = Gru { update: Update::TakesNew, ..keeps };
        let theta = theta_of::<f64>(&keeps, 1);
        let of_z = |place: usize| (units..2 * units).contains(&(place % (3 * units)));
        let turned: Vec<f64> =
            theta.iter().enumerate().map(|(place, &value)| if of_z(place) { -value } else { value }).collect();
        let x = doubles(rows * steps * inputs, 2);
        let run = |layer: &Gru, theta: &[f64]| run_layer(layer, theta, &x, [rows, steps * units], <[f64]>::to_vec);
        let (a, b) = (run(&keeps, &theta), run(&takes, &turned));
        assert_near("y", &a.y, &b.y, 1e-14);
        assert_near("dx", &a.dx, &b.dx, 1e-13);
    }
}

/// Behind steps k, 2k, … the state is held at its value while θ and x move: then the difference quotient sees what truncated
/// backpropagation sees, and no more.
#[test]
fn truncated_backpropagation_is_that_of_a_sequence_cut_by_hand() {
    let (rows, inputs, units) = (2, 2, 3);
    for (steps, k) in [(5, 1), (5, 2), (6, 3), (7, 4), (4, 4), (3, 9)] {
        let sequence =
            Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: Some(k) };
        for formula in formulas() {
            let layer = formula.layer(sequence);
            let (theta, x) = (theta_of(&*layer, 1), doubles(rows * steps * inputs, 2));
            let samples = || x.chunks(steps * inputs);
            let held: Vec<_> = samples().map(|x| formula.run(&sequence, &theta, x, None).1).collect();
            let outputs: usize = layer.output_shape(&[steps, inputs]).expect("fits").iter().product();
            let dy = doubles(rows * outputs, 3);
            let ran = run_layer(&*layer, &theta, &x, [rows, outputs], |_| dy.clone());
            let loss = |theta: &[f64], x: &[f64]| {
                let rows = x.chunks(steps * inputs).zip(&held);
                let y = rows.flat_map(|(x, held)| formula.run(&sequence, theta, x, Some(held)).0);
                y.zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
            };
            for report in [
                check("dθ", &theta, &ran.dtheta, |theta| loss(theta, &x)),
                check("dx", &x, &ran.dx, |x| loss(&theta, x)),
            ] {
                assert!(report.error < TOLERANCE, "{}: {report:?}", layer.describe());
            }
            // It leaves the forward pass alone, and beyond the last step it is no truncation.
            let whole = Sequence { truncate_every: None, ..sequence };
            let untruncated = run_layer(&*formula.layer(whole), &theta, &x, [rows, outputs], |_| dy.clone());
            assert_eq!(ran.y, untruncated.y);
            assert_eq!(ran.dtheta == untruncated.dtheta, k >= steps, "{}", layer.describe());
        }
    }
}

/// With h_t = ½·h_{t−1} + x_t, or twice as much, the gradient at every step is known.
#[test]
fn gradients_vanish_and_explode_as_the_weights_say() {
    let (steps, units) = (10, 3);
    let sequence = Sequence { inputs: 1, units, steps, repeat: false, return_sequences: true, truncate_every: None };
    let elman = Elman { sequence, activation: Activation::Linear };
    for factor in [0.5_f64, 1.0, 2.0] {
        let w_hh = (0..units * units).map(|at| if at % (units + 1) == 0 { factor } else { 0.0 });
        let theta: Vec<f64> = vec![1.0; units].into_iter().chain(w_hh).chain(vec![0.0; 2 * units]).collect();
        let run = |elman: &Elman| {
            let ran = run_layer(elman, &theta, &doubles(2 * steps, 2), [2, steps * units], |y| {
                let mut dy = vec![0.0; y.len()];
                // Two rows that see the last step: norm √(2·(3² + 4²)) = √50.
                dy.chunks_mut(steps * units).for_each(|dy| dy[(steps - 1) * units..].copy_from_slice(&[3.0, 4.0, 0.0]));
                dy
            });
            gradient_norms(BatchRows::contiguous(&ran.delta, steps * units), steps)
        };
        let expected = |t: usize| 50.0_f64.sqrt() * factor.powi((steps - 1 - t) as i32);
        assert_near("norms", &run(&elman), &(0..steps).map(expected).collect::<Vec<_>>(), 1e-12);
        let truncated = Elman { sequence: Sequence { truncate_every: Some(4), ..sequence }, ..elman };
        let of_the_last_part = |t: usize| if t < 8 { 0.0 } else { expected(t) };
        assert_near("truncated", &run(&truncated), &(0..steps).map(of_the_last_part).collect::<Vec<_>>(), 1e-12);
    }
}

#[test]
fn the_last_step_alone_is_the_last_of_all() {
    let (rows, steps, inputs, units) = (3, 5, 2, 4);
    let all = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
    let last = Sequence { return_sequences: false, ..all };
    for ((of_all, outputs), (of_last, _)) in cells(all).into_iter().zip(cells(last)) {
        let (theta, x, dy) = (theta_of(&*of_all, 1), doubles(rows * steps * inputs, 2), doubles(rows * outputs, 3));
        let a = run_layer(&*of_all, &theta, &x, [rows, steps * outputs], |_| {
            let no_gradient = vec![0.0; (steps - 1) * outputs];
            dy.chunks(outputs).flat_map(|dy| [&no_gradient, dy].concat()).collect()
        });
        let b = run_layer(&*of_last, &theta, &x, [rows, outputs], |_| dy.clone());
        let last_of_all: Vec<f64> =
            a.y.chunks(steps * outputs).flat_map(|y| y[(steps - 1) * outputs..].to_vec()).collect();
        assert_eq!((last_of_all, a.dx, a.dtheta), (b.y, b.dx, b.dtheta), "{}", of_all.describe());
    }
}

#[test]
fn a_repeated_input_is_a_repeat_vector_in_front() {
    let (rows, steps, inputs, units) = (3, 5, 2, 4);
    let each = Sequence { inputs, units, steps, repeat: false, return_sequences: true, truncate_every: None };
    let repeated = Sequence { repeat: true, ..each };
    let (x, vector) = (doubles(rows * inputs, 2), RepeatVector { inputs, steps });
    for ((layer, outputs), (at_once, _)) in cells(each).into_iter().zip(cells(repeated)) {
        let (theta, dy) = (theta_of(&*layer, 1), doubles(rows * steps * outputs, 3));
        let copies = run_layer(&vector, &[], &x, [rows, steps * inputs], <[f64]>::to_vec).y;
        let slow = run_layer(&*layer, &theta, &copies, [rows, steps * outputs], |_| dy.clone());
        let fast = run_layer(&*at_once, &theta, &x, [rows, steps * outputs], |_| dy.clone());
        let dx = run_layer(&vector, &[], &x, [rows, steps * inputs], |_| slow.dx.clone()).dx;
        assert_near("y", &fast.y, &slow.y, 1e-15);
        assert_near("dx", &fast.dx, &dx, 1e-12);
        assert_near("dθ", &fast.dtheta, &slow.dtheta, 1e-12);
    }
}

/// Of sequences and of their last steps: the layer on x, beside the layer on x turned round.
#[test]
fn both_directions_are_one_layer_forwards_and_one_backwards() {
    let (rows, steps, inputs, units) = (3, 5, 2, 4);
    let turned = |values: &[f64], width: usize| -> Vec<f64> {
        values
            .chunks(steps * width)
            .flat_map(|row| row.chunks(width).rev().flatten().copied().collect::<Vec<_>>())
            .collect()
    };
    for return_sequences in [true, false] {
        let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences, truncate_every: None };
        for ((layer, outputs), (alone, _)) in cells(sequence).into_iter().zip(cells(sequence)) {
            let both = Bidirectional::new(layer, sequence, outputs);
            let (theta, x) = (theta_of(&both, 1), doubles(rows * steps * inputs, 2));
            let (of_f, of_b) = theta.split_at(theta.len() / 2);
            let of_row = if return_sequences { steps * outputs } else { outputs };
            let f = run_layer(&*alone, of_f, &x, [rows, of_row], <[f64]>::to_vec);
            let b = run_layer(&*alone, of_b, &turned(&x, inputs), [rows, of_row], <[f64]>::to_vec);
            let b_in_order = if return_sequences { turned(&b.y, outputs) } else { b.y };
            let y: Vec<f64> =
                f.y.chunks(outputs).zip(b_in_order.chunks(outputs)).flat_map(|(f, b)| [f, b].concat()).collect();
            let dx: Vec<f64> = f.dx.iter().zip(turned(&b.dx, inputs)).map(|(f, b)| f + b).collect();
            let ran = run_layer(&both, &theta, &x, [rows, 2 * of_row], <[f64]>::to_vec);
            assert_eq!((ran.y, ran.dx), (y, dx), "{}", both.describe());
            assert_eq!(ran.dtheta, [f.dtheta, b.dtheta].concat());
        }
    }
}

/// z, c and h of every place written out, with the sum over channels and taps.
#[test]
fn a_conv_lstm_is_its_formula_written_out() {
    for (steps, [channels, h, w], filters, k) in VIDEOS {
        let layer = ConvLstm::new(steps, [channels, h, w], filters, k, true, None).expect("fits");
        let places = h * w;
        let (theta, x) = (theta_of::<f64>(&layer, 1), doubles(steps * channels * places, 2));
        let (w_ih, rest) = theta.split_at(4 * filters * channels * k * k);
        let (w_hh, b) = rest.split_at(4 * filters * filters * k * k);
        // Zeros so that the size stays; an odd one below and to the right.
        let before = (k - 1) / 2;
        let convolve = |weights: &[f64], images: &[f64], gate: usize, p: usize, q: usize| {
            let mut sum = 0.0;
            for (channel, image) in images.chunks(places).enumerate() {
                for (u, v) in (0..k).flat_map(|u| (0..k).map(move |v| (u, v))) {
                    let line = (p + u).checked_sub(before).filter(|&line| line < h);
                    let column = (q + v).checked_sub(before).filter(|&column| column < w);
                    if let (Some(line), Some(column)) = (line, column) {
                        let of = ((gate * (images.len() / places) + channel) * k + u) * k + v;
                        sum += weights[of] * image[line * w + column];
                    }
                }
            }
            sum
        };
        let (mut hidden, mut cell) = (vec![0.0; filters * places], vec![0.0; filters * places]);
        let mut expected = Vec::new();
        for x in x.chunks(channels * places) {
            let z = |gate: usize, at: usize| {
                let (gate, p, q) = (gate * filters + at / places, at % places / w, at % w);
                convolve(w_ih, x, gate, p, q) + convolve(w_hh, &hidden, gate, p, q) + b[gate]
            };
            let step = |at: usize| {
                let c = sigmoid(z(1, at)) * cell[at] + sigmoid(z(0, at)) * z(2, at).tanh();
                (c, sigmoid(z(3, at)) * c.tanh())
            };
            (cell, hidden) = (0..filters * places).map(step).unzip();
            expected.extend_from_slice(&hidden);
        }
        let ran = run_layer(&layer, &theta, &x, [1, expected.len()], <[f64]>::to_vec);
        assert_near(&Layer::<f64>::describe(&layer), &ran.y, &expected, 1e-13);
        let last = ConvLstm::new(steps, [channels, h, w], filters, k, false, None).expect("fits");
        let ran = run_layer(&last, &theta, &x, [1, filters * places], <[f64]>::to_vec);
        assert_near("its last step", &ran.y, &expected[(steps - 1) * filters * places..], 1e-13);
    }
}

#[test]
fn layers_around_sequences_do_what_they_say() {
    let shift = Shift { steps: 3, inputs: 2 };
    let ran = run_layer(&shift, &[], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 6], |_| vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    assert_eq!(ran.y, [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(ran.dx, [0.3, 0.4, 0.5, 0.6, 0.0, 0.0]);
    let repeat = RepeatVector { inputs: 2, steps: 3 };
    let ran = run_layer(&repeat, &[], &[1.0, 2.0], [1, 6], |_| vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    assert_eq!((ran.y, ran.dx), (vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0], vec![21.0, 42.0]));
    // The same dense layer on every step: as many samples of a dense layer.
    let dense = Dense { inputs: 3, units: 2, activation: Activation::Sigmoid };
    let (theta, x) = (theta_of::<f64>(&dense, 1), doubles(2 * 4 * 3, 2));
    let all = run_layer(&TimeDistributed { steps: 4, dense }, &theta, &x, [2, 8], <[f64]>::to_vec);
    let apart = run_layer(&dense, &theta, &x, [8, 2], <[f64]>::to_vec);
    assert_eq!(all, apart);
}

#[test]
fn a_forget_gate_starts_open() {
    let sequence =
        Sequence { inputs: 3, units: 2, steps: 4, repeat: false, return_sequences: true, truncate_every: None };
    let mut theta = vec![0.0_f64; 3 * 8 + 2 * 8 + 8 + 8];
    Lstm { sequence }.adjust_start(&mut theta);
    assert_eq!(theta[40..48], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(theta.iter().sum::<f64>(), 2.0);
    let layer = Box::new(Lstm { sequence });
    let mut both = [theta.clone(), vec![0.0; theta.len()]].concat();
    Bidirectional::new(layer, sequence, 2).adjust_start(&mut both);
    assert_eq!(both, [&theta[..], &theta[..]].concat());
    let conv = ConvLstm::new(2, [1, 3, 3], 2, 1, true, None).expect("fits");
    let mut theta = vec![0.0_f64; 8 + 16 + 8];
    conv.adjust_start(&mut theta);
    assert_eq!((&theta[24..], theta.iter().sum::<f64>()), (&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0][..], 2.0));
}

#[test]
fn sizes_that_mean_nothing_are_refused() {
    let sequence =
        Sequence { inputs: 3, units: 2, steps: 4, repeat: false, return_sequences: true, truncate_every: None };
    let refused = |change: fn(&mut Sequence), input: &[usize]| {
        let mut sequence = sequence;
        change(&mut sequence);
        let errors: Vec<_> = cells(sequence)
            .iter()
            .map(|(cell, _)| cell.output_shape(input).expect_err("refused").to_string())
            .collect();
        assert!(errors.iter().all(|error| error.split(" is ").nth(1) == errors[0].split(" is ").nth(1)), "{errors:?}");
        errors[0].clone()
    };
    assert!(refused(|s| s.units = 0, &[4, 3]).contains("units"));
    assert!(refused(|s| s.steps = 0, &[0, 3]).contains("steps"));
    assert!(refused(|s| s.truncate_every = Some(0), &[4, 3]).contains("truncate_every"));
    assert!(refused(|s| (s.steps, s.repeat) = (usize::MAX, true), &[3]).contains("memory"));
    assert!(refused(|s| s.units = usize::MAX, &[4, 3]).contains("memory"));
    for input in [&[3, 4][..], &[12], &[4, 3, 1]] {
        for (cell, _) in cells(sequence) {
            assert!(
                cell.output_shape(input).expect_err("refused").to_string().contains("values a sample"),
                "{input:?}"
            );
        }
    }
    assert!(cells(Sequence { repeat: true, ..sequence }).iter().all(|(cell, _)| cell.output_shape(&[4, 3]).is_err()));
    let others: [&dyn Layer<f64>; 4] = [
        &RepeatVector { inputs: 3, steps: 0 },
        &RepeatVector { inputs: 2, steps: 2 },
        &Shift { inputs: 2, steps: 2 },
        &TimeDistributed { steps: 2, dense: Dense { inputs: 2, units: 1, activation: Activation::Relu } },
    ];
    assert!(others.iter().all(|layer| layer.output_shape(&[3]).is_err()));
    assert!(ConvLstm::new(2, [1, 4, 4], 0, 3, true, None).is_err());
    assert!(ConvLstm::new(2, [1, 4, 4], usize::MAX / 2, 3, true, None).is_err());
    let conv = ConvLstm::new(2, [1, 4, 4], 2, 3, true, Some(0)).expect("told with the sizes");
    assert!(Layer::<f64>::output_shape(&conv, &[2, 1, 4, 4]).is_err());
    let conv = ConvLstm::new(2, [1, 4, 4], 2, 3, true, None).expect("fits");
    assert_eq!(Layer::<f64>::output_shape(&conv, &[2, 4, 4]), Ok(vec![2, 2, 4, 4]));
    assert!(Layer::<f64>::output_shape(&conv, &[3, 1, 4, 4]).is_err());
}
