use handgrad_files::shown;
/// An error in the specification of a network, in its input or in a model file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer, a loss or a setting is not valid.
    #[error(transparent)]
    Layer(#[from] handgrad_layers::Error),
    /// The output of the network has a different size than its input.
    #[error(
        "the network gives back {} for each sample, but takes {input}: the last layer of an autoencoder needs {}",
        counted(*.output, "value"), counted(*.input, "unit")
    )]
    NotAnAutoencoder {
        /// Number of values of an input sample.
        input: usize,
        /// Number of values of an output sample.
        output: usize,
    },
    /// The scale is not valid.
    #[error(
        "the scale has the offset {offset} and the factor {factor}, where finite numbers and a factor above 0 \
         were expected"
    )]
    Scale {
        /// The value that is scaled to 0.
        offset: f64,
        /// The distance from `offset` that is scaled to 1.
        factor: f64,
    },
    /// The names or the values to fill in are not one for each channel.
    #[error(
        "there are {names} names of channels and {fills} values to fill in, where one for each of {channels} channels \
         was expected, or none, and finite values"
    )]
    Channels {
        /// The number of names.
        names: usize,
        /// The number of values to fill in.
        fills: usize,
        /// The number of channels.
        channels: usize,
    },
    /// The steps of a series are not all named.
    #[error("there are {names} names of steps, where one for each of {steps} steps was expected, or none")]
    Steps {
        /// The number of names.
        names: usize,
        /// The number of steps of a sample.
        steps: usize,
    },
    /// The scale has a wrong number of channels.
    #[error(
        "the scale has {offsets} offsets and {factors} factors, where 1 of each or one for each of the \
         {channels} channels were expected"
    )]
    ScaleChannels {
        /// The number of offsets.
        offsets: usize,
        /// The number of factors.
        factors: usize,
        /// The number of channels of a sample.
        channels: usize,
    },
    /// The columns of a table have another width than the input of the network.
    #[error("the columns of the table have {columns} values, where the input of the network has the shape {input:?}")]
    TableWidth {
        /// The number of values of all used columns.
        columns: usize,
        /// The shape of the input.
        input: Vec<usize>,
    },
    /// A table with the loss cross-entropy.
    #[error(
        "the loss of the columns of numbers of a table cannot be cross-entropy: choose mse, mae or bce; categories \
         have their own cross-entropy"
    )]
    TableLoss,
    /// A mask that is not the first layer.
    #[error("a mask must be the first layer of the encoder, because only samples may have missing values")]
    MaskNotFirst,
    /// The input of a layer for images is not an image.
    #[error(
        "{what} needs images of height × width or channels × height × width, but its input has the shape {shape:?}: \
         reshape them first"
    )]
    NotAnImage {
        /// The layer.
        what: &'static str,
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// The input of a layer for sequences is not a sequence.
    #[error(
        "{what} needs sequences of steps × values, but its input has the shape {shape:?}: reshape the samples first, \
         for example a series of n values to [n, 1]"
    )]
    NotASequence {
        /// The layer.
        what: &'static str,
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// The input of a recurrent layer with `repeat` is not a vector.
    #[error(
        "a recurrent layer with `repeat` needs one vector for each sample and repeats it for every step, but its input \
         has the shape {shape:?}: remove `repeat`, or set `return_sequences` of the layer before it to false"
    )]
    NotAVector {
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// The input of a ConvLSTM is not a sequence of images.
    #[error(
        "a ConvLSTM needs sequences of images, steps × height × width or steps × channels × height × width, but its \
         input has the shape {shape:?}: reshape the samples first"
    )]
    NotAVideo {
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// The output of the network is an image of a different size than the input.
    #[error(
        "the network gives back images of shape {output:?}, but takes {input:?}{}; \
         {}", .rounds.as_ref().map_or_else(String::new, |layer| format!(": {layer}")), fits(.fit)
    )]
    AnotherImage {
        /// Shape of an input sample.
        input: Vec<usize>,
        /// Shape of an output sample.
        output: Vec<usize>,
        /// A description of the first layer that does not divide its image evenly.
        rounds: Option<String>,
        /// Sides of the nearest square images for which the output has the same size as the input.
        fit: Vec<usize>,
    },
    /// The output of the network has a different shape than the input, and no layer resizes images.
    #[error(
        "the network gives back samples of shape {output:?}, but takes {input:?}: set the number of steps with \
         `repeat`, the number of values of a step with the units or filters of the last layer, or add a reshape if the \
         number of values is right"
    )]
    AnotherShape {
        /// Shape of an input sample.
        input: Vec<usize>,
        /// Shape of an output sample.
        output: Vec<usize>,
    },
    /// A KL sparsity penalty after a layer whose activation cannot be set to sigmoid.
    #[error(
        "the KL sparsity penalty needs a code within 0..1, but the activation of the encoder's last layer cannot be \
         set: use the L1 penalty"
    )]
    NoSigmoidForKl,
    /// The encoder or the decoder has no layers, or the input has no values.
    #[error("the {0} is empty: give it at least one {1}")]
    Empty(&'static str, &'static str),
    /// A size that exceeds the limit of 2³⁰ values.
    #[error("{what} would have {values} values, but at most 2³⁰ are allowed: make the layers or the samples smaller")]
    TooLarge {
        /// The sample, layer or network that is too large.
        what: &'static str,
        /// Its number of values; `usize::MAX` if it is larger than that.
        values: usize,
    },
    /// The loss is binary cross-entropy, but the last layer has no sigmoid.
    #[error(
        "binary cross-entropy needs predictions within 0..1, but the last layer's activation is {activation}: make it \
         sigmoid, or use the loss mse or mae"
    )]
    BceWithoutSigmoid {
        /// The name of the activation.
        activation: &'static str,
    },
    /// The loss needs logits, but the last layer has an activation.
    #[error(
        "the loss {loss} takes logits, but the last layer's activation is {activation}: make it linear, or use the \
         loss {instead}"
    )]
    LogitsThroughActivation {
        /// The name of the loss.
        loss: &'static str,
        /// A loss that can be used with this activation.
        instead: &'static str,
        /// The name of the activation.
        activation: &'static str,
    },
    /// The loss is computed from logits, but the last layer is recurrent.
    #[error(
        "the loss {loss} is computed from logits, but the last layer is recurrent, and its activation cannot be \
         removed: make a time-distributed or a dense layer the last layer, or use the loss mse or mae"
    )]
    RecurrentIntoLoss {
        /// The name of the loss.
        loss: &'static str,
    },
    /// A layer cannot be tied to the dense layer that it names.
    #[error("a tied-dense layer mirrors dense layer {mirrors} of the encoder (counted from 0), {problem}")]
    Tied {
        /// The number of the dense layer that it names.
        mirrors: usize,
        /// The problem, and what to do.
        problem: String,
    },
    /// The network is only a part of a model, but this operation needs the whole model.
    #[error("the network is only the {0} of a model: use the whole model")]
    NotWhole(&'static str),
    /// The model is a classifier, but this operation needs an autoencoder.
    #[error(
        "the model is a classifier: it gives the classes of samples, but it neither reconstructs nor decodes them; use \
         the autoencoder whose encoder it has"
    )]
    IsClassifier,
    /// The model is not a classifier, but this operation needs one.
    #[error(
        "the model is not a classifier, so it knows no classes: fine-tune its encoder with labelled samples, and use \
         the classifier that results"
    )]
    NotAClassifier,
    /// The classes of a classifier are not valid.
    #[error("{problem}: a classifier needs at least two classes, and each has a name of its own")]
    Classes {
        /// What is wrong with them.
        problem: String,
    },
    /// The head of a classifier does not have one output for each class, or another loss than cross-entropy.
    #[error(
        "the head of the classifier has {outputs} outputs for {classes} classes, and the loss {loss}: it needs one for \
         each class, and the loss cross-entropy"
    )]
    Head {
        /// Number of values of its output.
        outputs: usize,
        /// Number of classes.
        classes: usize,
        /// The loss in words.
        loss: &'static str,
    },
    /// Dropout in a network without hidden layers other than the code.
    #[error(
        "dropout needs a hidden layer before or after the code, but there is none: add one, for example 128 before 32"
    )]
    NoHiddenLayer,
    /// The network is only a decoder, but this operation needs an encoder.
    #[error("the network is only a decoder, but this needs an encoder: use the whole model")]
    NoEncoder,
    /// The network is only an encoder, but this operation needs a decoder.
    #[error("the network is only an encoder, but this needs a decoder: use the whole model")]
    NoDecoder,
    /// The rows have a different number of values than the network takes.
    #[error(
        "the {what} have {} each, but the network takes {expected}: use {what} of that size, or train a network for \
         this size", counted(*.found, "value")
    )]
    Width {
        /// `samples` or `codes`.
        what: &'static str,
        /// Number of values that the network takes.
        expected: usize,
        /// Number of values of a row.
        found: usize,
    },
    /// The number of weights differs from that of the network.
    #[error(
        "{} given, but the network has {expected}: use the weights that were trained with it",
        counted(*.found, "weight")
    )]
    Weights {
        /// Number of weights of the network.
        expected: usize,
        /// Number of weights given.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error(
        "{what} have {found} in row {row}, column {column} (both counted from 0), where a finite number was expected: \
         correct the value, or remove the row"
    )]
    NotFinite {
        /// The kind of the values, for example `the samples`.
        what: &'static str,
        /// Counted from 0.
        row: usize,
        /// Counted from 0.
        column: usize,
        /// The value found.
        found: f64,
    },
    /// A sample that is not a valid target for the loss.
    #[error("sample {sample} (counted from 0) {misfit}")]
    Target {
        /// Counted from 0.
        sample: usize,
        /// The reason.
        #[source]
        misfit: crate::targets::Misfit,
    },
    /// A score that is not finite.
    #[error("sample {sample} (counted from 0) has the score {score}: the model or the data is far out of range")]
    Score {
        /// Counted from 0.
        sample: usize,
        /// ∞ or NaN.
        score: f64,
    },
    /// There is not enough memory.
    #[error(
        "this network needs {:.1} GB of memory, which is more than is available: make its layers or the batches \
         smaller", *.bytes as f64 / 1e9
    )]
    NoMemory {
        /// Number of bytes needed.
        bytes: usize,
    },
    /// An error in a model file.
    #[error("{}: {source}", shown(.path))]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The reason.
        source: Box<Error>,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] handgrad_files::Error),
    /// The bytes are not a handgrad model.
    #[error("not a handgrad model file: {0}")]
    NotAModel(String),
    /// The parts of the model file do not agree with each other.
    #[error("the model file is damaged: {0}; use an intact copy, or train again")]
    Damaged(String),
    /// The model file cannot be read.
    #[error("the model file cannot be read: {0}; check the permissions of the file, and the disk")]
    Read(#[from] std::io::Error),
    /// The network has more layers than a model file can describe.
    #[error(
        "the network has {tensors} tensors and a description of {text} bytes, but a model file can hold at most \
         {most_tensors} tensors and {most_text} bytes: use fewer layers"
    )]
    TooDeep {
        /// Number of tensors: weights and biases, with tied ones counted twice.
        tensors: usize,
        /// Number of bytes of its specification in TOML.
        text: usize,
        /// Largest number of tensors.
        most_tensors: usize,
        /// Largest number of bytes.
        most_text: usize,
    },
    /// The file or its header is longer than that of any model.
    #[error("not a handgrad model file: {what} has {found} bytes, where at most {most} were expected")]
    TooLong {
        /// The file or its header.
        what: &'static str,
        /// Its number of bytes.
        found: u64,
        /// Largest number of bytes.
        most: u64,
    },
    /// The model file has a newer format.
    #[error("the model file has format {found}, but this program reads formats up to {newest}: use a newer handgrad")]
    TooNew {
        /// The format that the file states.
        found: u64,
        /// The newest format that this version can read.
        newest: u64,
    },
}

fn fits(sides: &[usize]) -> String {
    let sides: Vec<_> = sides.iter().map(|side| format!("{side}×{side}")).collect();
    match &sides[..] {
        [] => "strides, pooling and upsampling must give the original height and width again".into(),
        sides => format!("images of {} would fit: pad or crop yours, or choose other layers", sides.join(" or ")),
    }
}

/// A count and its noun, with an s unless the count is 1.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
