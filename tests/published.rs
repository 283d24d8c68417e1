//! Published results on the real data sets. These tests need a folder with `fashion-mnist` and `mnist`, given by the
//! environment variable HANDGRAD_DATA; without it each test says that it was skipped. This file belongs to the
//! package `handgrad`, whose binary it needs.

use std::ffi::OsString;
use std::io::Write;
use std::ops::ControlFlow;
use std::process::Command;

use handgrad_dataset::DataSet;
use handgrad_layers::{Activation, LossKind};
use handgrad_models::{Basic, Deep, Network, Spec};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Plan, Source, Trainer, Training, fit};
use serde_json::Value;

/// The folder with the real data sets. A missing folder is reported directly on stderr, since the captured output of
/// passing tests is not shown.
fn data_folder() -> Option<OsString> {
    let folder = std::env::var_os("HANDGRAD_DATA");
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: HANDGRAD_DATA is not set");
    }
    folder
}

fn load(name: &str) -> Option<DataSet> {
    let folder = data_folder()?;
    Some(
        handgrad_dataset::load(name, folder.as_ref(), &Default::default(), &())
            .unwrap_or_else(|error| panic!("{error}")),
    )
}

/// Validation loss after the last epoch.
fn train(data: &DataSet, spec: &Spec, epochs: usize, batch_size: usize) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().build().expect("threads start");
    pool.install(|| {
        let network = Network::<f32>::new(spec).expect("fits");
        let mut trainer = Trainer::new(network, &Training { batch_size, ..Training::default() }).expect("fits");
        let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
        let plan = Plan { epochs, ..Plan::default() };
        let outcome =
            fit(&mut trainer, &train, &validation, &plan, &mut |_| ControlFlow::Continue(())).expect("learns");
        outcome.epochs.last().expect("an epoch").validation_loss
    })
}

/// The report of a command, run on the real data as users run it.
fn report(words: &str) -> Option<Value> {
    let folder = data_folder()?;
    let at = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_handgrad"))
        .args(words.split(' '))
        .args(["--json", "--quiet", "--data-dir"])
        .arg(folder)
        .current_dir(at.path())
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// Validation loss of a preset.
fn preset(name: &str, data: &str) -> Option<f64> {
    report(&format!("train --preset {name} --data {data} --out run"))?["val_loss"].as_f64()
}

/// The TensorFlow tutorial reports a validation MSE of .0088 after ten epochs of batches of 32.
#[test]
fn the_basic_autoencoder_of_the_tensorflow_tutorial() {
    let Some(loss) = preset("tf-basic", "fashion-mnist") else { return };
    assert!((0.0080..=0.0090).contains(&loss), "{loss}");
}

/// The Keras blog reports a validation BCE of .0916 after fifty epochs of batches of 256.
#[test]
fn the_basic_autoencoder_of_the_keras_blog() {
    let Some(loss) = preset("basic", "mnist") else { return };
    assert!((0.0880..=0.0920).contains(&loss), "{loss}");
}

/// The Keras blog reports a validation BCE of .0845 after fifty epochs of batches of 256; different seeds vary by
/// about .001.
#[test]
fn the_deep_autoencoder_of_the_keras_blog() {
    let Some(loss) = preset("deep", "mnist") else { return };
    assert!((0.0800..=0.0860).contains(&loss), "{loss}");
}

/// A linear autoencoder learns the span of the first principal components (Baldi & Hornik 1989), so its error is that
/// of PCA: .026607 on this test set with 8 components fitted on the training images (`tests/reference/pca.py`).
#[test]
fn a_linear_autoencoder_comes_to_the_error_of_pca() {
    let Some(data) = load("fashion-mnist") else { return };
    let spec = Deep {
        layers: vec![8],
        activation: Activation::Linear,
        output_activation: Activation::Linear,
        loss: LossKind::Mse,
        ..Deep::default()
    }
    .spec(&[28, 28]);
    let loss = train(&data, &spec, 12, 256);
    let pca = 0.026_607;
    assert!((0.99 * pca..=1.02 * pca).contains(&loss), "{loss}, PCA {pca}");
}

/// The least possible cross-entropy and the loss of the mean image, computed by `tests/reference/pca.py`.
#[test]
fn the_yardsticks_of_the_real_data() {
    for (name, least, mean_bce, mean_mse) in
        [("fashion-mnist", 0.242_166, 0.491_094, 0.086_641), ("mnist", 0.058_080, 0.262_506, 0.067_470)]
    {
        let Some(data) = load(name) else { return };
        let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
        let of = |kind| {
            let network = Network::<f32>::new(&Basic { units: 1, loss: kind }.spec(&[784])).expect("fits");
            yardsticks(&train, &validation, &network).expect("fits")
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{name}: {a}, not {b}");
        near(of(LossKind::Bce).least, least);
        near(of(LossKind::Bce).mean_sample, mean_bce);
        near(of(LossKind::Mse).least, 0.0);
        near(of(LossKind::Mse).mean_sample, mean_mse);
    }
}

/// The noise of the TensorFlow tutorial gives a squared error of .0255 on the test images. After one of the ten
/// epochs the denoiser has removed more than half of it.
#[test]
fn a_row_of_the_scoreboard() {
    let Some(rows) = report("scoreboard tf-denoise --epochs 1 --seeds 1") else { return };
    let figures = &rows[0]["runs"][0]["seeds"][0];
    let of = |name: &str| figures[name].as_f64().expect("a figure");
    assert!((of("noisy input") - 0.0255).abs() < 1e-4, "{figures}");
    assert!((0.0080..=0.0125).contains(&of("MSE")), "{figures}");
    assert!((of("dB gained") - 10.0 * (of("noisy input") / of("MSE")).log10()).abs() < 1e-9, "{figures}");
}

/// The error of PCA with 8 components on Fashion-MNIST is .026607, computed by `tests/reference/pca.py`.
#[test]
fn a_claim_of_the_slides() {
    let Some(claims) = report("claims linear-is-pca --epochs 12") else { return };
    let line = |at: usize| &claims[0]["lines"][at]["figures"];
    let pca = line(0)["test MSE"].as_f64().expect("a figure");
    let ours = line(1)["test MSE"].as_f64().expect("a figure");
    assert!((pca - 0.026_607).abs() < 1e-6, "{pca}");
    assert!((pca..1.02 * pca).contains(&ours), "{ours}");
    let shared = line(1)["shared subspace"].as_f64().expect("a figure");
    assert!((0.9..=1.0 + 1e-6).contains(&shared), "{shared}");
}

/// The results of the TensorFlow tutorial: accuracy .943, and with normal beats as the positive class precision .992
/// and recall .905.
#[test]
fn heartbeats_are_told_apart_as_in_the_tutorial() {
    let Some(rows) = report("scoreboard ecg --seeds 1") else { return };
    let [dense, lstm] = ["", "LSTM"].map(|name| {
        let runs = rows[0]["runs"].as_array().expect("runs");
        let run = runs.iter().find(|run| run["run"] == name).unwrap_or_else(|| panic!("{name}: {rows}"));
        move |figure: &str| run["seeds"][0][figure].as_f64().unwrap_or_else(|| panic!("{figure}: {run}"))
    });
    assert!(dense("accuracy") >= 0.943, "{rows}");
    assert!(dense("normal positive: precision") >= 0.99 && dense("normal positive: recall") >= 0.905, "{rows}");
    assert!(dense("anomaly positive: recall") > 0.98 && dense("ROC-AUC") > 0.96, "{rows}");
    assert!(lstm("accuracy") > 0.92, "{rows}");
}
