//! A trainer refuses invalid input: numbers of samples that do not exist, invalid settings, values that are not
//! finite. It also does some things by itself: it counts its epochs, applies the scale, and keeps the best weights.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use handgrad_dataset::{Samples, Values};
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, adam::Adam};
use handgrad_models::{Deep, Network, Scale, Spec};
use handgrad_tests::{ADAM, SGD, all, bytes, floats, to_the_end, training};
use handgrad_trainer::checkpoint::Checkpoint;
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{
    EpochRecord, Error, Event, Plan, Schedule, Source, State, Trainer, Training, evaluate, fit, go_on, shuffled,
};
use ndarray::Array2;

fn small() -> Spec {
    Deep { layers: vec![9, 4], activation: Activation::Tanh, ..Deep::default() }.spec(&[20])
}

/// A network with noise, so that its steps depend on the number of the epoch.
fn noisy() -> Spec {
    small().with_noise(Noise::Masking { p: 0.3 })
}

fn trainer(spec: &Spec, training: &Training) -> Trainer<f32> {
    Trainer::new(Network::new(spec).expect("fits"), training).expect("makes sense")
}

/// The records of epochs without the times.
fn timeless(records: &[EpochRecord]) -> Vec<EpochRecord> {
    records.iter().map(|record| EpochRecord { seconds: 0.0, samples_per_second: 0.0, ..record.clone() }).collect()
}

#[test]
fn samples_beyond_a_source_are_refused() {
    let samples = bytes(20, 20, 1);
    let part = Source::part(&samples, 0..10).expect("is there");
    assert_eq!(Source::part(&samples, 10..21).expect_err("21"), Error::NoSuchPart { start: 10, end: 21, samples: 20 });
    let none = Error::NoSuchSample { number: 15, samples: 10 };
    let mut trainer = trainer(&small(), &training(ADAM, 4));
    assert_eq!(trainer.gradient(&part, &[3, 15]).expect_err("15"), none);
    assert_eq!(trainer.input_gradient(&part, &[3, 15]).expect_err("15"), none);
    assert_eq!(trainer.predict(&part, &[3, 15]).expect_err("15"), none);
    assert_eq!(trainer.encode(&part, &[3, 15]).expect_err("15"), none);
    assert_eq!(part.fill(15, &mut [0.0_f32; 20]).expect_err("15"), none);
    assert_eq!(part.fill_rows(&[3, 15], &mut [0.0_f32; 40]).expect_err("15"), none);
    let too_short = Error::BufferSize { expected: 40, found: 39 };
    assert_eq!(part.fill_rows(&[3, 4], &mut [0.0_f32; 39]).expect_err("short"), too_short);
    // For `step`, the error is a panic with the same words, and the weights stay as they were.
    let before = trainer.theta().to_vec();
    let mut panic_of = |numbers: &[u32]| {
        let panic = catch_unwind(AssertUnwindSafe(|| trainer.step(&part, numbers))).expect_err("refused");
        *panic.downcast::<String>().expect("a text")
    };
    assert_eq!(panic_of(&[3, 15]), none.to_string());
    assert!(none.to_string().contains("sample 15 does not exist: the source has 10 samples"), "{none}");
    assert!(panic_of(&all(5)).contains("a batch has 1 to 4 samples, but 5 were given"));
    assert!(panic_of(&[]).contains("but 0 were given"));
    assert_eq!(trainer.theta(), before);
    let error = trainer.gradient(&part, &all(5)).expect_err("5");
    assert_eq!(error, Error::BatchSize { samples: 5, batch_size: 4 });
    let narrow = bytes(20, 19, 1);
    let error = trainer.gradient(&Source::new(&narrow), &[0]).expect_err("19");
    assert_eq!(error, Error::SampleSize { network: 20, samples: 19 });
    assert!(matches!(trainer.set_theta(&before[1..]), Err(Error::WeightCount { .. })));
    // A count of 1 has its noun in the singular.
    for (error, words) in [
        (Error::BatchSize { samples: 2, batch_size: 1 }, "a batch has 1 sample, but 2 were given"),
        (Error::NoSuchSample { number: 1, samples: 1 }, "the source has 1 sample, numbered"),
        (Error::SampleSize { network: 1, samples: 19 }, "takes 1 value for each sample"),
        (Error::NoSuchPlace { steps: 1, samples: 1, all: 3, batch: 2 }, "after 1 step and 1 sample of an epoch"),
    ] {
        assert!(error.to_string().contains(words), "{words:?} is not in {error}");
    }
}

