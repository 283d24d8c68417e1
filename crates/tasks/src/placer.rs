//! # Parametric t-SNE: a network that places new points
//!
//! t-SNE finds places, but no function from a code to its place, so a new code has none. Here the place is the output
//! of a small network, whose weights are trained on the loss of t-SNE:
//!
//! ```text
//! y = f(z) = relu(relu(z·W₁ + b₁)·W₂ + b₂)·W₃ + b₃          z: a code, each value with mean 0 and deviation 1
//! C_B = KL(P_B ‖ Q_B)                                       P_B and Q_B: the affinities within a batch B
//! ∂C_B/∂y_i = 4·Σ_j (p_ij − q_ij)·(y_i − y_j)/(1 + ‖y_i − y_j‖²)     the gradient of t-SNE (analysis, exact.rs),
//! ∂C_B/∂θ                                                   and from there backwards through the layers
//! ```
//!
//! All pairs of a batch are in its loss, so a batch is large. Its P_B is computed from the codes, by their distances
//! from the nearest others of the batch. From round to round the samples are divided into other batches.
//!
//! Source: van der Maaten, "Learning a parametric embedding by preserving local structure", AISTATS 2009. There the
//! network is larger and pre-trained layer by layer.

use handgrad_analysis::Random;
use handgrad_analysis::embedding::{affinities, exact};
use handgrad_analysis::neighbours::Sparse;
use handgrad_files::{Progress, Unit};
use handgrad_layers::adam::{self, Adam};
use handgrad_layers::{Activation, BatchRows, Init, ParamRole, ParamSpec, dense};
use ndarray::{Array2, ArrayView2, Axis};

use crate::Error;
use crate::views::Form;

/// The units of the two hidden layers.
const HIDDEN: usize = 128;
/// The number of samples in a batch, about.
const BATCH: usize = 500;
/// How often the samples are divided into batches, and how often each batch is used then.
const ROUNDS: usize = 10;
const EPOCHS: usize = 20;
/// The settings of Adam: a learning rate of 0.001.
const ADAM: Adam = Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/// All affinities are multiplied by this in the first of the rounds, as in t-SNE.
const EXAGGERATION: f64 = 4.0;

/// A dense layer and the running means of Adam.
#[derive(Clone, Debug, PartialEq)]
struct Layer {
    inputs: usize,
    units: usize,
    phi: Activation,
    /// W and then b.
    theta: Vec<f32>,
    means: [Vec<f32>; 2],
}

impl Layer {
    fn new([inputs, units]: [usize; 2], phi: Activation, seed: u64, stream: u64) -> Self {
        let mut theta = vec![0.0; inputs * units + units];
        let means = [vec![0.0; theta.len()], vec![0.0; theta.len()]];
        let role = ParamRole::Weight { fan_in: inputs, fan_out: units };
        let spec = ParamSpec { name: "w", shape: vec![inputs, units], uses: 1, role };
        let init = if phi == Activation::Relu { Init::HeNormal } else { Init::XavierNormal };
        init.fill(&spec, seed, stream, &mut theta[..inputs * units]);
        Self { inputs, units, phi, theta, means }
    }

    fn split(&self) -> (&[f32], &[f32]) {
        self.theta.split_at(self.inputs * self.units)
    }

    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let (w, b) = self.split();
        let mut y = vec![0.0; x.len() / self.inputs * self.units];
        dense::forward(x, w, b, self.phi, &mut y);
        y
    }

    /// Given the input, the output and ∂C/∂y, updates the weights in step `t`, and returns ∂C/∂x.
    fn backward(&mut self, x: &[f32], y: &[f32], mut dy: Vec<f32>, t: u64) -> Vec<f32> {
        dense::backward_activation(y, self.phi, &mut dy);
        let delta = BatchRows::contiguous(&dy, self.units);
        let mut dx = vec![0.0; x.len()];
        dense::backward_input(self.split().0, &dy, self.units, &mut dx);
        let mut gradient = vec![0.0; self.theta.len()];
        let (dw, db) = gradient.split_at_mut(self.inputs * self.units);
        dense::backward_weights(BatchRows::contiguous(x, self.inputs), delta, 0..self.inputs, dw);
        dense::backward_bias(delta, 0..self.units, db);
        let [m, v] = &mut self.means;
        adam::update(&mut self.theta, &gradient, m, v, &ADAM, t);
        dx
    }
}

