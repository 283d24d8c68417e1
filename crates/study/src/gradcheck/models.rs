//! Checks of whole models: the gradient of the loss with respect to all weights, as the trainer computes it.

use handgrad_dataset::{Samples, Values, sizes, thousands};
use handgrad_layers::gradcheck::{self, catalogue::numbers};
use handgrad_layers::gru::{Reset, Update};
use handgrad_layers::{Activation, Init, LossKind, Noise, Optimizer, Reduction};
use handgrad_models::Cell;
use handgrad_models::{
    Basic, ConvVae, Deep, LayerSpec, Network, NextStep, PooledConv, PooledStridedConv, SequenceAutoencoder, Spec,
    StridedConv, Vae,
};
use handgrad_trainer::{Source, Trainer, Training};
use ndarray::Array2;

use super::found::Found;
use crate::Error;

const IMAGE: [usize; 2] = [8, 8];
/// For models with pooling: the sides must be 4 less than a multiple of 8.
const IMAGE_TO_POOL: [usize; 2] = [12, 4];
const SERIES: [usize; 2] = [6, 4];
const ROWS: usize = 5;
/// The last seed of θ, if several are tried.
const LAST_SEED: u64 = 12;

/// Returns every kind of model, with its name and a description of one line. All hidden layers have tanh, since in a
/// whole network with ReLU some z is always near a kink. (Layers with ReLU are checked one by one, away from the
/// kink.)
pub fn specs() -> Result<Vec<(&'static str, &'static str, Spec)>, Error> {
    let (tanh, sigmoid, linear) = (Activation::Tanh, Activation::Sigmoid, Activation::Linear);
    let (mse, bce) = (LossKind::Mse, LossKind::Bce);
    let gaussian = Noise::Gaussian { std: 0.2, clip: Some([0.0, 1.0]) };
    let strided = || StridedConv { filters: vec![3, 2], ..StridedConv::default() }.spec(&IMAGE);
    let half_tied = {
        let mut spec = Deep { layers: vec![9, 5], activation: tanh, ..Deep::default() }.spec(&IMAGE);
        spec.decoder[1] = LayerSpec::TiedDense { mirrors: 0, activation: sigmoid };
        spec
    };
    let kl = {
        let mut spec = Basic { units: 9, ..Basic::default() }.spec(&IMAGE).with_kl(0.1, 0.3)?;
        spec.decoder.insert(0, LayerSpec::Dropout { rate: 0.3 });
        spec
    };
    let gru = Cell::Gru { update: Update::TakesNew, reset: Reset::BeforeProduct };
    let jordan = Cell::Jordan { outputs: 3, activation: tanh, output_activation: tanh, hybrid: true };
    let reader = |cell, both_ways| {
        SequenceAutoencoder { cell, units: 5, bidirectional: both_ways, ..Default::default() }.spec(&SERIES)
    };
    let denoiser = |noise| strided().with_noise(noise);
    let models = vec![
        (
            "model-basic",
            "one layer in encoder and decoder; cross-entropy",
            Basic { units: 9, ..Basic::default() }.spec(&IMAGE),
        ),
        (
            "model-deep",
            "two layers in encoder and decoder; squared error",
            Deep { layers: vec![9, 5], activation: tanh, loss: mse, ..Deep::default() }.spec(&IMAGE),
        ),
        (
            "model-deep-softmax",
            "samples that are distributions; cross-entropy of a softmax",
            Deep {
                layers: vec![7, 4],
                activation: tanh,
                output_activation: linear,
                loss: LossKind::CrossEntropy,
                ..Deep::default()
            }
            .spec(&[9]),
        ),
        (
            "model-tied",
            "the decoder shares the encoder's weights",
            Deep { layers: vec![9, 5], activation: tanh, tied: true, ..Deep::default() }.spec(&IMAGE),
        ),
        ("model-half-tied", "only the outer layers share their weights", half_tied),
        ("model-conv-strided", "convolutions and transposed convolutions of stride 2", strided()),
        ("model-conv-pooled", "pooling and upsampling", PooledConv::default().spec(&IMAGE_TO_POOL)),
        (
            "model-conv-pooled-and-strided",
            "pooling in the encoder, transposed convolutions in the decoder",
            PooledStridedConv { filters: vec![3, 2], ..PooledStridedConv::default() }.spec(&IMAGE),
        ),
        ("model-conv-dilated", "convolutions with dilation 2", strided().with_dilation(2)),
        ("model-denoising-gaussian", "clipped Gaussian noise added to the input", denoiser(gaussian)),
        ("model-denoising-masking", "masking noise on the input", denoiser(Noise::Masking { p: 0.2 })),
        (
            "model-denoising-salt-and-pepper",
            "salt-and-pepper noise on the input",
            denoiser(Noise::SaltAndPepper { p: 0.2, ends: [0.0, 1.0] }),
        ),
        (
            "model-sparse-l1",
            "an L1 penalty on the code",
            Basic { units: 9, ..Basic::default() }.spec(&IMAGE).with_l1(0.3),
        ),
        (
            "model-dropout",
            "dropout after the hidden layers, with a fixed mask",
            Deep { layers: vec![9, 5], activation: tanh, ..Deep::default() }.spec(&IMAGE).with_dropout(0.3)?,
        ),
        ("model-sparse-kl", "a KL penalty on the code, then dropout", kl),
        (
            "model-vae-dense",
            "sampler and KL divergence, with ε held fixed",
            Vae { hidden_dims: vec![12], latent_dim: 3, beta: 0.7, ..Vae::default() }.spec(&IMAGE),
        ),
        (
            "model-vae-conv",
            "the same with convolutions in encoder and decoder",
            ConvVae { latent_dim: 2, beta: 0.7, ..ConvVae::default() }.spec(&IMAGE),
        ),
        (
            "model-sequence-elman",
            "a sequence encoded into a code and decoded, with Elman networks",
            reader(Cell::ELMAN, false),
        ),
        ("model-sequence-jordan", "the same with a Jordan network", reader(jordan, false)),
        ("model-sequence-gru", "the same with a GRU", reader(Cell::GRU, false)),
        ("model-sequence-lstm", "the same with an LSTM", reader(Cell::Lstm, false)),
        ("model-sequence-bidirectional", "the same with LSTMs in both directions", reader(Cell::Lstm, true)),
        (
            "model-next-step",
            "a GRU with the slide's update gate, which predicts the next step",
            NextStep { cell: gru, units: 5, loss: bce, ..NextStep::default() }.spec(&SERIES),
        ),
        (
            "model-sequence-padded",
            "series of unequal length with missing values, encoded and decoded with LSTMs",
            masked(reader(Cell::Lstm, false)),
        ),
        (
            "model-next-step-padded",
            "the same for a GRU that predicts the next step",
            masked(NextStep { cell: Cell::GRU, units: 5, ..NextStep::default() }.spec(&SERIES)),
        ),
        (
            "model-deep-missing",
            "dense layers on samples with missing values",
            masked(Deep { layers: vec![9, 5], activation: tanh, loss: mse, ..Deep::default() }.spec(&SERIES)),
        ),
        ("model-conv-lstm", "ConvLSTMs, which read an image as a sequence of strips", conv_lstm()),
    ];
    Ok(models.into_iter().map(|(name, says, spec)| (name, says, with_tanh(spec))).collect())
}