/// Two trainings of two epochs equal one of four, to the bit. A second training can be paused and continued like a
/// first one.
#[test]
fn a_second_fit_goes_on() {
    let samples = floats(30, 20, 1);
    let source = Source::new(&samples);
    let settings = Training { seed: 3, ..training(ADAM, 8) };
    let two = Plan { epochs: 2, ..Plan::default() };
    let run = |plans: &[Plan]| {
        let mut trainer = trainer(&noisy(), &settings);
        let fit = |plan| fit(&mut trainer, &source, &source, plan, &mut to_the_end).expect("learns").epochs;
        let records: Vec<_> = plans.iter().flat_map(fit).collect();
        assert_eq!(trainer.finished_epochs(), records.len());
        (trainer.theta().to_vec(), timeless(&records))
    };
    let whole = run(&[Plan { epochs: 4, ..two }]);
    assert_eq!(whole.1.iter().map(|record| record.epoch).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(run(&[two, two]) == whole);
    // A pause in the second training after each of its steps; then another trainer continues from the file.
    let stopping = Plan { early_stopping: Some(9), ..two };
    let mut first = trainer(&noisy(), &settings);
    fit(&mut first, &source, &source, &two, &mut to_the_end).expect("learns");
    let mut state = State::new(&first);
    let mut pauses = 0;
    let one_step = &mut |_: Event| ControlFlow::Break(());
    while !go_on(&mut first, &source, &source, &stopping, &mut state, one_step).expect("learns") {
        let file = Checkpoint::of(&first, &state, "a run").encode().expect("can be written");
        let checkpoint = Checkpoint::decode(&file, &["reconstruction"]).expect("whole");
        assert_eq!(checkpoint.state, state);
        let mut second = trainer(&noisy(), &settings);
        let mut state = checkpoint.restore(&mut second).expect("fits");
        // After the last step of an epoch, its validation has not been done yet.
        assert!(second.finished_epochs() == first.finished_epochs() || state.place.samples == 30, "pause {pauses}");
        assert!(go_on(&mut second, &source, &source, &stopping, &mut state, &mut to_the_end).expect("learns"));
        assert!(second.theta() == whole.0 && timeless(&state.records) == whole.1[2..], "from pause {pauses}");
        assert!(state.best.is_some_and(|best| (3..=4).contains(&best.epoch)));
        pauses += 1;
    }
    assert_eq!(pauses, 2 * (4 + 1), "after each step and each epoch");
}

/// A loop over `step` uses the noise of the current epoch, as `fit` does.
#[test]
fn steps_alone_come_to_the_next_epoch() {
    let samples = floats(30, 20, 1);
    let source = Source::new(&samples);
    let mut fitted = trainer(&noisy(), &training(ADAM, 8));
    let plan = Plan { epochs: 3, ..Plan::default() };
    fit(&mut fitted, &source, &source, &plan, &mut to_the_end).expect("learns");
    let mut by_hand = trainer(&noisy(), &training(ADAM, 8));
    let mut order = vec![0; samples.len()];
    for epoch in 1..=3 {
        shuffled(0, epoch, &mut order);
        order.chunks(8).for_each(|batch| {
            assert_eq!(by_hand.finished_epochs() as u64, epoch - 1);
            by_hand.step(&source, batch);
        });
    }
    assert_eq!(by_hand.theta(), fitted.theta());
    assert_eq!((by_hand.finished_epochs(), fitted.finished_epochs()), (3, 3));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let adam = |adam| Training { optimizer: Optimizer::Adam(adam), ..Training::default() };
    let sgd = |learning_rate, momentum| training(Optimizer::Sgd { learning_rate, momentum }, 8);
    let usual = Adam::default();
    for (settings, words) in [
        (adam(Adam { learning_rate: 0.0, ..usual }), "learning_rate is 0, but must be a number above 0"),
        (adam(Adam { learning_rate: f64::NAN, ..usual }), "learning_rate is NaN"),
        (adam(Adam { learning_rate: f64::INFINITY, ..usual }), "learning_rate is inf"),
        (adam(Adam { beta1: 1.0, ..usual }), "beta1 is 1, but must be at least 0 and below 1"),
        (adam(Adam { beta1: -0.1, ..usual }), "beta1 is -0.1"),
        (adam(Adam { beta2: 1.5, ..usual }), "beta2 is 1.5, but must be at least 0 and below 1"),
        (adam(Adam { epsilon: 0.0, ..usual }), "epsilon is 0, but must be a number of at least 1e-12"),
        (adam(Adam { epsilon: f64::NAN, ..usual }), "epsilon is NaN"),
        (sgd(-0.1, 0.9), "learning_rate is -0.1, but must be a number of at least 0"),
        (sgd(f64::NAN, 0.9), "learning_rate is NaN"),
        (sgd(0.1, 1.0), "momentum is 1, but must be at least 0 and below 1"),
        (sgd(0.1, f64::NAN), "momentum is NaN"),
        (training(ADAM, 0), "batch_size is 0, but must be at least 1"),
        (Training { weight_decay: -1.0, ..Training::default() }, "weight_decay is -1"),
        (Training { weight_decay: f64::INFINITY, ..Training::default() }, "weight_decay is inf"),
        (Training { clip_norm: Some(0.0), ..Training::default() }, "clip_norm is 0, but must be a number above 0"),
        (Training { clip_norm: Some(f64::NAN), ..Training::default() }, "clip_norm is NaN"),
    ] {
        let new = Trainer::new(Network::<f32>::new(&small()).expect("fits"), &settings);
        let error = new.map(|_| ()).expect_err("makes no sense");
        assert!(error.is_usage() && error.to_string().contains(words), "{words:?} is not in {error}");
    }
    let mut trainer = trainer(&small(), &sgd(0.1, 0.0));
    assert!(trainer.set_learning_rate(f64::NAN).is_err() && trainer.set_learning_rate(0.05).is_ok());
    let network = Network::<f32>::new(&small()).expect("fits");
    let too_few = Trainer::with_weights(network, vec![0.0; 7], &Training::default()).map(|_| ());
    assert_eq!(too_few.expect_err("7"), Error::WeightCount { expected: trainer.theta().len(), found: 7 });
    let network = Network::<f32>::new(&small()).expect("fits");
    let too_many = Trainer::new(network, &training(ADAM, usize::MAX)).map(|_| ());
    assert!(matches!(too_many, Err(Error::OutOfMemory { .. })));
    assert!(evaluate(trainer.network(), trainer.theta(), &Source::new(&floats(3, 20, 1)), 0).is_err());
}

/// If a batch has room for more samples than there are, all samples are one batch.
#[test]
fn a_batch_may_have_room_for_more_than_there_is() {
    let samples = floats(30, 20, 1);
    let source = Source::new(&samples);
    let run = |batch_size| {
        let mut trainer = trainer(&noisy(), &training(ADAM, batch_size));
        let plan = Plan { epochs: 3, ..Plan::default() };
        fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
        (trainer.theta().to_vec(), trainer.steps())
    };
    assert!(run(100) == run(30) && run(100).1 == 3);
}

/// Given weights are trained with the noise of the given seed.
#[test]
fn given_weights_leave_the_seed_as_it_is() {
    let samples = floats(8, 20, 1);
    let step = |theta: Option<Vec<f32>>, seed| {
        let (network, settings) = (Network::<f32>::new(&noisy()).expect("fits"), Training { seed, ..training(SGD, 8) });
        let trainer = match theta {
            Some(theta) => Trainer::with_weights(network, theta, &settings),
            None => Trainer::new(network, &settings),
        };
        let mut trainer = trainer.expect("fits");
        trainer.step(&Source::new(&samples), &all(8));
        trainer.theta().to_vec()
    };
    let start = Network::<f32>::new(&noisy()).expect("fits").init(5);
    assert_eq!(step(Some(start.clone()), 5), step(None, 5));
    assert!(step(Some(start.clone()), 5) != step(Some(start), 0));
}

#[test]
fn a_value_that_is_no_number_is_found_before_training() {
    let good = floats(30, 20, 1);
    for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut bad = good.clone();
        let Values::Floats(values) = &mut bad.values else { panic!("floats") };
        (values[[17, 4]], values[[25, 1]]) = (value, value);
        let (bad, good) = (Source::new(&bad), Source::new(&good));
        let mut trainer = trainer(&small(), &training(ADAM, 8));
        let start = trainer.theta().to_vec();
        for (train, validation, set) in [(&bad, &good, "training"), (&good, &bad, "validation")] {
            let fitted = fit(&mut trainer, train, validation, &Plan::default(), &mut to_the_end);
            let error = fitted.expect_err("no number");
            let mut state = State::new(&trainer);
            let gone_on = go_on(&mut trainer, train, validation, &Plan::default(), &mut state, &mut to_the_end);
            assert_eq!(gone_on.expect_err("no number").to_string(), error.to_string());
            let named = format!("sample 17 of the {set} set has the value {word} at position 4");
            assert!(error.to_string().contains(&named) && !error.is_divergence(), "{error}");
        }
        assert!(matches!(trainer.evaluate(&bad), Err(Error::NotFinite { sample: 17, position: 4, .. })));
        assert_eq!((trainer.theta(), trainer.steps()), (&start[..], 0), "nothing was learnt");
    }
    // A value of the data that is not finite in the precision of the network.
    let values = Array2::from_shape_fn((9, 20), |(sample, _)| if sample == 6 { 1e300 } else { 0.5 });
    let mut trainer = trainer(&small(), &training(ADAM, 8));
    let error = trainer.evaluate(&Source::from(values.view())).expect_err("too large for f32");
    assert_eq!(error, Error::NotFinite { set: "validation", sample: 6, position: 0, value: 1e300 });
}

