//! Classifiers: their gradient, their training with a part that is slower or frozen, and their model file.

use std::ops::ControlFlow;

use handgrad_dataset::{Samples, tables::Schema};
use handgrad_layers::adam::Adam;
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, gradcheck::check};
use handgrad_models::builders::{conv2d, dense, max_pool2d, upsample2d};
use handgrad_models::{Classifier, Deep, Error, Model, Network, Part, Scale, Spec, Vae, file};
use handgrad_tests::{all, bytes, doubles, floats, masked, on, training};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Error as Refusal, Plan, Source, Trainer, Training, evaluate, fit};
use ndarray::{Array2, Axis};
use safetensors::SafeTensors;
use serde_json::Value;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| format!("class {class}")).collect()
}

fn deep(features: usize, layers: &[usize]) -> Spec {
    Deep { layers: layers.to_vec(), activation: Activation::Tanh, ..Deep::default() }.spec(&[features])
}

fn autoencoder(features: usize) -> Model {
    let network = Network::new(&deep(features, &[7, 5])).expect("fits");
    let weights = network.init(4);
    Model::new(network, weights).expect("finite")
}

fn sgd(learning_rate: f64) -> Optimizer {
    Optimizer::Sgd { learning_rate, momentum: 0.0 }
}

/// The classes 0, 2, 1, 0, 2, 1, ….
fn classes(count: usize) -> Vec<u32> {
    (0..count as u32).map(|sample| sample * 2 % 3).collect()
}

#[test]
fn the_gradient_agrees_with_central_differences() {
    let image = |count| {
        let encoder = [conv2d(2, 3).relu(), max_pool2d(2), dense(5).tanh()];
        let decoder =
            [dense(18).sigmoid(), handgrad_models::builders::reshape([2, 3, 3]), upsample2d(2), conv2d(1, 3).sigmoid()];
        Classifier::new(names(count)).spec(&Spec::autoencoder(&[6, 6], encoder, decoder, LossKind::Bce))
    };
    let regular = Classifier { classes: names(3), dropout: 0.3, input_noise: 0.2 };
    let scale = Scale { offset: vec![0.25], factor: vec![0.5] };
    for spec in [
        Classifier::new(names(3)).spec(&deep(36, &[7, 4])),
        Classifier::new(names(12)).spec(&deep(36, &[7])),
        regular.spec(&deep(36, &[7, 4]).with_l1(0.1).with_noise(Noise::Masking { p: 0.5 })),
        regular.spec(&Vae { hidden_dims: vec![6], latent_dim: 3, ..Vae::default() }.spec(&[36])),
        regular.spec(&masked(deep(36, &[7, 4]))),
        Spec { scale: Some(scale), ..Classifier::new(names(3)).spec(&deep(36, &[7, 4])) },
        image(3),
    ] {
        let (samples, classes) = (floats(8, 36, 5), classes(8));
        let gradient = |theta: &[f64]| {
            let network = Network::<f64>::new(&spec).expect("fits");
            let mut trainer = Trainer::with_weights(network, theta.to_vec(), &training(sgd(0.0), 8)).expect("fits");
            let source = Source::new(&samples).with_classes(&classes).expect("as many");
            trainer.gradient(&source, &all(8)).expect("fits")
        };
        let theta = Network::<f64>::new(&spec).expect("fits").init(2);
        let (_, analytic) = gradient(&theta);
        let report = check("θ", &theta, &analytic, |theta| gradient(theta).0);
        assert!(report.error < 1e-6, "{spec:?}: {report:?}");
        assert!(analytic.iter().any(|&g| g.abs() > 1e-3));
    }
}

/// `reference/classifier.py` takes the gradient by complex steps.
#[test]
fn loss_gradient_and_steps_are_those_of_numpy() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/classifier.json")).expect("JSON");
    let list = |name: &str| -> Vec<f64> { serde_json::from_value(fixture[name].clone()).expect("numbers") };
    let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    let network = Network::<f64>::new(&Classifier::new(names(3)).spec(&deep(6, &[5, 4]))).expect("fits");
    let x = Array2::from_shape_vec((7, 6), doubles(42, 11)).expect("42 values");
    let classes = classes(7);
    let source = Source::from(x.view()).with_classes(&classes).expect("as many");
    let settings = Training { encoder_rate: 0.2, ..training(sgd(0.5), 7) };
    let mut trainer = Trainer::with_weights(network, list("theta"), &settings).expect("fits");
    let (loss, gradient) = trainer.gradient(&source, &all(7)).expect("fits");
    assert!((loss - list("losses")[0]).abs() < 1e-14, "{loss}");
    assert!(near(&gradient, &list("gradient")));
    let losses: Vec<f64> = (0..10).map(|_| trainer.step(&source, &all(7))).collect();
    assert!(near(&losses, &list("losses")), "{losses:?}");
    assert!(near(trainer.theta(), &list("last")));
}

