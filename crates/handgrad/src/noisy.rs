//! Noise on samples: the same as a denoising model's loss is measured with.

use handgrad_layers::{Layer, Mode, Noise, Pass};
use handgrad_models::{LayerSpec, Network};
use ndarray::Array2;

/// The noise that a network was trained to undo: the layers of it that it begins with.
pub fn of(network: &Network<f32>) -> Vec<Noise> {
    let noise = |layer: &LayerSpec| if let LayerSpec::Noise(noise) = layer { Some(*noise) } else { None };
    network.spec().encoder.iter().map_while(noise).collect()
}

/// Puts noise on rows, which are the samples of these numbers. The same sample always gets the same noise.
pub fn put_on(rows: &mut Array2<f32>, numbers: &[u32], noises: &[Noise]) {
    for (layer, noise) in noises.iter().enumerate() {
        let pass = Pass { mode: Mode::Measure, layer, samples: numbers, ..Pass::predict() };
        for (row, mut values) in rows.rows_mut().into_iter().enumerate() {
            if let Some(values) = values.as_slice_mut() {
                noise.forward(values, row, &pass);
            }
        }
    }
}

/// In words: `Gaussian noise, std 0.2, clipped to 0..1`.
pub fn describe(noises: &[Noise]) -> String {
    noises.iter().map(Layer::<f32>::describe).collect::<Vec<_>>().join(", then ")
}
