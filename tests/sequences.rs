//! Operations on sequences with any cell: both directions, only the last step, one vector for every step, truncated
//! gradients, and the layers around a cell.

use handgrad_layers::gradcheck::check;
use handgrad_layers::{
    Activation, Bidirectional, Dense, Layer, ParamSpec, RepeatVector, Sequence, Shift, TimeDistributed,
};
use handgrad_tests::recurrence::{State, TOLERANCE, assert_near, cells, conv_lstm, formulas, run_conv_lstm, theta_of};
use handgrad_tests::{doubles, run_layer};

/// After the steps k, 2k, … the state is held constant while θ and x change. Then the difference quotient sees
/// exactly what truncated backpropagation sees. `layer` makes a layer from a sequence; `run` is the same layer,
/// written out for one sample.
fn assert_cut(
    sequence: &Sequence,
    input: &[usize],
    layer: impl Fn(Sequence) -> Box<dyn Layer<f64>>,
    run: impl Fn(&[f64], &[f64], Option<&[State]>) -> (Vec<f64>, Vec<State>),
) {
    let (rows, cut, whole) = (2, layer(*sequence), layer(Sequence { truncate_every: None, ..*sequence }));
    let inputs = input.iter().product();
    let outputs: usize = cut.output_shape(input).expect("fits").iter().product();
    let theta = doubles(cut.params().iter().map(ParamSpec::len).sum(), 1);
    let (x, dy) = (doubles(rows * inputs, 2), doubles(rows * outputs, 3));
    let ran = run_layer(&*cut, &theta, &x, [rows, outputs], |_| dy.clone());
    let held: Vec<_> = x.chunks(inputs).map(|x| run(&theta, x, None).1).collect();
    let loss = |theta: &[f64], x: &[f64]| {
        let y = x.chunks(inputs).zip(&held).flat_map(|(x, held)| run(theta, x, Some(held)).0);
        y.zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
    };
    for report in
        [check("dθ", &theta, &ran.dtheta, |theta| loss(theta, &x)), check("dx", &x, &ran.dx, |x| loss(&theta, x))]
    {
        assert!(report.error < TOLERANCE, "{}: {report:?}", cut.describe());
    }
    // Truncation does not change the forward pass, and beyond the last step it has no effect.
    let untruncated = run_layer(&*whole, &theta, &x, [rows, outputs], |_| dy.clone());
    assert_eq!(ran.y, untruncated.y);
    let reaches = sequence.truncate_every.is_none_or(|k| k >= sequence.steps);
    assert_eq!(ran.dtheta == untruncated.dtheta, reaches, "{}", cut.describe());
}

/// Numbers of steps T, and k.
const CUTS: [[usize; 2]; 6] = [[5, 1], [5, 2], [6, 3], [7, 4], [4, 4], [3, 9]];

/// Truncated sequences of every kind, and the shape of their samples.
fn cut_sequences() -> impl Iterator<Item = (Sequence, Vec<usize>)> {
    let (inputs, units) = (2, 3);
    CUTS.into_iter().flat_map(move |[steps, k]| {
        [(false, true), (false, false), (true, true), (true, false)].map(|(repeat, return_sequences)| {
            let sequence = Sequence { inputs, units, steps, repeat, return_sequences, truncate_every: Some(k) };
            (sequence, if repeat { vec![inputs] } else { vec![steps, inputs] })
        })
    })
}

#[test]
fn truncated_backpropagation_is_that_of_a_sequence_cut_by_hand() {
    for (sequence, input) in cut_sequences() {
        for formula in formulas() {
            let run = |theta: &[f64], x: &[f64], held: Option<&[State]>| formula.run(&sequence, theta, x, held);
            assert_cut(&sequence, &input, |sequence| formula.layer(sequence), run);
        }
    }
}

