//! # Jordan network: the hidden layer depends on the previous output of the network
//!
//! ```text
//! forward     h_t = φ(x_t·w_ih + h_{t−1}·w_hh + y_{t−1}·w_yh + b_h)        h₀ = y₀ = 0; the hybrid of the slide
//!             h_t = φ(x_t·w_ih + y_{t−1}·w_yh + b_h)                       the classic one: no w_hh
//!             y_t = ψ(h_t·w_hy + b_y)   w_ih inputs×units, w_hh units×units, w_yh outputs×units, w_hy units×outputs
//!
//! given dy_t, the direct part of ∂L/∂y_t, for t = T, …, 1:
//!   through ψ:     dy_t ← dy_t + δ_{t+1}·w_yhᵀ                  ε_t = dy_t ⊙ ψ′
//!   through φ:     dh_t = ε_t·w_hyᵀ + δ_{t+1}·w_hhᵀ             δ_t = dh_t ⊙ φ′
//!   ∂L/∂w_hy = Σ_t h_tᵀ·ε_t        ∂L/∂b_y = Σ_t ε_t            ∂L/∂b_h = Σ_t δ_t
//!   ∂L/∂w_ih = Σ_t x_tᵀ·δ_t   ∂L/∂w_hh = Σ_t h_{t−1}ᵀ·δ_t   ∂L/∂w_yh = Σ_t y_{t−1}ᵀ·δ_t   ∂L/∂x_t = δ_t·w_ihᵀ
//! ```
//!
//! Backpropagation through time: see [`recurrent`]. Kept for the backward passes: h_t, and h and y before each step;
//! y_t, which is overwritten with ε_t; δ_t.
//!
//! Slides: CE6146 "RNN – Jordan Network", "Example – Jordan Network (1/3)" to "(3/3)". Its W_xh, W_hh, W_yh and W_hy
//! are w_ihᵀ, w_hhᵀ, w_yhᵀ and w_hyᵀ; its f₁ and f₂ are φ and ψ. Errors on the slides: the equation feeds h_t back
//! into h_t; the example feeds back y_{t−1}, which is what is meant. The equation keeps W_hh·h_{t−1}, so that the
//! network is a hybrid of Elman's and Jordan's. Step 1 of the example has the numbers of W_hh·h₀ + W_xh·x₁ + W_yh·y₀
//! in another order: "1·0 + 1·0 + 1·1". h₂ = tanh(5.928…) = .99998581 is truncated to .9999, and so y₂ is inexact
//! too. Source: Jordan, "Serial order: a parallel distributed processing approach" (1986).

use handgrad_kernels::{Finish, matmul, matmul_bias, matmul_nt, matmul_tn};

use crate::kept::kept;
use crate::recurrent::{self, Sequence, add, store};
use crate::{
    Activation, Block, Error, Layer, ParamRole, ParamSpec, Pass, Saved, SavedBatch, Scalar, activation, dense,
};

/// The sizes of a Jordan network, and its activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jordan {
    /// Number of steps, and values per step of x and h.
    pub sequence: Sequence,
    /// Values per step of y.
    pub outputs: usize,
    /// The activation function φ of the hidden layer.
    pub activation: Activation,
    /// The activation function ψ of the output.
    pub output_activation: Activation,
    /// If true, there is a w_hh, as on the slide; otherwise it is the classic network.
    pub hybrid: bool,
}

/// The parameters, in this order; w_hh is empty in the classic network.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, T> {
    /// inputs×units.
    pub w_ih: &'a [T],
    /// units×units.
    pub w_hh: &'a [T],
    /// outputs×units.
    pub w_yh: &'a [T],
    /// units.
    pub b_h: &'a [T],
    /// units×outputs.
    pub w_hy: &'a [T],
    /// outputs.
    pub b_y: &'a [T],
}

