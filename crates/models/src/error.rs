/// What is wrong with a network's specification or a model file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer, loss or setting does not fit.
    #[error(transparent)]
    Layer(#[from] handgrad_layers::Error),
    /// The network's last layer does not give back what its first one took.
    #[error(
        "the network gives back {} a sample, but takes {input}: an autoencoder's last layer needs {}",
        counted(*.output, "value"), counted(*.input, "unit")
    )]
    NotAnAutoencoder {
        /// Values of a sample that comes in.
        input: usize,
        /// Values of a sample that goes out.
        output: usize,
    },
    /// No scale.
    #[error(
        "the scale has the offset {offset} and the factor {factor}, where a finite offset and a factor above 0 were \
         expected"
    )]
    Scale {
        /// What becomes 0.
        offset: f64,
        /// What becomes 1 away from it.
        factor: f64,
    },
    /// A layer that slides over images is given something else.
    #[error(
        "{what} needs images of height × width or channels × height × width, but is given samples of shape {shape:?}: \
         reshape them first"
    )]
    NotAnImage {
        /// The layer.
        what: &'static str,
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// A layer that goes along sequences is given something else.
    #[error(
        "{what} needs sequences of steps × values, but is given samples of shape {shape:?}: reshape them first, a \
         series of n values to [n, 1]"
    )]
    NotASequence {
        /// The layer.
        what: &'static str,
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// A recurrent layer that repeats its input is given more than a vector.
    #[error(
        "a recurrent layer with `repeat` takes one vector a sample and puts it in at every step, but is given samples \
         of shape {shape:?}: leave out `repeat`, or let the layer before it give its last step alone"
    )]
    NotAVector {
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// A ConvLSTM is given something else than sequences of images.
    #[error(
        "a ConvLSTM needs sequences of images, steps × height × width or steps × channels × height × width, but is \
         given samples of shape {shape:?}: reshape them first"
    )]
    NotAVideo {
        /// The samples' shape.
        shape: Vec<usize>,
    },
    /// The network's last layer gives images of another size than its first one took.
    #[error(
        "the network gives back images of shape {output:?}, but takes {input:?}{}; \
         {}", .rounds.as_ref().map_or_else(String::new, |layer| format!(": {layer}")), fits(.fit)
    )]
    AnotherImage {
        /// Shape of a sample that comes in.
        input: Vec<usize>,
        /// Shape of a sample that goes out.
        output: Vec<usize>,
        /// The first layer that does not divide its image evenly, in words.
        rounds: Option<String>,
        /// Sides of square images that these layers do give back, the nearest ones.
        fit: Vec<usize>,
    },
    /// The network's last layer gives samples of another shape than its first one took, and none of its layers resizes
    /// images.
    #[error(
        "the network gives back samples of shape {output:?}, but takes {input:?}: set the steps of a sequence by \
         `repeat`, the values of a step by the last layer's units or filters, and the shape of as many values by a \
         reshape"
    )]
    AnotherShape {
        /// Shape of a sample that comes in.
        input: Vec<usize>,
        /// Shape of a sample that goes out.
        output: Vec<usize>,
    },
    /// A KL sparsity penalty behind a layer that cannot give values within 0..1.
    #[error(
        "the KL sparsity penalty needs a code within 0..1, but the encoder's last layer has no activation: take the L1 \
         penalty"
    )]
    NoSigmoidForKl,
    /// Encoder or decoder has no layer, or the input no value.
    #[error("the {0} is empty: give it at least one {1}")]
    Empty(&'static str, &'static str),
    /// A size that no machine has the memory for, or that cannot even be counted.
    #[error("{what} would have {values} values; more than 2³⁰ are refused: make the layers or the samples smaller")]
    TooLarge {
        /// A sample, a layer or the network.
        what: &'static str,
        /// Its values; `usize::MAX` stands for more.
        values: usize,
    },
    /// The loss and the last activation do not go together.
    #[error(
        "binary cross-entropy needs predictions within 0..1, but the last layer's activation is {activation}: make it \
         sigmoid, or take the loss mse or mae"
    )]
    BceWithoutSigmoid {
        /// The activation's name.
        activation: &'static str,
    },
    /// The loss takes logits, but the last layer gives something else.
    #[error(
        "the loss {loss} takes logits, but the last layer's activation is {activation}: make it linear, or take the \
         loss {instead}"
    )]
    LogitsThroughActivation {
        /// The loss's name.
        loss: &'static str,
        /// A loss that takes what such an activation gives.
        instead: &'static str,
        /// The activation's name.
        activation: &'static str,
    },
    /// The loss is computed from logits, but the last layer is recurrent.
    #[error(
        "the loss {loss} is computed from logits, but the last layer is recurrent: its activation is part of every \
         step and cannot be left out; put a time-distributed or a dense layer last, or take the loss mse or mae"
    )]
    RecurrentIntoLoss {
        /// The loss's name.
        loss: &'static str,
    },
    /// A layer cannot be tied to the one it names.
    #[error("a tied-dense layer mirrors dense layer {mirrors} of the encoder (counted from 0), {problem}")]
    Tied {
        /// The dense layer that it names.
        mirrors: usize,
        /// What is wrong with that, and what to do.
        problem: String,
    },
    /// Something is asked of a part of a model that only the other part has.
    #[error("the network is the {0} of a model alone: take the whole model")]
    NotWhole(&'static str),
    /// Dropout in a network that has nothing between input, code and output.
    #[error(
        "dropout needs a hidden layer before or behind the code, and there is none: add one, for example 128 before 32"
    )]
    NoHiddenLayer,
    /// A decoder is asked for codes.
    #[error("the network is a decoder alone, and this needs an encoder: take the whole model")]
    NoEncoder,
    /// An encoder is asked for samples.
    #[error("the network is an encoder alone, and this needs a decoder: take the whole model")]
    NoDecoder,
    /// Rows of another width than the network takes.
    #[error(
        "the {what} have {} each, and the network takes {expected}: use {what} that it was made for, or train a new \
         one", counted(*.found, "value")
    )]
    Width {
        /// `samples` or `codes`.
        what: &'static str,
        /// Values that the network takes.
        expected: usize,
        /// Values of a row.
        found: usize,
    },
    /// Another number of weights than the network has.
    #[error(
        "the network needs {}, but is given {found}: use those that were trained with it", counted(*.expected, "weight")
    )]
    Weights {
        /// Of the network.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// A value that is NaN or infinite.
    #[error(
        "{what} have {found} in row {row}, column {column} (both counted from 0), where a finite number was expected: \
         repair the value, or leave the row out"
    )]
    NotFinite {
        /// What the values are.
        what: &'static str,
        /// Counted from 0.
        row: usize,
        /// Counted from 0.
        column: usize,
        /// What is there.
        found: f32,
    },
    /// A sample that the loss cannot take.
    #[error("sample {sample} (counted from 0) {misfit}")]
    Target {
        /// Counted from 0.
        sample: usize,
        /// Why.
        #[source]
        misfit: crate::targets::Misfit,
    },
    /// A score that is no number.
    #[error("sample {sample} has the score {score}: the model or the data is far out of range")]
    Score {
        /// Counted from 0.
        sample: usize,
        /// ∞ or NaN.
        score: f64,
    },
    /// More memory than there is.
    #[error(
        "this network needs {:.1} GB of memory, more than there is: make its layers or the batches \
         smaller", *.bytes as f64 / 1e9
    )]
    NoMemory {
        /// What it needs.
        bytes: usize,
    },
    /// A model file that cannot be used.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] handgrad_files::Error),
    /// Bytes that are not a handgrad model.
    #[error("not a handgrad model file: {0}")]
    NotAModel(String),
    /// A model whose parts do not fit together.
    #[error("the model file is damaged: {0}; take a copy that is not, or train again")]
    Damaged(String),
    /// A model file that the system does not give.
    #[error("the model file cannot be read: {0}; check that you may read it, and the disk")]
    Read(#[from] std::io::Error),
    /// More layers than a model file describes.
    #[error(
        "the network has {tensors} tensors and is described in {text} bytes, where at most {most_tensors} and \
         {most_text} fit in a model file: leave out layers"
    )]
    TooDeep {
        /// Weights and biases, tied ones twice.
        tensors: usize,
        /// Bytes of its specification in TOML.
        text: usize,
        /// Tensors that fit.
        most_tensors: usize,
        /// Bytes that fit.
        most_text: usize,
    },
    /// A model file larger than any.
    #[error("not a handgrad model file: {what} has {found} bytes, and at most {most} were expected")]
    TooLong {
        /// The file, or its header.
        what: &'static str,
        /// Its bytes.
        found: u64,
        /// What the longest has.
        most: u64,
    },
    /// A model of a later version.
    #[error("the model file has format {found}, and this program reads up to {newest}: use a newer handgrad")]
    TooNew {
        /// The format that the file states.
        found: u64,
        /// The newest format that is known here.
        newest: u64,
    },
}

fn fits(sides: &[usize]) -> String {
    let sides: Vec<_> = sides.iter().map(|side| format!("{side}×{side}")).collect();
    match &sides[..] {
        [] => "strides, pooling and upsampling must lead back to the same height and width".into(),
        sides => format!("images of {} would fit: pad or crop yours, or choose other layers", sides.join(" or ")),
    }
}

/// A count and its noun, with an s unless the count is 1.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
