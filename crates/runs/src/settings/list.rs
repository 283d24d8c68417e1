//! The settings themselves.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use handgrad_dataset::{is_csv, named, series};
use handgrad_layers::{Activation, LossKind, Reduction};

use super::value::{
    CellName, FillName, HeaderName, LossName, ModelName, NoiseName, OptimizerName, ScaleName, ScheduleName, Size,
    Value, Words,
};
use super::{Group, Setting, settings};

settings! {
    /// The settings to start from: the name of a published example. `handgrad train --help` lists them
    /// [default: table for a table, series or, for recurrent models, sequence for series, otherwise basic].
    preset: String, First, "NAME", default(|s| usual_preset(s).into());

    /// The data: the name of a data set (see `handgrad data list`), a folder or a file. A folder holds PNG or JPEG
    /// files, or a folder of them for each class, or IDX files whose names begin with `train-` and `t10k-`. A file is
    /// IDX, plain or compressed with gzip, or its name ends in .csv, .npy, .npz, .ts or .tsv. Of series in .ts and
    /// .tsv, the file beside it is used for validation if their names end in _TRAIN and _TEST, and a folder may hold
    /// both [default: that of the preset].
    data: String, First, "NAME|DIR|FILE";

    /// The folder of the named data sets. Missing ones are downloaded to it [default: the environment variable
    /// HANDGRAD_DATA, otherwise `data`].
    data_dir: PathBuf, Data, "DIR";

    /// For CSV files: the column of the labels, which are words or numbers. Give its name in the header, its number,
    /// counted from 1, `last` or `none` [default: the column called label or class, if there is one].
    label_column: String, Data, "COLUMN", only_with("CSV files", |s| has_csv(s));

    /// For CSV files: whether the first row is a header [default: found out: it is one if it has words and no number,
    /// or if its numbers are quite other than those below, for example 0,1,2,3 above decimals].
    header: HeaderName, Data, "yes|no", only_with("CSV files", |s| has_csv(s));

    /// For CSV files and series: what replaces missing values. The mean is that of the training part. Without it,
    /// missing is a value of its own.
    fill: FillName, Data, "NAME", only_with("CSV files and series", |s| has_csv(s) || is_series(s));

    /// For CSV files: leave out these columns.
    ignore: Words, Data, "COLUMNS", only_with("tables, and CSV files with one step per row", |s| has_columns(s));

    /// For CSV files: use only these columns.
    columns: Words, Data, "COLUMNS", only_with("tables, and CSV files with one step per row", |s| has_columns(s));

    /// For tables: a file that says what the columns are, for example the schema.toml of a run after you edited it. The
    /// kinds of columns that it does not name are found out.
    schema: PathBuf, Data, "FILE", only_with("tables, which are CSV files without window", |s| is_table(s));

    /// For tables: the part of the columns that is hidden from the network in each training step, different for each
    /// row. The network learns to tell them from the others, as `impute` needs it. Without hidden columns, the anomaly
    /// score is the reconstruction error [default: 0.2 for the preset table, unless layers are given, otherwise 0].
    hide: f64, Network, "PART", silent(0.0),
        only_with("tables, which are CSV files without window", |s| is_table(s)),
        check(|&part| expect((0.0..1.0).contains(&part), || {
            format!("hide is {part}, but must be at least 0 and below 1: 0.2 is usual")
        }));

    /// For CSV files with one step per row: the column that says when each step was. It must ascend, it is no channel,
    /// and no window crosses a gap, which is a step of more than 1.5 times the median. Give its name, its number,
    /// counted from 1, or `none` [default: the first column whose cells are all dates, or that is named time, date,
    /// datetime or timestamp and ascends].
    time_column: String, Data, "COLUMN", only_with("window or series_column", |s| is_long(s));

    /// For CSV files with one step per row: the column that says to which series each step belongs. It is no channel,
    /// and no window crosses from one series to another. Rows of one series need not follow each other. A tenth of the
    /// series is held out. Without window, each series is one sample.
    series_column: String, Data, "COLUMN", only_with("CSV files", |s| has_csv(s));

    /// For CSV files: read one step per row, and cut the series into samples of this length.
    window: NonZeroUsize, Data, "STEPS", only_with("CSV files", |s| has_csv(s));

    /// The number of steps from the start of one window to the start of the next [default: 1].
    window_stride: NonZeroUsize, Data, "STEPS", only_with("window, such as 50", |s| s.window.is_some());

    /// For folders of PNG or JPEG files: scale the pictures to this height and width, for example `32` or `32x24`.
    /// Without it, all pictures must have the same size.
    size: Size, Data, "HEIGHTxWIDTH";

    /// Train and validate only with the samples of these classes, for example `1,2`. The data needs labels.
    only_class: Words, Data, "CLASSES",
        check(|classes| expect(!classes.0.is_empty(), || {
            "only_class is empty, but must name at least one class: 1".into()
        }));

    /// Scale all values by an offset and a factor, which are computed from the training samples of all classes: one
    /// pair for all values of images, one for each channel of a series, and one for each column of a table. The model
    /// stores them and applies them wherever it is used [default for tables: standard, and min-max for the loss bce].
    scale: ScaleName, Data, "NAME";

    /// The kind of network [default: dense].
    model: ModelName, Network, "NAME", default(|_s| ModelName::Dense);

    /// The units of the encoder's layers, for example `128,64,32`. The last number is the size of the code, and the
    /// decoder mirrors the encoder. For convolutional models: the channels of the layers. For conv-vae: only the size
    /// of the code. For sequence and next-step: the units of the recurrent layer.
    layers: Vec<usize>, First, "UNITS",
        only_with("any model but pooled-conv", |s| model(s) != ModelName::PooledConv),
        check(|layers| expect(!layers.is_empty() && !layers.contains(&0), || {
            let text: Vec<_> = layers.iter().map(ToString::to_string).collect();
            format!(
                "layers is {:?}, but every layer needs at least 1 unit and there must be at least 1 layer, whose units \
                 are the size of the code: try 32", text.join(",")
            )
        }));

    /// For the models sequence and next-step: the kind of recurrent layer [default: lstm].
    cell: CellName, Network, "NAME", default(|_s| CellName::Lstm),
        only_with("the models sequence and next-step", |s| is_recurrent(s));

    /// For the model sequence: add a second recurrent layer that reads the sequence backwards. The code becomes twice
    /// as long.
    bidirectional: bool, Network, "BOOL", silent(false),
        only_with("the model sequence", |s| model(s) == ModelName::Sequence);

    /// For convolutional models: the distance between the taps of a window, so that it covers more of the image with
    /// the same number of weights [default: 1].
    dilation: usize, Network, "VALUES", silent(1), only_with("convolutional models", |s| is_convolutional(s)),
        check(|&dilation| at_least_one("dilation", dilation));

    /// For the model dense: each layer of the decoder uses the transposed weights of its encoder layer.
    tied: bool, Network, "BOOL", silent(false), only_with("model dense", |s| model(s) == ModelName::Dense);

    /// For the model dense: the activation of the hidden layers [default: relu].
    activation: Activation, Network, "NAME", default(|_s| Activation::Relu),
        only_with("model dense", |s| model(s) == ModelName::Dense);

    /// For the model dense: the activation of the code [default: that of the hidden layers].
    code_activation: Activation, Network, "NAME", only_with("model dense", |s| model(s) == ModelName::Dense);

    /// The activation of the last layer [default: sigmoid if all data is within 0..1, otherwise linear; linear for
    /// cross-entropy, whose softmax is part of the loss].
    output_activation: Activation, Network, "NAME";

    /// The part of a hidden layer's values that is set to 0 in each training step, different for each sample. The code
    /// and the output have no dropout.
    dropout: f64, Network, "RATE",
        check(|&rate| expect((0.0..1.0).contains(&rate), || {
            format!("dropout is {rate}, but must be at least 0 and below 1: 0.2 is usual")
        }));

    /// The loss that training minimises: mean squared error, binary cross-entropy (data within 0..1), mean absolute
    /// error, or the cross-entropy of a softmax (samples whose values are not negative and sum to 1).
    loss: LossName, First, "NAME", default(|_s| LossName::Mse);

    /// Whether the loss of a sample is the mean or the sum over its values [default: mean, but sum for a variational
    /// model].
    reduction: Reduction, Loss, "NAME", default(|s| usual_reduction(s));

    /// Train a denoising autoencoder: add this kind of noise to its input.
    noise: NoiseName, Loss, "NAME";

    /// The amount of noise: the standard deviation of gaussian noise, otherwise the part of the values that is changed
    /// [default: 0.2].
    noise_level: f64, Loss, "LEVEL", default(|_s| 0.2), only_with("noise, such as gaussian", |s| s.noise.is_some());

    /// The weight of an L1 penalty on the code, which makes it sparse.
    l1: f64, Loss, "WEIGHT", check(|&weight| penalty_weight("l1", weight, "1e-5"));

    /// Train a sparse autoencoder: ρ, the mean activity towards which a KL penalty pushes each unit of the code, above
    /// 0 and below 1. The code gets a sigmoid.
    sparsity: f64, Loss, "RHO",
        check(|&rho| expect(rho as f32 > 0.0 && (rho as f32) < 1.0, || {
            format!("sparsity is {rho}, but must be above 0 and below 1, also as a 32-bit number: 0.05 is usual")
        }));

    /// The weight of the KL penalty of --sparsity [default: 0.01].
    sparsity_weight: f64, Loss, "WEIGHT", default(|_s| 0.01), only_with("sparsity", |s| s.sparsity.is_some()),
        check(|&weight| penalty_weight("sparsity_weight", weight, "0.01"));

    /// For variational models: β, the weight of the KL divergence in the loss [default: 1].
    beta: f64, Loss, "BETA", default(|_s| 1.0),
        only_with("the models vae and conv-vae", |s| is_variational(s)),
        check(|&beta| penalty_weight("beta", beta, "1"));

    /// The number of passes over the training samples.
    epochs: usize, First, "EPOCHS", default(|_s| 10), check(|&epochs| at_least_one("epochs", epochs));

    /// The number of samples in one training step.
    batch_size: usize, First, "SAMPLES", default(|_s| 32),
        check(|&batch_size| at_least_one("batch_size", batch_size));

    /// The learning rate. With a schedule: that of the first epoch [default: 0.001 for adam, 0.1 for sgd].
    learning_rate: f64, First, "RATE", default(|s| if is_adam(s) { 1e-3 } else { 0.1 }),
        check(|&rate| expect(counts(rate), || {
            format!("learning_rate is {rate:?}, but must be above 0 {IN_32_BITS}: 0.001 is usual for adam")
        }));

    /// The optimiser: adam, or sgd, which is gradient descent with momentum [default: adam].
    optimizer: OptimizerName, Training, "NAME", default(|_s| OptimizerName::Adam);

    /// For sgd: the part of the velocity that is kept in each step [default: 0.9].
    momentum: f64, Training, "PART", default(|_s| 0.9), only_with("the optimizer sgd", |s| !is_adam(s)),
        check(|&momentum| expect((0.0..1.0).contains(&momentum), || {
            format!("momentum is {momentum}, but must be at least 0 and below 1: 0.9 is usual")
        }));

    /// How the learning rate changes from epoch to epoch [default: constant].
    schedule: ScheduleName, Training, "NAME", silent(ScheduleName::Constant);

    /// For the schedule step: the number of epochs between two changes.
    schedule_every: usize, Training, "EPOCHS",
        only_with("the schedule step", |s| s.schedule == Some(ScheduleName::Step)),
        check(|&every| at_least_one("schedule_every", every));

    /// For the schedules step and plateau: the factor of each change, above 0 and below 1 [default: 0.1].
    schedule_factor: f64, Training, "FACTOR", default(|_s| 0.1),
        only_with("the schedules step and plateau", |s| {
            matches!(s.schedule, Some(ScheduleName::Step | ScheduleName::Plateau))
        }),
        check(|&factor| expect(factor > 0.0 && factor < 1.0, || {
            format!("schedule_factor is {factor}, but must be above 0 and below 1: 0.1 is usual")
        }));

    /// For the schedule plateau: the learning rate changes after more than this number of epochs without a lower
    /// validation loss [default: 10].
    schedule_patience: usize, Training, "EPOCHS", default(|_s| 10),
        only_with("the schedule plateau", |s| s.schedule == Some(ScheduleName::Plateau));

    /// For the schedule cosine: the lower end of the wave. The last epoch is still trained with a slightly higher
    /// rate, as in PyTorch [default: 0].
    schedule_floor: f64, Training, "RATE", default(|_s| 0.0),
        only_with("the schedule cosine", |s| s.schedule == Some(ScheduleName::Cosine));

    /// Stop after this number of epochs in a row without a lower validation loss, and keep the weights of the best
    /// epoch.
    early_stopping: usize, Training, "EPOCHS",
        check(|&epochs| expect(epochs > 0, || {
            "early_stopping is 0, but must be at least 1: the number of epochs without a lower validation loss after \
             which the training stops".into()
        }));

    /// The largest norm of a gradient: a longer gradient is scaled down to it.
    clip_norm: f64, Training, "NORM",
        check(|&norm| expect(counts(norm), || {
            format!("clip_norm is {norm:?}, but must be above 0 {IN_32_BITS}: 1 is usual")
        }));

    /// Decoupled weight decay: each step subtracts this part of every weight, times the learning rate. With adam this
    /// is AdamW [default: 0].
    weight_decay: f64, Training, "DECAY", silent(0.0),
        check(|&decay| expect(decay.is_finite() && decay >= 0.0, || {
            format!("weight_decay is {decay}, but must be 0 or more: 0.01 is usual for adam")
        }));

    /// Validate with this part of the training samples, and do not train on them: random samples with the same share of
    /// each class, or the last ones if they are windows of a series. The test samples of the data are then measured
    /// once, at the end.
    validation_split: f64, Data, "PART",
        check(|&part| expect(part > 0.0 && part < 1.0, || {
            format!("validation_split is {part}, but must be above 0 and below 1: 0.1 holds out a tenth")
        }));

    /// The seed of all random numbers: first weights, order of the samples, noise, held-out samples of a file
    /// [default: 0].
    seed: u64, First, "SEED", default(|_s| 0);
}