// What both passes keep for each row.
kept! {
    jordan: &Jordan, let (n, o, steps) = (jordan.sequence.units, jordan.outputs, jordan.sequence.steps);
    /// T·units: a_t = x_t·w_ih + b_h, then h_t.
    h_steps: steps * n,
    /// T·outputs: y_t, then ε_t.
    y_steps: steps * o,
    /// T·units: h before each step.
    h_before: steps * n,
    /// T·outputs: y before each step.
    y_before: steps * o,
    /// T·units: δ_t.
    deltas: steps * n,
    /// units: x·w_ih + b_h if the input is repeated; then Σ_t δ_t.
    sums: n,
    /// outputs: Σ_t ε_t.
    y_sums: o,
    /// units: h; in the backward pass dh, which is overwritten with δ.
    h: n,
    /// outputs: y; in the backward pass dy, which is overwritten with ε.
    y: o,
    /// units: one of the products that are added up to z_t; in the backward pass δ_{t+1}·w_hhᵀ.
    product: n,
}

impl Jordan {
    fn weights<'a, T>(&self, theta: &'a [T]) -> Weights<'a, T> {
        let (n, o) = (self.sequence.units, self.outputs);
        let mut rest = theta;
        let lens = [self.sequence.inputs * n, if self.hybrid { n * n } else { 0 }, o * n, n, n * o, o];
        let [w_ih, w_hh, w_yh, b_h, w_hy, b_y] = lens.map(|len| {
            let (weights, after) = rest.split_at(len);
            rest = after;
            weights
        });
        Weights { w_ih, w_hh, w_yh, b_h, w_hy, b_y }
    }
}

/// y ← y₁ … y_T, or only y_T if `return_sequences` is false. Shapes: x is rows×T·inputs, or rows×inputs if `repeat` is
/// true; y is rows×T·outputs, or rows×outputs for only y_T.
pub fn forward<T: Scalar>(jordan: &Jordan, w: &Weights<T>, x: &[T], y_seen: &mut [T], kept: Kept<&mut [T]>) {
    let Jordan { sequence: s, outputs: o, activation: phi, output_activation: psi, hybrid } = *jordan;
    let n = s.units;
    let Kept { h_steps, y_steps, h_before, y_before, sums, h, y, product, .. } = kept;
    recurrent::input_forward(&s, x, w.w_ih, w.b_h, h_steps, sums);
    h.fill(T::ZERO);
    y.fill(T::ZERO);
    for at in (0..s.steps).map(|t| [t, s.steps]) {
        store(h, n, h_before, at);
        store(y, o, y_before, at);
        // h is overwritten with z = a_t + h_{t−1}·w_hh + y_{t−1}·w_yh. At the first step h₀ = y₀ = 0, so there are no
        // products.
        let (of_y, of_h) = (at[0] > 0, at[0] > 0 && hybrid);
        if of_h {
            matmul(h, w.w_hh, product, n, n);
        }
        for (row, h) in h.chunks_exact_mut(n).enumerate() {
            h.copy_from_slice(recurrent::input_of_step(&s, [row, at[0], n], h_steps, sums));
        }
        if of_h {
            add(h, product);
        }
        if of_y {
            matmul(y, w.w_yh, product, o, n);
            add(h, product);
        }
        activation::forward(phi, h);
        store(h, n, h_steps, at);
        matmul_bias(h, w.w_hy, w.b_y, Finish::None, y);
        activation::forward(psi, y);
        store(y, o, y_steps, at);
        for (row, y) in y.chunks_exact(o).enumerate() {
            if let Some(seen) = s.seen(row, at[0], o) {
                y_seen[seen].copy_from_slice(y);
            }
        }
    }
}

