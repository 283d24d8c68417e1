//! The contract between a layer and the engine that trains it.
//!
//! The maths knows nothing of the engine, and the engine knows nothing of the maths. A layer holds sizes, no numbers:
//! its parameters θ, their gradient and all that passes through it are slices that the engine owns. A batch is a matrix
//! of one sample a row.
//!
//! A training step has two phases. *Rows:* the batch is cut into shards, and each shard on its own runs
//! [`forward`](Layer::forward), the loss and the chain of [`backward_input`](Layer::backward_input). *Weights:* for
//! each block of each parameter, [`backward_params`](Layer::backward_params) sums the gradient over all rows in order.
//! So no sum depends on how many threads there are.

use std::fmt;
use std::ops::Range;

use crate::{BatchRows, Error, Scalar};

/// A parameter of a layer: what it is called and how large it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// `w`, `b`, …
    pub name: &'static str,
    /// Row-major; the gradient can be had for any range of rows, the first axis.
    pub shape: Vec<usize>,
    /// How many times a value takes part in a sample: once in a dense layer, at every position in a convolution.
    pub uses: usize,
    /// What it does, and so how it starts.
    pub role: ParamRole,
}

/// What a parameter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamRole {
    /// Multiplies; starts at random, scaled by its fans (see [`init`](crate::init)).
    Weight {
        /// Number of inputs that a unit sums over.
        fan_in: usize,
        /// Number of units that an input reaches.
        fan_out: usize,
    },
    /// Is added; starts at 0.
    Bias,
}

impl ParamSpec {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Has it no values?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows: the first axis.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// What a pass through the network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To learn: all that is random is drawn anew in every epoch.
    Train,
    /// To measure how well it learns: noise on the input and the sampler's ε are drawn, always the same ones, since a
    /// denoiser is judged by noisy samples; dropout lets everything through.
    Measure,
    /// To use it: nothing is random. Noise and dropout let everything through, and the sampler gives μ.
    Predict,
}

/// What a layer may know of the pass it is part of, beside its numbers, and memory to work in.
#[derive(Debug)]
pub struct Pass<'a, T> {
    /// What the pass is for.
    pub mode: Mode,
    /// Of all that is random. A random number is a pure function of seed, epoch, layer, sample and place in the sample.
    pub seed: u64,
    /// Counted from 1.
    pub epoch: u64,
    /// The layer's number in its network.
    pub layer: usize,
    /// The number of each row's sample in the data set.
    pub samples: &'a [u32],
    /// Samples that the loss averages: those of the whole batch, of which a pass may see a part.
    pub batch: usize,
    /// Mean over the batch of every value of the layer's input, for a layer that [needs](Layer::needs_means) them; to
    /// measure, the mean over all samples.
    pub means: &'a [T],
    /// [`Layer::scratch_len`] values of garbage, for the layer to write over.
    pub scratch: &'a mut [T],
    /// What the layer keeps from one pass to the next beside x and y: [`Layer::cache_len`] values for each row that its
    /// shard has room for, which may be more rows than there are. Garbage when `forward` gets it. A layer that keeps
    /// several matrices lays them one after another, each with that room; [`BatchRows::part`] finds them again.
    pub cache: &'a mut [T],
}

impl<T> Pass<'_, T> {
    /// To use a network on as many rows as one likes: for layers that need neither samples nor memory.
    #[must_use]
    pub fn predict() -> Self {
        let (scratch, cache) = (&mut [][..], &mut [][..]);
        Self { mode: Mode::Predict, seed: 0, epoch: 0, layer: 0, samples: &[], batch: 1, means: &[], scratch, cache }
    }
}

/// What the forward pass left behind, for some rows of the batch.
#[derive(Clone, Copy, Debug)]
pub struct Saved<'a, T> {
    /// The layer's input.
    pub x: &'a [T],
    /// The layer's output.
    pub y: &'a [T],
}

/// What both passes left behind, for the whole batch.
#[derive(Clone, Copy, Debug)]
pub struct SavedBatch<'a, T> {
    /// The layer's input.
    pub x: BatchRows<'a, T>,
    /// δ, as [`Layer::backward_input`] left it; a recurrent layer's is in its cache.
    pub delta: BatchRows<'a, T>,
    /// [`Pass::cache`], as [`Layer::backward_input`] left it.
    pub cache: BatchRows<'a, T>,
}

/// Some rows of one parameter: the unit of work of a step's second phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which of the layer's [`params`](Layer::params).
    pub param: usize,
    /// Which of its rows.
    pub rows: Range<usize>,
}

/// A layer y = f(x; θ), for one kind of number.
///
/// Slices of samples are row-major, one sample a row; every one holds the same number of rows. What a method writes, it
/// overwrites: it must not rely on what was there, which may be garbage.
pub trait Layer<T: Scalar>: Send + Sync + fmt::Debug {
    /// A line of the model summary: `Dense 784 → 32, relu`.
    fn describe(&self) -> String;

    /// The shape of one sample of the output, given that of the input.
    ///
    /// # Errors
    /// If the layer cannot take such an input. All errors of shape are found here, before anything is computed.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error>;

    /// The parameters; θ holds them one after another in this order.
    fn params(&self) -> Vec<ParamSpec>;

    /// Changes the first θ, drawn as the roles of the parameters say, where the layer starts elsewhere.
    fn adjust_start(&self, theta: &mut [T]) {
        let _ = theta;
    }

    /// Values of memory that one call of a method needs to work in, however many rows it gets.
    fn scratch_len(&self) -> usize {
        0
    }

    /// Values a sample that the layer keeps for the backward passes beside x and y: [`Pass::cache`].
    fn cache_len(&self) -> usize {
        0
    }

    /// y ← f(x; θ).
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>);

    /// dy becomes δ in place; dx ← (∂y/∂x)ᵀ·dy, and what a penalty adds. The first layer of a network is not asked for
    /// dx.
    ///
    /// Of a recurrent layer dy is what L sees of y_t directly, and becomes all of ∂L/∂y_t, with what comes by way of
    /// the steps after t; the δ of all steps stay in its cache.
    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    );

    /// dθ ← Σ over the rows of the batch, for one block of one parameter. It is ∂L/∂θ, never its negative. Only layers
    /// with parameters are asked.
    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let _ = (saved, block, dtheta, scratch);
    }

    /// What the layer adds to the loss beside the reconstruction, if it does, in a word or two: `KL divergence`.
    fn penalty_name(&self) -> Option<&'static str> {
        None
    }

    /// The penalty of each row: L is the reconstruction's loss plus the mean of these over the batch.
    fn penalty(&self, saved: Saved<'_, T>, penalties: &mut [T], pass: &mut Pass<'_, T>) {
        let _ = (saved, pass);
        penalties.fill(T::ZERO);
    }

    /// Does the layer need the means over the batch of its inputs in `backward_input` and `penalty`?
    fn needs_means(&self) -> bool {
        false
    }
}
