//! The invariants of a training step.

use std::ops::ControlFlow;

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, LossKind, Optimizer, Reduction, adam::Adam, gradcheck::check};
use handgrad_models::{Basic, Deep, Network, Spec, Vae};
use handgrad_tests::{ADAM, all, bytes, floats, on, specs, to_the_end, training};
use handgrad_trainer::{Error, Event, Plan, Source, Trainer, Training, fit, shuffled};
use ndarray::Array2;

#[test]
fn weights_have_the_same_bits_at_every_thread_count() {
    let samples = bytes(700, 784, 4);
    for (spec, batch, optimizer) in specs() {
        let weights = |threads| {
            on(threads, || {
                let settings = Training { seed: 3, ..training(optimizer, batch) };
                let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &settings).expect("fits");
                let mut order = vec![0; samples.len()];
                for epoch in 0..2 {
                    shuffled(3, epoch, &mut order);
                    // The last batch is a partial one.
                    order.chunks(batch).for_each(|batch| {
                        trainer.step(&Source::new(&samples), batch);
                    });
                }
                let loss = trainer.evaluate(&Source::new(&samples)).expect("fits").loss;
                (trainer.theta().iter().map(|w| w.to_bits()).collect::<Vec<_>>(), loss.to_bits())
            })
        };
        let alone = weights(1);
        for threads in [2, 3, 4, 8, 16] {
            assert!(weights(threads) == alone, "{threads} threads gave other weights than 1 for {spec:?}");
        }
    }
}

/// Memory that a step must not read is filled with NaN before it. Partial batches leave NaN in the unused rows.
#[test]
fn scratch_memory_may_hold_garbage() {
    let samples = bytes(300, 784, 4);
    for (spec, batch, optimizer) in specs() {
        let run = |poison: bool| {
            let mut trainer =
                Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(optimizer, batch)).expect("fits");
            for rows in [batch, 1, batch / 2 + 1, batch] {
                if poison {
                    trainer.poison();
                }
                let loss = trainer.step(&Source::new(&samples), &all(samples.len())[..rows]);
                assert!(loss.is_finite());
            }
            trainer.theta().to_vec()
        };
        assert_eq!(run(true), run(false), "{spec:?}");
    }
}

#[test]
fn the_gradient_of_a_whole_network_agrees_with_central_differences() {
    let (features, rows) = (9, 6);
    let samples = floats(rows, features, 8);
    for (output, kind) in [
        (Activation::Sigmoid, LossKind::Mse),
        (Activation::Linear, LossKind::Mse),
        (Activation::Linear, LossKind::Mae),
        (Activation::Sigmoid, LossKind::Bce),
    ] {
        for reduction in [Reduction::Mean, Reduction::Sum] {
            for hidden in [Activation::Tanh, Activation::Sigmoid] {
                let spec = Spec {
                    reduction,
                    ..Deep {
                        layers: vec![7, 4],
                        activation: hidden,
                        output_activation: output,
                        loss: kind,
                        ..Deep::default()
                    }
                    .spec(&[features])
                };
                let network = || Network::<f64>::new(&spec).expect("fits");
                let theta = network().init(2);
                let still = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };
                let mut trainer =
                    Trainer::with_weights(network(), theta.clone(), &training(still, rows)).expect("fits");
                let (loss, gradient) = trainer.gradient(&Source::new(&samples), &all(rows)).expect("fits");
                let report = check("θ", &theta, &gradient, |theta| {
                    let mut moved =
                        Trainer::with_weights(network(), theta.to_vec(), &training(still, rows)).expect("fits");
                    moved.evaluate(&Source::new(&samples)).expect("fits").loss
                });
                assert!(report.error < 1e-6, "{spec:?}: {report:?}");
                assert_eq!(loss, trainer.evaluate(&Source::new(&samples)).expect("fits").loss);
            }
        }
    }
}

#[test]
fn the_divided_parts_of_steps_are_timed_in_their_order() {
    let samples = bytes(64, 784, 4);
    let order = all(samples.len());
    let parts = |layers: Vec<usize>, batch: usize, threads| {
        on(threads, || {
            let network = Network::<f32>::new(&Deep { layers, ..Deep::default() }.spec(&[784])).expect("fits");
            let mut trainer = Trainer::new(network, &training(ADAM, batch)).expect("fits");
            trainer.step(&Source::new(&samples), &order[..batch]);
            let timings = trainer.timed_steps(&Source::new(&samples), order.chunks(batch).take(2));
            timings.into_iter().map(|timing| (timing.part, timing.layer)).collect::<Vec<_>>()
        })
    };
    let update = "backward_params and update";
    // Units are divided: layer by layer.
    let step = [
        ("samples to floats", 0),
        ("forward", 0),
        ("forward", 1),
        ("loss and its gradient", 1),
        ("backward_input", 1),
        (update, 0),
        (update, 1),
    ];
    assert_eq!(parts(vec![64], 32, 2), [step, step].concat());
    // Samples are divided.
    let step = [("forward, loss and backward_input", 0), (update, 0)];
    assert_eq!(parts(vec![8], 32, 2), [step, step].concat());
    assert_eq!(parts(vec![64], 32, 1), []);
}

