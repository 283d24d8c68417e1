//! Helper functions of the tests.

pub mod recurrence;

use std::ops::ControlFlow;

use handgrad_dataset::csv::Label;
use handgrad_dataset::tables::{self, Asked, Schema};
use handgrad_dataset::{Samples, Values};
use handgrad_layers::gradcheck::catalogue;
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{
    Activation, BatchRows, Block, Init, Layer, LossKind, Noise, Optimizer, Pass, Reduction, Saved, SavedBatch, Scalar,
    adam::Adam,
};
use handgrad_models::Cell;
use handgrad_models::{
    Basic, ConvVae, Deep, LayerSpec, NextStep, PooledConv, PooledStridedConv, SequenceAutoencoder, Spec, StridedConv,
    Vae,
};
use handgrad_trainer::{Event, Training};
use ndarray::Array2;

/// Pseudo-random numbers in −1..1 that are the same on every machine.
#[must_use]
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    // Each number has 32 bits.
    catalogue::numbers(count, seed).into_iter().map(|value| value as f32).collect()
}

/// [`numbers`] in f64.
#[must_use]
pub fn doubles(count: usize, seed: u64) -> Vec<f64> {
    numbers(count, seed).into_iter().map(f64::from).collect()
}

/// Adam with a large learning rate.
pub const ADAM: Optimizer = Optimizer::Adam(Adam { learning_rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
/// Gradient descent with momentum.
pub const SGD: Optimizer = Optimizer::Sgd { learning_rate: 0.1, momentum: 0.9 };

/// A training with this optimiser and batches of this size; everything else has its default.
#[must_use]
pub fn training(optimizer: Optimizer, batch_size: usize) -> Training {
    Training { optimizer, batch_size, ..Training::default() }
}

/// An observer that lets a training continue to the end.
pub fn to_the_end<T>(_: Event<T>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// An observer that stops a training at the first event.
pub fn stop<T>(_: Event<T>) -> ControlFlow<()> {
    ControlFlow::Break(())
}

/// Samples of `features` bytes.
#[must_use]
pub fn bytes(count: usize, features: usize, seed: u64) -> Samples {
    let values = numbers(count * features, seed).into_iter().map(|v| (127.5 + 127.5 * v) as u8).collect();
    let values = Array2::from_shape_vec((count, features), values).unwrap_or_else(|error| panic!("{error}"));
    Samples { values: Values::Bytes(values), shape: vec![features], labels: None, places: None }
}

/// Samples of `features` floats in 0..1.
#[must_use]
pub fn floats(count: usize, features: usize, seed: u64) -> Samples {
    let values = numbers(count * features, seed).into_iter().map(|v| (v + 1.0) / 2.0).collect();
    let values = Array2::from_shape_vec((count, features), values).unwrap_or_else(|error| panic!("{error}"));
    Samples { values: Values::Floats(values), shape: vec![features], labels: None, places: None }
}

/// Runs `f` on a pool of `threads`.
pub fn on<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap_or_else(|error| panic!("{error}")).install(f)
}

/// 0, 1, 2, …
#[must_use]
pub fn all(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

/// A small deep autoencoder.
#[must_use]
pub fn deep_spec() -> Spec {
    Deep { layers: vec![7, 5], ..Deep::default() }.spec(&[4, 3])
}

/// Networks of every kind, for images of 28×28, each with its batch size and optimiser.
#[must_use]
pub fn specs() -> Vec<(Spec, usize, Optimizer)> {
    vec![
        (Basic { units: 32, ..Basic::default() }.spec(&[784]), 256, ADAM),
        (Basic { units: 64, loss: LossKind::Mse }.spec(&[28, 28]), 32, ADAM),
        (Deep { layers: vec![128, 64, 32], ..Deep::default() }.spec(&[784]), 256, ADAM),
        (
            Deep {
                layers: vec![40, 7],
                activation: Activation::Tanh,
                output_activation: Activation::Linear,
                loss: LossKind::Mae,
                ..Deep::default()
            }
            .spec(&[784]),
            100,
            SGD,
        ),
        (StridedConv { filters: vec![4, 3], ..StridedConv::default() }.spec(&IMAGE).with_noise(NOISE), 20, ADAM),
        (PooledConv::default().spec(&IMAGE), 20, ADAM),
        (PooledStridedConv { filters: vec![5, 3], ..PooledStridedConv::default() }.spec(&IMAGE), 20, ADAM),
        (Vae { hidden_dims: vec![40], latent_dim: 5, ..Vae::default() }.spec(&IMAGE), 50, ADAM),
        (ConvVae { latent_dim: 2, beta: 0.5, ..ConvVae::default() }.spec(&IMAGE), 10, ADAM),
        (Basic { units: 32, ..Basic::default() }.spec(&IMAGE).with_l1(1e-4), 50, ADAM),
        (with_dropout_and_kl(), 50, ADAM),
        (Deep { layers: vec![128, 33], tied: true, ..Deep::default() }.spec(&IMAGE), 100, ADAM),
        (half_tied().with_l1(1e-4).with_noise(NOISE), 30, SGD),
        (
            Deep {
                layers: vec![40],
                output_activation: Activation::Linear,
                loss: LossKind::CrossEntropy,
                ..Deep::default()
            }
            .spec(&[784]),
            50,
            ADAM,
        ),
        (SequenceAutoencoder { units: 12, ..Default::default() }.spec(&IMAGE), 20, ADAM),
        (
            SequenceAutoencoder {
                cell: Cell::ELMAN,
                units: 9,
                bidirectional: true,
                loss: LossKind::Bce,
                ..Default::default()
            }
            .spec(&IMAGE),
            20,
            ADAM,
        ),
        (
            SequenceAutoencoder { cell: JORDAN, units: 7, loss: LossKind::Bce, ..Default::default() }.spec(&IMAGE),
            20,
            ADAM,
        ),
        (NextStep { cell: Cell::GRU, units: 10, loss: LossKind::Bce, ..NextStep::default() }.spec(&IMAGE), 20, ADAM),
        (NextStep { cell: OTHER_GRU, units: 6, ..NextStep::default() }.spec(&IMAGE), 20, SGD),
        (conv_lstms(IMAGE, Some(3)), 10, ADAM),
        (masked(SequenceAutoencoder { units: 7, ..Default::default() }.spec(&IMAGE)), 20, ADAM),
        (masked(Basic { units: 32, ..Basic::default() }.spec(&IMAGE)), 50, ADAM),
        // With few samples, several threads divide the units of the layers.
        (
            Deep {
                layers: vec![70, 33],
                activation: Activation::Tanh,
                output_activation: Activation::Linear,
                loss: LossKind::Mae,
                ..Deep::default()
            }
            .spec(&IMAGE)
            .with_noise(NOISE),
            17,
            SGD,
        ),
        (Deep { layers: vec![128, 33], tied: true, ..Deep::default() }.spec(&IMAGE).with_l1(1e-4), 20, ADAM),
        (Vae { hidden_dims: vec![60], latent_dim: 5, ..Vae::default() }.spec(&IMAGE), 9, ADAM),
    ]
}

/// A network for samples with missing values: a mask before its encoder.
#[must_use]
pub fn masked(mut spec: Spec) -> Spec {
    spec.encoder.insert(0, LayerSpec::Mask { rate: 0.0 });
    spec
}

/// Samples of 28 steps of 28 values, as a series. They have 1 to 28 steps and NaN after them, and every fifth value is
/// missing.
#[must_use]
pub fn padded(count: usize, seed: u64) -> Samples {
    let values = floats(count, 28 * 28, seed).to_floats();
    let value = |(row, at): (usize, usize)| {
        let missing = at / 28 > row % 28 || (at + row) % 5 == 0;
        if missing { f32::NAN } else { values[[row, at]] }
    };
    let values = Values::Floats(Array2::from_shape_fn(values.dim(), value));
    Samples { values, shape: vec![28, 28], labels: None, places: None }
}

/// A network for a table, with hidden columns, and rows of this table: a number, a date, two categories and an amount,
/// of which some are missing. Each column has its own scale, and the values are in the units of the data.
#[must_use]
pub fn table(count: usize, seed: u64) -> (Spec, Samples) {
    let values = doubles(count, seed);
    let line = |(at, value): (usize, &f64)| {
        let known = |column: usize, cell: String| if (at + column).is_multiple_of(5) { String::new() } else { cell };
        let cells = [
            known(0, format!("{value}")),
            known(1, format!("2021-{:02}-{:02}", 1 + at % 12, 1 + at % 28)),
            known(2, ["red", "green", "blue"][at % 3].to_owned()),
            known(3, ["no", "yes"][usize::from(*value > 0.0)].to_owned()),
            known(4, format!("{}", (12.0 * value).exp())),
        ];
        cells.join(",") + "\n"
    };
    let text =
        "number,date,colour,positive,amount\n".to_owned() + &values.iter().enumerate().map(line).collect::<String>();
    let (path, by_name) = ("table.csv".as_ref(), &Label::ByName);
    let table = tables::decode(text.as_bytes(), path, by_name, Some(true), None, &());
    let table = table.unwrap_or_else(|error| panic!("{error}"));
    let rows: Vec<usize> = (0..table.len()).collect();
    let schema = Schema::of(&table, &rows, &Asked::default()).unwrap_or_else(|error| panic!("{error}"));
    let (samples, ..) = tables::samples_of(&table, &schema, &rows).unwrap_or_else(|error| panic!("{error}"));
    let deep =
        Deep { layers: vec![24, 6], output_activation: Activation::Linear, loss: LossKind::Mse, ..Deep::default() };
    let mut spec = deep.spec(&[schema.width()]);
    spec.encoder.insert(0, LayerSpec::Mask { rate: 0.2 });
    spec.table = Some(schema);
    (spec, samples)
}

/// Its height and width.
pub const IMAGE: [usize; 2] = [28, 28];
const NOISE: Noise = Noise::Gaussian { std: 0.2, clip: Some([0.0, 1.0]) };

/// Two layers per side, of which the outer ones share their weights; the output is not bounded.
fn half_tied() -> Spec {
    let mut spec = Deep {
        layers: vec![50, 9],
        activation: Activation::Tanh,
        output_activation: Activation::Linear,
        loss: LossKind::Mse,
        ..Deep::default()
    }
    .spec(&IMAGE);
    spec.decoder[1] = LayerSpec::TiedDense { mirrors: 0, activation: Activation::Linear };
    spec
}

/// A Jordan network that also feeds back h.
pub const JORDAN: Cell = {
    let (activation, output_activation) = (Activation::Tanh, Activation::Tanh);
    Cell::Jordan { outputs: 5, activation, output_activation, hybrid: true }
};
/// A GRU that differs from PyTorch's in both conventions.
pub const OTHER_GRU: Cell = Cell::Gru { update: Update::TakesNew, reset: Reset::BeforeProduct };

/// An autoencoder that reads an image as four strips, one after another.
#[must_use]
pub fn conv_lstms(image: [usize; 2], truncate_every: Option<usize>) -> Spec {
    let conv_lstm = |filters| LayerSpec::ConvLstm {
        filters,
        kernel_size: 3,
        return_sequences: true,
        truncate_every,
        init: Init::XavierUniform,
    };
    let [h, w] = image;
    Spec {
        scale: None,
        table: None,
        series: None,
        value_kind: None,
        trained_on: None,
        input: image.to_vec(),
        loss: LossKind::Mse,
        reduction: Reduction::Mean,
        encoder: vec![LayerSpec::Reshape { shape: vec![4, 1, h / 4, w] }, conv_lstm(2)],
        decoder: vec![conv_lstm(1), LayerSpec::Reshape { shape: image.to_vec() }],
        classes: Vec::new(),
    }
}

/// A KL penalty, dropout in the decoder, masking noise, and salt-and-pepper noise.
fn with_dropout_and_kl() -> Spec {
    let deep = Deep { layers: vec![32, 16], ..Deep::default() }.spec(&IMAGE);
    let mut spec = deep.with_kl(0.1, 0.01).expect("the last layer has an activation");
    spec.decoder.insert(0, LayerSpec::Dropout { rate: 0.3 });
    let noisy = spec.with_noise(Noise::Masking { p: 0.1 });
    noisy.with_noise(Noise::SaltAndPepper { p: 0.1, ends: [0.0, 1.0] })
}

/// The results of a layer for some rows, forward and backward.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran<T> {
    /// The output.
    pub y: Vec<T>,
    /// δ, which replaces dy.
    pub delta: Vec<T>,
    /// The gradient with respect to x.
    pub dx: Vec<T>,
    /// The gradient of every parameter, one after another.
    pub dtheta: Vec<T>,
}

/// Runs a layer on `rows` rows, forward to `outputs` values per row, and backward; `dy` is computed from y.
pub fn run_layer<T: Scalar>(
    layer: &dyn Layer<T>,
    theta: &[T],
    x: &[T],
    [rows, outputs]: [usize; 2],
    dy: impl FnOnce(&[T]) -> Vec<T>,
) -> Ran<T> {
    let nan = |len: usize| vec![T::NAN; len];
    let (mut y, mut dx) = (nan(rows * outputs), nan(x.len()));
    let (mut scratch, mut cache) = (nan(layer.scratch_len()), nan(rows * layer.cache_len()));
    layer.forward(theta, x, &mut y, &mut Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() });
    let mut delta = dy(&y);
    let mut pass = Pass { scratch: &mut scratch, cache: &mut cache, ..Pass::predict() };
    layer.backward_input(theta, Saved { x, y: &y }, &mut delta, Some(&mut dx), &mut pass);
    fn matrix<T>(values: &[T], rows: usize) -> BatchRows<'_, T> {
        BatchRows::contiguous(values, values.len() / rows)
    }
    let saved = SavedBatch { x: matrix(x, rows), delta: matrix(&delta, rows), cache: matrix(&cache, rows) };
    let mut dtheta = Vec::new();
    for (param, spec) in layer.params().iter().enumerate() {
        let mut gradient = nan(spec.len());
        layer.backward_params(saved, &Block { param, rows: 0..spec.rows() }, &mut gradient, &mut scratch);
        dtheta.extend(gradient);
    }
    Ran { y, delta, dx, dtheta }
}

/// The Rust code in the documents, compiled and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../docs/derivation.md")]
    struct Derivation;
}