/// A training that diverges after some epochs keeps the weights of the best of them.
#[test]
fn after_a_divergence_the_best_weights_are_kept() {
    let samples = floats(40, 20, 1);
    let source = Source::new(&samples);
    // Linear layers and a learning rate that is slightly too large: the error grows from epoch to epoch.
    let (activation, output_activation) = (Activation::Linear, Activation::Linear);
    let spec =
        Deep { layers: vec![6], activation, output_activation, loss: LossKind::Mse, ..Deep::default() }.spec(&[20]);
    let settings = training(Optimizer::Sgd { learning_rate: LONG_STEP, momentum: 0.0 }, 40);
    let run = |epochs, early_stopping| {
        let mut trainer = trainer(&spec, &settings);
        let mut losses = Vec::new();
        let plan = Plan { epochs, early_stopping, ..Plan::default() };
        let outcome = fit(&mut trainer, &source, &source, &plan, &mut |event| {
            if let Event::Epoch { record, .. } = event {
                losses.push(record.validation_loss);
            }
            ControlFlow::Continue(())
        });
        (trainer.theta().to_vec(), losses, outcome)
    };
    let (theta, losses, outcome) = run(1000, Some(1000));
    let error = outcome.expect_err("it diverges");
    assert!(error.is_divergence(), "{error}");
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).expect("an epoch") + 1;
    assert!(losses.len() > best, "{losses:?}");
    assert_eq!(theta, run(best, None).0);
    // The same holds if the epochs are requested one by one.
    let mut trainer = trainer(&spec, &settings);
    let plan = Plan { epochs: 1000, early_stopping: Some(1000), ..Plan::default() };
    let records: Vec<_> = trainer.epochs(&source, &source, &plan).collect();
    assert_eq!(records.len(), losses.len() + 1, "and an error");
    assert!(records.last().is_some_and(|last| *last == Err(error)) && trainer.theta() == theta);
}

