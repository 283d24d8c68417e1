//! # LSTM: gates control what a cell stores, forgets and outputs
//!
//! ```text
//! forward     z_t = x_t·w_ih + b_ih + h_{t−1}·w_hh + b_hh = [z_i │ z_f │ z_g │ z_o] h₀ = c₀ = 0; g: the slide's c̃
//!             i = σ(z_i)   f = σ(z_f)   g = tanh z_g   o = σ(z_o)
//!             c_t = f⊙c_{t−1} + i⊙g
//!             h_t = o⊙tanh c_t                    w_ih inputs×4·units, w_hh units×4·units, biases 4·units
//!
//! given dh_t = ∂L/∂h_t, direct and through z_{t+1}, and the gradient that comes back from c_{t+1}:
//!   through h_t = o⊙tanh c_t:      do = dh⊙tanh c_t          dc_t = f_{t+1}⊙dc_{t+1} + dh⊙o⊙(1 − tanh² c_t)
//!   through c_t = f⊙c_{t−1} + i⊙g: di = dc⊙g    dg = dc⊙i    df = dc⊙c_{t−1}       to c_{t−1}: f⊙dc
//!   through σ and tanh:            δ_i = di⊙i⊙(1 − i)   δ_f = df⊙f⊙(1 − f)   δ_g = dg⊙(1 − g²)   δ_o = do⊙o⊙(1 − o)
//!   δ = [δ_i │ δ_f │ δ_g │ δ_o]; the rest is as for every cell, see [`recurrent`]
//! ```
//!
//! From c_t to c_{t−1} a gradient has two paths. On the direct path it is multiplied by f alone: where f is near 1,
//! this part neither vanishes nor explodes. The other path leads through the gates, w_hh and h_{t−1}, as in any cell.
//! So the forget gate is open at first: its part of b_ih is initially 1, and all other biases are 0 (Gers,
//! Schmidhuber & Cummins 2000). Keras does the same; PyTorch draws all parameters from U(−1/√units, 1/√units).
//!
//! Kept for the backward passes: the gates, which are overwritten with δ; h before each step; c before each step,
//! which is overwritten with dc_t; the memory of the loop over time.
//!
//! Slides: CE6146 "LSTM", "Example – LSTM (1/2)", "Example – LSTM (2/2)". Its W_ii, W_if, W_ig, W_io are the four
//! quarters of w_ihᵀ, its W_hi, … those of w_hhᵀ, b_ii, … those of b_ih, and b_hi, … those of b_hh. It has two biases
//! per gate, as PyTorch has. If both are merged into one, its initial value is 2 where the slide has 1 and 1. Errors
//! on the slides: "b_ij = b_ij = 0" stands for h₀ = c₀ = 0, and the forget gate of step 1 prints x₀ where it uses x₁.
//! The slide "Long Short-Term Memory (LSTM)" writes c′ = f(z_i)·g(z) + c·f(z_f), where f is the sigmoid. Source:
//! Hochreiter & Schmidhuber, "Long short-term memory", Neural Computation 9 (1997).

use handgrad_kernels::{matmul, vectorize};

use crate::kept::kept;
use crate::recurrent::{self, Deltas, Sequence, Weights, add};
use crate::{Block, Error, Layer, ParamSpec, Pass, Saved, SavedBatch, Scalar};

/// Number of gates that are stored side by side.
pub(crate) const GATES: usize = 4;

/// Forward pass of one step of one row: on entry `gates` holds z_t, and c and h are those of the step before; on
/// return `gates` holds [i │ f │ g │ o], and c and h are those of this step. Shapes: gates 4n, c and h n.
#[inline(always)]
pub fn step<T: Scalar>(gates: &mut [T], c: &mut [T], h: &mut [T]) {
    let n = h.len();
    let (i_and_f, g_and_o) = gates.split_at_mut(2 * n);
    let (g, o) = g_and_o.split_at_mut(n);
    i_and_f.iter_mut().for_each(|z| *z = z.sigmoid());
    g.iter_mut().for_each(|z| *z = z.tanh());
    o.iter_mut().for_each(|z| *z = z.sigmoid());
    let (i, f) = i_and_f.split_at(n);
    let (c, o) = (&mut c[..n], &o[..n]);
    for j in 0..n {
        c[j] = f[j] * c[j] + i[j] * g[j];
        h[j] = o[j] * c[j].tanh();
    }
}