/// A step on a batch differs from two steps on its halves: the loss is averaged over the batch.
#[test]
fn the_gradient_of_a_batch_is_the_mean_of_its_samples_gradients() {
    let (features, rows) = (11, 5);
    let samples = floats(rows, features, 8);
    let spec = Deep { layers: vec![4], activation: Activation::Tanh, ..Deep::default() }.spec(&[features]);
    let gradient = |samples_of_batch: &[u32]| {
        let still = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };
        let settings = Training { seed: 1, ..training(still, rows) };
        let mut trainer = Trainer::new(Network::<f64>::new(&spec).expect("fits"), &settings).expect("fits");
        trainer.gradient(&Source::new(&samples), samples_of_batch).expect("fits").1
    };
    let whole = gradient(&all(rows));
    let mut mean = vec![0.0; whole.len()];
    for sample in 0..rows as u32 {
        mean.iter_mut().zip(gradient(&[sample])).for_each(|(mean, g)| *mean += g / rows as f64);
    }
    whole.iter().zip(mean).for_each(|(a, b)| assert!((a - b).abs() < 1e-15));
}

/// The error when training cannot start on 64 samples with these values.
fn first_loss(value: impl Fn(usize) -> f32) -> Error {
    let values = Array2::from_shape_fn((64, 784), |(sample, _)| value(sample));
    let samples = Samples { values: Values::Floats(values), shape: vec![784], labels: None, places: None };
    let network = Network::<f32>::new(&Basic { units: 8, loss: LossKind::Mse }.spec(&[784])).expect("fits");
    let plan = Plan::default();
    let source = Source::new(&samples);
    let mut trainer = Trainer::new(network, &training(ADAM, 64)).expect("fits");
    fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect_err("too large")
}

