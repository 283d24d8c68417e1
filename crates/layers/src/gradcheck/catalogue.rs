//! # Catalogue: every layer and every loss, at the sizes at which its gradient is checked
//!
//! The command `handgrad gradcheck` and the tests read the same list, this one. A check's name begins with the name of
//! the file that it checks: `conv-transpose2d-same` is of `conv_transpose2d.rs`. A new layer file gets an entry here; a
//! test fails as long as it has none.
//!
//! What is not here: truncated backpropagation and clipping, since what they give is no gradient, on purpose.

mod images;
mod sequences;

pub use images::{POOLED, convolutions, transposed_convolutions};
pub use sequences::{Cell, VIDEOS, cells, sequences};

use super::{Report, check, check_layer};
use crate::{
    Activation, ActivityL1, Dense, Dropout, Error, KlSparsity, Layer, Loss, LossKind, Noise, ParamSpec, Pass,
    Reduction, Reparameterize, Reshape, TiedDense,
};

/// Every φ.
pub const ACTIVATIONS: [Activation; 4] = [Activation::Linear, Activation::Relu, Activation::Sigmoid, Activation::Tanh];

/// Numbers in −1..1 that look random and are the same everywhere (a linear congruential generator, Knuth's constants).
/// Each is a number of 32 bits too.
#[must_use]
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Where a layer can be checked: its values must be legal, and away from kinks.
#[derive(Debug)]
enum Inputs {
    /// Anywhere in −1..1.
    Any,
    /// Within 0..1, a little away from both ends.
    Unit,
    /// Behind a ReLU no z may come near 0. The layer without its ReLU gives z.
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

    fn within_unit(layer: impl Layer<f64> + 'static, input: &[usize]) -> Result<Self, Error> {
        Ok(Self { inputs: Inputs::Unit, ..Self::new(layer, input)? })
    }

    /// `layer` is `linear` with a ReLU.
    fn with_relu(
        layer: impl Layer<f64> + 'static,
        linear: impl Layer<f64> + 'static,
        input: &[usize],
    ) -> Result<Self, Error> {
        Ok(Self { inputs: Inputs::AwayFromKink(Box::new(linear)), ..Self::new(layer, input)? })
    }

    /// θ and `rows` samples to check it at.
    #[must_use]
    pub fn point(&self, rows: usize) -> (Vec<f64>, Vec<f64>) {
        let params = self.layer.params().iter().map(ParamSpec::len).sum();
        let len = rows * self.input.iter().product::<usize>();
        let at = |seed| (numbers(params, seed), numbers(len, seed + 1));
        match &self.inputs {
            Inputs::Any => at(1),
            Inputs::Unit => (numbers(params, 1), numbers(len, 2).into_iter().map(|x| 0.5 + 0.45 * x).collect()),
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

    /// Checks it on `rows` rows, with blocks of `block_rows` rows of each parameter.
    #[must_use]
    pub fn check(&self, rows: usize, block_rows: usize) -> Report {
        let (theta, x) = self.point(rows);
        let dy = numbers(rows * self.output.iter().product::<usize>(), 3);
        check_layer(&*self.layer, &theta, &x, &dy, rows, block_rows)
    }
}

/// What is checked under one name.
#[derive(Debug)]
pub struct Entry {
    /// Begins with the name of the layer's file.
    pub name: String,
    /// A line on it.
    pub says: &'static str,
    /// At these sizes.
    pub cases: Vec<Case>,
}

impl Entry {
    fn new(name: impl Into<String>, says: &'static str, cases: Vec<Case>) -> Self {
        Self { name: name.into(), says, cases }
    }
}

/// Every layer.
///
/// # Errors
/// If a layer of the list does not take the samples that it is given.
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

/// Noise, penalties, and what only moves values about.
fn without_weights() -> Result<Vec<Entry>, Error> {
    let gaussian = |clip| Noise::Gaussian { std: 0.3, clip };
    let one = |name: &str, says, case| Ok(Entry::new(name, says, vec![case?]));
    vec![
        one("reshape", "the same values, another shape", Case::new(Reshape { shape: vec![2, 5] }, &[10])),
        one("dropout", "the mask held fixed", Case::new(Dropout { rate: 0.4 }, &[10])),
        one("noise-gaussian", "the noise held fixed", Case::new(gaussian(None), &[10])),
        one("noise-gaussian-clipped", "0 where it is clipped", Case::within_unit(gaussian(Some([0.0, 1.0])), &[10])),
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
            Case::within_unit(KlSparsity { rho: 0.05, weight: 0.7 }, &[10]),
        ),
    ]
    .into_iter()
    .collect()
}

/// Every loss, with either reduction, by name.
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

/// Values of the sample that losses are checked on, and samples of its batch.
pub const LOSS_SIZES: [usize; 2] = [21, 4];

/// ∂L/∂prediction of a loss against central differences.
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
