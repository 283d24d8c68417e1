//! # Elman network: the hidden layer depends on its own previous output
//!
//! ```text
//! forward     z_t = x_t·w_ih + b_ih + h_{t−1}·w_hh + b_hh        h₀ = 0
//!             h_t = φ(z_t)                        w_ih inputs×units, w_hh units×units, biases units
//!
//! given dy_t, the direct part of ∂L/∂h_t, which does not pass through h_{t+1}:
//!   dh_t = dy_t + δ_{t+1}·w_hhᵀ                   for t = T, …, 1
//!   δ_t  = dh_t ⊙ φ′(z_t)                         the rest is as for every cell, see [`recurrent`]
//! ```
//!
//! From h_t to h_{t−1} a gradient is multiplied by diag φ′(z_t)·w_hhᵀ. For tanh, φ′ ≤ 1. So if ‖w_hh‖ < 1 as well,
//! gradients must vanish over many steps.
//!
//! Kept for the backward passes: x_t·w_ih + b_ih, which is overwritten with h_t and then with δ_t; h before each
//! step; the memory of the loop over time.
//!
//! Slides: CE6146 "RNN – Elman Network", "Example – Elman Network (1/3)" to "(3/3)", "Example – BPTT (1/4)" to
//! "(4/4)". Its W_xh is w_ihᵀ, its W_hh is w_hhᵀ, and its f₁ is φ. Its b_h is b_ih + b_hh, since there are two biases
//! here, as in PyTorch's `RNN`: the slide's b_h = 1 is b_ih = 1 and b_hh = 0. Its y_t = f₂(W_hy·h_t + b_y) is a
//! separate layer here, [`time_distributed`](crate::time_distributed). Source: Elman, "Finding structure in time",
//! Cognitive Science 14 (1990).

use handgrad_kernels::matmul;

use crate::kept::kept;
use crate::recurrent::{self, Deltas, Sequence, Weights, add, store};
use crate::{Activation, Block, Error, Layer, ParamSpec, Pass, Saved, SavedBatch, Scalar, activation};

// What both passes keep for each row.
kept! {
    s: &Sequence, let (n, steps) = (s.units, s.steps);
    /// T·n: a, then h, then δ.
    steps: steps * n,
    /// T·n: h before each step.
    hidden: steps * n,
    /// n: x·w_ih + b_ih if the input is repeated; then Σ_t δ_t.
    sums: n,
    /// n: z_t, then h_t; in the backward pass δ_t.
    z: n,
    /// n: h_{t−1}; in the backward pass ∂L/∂h_t.
    h: n,
}

/// y ← h₁ … h_T, or only h_T if `return_sequences` is false. Shapes: x is rows×T·inputs, or rows×inputs if `repeat` is
/// true; y is rows×T·n, or rows×n for only h_T.
pub fn forward<T: Scalar>(s: &Sequence, phi: Activation, w: &Weights<T>, x: &[T], y: &mut [T], kept: Kept<&mut [T]>) {
    let n = s.units;
    let Kept { steps: h_steps, hidden, sums, z, h } = kept;
    recurrent::input_forward(s, x, w.w_ih, w.b_ih, h_steps, sums);
    h.fill(T::ZERO);
    for t in 0..s.steps {
        store(h, n, hidden, [t, s.steps]);
        recurrent::hidden_forward(t, h, w.w_hh, w.b_hh, z);
        for (row, z) in z.chunks_exact_mut(n).enumerate() {
            add(z, recurrent::input_of_step(s, [row, t, n], h_steps, sums));
        }
        activation::forward(phi, z);
        store(z, n, h_steps, [t, s.steps]);
        for (row, z) in z.chunks_exact(n).enumerate() {
            if let Some(seen) = s.seen(row, t, n) {
                y[seen].copy_from_slice(z);
            }
        }
        h.copy_from_slice(z);
    }
}

/// Computes δ_t for all steps. dy is overwritten with all of ∂L/∂h_t; dx ← δ·w_ihᵀ. Shapes as for [`forward`], memory
/// n×n.
pub fn backward_input<T: Scalar>(
    s: &Sequence,
    phi: Activation,
    w: &Weights<T>,
    dy: &mut [T],
    dx: Option<&mut [T]>,
    kept: Kept<&mut [T]>,
    memory: &mut [T],
) {
    let n = s.units;
    let Kept { steps: deltas, sums, z: delta, h: dh, .. } = kept;
    let transposed = recurrent::transpose(w.w_hh, n, memory);
    sums.fill(T::ZERO);
    dh.fill(T::ZERO);
    for t in (0..s.steps).rev() {
        for (row, (dh, delta)) in dh.chunks_exact_mut(n).zip(delta.chunks_exact_mut(n)).enumerate() {
            if let Some(seen) = s.seen(row, t, n) {
                add(dh, &dy[seen.clone()]);
                dy[seen].copy_from_slice(dh);
            }
            let h = &mut deltas[(row * s.steps + t) * n..][..n];
            delta.copy_from_slice(dh);
            activation::backward(phi, h, delta);
            h.copy_from_slice(delta);
            add(&mut sums[row * n..][..n], delta);
        }
        match s.goes_back(t) {
            true => matmul(delta, transposed, dh, n, n),
            false => dh.fill(T::ZERO),
        }
    }
    if let Some(dx) = dx {
        recurrent::input_backward(s, w.w_ih, deltas, sums, dx);
    }
}

/// The sizes of an Elman layer and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elman {
    /// Number of steps, and values per step.
    pub sequence: Sequence,
    /// The activation function φ.
    pub activation: Activation,
}

impl<T: Scalar> Layer<T> for Elman {
    fn describe(&self) -> String {
        format!("Elman {}, {}", self.sequence.describe(self.sequence.units), self.activation.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let s = &self.sequence;
        s.output_shape(|| Layer::<T>::describe(self), input, s.units, Kept::lens(&s.smallest()).iter().sum())
    }

    fn params(&self) -> Vec<ParamSpec> {
        self.sequence.params(1)
    }

    fn scratch_len(&self) -> usize {
        self.sequence.units * self.sequence.units
    }

    fn cache_len(&self) -> usize {
        Kept::lens(&self.sequence).iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let s = &self.sequence;
        forward(s, self.activation, &s.weights(theta, 1), x, y, Kept::new(s, pass.cache, s.rows(x)));
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        let s = &self.sequence;
        let kept = Kept::new(s, pass.cache, s.rows(saved.x));
        backward_input(s, self.activation, &s.weights(theta, 1), dy, dx, kept, pass.scratch);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], _: &mut [T]) {
        let Kept { steps, hidden, sums, .. } = Kept::of_batch(&self.sequence, saved.cache);
        recurrent::backward_params(&self.sequence, saved.x, hidden, [Deltas { steps, sums }; 2], block, dtheta);
    }
}