const LONG_STEP: f64 = 3.0;

#[test]
fn epochs_one_by_one_are_those_of_a_fit() {
    let (samples, others) = (floats(8, 20, 1), floats(40, 20, 2));
    let (train, validation) = (Source::new(&samples), Source::new(&others));
    let plateau = Schedule::Plateau { patience: 1, factor: 0.5 };
    for plan in [
        Plan { epochs: 5, schedule: plateau, ..Plan::default() },
        Plan { epochs: 400, early_stopping: Some(3), ..Plan::default() },
        Plan { epochs: 0, ..Plan::default() },
    ] {
        let mut fitted = trainer(&noisy(), &training(ADAM, 3));
        let outcome = fit(&mut fitted, &train, &validation, &plan, &mut to_the_end).expect("learns");
        assert!(outcome.epochs.len() < 400);
        let mut by_epoch = trainer(&noisy(), &training(ADAM, 3));
        let records: Result<Vec<_>, _> = by_epoch.epochs(&train, &validation, &plan).collect();
        assert_eq!(timeless(&records.expect("learns")), timeless(&outcome.epochs));
        assert_eq!(by_epoch.theta(), fitted.theta());
    }
    let mut trainer = trainer(&small(), &training(ADAM, 3));
    let none = bytes(0, 20, 1);
    let none = Source::new(&none);
    let mut epochs = trainer.epochs(&none, &validation, &Plan::default());
    assert_eq!(epochs.next(), Some(Err(Error::NoSamples("training"))));
    assert_eq!(epochs.next(), None);
}

