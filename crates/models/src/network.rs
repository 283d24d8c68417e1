use std::ops::Range;

use handgrad_dataset::tables::Kind;
use handgrad_layers::{Activation, Columns, Head, Init, Layer, Loss, LossKind, Output, ParamRole, ParamSpec, Scalar};

use crate::channels::{check_channels, check_scale};
use crate::classes::{check_classes, check_head};
use crate::file::room;
use crate::shapes::check_shape;
use crate::{Error, LayerSpec, Part, Spec, tied};

/// Largest number of values of a sample and of weights of a network: 2³⁰, which is 4 GiB of f32.
const MAX_VALUES: usize = 1 << 30;

/// One parameter of a network and its place in the flat θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The number of the layer that it belongs to.
    pub layer: usize,
    /// Its number among the parameters of that layer.
    pub index: usize,
    /// Its name in that layer, its shape and its role.
    pub spec: ParamSpec,
    /// Its initialisation, if it is a weight.
    pub init: Init,
    /// Its place in θ.
    pub range: Range<usize>,
    /// Its name in a PyTorch `nn.Sequential` of the same layers, for example `0.weight`. If PyTorch has no layer that
    /// computes the same, it is a name like `0.w_ih` or `0.w`.
    pub torch_name: String,
    /// Whether PyTorch stores the transpose. It does so for w of a dense layer, but not for a convolution.
    pub transposed: bool,
    /// The other layer that uses it, transposed, if there is one.
    pub tie: Option<Tie>,
}

/// A second use of a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The number of the other layer.
    pub layer: usize,
    /// Its number among the parameters of that layer.
    pub index: usize,
    /// Its name in that layer in PyTorch, which stores it twice.
    pub torch_name: String,
}

/// A network that is ready to compute. It contains the sizes and the layers, but no parameters. The parameters of all
/// layers are one flat slice θ.
///
/// A sigmoid before binary cross-entropy becomes part of the loss, see [`handgrad_layers::bce_logits`]. The output of
/// the last layer is then logits, and [`Network::output`] is the function that turns them into the prediction.
#[derive(Debug)]
pub struct Network<T> {
    spec: Spec,
    part: Part,
    layers: Vec<Box<dyn Layer<T>>>,
    shapes: Vec<Vec<usize>>,
    params: Vec<Param>,
    loss: Loss,
    columns: Option<Columns>,
    /// 0 … 0 1 0 … 0, of which every one-hot target of a classifier is a stretch. Empty for an autoencoder.
    one_hots: Vec<T>,
}

