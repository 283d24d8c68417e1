//! Training over several epochs: schedules, early stopping, clipping, decay, and the measured values.

use std::ops::ControlFlow;

use handgrad_dataset::Samples;
use handgrad_layers::{Activation, Optimizer, ParamRole, Reduction, kl_sparsity};
use handgrad_models::{Basic, Deep, LayerSpec, Network, Spec};
use handgrad_tests::{ADAM, SGD, all, bytes, floats, on, specs, to_the_end, training};
use handgrad_trainer::{
    EpochRecord, Event, Plan, Schedule, Source, State, Trainer, Training, evaluate, fit, go_on, shuffled,
};

fn small() -> Spec {
    Deep { layers: vec![9, 4], activation: Activation::Tanh, ..Deep::default() }.spec(&[20])
}

fn trainer(spec: &Spec, optimizer: Optimizer, batch: usize) -> Trainer<f32> {
    Trainer::new(Network::new(spec).expect("fits"), &training(optimizer, batch)).expect("fits")
}

/// An epoch's record without its times.
fn timeless(record: &EpochRecord) -> EpochRecord {
    EpochRecord { seconds: 0.0, samples_per_second: 0.0, ..record.clone() }
}

#[test]
fn every_epoch_has_the_rate_of_its_schedule_and_steps_with_it() {
    let samples = floats(50, 20, 1);
    let source = Source::new(&samples);
    let schedules = [
        (Schedule::Constant, [0.1; 4]),
        (Schedule::Step { every: 2, factor: 0.5 }, [0.1, 0.1, 0.05, 0.05]),
        // 0.02 + 0.08·(1 + cos(π·(e − 1)/4))/2
        (Schedule::Cosine { floor: 0.02 }, [0.1, 0.06 + 0.04 * 0.5_f64.sqrt(), 0.06, 0.06 - 0.04 * 0.5_f64.sqrt()]),
    ];
    for (schedule, rates) in schedules {
        let mut fitted = trainer(&small(), SGD, 20);
        let plan = Plan { epochs: 4, schedule, ..Plan::default() };
        let outcome = fit(&mut fitted, &source, &source, &plan, &mut to_the_end).expect("learns");
        let mut by_hand = trainer(&small(), SGD, 20);
        let mut order = vec![0; 50];
        for (at, record) in outcome.epochs.iter().enumerate() {
            assert!((record.learning_rate - rates[at]).abs() < 1e-16, "{schedule:?}: {record:?}");
            by_hand.set_learning_rate(record.learning_rate).expect("is one");
            shuffled(0, at as u64 + 1, &mut order);
            order.chunks(20).for_each(|batch| {
                by_hand.step(&source, batch);
            });
        }
        assert_eq!(fitted.theta(), by_hand.theta(), "{schedule:?}");
        assert_eq!(fitted.optimizer(), &SGD, "the optimiser's own rate stays what a schedule starts from");
    }
}

/// A network that learns 8 samples by heart, so that its error on other samples increases.
fn overfitting(early_stopping: Option<usize>, epochs: usize) -> (Vec<f32>, f64, handgrad_trainer::Outcome) {
    let (samples, others) = (floats(8, 20, 1), floats(40, 20, 2));
    let (train, validation) = (Source::new(&samples), Source::new(&others));
    let mut trainer = trainer(&small(), ADAM, 8);
    let plan = Plan { epochs, early_stopping, ..Plan::default() };
    let outcome = fit(&mut trainer, &train, &validation, &plan, &mut to_the_end).expect("learns");
    (trainer.theta().to_vec(), trainer.evaluate(&validation).expect("fits").loss, outcome)
}

