//! Fine-tuning: pre-training layer by layer, what stays fixed, the same results on any number of threads, and errors.
//! This file belongs to the package `handgrad-tasks`.

use std::ops::ControlFlow;

use handgrad_dataset::{Labels, Samples, synthetic};
use handgrad_layers::{Activation, LossKind};
use handgrad_models::builders::{conv2d, dense, max_pool2d, reshape, upsample2d};
use handgrad_models::{Deep, Model, Network, Part, Spec};
use handgrad_tasks::classify::{Accuracy, predict};
use handgrad_tasks::finetune::layerwise::pretrain;
use handgrad_tasks::finetune::{Event, Layerwise, Options, Outcome, Settings, compare, epochs_for};
use handgrad_tasks::views::Form;
use handgrad_tasks::{Error, probe};
use handgrad_tests::on;

fn model_of(spec: &Spec) -> Model {
    let network = Network::new(spec).expect("fits");
    let weights = network.init(7);
    Model::new(network, weights).expect("finite")
}

fn deep(activation: Activation) -> Model {
    model_of(&Deep { layers: vec![24, 16, 8], activation, ..Deep::default() }.spec(&[28, 28]))
}

fn settings() -> Settings {
    Settings { epochs: 2, batch_size: 50, learning_rate: 3e-3, seed: 5 }
}

fn options(labels: &[Option<usize>]) -> Options {
    Options {
        labels: labels.to_vec(),
        settings: settings(),
        dropout: 0.0,
        input_noise: 0.0,
        encoder_rate: 1.0,
        unknown: None,
        pretraining: None,
        from_scratch: true,
        seeds: 1,
    }
}

fn on_and_on(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn whole(outcome: Result<Outcome, Error>) -> Outcome {
    let outcome = outcome.expect("trains");
    assert!(!outcome.stopped);
    outcome
}

#[test]
fn each_layer_learns_to_rebuild_its_input() {
    let train = synthetic::draw(3, 400);
    for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Relu] {
        let model = deep(activation);
        let how = Layerwise { epochs: 8, masked: 0.25 };
        let ControlFlow::Continue((encoder, layers)) =
            pretrain(&model, &train, &how, &settings(), &mut on_and_on).expect("trains")
        else {
            panic!("nobody stopped it");
        };
        assert_eq!(layers.iter().map(|layer| layer.units).collect::<Vec<_>>(), [24, 16, 8]);
        for layer in &layers {
            assert!(layer.after < 0.9 * layer.before, "{activation:?}: {layer:?}");
        }
        assert_eq!((encoder.network().part(), encoder.spec()), (Part::Encoder, model.spec()));
        // The weights of the model itself do not matter: they are all new.
        let old = model.split(Part::Encoder).expect("whole");
        assert!(old.weights().iter().zip(encoder.weights()).filter(|(a, b)| a == b).count() < 30);
        let from_encoder = pretrain(&old, &train, &how, &settings(), &mut on_and_on).expect("trains");
        let ControlFlow::Continue((same, _)) = from_encoder else { panic!("nobody stopped it") };
        assert!(same.weights() == encoder.weights());
    }
}

#[test]
fn fine_tuning_learns_the_classes() {
    let (train, test) = (synthetic::draw(1, 400), synthetic::draw(2, 200));
    let pretraining = Some(Layerwise { epochs: 4, masked: 0.25 });
    let wanted = Options { pretraining, seeds: 2, ..options(&[None, Some(3)]) };
    let outcome = whole(compare(&deep(Activation::Tanh), &train, &test, &wanted, &mut on_and_on));
    assert_eq!(
        outcome.rows.iter().map(|row| (row.per_class, row.samples)).collect::<Vec<_>>(),
        [(Some(3), 30), (None, 400)]
    );
    for row in &outcome.rows {
        assert_eq!((row.fine_tuned.len(), row.from_scratch.len()), (2, 2));
        assert!(row.fine_tuned.iter().chain(&row.from_scratch).all(|&error| error < 0.6), "chance is 0.9: {row:?}");
    }
    let mean = |row: usize| outcome.rows[row].fine_tuned.iter().sum::<f64>();
    assert!(mean(1) < mean(0), "more labels are better: {:?}", outcome.rows);
    // The classifier that is returned is the one that was measured.
    let classifier = outcome.classifier.expect("trained");
    assert_eq!(classifier.spec().classes, train.classes());
    let predictions = predict(&classifier, &test).expect("fits");
    let truth = test.labels.as_ref().expect("labels");
    let same = predictions.classes.iter().zip(truth.names());
    let wrong = same.filter(|(class, name)| classifier.spec().classes[**class as usize] != *name).count();
    assert_eq!(wrong as f64 / 200.0, (outcome.rows[1].fine_tuned[0] * 200.0).round() / 200.0);
}

