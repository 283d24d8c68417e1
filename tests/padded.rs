//! Networks on series with missing values and of unequal length: the mask, the loss and its gradient.

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, LossKind, Mask, Pass};
use handgrad_models::{Basic, Cell, LayerSpec, Network, NextStep, SequenceAutoencoder, Spec};
use handgrad_tests::{ADAM, all, doubles, masked, on, padded, run_layer, training};
use handgrad_trainer::{Source, Trainer};
use ndarray::Array2;

const NAN: f64 = f64::NAN;

#[test]
fn the_mask_gives_zeros_and_flags_for_missing_values() {
    let mask = Mask { steps: 2, widths: vec![1, 2], rate: 0.0 };
    let x = [3.0, 0.5, -1.0, NAN, 0.25, 4.0, 7.0, NAN, NAN, NAN, NAN, NAN];
    let ran = run_layer(&mask, &[], &x, [2, 10], |y| (0..y.len()).map(|at| 1.0 + at as f64).collect());
    let expected =
        [[3.0, 0.5, -1.0, 0.0, 0.0, 0.0, 0.25, 4.0, 1.0, 0.0], [7.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]];
    assert_eq!(ran.y, expected.concat());
    // Known values pass their gradient on; hidden ones get 0; the gradient of the flags goes nowhere.
    assert_eq!(ran.dx, [1.0, 2.0, 3.0, 0.0, 7.0, 8.0, 11.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

fn samples(rows: &[&[f64]], shape: &[usize]) -> Samples {
    let width = shape.iter().product();
    let values = Array2::from_shape_vec((rows.len(), width), rows.concat()).expect("whole rows");
    Samples { values: Values::Doubles(values), shape: shape.to_vec(), labels: None, places: None }
}

/// The loss and the gradient of samples in f64.
fn loss_of(spec: &Spec, theta: &[f64], samples: &Samples) -> (f64, Vec<f64>) {
    let network = Network::<f64>::new(spec).expect("fits");
    let mut trainer = Trainer::with_weights(network, theta.to_vec(), &training(ADAM, samples.len())).expect("fits");
    let (loss, gradient) = trainer.gradient(&Source::new(samples), &all(samples.len())).expect("fits");
    (loss, gradient.to_vec())
}

/// A network that predicts the next step has the same weights for series of any length.
#[test]
fn a_padded_series_has_the_loss_and_the_gradient_of_the_short_series() {
    for (cell, loss) in [(Cell::ELMAN, LossKind::Mse), (Cell::Lstm, LossKind::Mae), (Cell::GRU, LossKind::Bce)] {
        let of = |steps| masked(NextStep { cell, units: 3, loss, ..NextStep::default() }.spec(&[steps, 2]));
        let theta = Network::<f64>::new(&of(4)).expect("fits").init(3);
        let values = [0.1, 0.9, 0.4, 0.6, 0.3, 0.2, 0.8, 0.7];
        let short = loss_of(&of(4), &theta, &samples(&[&values], &[4, 2]));
        for more in [1, 3, 9] {
            let long = [&values[..], &vec![NAN; 2 * more]].concat();
            let long = loss_of(&of(4 + more), &theta, &samples(&[&long], &[4 + more, 2]));
            assert_eq!(long.0, short.0, "{cell:?}, {more} steps of padding");
            for (a, b) in long.1.iter().zip(&short.1) {
                assert!((a - b).abs() <= 1e-14 * b.abs().max(1e-3), "{cell:?}, {more}: {a} instead of {b}");
            }
        }
    }
}

/// An autoencoder of Elman networks, written out: the encoder reads [x, 0] for known values and [0, 1] for missing
/// ones, and the loss is the mean over the known values.
#[test]
fn the_loss_of_a_padded_series_is_that_of_the_formulas() {
    let (steps, units) = (5, 2);
    let spec = SequenceAutoencoder {
        cell: Cell::ELMAN,
        units,
        output_activation: Activation::Linear,
        ..SequenceAutoencoder::default()
    };
    let spec = masked(spec.spec(&[steps, 1]));
    let network = Network::<f64>::new(&spec).expect("fits");
    let theta = doubles(network.param_count(), 4);
    let param = |layer: usize, name: &str| {
        let found = network.params().iter().find(|param| param.layer == layer && param.spec.name == name);
        &theta[found.unwrap_or_else(|| panic!("no {name} in layer {layer}")).range.clone()]
    };
    // One step of an Elman network with two units.
    let next = |layer: usize, x: &[f64], h: [f64; 2]| {
        let unit = |unit: usize| {
            let of = |w: &[f64], values: &[f64]| {
                values.iter().enumerate().map(|(i, v)| v * w[i * units + unit]).sum::<f64>()
            };
            let (w_ih, w_hh) = (param(layer, "w_ih"), param(layer, "w_hh"));
            (of(w_ih, x) + of(w_hh, &h) + param(layer, "b_ih")[unit] + param(layer, "b_hh")[unit]).tanh()
        };
        [unit(0), unit(1)]
    };
    let rows = [[0.3, -0.7, 0.2, NAN, NAN], [0.5, NAN, 0.1, -0.4, 0.9], [0.6, NAN, NAN, NAN, NAN]];
    let mut expected = 0.0;
    for row in rows {
        let code = row.iter().fold([0.0; 2], |h, x| next(1, &if x.is_nan() { [0.0, 1.0] } else { [*x, 0.0] }, h));
        let (mut h, mut sum, mut known) = ([0.0; 2], 0.0, 0.0);
        for x in row {
            h = next(2, &code, h);
            let (w, b) = (param(3, "w"), param(3, "b"));
            let back = h[0] * w[0] + h[1] * w[1] + b[0];
            if !x.is_nan() {
                (sum, known) = (sum + (back - x) * (back - x), known + 1.0);
            }
        }
        expected += sum / known / rows.len() as f64;
    }
    let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
    let (loss, _) = loss_of(&spec, &theta, &samples(&rows, &[steps]));
    assert!((loss - expected).abs() < 1e-14, "{loss} instead of {expected}");
}

/// A series without any known value has neither a loss nor a gradient.
#[test]
fn a_series_without_values_changes_nothing() {
    let spec = masked(Basic { units: 3, ..Basic::default() }.spec(&[4]));
    let theta = Network::<f64>::new(&spec).expect("fits").init(3);
    let (loss, gradient) = loss_of(&spec, &theta, &samples(&[&[NAN; 4]], &[4]));
    assert!(loss == 0.0 && gradient.iter().all(|&value| value == 0.0), "{loss}: {gradient:?}");
}

#[test]
fn padded_series_give_the_same_bits_at_every_thread_count() {
    let samples = padded(150, 4);
    let mut trained = 0;
    for (spec, batch, optimizer) in handgrad_tests::specs().into_iter().filter(|(spec, _, _)| spec.takes_missing()) {
        let weights = |threads| {
            on(threads, || {
                let network = Network::<f32>::new(&spec).expect("fits");
                let mut trainer = Trainer::new(network, &training(optimizer, batch)).expect("fits");
                for rows in all(samples.len()).chunks(batch) {
                    trainer.poison();
                    let loss = trainer.step(&Source::new(&samples), rows);
                    assert!(loss.is_finite());
                }
                let loss = trainer.evaluate(&Source::new(&samples)).expect("fits").loss;
                (trainer.theta().iter().map(|w| w.to_bits()).collect::<Vec<_>>(), loss.to_bits())
            })
        };
        let alone = weights(1);
        assert!([2, 3, 8].iter().all(|&threads| weights(threads) == alone), "{spec:?}");
        trained += 1;
    }
    assert_eq!(trained, 2);
}

/// The mask doubles the width of each step, and the network gives back the steps without flags.
#[test]
fn shapes_with_a_mask() {
    let shape_after_mask = |spec: &Spec| Network::<f32>::new(spec).expect("fits").shape(1).to_vec();
    let sequence = |input: &[usize]| masked(SequenceAutoencoder { units: 3, ..Default::default() }.spec(input));
    assert_eq!(shape_after_mask(&sequence(&[6, 1])), [6, 2]);
    assert_eq!(shape_after_mask(&sequence(&[6, 4])), [6, 8]);
    assert_eq!(shape_after_mask(&masked(Basic { units: 3, ..Basic::default() }.spec(&[6]))), [12]);
    // A mask that is not the first layer is refused.
    let mut late = Basic { units: 3, ..Basic::default() }.spec(&[6]);
    late.encoder.push(LayerSpec::Mask { rate: 0.0 });
    assert!(Network::<f32>::new(&late).is_err());
    let mask = Mask { steps: 1, widths: vec![1, 1], rate: 0.0 };
    let mut y = [0.0; 4];
    handgrad_layers::Layer::<f64>::forward(
        &mask,
        &[],
        &[NAN, 2.0],
        &mut y,
        &mut Pass { scratch: &mut [0.0; 2], ..Pass::predict() },
    );
    assert_eq!(y, [0.0, 2.0, 1.0, 0.0]);
}