#[test]
fn divergence_is_an_error_that_names_its_place() {
    let samples = bytes(64, 784, 4);
    let source = Source::new(&samples);
    let train = |kind, learning_rate, batch| {
        let adam = Optimizer::Adam(Adam { learning_rate, ..Adam::default() });
        let network = Network::<f32>::new(&Basic { units: 8, loss: kind }.spec(&[784])).expect("fits");
        let mut trainer = Trainer::new(network, &training(adam, batch)).expect("fits");
        let plan = Plan { epochs: 3, ..Plan::default() };
        fit(&mut trainer, &source, &source, &plan, &mut to_the_end)
    };
    let error = train(LossKind::Bce, 1e6, 16).expect_err("it diverges");
    assert!(matches!(error, Error::Diverged { epoch: 1, step: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("learning rate"), "{error}");
    // The first step makes weights infinite, so there is no second step.
    let error = train(LossKind::Bce, 1e38, 16).expect_err("it diverges");
    assert!(matches!(error, Error::WeightOutOfRange { epoch: 1, step: 1, .. }), "{error:?}");
    for words in ["layer 1, Dense 784 → 8, relu", "the batch of samples ", "(16 of them", "learning rate"] {
        assert!(error.to_string().contains(words), "{words:?} is not in {error}");
    }
    let alone = train(LossKind::Bce, 1e38, 1).expect_err("it diverges").to_string();
    assert!(
        alone.contains("on the batch of sample ") && alone.contains(" alone (numbered from 0): a weight"),
        "{alone}"
    );
    // After a sigmoid the squared error is below 1 for any weights.
    let error = train(LossKind::Mse, 1e6, 16).expect_err("it diverges");
    assert!(matches!(error, Error::WeightOutOfRange { epoch: 1, .. }), "{error:?}");
    // Nothing has been learnt yet, so the data is the reason. Values of 10³⁰ are finite up to the last layer, but
    // their squared error is not.
    let error = first_loss(|_| 1e30);
    assert!(matches!(error, Error::FirstLossNotFinite { layer: None, .. }), "{error:?}");
    assert!(error.to_string().contains("scale"), "{error}");
    // One sample whose sums are already infinite in the first layer: the error names both.
    let error = first_loss(|sample| if sample == 37 { f32::MAX } else { 0.5 });
    let Error::FirstLossNotFinite { layer: Some(layer), .. } = &error else { panic!("{error:?}") };
    assert_eq!(layer, "layer 1, Dense 784 → 8, relu for sample 37");
    assert!(error.to_string().contains(layer), "{error}");
    // A lack of progress is not divergence.
    assert!(train(LossKind::Mse, 1e-12, 16).is_ok());
}

/// One outlier makes the loss of its batch a thousand times the first one, and the training is sound all the same: an
/// untrained network would have done as badly on these samples.
#[test]
fn an_outlier_is_no_divergence() {
    let outlier = 12 * 100 + 7;
    let mut numbers = handgrad_tests::numbers(12 * 1000, 11);
    numbers.iter_mut().for_each(|value| *value *= 1.5);
    numbers[outlier] = 1500.0;
    let values = Array2::from_shape_vec((1000, 12), numbers).expect("12 values a sample");
    let samples = Samples { values: Values::Floats(values), shape: vec![12], labels: None, places: None };
    let source = Source::new(&samples);
    for learning_rate in [1e-9, 1e-3] {
        let adam = Optimizer::Adam(Adam { learning_rate, ..Adam::default() });
        let (output_activation, loss) = (Activation::Linear, LossKind::Mse);
        let spec = Deep { layers: vec![4], output_activation, loss, ..Deep::default() }.spec(&[12]);
        let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(adam, 32)).expect("fits");
        let plan = Plan { epochs: 3, ..Plan::default() };
        let mut largest: f64 = 0.0;
        let outcome = fit(&mut trainer, &source, &source, &plan, &mut |event| {
            if let Event::Epoch { record, .. } = event {
                largest = largest.max(record.train_loss);
                let sum: f64 = record.train_terms.iter().map(|term| term.1).sum();
                assert!((sum / record.train_loss - 1.0).abs() < 1e-9, "the terms add up to the loss");
            }
            ControlFlow::Continue(())
        });
        let epochs = outcome.expect("sound").epochs;
        assert_eq!(epochs.len(), 3);
        assert!(largest > 100.0, "the outlier dominates the loss: {largest}");
    }
}

/// A value whose square overflows is named, wherever its batch comes in the epoch: no learning rate would help.
#[test]
fn an_outlier_that_overflows_is_no_divergence_either() {
    let values = Array2::from_shape_fn((64, 12), |(sample, at)| if (sample, at) == (40, 3) { 1e30 } else { 0.5 });
    let samples = Samples { values: Values::Floats(values), shape: vec![12], labels: None, places: None };
    let source = Source::new(&samples);
    let (output_activation, loss) = (Activation::Linear, LossKind::Mse);
    let spec = Deep { layers: vec![4], output_activation, loss, ..Deep::default() }.spec(&[12]);
    for seed in 0..4 {
        let training = Training { seed, ..training(ADAM, 16) };
        let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training).expect("fits");
        let error = fit(&mut trainer, &source, &source, &Plan::default(), &mut to_the_end).expect_err("overflows");
        assert!(matches!(error, Error::FirstLossNotFinite { .. }), "seed {seed}: {error:?}");
        assert!(error.to_string().contains("scale") && !error.to_string().contains("learning rate"), "{error}");
    }
}

/// A weight of a penalty that overflows 32-bit numbers is what is wrong, and not the data.
#[test]
fn a_penalty_that_is_too_heavy_is_named() {
    let samples = bytes(64, 20, 4);
    let source = Source::new(&samples);
    let vae = Vae { hidden_dims: vec![8], latent_dim: 2, beta: 1e60, ..Vae::default() }.spec(&[20]);
    let sparse = Deep { layers: vec![4], ..Deep::default() }.spec(&[20]).with_l1(1e60);
    for (spec, penalty) in [(vae, "KL divergence"), (sparse, "L1 activity")] {
        let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &training(ADAM, 64)).expect("fits");
        let error = fit(&mut trainer, &source, &source, &Plan::default(), &mut to_the_end).expect_err("infinite");
        let text = error.to_string();
        assert!(matches!(error, Error::FirstLossNotFinite { .. }), "{error:?}");
        assert!(text.contains(penalty) && text.contains("weight of this penalty"), "{text}");
        assert!(!text.contains("scale"), "{text}");
    }
}

