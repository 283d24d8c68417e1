//! The interface between a layer and the engine that trains it.
//!
//! The layers do not depend on the engine, and the engine does not depend on the formulas of the layers. A layer
//! stores only sizes and settings. Its parameters θ, their gradient, its inputs and its outputs are slices that the
//! engine owns. A batch is a matrix with one sample per row.
//!
//! A training step has two phases. *Rows:* the batch is split into shards. Each shard independently runs
//! [`forward`](Layer::forward) of all layers, the loss, and [`backward_input`](Layer::backward_input) of all layers
//! in reverse order. *Weights:* for each block of each parameter, [`backward_params`](Layer::backward_params) sums
//! the gradient over all rows of the batch, in order. So no sum depends on the number of threads. If the layers are
//! [divisible](Divisible), the threads may divide the units of each layer instead of the rows.

use std::fmt;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{BatchRows, Error, Scalar};

/// A parameter of a layer: its name, its shape and its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// The name: `w`, `b`, …
    pub name: &'static str,
    /// The shape; values are stored in row-major order. The first axis counts the rows, and the gradient can be
    /// computed for any range of rows.
    pub shape: Vec<usize>,
    /// How many times each value is used per sample: once in a dense layer, once per position in a convolution.
    pub uses: usize,
    /// The role, which determines the initial values.
    pub role: ParamRole,
}

/// The role of a parameter in its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamRole {
    /// It is multiplied by an input. The initial values are random; their variance depends on `fan_in` and `fan_out`
    /// (see [`init`](crate::init)).
    Weight {
        /// Number of inputs that a unit sums over.
        fan_in: usize,
        /// Number of units that each input is connected to.
        fan_out: usize,
    },
    /// It is added. The initial values are 0.
    Bias,
}

impl ParamSpec {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns true if the parameter has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows: the size of the first axis.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// The purpose of a pass through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Training: all random numbers are drawn anew in every epoch.
    Train,
    /// Evaluation: noise on the input and the sampler's ε are drawn, because a denoising autoencoder is evaluated on
    /// noisy samples. They are the same in every evaluation. Dropout is off.
    Measure,
    /// Use of the network: nothing is random. Noise and dropout are off, and the sampler returns μ.
    Predict,
}

/// What a layer gets in a pass beside its input and its parameters: the context of the pass, and memory to work in.
#[derive(Debug)]
pub struct Pass<'a, T> {
    /// The purpose of the pass.
    pub mode: Mode,
    /// The seed of all random numbers. Each random number is a pure function of seed, epoch, layer, sample and
    /// position in the sample.
    pub seed: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The index of the layer in its network.
    pub layer: usize,
    /// For each row, the index of its sample in the data set.
    pub samples: &'a [u32],
    /// Number of samples that the loss averages over: the size of the whole batch. A pass may process only a part of
    /// the batch.
    pub batch: usize,
    /// For a layer that [needs](Layer::needs_means) it: the mean of each value of the layer's input over the batch
    /// or, in an evaluation, over all samples.
    pub means: &'a [T],
    /// Memory to work in, [`Layer::scratch_len`] values. Its initial content is arbitrary.
    pub scratch: &'a mut [T],
    /// What the layer keeps for the backward passes beside x and y: [`Layer::cache_len`] values per row. There is
    /// room for as many rows as the shard can hold, which may be more than this pass has. The content is arbitrary
    /// when `forward` starts. A layer that keeps several matrices stores them one after another, each with room for
    /// all rows; [`BatchRows::part`] returns one of them.
    pub cache: &'a mut [T],
}

impl<T> Pass<'_, T> {
    /// A pass in [`Mode::Predict`] without samples and without memory, for layers that need neither. It may have any
    /// number of rows.
    #[must_use]
    pub fn predict() -> Self {
        let (scratch, cache) = (&mut [][..], &mut [][..]);
        Self { mode: Mode::Predict, seed: 0, epoch: 0, layer: 0, samples: &[], batch: 1, means: &[], scratch, cache }
    }
}

/// The input and the output of a layer in the forward pass, for some rows of the batch.
#[derive(Clone, Copy, Debug)]
pub struct Saved<'a, T> {
    /// The layer's input.
    pub x: &'a [T],
    /// The layer's output.
    pub y: &'a [T],
}