#[test]
fn early_stopping_stops_and_gives_back_the_best_epoch() {
    for patience in [1, 3, 10] {
        let (theta, loss, outcome) = overfitting(Some(patience), 400);
        let losses: Vec<f64> = outcome.epochs.iter().map(|record| record.validation_loss).collect();
        let best = outcome.best_epoch.expect("an epoch");
        assert_eq!(losses.len(), best + patience, "it stopped {patience} epochs after the best one");
        assert!(losses.len() < 400 && !outcome.stopped);
        assert!(losses[..best - 1].iter().chain(&losses[best..]).all(|&other| other > losses[best - 1]));
        assert_eq!(loss, losses[best - 1], "the trainer has the weights of that epoch");
        // And before that end there was no stretch of the same length without a lower loss.
        let mut since = 0;
        let mut lowest = f64::INFINITY;
        for &loss in &losses[..losses.len() - 1] {
            since = if loss < lowest { 0 } else { since + 1 };
            lowest = lowest.min(loss);
            assert!(since < patience, "{losses:?}");
        }
        assert_eq!(theta, overfitting(None, best).0, "the same bits as a run of {best} epochs");
    }
    // A run that ends before the patience is used up also returns the best weights. Without early stopping the last
    // weights are kept.
    let (_, loss, outcome) = overfitting(Some(1_000), 400);
    let best = outcome.best_epoch.expect("an epoch");
    assert!(outcome.epochs.len() == 400 && best < 400 && loss == outcome.epochs[best - 1].validation_loss);
    let (_, loss, outcome) = overfitting(None, 400);
    assert_eq!((outcome.best_epoch, loss), (None, outcome.epochs[399].validation_loss));
}

/// Everything that a training needs to continue is in the trainer and in the state: stopped after any epoch, it ends
/// with the same bits.
#[test]
fn a_stopped_training_goes_on_to_the_same_bits() {
    let (samples, others) = (floats(30, 20, 1), floats(40, 20, 2));
    let (train, validation) = (Source::new(&samples), Source::new(&others));
    let plateau = Schedule::Plateau { patience: 1, factor: 0.3 };
    for (schedule, early_stopping) in [(plateau, Some(9)), (Schedule::Cosine { floor: 1e-4 }, None)] {
        let plan = Plan { epochs: 60, schedule, early_stopping };
        let run = |stop_after: usize| {
            let settings = Training { clip_norm: Some(0.02), weight_decay: 0.05, ..training(ADAM, 8) };
            let mut trainer = Trainer::new(Network::<f32>::new(&small()).expect("fits"), &settings).expect("fits");
            let mut state = State::new(&trainer);
            let mut until = |epoch: usize| {
                let mut events = |event: Event| match event {
                    Event::Epoch { record, .. } if record.epoch == epoch => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                };
                go_on(&mut trainer, &train, &validation, &plan, &mut state, &mut events).expect("learns")
            };
            let first = until(stop_after);
            assert_eq!(first, stop_after == 0);
            assert!(until(0), "it ends");
            assert!(until(0), "and there is nothing more to do");
            state.records = state.records.iter().map(timeless).collect();
            (trainer.theta().to_vec(), trainer.steps(), state)
        };
        let whole = run(0);
        let rates: Vec<f64> = whole.2.records.iter().map(|record| record.learning_rate).collect();
        assert!(rates.windows(2).any(|pair| pair[1] < pair[0]), "{rates:?}");
        if early_stopping.is_some() {
            assert!(whole.2.records.len() < 60 && whole.2.best.is_some(), "{} epochs", whole.2.records.len());
        }
        for stop_after in [1, 2, 5, 6, 7, 11] {
            assert!(run(stop_after) == whole, "stopped after {stop_after}");
        }
    }
}

/// For every kind of network: steps with clipping and decay have the same bits at every thread count, whatever the
/// scratch memory contained. A norm limit that no gradient reaches changes nothing.
#[test]
fn clipped_steps_have_the_same_bits_at_every_thread_count() {
    let samples = bytes(120, 784, 4);
    let source = Source::new(&samples);
    for (spec, batch, optimizer) in specs() {
        let run = |threads, clip_norm: Option<f64>, weight_decay, poison| {
            on(threads, || {
                let settings = Training { clip_norm, weight_decay, ..training(optimizer, batch) };
                let mut trainer = Trainer::new(Network::<f32>::new(&spec).expect("fits"), &settings).expect("fits");
                for samples in all(120).chunks(batch.min(50)) {
                    if poison {
                        trainer.poison();
                    }
                    trainer.step(&source, samples);
                }
                trainer.theta().to_vec()
            })
        };
        let alone = run(1, Some(1e-3), 0.1, false);
        for threads in [2, 3, 4, 8, 16] {
            assert!(run(threads, Some(1e-3), 0.1, threads % 2 == 0) == alone, "{threads} threads: {spec:?}");
        }
        let plain = run(2, None, 0.0, false);
        assert!(plain == run(2, Some(1e30), 0.0, true), "{spec:?}");
        assert!(plain != run(2, Some(1e-3), 0.0, false) && plain != run(2, None, 0.1, false), "{spec:?}");
    }
}