/// With T = 5 and k = 4: forwards only the last step has a gradient, backwards only the first one.
#[test]
fn a_truncated_layer_that_gives_its_last_step_learns_from_the_last_piece() {
    let (rows, steps, inputs, units) = (2, 5, 2, 3);
    let (repeat, return_sequences) = (false, false);
    let sequence = Sequence { inputs, units, steps, repeat, return_sequences, truncate_every: Some(4) };
    for (layer, outputs) in cells(sequence) {
        let x = doubles(rows * steps * inputs, 2);
        let steps_of = |dx: &[f64]| -> Vec<usize> {
            (0..steps).filter(|t| dx.chunks(inputs).skip(*t).step_by(steps).flatten().any(|dx| *dx != 0.0)).collect()
        };
        let alone = run_layer(&*layer, &theta_of(&*layer, 1), &x, [rows, outputs], <[f64]>::to_vec);
        assert_eq!(steps_of(&alone.dx), [4], "{}", layer.describe());
        let both = Bidirectional::new(layer, sequence, outputs);
        let ran = run_layer(&both, &theta_of(&both, 1), &x, [rows, 2 * outputs], <[f64]>::to_vec);
        assert_eq!(steps_of(&ran.dx), [0, 4], "{}", both.describe());
    }
}

/// The forward direction F is cut after its steps k, 2k, …; the backward direction B after its own steps, counted
/// from the end of the sequence.
#[test]
fn both_directions_are_cut_each_at_steps_of_its_own() {
    for (sequence, input) in cut_sequences() {
        for formula in formulas() {
            let (steps, outputs) = (sequence.steps, formula.outputs(&sequence));
            let run = |theta: &[f64], x: &[f64], held: Option<&[State]>| {
                let (of_f, of_b) = theta.split_at(theta.len() / 2);
                let (f_held, b_held) = held.map(|held| held.split_at(steps)).unzip();
                let turned: Vec<f64> = x.chunks(sequence.inputs).rev().flatten().copied().collect();
                let (f, f_states) = formula.run(&sequence, of_f, x, f_held);
                let (b, b_states) = formula.run(&sequence, of_b, &turned, b_held);
                let both = f.chunks(outputs).zip(b.chunks(outputs).rev());
                (both.flat_map(|(f, b)| [f, b].concat()).collect(), [f_states, b_states].concat())
            };
            let layer = |sequence| -> Box<dyn Layer<f64>> {
                Box::new(Bidirectional::new(formula.layer(sequence), sequence, outputs))
            };
            assert_cut(&sequence, &input, layer, run);
        }
    }
}

#[test]
fn a_truncated_conv_lstm_is_one_cut_by_hand() {
    let sizes = [2, 3, 2, 2, 3];
    for [steps, k] in CUTS {
        for return_sequences in [true, false] {
            let (_, sequence) = conv_lstm(sizes, steps, return_sequences, Some(k));
            let layer = |s: Sequence| -> Box<dyn Layer<f64>> {
                Box::new(conv_lstm(sizes, s.steps, s.return_sequences, s.truncate_every).0)
            };
            let run =
                |theta: &[f64], x: &[f64], held: Option<&[State]>| run_conv_lstm(sizes, &sequence, theta, x, held);
            assert_cut(&sequence, &[steps, 2, 3, 2], layer, run);
        }
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

/// For whole sequences and for their last steps: the layer on x, next to the layer on the reversed x.
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
            let beside = |f: &[f64], b: &[f64]| -> Vec<f64> {
                let b = if return_sequences { turned(b, outputs) } else { b.to_vec() };
                f.chunks(outputs).zip(b.chunks(outputs)).flat_map(|(f, b)| [f, b].concat()).collect()
            };
            // The part of ∂L/∂h_t that comes from later steps is in δ, so that `gradient_norms` can show it.
            let (y, delta) = (beside(&f.y, &b.y), beside(&f.delta, &b.delta));
            let dx: Vec<f64> = f.dx.iter().zip(turned(&b.dx, inputs)).map(|(f, b)| f + b).collect();
            let ran = run_layer(&both, &theta, &x, [rows, 2 * of_row], <[f64]>::to_vec);
            assert_eq!((ran.y, ran.delta, ran.dx), (y, delta, dx), "{}", both.describe());
            assert_eq!(ran.dtheta, [f.dtheta, b.dtheta].concat());
        }
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
    // The same dense layer at every step equals a dense layer with more samples.
    let dense = Dense { inputs: 3, units: 2, activation: Activation::Sigmoid };
    let (theta, x) = (theta_of::<f64>(&dense, 1), doubles(2 * 4 * 3, 2));
    let all = run_layer(&TimeDistributed { steps: 4, dense }, &theta, &x, [2, 8], <[f64]>::to_vec);
    let apart = run_layer(&dense, &theta, &x, [8, 2], <[f64]>::to_vec);
    assert_eq!(all, apart);
}
