//! Using a model: it gives the same bits as the trainer, in the units of the data, on any number of threads, and
//! refuses data that it cannot use.

use std::process::Command;

use handgrad::prelude::*;
use handgrad_layers::LossKind;
use handgrad_models::{Basic, Deep, Error, Model, Network, Part, Scale, Spec};
use handgrad_tests::{all, floats, numbers, on, specs, training};
use handgrad_trainer::{Source, Trainer, evaluate};
use ndarray::{Array2, Axis, s};

fn model_of(spec: &Spec) -> Model {
    let network = Network::new(spec).expect("fits");
    let weights = network.init(7);
    Model::new(network, weights).expect("has its weights")
}

fn rows(count: usize, features: usize) -> Array2<f32> {
    let values = numbers(count * features, 3).into_iter().map(|value| 0.5 + 0.5 * value).collect();
    Array2::from_shape_vec((count, features), values).expect("as many values")
}

/// Every kind of network: the result of one thread for all rows at once equals the result of many threads for each
/// row alone. The caller may also pass every second row of a matrix, or no rows.
#[test]
fn a_row_does_not_depend_on_threads_or_on_other_rows() {
    for (spec, _, _) in specs() {
        let model = model_of(&spec);
        let x = rows(37, spec.features());
        let whole = on(1, || (model.encode(x.view()), model.reconstruct(x.view())));
        let (codes, back) = (whole.0.expect("fits"), whole.1.expect("fits"));
        for threads in [2, 3, 8] {
            assert_eq!(on(threads, || model.encode(x.view())).expect("fits"), codes, "{threads} threads");
            assert_eq!(on(threads, || model.reconstruct(x.view())).expect("fits"), back, "{threads} threads");
        }
        assert_eq!(model.decode(codes.view()).expect("fits"), back);
        for (at, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
            assert_eq!(model.reconstruct(row).expect("fits").row(0), back.row(at), "row {at} alone");
        }
        let strided = x.slice(s![..;2, ..]);
        assert_eq!(model.encode(strided).expect("fits"), codes.slice(s![..;2, ..]));
        assert_eq!(model.encode(x.slice(s![..0, ..])).expect("fits").nrows(), 0);
    }
}

/// The forward pass of a training and that of a model are separate code. They give the same bits if nothing is
/// random.
#[test]
fn a_model_scores_as_a_trainer_measures() {
    let samples = floats(50, 20, 4);
    let spec = Deep { layers: vec![9, 4], loss: LossKind::Mse, ..Deep::default() }.spec(&[20]);
    let model = model_of(&spec);
    let scores = model.score(samples.to_floats().view()).expect("fits");
    let measured = evaluate(model.network(), model.weights(), &Source::new(&samples), 16).expect("fits");
    // A score is computed in f64, and the loss of a sample in f32.
    let mean = scores.iter().sum::<f64>() / 50.0;
    assert!((mean - measured.loss).abs() < 1e-6 * mean, "{mean}, {}", measured.loss);
}

/// The scale is applied to the input and undone on the output: the same as scaling by hand around a model without a
/// scale.
#[test]
fn samples_are_in_the_data_s_own_units() {
    let plain = Basic { units: 5, loss: LossKind::Mse }.spec(&[8]);
    let scale = Scale::of_all(120.0, 40.0);
    let (inner, model) = (model_of(&plain), model_of(&Spec { scale: Some(scale), ..plain.clone() }));
    let x = rows(12, 8);
    let outside = x.mapv(|value| value * 40.0 + 120.0);
    let moved = outside.mapv(|value| ((f64::from(value) - 120.0) / 40.0) as f32);
    assert_eq!(model.encode(outside.view()).expect("fits"), inner.encode(moved.view()).expect("fits"));
    let back = inner.reconstruct(moved.view()).expect("fits").mapv(|value| (f64::from(value) * 40.0 + 120.0) as f32);
    assert_eq!(model.reconstruct(outside.view()).expect("fits"), back);
    assert!(back.iter().all(|&value| (120.0..=160.0).contains(&value)), "a sigmoid, moved back");
    // A trainer in use has the same units.
    let (network, weights) = model.into_parts();
    let trainer = Trainer::with_weights(network, weights, &training(handgrad_tests::ADAM, 4)).expect("fits");
    let source = Source::from(outside.view());
    assert_eq!(trainer.predict(&source, &all(12)).expect("fits"), back);
}

