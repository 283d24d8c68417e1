use std::ops::Range;

use handgrad_layers::{Activation, Init, Layer, Loss, LossKind, Output, ParamRole, ParamSpec, Scalar, window};

use crate::file::room;
use crate::{Error, LayerSpec, Part, Scale, Spec, tied};

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
    /// Its name in a PyTorch `nn.Sequential` of the same layers, `0.weight`; if PyTorch has no such layer, `0.w_ih`.
    pub torch_name: String,
    /// Does PyTorch keep its transpose? It does of a dense layer's w, and keeps a convolution's as it is.
    pub transposed: bool,
    /// The layer that uses it too, transposed.
    pub tie: Option<Tie>,
}

/// A second use of a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The layer.
    pub layer: usize,
    /// Which of that layer's parameters it is.
    pub index: usize,
    /// Its name there, in PyTorch, which has it twice.
    pub torch_name: String,
}

/// A network made ready to compute: sizes and layers, no numbers. The parameters of all layers are one flat slice θ.
///
/// A sigmoid before binary cross-entropy becomes part of the loss, see [`handgrad_layers::bce_logits`]: the last layer
/// then gives logits, and [`Network::output`] says what turns them into the prediction.
#[derive(Debug)]
pub struct Network<T> {
    spec: Spec,
    part: Part,
    layers: Vec<Box<dyn Layer<T>>>,
    shapes: Vec<Vec<usize>>,
    params: Vec<Param>,
    loss: Loss,
}

impl<T: Scalar> Network<T> {
    /// Builds the layers and checks that they fit together.
    ///
    /// # Errors
    /// If a layer does not fit the one before it, or the loss the last layer.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Self::of(spec, Part::Whole)
    }

    /// Builds all of it, checks that it fits together, and keeps a part.
    pub(crate) fn of(spec: &Spec, part: Part) -> Result<Self, Error> {
        if spec.features() == 0 {
            return Err(Error::Empty("input", "value"));
        }
        if spec.features() > MAX_VALUES {
            return Err(Error::TooLarge { what: "a sample", values: spec.features() });
        }
        if let Some(Scale { offset, factor }) = spec.scale
            && !(offset.is_finite() && factor.is_finite() && factor > 0.0)
        {
            return Err(Error::Scale { offset, factor });
        }
        for (name, layers) in [("encoder", &spec.encoder), ("decoder", &spec.decoder)] {
            if layers.is_empty() {
                return Err(Error::Empty(name, "layer"));
            }
        }
        let mut specs: Vec<_> = spec.layers().cloned().collect();
        // A reshape changes no value: the loss sees what the layer before it gives.
        let last = specs.iter().rposition(|spec| !matches!(spec, LayerSpec::Reshape { .. })).unwrap_or(0);
        let kind = loss_of(spec.loss, &specs[last])?;
        if kind != spec.loss {
            // What the activation does, the loss does now.
            specs[last] = specs[last].with_activation(Activation::Linear);
        }

        let loss = Loss { kind, reduction: spec.reduction };
        let (mut layers, mut shapes) = (Vec::new(), vec![spec.input.clone()]);
        let mirrored = tied::mirrored(spec)?;
        for (layer_spec, mirrored) in specs.iter().zip(&mirrored) {
            let width = |at: usize| shapes[at].iter().product();
            let sizes = mirrored.map_or([0, 0], |at| [width(at), width(at + 1)]);
            let layer = layer_spec.build::<T>(&shapes[layers.len()], sizes)?;
            let shape = layer.output_shape(&shapes[layers.len()])?;
            for dims in layer.params().iter().map(|param| &param.shape).chain([&shape]) {
                let values = dims.iter().fold(1_usize, |product, &dim| product.saturating_mul(dim));
                if values > MAX_VALUES {
                    return Err(Error::TooLarge { what: "a layer", values });
                }
            }
            shapes.push(shape);
            layers.push(layer);
        }
        let output = &shapes[specs.len()];
        // What comes out as an image or a sequence must be one of the same shape, not just of as many values.
        if output.len() > 1 && spec.input.len() > 1 && !is_same_shape(output, &spec.input) {
            let (input, output) = (spec.input.clone(), output.clone());
            if !specs.iter().any(LayerSpec::resizes_images) {
                return Err(Error::AnotherShape { input, output });
            }
            let rounds = (0..layers.len()).find_map(|at| rounding(&layers[at].describe(), &shapes[at..at + 2]));
            return Err(Error::AnotherImage { fit: sides_that_fit(spec), input, output, rounds });
        }
        let width = output.iter().product();
        if width != spec.features() {
            return Err(Error::NotAnAutoencoder { input: spec.features(), output: width });
        }

        let kept = match part {
            Part::Whole => 0..specs.len(),
            Part::Encoder => 0..spec.encoder.len(),
            Part::Decoder => spec.encoder.len()..specs.len(),
        };
        let layers: Vec<_> = layers.drain(kept.clone()).collect();
        let shapes = shapes.drain(kept.start..=kept.end).collect();
        let given: Vec<_> = spec.layers().skip(kept.start).take(layers.len()).collect();
        // A part has both uses of a weight or one of them: ties are within a whole network.
        let mirrored = if part == Part::Whole { mirrored } else { vec![None; layers.len()] };
        let params = params_of(&layers, &given, &mirrored);
        let network = Self { spec: spec.clone(), part, layers, shapes, params, loss };
        let values = network.param_count();
        if values > MAX_VALUES {
            return Err(Error::TooLarge { what: "the network", values });
        }
        let ties = network.params.iter().filter(|param| param.tie.is_some()).count();
        room::check(network.params.len() + ties, &network.spec)?;
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

    /// How much of a model it is.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// Does it take samples?
    #[must_use]
    pub fn has_encoder(&self) -> bool {
        self.part != Part::Decoder
    }

    /// Does it give samples?
    #[must_use]
    pub fn has_decoder(&self) -> bool {
        self.part != Part::Encoder
    }

    /// Number of the encoder's layers: layer number `encoder_len` is the decoder's first. Of a decoder alone it is 0.
    #[must_use]
    pub fn encoder_len(&self) -> usize {
        if self.has_encoder() { self.spec.encoder.len() } else { 0 }
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

    /// The part of θ that a layer uses. Those of tied layers overlap.
    #[must_use]
    pub fn theta_of(&self, layer: usize) -> Range<usize> {
        let uses = |param: &&Param| param.layer == layer || param.tie.as_ref().is_some_and(|tie| tie.layer == layer);
        let mut of_layer = self.params.iter().filter(uses).map(|param| &param.range);
        let Some(first) = of_layer.next() else { return 0..0 };
        first.start..of_layer.next_back().unwrap_or(first).end
    }

    /// What training makes small, in terms of the last layer's output.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// What the whole loss is made of: the reconstruction, then the layers' penalties.
    #[must_use]
    pub fn term_names(&self) -> Vec<&'static str> {
        let penalties = self.layers.iter().filter_map(|layer| layer.penalty_name());
        ["reconstruction"].into_iter().chain(penalties).collect()
    }

    /// What turns the last layer's output into the prediction; of an encoder alone, into the code.
    #[must_use]
    pub fn output(&self) -> Output {
        if self.has_decoder() { self.loss.kind.output() } else { Output::Linear }
    }

    /// The first θ: the same for the same seed, in f32 as in f64.
    #[must_use]
    pub fn init(&self, seed: u64) -> Vec<T> {
        let mut theta = vec![T::ZERO; self.param_count()];
        for (stream, param) in self.params.iter().enumerate() {
            param.init.fill(&param.spec, seed, stream as u64, &mut theta[param.range.clone()]);
        }
        for (at, layer) in self.layers.iter().enumerate() {
            layer.adjust_start(&mut theta[self.theta_of(at)]);
        }
        theta
    }
}