/// Computes δ_t and ε_t for all steps. dy is overwritten with all of ∂L/∂y_t; dx ← δ·w_ihᵀ. Shapes as for
/// [`forward`].
pub fn backward_input<T: Scalar>(
    jordan: &Jordan,
    w: &Weights<T>,
    dy_seen: &mut [T],
    dx: Option<&mut [T]>,
    kept: Kept<&mut [T]>,
) {
    let Jordan { sequence: s, outputs: o, activation: phi, output_activation: psi, hybrid } = *jordan;
    let n = s.units;
    let Kept { h_steps, y_steps, deltas, sums, y_sums, h: dh, y: dy, product: from_h, .. } = kept;
    [&mut *sums, y_sums, dy, from_h].into_iter().for_each(|values| values.fill(T::ZERO));
    for at in (0..s.steps).rev().map(|t| [t, s.steps]) {
        for (row, dy) in dy.chunks_exact_mut(o).enumerate() {
            if let Some(seen) = s.seen(row, at[0], o) {
                add(dy, &dy_seen[seen.clone()]);
                dy_seen[seen].copy_from_slice(dy);
            }
            let y = &mut y_steps[(row * s.steps + at[0]) * o..][..o];
            activation::backward(psi, y, dy);
            y.copy_from_slice(dy);
        }
        add(y_sums, dy);
        matmul_nt(dy, w.w_hy, dh, n, o);
        if hybrid {
            add(dh, from_h);
        }
        for (row, dh) in dh.chunks_exact_mut(n).enumerate() {
            activation::backward(phi, &h_steps[(row * s.steps + at[0]) * n..][..n], dh);
        }
        store(dh, n, deltas, at);
        add(sums, dh);
        let goes_back = s.goes_back(at[0]);
        match goes_back {
            true => matmul_nt(dh, w.w_yh, dy, o, n),
            false => dy.fill(T::ZERO),
        }
        match (hybrid, goes_back) {
            (true, true) => matmul_nt(dh, w.w_hh, from_h, n, n),
            (true, false) => from_h.fill(T::ZERO),
            (false, _) => {}
        }
    }
    if let Some(dx) = dx {
        recurrent::input_backward(&s, w.w_ih, deltas, sums, dx);
    }
}

impl<T: Scalar> Layer<T> for Jordan {
    fn describe(&self) -> String {
        let Self { sequence, outputs, activation, output_activation, hybrid } = self;
        let kind = if *hybrid { "hybrid" } else { "classic" };
        let through = format!("{} units {}", sequence.units, activation.name());
        format!("Jordan {}, {through}, {}, {kind}", sequence.describe(*outputs), output_activation.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let smallest = Self { sequence: self.sequence.smallest(), outputs: 1, ..*self };
        let cache_len = Kept::lens(&smallest).iter().sum();
        self.sequence.output_shape(|| Layer::<T>::describe(self), input, self.outputs, cache_len)
    }

    fn params(&self) -> Vec<ParamSpec> {
        let (n, o, Sequence { inputs, steps, repeat, .. }) = (self.sequence.units, self.outputs, self.sequence);
        let weight = |name, rows, cols, uses| {
            let role = ParamRole::Weight { fan_in: rows, fan_out: cols };
            ParamSpec { name, shape: vec![rows, cols], uses, role }
        };
        let bias = |name, len| ParamSpec { name, shape: vec![len], uses: 1, role: ParamRole::Bias };
        let hidden = self.hybrid.then(|| weight("w_hh", n, n, steps));
        let of_input = weight("w_ih", inputs, n, if repeat { 1 } else { steps });
        let others = [weight("w_yh", o, n, steps), bias("b_h", n), weight("w_hy", n, o, steps), bias("b_y", o)];
        [of_input].into_iter().chain(hidden).chain(others).collect()
    }

    fn cache_len(&self) -> usize {
        Kept::lens(self).iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        forward(self, &self.weights(theta), x, y, Kept::new(self, pass.cache, self.sequence.rows(x)));
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        let kept = Kept::new(self, pass.cache, self.sequence.rows(saved.x));
        backward_input(self, &self.weights(theta), dy, dx, kept);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], _: &mut [T]) {
        let Sequence { steps, repeat, .. } = self.sequence;
        let kept = Kept::of_batch(self, saved.cache);
        let of_steps = [kept.h_steps, kept.y_steps, kept.h_before, kept.y_before, kept.deltas];
        let [h, eps, h_before, y_before, delta] = of_steps.map(|matrix| matrix.steps(steps));
        let rows = block.rows.clone();
        // The classic network has no w_hh, so its later parameters have an index that is lower by 1.
        match block.param + usize::from(!self.hybrid && block.param > 0) {
            0 if repeat => matmul_tn(saved.x, kept.sums, rows, dtheta),
            0 => matmul_tn(saved.x.steps(steps), delta, rows, dtheta),
            1 => matmul_tn(h_before, delta, rows, dtheta),
            2 => matmul_tn(y_before, delta, rows, dtheta),
            3 => dense::backward_bias(kept.sums, rows, dtheta),
            4 => matmul_tn(h, eps, rows, dtheta),
            _ => dense::backward_bias(kept.y_sums, rows, dtheta),
        }
    }
}
