//! The settings themselves.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use handgrad_dataset::is_csv;
use handgrad_layers::{Activation, LossKind, Reduction};

use super::value::{CellName, FillName, LossName, ModelName, NoiseName, OptimizerName, ScaleName, ScheduleName, Value};
use super::{Setting, settings};

settings! {
    /// Settings to start from, see below [default: basic].
    preset: String, "NAME", usual(|_s| "basic".into());

    /// A data set's name (see `data list`), a folder with train- and t10k- IDX files, an IDX file, plain or gzip, or a
    /// CSV file, whose name ends in .csv: a series a row, with a header or none [default: the preset's].
    data: String, "NAME|DIR|FILE";

    /// Folder in which named data sets are looked for, and to which they are downloaded [default: the environment
    /// variable HANDGRAD_DATA, else data].
    data_dir: PathBuf, "DIR";

    /// For a CSV file: the column of the labels, whole numbers from 0 to 255. A name of the header, a number counted
    /// from 1, `last` or `none` [default: the column called label or class, if there is one].
    label_column: String, "COLUMN", heeded("CSV files", |s| has_csv(s));

    /// For a CSV file: what stands in for missing values, which are refused without it.
    fill: FillName, "NAME", heeded("CSV files", |s| has_csv(s));

    /// For a CSV file: take it as one long series, a step a row, and cut samples of so many steps from it.
    window: NonZeroUsize, "STEPS", heeded("CSV files", |s| has_csv(s));

    /// Steps from one window to the next [default: 1].
    window_stride: NonZeroUsize, "STEPS", heeded("window, such as 50", |s| s.window.is_some());

    /// Learn from samples of these classes alone, and validate with such: `1,2`. Needs labels.
    only_class: Vec<u8>, "CLASSES",
        check(|classes| expect(!classes.is_empty(), || {
            "only_class is empty, but must name at least one class: 1".into()
        }));

    /// Move all values alike, so that those of the training samples, of all classes, lie where a network learns well.
    /// The model keeps the scale and applies it wherever it is used.
    scale: ScaleName, "NAME";

    /// What the network is made of [default: dense].
    model: ModelName, "NAME", usual(|_s| ModelName::Dense);

    /// Units of the encoder's layers, the last one the size of the code; the decoder mirrors them: `128,64,32`. Of
    /// a convolutional model the channels of its layers; of conv-vae the size of the code alone; of sequence and
    /// next-step the units of the recurrent layer.
    layers: Vec<usize>, "UNITS", heeded("any model but pooled-conv", |s| model(s) != ModelName::PooledConv),
        check(|layers| expect(!layers.is_empty() && !layers.contains(&0), || {
            let text: Vec<_> = layers.iter().map(ToString::to_string).collect();
            format!(
                "layers is {:?}, but every layer needs at least 1 unit and there must be at least 1 layer, whose units \
                 are the size of the code: try 32", text.join(",")
            )
        }));

    /// The recurrent layers of the models sequence and next-step [default: lstm].
    cell: CellName, "NAME", usual(|_s| CellName::Lstm),
        heeded("the models sequence and next-step", |s| is_recurrent(s));

    /// Let a second layer of each kind go through the sequence backwards; the code is twice as long. Of the model
    /// sequence.
    bidirectional: bool, "BOOL", silent(false), heeded("the model sequence", |s| model(s) == ModelName::Sequence);

    /// Taps of a convolution's window that lie so many values apart: it sees more of the image with as many weights
    /// [default: 1].
    dilation: usize, "VALUES", silent(1), heeded("convolutional models", |s| is_convolutional(s)),
        check(|&dilation| at_least_one("dilation", dilation));

    /// Give each layer of a dense model's decoder the weights of its encoder layer, transposed, instead of its own.
    tied: bool, "BOOL", silent(false), heeded("model dense", |s| model(s) == ModelName::Dense);

    /// Activation of the hidden layers [default: relu].
    activation: Activation, "NAME", usual(|_s| Activation::Relu),
        heeded("model dense", |s| model(s) == ModelName::Dense);

    /// Activation of the code [default: that of the hidden layers].
    code_activation: Activation, "NAME", heeded("model dense", |s| model(s) == ModelName::Dense);

    /// Activation of the last layer [default: sigmoid for data within 0..1, else linear; linear for cross-entropy,
    /// whose softmax is part of the loss].
    output_activation: Activation, "NAME";

    /// What to make small: squared error, binary cross-entropy (data within 0..1 only), absolute error, or the
    /// cross-entropy of a softmax (samples that are distributions: no value below 0, and they sum to 1).
    loss: LossName, "NAME", usual(|_s| LossName::Mse);

    /// Whether the loss of a sample is the mean or the sum over its values [default: mean, sum for a variational
    /// model].
    reduction: Reduction, "NAME", usual(|s| usual_reduction(s));

    /// Noise to put on the samples, which the network is to undo.
    noise: NoiseName, "NAME";

    /// How much: the standard deviation of gaussian noise, otherwise the part of the values that is hit [default: 0.2].
    noise_level: f64, "LEVEL", usual(|_s| 0.2), heeded("noise, such as gaussian", |s| s.noise.is_some());

    /// The part of a hidden layer's values that is left out in every training step, another one for each sample; the
    /// code and the output are left whole.
    dropout: f64, "RATE",
        check(|&rate| expect((0.0..1.0).contains(&rate), || {
            format!("dropout is {rate}, but must be at least 0 and below 1: 0.2 is usual")
        }));

    /// Weight of an L1 penalty on the code, which makes it sparse.
    l1: f64, "WEIGHT", check(|&weight| penalty_weight("l1", weight, 1e-5));

    /// ρ, the mean activity that a KL penalty asks of the code's units, above 0 and below 1; gives the code a sigmoid.
    sparsity: f64, "RHO";

    /// Weight of that KL penalty [default: 0.01].
    sparsity_weight: f64, "WEIGHT", usual(|_s| 0.01), heeded("sparsity", |s| s.sparsity.is_some()),
        check(|&weight| penalty_weight("sparsity_weight", weight, 0.01));

    /// β, weight of the divergence in a variational model's loss [default: 1].
    beta: f64, "BETA", usual(|_s| 1.0), heeded("the models vae and conv-vae", |s| is_variational(s)),
        check(|&beta| penalty_weight("beta", beta, 1.0));

    /// How many times every sample is seen.
    epochs: usize, "EPOCHS", usual(|_s| 10), check(|&epochs| at_least_one("epochs", epochs));

    /// Samples a step.
    batch_size: usize, "SAMPLES", usual(|_s| 32), check(|&batch_size| at_least_one("batch_size", batch_size));

    /// How far a step goes, at first where there is a schedule [default: 0.001 for adam, 0.1 for sgd].
    learning_rate: f64, "RATE", usual(|s| if is_adam(s) { 1e-3 } else { 0.1 }),
        check(|&rate| expect(counts(rate), || {
            format!("learning_rate is {rate:?}, but must be above 0 {IN_32_BITS}: 0.001 is usual for adam")
        }));

    /// adam, or sgd: gradient descent with momentum.
    optimizer: OptimizerName, "NAME", usual(|_s| OptimizerName::Adam);

    /// Of sgd: how much of the velocity is kept a step [default: 0.9].
    momentum: f64, "PART", usual(|_s| 0.9), heeded("the optimizer sgd", |s| !is_adam(s)),
        check(|&momentum| expect((0.0..1.0).contains(&momentum), || {
            format!("momentum is {momentum}, but must be at least 0 and below 1: 0.9 is usual")
        }));

    /// How the learning rate changes from epoch to epoch [default: constant].
    schedule: ScheduleName, "NAME", silent(ScheduleName::Constant);

    /// Of step: epochs from one change to the next.
    schedule_every: usize, "EPOCHS", heeded("the schedule step", |s| s.schedule == Some(ScheduleName::Step)),
        check(|&every| at_least_one("schedule_every", every));

    /// Of step and plateau: what the rate is multiplied by, above 0 and below 1 [default: 0.1].
    schedule_factor: f64, "FACTOR", usual(|_s| 0.1),
        heeded("the schedules step and plateau", |s| {
            matches!(s.schedule, Some(ScheduleName::Step | ScheduleName::Plateau))
        }),
        check(|&factor| expect(factor > 0.0 && factor < 1.0, || {
            format!("schedule_factor is {factor}, but must be above 0 and below 1: 0.1 is usual")
        }));

    /// Of plateau: how many epochs without a lower validation loss are put up with; the next one changes the rate
    /// [default: 10].
    schedule_patience: usize, "EPOCHS", usual(|_s| 10),
        heeded("the schedule plateau", |s| s.schedule == Some(ScheduleName::Plateau));

    /// Of cosine: the rate that it goes down to [default: 0].
    schedule_floor: f64, "RATE", usual(|_s| 0.0),
        heeded("the schedule cosine", |s| s.schedule == Some(ScheduleName::Cosine));

    /// Stop after so many epochs in a row without a lower validation loss, and keep the weights of the best epoch.
    early_stopping: usize, "EPOCHS",
        check(|&epochs| expect(epochs > 0, || {
            "early_stopping is 0, but must be at least 1: the epochs without a lower validation loss to stop \
             after".into()
        }));

    /// The longest gradient that is let through: a longer one is scaled down to this norm.
    clip_norm: f64, "NORM",
        check(|&norm| expect(counts(norm), || {
            format!("clip_norm is {norm:?}, but must be above 0 {IN_32_BITS}: 1 is usual")
        }));

    /// The part of itself, times the learning rate, that every weight loses a step; with adam this is AdamW [default:
    /// 0].
    weight_decay: f64, "DECAY", silent(0.0),
        check(|&decay| expect(decay.is_finite() && decay >= 0.0, || {
            format!("weight_decay is {decay}, but must be 0 or more: 0.01 is usual for adam")
        }));

    /// Validate with this part of the training samples, the last ones, which are not learnt from; the data's own test
    /// samples are then measured once, at the end.
    validation_split: f64, "PART",
        check(|&part| expect(part > 0.0 && part < 1.0, || {
            format!("validation_split is {part}, but must be above 0 and below 1: 0.1 holds out a tenth")
        }));

    /// Of the first weights and of the order of the samples [default: 0].
    seed: u64, "SEED", usual(|_s| 0);
}