/// The loss as it is computed: one that is given probabilities becomes one that takes logits.
fn loss_of(loss: LossKind, last: &LayerSpec) -> Result<LossKind, Error> {
    let is_recurrent = matches!(last, LayerSpec::Recurrent(_) | LayerSpec::ConvLstm { .. });
    let activation = last.activation().name();
    let not_logits = |loss, instead| match is_recurrent {
        true => Err(Error::RecurrentIntoLoss { loss }),
        false => Err(Error::LogitsThroughActivation { loss, instead, activation }),
    };
    match (loss, last.activation()) {
        (LossKind::Mse | LossKind::Mae, _) => Ok(loss),
        (LossKind::Bce, Activation::Sigmoid) => Ok(LossKind::BceLogits),
        (LossKind::Bce, _) if is_recurrent => Err(Error::RecurrentIntoLoss { loss: "bce" }),
        (LossKind::Bce, _) => Err(Error::BceWithoutSigmoid { activation }),
        (LossKind::BceLogits | LossKind::CrossEntropy, Activation::Linear) if !is_recurrent => Ok(loss),
        (LossKind::BceLogits, _) => not_logits("bce-logits", "bce"),
        (LossKind::CrossEntropy, _) => not_logits("cross-entropy", "bce or mse"),
    }
}

