//! # Catalogue: every layer and every loss, with the sizes at which its gradient is checked
//!
//! The command `handgrad gradcheck` and the tests use this list. The name of a check begins with the name of the file
//! that it checks: `conv-transpose2d-same` checks `conv_transpose2d.rs`. Each new layer file needs an entry here;
//! without one, a test fails.
//!
//! Truncated backpropagation and gradient clipping are not in the list, because their result is intentionally not the
//! gradient.

mod images;
mod sequences;

pub use images::{POOLED, convolutions, transposed_convolutions};
pub use sequences::{Cell, VIDEOS, cells, sequences};

use super::{Report, check, check_layer};
use crate::{
    Activation, ActivityL1, Columns, Dense, Dropout, Error, Head, KlSparsity, Layer, Loss, LossKind, Mask, Noise,
    ParamSpec, Pass, Reduction, Reparameterize, Reshape, TiedDense,
};

/// Every activation function.
pub const ACTIVATIONS: [Activation; 4] = [Activation::Linear, Activation::Relu, Activation::Sigmoid, Activation::Tanh];

/// Returns pseudorandom numbers in −1..1, which are the same on every platform (a linear congruential generator with
/// Knuth's constants). f32 represents each of them exactly.
#[must_use]
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The inputs at which a layer can be checked: valid ones, away from kinks.
#[derive(Debug)]
enum Inputs {
    /// Anywhere in −1..1.
    Any,
    /// At most 0.45 below or above this number. Around 0.5 that is within 0..1, at some distance from both ends.
    Around(f64),
    /// Inputs for a layer with a ReLU, for which no z is near 0. The layer without its ReLU computes z.
    AwayFromKink(Box<dyn Layer<f64>>),
}

/// A layer at one size.
#[derive(Debug)]
pub struct Case {
    /// The layer.
    pub layer: Box<dyn Layer<f64>>,
    /// Shape of a sample.
    pub input: Vec<usize>,
    /// Shape of a sample of the output.
    pub output: Vec<usize>,
    inputs: Inputs,
}

impl Case {
    fn new(layer: impl Layer<f64> + 'static, input: &[usize]) -> Result<Self, Error> {
        Self::of(Box::new(layer), input)
    }

    fn of(layer: Box<dyn Layer<f64>>, input: &[usize]) -> Result<Self, Error> {
        Ok(Self { output: layer.output_shape(input)?, layer, input: input.to_vec(), inputs: Inputs::Any })
    }

    fn around(center: f64, layer: impl Layer<f64> + 'static, input: &[usize]) -> Result<Self, Error> {
        Ok(Self { inputs: Inputs::Around(center), ..Self::new(layer, input)? })
    }

    /// `layer` is `linear` with a ReLU.
    fn with_relu(
        layer: impl Layer<f64> + 'static,
        linear: impl Layer<f64> + 'static,
        input: &[usize],
    ) -> Result<Self, Error> {
        Ok(Self { inputs: Inputs::AwayFromKink(Box::new(linear)), ..Self::new(layer, input)? })
    }

    /// Returns θ and `rows` samples at which to check the layer.
    #[must_use]
    pub fn point(&self, rows: usize) -> (Vec<f64>, Vec<f64>) {
        let params = self.layer.params().iter().map(ParamSpec::len).sum();
        let len = rows * self.input.iter().product::<usize>();
        let at = |seed| (numbers(params, seed), numbers(len, seed + 1));
        match &self.inputs {
            Inputs::Any => at(1),
            Inputs::Around(center) => {
                (numbers(params, 1), numbers(len, 2).into_iter().map(|x| center + 0.45 * x).collect())
            }
            Inputs::AwayFromKink(linear) => {
                let mut seed = 1;
                loop {
                    let (theta, x) = at(seed);
                    let mut z = vec![f64::NAN; rows * self.output.iter().product::<usize>()];
                    let mut scratch = vec![f64::NAN; linear.scratch_len()];
                    linear.forward(&theta, &x, &mut z, &mut Pass { scratch: &mut scratch, ..Pass::predict() });
                    if z.iter().all(|z| z.abs() > 1e-3) {
                        return (theta, x);
                    }
                    seed += 2;
                }
            }
        }
    }