fn has_csv(s: &Settings) -> bool {
    s.data.as_deref().is_some_and(|data| is_csv(Path::new(data)))
}

fn usual_preset(s: &Settings) -> &'static str {
    match () {
        () if is_table(s) => "table",
        () if is_series(s) && is_recurrent(s) => "sequence",
        () if is_series(s) => "series",
        () => "basic",
    }
}

/// Returns whether the data is a CSV file with one step of a series per row.
fn is_long(s: &Settings) -> bool {
    has_csv(s) && (s.window.is_some() || s.series_column.is_some())
}

/// Returns whether the columns of a CSV file have roles of their own.
fn has_columns(s: &Settings) -> bool {
    is_table(s) || is_long(s)
}

/// Returns whether the data is series: a CSV file whose rows are steps, or whole series that a recurrent model reads,
/// or files in a format of series.
pub(crate) fn is_series(s: &Settings) -> bool {
    let is_file = |data: &str| {
        named::find(data).is_none() && (series::is_file(Path::new(data)) || series::is_folder(Path::new(data)))
    };
    is_long(s) || (has_csv(s) && is_recurrent(s)) || s.data.as_deref().is_some_and(is_file)
}

/// Returns whether the data is a table: rows of columns that may differ in kind. The steps of a series, and the values
/// of a distribution, are all of one kind.
pub(crate) fn is_table(s: &Settings) -> bool {
    has_csv(s) && !is_series(s) && s.loss != Some(LossName::CrossEntropy)
}

