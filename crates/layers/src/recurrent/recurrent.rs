//! # Recurrence: backpropagation through time, and what the recurrent layers share
//!
//! ```text
//! A sample is a sequence x₁ … x_T. A state s_t is passed from step to step, with the same weights θ:
//!
//! forward      s_t = F(x_t, s_{t−1}; θ),  s₀ = 0         h_t, a part of s_t, is the output
//!
//! L depends on s_t directly, through the output h_t, and through s_{t+1}. Given dy_t, the direct part of ∂L/∂h_t:
//!   ∂L/∂s_t = (∂h_t/∂s_t)ᵀ·dy_t + (∂s_{t+1}/∂s_t)ᵀ·∂L/∂s_{t+1}     t = T, T−1, …, 1; for t = T only the first part
//!             (∂h_t/∂s_t)ᵀ·dy_t is dy_t if s = h; it is (dy_t, 0) for an LSTM, where s = (h, c)
//!   ∂L/∂x_t = (∂s_t/∂x_t)ᵀ·∂L/∂s_t
//!   ∂L/∂θ   = Σ_t (∂s_t/∂θ)ᵀ·∂L/∂s_t                     s_{t−1} held fixed; its dependence on θ: see term t−1
//!
//! Cells with z_t = x_t·w_ih + b_ih + h_{t−1}·w_hh + b_hh, given δ_t = ∂L/∂z_t:
//!   ∂L/∂w_ih = Σ_t x_tᵀ·δ_t       ∂L/∂w_hh = Σ_t h_{t−1}ᵀ·δ_t       ∂L/∂b_ih = ∂L/∂b_hh = Σ_t δ_t
//!   ∂L/∂x_t  = δ_t·w_ihᵀ          and δ_t·w_hhᵀ is passed on to h_{t−1}
//! ```
//!
//! Only the products with w_hh must wait for the previous step. The products with w_ih and the sums over t are each
//! one product for all steps of all samples: a row of T·D values is read as T rows of D.
//!
//! **Vanishing and exploding gradients.** The gradient that comes from the last step to the first is (∂s_T/∂s_{T−1} ⋯
//! ∂s_2/∂s_1)ᵀ·∂L/∂s_T. If every factor makes vectors shorter, it decreases geometrically with T; if every factor
//! makes them longer, it increases geometrically. [`gradient_norms`] returns ‖∂L/∂h_t‖ for every step.
//!
//! **Truncated backpropagation** ([`Sequence::truncate_every`] = κ): the state is passed on as usual, but no gradient
//! flows from step κ+1 back to step κ, from 2κ+1 to 2κ, and so on. So ∂L/∂s_κ is its direct part alone, without the
//! term from s_{κ+1}. The cuts are counted from the first step, as for a stream that is processed piece by piece. So
//! a layer that returns h_T alone learns only from the 1 to κ steps after the last cut: with T = 5 and κ = 4, only
//! from step 5. A layer that runs backwards counts from x_T.
//!
//! Slides: CE6146 "Backpropagation Through Time", "BPTT Steps (1/4)" to "(4/4)", "Example – BPTT (1/4)" to "(4/4)".
//! Errors on the slides: ∂h_t/∂W_h is printed without the dependence of h_{t−1} on W_h, which is the truncation κ = 1
//! above. For the sequence 1, 2, 3, 4, with all weights 1 and an identity unit, dW_hh, dW_xh and db_h would then be 72,
//! 50 and 20 instead of 96, 92 and 50. The slide writes one W_h for W_hh and W_xh; the gradient of one shared weight is
//! the sum of both, 122 as printed instead of 188. The unit is linear on one slide and σ on the next; the "Mean Squared
//! Error" is not averaged; four numbers give three losses, not four. Source: Werbos, "Backpropagation through time:
//! what it does and how to do it", Proc. IEEE 78 (1990); truncated: Williams & Peng (1990); vanishing: Bengio, Simard &
//! Frasconi (1994).

use std::ops::Range;

use handgrad_kernels::{Finish, matmul_bias, matmul_nt, matmul_tn};

use crate::{BatchRows, Block, Error, ParamRole, ParamSpec, Scalar, dense};