#[test]
fn what_cannot_be_used_is_refused() {
    let model = model_of(&Basic { units: 3, loss: LossKind::Bce }.spec(&[4]));
    let x = rows(5, 4);
    let mut odd = x.clone();
    odd[(3, 2)] = f32::NAN;
    let error = model.encode(odd.view()).expect_err("NaN");
    assert!(matches!(error, Error::NotFinite { row: 3, column: 2, .. }), "a ReLU would make 0 of it: {error}");
    assert!(matches!(model.encode(rows(5, 3).view()).expect_err("narrow"), Error::Width { expected: 4, found: 3, .. }));
    assert!(matches!(model.decode(rows(5, 4).view()).expect_err("wide"), Error::Width { expected: 3, found: 4, .. }));
    odd[(3, 2)] = 1.5;
    let scores = |value: f32| {
        let mut x = odd.clone();
        x[(3, 2)] = value;
        model.score(x.view()).expect("values outside 0..1 have a score")
    };
    assert!(scores(40.0)[3] > scores(1.5)[3] && scores(40.0)[4] == scores(1.5)[4]);
    assert!(model.reconstruct(odd.view()).is_ok(), "only the loss needs probabilities");
    let (encoder, decoder) = (model.split(Part::Encoder), model.split(Part::Decoder));
    let (encoder, decoder) = (encoder.expect("whole"), decoder.expect("whole"));
    assert!(matches!(encoder.reconstruct(x.view()).expect_err("half"), Error::NoDecoder));
    assert!(matches!(decoder.encode(x.view()).expect_err("half"), Error::NoEncoder));
    let codes = encoder.encode(x.view()).expect("fits");
    assert_eq!(decoder.decode(codes.view()).expect("fits"), model.reconstruct(x.view()).expect("fits"));
    let (network, mut weights) = model.into_parts();
    weights.pop();
    assert!(matches!(Model::new(network, weights).expect_err("one too few"), Error::Weights { .. }));
}

#[test]
fn a_model_comes_back_from_its_file_and_errors_name_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.safetensors");
    let model = model_of(&Deep { layers: vec![6, 2], ..Deep::default() }.spec(&[9]));
    model.save(&path).expect("written");
    let again = Model::load(&path).expect("read");
    assert_eq!((again.weights(), again.spec()), (model.weights(), model.spec()));
    std::fs::write(&path, b"no model").expect("written");
    for wrong in [path.clone(), folder.path().join("missing"), folder.path().to_path_buf()] {
        let error = Model::load(&wrong).expect_err("no model").to_string();
        assert!(error.contains(&wrong.display().to_string()), "{error}");
    }
}

/// The main interface of the library and the command run the same training.
#[test]
fn the_front_door_trains_what_the_command_trains() {
    let data = Data::named("synthetic").expect("drawn");
    let training = Training::epochs(1).batch_size(500).seed(3);
    let model = Autoencoder::dense([16, 4]).loss(Loss::Bce).train(&data, training).expect("trains");
    let flags =
        "--data synthetic --layers 16,4 --loss bce --epochs 1 --batch-size 500 --seed 3 --json --quiet --out run";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_handgrad"))
        .current_dir(folder.path())
        .arg("train")
        .args(flags.split(' '))
        .output()
        .expect("it starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    let sha = handgrad_models::file::weights_sha256(model.weights());
    assert_eq!(report["weights_sha256"], sha.as_str());
    let written = Model::load(folder.path().join("run/model.safetensors")).expect("a model");
    assert_eq!(written.encode(data.test()).expect("fits"), model.encode(data.test()).expect("fits"));
}

/// `Data` determines what the samples are. A setting that would change this is refused instead of ignored.
#[test]
fn settings_of_the_data_are_refused_by_the_front_door() {
    let data = Data::from_array(rows(20, 4)).expect("is data");
    for (name, value) in
        [("only_class", "7"), ("validation_split", "0.5"), ("data", "fashion-mnist"), ("data_dir", "elsewhere")]
    {
        let training = Training::epochs(1).set(name, value).expect("is a setting");
        let of_training = Autoencoder::dense([2]).train(&data, training).expect_err(name).to_string();
        let network = Autoencoder::dense([2]).set(name, value).expect("is a setting");
        let of_network = network.train(&data, Training::epochs(1)).expect_err(name).to_string();
        assert!(of_training.starts_with(name) && of_training == of_network, "{of_training}");
    }
    let preset = Autoencoder::dense([2]).set("preset", "ecg").expect("is a preset");
    let error = preset.train(&data, Training::epochs(1)).expect_err("it learns from class 1 alone").to_string();
    assert!(error.contains("only_class"), "{error}");
}

/// `{error}` alone is sufficient: it says what is wrong, not only where.
#[test]
fn an_error_of_the_front_door_says_what_is_wrong() {
    let data = Data::from_array(rows(20, 4).mapv(|value| 3.0 * value)).expect("is data");
    let error = Autoencoder::dense([2]).loss(Loss::Bce).train(&data, Training::epochs(1)).expect_err("beyond 1");
    let text = error.to_string();
    assert!(text.starts_with("training samples: sample ") && text.contains("binary cross-entropy"), "{text}");
    let text = Data::from_array(rows(1, 4)).expect_err("one row").to_string();
    assert!(text.contains("has 1 row and 4 columns"), "{text}");
    let text = data.with_shape([1]).expect_err("four values").to_string();
    assert!(text.contains("has 1 value, but a sample has 4"), "{text}");
}