impl<T: Scalar> Network<T> {
    /// Builds the layers and checks that they fit together.
    ///
    /// # Errors
    /// If a layer does not fit the layer before it, or the loss does not fit the last layer.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Self::of(spec, if spec.classes.is_empty() { Part::Whole } else { Part::Classifier })
    }

    /// Builds the whole network, checks that its layers fit together, and keeps the given part.
    pub(crate) fn of(spec: &Spec, part: Part) -> Result<Self, Error> {
        if spec.features() == 0 {
            return Err(Error::Empty("input", "value"));
        }
        if spec.features() > MAX_VALUES {
            return Err(Error::TooLarge { what: "a sample", values: spec.features() });
        }
        if let Some(scale) = &spec.scale {
            check_scale(scale, &spec.input)?;
        }
        if let Some(table) = &spec.table
            && (table.width() != spec.features() || spec.input.len() != 1)
        {
            return Err(Error::TableWidth { columns: table.width(), input: spec.input.clone() });
        }
        if let Some(channels) = &spec.series {
            check_channels(channels, &spec.input)?;
        }
        check_classes(spec, part)?;
        if spec.table.is_some() && part != Part::Classifier && matches!(spec.loss, LossKind::CrossEntropy) {
            return Err(Error::TableLoss);
        }
        if spec.layers().skip(1).any(|layer| matches!(layer, LayerSpec::Mask { .. })) {
            return Err(Error::MaskNotFirst);
        }
        for (name, layers) in [("encoder", &spec.encoder), ("decoder", &spec.decoder)] {
            if layers.is_empty() {
                return Err(Error::Empty(name, "layer"));
            }
        }
        let mut specs: Vec<_> = spec.layers().cloned().collect();
        // A reshape changes no value, so the loss depends on the last layer that is not a reshape.
        let last = specs.iter().rposition(|spec| !matches!(spec, LayerSpec::Reshape { .. })).unwrap_or(0);
        let kind = loss_of(spec.loss, &specs[last])?;
        if kind != spec.loss {
            // The loss now includes the activation.
            specs[last] = specs[last].with_activation(Activation::Linear);
        }

        let loss = Loss { kind, reduction: spec.reduction };
        let columns = if part == Part::Classifier { None } else { columns_of(spec, loss) };
        let groups = spec.groups();
        let (mut layers, mut shapes) = (Vec::new(), vec![spec.input.clone()]);
        let mirrored = tied::mirrored(spec)?;
        for (layer_spec, mirrored) in specs.iter().zip(&mirrored) {
            let width = |at: usize| shapes[at].iter().product();
            let sizes = mirrored.map_or([0, 0], |at| [width(at), width(at + 1)]);
            let layer = layer_spec.build::<T>(&shapes[layers.len()], sizes, &groups)?;
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
        match part {
            Part::Classifier => check_head(spec, &shapes[specs.len()])?,
            _ => check_shape(spec, &layers, &shapes)?,
        }

        let kept = match part {
            Part::Whole | Part::Classifier => 0..specs.len(),
            Part::Encoder => 0..spec.encoder.len(),
            Part::Decoder => spec.encoder.len()..specs.len(),
        };
        let layers: Vec<_> = layers.drain(kept.clone()).collect();
        let shapes = shapes.drain(kept.start..=kept.end).collect();
        let given: Vec<_> = spec.layers().skip(kept.start).take(layers.len()).collect();
        // A tie connects the encoder with the decoder, so a part has no ties.
        let mirrored = if part == Part::Whole { mirrored } else { vec![None; layers.len()] };
        let params = params_of(&layers, &given, &mirrored);
        let mut one_hots = vec![T::ZERO; (2 * spec.classes.len()).saturating_sub(1)];
        if let Some(middle) = one_hots.get_mut(spec.classes.len().saturating_sub(1)) {
            *middle = T::ONE;
        }
        let network = Self { spec: spec.clone(), part, layers, shapes, params, loss, columns, one_hots };
        let values = network.param_count();
        if values > MAX_VALUES {
            return Err(Error::TooLarge { what: "the network", values });
        }
        let ties = network.params.iter().filter(|param| param.tie.is_some()).count();
        room::check(network.params.len() + ties, &network.spec)?;
        Ok(network)
    }

    /// Returns the specification that the network was built from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the layers, first those of the encoder.
    #[must_use]
    pub fn layers(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers
    }

    /// Returns which part of a model the network is.
    #[must_use]
    pub fn part(&self) -> Part {
        self.part
    }

    /// Returns whether the network has an encoder, which takes samples.
    #[must_use]
    pub fn has_encoder(&self) -> bool {
        self.part != Part::Decoder
    }

    /// Returns whether the network has a decoder, which returns samples.
    #[must_use]
    pub fn has_decoder(&self) -> bool {
        matches!(self.part, Part::Whole | Part::Decoder)
    }

    /// Returns the one-hot target of a class, which has one value for each class of a classifier: 1 for the given one,
    /// and 0 for all others.
    ///
    /// # Panics
    /// If the network has no such class.
    #[must_use]
    pub fn one_hot(&self, class: u32) -> &[T] {
        let (class, classes) = (class as usize, self.spec.classes.len());
        assert!(class < classes, "class {class} does not exist: there are {classes}");
        &self.one_hots[classes - 1 - class..][..classes]
    }

    /// Returns the number of layers of the encoder. Layer number `encoder_len` is the first one of the decoder. For a
    /// network that is only a decoder it is 0.
    #[must_use]
    pub fn encoder_len(&self) -> usize {
        if self.has_encoder() { self.spec.encoder.len() } else { 0 }
    }

    /// Returns the shape of a sample before layer `at`. If `at` is the number of layers, it is the shape after the
    /// last one.
    #[must_use]
    pub fn shape(&self, at: usize) -> &[usize] {
        &self.shapes[at]
    }

    /// Returns the number of values of a sample before layer `at`.
    #[must_use]
    pub fn width(&self, at: usize) -> usize {
        self.shapes[at].iter().product()
    }

    /// Returns all parameters in the order of θ.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Returns the length of θ.
    #[must_use]
    pub fn param_count(&self) -> usize {
        self.params.last().map_or(0, |param| param.range.end)
    }

    /// Returns the range of θ that a layer uses. The ranges of tied layers overlap.
    #[must_use]
    pub fn theta_of(&self, layer: usize) -> Range<usize> {
        let uses = |param: &&Param| param.layer == layer || param.tie.as_ref().is_some_and(|tie| tie.layer == layer);
        let mut of_layer = self.params.iter().filter(uses).map(|param| &param.range);
        let Some(first) = of_layer.next() else { return 0..0 };
        first.start..of_layer.next_back().unwrap_or(first).end
    }

    /// Returns the loss that training minimises, as a function of the output of the last layer.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Returns the loss of samples that consist of columns or may have missing values. `None` for all others, whose
    /// loss is [`loss`](Self::loss).
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        self.columns.as_ref()
    }

    /// Returns the loss of one sample, given the output of the last layer and the sample in the units of the network.
    #[must_use]
    pub fn row_loss(&self, output: &[T], target: &[T]) -> T {
        match &self.columns {
            Some(columns) => columns.forward(output, target),
            None => self.loss.forward(output, target),
        }
    }

    /// Returns the loss of one sample, and its gradient: delta ← ∂L/∂output, where L is the mean over `batch` samples.
    pub fn row_loss_and_gradient(&self, output: &[T], target: &[T], batch: usize, delta: &mut [T]) -> T {
        match &self.columns {
            Some(columns) => columns.forward_backward(output, target, batch, delta),
            None => self.loss.forward_backward(output, target, batch, delta),
        }
    }

    /// Replaces the output of the last layer by the prediction, in place.
    pub fn predict_row(&self, output: &mut [T]) {
        match &self.columns {
            _ if self.part == Part::Encoder => {}
            Some(columns) => columns.predict(output),
            None => self.loss.kind.output().forward(output),
        }
    }

    /// Returns the names of the terms of the loss: first the reconstruction, or for a classifier the classification,
    /// then the penalties of the layers.
    #[must_use]
    pub fn term_names(&self) -> Vec<&'static str> {
        let penalties = self.layers.iter().filter_map(|layer| layer.penalty_name());
        let first = if self.part == Part::Classifier { "classification" } else { "reconstruction" };
        [first].into_iter().chain(penalties).collect()
    }

    /// Returns the function that turns the output of the last layer into the prediction. For a network that is only
    /// an encoder, it is the identity.
    #[must_use]
    pub fn output(&self) -> Output {
        if self.part == Part::Encoder { Output::Linear } else { self.loss.kind.output() }
    }

    /// Returns the initial θ. The same seed gives the same values, in f32 and in f64.
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