/// The sizes of a recurrent layer, and how it treats its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Values per step of the input.
    pub inputs: usize,
    /// Values per step of h.
    pub units: usize,
    /// T, the number of steps.
    pub steps: usize,
    /// If true, a sample is one vector, which is the input of every step (one-to-many); otherwise it has one vector
    /// per step. The result is the same as with a [`RepeatVector`](crate::RepeatVector) in front, but x·w_ih is
    /// computed once per sample instead of once per step.
    pub repeat: bool,
    /// If true, the output is h₁ … h_T, a row of T·units values; otherwise it is h_T alone (many-to-one).
    pub return_sequences: bool,
    /// κ of truncated backpropagation: see above. With `None`, gradients flow through all steps.
    pub truncate_every: Option<usize>,
}

/// The four parameters that most cells have. Shapes: w_ih inputs×g·units, w_hh units×g·units, b_ih and b_hh g·units,
/// for g gates side by side.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, T> {
    /// Weights of the input.
    pub w_ih: &'a [T],
    /// Weights of the previous state.
    pub w_hh: &'a [T],
    /// Bias of the input's product.
    pub b_ih: &'a [T],
    /// Bias of the previous state's product.
    pub b_hh: &'a [T],
}

impl Sequence {
    /// Splits θ into w_ih, w_hh, b_ih and b_hh.
    pub(crate) fn weights<'a, T>(&self, theta: &'a [T], gates: usize) -> Weights<'a, T> {
        let width = gates * self.units;
        let (w_ih, rest) = theta.split_at(self.inputs * width);
        let (w_hh, rest) = rest.split_at(self.units * width);
        let (b_ih, b_hh) = rest.split_at(width);
        Weights { w_ih, w_hh, b_ih, b_hh }
    }

    /// The parameters of a cell. The initial weights depend on the fans of one gate, because the gates are separate
    /// matrices that are only stored side by side.
    pub(crate) fn params(&self, gates: usize) -> Vec<ParamSpec> {
        // Invalid sizes are reported by `output_shape`.
        let width = gates.saturating_mul(self.units);
        let weight = |name, rows, uses| {
            let role = ParamRole::Weight { fan_in: rows, fan_out: self.units };
            ParamSpec { name, shape: vec![rows, width], uses, role }
        };
        let bias = |name| ParamSpec { name, shape: vec![width], uses: 1, role: ParamRole::Bias };
        let of_input = if self.repeat { 1 } else { self.steps };
        vec![weight("w_ih", self.inputs, of_input), weight("w_hh", self.units, self.steps), bias("b_ih"), bias("b_hh")]
    }

    /// The same sequence with one unit and one step. A layer's cache has at most units·steps times as many values as
    /// with this one, since no part of it grows faster than units·steps.
    pub(crate) fn smallest(&self) -> Self {
        Self { units: 1, steps: 1, ..*self }
    }

    /// Returns the shape of the output, for a layer with `outputs` values per step. `cache_len` is the length of its
    /// cache for the [`smallest`](Self::smallest) sequence.
    pub(crate) fn output_shape(
        &self,
        layer: impl Fn() -> String,
        input: &[usize],
        outputs: usize,
        cache_len: usize,
    ) -> Result<Vec<usize>, Error> {
        let least = [
            ("the number of units of a recurrent layer", self.units),
            ("the number of outputs of a Jordan network", outputs),
            ("the number of steps of a sequence", self.steps),
            ("truncate_every of a recurrent layer", self.truncate_every.unwrap_or(1)),
        ];
        if let Some((name, _)) = least.into_iter().find(|&(_, value)| value == 0) {
            return Err(Error::OutOfRange { name, value: "0".into(), range: "at least 1" });
        }
        let values = self.units.max(outputs).saturating_mul(self.steps).saturating_mul(cache_len);
        if values > 1 << 30 {
            let range = match outputs > self.units {
                true => "at most 2³⁰ values per sample: use fewer outputs or steps",
                false => "at most 2³⁰ values per sample: use fewer units or steps",
            };
            return Err(Error::OutOfRange {
                name: "the memory of a recurrent layer",
                value: values.to_string(),
                range,
            });
        }
        let fits = if self.repeat { input == [self.inputs] } else { input == [self.steps, self.inputs] };
        if !fits {
            let (found, expected) = (input.iter().product(), self.input_len());
            return Err(Error::InputSize { layer: layer(), shape: input.to_vec(), found, expected });
        }
        Ok(if self.return_sequences { vec![self.steps, outputs] } else { vec![outputs] })
    }

    /// Describes the shapes of input and output: `28×28 → 64`, or `64, 28 times → 28×64`.
    pub(crate) fn describe(&self, outputs: usize) -> String {
        let Self { inputs, steps, .. } = self;
        let from = if self.repeat { format!("{inputs}, {steps} times") } else { format!("{steps}×{inputs}") };
        let to = if self.return_sequences { format!("{steps}×{outputs}") } else { outputs.to_string() };
        format!("{from} → {to}{}", self.describe_truncation())
    }

    /// Returns `, truncated every 4`, or nothing.
    pub(crate) fn describe_truncation(&self) -> String {
        self.truncate_every.map_or(String::new(), |k| format!(", truncated every {k}"))
    }

    /// Number of rows of x.
    pub(crate) fn rows<T>(&self, x: &[T]) -> usize {
        x.len() / self.input_len()
    }

    /// Values per sample of the input.
    pub(crate) fn input_len(&self) -> usize {
        if self.repeat { self.inputs } else { self.steps.saturating_mul(self.inputs) }
    }

    /// The range of the output of step t of a row in y and in dy, with `outputs` values per step. `None` if the layer
    /// does not return this step.
    pub(crate) fn seen(&self, row: usize, t: usize, outputs: usize) -> Option<Range<usize>> {
        let place = match self.return_sequences {
            true => row * self.steps + t,
            false if t + 1 == self.steps => row,
            false => return None,
        };
        Some(place * outputs..(place + 1) * outputs)
    }

    /// Returns true if a gradient flows from step t, counted from 0, back to the previous step.
    pub(crate) fn goes_back(&self, t: usize) -> bool {
        t > 0 && self.truncate_every.is_none_or(|k| !t.is_multiple_of(k))
    }
}