/// θ − αλθ − αg for the weights, θ − αg for the biases; with clipping g has the norm c, over the whole network.
#[test]
fn a_step_decays_weights_but_not_biases_and_is_as_long_as_clipping_says() {
    let (alpha, lambda, max_norm) = (0.5, 0.25, 1e-3);
    let samples = floats(10, 20, 3);
    let source = Source::new(&samples);
    let plain = training(Optimizer::Sgd { learning_rate: alpha, momentum: 0.0 }, 10);
    let new = |settings: Training| {
        let network = Network::<f64>::new(&small()).expect("fits");
        // Biases are initialised with 0, where decay has no visible effect; so other values are used here.
        let theta = handgrad_tests::numbers(network.param_count(), 8).into_iter().map(f64::from).collect();
        Trainer::with_weights(network, theta, &settings).expect("fits")
    };
    let before = new(plain).theta().to_vec();
    let gradient = new(plain).gradient(&source, &all(10)).expect("fits").1;
    let step = |mut trainer: Trainer<f64>| {
        trainer.step(&source, &all(10));
        trainer.theta().to_vec()
    };
    let decayed = step(new(Training { weight_decay: lambda, ..plain }));
    let (mut weights, mut biases) = (0, 0);
    for param in new(plain).network().params() {
        for at in param.range.clone() {
            let decay = match param.spec.role {
                ParamRole::Weight { .. } => lambda,
                ParamRole::Bias => 0.0,
            };
            let expected = before[at] - alpha * decay * before[at] - alpha * gradient[at];
            assert!((decayed[at] - expected).abs() < 1e-15, "{param:?}");
            *(if decay > 0.0 { &mut weights } else { &mut biases }) += 1;
        }
    }
    assert_eq!((weights, biases), (2 * (20 * 9 + 9 * 4), 2 * 9 + 4 + 20));
    let clipped = step(new(Training { clip_norm: Some(max_norm), ..plain }));
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!(norm > 10.0 * max_norm, "{norm}");
    let mut length = 0.0;
    for at in 0..before.len() {
        let expected = before[at] - alpha * gradient[at] * max_norm / norm;
        assert!((clipped[at] - expected).abs() < 1e-15);
        length += (clipped[at] - before[at]).powi(2);
    }
    assert!((length.sqrt() / (alpha * max_norm) - 1.0).abs() < 1e-9);
}

#[test]
fn what_is_measured_does_not_depend_on_the_batch_size_and_adds_up() {
    let samples = bytes(130, 784, 4);
    let source = Source::new(&samples);
    for (spec, _, optimizer) in specs() {
        let measure = |batch: usize| {
            let mut trainer = trainer(&spec, optimizer, batch);
            // A step leaves means of its batch behind; the evaluation must not use them.
            trainer.step(&source, &[0]);
            let theta = trainer.theta().to_vec();
            let network = Network::<f32>::new(&spec).expect("fits");
            let mut trainer = Trainer::with_weights(network, theta, &training(optimizer, batch)).expect("fits");
            trainer.poison();
            let evaluation = trainer.evaluate(&source).expect("fits");
            let alone = evaluate(trainer.network(), trainer.theta(), &source, batch);
            assert_eq!(alone.expect("fits"), evaluation, "without a trainer: {spec:?}");
            (evaluation.loss, evaluation.terms)
        };
        let (loss, terms) = measure(130);
        let names: Vec<_> = terms.iter().map(|term| term.0).collect();
        assert_eq!(names, Network::<f32>::new(&spec).expect("fits").term_names());
        assert!((terms.iter().map(|term| term.1).sum::<f64>() - loss).abs() <= 1e-15 * loss, "{terms:?}");
        for batch in [1, 7, 64, 129, 500] {
            assert_eq!(measure(batch), (loss, terms.clone()), "batches of {batch}: {spec:?}");
        }
    }
}