    /// Checks the layer on `rows` rows, with blocks of `block_rows` rows of each parameter.
    #[must_use]
    pub fn check(&self, rows: usize, block_rows: usize) -> Report {
        let (theta, x) = self.point(rows);
        let dy = numbers(rows * self.output.iter().product::<usize>(), 3);
        check_layer(&*self.layer, &theta, &x, &dy, rows, block_rows)
    }
}

/// The checks under one name.
#[derive(Debug)]
pub struct Entry {
    /// The name; it begins with the name of the layer's file.
    pub name: String,
    /// A short description.
    pub says: &'static str,
    /// The sizes at which the layer is checked.
    pub cases: Vec<Case>,
}

impl Entry {
    fn new(name: impl Into<String>, says: &'static str, cases: Vec<Case>) -> Self {
        Self { name: name.into(), says, cases }
    }
}

/// The checks of every layer.
///
/// # Errors
/// If a layer of the list does not accept its samples.
pub fn layers() -> Result<Vec<Entry>, Error> {
    let mut entries = dense()?;
    entries.extend(images::entries()?);
    entries.extend(without_weights()?);
    entries.extend(sequences::entries()?);
    Ok(entries)
}

fn dense() -> Result<Vec<Entry>, Error> {
    const SIZES: [[usize; 2]; 5] = [[1, 1], [5, 3], [3, 7], [9, 2], [17, 16]];
    let mut entries = Vec::new();
    for activation in ACTIVATIONS {
        let cases = SIZES.map(|[inputs, units]| {
            let dense = Dense { inputs, units, activation };
            match activation {
                Activation::Relu => {
                    Case::with_relu(dense, Dense { activation: Activation::Linear, ..dense }, &[inputs])
                }
                _ => Case::new(dense, &[inputs]),
            }
        });
        let cases = cases.into_iter().collect::<Result<_, _>>()?;
        entries.push(Entry::new(format!("dense-{}", activation.name()), "y = φ(x·w + b)", cases));
    }
    let mut cases = Vec::new();
    for activation in [Activation::Linear, Activation::Sigmoid, Activation::Tanh] {
        for [inputs, units] in SIZES {
            cases.push(Case::new(TiedDense { inputs, units, activation }, &[inputs])?);
        }
    }
    entries.push(Entry::new("tied-dense", "y = φ(h·wᵀ + b), its own part of ∂L/∂w", cases));
    Ok(entries)
}