/// An autoencoder of ConvLSTM layers, which reads an image as a sequence of four strips.
fn conv_lstm() -> Spec {
    let layer = |filters| LayerSpec::ConvLstm {
        filters,
        kernel_size: 3,
        return_sequences: true,
        truncate_every: None,
        init: Init::XavierUniform,
    };
    Spec {
        input: IMAGE.to_vec(),
        scale: None,
        table: None,
        series: None,
        value_kind: None,
        trained_on: None,
        loss: LossKind::Mse,
        reduction: Reduction::Mean,
        encoder: vec![LayerSpec::Reshape { shape: vec![4, 1, 2, 8] }, layer(2)],
        decoder: vec![layer(1), LayerSpec::Reshape { shape: IMAGE.to_vec() }],
        classes: Vec::new(),
    }
}

/// Adds a mask before the encoder, so that the samples may have missing values.
fn masked(mut spec: Spec) -> Spec {
    spec.encoder.insert(0, LayerSpec::Mask { rate: 0.0 });
    spec
}

/// Replaces every ReLU by tanh.
fn with_tanh(mut spec: Spec) -> Spec {
    for layer in spec.encoder.iter_mut().chain(&mut spec.decoder) {
        if let LayerSpec::Dense { activation, .. }
        | LayerSpec::TiedDense { activation, .. }
        | LayerSpec::Conv2d { activation, .. }
        | LayerSpec::ConvTranspose2d { activation, .. }
        | LayerSpec::TimeDistributed { activation, .. } = layer
            && *activation == Activation::Relu
        {
            *activation = Activation::Tanh;
        }
    }
    spec
}