#[test]
fn training_stops_when_asked_to_and_says_what_was_done() {
    let samples = bytes(100, 784, 4);
    let source = Source::new(&samples);
    let run = |stop_at: usize| {
        let network = Network::<f32>::new(&Basic { units: 8, loss: LossKind::Mse }.spec(&[784])).expect("fits");
        let mut trainer = Trainer::new(network, &training(ADAM, 30)).expect("fits");
        let plan = Plan { epochs: 3, ..Plan::default() };
        let mut steps = 0;
        let outcome = fit(&mut trainer, &source, &source, &plan, &mut |event| {
            steps += usize::from(matches!(event, Event::Step { .. }));
            if steps < stop_at { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        (outcome.expect("learns"), trainer.steps())
    };
    let (outcome, steps) = run(6);
    assert_eq!((outcome.epochs.len(), outcome.stopped, steps), (1, true, 6));
    let (outcome, steps) = run(usize::MAX);
    assert_eq!((outcome.epochs.len(), outcome.stopped, steps), (3, false, 12), "100 samples are 4 batches of 30");
    assert!(outcome.epochs[2].train_loss < outcome.epochs[0].train_loss);
}

/// Each prediction belongs to its sample, across several batches and shards.
#[test]
fn predictions_do_not_depend_on_the_batches_they_are_made_in() {
    let samples = bytes(50, 784, 4);
    let source = Source::new(&samples);
    let spec = Deep { layers: vec![6], activation: Activation::Tanh, ..Deep::default() }.spec(&[784]);
    let network = || Network::<f32>::new(&spec).expect("fits");
    let one_by_one = Trainer::new(network(), &Training { seed: 5, ..training(ADAM, 1) }).expect("fits");
    let order: Vec<u32> = all(50).into_iter().rev().collect();
    let alone: Vec<_> =
        order.iter().map(|&i| one_by_one.predict(&source, &[i]).expect("fits").into_raw_vec_and_offset().0).collect();
    for batch_size in [1, 7, 16, 50, 64] {
        let trainer = Trainer::new(network(), &Training { seed: 5, ..training(ADAM, batch_size) }).expect("fits");
        let together = trainer.predict(&source, &order).expect("fits");
        assert_eq!(together.as_slice(), Some(&alone.concat()[..]), "batches of {batch_size}");
    }
    // Each is σ(z) from the formulas of the layers, written out for one sample.
    let theta: Vec<f64> = one_by_one.theta().iter().map(|&w| f64::from(w)).collect();
    let mut x = vec![0.0_f64; 784];
    source.fill(order[3] as usize, &mut x).expect("is there");
    let (w1, b1, w2, b2) = (&theta[..4704], &theta[4704..4710], &theta[4710..9414], &theta[9414..]);
    let h: Vec<f64> = (0..6).map(|j| ((0..784).map(|i| x[i] * w1[i * 6 + j]).sum::<f64>() + b1[j]).tanh()).collect();
    for k in [0, 100, 783] {
        let z = (0..6).map(|j| h[j] * w2[j * 784 + k]).sum::<f64>() + b2[k];
        assert!((f64::from(alone[3][k]) - 1.0 / (1.0 + (-z).exp())).abs() < 1e-6);
    }
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let network = Network::<f32>::new(&Basic { units: 8, loss: LossKind::Mse }.spec(&[784])).expect("fits");
    let mut trainer = Trainer::new(network, &training(ADAM, 30)).expect("fits");
    let small = bytes(10, 10, 1);
    let error = trainer.evaluate(&Source::new(&small)).expect_err("other size");
    assert_eq!(error, Error::SampleSize { network: 784, samples: 10 });
    let none = bytes(0, 784, 1);
    assert_eq!(trainer.evaluate(&Source::new(&none)).expect_err("none"), Error::NoSamples("validation"));
}

#[test]
fn the_order_is_a_permutation_of_its_own_for_every_seed_and_epoch() {
    let order = |seed, epoch| {
        let mut order = vec![0; 1000];
        shuffled(seed, epoch, &mut order);
        order
    };
    let mut sorted = order(1, 1);
    sorted.sort_unstable();
    assert_eq!(sorted, all(1000));
    assert_eq!(order(1, 1), order(1, 1));
    assert!(order(1, 1) != order(1, 2) && order(1, 1) != order(2, 1) && order(1, 1) != all(1000));
}

/// The reported terms add up to the loss. (`handgrad gradcheck` shows for every kind of model that the gradient is
/// correct with penalties and noise.)
#[test]
fn the_terms_of_a_loss_add_up_to_it() {
    let samples = bytes(40, 784, 4);
    let mut with_penalty = 0;
    for (spec, batch, optimizer) in specs() {
        let network = Network::<f64>::new(&spec).expect("fits");
        let penalties = network.term_names().len() - 1;
        let mut trainer = Trainer::new(network, &training(optimizer, batch)).expect("fits");
        let loss = trainer.gradient(&Source::new(&samples), &all(batch.min(samples.len()))).expect("fits").0;
        assert_eq!(trainer.terms().len(), 1 + penalties);
        assert!((trainer.terms().iter().sum::<f64>() - loss).abs() < 1e-12 * loss.abs().max(1.0), "{spec:?}");
        with_penalty += usize::from(penalties > 0 && trainer.terms()[1..].iter().all(|term| *term > 0.0));
    }
    assert!(with_penalty >= 4, "only {with_penalty} have penalties");
}