/// With a scale in its specification, a network learns the same bits from the original data as a network without a
/// scale learns from data that was scaled before.
#[test]
fn the_scale_of_a_specification_is_applied() {
    let scale = Scale::of_all(-3.7, 11.3);
    let samples = {
        let mut samples = floats(30, 20, 1);
        let Values::Floats(values) = &mut samples.values else { panic!("floats") };
        values.mapv_inplace(|value| value * 11.3 - 3.7);
        samples
    };
    for samples in [samples, bytes(30, 20, 2)] {
        let values = match &samples.values {
            Values::Bytes(values) => values.mapv(|value| f32::from(value) / 255.0),
            Values::Floats(values) => values.clone(),
            Values::Doubles(values) => values.mapv(|value| value as f32),
        };
        let by_hand = values.mapv(|value| ((f64::from(value) - scale.offset[0]) / scale.factor[0]) as f32);
        let by_hand = Samples { values: Values::Floats(by_hand), ..samples.clone() };
        let with_scale = Spec { scale: Some(scale.clone()), ..noisy() };
        let run = |spec: &Spec, samples: &Samples| {
            let source = Source::new(samples);
            let mut trainer = trainer(spec, &training(ADAM, 8));
            let (loss, gradient) = trainer.gradient(&source, &all(8)).expect("fits");
            let plan = Plan { epochs: 3, ..Plan::default() };
            let outcome = fit(&mut trainer, &source, &source, &plan, &mut to_the_end).expect("learns");
            let yardsticks = yardsticks(&source, &source, trainer.network()).expect("fits");
            let evaluation = evaluate(trainer.network(), trainer.theta(), &source, 7).expect("fits");
            assert_eq!(evaluation, trainer.evaluate(&source).expect("fits"));
            (trainer.theta().to_vec(), timeless(&outcome.epochs), loss, gradient, yardsticks, evaluation)
        };
        let whole = run(&with_scale, &samples);
        assert!(whole == run(&noisy(), &by_hand));
        assert!(whole != run(&noisy(), &samples), "it is not nothing");
    }
    // A scale that makes a value not finite is detected too.
    let tiny = Spec { scale: Some(Scale::of_all(0.0, 1e-45)), ..small() };
    let mut trainer = trainer(&tiny, &training(ADAM, 8));
    let error = trainer.evaluate(&Source::new(&bytes(30, 20, 2))).expect_err("too large");
    assert!(matches!(error, Error::NotFinite { sample: 0, .. }), "{error}");
}

#[test]
fn a_parameter_is_found_by_its_name_in_the_model_file() {
    let trainer = trainer(&small(), &training(ADAM, 8));
    let names: Vec<_> = trainer.network().params().iter().map(|param| param.torch_name.clone()).collect();
    assert_eq!(names[..3], ["0.weight", "0.bias", "2.weight"]);
    let theta: Vec<f32> = names.iter().flat_map(|name| trainer.param(name).expect("is there")).copied().collect();
    assert_eq!(theta, trainer.theta());
    assert_eq!(trainer.param("0.weight").map(<[f32]>::len), Some(20 * 9));
    assert!(trainer.param("1.weight").is_none() && trainer.param("0").is_none());
    let tied = Deep { layers: vec![7], activation: Activation::Tanh, tied: true, ..Deep::default() }.spec(&[12]);
    let trainer = Trainer::new(Network::<f32>::new(&tied).expect("fits"), &Training::default()).expect("fits");
    assert_eq!(trainer.param("2.weight"), trainer.param("0.weight"), "one weight with two names");
}