/// A class that differs from the others in one value, and the samples of all classes.
fn separable(count: usize, features: usize) -> (Samples, Vec<u32>) {
    let (mut samples, classes) = (floats(count, features, 9), classes(count));
    let handgrad_dataset::Values::Floats(values) = &mut samples.values else { panic!("floats") };
    for (mut row, &class) in values.axis_iter_mut(Axis(0)).zip(&classes) {
        row[class as usize] += 2.0;
    }
    (samples, classes)
}

fn trained(threads: usize, settings: Training) -> (Vec<f32>, Vec<f32>) {
    on(threads, || {
        let (samples, classes) = separable(90, 20);
        let ready = Classifier { classes: names(3), dropout: 0.1, input_noise: 0.1 };
        let (network, start) = ready.on(&autoencoder(20), 1).expect("fits");
        let mut trainer = Trainer::with_weights(network, start.clone(), &settings).expect("fits");
        let source = Source::new(&samples).with_classes(&classes).expect("as many");
        let plan = Plan { epochs: 30, ..Plan::default() };
        let done = fit(&mut trainer, &source, &source, &plan, &mut |_| ControlFlow::Continue(())).expect("trains");
        // A frozen encoder of random weights, with its noise, leaves less to learn.
        let [first, last] = [0, 29].map(|at| done.epochs[at].train_loss);
        assert!(last < if settings.encoder_rate == 0.0 { 0.8 } else { 0.6 } * first, "{first} {last}");
        assert_eq!(done.epochs[0].train_terms[0].0, "classification");
        (start, trainer.theta().to_vec())
    })
}

