//! Published results on the real data sets. They need a folder with `fashion-mnist` and `mnist`, named by the environment
//! variable HANDGRAD_DATA; without it each test says that it was skipped.

use handgrad_dataset::DataSet;
use handgrad_layers::{Activation, LossKind, Optimizer, adam::Adam};
use handgrad_models::{Network, Spec, basic, deep};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Plan, Source, Trainer, fit};

fn load(name: &str) -> Option<DataSet> {
    let Some(folder) = std::env::var_os("HANDGRAD_DATA") else {
        eprintln!("skipped: HANDGRAD_DATA is not set");
        return None;
    };
    Some(handgrad_dataset::load(name, folder.as_ref(), &()).unwrap_or_else(|error| panic!("{error}")))
}

/// Validation loss after the last epoch.
fn train(data: &DataSet, spec: &Spec, epochs: usize, batch_size: usize) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().build().expect("threads start");
    pool.install(|| {
        let network = Network::<f32>::new(spec).expect("fits");
        let mut trainer = Trainer::new(network, Optimizer::Adam(Adam::default()), batch_size, 0);
        let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
        let plan = Plan { epochs, batch_size, seed: 0 };
        let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |_| true).expect("learns");
        outcome.epochs.last().expect("an epoch").validation_loss
    })
}

/// The TensorFlow tutorial reports a validation MSE of .0088 after ten epochs of batches of 32.
#[test]
fn the_basic_autoencoder_of_the_tensorflow_tutorial() {
    let Some(data) = load("fashion-mnist") else { return };
    let loss = train(&data, &basic::spec(&[28, 28], 64, LossKind::Mse), 10, 32);
    assert!((0.0080..=0.0090).contains(&loss), "{loss}");
}

/// The Keras blog reports a validation BCE of .0916 after fifty epochs of batches of 256.
#[test]
fn the_basic_autoencoder_of_the_keras_blog() {
    let Some(data) = load("mnist") else { return };
    let loss = train(&data, &basic::spec(&[28, 28], 32, LossKind::Bce), 50, 256);
    assert!((0.0880..=0.0920).contains(&loss), "{loss}");
}

/// A linear autoencoder learns the span of the first principal components (Baldi & Hornik 1989), so its error is that of
/// PCA: .026607 on this test set with 8 components fitted on the training images.
#[test]
fn a_linear_autoencoder_comes_to_the_error_of_pca() {
    let Some(data) = load("fashion-mnist") else { return };
    let spec = deep::spec(&[28, 28], &[8], Activation::Linear, Activation::Linear, LossKind::Mse);
    let loss = train(&data, &spec, 12, 256);
    let pca = 0.026_607;
    assert!((0.99 * pca..=1.02 * pca).contains(&loss), "{loss}, PCA {pca}");
}

/// The least possible cross-entropy and the loss of the mean image, computed from the data by another program.
#[test]
fn the_yardsticks_of_the_real_data() {
    for (name, least, mean_bce, mean_mse) in
        [("fashion-mnist", 0.242_166, 0.491_094, 0.086_641), ("mnist", 0.058_080, 0.262_506, 0.067_470)]
    {
        let Some(data) = load(name) else { return };
        let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
        let of = |kind| {
            let network = Network::<f32>::new(&basic::spec(&[784], 1, kind)).expect("fits");
            yardsticks(&train, &validation, network.loss())
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{name}: {a}, not {b}");
        near(of(LossKind::Bce).least, least);
        near(of(LossKind::Bce).mean_sample, mean_bce);
        near(of(LossKind::Mse).least, 0.0);
        near(of(LossKind::Mse).mean_sample, mean_mse);
    }
}