/// Checks a model. With max pooling, another value of a square may become the largest within the step h. This is a
/// kink, so another θ is tried. A wrong gradient passes for no θ, since its error is the same for every h.
pub fn check(spec: &Spec) -> Result<Found, Error> {
    let pools = spec.layers().any(|layer| matches!(layer, LayerSpec::MaxPool2d { .. }));
    let mut seed = 2;
    loop {
        let found = check_at(spec, seed)?;
        if found.passed() || !pools || seed == LAST_SEED {
            return Ok(found);
        }
        seed += 1;
    }
}

/// Compares ∂L/∂θ with difference quotients along a random direction, for one parameter after another. All noise is
/// fixed: the trainer draws it anew only in a new epoch, and this is all one epoch. Then all of θ is moved along one
/// direction, with h and with h/2.
fn check_at(spec: &Spec, seed: u64) -> Result<Found, Error> {
    let features = spec.features();
    let drawn = numbers(ROWS * features, 8);
    let value = |(row, at): (usize, usize)| {
        // Row r is padded by its last r steps, and some of its values are missing.
        let padded = at / SERIES[1] + row >= SERIES[0] || (at + row) % 7 == 3;
        let value = (drawn[row * features + at] as f32 + 1.0) / 2.0;
        if spec.takes_missing() && padded { f32::NAN } else { value }
    };
    let values = Values::Floats(Array2::from_shape_fn((ROWS, features), value));
    let samples = Samples { values, shape: spec.input.clone(), labels: None, places: None };
    let (source, rows) = (Source::new(&samples), [0, 1, 2, 3, 4]);

    let network = Network::<f64>::new(spec)?;
    let (theta, params) = (network.init(seed), network.params().to_vec());
    let layers: Vec<_> = network.layers().iter().map(|layer| layer.describe()).collect();
    let direction = numbers(theta.len(), 3);
    let still = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };
    let training = Training { optimizer: still, batch_size: ROWS, ..Training::default() };
    let mut trainer = Trainer::with_weights(network, theta.clone(), &training)?;
    let (_, gradient) = trainer.gradient(&source, &rows)?;
    let slopes: Vec<f64> =
        params.iter().map(|param| param.range.clone().map(|at| gradient[at] * direction[at]).sum()).collect();
    // L(θ + Σ_p a_p·d_p), where d_p is the part of the direction for parameter p.
    let mut loss = |steps: &[f64]| {
        let mut moved = theta.clone();
        for (param, a) in params.iter().zip(steps) {
            param.range.clone().for_each(|at| moved[at] += a * direction[at]);
        }
        let loss = trainer.set_theta(&moved).and_then(|()| trainer.gradient(&source, &rows));
        loss.map_or(f64::NAN, |(loss, _)| loss)
    };
    let report = gradcheck::check("", &vec![0.0; params.len()], &slopes, &mut loss);

    let slope: f64 = slopes.iter().sum();
    let mut error = |h: f64| {
        let mut at = |a: f64| loss(&vec![a; params.len()]);
        ((at(h) - at(-h)) / (2.0 * h) - slope).abs()
    };
    let ratio = error(2e-4) / error(1e-4);
    let worst = params.get(report.place.1).ok_or(Error::NoWeights)?;
    Ok(Found {
        error: report.error,
        place: format!("d{} of layer {}", worst.spec.name, worst.layer + 1),
        analytic: report.analytic,
        numeric: report.numeric,
        at: format!("{ROWS} rows {}, {} weights: {}", sizes(&spec.input), thousands(theta.len()), layers[worst.layer]),
        cases: 1,
        ratio: Some(ratio),
    })
}