/// a_t ← x_t·w_ih + b_ih for all steps at once. For a repeated input it is computed once per row and written to
/// `once`: see [`input_of_step`]. Shapes: x rows×T·inputs, or rows×inputs; a rows·T×g·units, `once` rows×g·units.
pub fn input_forward<T: Scalar>(s: &Sequence, x: &[T], w_ih: &[T], b_ih: &[T], a: &mut [T], once: &mut [T]) {
    matmul_bias(x, w_ih, b_ih, Finish::None, if s.repeat { once } else { a });
}

/// Returns a_t of one row and step in `a`. For a repeated input it first copies the row's values of `once` there.
#[inline(always)]
pub fn input_of_step<'a, T: Scalar>(
    s: &Sequence,
    [row, t, width]: [usize; 3],
    a: &'a mut [T],
    once: &[T],
) -> &'a mut [T] {
    let a = &mut a[(row * s.steps + t) * width..][..width];
    if s.repeat {
        a.copy_from_slice(&once[row * width..][..width]);
    }
    a
}

/// z ← h_{t−1}·w_hh + b_hh, where h₀ = 0. Shapes: h rows×units, z rows×g·units.
pub fn hidden_forward<T: Scalar>(t: usize, h: &[T], w_hh: &[T], b_hh: &[T], z: &mut [T]) {
    match t {
        0 => z.chunks_exact_mut(b_hh.len()).for_each(|z| z.copy_from_slice(b_hh)),
        _ => matmul_bias(h, w_hh, b_hh, Finish::None, z),
    }
}

/// Copies each row of `from`, which has `len` values, to step t of the same row of `to`, which has T steps.
pub(crate) fn store<T: Copy>(from: &[T], len: usize, to: &mut [T], [t, steps]: [usize; 2]) {
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(steps * len)) {
        to[t * len..][..len].copy_from_slice(from);
    }
}