/// All parameters in the order of θ: layer by layer, but of a tied pair the decoder's bias before the encoder's weight,
/// so that the parameters of either layer are one piece: b′, w, b.
fn params_of<T: Scalar>(layers: &[Box<dyn Layer<T>>], given: &[&LayerSpec], mirrored: &[Option<usize>]) -> Vec<Param> {
    let mut torch_indices = Vec::new();
    let mut torch_index = 0;
    for spec in given {
        torch_indices.push(torch_index);
        // In PyTorch an activation is a module of its own.
        torch_index += if spec.activation() == Activation::Linear { 1 } else { 2 };
    }
    let param_of = |layer: usize, index: usize, spec: ParamSpec| {
        let is_weight = matches!(spec.role, ParamRole::Weight { .. });
        let name = if given[layer].is_in_pytorch() { torch_name(spec.name) } else { spec.name.to_string() };
        let torch_name = format!("{}.{name}", torch_indices[layer]);
        let is_tied = matches!(given[layer], LayerSpec::TiedDense { .. });
        let transposed = is_weight && spec.shape.len() == 2 && !is_tied;
        Param { layer, index, spec, init: given[layer].init(), range: 0..0, torch_name, transposed, tie: None }
    };
    // The layer that mirrors each one, if any.
    let mut mirror = vec![None; layers.len()];
    for (by, at) in mirrored.iter().enumerate().filter_map(|(by, at)| at.map(|at| (by, at))) {
        mirror[at] = Some(by);
    }
    let mut params: Vec<Param> = Vec::new();
    for (number, layer) in layers.iter().enumerate().filter(|(number, _)| mirrored[*number].is_none()) {
        let mut own: Vec<_> =
            layer.params().into_iter().enumerate().map(|(index, spec)| param_of(number, index, spec)).collect();
        if let Some(by) = mirror[number] {
            // A tied layer has a bias, then the weight, which is the first parameter of the dense one.
            let [bias, weight] = [0, 1].map(|index| param_of(by, index, layers[by].params().swap_remove(index)));
            own[0].tie = Some(Tie { layer: by, index: weight.index, torch_name: weight.torch_name });
            own.insert(0, bias);
        }
        params.append(&mut own);
    }
    let mut start = 0;
    for param in &mut params {
        param.range = start..start + param.spec.len();
        start = param.range.end;
    }
    params
}

/// `weight` for w, `bias` for b; `weight_ih_l0` for w_ih and `bias_hh_l0_reverse` for b_hh_reverse, as in a recurrent
/// module.
fn torch_name(name: &str) -> String {
    let (name, reverse) = name.strip_suffix("_reverse").map_or((name, ""), |name| (name, "_reverse"));
    let (letter, of) = name.split_once('_').unwrap_or((name, ""));
    let kind = if letter == "w" { "weight" } else { "bias" };
    if of.is_empty() { kind.to_string() } else { format!("{kind}_{of}_l0{reverse}") }
}

/// Is a sample of the one shape one of the other? With fewer axes it has one channel or one step: those before its last
/// two are left out where they are 1.
fn is_same_shape(a: &[usize], b: &[usize]) -> bool {
    let shortest = |shape: &[usize]| {
        let (before, image) = shape.split_at(shape.len().saturating_sub(2));
        before.iter().filter(|&&dim| dim != 1).chain(image).copied().collect::<Vec<_>>()
    };
    a == b || (a.len() != b.len() && shortest(a) == shortest(b))
}

/// What a layer does to an image whose side it does not divide evenly, in words.
fn rounding(layer: &str, shapes: &[Vec<usize>]) -> Option<String> {
    let ([_, h, w], [_, lines, columns]) = (window::chw(&shapes[0])?, window::chw(&shapes[1])?);
    let uneven = |from: usize, to: usize| to > 0 && to < from && !from.is_multiple_of(to);
    let of = |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
    (uneven(h, lines) || uneven(w, columns))
        .then(|| format!("{layer} makes {} of {}, which does not divide evenly", of(&shapes[1]), of(&shapes[0])))
}

/// The sides nearest to the longer one of the spec's input, one below and one above it, of square images that its
/// layers give back as large as they were.
fn sides_that_fit(spec: &Spec) -> Vec<usize> {
    let Some([channels, h, w]) = window::chw(&spec.input) else { return Vec::new() };
    let gives_back = |side: &usize| {
        let mut shape = if spec.input.len() == 3 { vec![channels, *side, *side] } else { vec![*side; 2] };
        for layer in spec.layers() {
            let next = layer.build::<f32>(&shape, [0, 0]).ok().and_then(|layer| layer.output_shape(&shape).ok());
            let Some(next) = next else { return false };
            shape = next;
        }
        window::chw(&shape) == Some([channels, *side, *side])
    };
    // Strides, pools and upsamplings multiply to less than this in any network of use.
    const REACH: usize = 64;
    let side = h.max(w);
    let below = (side.saturating_sub(REACH).max(1)..=side).rev().find(gives_back);
    below.into_iter().chain((side + 1..=side.saturating_add(REACH)).find(gives_back)).collect()
}