/// A network that gives each code a place in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Placer {
    /// The mean and the standard deviation of each value of a code.
    scale: Vec<[f32; 2]>,
    layers: [Layer; 3],
}

impl Placer {
    /// Trains a network to place codes like `codes` (n×k).
    ///
    /// # Errors
    /// If there are not more than 3·perplexity codes, or if a value is not finite.
    pub fn fit(codes: ArrayView2<f32>, perplexity: f64, seed: u64, progress: &dyn Progress) -> Result<Self, Error> {
        let undefined = || Error::NotFinite { form: Form::Code.name() };
        let (n, k) = codes.dim();
        let scale: Vec<[f32; 2]> = codes.columns().into_iter().map(mean_and_deviation).collect();
        let layer = |sizes, phi, stream| Layer::new(sizes, phi, seed, stream);
        let layers = [
            layer([k, HIDDEN], Activation::Relu, 0),
            layer([HIDDEN, HIDDEN], Activation::Relu, 1),
            layer([HIDDEN, 2], Activation::Linear, 2),
        ];
        let mut placer = Self { scale, layers };
        // Each batch has more than 3·perplexity samples, also where the samples do not divide evenly.
        let size = BATCH.max(2 * affinities::neighbours(perplexity) + 2);
        let batches = (n / size).max(1);
        let mut random = Random::new(seed, 2);
        let mut order: Vec<usize> = (0..n).collect();
        let mut t = 0;
        progress.start("parametric t-SNE", Some((ROUNDS * EPOCHS) as u64), Unit::Parts);
        for round in 0..ROUNDS {
            random.shuffle(&mut order);
            let exaggeration = if round == 0 { EXAGGERATION } else { 1.0 };
            let some = |batch: usize| codes.select(Axis(0), &order[n * batch / batches..n * (batch + 1) / batches]);
            let batches: Vec<Array2<f32>> = (0..batches).map(some).collect();
            let affinities: Option<Vec<Sparse>> =
                batches.iter().map(|batch| affinities::sparse(batch.view(), perplexity)).collect();
            let affinities = affinities.ok_or_else(undefined)?;
            let inputs: Vec<Vec<f32>> = batches.iter().map(|batch| placer.scaled(batch.view())).collect();
            for _ in 0..EPOCHS {
                for (p, z) in affinities.iter().zip(&inputs) {
                    t += 1;
                    placer.step(z, p, exaggeration, t);
                }
                progress.advance(1);
            }
        }
        progress.finish();
        let finite = placer.layers.iter().flat_map(|layer| &layer.theta).all(|value| value.is_finite());
        finite.then_some(placer).ok_or_else(undefined)
    }

    /// The places of `codes` (m×k): m×2.
    #[must_use]
    pub fn place(&self, codes: ArrayView2<f32>) -> Array2<f32> {
        let mut y = self.scaled(codes);
        for layer in &self.layers {
            y = layer.forward(&y);
        }
        Array2::from_shape_fn((codes.nrows(), 2), |(i, axis)| y[2 * i + axis])
    }

    fn scaled(&self, codes: ArrayView2<f32>) -> Vec<f32> {
        let scaled = |(value, [mean, deviation]): (&f32, &[f32; 2])| (value - mean) / deviation;
        codes
            .rows()
            .into_iter()
            .flat_map(|row| row.into_iter().zip(&self.scale).map(scaled).collect::<Vec<_>>())
            .collect()
    }

    /// One step on a batch of scaled codes.
    fn step(&mut self, z: &[f32], p: &Sparse, exaggeration: f64, t: u64) {
        let [first, second, third] = &mut self.layers;
        let h1 = first.forward(z);
        let h2 = second.forward(&h1);
        let y = third.forward(&h2);
        let (pairs, _) = y.as_chunks::<2>();
        let places: Vec<[f64; 2]> = pairs.iter().map(|pair| pair.map(f64::from)).collect();
        let mut gradient = vec![[0.0; 2]; places.len()];
        exact::gradient(p, &places, exaggeration, &mut gradient);
        let dy = gradient.iter().flatten().map(|&value| value as f32).collect();
        let dh2 = third.backward(&h2, &y, dy, t);
        let dh1 = second.backward(&h1, &h2, dh2, t);
        first.backward(z, &h1, dh1, t);
    }
}

/// The mean and the standard deviation of some values; the deviation is 1 if they are all equal.
fn mean_and_deviation(values: ndarray::ArrayView1<f32>) -> [f32; 2] {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
    let variance = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / n;
    [mean as f32, if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 }]
}