/// `to` ← `to` + `from`.
#[inline(always)]
pub(crate) fn add<T: Scalar>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// Writes the transpose of w to `memory` and returns it: with it, δ_t·wᵀ is a plain product at every step. Shapes: w
/// rows×cols, memory cols×rows or longer.
pub(crate) fn transpose<'a, T: Scalar>(w: &[T], cols: usize, memory: &'a mut [T]) -> &'a [T] {
    const SIDE: usize = 16;
    let rows = w.len() / cols;
    let transposed = &mut memory[..w.len()];
    // In blocks of columns, so that both reading and writing touch few cache lines.
    for first in (0..cols).step_by(SIDE) {
        for (row, w) in w.chunks_exact(cols).enumerate() {
            for (col, &w) in w[first..cols.min(first + SIDE)].iter().enumerate() {
                transposed[(first + col) * rows + row] = w;
            }
        }
    }
    transposed
}

/// dx_t ← δ_t·w_ihᵀ for all steps at once. `sums` holds the sums of δ over the steps of each row. Shapes: δ
/// rows·T×g·units, sums rows×g·units.
pub fn input_backward<T: Scalar>(s: &Sequence, w_ih: &[T], delta: &[T], sums: &[T], dx: &mut [T]) {
    let (inputs, width) = (s.inputs, w_ih.len() / s.inputs);
    match s.repeat {
        false => matmul_nt(delta, w_ih, dx, inputs, width),
        // x is the same at every step: Σ_t δ_t·w_ihᵀ = (Σ_t δ_t)·w_ihᵀ.
        true => matmul_nt(sums, w_ih, dx, inputs, width),
    }
}

/// δ of all steps, T·g·units values per sample, and the sums over t, g·units values per sample.
#[derive(Clone, Copy, Debug)]
pub struct Deltas<'a, T> {
    /// δ₁ … δ_T.
    pub steps: BatchRows<'a, T>,
    /// Σ_t δ_t.
    pub sums: BatchRows<'a, T>,
}

/// One block of dw_ih ← Σ x_tᵀ·δ_t, dw_hh ← Σ h_{t−1}ᵀ·δ_t, db_ih ← Σ δ_t or db_hh ← Σ δ_t, over steps and samples.
/// `ih` holds the δ for w_ih and b_ih, `hh` the δ for w_hh and b_hh; they differ only in a GRU. `before` holds all
/// h_{t−1}. Shape: before rows×T·units.
pub fn backward_params<T: Scalar>(
    s: &Sequence,
    x: BatchRows<T>,
    before: BatchRows<T>,
    [ih, hh]: [Deltas<T>; 2],
    block: &Block,
    dtheta: &mut [T],
) {
    match block.param {
        0 if s.repeat => matmul_tn(x, ih.sums, block.rows.clone(), dtheta),
        0 => matmul_tn(x.steps(s.steps), ih.steps.steps(s.steps), block.rows.clone(), dtheta),
        1 => matmul_tn(before.steps(s.steps), hh.steps.steps(s.steps), block.rows.clone(), dtheta),
        2 => dense::backward_bias(ih.sums, block.rows.clone(), dtheta),
        _ => dense::backward_bias(hh.sums, block.rows.clone(), dtheta),
    }
}

/// Returns ‖∂L/∂h_t‖ over all rows, for t = 1 … T. `delta` is dy as `backward_input` overwrites it, in a layer that
/// returns all steps. If dy was 0 except at the last step, the norms show how much of the last step's gradient
/// reaches each step before it. For a Jordan network they are ‖∂L/∂y_t‖. For a bidirectional layer they are the norms
/// of [∂L/∂f_t │ ∂L/∂b_t], whose two halves flow in opposite directions.
#[must_use]
pub fn gradient_norms<T: Scalar>(delta: BatchRows<T>, steps: usize) -> Vec<f64> {
    let mut squares = vec![0.0; steps];
    for (at, dh) in delta.steps(steps).iter().enumerate() {
        squares[at % steps] += dh.iter().map(|value| value.to_f64().powi(2)).sum::<f64>();
    }
    squares.into_iter().map(f64::sqrt).collect()
}
