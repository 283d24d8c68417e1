//! Layer-wise pre-training: each layer learns to denoise the codes of the layers before it.
//!
//! ```text
//! h₀ = x,  h_l = φ_l(h_{l−1}·w_l + b_l)              the layers of the encoder, l = 1 … L
//!
//! for l = 1 … L, with the layers before it fixed:
//!   h̃ = h_{l−1}, where each value is 0 with probability q             masking noise, drawn again in every epoch
//!   ĥ = decode(φ_l(h̃·w_l + b_l))                                      a decoder of one layer, dropped afterwards
//!   minimise ℓ(ĥ, h_{l−1}) over w_l, b_l and the decoder
//! ```
//!
//! ℓ is binary cross-entropy, and the decoder ends in a sigmoid, where all values of h_{l−1} are within 0..1: inputs of
//! pixels, and codes of a sigmoid. Otherwise ℓ is the squared error, and the decoder is linear.
//!
//! All samples are used, with and without labels. The weights start anew, so those of the model do not matter.
//!
//! Source: Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising autoencoders: learning useful
//! representations in a deep network with a local denoising criterion", JMLR 11 (2010), section 3.4.

use std::ops::ControlFlow;

use handgrad_dataset::Samples;
use handgrad_layers::{Activation, LossKind, Noise};
use handgrad_models::builders::{dense, noise};
use handgrad_models::{LayerSpec, Model, Network, Part, Spec};
use handgrad_trainer::{Plan, Schedule, Source, Trainer, evaluate};
use ndarray::{Axis, Slice};

use super::training::{MEASURED, Observer, Settings, run, training_of};
use crate::{Error, check_room, inputs};

/// How the layers are pre-trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layerwise {
    /// The number of epochs of each layer.
    pub epochs: usize,
    /// q, the probability with which an input of a layer is set to 0.
    pub masked: f64,
}

/// What a layer has learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The number of its units.
    pub units: usize,
    /// The loss ℓ, the mean over the values, of the first training samples before its training.
    pub before: f64,
    /// The same loss after its training.
    pub after: f64,
}

/// A dense layer of the encoder, and whether the values that it takes are within 0..1.
type Ready<'a> = (&'a LayerSpec, bool);

/// The dense layers of an encoder. Noise, dropout and penalties are left out.
///
/// # Errors
/// If it has other layers with weights, or layers that only work together with them.
fn layers_of(model: &Model, inputs_within: bool) -> Result<Vec<Ready<'_>>, Error> {
    let (mut ready, mut within) = (Vec::new(), inputs_within);
    for (at, layer) in model.spec().encoder.iter().enumerate() {
        match layer {
            LayerSpec::Dense { activation, .. } => {
                ready.push((layer, within));
                within = *activation == Activation::Sigmoid;
            }
            LayerSpec::Noise(_)
            | LayerSpec::Dropout { .. }
            | LayerSpec::ActivityL1 { .. }
            | LayerSpec::KlSparsity { .. }
            | LayerSpec::Reshape { .. } => {}
            _ => return Err(Error::NotLayerwise { layer: model.network().layers()[at].describe() }),
        }
    }
    Ok(ready)
}

/// Trains the layers of the encoder of `model` one after another, from new weights. Returns the encoder as a model, and
/// what each layer has learnt. `Break` says that the observer stopped it.
///
/// # Errors
/// If a layer of the encoder is not dense, the model has no encoder, or a training fails.
pub fn pretrain(
    model: &Model,
    samples: &Samples,
    how: &Layerwise,
    settings: &Settings,
    observer: Observer<'_>,
) -> Result<ControlFlow<(), (Model, Vec<Layer>)>, Error> {
    let (all, width) = (samples.len(), model.spec().features());
    check_room(Some(all), width, || "the inputs of all samples".into())?;
    let mut codes = inputs::rows(model, samples, &samples.numbers());
    let layers = layers_of(model, codes.iter().all(|value| (0.0..=1.0).contains(value)))?;
    let (mut weights, mut learnt) = (Vec::new(), Vec::new());
    for (number, &(layer, within)) in layers.iter().enumerate() {
        let network = Network::new(&spec_of(layer, codes.ncols(), within, how.masked))?;
        let seed = settings.seed.wrapping_add((number as u64) << 32);
        let settings = Settings { epochs: how.epochs, seed, ..*settings };
        let trainer = Trainer::new(network, &training_of(&settings, all, 1.0))?;
        let train = Source::from(codes.view());
        let measured = Source::from(codes.slice_axis(Axis(0), Slice::from(..all.min(MEASURED))));
        let before = evaluate(trainer.network(), trainer.theta(), &measured, settings.batch_size)?.loss;
        let plan = Plan { epochs: how.epochs, schedule: Schedule::Constant, early_stopping: None };
        let what = format!("layer {} of {}, pre-trained", number + 1, layers.len());
        let ControlFlow::Continue((trainer, record)) = run(trainer, [&train, &measured], &plan, &what, observer)?
        else {
            return Ok(ControlFlow::Break(()));
        };
        let network = trainer.network();
        let (at, units) = (network.encoder_len() - 1, network.width(network.encoder_len()));
        weights.extend_from_slice(&trainer.theta()[network.theta_of(at)]);
        learnt.push(Layer { units, before, after: record.validation_loss });
        if number + 1 < layers.len() {
            check_room(Some(all), units, || "the codes of all samples".into())?;
            codes = network.encode(trainer.theta(), codes.view())?;
        }
    }
    let encoder = match model.network().part() {
        Part::Encoder => Network::new(model.spec()).and_then(|whole| whole.split(Part::Encoder, &whole.init(0)))?,
        _ => model.network().split(Part::Encoder, model.weights())?,
    };
    Ok(ControlFlow::Continue((Model::new(encoder.0, weights)?, learnt)))
}

/// The denoising autoencoder of one layer.
fn spec_of(layer: &LayerSpec, width: usize, within: bool, masked: f64) -> Spec {
    let mask = (masked > 0.0).then(|| noise(Noise::Masking { p: masked }));
    let encoder = mask.into_iter().chain([layer.clone()]);
    match within {
        true => Spec::autoencoder(&[width], encoder, [dense(width).sigmoid()], LossKind::Bce),
        false => Spec::autoencoder(&[width], encoder, [dense(width).linear()], LossKind::Mse),
    }
}