/// Backward pass of [`step`]: on entry `gates` holds [i │ f │ g │ o], dc holds f_{t+1}⊙dc_{t+1}, `before` holds
/// c_{t−1}, and dh is all of ∂L/∂h_t; on return `gates` holds δ, dc holds f⊙dc, and `before` holds dc_t, which is all
/// of ∂L/∂c_t. Shapes as for [`step`].
#[inline(always)]
pub fn step_backward<T: Scalar>(gates: &mut [T], before: &mut [T], dh: &[T], dc: &mut [T]) {
    let n = dh.len();
    let (i, rest) = gates.split_at_mut(n);
    let (f, rest) = rest.split_at_mut(n);
    let (g, o) = rest.split_at_mut(n);
    let (before, dc, o) = (&mut before[..n], &mut dc[..n], &mut o[..n]);
    for j in 0..n {
        let [gi, gf, gg, go] = [i[j], f[j], g[j], o[j]];
        let tanh_c = (gf * before[j] + gi * gg).tanh();
        let d = dc[j] + dh[j] * go * (T::ONE - tanh_c * tanh_c);
        i[j] = d * gg * (gi * (T::ONE - gi));
        f[j] = d * before[j] * (gf * (T::ONE - gf));
        g[j] = d * gi * (T::ONE - gg * gg);
        o[j] = dh[j] * tanh_c * (go * (T::ONE - go));
        dc[j] = d * gf;
        before[j] = d;
    }
}

// What both passes keep for each row.
kept! {
    s: &Sequence, let (n, steps) = (s.units, s.steps);
    /// T·4n: a, then the gates, then δ.
    gates: steps * GATES * n,
    /// T·n: h before each step.
    hidden: steps * n,
    /// T·n: c before each step, then ∂L/∂c_t.
    cells: steps * n,
    /// 4n: x·w_ih + b_ih if the input is repeated; then Σ_t δ_t.
    sums: GATES * n,
    /// 4n: h_{t−1}·w_hh + b_hh; then δ_t.
    z: GATES * n,
    /// n: h_t, then ∂L/∂h_t.
    h: n,
    /// n: c_t, then ∂L/∂c_t.
    c: n,
}

/// The forward loop over time: y ← h₁ … h_T, or h_T alone. On entry `kept` holds a. `product(t, h, z)` must write
/// h_{t−1}·w_hh + b_hh to z. Shapes: y rows×T·n, or rows×n.
pub fn through_time<T: Scalar>(
    s: &Sequence,
    kept: &mut Kept<&mut [T]>,
    y: &mut [T],
    mut product: impl FnMut(usize, &[T], &mut [T]),
) {
    let n = s.units;
    let Kept { gates, hidden, cells, sums, z, h, c } = kept;
    h.fill(T::ZERO);
    c.fill(T::ZERO);
    for t in 0..s.steps {
        product(t, h, z);
        vectorize!({
            for row in 0..h.len() / n {
                let place = row * s.steps + t;
                let (c, h) = (&mut c[row * n..][..n], &mut h[row * n..][..n]);
                hidden[place * n..][..n].copy_from_slice(h);
                cells[place * n..][..n].copy_from_slice(c);
                let gates = recurrent::input_of_step(s, [row, t, GATES * n], gates, sums);
                add(gates, &z[row * GATES * n..]);
                step(gates, c, h);
                if let Some(seen) = s.seen(row, t, n) {
                    y[seen].copy_from_slice(h);
                }
            }
        });
    }
}