pub(crate) fn model(s: &Settings) -> ModelName {
    s.model.unwrap_or(ModelName::Dense)
}

pub(crate) fn is_recurrent(s: &Settings) -> bool {
    matches!(model(s), ModelName::Sequence | ModelName::NextStep)
}

pub(crate) fn is_convolutional(s: &Settings) -> bool {
    use ModelName::{ConvVae, PooledConv, PooledStridedConv, StridedConv};
    matches!(model(s), StridedConv | PooledConv | PooledStridedConv | ConvVae)
}

pub(crate) fn is_variational(s: &Settings) -> bool {
    matches!(model(s), ModelName::Vae | ModelName::ConvVae)
}

fn is_adam(s: &Settings) -> bool {
    s.optimizer.unwrap_or(OptimizerName::Adam) == OptimizerName::Adam
}

fn usual_reduction(s: &Settings) -> Reduction {
    match s.loss.map_or(Reduction::Mean, |loss| LossKind::from(loss).usual_reduction()) {
        Reduction::Mean if !is_variational(s) => Reduction::Mean,
        _ => Reduction::Sum,
    }
}

/// The condition that [`counts`] checks, in words.
const IN_32_BITS: &str = "and neither too small nor too large for a 32-bit number";

/// Returns whether this is above 0 and a normal 32-bit number, neither subnormal nor infinite.
fn counts(value: f64) -> bool {
    value > 0.0 && (value as f32).is_normal()
}

fn at_least_one(name: &str, value: usize) -> Result<(), String> {
    expect(value > 0, || format!("{name} is 0, but must be at least 1"))
}

/// The largest weight of a penalty. With larger weights, the loss or the square of its gradient would overflow a 32-bit
/// number.
const LARGEST_WEIGHT: f64 = 1e9;

fn penalty_weight(name: &str, weight: f64, usual: &str) -> Result<(), String> {
    expect((0.0..=LARGEST_WEIGHT).contains(&weight), || {
        let weight = if weight.abs() < LARGEST_WEIGHT { weight.to_string() } else { format!("{weight:e}") };
        format!("{name} is {weight}, but must be 0 or more, and at most {LARGEST_WEIGHT:e}: {usual} is usual")
    })
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
