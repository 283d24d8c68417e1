//! Recurrent cells: forward passes against their formulas written out for one sample.

use handgrad_layers::gradcheck::catalogue::VIDEOS;
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::recurrent::gradient_norms;
use handgrad_layers::{
    Activation, BatchRows, Bidirectional, ConvLstm, Dense, Elman, Gru, Layer, Lstm, RepeatVector, Sequence, Shift,
    TimeDistributed,
};
use handgrad_tests::recurrence::{Formula, assert_near, cells, conv_lstm, formulas, run_conv_lstm, theta_of};
use handgrad_tests::{doubles, run_layer};

/// In f64, and in f32, whose loops are vectorised.
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

/// z becomes 1 − z if everything that z depends on changes its sign.
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

/// With h_t = ½·h_{t−1} + x_t, or with 2 instead of ½, the gradient at every step is known.
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
                // Two rows with a gradient at the last step: norm √(2·(3² + 4²)) = √50.
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
fn a_conv_lstm_is_its_formula_written_out() {
    for (steps, [c, h, w], filters, kernel_size) in VIDEOS {
        let sizes = [c, h, w, filters, kernel_size];
        for return_sequences in [true, false] {
            let (layer, sequence) = conv_lstm(sizes, steps, return_sequences, None);
            let (theta, x) = (theta_of::<f64>(&layer, 1), doubles(steps * sequence.inputs, 2));
            let (expected, _) = run_conv_lstm(sizes, &sequence, &theta, &x, None);
            let ran = run_layer(&layer, &theta, &x, [1, expected.len()], <[f64]>::to_vec);
            assert_near(&Layer::<f64>::describe(&layer), &ran.y, &expected, 1e-13);
        }
    }
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
        let problem =
            |error: &String| error.split(':').next().and_then(|error| error.split(" is ").nth(1)).map(str::to_string);
        assert!(errors.iter().all(|error| problem(error) == problem(&errors[0])), "{errors:?}");
        errors[0].clone()
    };
    assert!(refused(|s| s.units = 0, &[4, 3]).contains("units"));
    assert!(refused(|s| s.steps = 0, &[0, 3]).contains("steps"));
    assert!(refused(|s| s.truncate_every = Some(0), &[4, 3]).contains("truncate_every"));
    assert!(refused(|s| (s.steps, s.repeat) = (usize::MAX, true), &[3]).contains("memory"));
    assert!(refused(|s| s.units = usize::MAX, &[4, 3]).contains("memory"));
    // The size that the error states is at least the size that would be stored.
    for (units, steps) in [(1 << 30, 1), (1, 1 << 30), (1 << 15, 1 << 16)] {
        for (cell, _) in cells(Sequence { units, steps, ..sequence }) {
            let error = cell.output_shape(&[steps, 3]).expect_err("refused").to_string();
            let stated = error.split(" is ").nth(1).and_then(|rest| rest.split(',').next()).expect("a number");
            assert!(cell.cache_len() <= stated.parse().expect("a number"), "{error}: {}", cell.cache_len());
        }
    }
    // If the outputs of a Jordan network are the cause, the error names them.
    for (outputs, advice) in
        [(0, "the number of outputs of a Jordan network is 0"), (1 << 30, "fewer outputs or steps")]
    {
        let jordan = Formula::Jordan { outputs, hybrid: true }.layer(sequence);
        let error = jordan.output_shape(&[4, 3]).expect_err("refused").to_string();
        assert!(error.contains(advice), "{error}");
    }
    for input in [&[3, 4][..], &[12], &[4, 3, 1]] {
        for (cell, _) in cells(sequence) {
            assert!(
                cell.output_shape(input).expect_err("refused").to_string().contains("values per sample"),
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
    for filters in [0, 16_385, usize::MAX / 2] {
        let error = ConvLstm::new(2, [1, 4, 4], filters, 3, true, None).expect_err("refused").to_string();
        assert!(error.starts_with(&format!("filters of a ConvLSTM is {filters}, but")), "{error}");
    }
    let conv = ConvLstm::new(2, [1, 4, 4], 2, 3, true, Some(0)).expect("told with the sizes");
    assert!(Layer::<f64>::output_shape(&conv, &[2, 1, 4, 4]).is_err());
    let conv = ConvLstm::new(2, [1, 4, 4], 2, 3, true, None).expect("fits");
    assert_eq!(Layer::<f64>::output_shape(&conv, &[2, 4, 4]), Ok(vec![2, 2, 4, 4]));
    assert!(Layer::<f64>::output_shape(&conv, &[3, 1, 4, 4]).is_err());
}
