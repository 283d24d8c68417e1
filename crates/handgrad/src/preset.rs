//! Settings by name, each from a published example.

use anyhow::{Result, anyhow};

use crate::config::{LossName, OptimizerName, Settings};

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
}

const PRESETS: [Preset; 3] = [
    Preset {
        name: "basic",
        about: "the slides' 784-32-784 with ReLU and sigmoid (CE6146; the Keras blog's first example)",
        layers: &[32],
        loss: LossName::Bce,
        epochs: 50,
        batch_size: 256,
    },
    Preset {
        name: "tf-basic",
        about: "784-64-784, the TensorFlow tutorial that UTMIST's slides link to",
        layers: &[64],
        loss: LossName::Mse,
        epochs: 10,
        batch_size: 32,
    },
    Preset {
        name: "deep",
        about: "784-128-64-32-64-128-784, halved and mirrored (CE6146 guideline; the Keras blog's deep example)",
        layers: &[128, 64, 32],
        loss: LossName::Bce,
        epochs: 50,
        batch_size: 256,
    },
];

impl Preset {
    pub fn settings(&self) -> Settings {
        Settings {
            data: Some("fashion-mnist".into()),
            layers: Some(self.layers.to_vec()),
            loss: Some(self.loss),
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            optimizer: Some(OptimizerName::Adam),
            ..Settings::default()
        }
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
    let mut text = String::from("Presets, all with Adam at 0.001 on fashion-mnist:\n");
    for preset in &PRESETS {
        let Preset { name, about, epochs, batch_size, .. } = preset;
        let loss = format!("{:?}", preset.loss).to_lowercase();
        text += &format!("  {name:9} {about}\n  {:9} {loss}, {epochs} epochs of batches of {batch_size}\n", "");
    }
    text + "\nExamples:\n  \
        handgrad train                                   the basic autoencoder on Fashion-MNIST\n  \
        handgrad train --data synthetic --epochs 5       no download, a few seconds\n  \
        handgrad train --preset deep --data mnist --seed 1\n  \
        handgrad train --data my-images.idx.gz --layers 64,16 --loss mse"
}