fn has_csv(s: &Settings) -> bool {
    s.data.as_deref().is_some_and(|data| is_csv(Path::new(data)))
}

pub(crate) fn model(s: &Settings) -> ModelName {
    s.model.unwrap_or(ModelName::Dense)
}

fn is_recurrent(s: &Settings) -> bool {
    matches!(model(s), ModelName::Sequence | ModelName::NextStep)
}

fn is_convolutional(s: &Settings) -> bool {
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

/// What [`counts`] asks for, in words.
const IN_32_BITS: &str = "and neither too small nor too large for a 32-bit number";

/// Is this above 0, and still a number above 0 among those that train?
fn counts(value: f64) -> bool {
    value > 0.0 && (value as f32).is_normal()
}

fn at_least_one(name: &str, value: usize) -> Result<(), String> {
    expect(value > 0, || format!("{name} is 0, but must be at least 1"))
}

/// Weights of penalties beyond this overflow 32-bit numbers, in the loss or in the square of its gradient.
const LARGEST_WEIGHT: f64 = 1e9;

fn penalty_weight(name: &str, weight: f64, usual: f64) -> Result<(), String> {
    expect((0.0..=LARGEST_WEIGHT).contains(&weight), || {
        format!("{name} is {weight:?}, but must be from 0 to {LARGEST_WEIGHT:e}: {usual} is usual")
    })
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