/// The KL penalty of an evaluation is computed from the mean code over all samples; here it is computed from the
/// codes.
#[test]
fn the_sparsity_that_is_measured_is_that_of_all_samples() {
    let samples = bytes(130, 784, 4);
    let source = Source::new(&samples);
    let spec = Basic { units: 12, ..Basic::default() }.spec(&[784]).with_kl(0.1, 0.3).expect("has an activation");
    let mut trainer = trainer(&spec, ADAM, 32);
    let penalty = trainer.evaluate(&source).expect("fits").terms[1].1;
    let codes = trainer.encode(&source, &all(130)).expect("fits");
    let kl = |mean: f64| 0.1 * (0.1 / mean).ln() + 0.9 * (0.9 / (1.0 - mean)).ln();
    let means: Vec<f64> =
        codes.columns().into_iter().map(|unit| unit.iter().map(|&h| f64::from(h)).sum::<f64>() / 130.0).collect();
    let expected = 0.3 * means.iter().copied().map(kl).sum::<f64>();
    assert!((penalty / expected - 1.0).abs() < 1e-6, "{penalty}, {expected}");
    assert!((kl_sparsity::divergence(0.1, &means) * 0.3 / expected - 1.0).abs() < 1e-12);
}

#[test]
fn the_terms_of_every_epoch_add_up() {
    let samples = bytes(60, 784, 4);
    let source = Source::new(&samples);
    for (spec, batch, optimizer) in specs() {
        let mut trainer = trainer(&spec, optimizer, batch);
        let plan = Plan { epochs: 2, ..Plan::default() };
        let outcome = fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
        for record in &outcome.epochs {
            for (terms, loss) in
                [(&record.train_terms, record.train_loss), (&record.validation_terms, record.validation_loss)]
            {
                assert_eq!(terms[0].0, "reconstruction");
                let sum: f64 = terms.iter().map(|term| term.1).sum();
                assert!((sum / loss - 1.0).abs() < 1e-12, "{terms:?}, {loss}");
            }
        }
        let both = trainer.network().loss().per_value_and_sample(6.0, 3);
        assert_eq!(both, if spec.reduction == Reduction::Sum { [2.0, 6.0] } else { [6.0, 18.0] });
    }
}

/// A part of a data set behaves like a data set of these samples alone.
#[test]
fn a_part_of_a_source_is_a_source() {
    let whole = bytes(40, 20, 4);
    let handgrad_dataset::Values::Bytes(values) = &whole.values else { panic!("bytes") };
    let rows = values.slice(ndarray::s![25..37, ..]).to_owned();
    let alone = Samples { values: handgrad_dataset::Values::Bytes(rows), ..whole.clone() };
    let (part, alone) = (Source::part(&whole, 25..37).expect("are there"), Source::new(&alone));
    assert_eq!((part.len(), part.features()), (12, 20));
    let noisy = {
        let mut spec = small();
        spec.encoder.insert(0, LayerSpec::Noise(handgrad_layers::Noise::Masking { p: 0.3 }));
        spec
    };
    let run = |source: &Source| {
        let mut trainer = trainer(&noisy, ADAM, 5);
        let plan = Plan { epochs: 2, ..Plan::default() };
        fit(&mut trainer, source, source, &plan, &mut to_the_end).expect("learns");
        (trainer.theta().to_vec(), trainer.evaluate(source).expect("fits").loss)
    };
    assert_eq!(run(&part), run(&alone));
    assert!(run(&part) != run(&Source::part(&whole, 24..36).expect("are there")));
}