/// Noise, penalties, and layers that only move values.
fn without_weights() -> Result<Vec<Entry>, Error> {
    let gaussian = |clip| Noise::Gaussian { std: 0.3, clip };
    let one = |name: &str, says, case| Ok(Entry::new(name, says, vec![case?]));
    vec![
        one("reshape", "the same values in another shape", Case::new(Reshape { shape: vec![2, 5] }, &[10])),
        one("dropout", "the mask held fixed", Case::new(Dropout { rate: 0.4 }, &[10])),
        one(
            "mask",
            "values and flags, the hidden groups held fixed",
            Case::new(Mask { steps: 2, widths: vec![1, 2, 1], rate: 0.4 }, &[2, 4]),
        ),
        one("noise-gaussian", "the noise held fixed", Case::new(gaussian(None), &[10])),
        one("noise-gaussian-clipped", "0 where it is clipped", Case::around(0.5, gaussian(Some([0.0, 1.0])), &[10])),
        one("noise-masking", "the mask held fixed", Case::new(Noise::Masking { p: 0.3 }, &[10])),
        one(
            "noise-salt-and-pepper",
            "the mask held fixed",
            Case::new(Noise::SaltAndPepper { p: 0.3, ends: [0.0, 1.0] }, &[10]),
        ),
        one(
            "reparameterize",
            "the sampler, ε held fixed, and its KL penalty",
            Case::new(Reparameterize { latent_dim: 5, beta: 0.7 }, &[10]),
        ),
        one("activity-l1", "the penalty weight·Σ|x|", Case::new(ActivityL1 { weight: 0.7 }, &[10])),
        one(
            "kl-sparsity",
            "the penalty weight·Σ KL(ρ ‖ mean activity)",
            Case::around(0.5, KlSparsity { rho: 0.05, weight: 0.7 }, &[10]),
        ),
        // Beyond its limits the divergence is linear, so the difference quotient is exact there too.
        one(
            "kl-sparsity-below",
            "the same along the tangent below its lower limit",
            Case::around(-1.0, KlSparsity { rho: 0.05, weight: 0.7 }, &[10]),
        ),
        one(
            "kl-sparsity-above",
            "the same along the tangent above its upper limit",
            Case::around(2.0, KlSparsity { rho: 0.05, weight: 0.7 }, &[10]),
        ),
    ]
    .into_iter()
    .collect()
}

/// Every loss with either reduction, by name.
#[must_use]
pub fn losses() -> Vec<(String, Loss)> {
    let named = |kind| match kind {
        LossKind::Mse => "mse",
        LossKind::Mae => "mae",
        LossKind::Bce => "bce",
        LossKind::BceLogits => "bce-logits",
        LossKind::CrossEntropy => "softmax-cross-entropy",
    };
    let kinds = [LossKind::Mse, LossKind::Mae, LossKind::Bce, LossKind::BceLogits, LossKind::CrossEntropy];
    let both = |kind| {
        [("mean", Reduction::Mean), ("sum", Reduction::Sum)]
            .map(|(of, reduction)| (format!("{}-{of}", named(kind)), Loss { kind, reduction }))
    };
    kinds.into_iter().flat_map(both).collect()
}

/// Compares ∂L/∂output of the loss of columns with central differences. Some columns are missing.
#[must_use]
pub fn check_columns(reduction: Reduction) -> Report {
    let (number, pair) = (Head::Numbers { width: 1 }, Head::Numbers { width: 2 });
    let category = Head::Category { classes: 3, weight: 0.7 };
    let heads = vec![number, category, pair, category, number, pair];
    let columns = Columns { loss: Loss { kind: LossKind::Mse, reduction }, heads };
    let (output, missing) = (numbers(columns.width(), 5), f64::NAN);
    let target = [0.3, 0.0, 1.0, 0.0, -0.2, 0.9, missing, missing, missing, missing, 0.4, -0.8];
    let (batch, mut delta) = (LOSS_SIZES[1], vec![f64::NAN; columns.width()]);
    columns.forward_backward(&output, &target, batch, &mut delta);
    check("output", &output, &delta, |output| columns.forward(output, &target) / batch as f64)
}

/// Number of values of the sample on which losses are checked, and number of samples in its batch.
pub const LOSS_SIZES: [usize; 2] = [21, 4];

/// Compares ∂L/∂prediction of a loss with central differences.
#[must_use]
pub fn check_loss(loss: &Loss) -> Report {
    let [n, batch] = LOSS_SIZES;
    let unit = |seed| numbers(n, seed).into_iter().map(|value| 0.5 + 0.49 * value).collect::<Vec<_>>();
    let prediction = match loss.kind {
        LossKind::BceLogits | LossKind::CrossEntropy => numbers(n, 5).into_iter().map(|z| 12.0 * z).collect(),
        _ => unit(1),
    };
    let (target, mut delta) = (unit(2), vec![f64::NAN; n]);
    loss.forward_backward(&prediction, &target, batch, &mut delta);
    check("prediction", &prediction, &delta, |p| loss.forward(p, &target) / batch as f64)
}