/// Returns the loss of a network for tables or for samples with missing values.
fn columns_of(spec: &Spec, loss: Loss) -> Option<Columns> {
    let head = |kind: &Kind, width: usize| match kind {
        Kind::Category { classes, shares } => Head::Category { classes: classes.len() + 1, weight: weight_of(shares) },
        _ => Head::Numbers { width },
    };
    let heads = match &spec.table {
        Some(table) => table.used().map(|column| head(&column.kind, column.width())).collect(),
        None if spec.takes_missing() => vec![Head::Numbers { width: 1 }; spec.features()],
        None => return None,
    };
    Some(Columns { loss, heads })
}

/// Returns the weight of a category: 1 divided by the entropy of its classes in the training rows. An entropy below
/// 0.1, that of a class with 98 % of the rows, counts as 0.1, so that rare classes do not rule the training.
fn weight_of(shares: &[f64]) -> f64 {
    let entropy: f64 = shares.iter().filter(|&&share| share > 0.0).map(|share| -share * share.ln()).sum();
    1.0 / entropy.max(0.1)
}

/// Returns the loss that is computed: binary cross-entropy after a sigmoid becomes binary cross-entropy of logits.
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

/// Returns all parameters in the order of θ: layer by layer, except that the decoder's bias of a tied pair comes
/// before the encoder's weight. The parameters b′, w, b of a tied pair are then contiguous for each of the two
/// layers.
fn params_of<T: Scalar>(layers: &[Box<dyn Layer<T>>], given: &[&LayerSpec], mirrored: &[Option<usize>]) -> Vec<Param> {
    let mut torch_indices = Vec::new();
    let mut torch_index = 0;
    for spec in given {
        torch_indices.push(torch_index);
        // In PyTorch an activation is a separate module.
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
    // For each layer, the number of the layer that mirrors it, if there is one.
    let mut mirror = vec![None; layers.len()];
    for (by, at) in mirrored.iter().enumerate().filter_map(|(by, at)| at.map(|at| (by, at))) {
        mirror[at] = Some(by);
    }
    let mut params: Vec<Param> = Vec::new();
    for (number, layer) in layers.iter().enumerate().filter(|(number, _)| mirrored[*number].is_none()) {
        let mut own: Vec<_> =
            layer.params().into_iter().enumerate().map(|(index, spec)| param_of(number, index, spec)).collect();
        if let Some(by) = mirror[number] {
            // The parameters of a tied layer are a bias and the weight. The weight is the first parameter of the
            // dense layer.
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

/// Returns PyTorch's name of a parameter: `weight` for w and `bias` for b, or as in a recurrent module `weight_ih_l0`
/// for w_ih and `bias_hh_l0_reverse` for b_hh_reverse.
fn torch_name(name: &str) -> String {
    let (name, reverse) = name.strip_suffix("_reverse").map_or((name, ""), |name| (name, "_reverse"));
    let (letter, of) = name.split_once('_').unwrap_or((name, ""));
    let kind = if letter == "w" { "weight" } else { "bias" };
    if of.is_empty() { kind.to_string() } else { format!("{kind}_{of}_l0{reverse}") }
}