/// What the forward pass and [`Layer::backward_input`] have stored, for the whole batch.
#[derive(Clone, Copy, Debug)]
pub struct SavedBatch<'a, T> {
    /// The layer's input.
    pub x: BatchRows<'a, T>,
    /// δ, as [`Layer::backward_input`] left it in `dy`. A recurrent layer has its δ in the cache instead.
    pub delta: BatchRows<'a, T>,
    /// The content of [`Pass::cache`], as [`Layer::backward_input`] left it.
    pub cache: BatchRows<'a, T>,
}

/// Some rows of one parameter: the unit of work in the second phase of a training step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The index of the parameter in [`params`](Layer::params).
    pub param: usize,
    /// The range of its rows.
    pub rows: Range<usize>,
}

/// A layer y = f(x; θ) for the number type `T`.
///
/// Slices of samples are row-major with one sample per row, and all slices of a call have the same number of rows. A
/// method overwrites its output slices. It must not use their previous content, which is arbitrary.
pub trait Layer<T: Scalar>: Send + Sync + fmt::Debug {
    /// Returns a line for the model summary, such as `Dense 784 → 32, relu`.
    fn describe(&self) -> String;

    /// Returns the shape of one output sample, given the shape of an input sample.
    ///
    /// # Errors
    /// If the layer does not accept this shape, or one of its settings is invalid. All such errors are found here,
    /// before anything is computed.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error>;

    /// Returns the parameters. θ contains them one after another in this order.
    fn params(&self) -> Vec<ParamSpec>;

    /// Changes the initial θ, which was drawn according to the roles of the parameters, if the layer needs other
    /// initial values: an LSTM sets the bias of its forget gate to 1.
    fn adjust_start(&self, theta: &mut [T]) {
        let _ = theta;
    }

    /// Number of values of memory that one call of a method needs to work in. It does not depend on the number of
    /// rows.
    fn scratch_len(&self) -> usize {
        0
    }

    /// Number of values per sample that the layer keeps for the backward passes beside x and y: see [`Pass::cache`].
    fn cache_len(&self) -> usize {
        0
    }

    /// Forward pass: y ← f(x; θ).
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>);

    /// Backward pass to the input: dx ← (∂y/∂x)ᵀ·dy, plus the gradient of the penalty if the layer has one. A layer
    /// with parameters overwrites `dy` with δ. For the first layer of a network `dx` is `None`.
    ///
    /// In a recurrent layer, `dy` holds the direct part of ∂L/∂y_t, which does not pass through later steps. The
    /// layer overwrites it with all of ∂L/∂y_t, including what comes from the steps after t. It stores the δ of all
    /// steps in its cache.
    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    );

    /// Backward pass to the parameters: dθ ← ∂L/∂θ for one block of one parameter, summed over all rows of the batch.
    /// It is the gradient, never its negative. This is called only for layers with parameters.
    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let _ = (saved, block, dtheta, scratch);
    }

    /// Returns the name of the penalty that the layer adds to the loss, such as `KL divergence`, or `None` if there
    /// is none.
    fn penalty_name(&self) -> Option<&'static str> {
        None
    }

    /// Writes the penalty of each row. L is the loss of the reconstruction plus the mean of these penalties over the
    /// batch.
    fn penalty(&self, saved: Saved<'_, T>, penalties: &mut [T], pass: &mut Pass<'_, T>) {
        let _ = (saved, pass);
        penalties.fill(T::ZERO);
    }

    /// Returns true if `backward_input` and `penalty` need [`Pass::means`].
    fn needs_means(&self) -> bool {
        false
    }

    /// Returns the layer as one whose units can be computed apart from each other, or `None` if they cannot.
    fn divisible(&self) -> Option<&dyn Divisible<T>> {
        None
    }
}

/// A layer in which each output is computed from all inputs on its own, and so is each input's gradient from all δ. So
/// several threads can divide its units instead of the samples, and each thread needs only a part of the weights.
///
/// The results are the same as those of [`Layer::forward`] and [`Layer::backward_input`], to the bit. Views hold some
/// columns of a batch; the values of a row are side by side.
pub trait Divisible<T: Scalar>: Sync {
    /// Some columns of the forward pass: those of the units `units`.
    fn forward_units(&self, theta: &[T], x: &[T], units: Range<usize>, y: ArrayViewMut2<T>);

    /// dy becomes δ = dy ⊙ φ′(z), in place, for any part of the outputs y.
    fn backward_activation(&self, y: ArrayView2<T>, dy: ArrayViewMut2<T>);

    /// Some columns of dx ← (∂z/∂x)ᵀ·δ: those of the inputs `inputs`.
    fn backward_inputs(&self, theta: &[T], delta: &[T], inputs: Range<usize>, dx: ArrayViewMut2<T>);
}
