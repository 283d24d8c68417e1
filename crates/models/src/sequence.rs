//! # Sequence autoencoders: one network encodes a sequence as one vector, another decodes it
//!
//! ```text
//! autoencoder   encoder   x₁ … x_T → h_T                          many-to-one: the last state is the code
//!               decoder   h_T, at every step → h′₁ … h′_T         one-to-many
//!                         x̂_t = ψ(h′_t·w + b)                     the same dense layer at every step
//!
//! next step     x₁ … x_T → 0, x₁ … x_{T−1} → h₁ … h_T             many-to-many: x̂_t depends only on x₁ … x_{t−1}
//!               x̂_t = ψ(h_t·w + b),  target x_t                   x̂₁ has no input: it learns the mean,
//!                                                                 or with MAE the median
//! ```
//!
//! These are three of the four types of RNN on the slide. The fourth, many-to-many with one vector between encoder
//! and decoder (seq2seq), is the autoencoder as a whole. The cell is an LSTM, a GRU, an Elman or a Jordan network;
//! for a Jordan network, h_t above is its y_t. If the network is bidirectional, the code is [f_T │ b₁] and twice as
//! long: see [`handgrad_layers::bidirectional`]. An image of 28×28 is read line by line, as 28 steps of 28 values. A
//! sample with one axis is a series with one value in each step.
//!
//! Series of unequal length are padded with NaN at their end, and a [mask](handgrad_layers::mask) before the encoder
//! makes of each step its values, with 0 for those that are missing, and a flag beside each of them:
//!
//! ```text
//! n steps of T are known:   x_t → [x_t │ 0] for t ≤ n,   [0 │ 1] for t > n
//! L = 1/|O| · Σ_{(t,i)∈O} ℓ(x̂_ti, x_ti)                  O = the known values: the columns of the loss
//!
//! next step     step t sees the mask's steps 1 … t−1. For t ≤ n these are known, so x̂_t is that of the short series.
//!               For t > n: ∂L/∂x̂_t = 0, so ∂L/∂h_t = w_hᵀ·∂L/∂h_{t+1} = … = 0 from the end. Loss and gradient are
//!               exactly those of the series of n steps.
//! autoencoder   the encoder reads T − n steps [0 │ 1] after the series; the code is what it keeps until T. The decoder
//!               runs T steps, and those after n get no gradient.
//! ```
//!
//! The loss is the mean over the known values of one series, so that short series count as much as long ones.
//!
//! Slides: CE6146 "Types of RNN", "Historical Context" (sequence-to-sequence autoencoders), "Example – Elman Network
//! (1/3)" and the examples after it (predict the next number). Source: Srivastava, Mansimov & Salakhutdinov,
//! "Unsupervised learning of video representations using LSTMs", ICML 2015.

use handgrad_layers::{Activation, LossKind, Reduction};

use crate::builders::{recurrent, reshape, shift, time_distributed};
use crate::{Cell, LayerSpec, Spec};

/// Returns the number of steps and of values in each step of a sample, and the layers that turn the sample into a
/// sequence.
fn steps_of(input: &[usize]) -> ([usize; 2], Vec<LayerSpec>) {
    match *input {
        [steps] => ([steps, 1], vec![reshape([steps, 1])]),
        // A shape that is not a sequence is refused when the network is built.
        _ => ([input.first(), input.get(1)].map(|dim| dim.copied().unwrap_or(0)), Vec::new()),
    }
}

/// A network that encodes a sequence as a code and decodes it. The default has LSTMs of 64 units, a sigmoid at the
/// end, and squared error.
///
/// ```
/// use handgrad_models::{Cell, Network, SequenceAutoencoder};
///
/// let network = SequenceAutoencoder { cell: Cell::GRU, units: 32, bidirectional: true, ..Default::default() };
/// let network = Network::<f32>::new(&network.spec(&[28, 28]))?;
/// assert_eq!(network.shape(1), [64]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceAutoencoder {
    /// The cell that processes the sequence step by step.
    pub cell: Cell,
    /// Number of values of the code; a bidirectional network has twice as many. For a Jordan network the code has
    /// `outputs` values instead.
    pub units: usize,
    /// If true, encoder and decoder process the sequence in both directions.
    pub bidirectional: bool,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for SequenceAutoencoder {
    fn default() -> Self {
        let (output_activation, loss) = (Activation::Sigmoid, LossKind::Mse);
        Self { cell: Cell::Lstm, units: 64, bidirectional: false, output_activation, loss }
    }
}

impl SequenceAutoencoder {
    /// Returns the network for sequences of shape `input`, steps × values, or for series with one value in each step.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let ([steps, width], mut encoder) = steps_of(input);
        let layer = recurrent(self.cell, self.units).bidirectional(self.bidirectional);
        encoder.push(layer.clone().return_sequences(false));
        let last = time_distributed(width).activation(self.output_activation);
        let decoder = [layer.repeat(steps).return_sequences(true), last];
        Spec { reduction: Reduction::Mean, ..Spec::autoencoder(input, encoder, decoder, self.loss) }
    }
}

/// A network that predicts every step of a sequence from the steps before it. The default has an LSTM of 64 units, a
/// sigmoid at the end, and squared error.
///
/// ```
/// use handgrad_layers::Activation;
/// use handgrad_models::{Network, NextStep};
///
/// let network = NextStep { units: 16, output_activation: Activation::Linear, ..NextStep::default() };
/// let network = Network::<f32>::new(&network.spec(&[50]))?;
/// assert_eq!(network.shape(3), [50, 16]);
/// # Ok::<(), handgrad_models::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// The cell that processes the sequence step by step.
    pub cell: Cell,
    /// Number of values of h in each step.
    pub units: usize,
    /// The activation function of the last layer.
    pub output_activation: Activation,
    /// The loss that training minimises.
    pub loss: LossKind,
}

impl Default for NextStep {
    fn default() -> Self {
        Self { cell: Cell::Lstm, units: 64, output_activation: Activation::Sigmoid, loss: LossKind::Mse }
    }
}

impl NextStep {
    /// Returns the network for sequences of shape `input`, steps × values, or for series with one value in each step.
    #[must_use]
    pub fn spec(&self, input: &[usize]) -> Spec {
        let ([_, width], mut encoder) = steps_of(input);
        encoder.extend([shift(), recurrent(self.cell, self.units).return_sequences(true)]);
        let decoder = [time_distributed(width).activation(self.output_activation)];
        Spec { reduction: Reduction::Mean, ..Spec::autoencoder(input, encoder, decoder, self.loss) }
    }
}