/// The encoder stays as it is, and the head is the logistic regression that `probe` measures, at its minimum.
#[test]
fn a_frozen_encoder_has_the_head_of_the_probe() {
    let (train, test) = (synthetic::draw(1, 300), synthetic::draw(2, 200));
    let model = deep(Activation::Relu);
    let wanted = Options { encoder_rate: 0.0, from_scratch: false, ..options(&[Some(4), None]) };
    let mut epochs = 0;
    let outcome = whole(compare(&model, &train, &test, &wanted, &mut |event| {
        epochs += usize::from(matches!(event, Event::Epoch { .. }));
        ControlFlow::Continue(())
    }));
    assert_eq!((epochs, outcome.rows[0].unfinished, outcome.rows[1].unfinished), (0, 0, 0));
    assert!(outcome.rows[0].from_scratch.is_empty());
    let classifier = outcome.classifier.expect("fitted");
    let x = test.to_floats();
    assert_eq!(classifier.encode(x.view()).expect("fits"), model.encode(x.view()).expect("fits"));
    let probed = probe::measure(&model, &train, &test, 5, &()).expect("measured");
    let of = |of: &&probe::Measured| of.form == Form::Code && of.method == probe::Method::Logistic;
    let accuracy = probed.measured.iter().find(of).expect("measured").accuracy();
    assert_eq!(outcome.rows[1].fine_tuned, [1.0 - accuracy]);
    assert!(outcome.rows[0].fine_tuned[0] < 0.7, "chance is 0.9: {:?}", outcome.rows[0]);
    let frozen = Options { dropout: 0.1, ..wanted.clone() };
    for wanted in [frozen, Options { input_noise: 0.1, ..wanted }] {
        let refused = compare(&model, &train, &test, &wanted, &mut on_and_on).expect_err("nothing to drop");
        assert!(refused.is_usage() && refused.to_string().contains("dropout and input noise"), "{refused}");
    }
}

/// Samples of the class that stands for no label take no part, except in the pre-training layer by layer.
#[test]
fn samples_without_a_label_are_left_out() {
    let (train, test) = (synthetic::draw(1, 120), synthetic::draw(2, 60));
    let name =
        |samples: &Samples, at: usize| samples.labels.as_ref().and_then(|of| of.name(at)).expect("a label").to_owned();
    let partly = |samples: &Samples| {
        let label = |at: usize| if at.is_multiple_of(3) { "unknown".into() } else { name(samples, at) };
        with_labels(samples, label)
    };
    let rest = |samples: &Samples| samples.select(&(0..samples.len()).filter(|at| at % 3 != 0).collect::<Vec<_>>());
    let wanted = Options { unknown: Some("unknown".into()), ..options(&[Some(2), None]) };
    let found = whole(compare(&deep(Activation::Tanh), &partly(&train), &partly(&test), &wanted, &mut on_and_on));
    let without = whole(compare(
        &deep(Activation::Tanh),
        &rest(&train),
        &rest(&test),
        &options(&[Some(2), None]),
        &mut on_and_on,
    ));
    assert_eq!((&found.rows, found.tests), (&without.rows, 40));
    let weights = |outcome: Outcome| outcome.classifier.expect("trained").weights().to_vec();
    assert!(weights(found) == weights(without));
    // The layers learn from all samples.
    let pretraining = Some(Layerwise { epochs: 1, masked: 0.25 });
    let layers = |train: &Samples, unknown: Option<String>| {
        let wanted = Options { pretraining, unknown, from_scratch: false, ..options(&[Some(2)]) };
        whole(compare(&deep(Activation::Tanh), train, &partly(&test), &wanted, &mut on_and_on)).layers
    };
    let unknown = || Some("unknown".to_owned());
    assert_eq!(layers(&partly(&train), unknown()), layers(&with_labels(&train, |at| name(&train, at)), unknown()));
    assert_ne!(layers(&partly(&train), unknown()), layers(&rest(&train), unknown()));
    let all = with_labels(&train, |_| "unknown".into());
    let refused = compare(&deep(Activation::Tanh), &all, &test, &wanted, &mut on_and_on).expect_err("no label");
    assert!(refused.to_string().contains("no labels"), "{refused}");
}

#[test]
fn any_number_of_threads_gives_the_same_classifier() {
    let (train, test) = (synthetic::draw(1, 100), synthetic::draw(2, 50));
    let wanted = Options {
        pretraining: Some(Layerwise { epochs: 1, masked: 0.25 }),
        dropout: 0.1,
        input_noise: 0.1,
        ..options(&[Some(3)])
    };
    let result = |threads| {
        on(threads, || {
            let outcome = whole(compare(&deep(Activation::Tanh), &train, &test, &wanted, &mut on_and_on));
            let bits: Vec<u32> =
                outcome.classifier.expect("trained").weights().iter().map(|weight| weight.to_bits()).collect();
            (bits, outcome.rows, outcome.layers)
        })
    };
    let one = result(1);
    [2, 5, 16].into_iter().for_each(|threads| assert!(result(threads) == one, "{threads} threads"));
}