fn adam(encoder_rate: f64) -> Training {
    let optimizer = Optimizer::Adam(Adam { learning_rate: 0.02, ..Adam::default() });
    Training { weight_decay: 0.01, encoder_rate, ..training(optimizer, 32) }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_frozen_encoder_keeps_every_bit() {
    let encoder = 20 * 7 + 7 + 7 * 5 + 5;
    for clip_norm in [None, Some(0.5)] {
        let (start, end) = trained(2, Training { clip_norm, ..adam(0.0) });
        assert_eq!(bits(&start[..encoder]), bits(&end[..encoder]));
        assert!(start[encoder..].iter().zip(&end[encoder..]).all(|(a, b)| a != b), "every weight of the head changes");
        let (start, end) = trained(2, Training { clip_norm, ..adam(0.1) });
        assert!(start.iter().zip(&end).filter(|(a, b)| a == b).count() == 0, "all weights change");
    }
}

/// A frozen encoder has no share in the norm: the head gets the step that the gradient of the head alone gives.
#[test]
fn clipping_with_a_frozen_encoder_is_clipping_of_the_head() {
    let (samples, classes) = separable(30, 20);
    let source = Source::new(&samples).with_classes(&classes).expect("as many");
    let (network, start) = Classifier::new(names(3)).on(&autoencoder(20), 1).expect("fits");
    let settings = Training { clip_norm: Some(1e-3), encoder_rate: 0.0, ..training(sgd(1.0), 30) };
    let mut trainer = Trainer::with_weights(network, start.clone(), &settings).expect("fits");
    trainer.step(&source, &all(30));
    let moved: f64 = start.iter().zip(trainer.theta()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    assert!((moved - 1e-3).abs() < 1e-6, "{moved}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for settings in [adam(1.0), adam(0.3), Training { clip_norm: Some(0.5), ..adam(0.3) }] {
        let one = trained(1, settings).1;
        for threads in [2, 5, 16] {
            assert_eq!(bits(&trained(threads, settings).1), bits(&one), "{threads} threads");
        }
    }
    // A batch so small that the threads divide the units of a layer, not the samples.
    let wide = |threads| {
        on(threads, || {
            let (samples, classes) = (bytes(8, 300, 1), classes(8));
            let spec = Classifier::new(names(3)).spec(&deep(300, &[256, 128]));
            let mut trainer = Trainer::<f32>::new(Network::new(&spec).expect("fits"), &adam(1.0)).expect("fits");
            let source = Source::new(&samples).with_classes(&classes).expect("as many");
            for _ in 0..4 {
                trainer.step(&source, &all(8));
            }
            bits(trainer.theta())
        })
    };
    [2, 5, 16].into_iter().for_each(|threads| assert!(wide(threads) == wide(1), "{threads} threads"));
}

#[test]
fn probabilities_are_the_softmax_of_the_head_on_the_code() {
    let (network, theta) = Classifier::new(names(4)).on(&autoencoder(20), 3).expect("fits");
    let (w, b) = (theta[theta.len() - 24..theta.len() - 4].to_vec(), theta[theta.len() - 4..].to_vec());
    let model = Model::new(network, theta).expect("finite");
    let x = floats(9, 20, 3).to_floats();
    let codes = autoencoder(20).encode(x.view()).expect("an encoder");
    assert_eq!(model.encode(x.view()).expect("an encoder"), codes, "the encoder is that of the autoencoder");
    let probabilities = model.classify(x.view()).expect("a classifier");
    for (code, probabilities) in codes.rows().into_iter().zip(probabilities.rows()) {
        let powers: Vec<f64> = (0..4)
            .map(|class| (0..5).map(|k| f64::from(code[k] * w[k * 4 + class])).sum::<f64>() + f64::from(b[class]))
            .map(f64::exp)
            .collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().zip(probabilities).for_each(|(power, &p)| assert!((power / sum - f64::from(p)).abs() < 1e-6));
    }
}

#[test]
fn the_file_keeps_a_classifier() {
    // Names that could be mistaken for something else.
    let names = ["7", "a\n#table {}", "[model]", "ä \"q\" {{{{{{{{{{{{{{{{{{ .", ""].map(String::from).to_vec();
    let (network, theta) = Classifier::new(names.clone()).on(&autoencoder(20), 3).expect("fits");
    let model = Model::new(network, theta).expect("finite");
    let bytes = model.to_bytes().expect("a file");
    let (network, theta) = file::decode(&bytes).expect("its own file");
    assert_eq!((&network.spec().classes, network.part()), (&names, Part::Classifier));
    assert_eq!(bits(&theta), bits(model.weights()));
    let back = Model::new(network, theta).expect("finite");
    let x = floats(3, 20, 3).to_floats();
    assert_eq!(back.classify(x.view()).expect("a classifier"), model.classify(x.view()).expect("a classifier"));

    let tensors = SafeTensors::deserialize(&bytes).expect("a file");
    let mut found = tensors.names();
    found.sort_unstable();
    assert_eq!(found, ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight"]);
    assert_eq!(tensors.tensor("4.weight").expect("the head").shape(), [5, 5]);
    assert_eq!(tensors.tensor("0.weight").expect("the first layer").shape(), [7, 20]);

    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(
        text.contains("format = 5") && text.contains("part = \\\"classifier\\\""),
        "old programs say it is too new"
    );
    assert!(String::from_utf8_lossy(&autoencoder(20).to_bytes().expect("a file")).contains("format = 2"));
}

/// The same bytes with another text of the same length.
fn forged(bytes: &[u8], from: &str, to: &str) -> Result<(Network<f32>, Vec<f32>), Error> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("there");
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    file::decode(&bytes)
}

#[test]
fn a_changed_file_is_refused() {
    let (network, theta) = Classifier::new(names(3)).on(&autoencoder(20), 3).expect("fits");
    let bytes = file::encode(&network, &theta).expect("a file");
    for (from, to, why) in [
        ("class 2", "class 4", "its specification has SHA-256"),
        ("class 2", "class 1", "its specification has SHA-256"),
        ("#classes", "#glasses", ""),
        ("format = 5", "format = 2", "it is a classifier, but states format 2"),
        ("part = \\\"classifier\\\"", "part = \\\"encoder\\\"   ", "the model is a classifier"),
        ("units = 3", "units = 2", ""),
    ] {
        let error = forged(&bytes, from, to).expect_err(to).to_string();
        assert!(error.contains(why), "{to}: {error}");
    }
    let newer = forged(&bytes, "format = 5", "format = 6").expect_err("too new").to_string();
    assert!(newer.contains("format 6") && newer.contains("use a newer handgrad"), "{newer}");
}

#[test]
fn other_uses_of_a_classifier_are_refused() {
    let (network, theta) = Classifier::new(names(3)).on(&autoencoder(20), 3).expect("fits");
    let model = Model::new(network, theta).expect("finite");
    let x = floats(3, 20, 3).to_floats();
    let refused = |error: Error| {
        assert!(matches!(error, Error::IsClassifier), "{error}");
        assert!(error.to_string().contains("neither reconstructs nor decodes"));
    };
    refused(model.reconstruct(x.view()).expect_err("no decoder"));
    refused(model.score(x.view()).expect_err("no decoder"));
    refused(model.decode(Array2::zeros((1, 5)).view()).expect_err("no decoder"));
    refused(model.split(Part::Encoder).expect_err("no autoencoder"));
    refused(Classifier::new(names(3)).on(&model, 0).expect_err("no autoencoder"));
    let samples = floats(3, 20, 3);
    let (source, weights) = (Source::new(&samples), model.weights());
    assert_eq!(yardsticks(&source, &source, model.network()), Err(Refusal::IsClassifier));
    assert_eq!(evaluate(model.network(), weights, &source, 2), Err(Refusal::NoClasses("validation")));
    let three = [0, 3, 1];
    let source = source.with_classes(&three).expect("as many");
    let unknown = Refusal::NoSuchClass { sample: 1, class: 3, classes: 3 };
    assert_eq!(evaluate(model.network(), weights, &source, 2), Err(unknown.clone()));
    let theta = weights.to_vec();
    let mut trainer = Trainer::with_weights(model.into_parts().0, theta, &adam(1.0)).expect("fits");
    assert_eq!(trainer.gradient(&source, &[0, 1]).err(), Some(unknown));
    assert!(trainer.gradient(&source, &[0, 2]).is_ok());
    assert_eq!(trainer.predict(&source, &[0]).err(), Some(Refusal::IsClassifier));

    let whole = autoencoder(20);
    assert!(matches!(whole.classify(x.view()), Err(Error::NotAClassifier)));
    let decoder = whole.split(Part::Decoder).expect("whole");
    assert!(matches!(Classifier::new(names(3)).on(&decoder, 0), Err(Error::NoEncoder)));
    let encoder = whole.split(Part::Encoder).expect("whole");
    let of = |model| Classifier::new(names(3)).on(model, 0).expect("has an encoder").1;
    assert_eq!(of(&encoder), of(&whole));
    for (classes, why) in [
        (vec![], ""),
        (names(1), "there is only the class class 0"),
        ([names(2), names(2)].concat(), "the class class 0 is named twice"),
    ] {
        let refused = Classifier::new(classes.clone()).on(&whole, 0);
        assert!(refused.expect_err("no classes").to_string().contains(why), "{classes:?}");
    }
    let invalid = Training { encoder_rate: -1.0, ..adam(1.0) };
    let error = Trainer::<f32>::new(Network::new(&deep(20, &[5])).expect("fits"), &invalid).err().expect("negative");
    assert!(error.to_string().contains("encoder_rate"), "{error}");
}

/// What the training of the autoencoder taught beside its weights stays.
#[test]
fn a_classifier_keeps_scale_and_table() {
    let scale = Scale { offset: vec![0.25], factor: vec![0.5] };
    let spec = Spec { scale: Some(scale.clone()), ..deep(20, &[5]) };
    let of = Classifier::new(names(3)).spec(&spec);
    assert_eq!((of.scale, of.loss), (Some(scale), LossKind::CrossEntropy));
    let (spec, samples): (Spec, Samples) = handgrad_tests::table(40, 3);
    let network = Network::new(&Classifier::new(names(3)).spec(&spec)).expect("fits");
    let weights = network.init(0);
    let model = Model::new(network, weights).expect("finite");
    let back = file::decode(&model.to_bytes().expect("a file")).expect("its own file").0;
    let columns = |table: Option<&Schema>| table.expect("a table").columns.len();
    assert_eq!(columns(back.spec().table.as_ref()), columns(spec.table.as_ref()));
    assert_eq!(back.spec().classes, names(3));
    let probabilities = model.classify(samples.exact_rows(&samples.numbers()).view()).expect("a classifier");
    assert_eq!(probabilities.dim(), (40, 3));
    assert!(probabilities.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-5));
}