/// The backward loop over time: computes δ_t and ∂L/∂c_t for all steps, and the sums of δ. dy is overwritten with all
/// of ∂L/∂h_t. `product(δ, dh)` must write δ_t·w_hhᵀ to dh. Shapes as for [`through_time`].
pub fn back_through_time<T: Scalar>(
    s: &Sequence,
    kept: &mut Kept<&mut [T]>,
    dy: &mut [T],
    mut product: impl FnMut(&[T], &mut [T]),
) {
    let n = s.units;
    let Kept { gates, cells, sums, z, h: dh, c: dc, .. } = kept;
    [&mut **sums, dh, dc].into_iter().for_each(|values| values.fill(T::ZERO));
    for t in (0..s.steps).rev() {
        vectorize!({
            for row in 0..dh.len() / n {
                let place = row * s.steps + t;
                let (dc, dh) = (&mut dc[row * n..][..n], &mut dh[row * n..][..n]);
                if let Some(seen) = s.seen(row, t, n) {
                    add(dh, &dy[seen.clone()]);
                    dy[seen].copy_from_slice(dh);
                }
                let gates = &mut gates[place * GATES * n..][..GATES * n];
                step_backward(gates, &mut cells[place * n..][..n], dh, dc);
                let of_row = row * GATES * n..(row + 1) * GATES * n;
                z[of_row.clone()].copy_from_slice(gates);
                add(&mut sums[of_row], gates);
            }
        });
        if s.goes_back(t) {
            product(z, dh);
        } else {
            dh.fill(T::ZERO);
            dc.fill(T::ZERO);
        }
    }
}

/// y ← h₁ … h_T, or only h_T if `return_sequences` is false. Shapes: x is rows×T·inputs, or rows×inputs if `repeat` is
/// true; y is rows×T·n, or rows×n for only h_T.
pub fn forward<T: Scalar>(s: &Sequence, w: &Weights<T>, x: &[T], y: &mut [T], mut kept: Kept<&mut [T]>) {
    recurrent::input_forward(s, x, w.w_ih, w.b_ih, kept.gates, kept.sums);
    through_time(s, &mut kept, y, |t, h, z| recurrent::hidden_forward(t, h, w.w_hh, w.b_hh, z));
}

/// Computes δ_t for all steps. dy is overwritten with all of ∂L/∂h_t; dx ← δ·w_ihᵀ. Shapes as for [`forward`], memory
/// n×4n.
pub fn backward_input<T: Scalar>(
    s: &Sequence,
    w: &Weights<T>,
    dy: &mut [T],
    dx: Option<&mut [T]>,
    mut kept: Kept<&mut [T]>,
    memory: &mut [T],
) {
    let transposed = recurrent::transpose(w.w_hh, GATES * s.units, memory);
    back_through_time(s, &mut kept, dy, |delta, dh| matmul(delta, transposed, dh, GATES * s.units, s.units));
    if let Some(dx) = dx {
        recurrent::input_backward(s, w.w_ih, kept.gates, kept.sums, dx);
    }
}

/// The sizes of an LSTM layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lstm {
    /// Number of steps, and values per step.
    pub sequence: Sequence,
}

impl<T: Scalar> Layer<T> for Lstm {
    fn describe(&self) -> String {
        format!("LSTM {}", self.sequence.describe(self.sequence.units))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let s = &self.sequence;
        s.output_shape(|| Layer::<T>::describe(self), input, s.units, Kept::lens(&s.smallest()).iter().sum())
    }

    fn params(&self) -> Vec<ParamSpec> {
        self.sequence.params(GATES)
    }

    fn adjust_start(&self, theta: &mut [T]) {
        let n = self.sequence.units;
        let b_ih = theta.len() - 2 * GATES * n;
        theta[b_ih + n..][..n].fill(T::ONE);
    }

    fn scratch_len(&self) -> usize {
        GATES * self.sequence.units * self.sequence.units
    }

    fn cache_len(&self) -> usize {
        Kept::lens(&self.sequence).iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let s = &self.sequence;
        forward(s, &s.weights(theta, GATES), x, y, Kept::new(s, pass.cache, s.rows(x)));
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
        backward_input(s, &s.weights(theta, GATES), dy, dx, kept, pass.scratch);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], _: &mut [T]) {
        let Kept { gates, hidden, sums, .. } = Kept::of_batch(&self.sequence, saved.cache);
        let deltas = Deltas { steps: gates, sums };
        recurrent::backward_params(&self.sequence, saved.x, hidden, [deltas; 2], block, dtheta);
    }
}
