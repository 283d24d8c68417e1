use std::ops::Range;

use handgrad_layers::{Activation, Init, Layer, Loss, LossKind, ParamRole, ParamSpec, Scalar, window};

use crate::{Error, Spec};

/// More values than this, 2³⁰, neither a sample nor the weights of a network can have: 4 GiB of f32.
const MAX_VALUES: usize = 1 << 30;

/// One parameter of a network and its place in the flat θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Which layer it belongs to.
    pub layer: usize,
    /// Which of that layer's parameters it is.
    pub index: usize,
    /// Its name in that layer, its shape and its role.
    pub spec: ParamSpec,
    /// How it starts, if it is a weight.
    pub init: Init,
    /// Its place in θ.
    pub range: Range<usize>,
    /// Its name in a PyTorch `nn.Sequential` of the same layers: `0.weight`.
    pub torch_name: String,
}

/// A network made ready to compute: sizes and layers, no numbers. The parameters of all layers are one flat slice θ.
///
/// A sigmoid before binary cross-entropy becomes part of the loss, see [`handgrad_layers::bce_logits`]: the last layer
/// then gives logits, and [`Network::output`] says what turns them into the prediction.
#[derive(Debug)]
pub struct Network<T> {
    spec: Spec,
    layers: Vec<Box<dyn Layer<T>>>,
    shapes: Vec<Vec<usize>>,
    params: Vec<Param>,
    loss: Loss,
    output: Activation,
}

impl<T: Scalar> Network<T> {
    /// Builds the layers and checks that they fit together.
    ///
    /// # Errors
    /// If a layer does not fit the one before it, or the loss the last layer.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        if spec.features() == 0 {
            return Err(Error::Empty("input", "value"));
        }
        if spec.features() > MAX_VALUES {
            return Err(Error::TooLarge { what: "a sample", values: spec.features() });
        }
        for (name, layers) in [("encoder", &spec.encoder), ("decoder", &spec.decoder)] {
            if layers.is_empty() {
                return Err(Error::Empty(name, "layer"));
            }
        }
        let mut specs: Vec<_> = spec.layers().cloned().collect();
        let last = specs.len() - 1;
        let activation = specs[last].activation();
        let (kind, output) = match (spec.loss, activation) {
            (LossKind::Bce, Activation::Sigmoid) => (LossKind::BceLogits, activation),
            (LossKind::Bce, _) => return Err(Error::BceWithoutSigmoid { activation: activation.name() }),
            (LossKind::BceLogits, Activation::Linear) => (spec.loss, Activation::Sigmoid),
            (LossKind::BceLogits, _) => return Err(Error::LogitsThroughActivation { activation: activation.name() }),
            (LossKind::Mse | LossKind::Mae, _) => (spec.loss, Activation::Linear),
        };
        if kind == LossKind::BceLogits && spec.loss == LossKind::Bce {
            specs[last] = specs[last].with_activation(Activation::Linear);
        }

        let mut network = Self {
            spec: spec.clone(),
            layers: Vec::new(),
            shapes: vec![spec.input.clone()],
            params: Vec::new(),
            loss: Loss { kind, reduction: spec.reduction },
            output,
        };
        let (mut start, mut torch_index) = (0, 0);
        for (number, (layer_spec, given)) in specs.iter().zip(spec.layers()).enumerate() {
            let layer = layer_spec.build::<T>(&network.shapes[number])?;
            let shape = layer.output_shape(&network.shapes[number])?;
            let params = layer.params();
            for dims in params.iter().map(|param| &param.shape).chain([&shape]) {
                let values = dims.iter().fold(1_usize, |product, &dim| product.saturating_mul(dim));
                if values > MAX_VALUES {
                    return Err(Error::TooLarge { what: "a layer", values });
                }
            }
            network.shapes.push(shape);
            for (index, param) in params.into_iter().enumerate() {
                let kind = if matches!(param.role, ParamRole::Bias) { "bias" } else { "weight" };
                let torch_name = format!("{torch_index}.{kind}");
                let range = start..start + param.len();
                start = range.end;
                let init = given.init();
                network.params.push(Param { layer: number, index, spec: param, init, range, torch_name });
            }
            // In PyTorch an activation is a module of its own.
            torch_index += if given.activation() == Activation::Linear { 1 } else { 2 };
            network.layers.push(layer);
        }
        if start > MAX_VALUES {
            return Err(Error::TooLarge { what: "the network", values: start });
        }
        let width = network.width(last + 1);
        // What comes out as an image must be one of the same height and width, not just of as many values.
        let given = network.shape(last + 1);
        if given.len() > 1 && window::chw(given) != window::chw(&spec.input) {
            return Err(Error::AnotherImage { input: spec.input.clone(), output: given.to_vec() });
        }
        if width != spec.features() {
            return Err(Error::NotAnAutoencoder { input: spec.features(), output: width });
        }
        Ok(network)
    }

    /// What it was built from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The layers, encoder first.
    #[must_use]
    pub fn layers(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers
    }

    /// Number of the encoder's layers: layer number `encoder_len` is the decoder's first.
    #[must_use]
    pub fn encoder_len(&self) -> usize {
        self.spec.encoder.len()
    }

    /// Shape of a sample before layer `at`; after the last one for `at` = number of layers.
    #[must_use]
    pub fn shape(&self, at: usize) -> &[usize] {
        &self.shapes[at]
    }

    /// Values of a sample before layer `at`.
    #[must_use]
    pub fn width(&self, at: usize) -> usize {
        self.shapes[at].iter().product()
    }

    /// All parameters in the order of θ.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Length of θ.
    #[must_use]
    pub fn param_count(&self) -> usize {
        self.params.last().map_or(0, |param| param.range.end)
    }

    /// The part of θ that belongs to a layer.
    #[must_use]
    pub fn theta_of(&self, layer: usize) -> Range<usize> {
        let mut of_layer = self.params.iter().filter(|param| param.layer == layer).map(|param| &param.range);
        let Some(first) = of_layer.next() else { return 0..0 };
        first.start..of_layer.next_back().unwrap_or(first).end
    }

    /// What training makes small, in terms of the last layer's output.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// What turns the last layer's output into the prediction.
    #[must_use]
    pub fn output(&self) -> Activation {
        self.output
    }

    /// The first θ: the same for the same seed, in f32 as in f64.
    #[must_use]
    pub fn init(&self, seed: u64) -> Vec<T> {
        let mut theta = vec![T::ZERO; self.param_count()];
        for (stream, param) in self.params.iter().enumerate() {
            param.init.fill(&param.spec, seed, stream as u64, &mut theta[param.range.clone()]);
        }
        theta
    }
}