/// ∂L/∂x with the target held constant, against central differences of a loss that is computed here.
#[test]
fn the_gradient_by_the_input_agrees_with_central_differences() {
    let (rows, features) = (5, 12);
    let kinds = [(Activation::Sigmoid, LossKind::Bce), (Activation::Linear, LossKind::Mse)];
    for (output, kind) in kinds {
        // Scaled values are within 0..1 too, as binary cross-entropy needs it.
        for scale in [None, Some(Scale::of_all(0.05, 4.0))] {
            let (activation, output_activation, loss) = (Activation::Tanh, output, kind);
            let plain = Deep { layers: vec![7, 4], activation, output_activation, loss, ..Deep::default() };
            let (rho, weight) = (0.2, 0.3);
            let plain = plain.spec(&[features]).with_kl(rho, weight).expect("has an activation");
            let spec = Spec { scale: scale.clone(), ..plain };
            let values = Array2::from_shape_vec((rows, features), handgrad_tests::doubles(rows * features, 3));
            let values = values.expect("as many values").mapv(|value| 0.3 + 0.2 * value);
            let network = || Network::<f64>::new(&spec).expect("fits");
            let mut trainer = Trainer::new(network(), &training(ADAM, rows)).expect("fits");
            let found = trainer.input_gradient(&Source::from(values.view()), &all(rows)).expect("fits");
            let at_scale = |values: &Array2<f64>| match &scale {
                Some(scale) => values.mapv(|value| (value - scale.offset[0]) / scale.factor[0]),
                None => values.clone(),
            };
            let target = at_scale(&values);
            // Values, predictions and targets are in the units of the data; the loss is computed on scaled values.
            let loss = |values: &Array2<f64>| {
                let (given, loss) = (Source::from(values.view()), trainer.network().loss());
                let mut outputs = at_scale(&trainer.predict(&given, &all(rows)).expect("fits"));
                outputs.rows_mut().into_iter().for_each(|mut row| {
                    loss.kind.output().inverse(row.as_slice_mut().expect("in a row"));
                });
                let pairs = outputs.rows().into_iter().zip(target.rows());
                let errors =
                    pairs.map(|(z, t)| loss.forward(z.as_slice().expect("in a row"), t.as_slice().expect("in a row")));
                let error: f64 = errors.sum::<f64>() / rows as f64;
                let codes = trainer.encode(&given, &all(rows)).expect("fits");
                let kl = |mean: f64| rho * (rho / mean).ln() + (1.0 - rho) * ((1.0 - rho) / (1.0 - mean)).ln();
                let means = codes.columns().into_iter().map(|unit| unit.sum() / rows as f64);
                error + weight * means.map(kl).sum::<f64>()
            };
            let (h, mut largest) = (1e-5, 0.0_f64);
            for place in [(0, 0), (0, 11), (2, 5), (4, 0), (4, 11)] {
                let mut moved = values.clone();
                let mut at = |value: f64| {
                    moved[place] = value;
                    loss(&moved)
                };
                let numeric = (at(values[place] + h) - at(values[place] - h)) / (2.0 * h);
                assert!((found[place] - numeric).abs() < 1e-8, "{place:?}: {}, numerically {numeric}", found[place]);
                largest = largest.max(numeric.abs());
            }
            assert!(largest > 1e-3, "{largest}");
        }
    }
}

/// f64 values reach an f64 network unchanged, and an f32 network rounded.
#[test]
fn a_source_may_be_an_array() {
    let doubles = Array2::from_shape_fn((6, 20), |(row, column)| 1.0 / (3 + row + column) as f64);
    let singles = doubles.mapv(|value| value as f32);
    let mut row = [0.0_f64; 20];
    Source::from(doubles.view()).fill(4, &mut row).expect("is there");
    assert_eq!(row[..], doubles.row(4).to_vec());
    Source::from(singles.view()).fill(4, &mut row).expect("is there");
    assert!(row.iter().zip(doubles.row(4)).all(|(&single, &double)| single == f64::from(double as f32)));
    let samples = Samples { values: Values::Floats(singles.clone()), shape: vec![20], labels: None, places: None };
    let run = |source: &Source| {
        let mut trainer = trainer(&noisy(), &training(ADAM, 4));
        fit(&mut trainer, source, source, &Plan::default(), &mut to_the_end).expect("learns");
        trainer.theta().to_vec()
    };
    let whole = run(&Source::new(&samples));
    assert!(run(&Source::from(singles.view())) == whole && run(&Source::from(doubles.view())) == whole);
    // The order of the values in memory does not matter.
    let columns = doubles.t().as_standard_layout().into_owned();
    assert!(run(&Source::from(columns.t())) == whole);
    let network = Network::<f64>::new(&small()).expect("fits");
    let theta = network.init(0);
    let loss = |source: &Source| evaluate(&network, &theta, source, 6).expect("fits").loss;
    assert!(loss(&Source::from(doubles.view())) != loss(&Source::from(singles.view())));
}
