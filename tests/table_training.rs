//! Training on a table with hidden columns: the same bits on every number of threads, and the gradient of the loss.

use std::ops::ControlFlow;

use handgrad_dataset::{Samples, Values};
use handgrad_models::Network;
use handgrad_tests::{ADAM, SGD, all, on, table, training};
use handgrad_trainer::{Event, Plan, Source, Trainer, fit};
use ndarray::Array2;

#[test]
fn a_table_gives_the_same_bits_at_every_thread_count() {
    let (spec, samples) = table(230, 4);
    for (optimizer, batch) in [(ADAM, 32), (SGD, 70)] {
        let trained = |threads| {
            on(threads, || {
                let network = Network::<f32>::new(&spec).expect("fits");
                let mut trainer = Trainer::new(network, &training(optimizer, batch)).expect("fits");
                let (source, plan) = (Source::new(&samples), Plan { epochs: 3, ..Plan::default() });
                trainer.poison();
                let mut losses = Vec::new();
                let mut keep = |event: Event| {
                    if let Event::Epoch { record, .. } = event {
                        losses.push((record.train_loss.to_bits(), record.validation_loss.to_bits()));
                    }
                    ControlFlow::Continue(())
                };
                fit(&mut trainer, &source, &source, &plan, &mut keep).expect("learns");
                assert_eq!(losses.len(), 3);
                let loss = trainer.evaluate(&source).expect("fits").loss;
                (trainer.theta().iter().map(|w| w.to_bits()).collect::<Vec<_>>(), losses, loss.to_bits())
            })
        };
        let alone = trained(1);
        for threads in [2, 3, 8] {
            assert!(trained(threads) == alone, "{threads} threads");
        }
    }
}

/// The gradient of θ against central differences, with missing values in the samples and the same columns hidden.
#[test]
fn the_gradient_of_a_table_is_that_of_central_differences() {
    let (spec, samples) = table(20, 5);
    let numbers = all(20);
    let network = || Network::<f64>::new(&spec).expect("fits");
    let theta = network().init(3);
    let run = |theta: &[f64]| {
        let mut trainer = Trainer::with_weights(network(), theta.to_vec(), &training(ADAM, 20)).expect("fits");
        let (loss, gradient) = trainer.gradient(&Source::new(&samples), &numbers).expect("fits");
        (loss, gradient.to_vec())
    };
    let (_, gradient) = run(&theta);
    let (step, mut checked) = (1e-6, 0);
    for at in (0..theta.len()).step_by(7) {
        let moved = |by: f64| {
            let mut theta = theta.clone();
            theta[at] += by;
            run(&theta).0
        };
        let numeric = (moved(step) - moved(-step)) / (2.0 * step);
        let most = 1e-6 * numeric.abs().max(1e-2);
        assert!((gradient[at] - numeric).abs() < most, "{at}: {} instead of {numeric}", gradient[at]);
        checked += usize::from(numeric != 0.0);
    }
    assert!(checked > 50, "{checked} weights have a gradient");
}

/// A row whose cells are all missing adds nothing: neither to the loss nor to the gradient.
#[test]
fn a_row_without_values_adds_nothing() {
    let (spec, samples) = table(10, 6);
    let Values::Doubles(values) = &samples.values else { panic!("64-bit numbers") };
    let empty =
        Array2::from_shape_fn((11, values.ncols()), |(row, at)| if row < 10 { values[[row, at]] } else { f64::NAN });
    let more = Samples { values: Values::Doubles(empty), ..samples.clone() };
    let theta = Network::<f64>::new(&spec).expect("fits").init(3);
    let run = |samples: &Samples| {
        let network = Network::<f64>::new(&spec).expect("fits");
        let mut trainer = Trainer::with_weights(network, theta.clone(), &training(ADAM, 11)).expect("fits");
        let (loss, gradient) = trainer.gradient(&Source::new(samples), &all(samples.len())).expect("fits");
        (loss, gradient.to_vec())
    };
    let ((ten, of_ten), (eleven, of_eleven)) = (run(&samples), run(&more));
    assert!((ten * 10.0 / 11.0 - eleven).abs() < 1e-14, "{ten}, {eleven}");
    for (ten, eleven) in of_ten.iter().zip(&of_eleven) {
        assert!((ten * 10.0 / 11.0 - eleven).abs() < 1e-14, "{ten}, {eleven}");
    }
}