#[test]
fn an_observer_stops_it_and_keeps_what_is_finished() {
    let (train, test) = (synthetic::draw(1, 100), synthetic::draw(2, 50));
    let mut begun = Vec::new();
    let outcome = compare(&deep(Activation::Tanh), &train, &test, &options(&[Some(2), Some(4)]), &mut |event| {
        if let Event::Begins { what, .. } = event {
            begun.push(what.to_owned());
        }
        if begun.len() == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let outcome = outcome.expect("no error");
    assert!(outcome.stopped && outcome.classifier.is_some());
    assert_eq!(outcome.rows.iter().map(|row| row.per_class).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(begun[..2], ["2 labels a class, seed 5, fine-tuned", "2 labels a class, seed 5, from scratch"]);
    let at_once = compare(&deep(Activation::Tanh), &train, &test, &options(&[None]), &mut |_| ControlFlow::Break(()));
    let at_once = at_once.expect("no error");
    assert!(at_once.stopped && at_once.rows.is_empty() && at_once.classifier.is_none());
}

#[test]
fn few_samples_are_trained_for_more_epochs() {
    let of = |samples| epochs_for(&Settings { epochs: 30, batch_size: 100, ..settings() }, samples);
    assert_eq!([60_000, 1_700, 1_600, 300, 100, 7].map(of), [30, 30, 32, 167, 500, 500]);
}

fn with_labels(samples: &Samples, names: impl Fn(usize) -> String) -> Samples {
    Samples { labels: Some(Labels::named((0..samples.len()).map(names))), ..samples.clone() }
}

#[test]
fn what_cannot_be_learnt_is_one_clear_error() {
    let (train, test) = (synthetic::draw(1, 60), synthetic::draw(2, 20));
    let model = deep(Activation::Tanh);
    let refused = |model: &Model, train: &Samples, test: &Samples, options: &Options| {
        let mut begun = false;
        let outcome = compare(model, train, test, options, &mut |_| {
            begun = true;
            ControlFlow::Continue(())
        });
        assert!(!begun, "before anything is trained");
        outcome.expect_err("not possible").to_string()
    };
    let all = options(&[None]);
    let bare = |samples: &Samples| Samples { labels: None, ..samples.clone() };
    assert!(refused(&model, &bare(&train), &test, &all).contains("no labels"));
    assert!(refused(&model, &train, &bare(&test), &all).contains("no labels"));
    let one = with_labels(&train, |_| "shoe".into());
    assert!(refused(&model, &one, &one, &all).contains("every sample is of class shoe"));
    let short = Samples { labels: Some(Labels::named(["0", "1"])), ..train.clone() };
    assert!(refused(&model, &short, &test, &all).contains("2 labels for 60 samples"));
    let other = with_labels(&test, |number| (number % 11).to_string());
    let error = refused(&model, &train, &other, &all);
    assert!(error.contains("of class 10, which the classifier does not know: it knows the classes 0, 1, 2"), "{error}");
    let error = refused(&model, &train, &test, &options(&[Some(2), Some(50)]));
    assert!(error.contains("50 labels of each class are asked for, but class"), "{error}");
    let none = test.select(&[]);
    assert!(refused(&model, &train, &none, &all).contains("needs at least 1 sample"));
    let wide = model_of(&Deep { layers: vec![8], ..Deep::default() }.spec(&[30, 30]));
    assert!(refused(&wide, &train, &test, &all).contains("but the network takes"));
    let decoder = model.split(Part::Decoder).expect("whole");
    assert!(refused(&decoder, &train, &test, &all).contains("only a decoder"));
    assert!(refused(&model, &train, &test, &Options { dropout: 1.0, ..all.clone() }).contains("rate"));

    let convolution = Spec::autoencoder(
        &[28, 28],
        [conv2d(2, 3).relu(), max_pool2d(2), dense(8).tanh()],
        [dense(2 * 14 * 14).relu(), reshape([2, 14, 14]), upsample2d(2), conv2d(1, 3).sigmoid()],
        LossKind::Mse,
    );
    let layerwise = Options { pretraining: Some(Layerwise { epochs: 1, masked: 0.25 }), ..all.clone() };
    let error = refused(&model_of(&convolution), &train, &test, &layerwise);
    assert!(error.contains("only dense layers can be pre-trained") && error.contains("Conv2d"), "{error}");
}

#[test]
fn accuracy_counts_and_knows_its_error() {
    let accuracy = Accuracy::of(&[1, 2, 0, 1, 1], &[1, 2, 1, 1, 0]).expect("as many");
    assert_eq!((accuracy.right, accuracy.value()), (3, 0.6));
    assert!((accuracy.standard_error() - (0.24_f64 / 5.0).sqrt()).abs() < 1e-15);
    assert!(matches!(Accuracy::of(&[1], &[1, 2]), Err(Error::LabelCount { labels: 2, samples: 1 })));
    assert!(matches!(Accuracy::of(&[], &[]), Err(Error::FewSamples { .. })));
    let refused = predict(&deep(Activation::Tanh), &synthetic::draw(2, 5)).expect_err("an autoencoder");
    assert!(refused.to_string().contains("not a classifier"), "{refused}");
}
