//! Settings by name, each from a published example.

use anyhow::{Result, anyhow};

use crate::config::{ActivationName, LossName, ModelName, NoiseName, OptimizerName, ScaleName, ScheduleName, Settings};

/// The preset that `train` starts from where none is named.
pub const DEFAULT: &str = "basic";

/// A published example, as settings.
pub struct Preset {
    pub name: &'static str,
    pub about: &'static str,
    layers: &'static [usize],
    loss: LossName,
    epochs: usize,
    batch_size: usize,
    more: fn(&mut Settings),
}

const fn preset(
    name: &'static str,
    about: &'static str,
    layers: &'static [usize],
    loss: LossName,
    [epochs, batch_size]: [usize; 2],
    more: fn(&mut Settings),
) -> Preset {
    Preset { name, about, layers, loss, epochs, batch_size, more }
}

const PRESETS: [Preset; 16] = [
    preset(
        "basic",
        "the slides' 784-32-784 with ReLU and sigmoid (CE6146; the Keras blog's first example)",
        &[32],
        LossName::Bce,
        [50, 256],
        |_| {},
    ),
    preset(
        "tf-basic",
        "784-64-784, the TensorFlow tutorial that UTMIST's slides link to",
        &[64],
        LossName::Mse,
        [10, 32],
        |_| {},
    ),
    preset(
        "deep",
        "784-128-64-32-64-128-784, halved and mirrored (CE6146 guideline; the Keras blog's deep example)",
        &[128, 64, 32],
        LossName::Bce,
        [50, 256],
        |_| {},
    ),
    preset(
        "hinton",
        "784-1000-500-250-30 and back, a linear code (Hinton & Salakhutdinov 2006), trained from scratch with tanh",
        &[1000, 500, 250, 30],
        LossName::Mse,
        [50, 128],
        |s| {
            (s.activation, s.code_activation) = (Some(ActivationName::Tanh), Some(ActivationName::Linear));
            (s.schedule, s.weight_decay) = (Some(ScheduleName::Cosine), Some(0.1));
        },
    ),
    preset(
        "sparse",
        "basic with an L1 penalty on the code (CE6146; the Keras blog's sparse example)",
        &[32],
        LossName::Bce,
        [100, 256],
        |s| s.l1 = Some(1e-4),
    ),
    preset(
        "keras-conv",
        "convolutions with pooling and upsampling (CE6146; the Keras blog's convolutional example)",
        &[16, 8, 8],
        LossName::Bce,
        [50, 128],
        |s| s.model = Some(ModelName::PooledConv),
    ),
    preset(
        "strided-conv",
        "convolutions of stride 2 with 16 and 8 channels, and transposed ones back",
        &[16, 8],
        LossName::Bce,
        [100, 128],
        |s| s.model = Some(ModelName::StridedConv),
    ),
    preset(
        "tf-denoise",
        "the TensorFlow tutorial's denoiser: strided-conv under gaussian noise of 0.2",
        &[16, 8],
        LossName::Mse,
        [10, 32],
        |s| {
            (s.model, s.noise) = (Some(ModelName::StridedConv), Some(NoiseName::Gaussian));
            s.noise_level = Some(0.2);
        },
    ),
    preset(
        "keras-denoise",
        "keras-io's denoiser: pooling and transposed convolutions of 32 channels, noise of 0.4",
        &[32, 32],
        LossName::Bce,
        [100, 128],
        |s| {
            (s.model, s.noise) = (Some(ModelName::PooledStridedConv), Some(NoiseName::Gaussian));
            s.noise_level = Some(0.4);
        },
    ),
    preset("vae", "784-400-20-400-784, variational: the PyTorch example", &[400, 20], LossName::Bce, [10, 128], |s| {
        s.model = Some(ModelName::Vae)
    }),
    preset(
        "vae-2d",
        "784-400-2-400-784, variational, with a code that can be drawn",
        &[400, 2],
        LossName::Bce,
        [30, 128],
        |s| s.model = Some(ModelName::Vae),
    ),
    preset(
        "conv-vae",
        "convolutional and variational, a code of 2: keras-io's example",
        &[2],
        LossName::Bce,
        [30, 128],
        |s| s.model = Some(ModelName::ConvVae),
    ),
    preset(
        "lstm",
        "an LSTM of 64 units reads the image line by line into a code, another writes it out again (CE6146)",
        &[64],
        LossName::Mse,
        [10, 64],
        |s| s.model = Some(ModelName::Sequence),
    ),
    preset(
        "ecg",
        "140-32-16-8-16-32-140 on normal heartbeats, the TensorFlow tutorial that UTMIST's slides link to",
        &[32, 16, 8],
        LossName::Mae,
        [20, 512],
        heartbeats,
    ),
    preset(
        "ecg-lstm",
        "the same heartbeats through LSTMs: a beat is read value by value into a code of 32",
        &[32],
        LossName::Mae,
        [40, 64],
        |s| {
            heartbeats(s);
            s.model = Some(ModelName::Sequence);
        },
    ),
    preset(
        "sparse-kl",
        "784-64-784, a sigmoid code with a KL penalty to a mean activity of 0.05 (KERAS; Ng 2011)",
        &[64],
        LossName::Bce,
        [50, 256],
        |s| s.sparsity = Some(0.05),
    ),
];

/// Normal ones to learn from, brought to 0..1.
fn heartbeats(s: &mut Settings) {
    (s.data, s.label_column) = (Some("ecg5000".into()), Some("last".into()));
    (s.only_class, s.scale) = (Some(vec![1]), Some(ScaleName::MinMax));
    // A beat of the others may lie outside of that.
    s.output_activation = Some(ActivationName::Sigmoid);
}

impl Preset {
    pub fn settings(&self) -> Settings {
        let mut settings = Settings {
            data: Some("fashion-mnist".into()),
            layers: Some(self.layers.to_vec()),
            loss: Some(self.loss),
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            optimizer: Some(OptimizerName::Adam),
            ..Settings::default()
        };
        (self.more)(&mut settings);
        settings
    }
}

pub fn find(name: &str) -> Result<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        anyhow!("there is no preset {name:?}: there are {}", names.join(", "))
    })
}

/// The table below `train --help`.
pub fn help() -> String {
    let mut text = String::from("Presets, all with Adam at 0.001, on fashion-mnist unless they are of heartbeats:\n");
    for preset in &PRESETS {
        let Preset { name, about, epochs, batch_size, .. } = preset;
        let loss = format!("{:?}", preset.loss).to_lowercase();
        text += &format!("  {name:13} {about}\n  {:13} {loss}, {epochs} epochs of batches of {batch_size}\n", "");
    }
    text + "\nExamples:\n  \
        handgrad train                                   the basic autoencoder on Fashion-MNIST\n  \
        handgrad train --data synthetic --epochs 5       no download, a few seconds\n  \
        handgrad train --preset deep --data mnist --seed 1\n  \
        handgrad train --preset vae --data mnist         then: handgrad sample runs/vae-mnist --out drawn.png\n  \
        handgrad train --preset deep --noise masking --noise-level 0.3\n  \
        handgrad train --data my-images.idx.gz --layers 64,16 --loss mse"
}
