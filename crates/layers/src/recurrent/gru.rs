//! # GRU: two gates, and no cell state beside the hidden state
//!
//! ```text
//! forward     a_t = x_t·w_ih + b_ih = [a_r │ a_z │ a_n]      q_t = h_{t−1}·w_hh + b_hh = [q_r │ q_z │ q_n]      h₀ = 0
//!             r = σ(a_r + q_r)   z = σ(a_z + q_z)
//!             n = tanh(a_n + r⊙q_n)                          reset after the product (PyTorch, Keras)
//!             n = tanh(a_n + (r⊙h_{t−1})·w_hn + b_hn)        reset before it (Cho et al. 2014)
//!                                                            w_hn, b_hn: third part of w_hh, b_hh
//!             h_t = (1 − z)⊙n + z⊙h_{t−1}                    z keeps the old state (PyTorch, Keras, Cho et al.)
//!             h_t = z⊙n + (1 − z)⊙h_{t−1}                    z takes the new value (the slide; Chung et al. 2014)
//!
//! given dh = ∂L/∂h_t, direct and from step t+1; k = the part of h_{t−1} that is kept, z or 1 − z:
//!   through h_t:    dn = dh⊙(1 − k)      dk = dh⊙(h_{t−1} − n)      dz = dk or −dk      to h_{t−1}: dh⊙k
//!   through tanh:   δ_n = dn⊙(1 − n²)                               δ_z = dz⊙z⊙(1 − z)
//!   after:   dr = δ_n⊙q_n                  [δ_r │ δ_z │ δ_n⊙r]·w_hhᵀ goes to h_{t−1}
//!   before:  du = δ_n·w_hnᵀ for u = r⊙h_{t−1};  dr = du⊙h_{t−1};  du⊙r + [δ_r │ δ_z]·[w_hr │ w_hz]ᵀ goes to h_{t−1}
//!   through σ:      δ_r = dr⊙r⊙(1 − r)
//!
//! ∂L/∂a_t = [δ_r │ δ_z │ δ_n]      ∂L/∂q_t = [δ_r │ δ_z │ δ_n⊙r] after,
//!                                            [δ_r │ δ_z │ δ_n] before, where q_n = u·w_hn + b_hn
//! So ∂L/∂a_t gives dw_ih and db_ih, ∂L/∂q_t gives dw_hh and db_hh; before: the third part of dw_hh is Σ uᵀ·δ_n
//! ```
//!
//! In the code n is the number of units, as in every file, and the new value n is called the candidate.
//!
//! With the reset after the product, one product with w_hh is enough for all three gates, which is faster.
//!
//! Kept for the backward passes: a, which is overwritten with the gates and then with ∂L/∂a; q, which is overwritten
//! with ∂L/∂q, or u; h before each step; the memory of the loop over time.
//!
//! Slides: CE6146 "Gated Recurrent Unit (GRU)", "GRU". Its W_iz and W_hz are the second thirds of w_ihᵀ and w_hhᵀ. It
//! gives only z and h_t, with h_t = (1 − z)⊙h_{t−1} + z⊙h̃_t. The equations of the reset gate r and of the candidate
//! h̃ (n here) are missing, and z has the opposite role from the formula of Keras and PyTorch. To convert a model
//! from one convention to the other, change the sign of all weights and biases of z, since σ(−z) = 1 − σ(z). Sources:
//! Cho et al., EMNLP 2014; Chung, Gulcehre, Cho & Bengio (2014).

use std::ops::Range;

use handgrad_kernels::{Finish, matmul, matmul_bias, matmul_nt, matmul_tn, vectorize};
use serde::{Deserialize, Serialize};

use crate::kept::kept;
use crate::recurrent::{self, Deltas, Sequence, Weights, add};
use crate::{BatchRows, Block, Error, Layer, ParamSpec, Pass, Saved, SavedBatch, Scalar};

/// Number of gates that are stored side by side: r, z and n.
const GATES: usize = 3;

/// What the update gate z means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// h_t = (1 − z)⊙n + z⊙h_{t−1}, as in PyTorch and Keras.
    KeepsOld,
    /// h_t = z⊙n + (1 − z)⊙h_{t−1}, as on the slide.
    TakesNew,
}

/// Where the reset gate r is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// r⊙(h_{t−1}·w_hn + b_hn), as in PyTorch and Keras.
    AfterProduct,
    /// (r⊙h_{t−1})·w_hn + b_hn, as in the first paper.
    BeforeProduct,
}

/// Computes r and z of one step of one row: on entry `gates` holds a, on return [r │ z │ a_n]. Shapes: gates 3n; q at
/// least 2n, of which [q_r │ q_z] is used.
#[inline(always)]
pub fn open<T: Scalar>(gates: &mut [T], q: &[T], n: usize) {
    gates[..2 * n].iter_mut().zip(q).for_each(|(a, &q)| *a = (*a + q).sigmoid());
}

/// Computes n and h of one step of one row: on entry `gates` holds [r │ z │ a_n] and h holds h_{t−1}, on return
/// `gates` holds [r │ z │ n] and h holds h_t. v is r⊙q_n or (r⊙h_{t−1})·w_hn + b_hn. Shapes: gates 3n; v and h n.
#[inline(always)]
pub fn renew<T: Scalar>(update: Update, gates: &mut [T], v: &[T], h: &mut [T]) {
    let n = h.len();
    let (r_and_z, candidate) = gates.split_at_mut(2 * n);
    let (z, candidate, v) = (&r_and_z[n..], &mut candidate[..n], &v[..n]);
    for j in 0..n {
        candidate[j] = (candidate[j] + v[j]).tanh();
        h[j] = match update {
            Update::KeepsOld => (T::ONE - z[j]) * candidate[j] + z[j] * h[j],
            Update::TakesNew => z[j] * candidate[j] + (T::ONE - z[j]) * h[j],
        };
    }
}

/// Backward pass of [`renew`]: on entry `gates` holds [r │ z │ n] and dh holds ∂L/∂h_t, on return `gates` holds [r │
/// δ_z │ δ_n] and dh the part of ∂L/∂h_{t−1} that comes directly from h_t. `before` is h_{t−1}. Shapes: gates 3n;
/// before and dh n.
#[inline(always)]
pub fn renew_backward<T: Scalar>(update: Update, gates: &mut [T], before: &[T], dh: &mut [T]) {
    let n = dh.len();
    let (r_and_z, candidate) = gates.split_at_mut(2 * n);
    let (z, candidate, before) = (&mut r_and_z[n..], &mut candidate[..n], &before[..n]);
    for j in 0..n {
        let (gate, new, d) = (z[j], candidate[j], dh[j]);
        let (k, sign) = match update {
            Update::KeepsOld => (gate, T::ONE),
            Update::TakesNew => (T::ONE - gate, -T::ONE),
        };
        candidate[j] = d * (T::ONE - k) * (T::ONE - new * new);
        z[j] = sign * d * (before[j] - new) * (gate * (T::ONE - gate));
        dh[j] = d * k;
    }
}

/// Backward pass of v = r⊙m, where m is q_n or h_{t−1}. r is overwritten with δ_r = dv⊙m⊙r⊙(1 − r), and m with dm =
/// dv⊙r. Shapes: n each.
#[inline(always)]
pub fn reset_backward<T: Scalar>(r: &mut [T], m: &mut [T], dv: &[T]) {
    let n = dv.len();
    let (r, m) = (&mut r[..n], &mut m[..n]);
    for j in 0..n {
        let gate = r[j];
        r[j] = dv[j] * m[j] * (gate * (T::ONE - gate));
        m[j] = dv[j] * gate;
    }
}

/// The sizes of a GRU layer, and the variant of its formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gru {
    /// Number of steps, and values per step.
    pub sequence: Sequence,
    /// The meaning of z.
    pub update: Update,
    /// Where r is applied.
    pub reset: Reset,
}

// What both passes keep for each row.
kept! {
    gru: &Gru, let (n, steps) = (gru.sequence.units, gru.sequence.steps);
    /// T·3n: a, then r, z and n, then ∂L/∂a.
    gates: steps * GATES * n,
    /// Reset after the product: T·3n, where the third part holds q_n; then all of it holds ∂L/∂q. Reset before the
    /// product: T·n, u = r⊙h_{t−1}.
    second: if gru.reset == Reset::AfterProduct { steps * GATES * n } else { steps * n },
    /// T·n: h before each step.
    hidden: steps * n,
    /// 3n: x·w_ih + b_ih if the input is repeated; then Σ_t ∂L/∂a_t.
    sums: GATES * n,
    /// 3n: Σ_t ∂L/∂q_t.
    q_sums: GATES * n,
    /// 3n: q, then ∂L/∂q, of one step.
    q: GATES * n,
    /// n: v, then dv.
    v: n,
    /// n: u; in the backward pass, the gradient that comes through the products.
    u: n,
    /// n: h_t, then ∂L/∂h_t.
    h: n,
}

/// Splits w_hh into two contiguous matrices, [w_hr │ w_hz] and w_hn. Shape of `memory`: n×3n.
fn split_weights<'a, T: Scalar>(w_hh: &[T], n: usize, memory: &'a mut [T]) -> [&'a [T]; 2] {
    let (of_gates, of_candidate) = memory.split_at_mut(2 * n * n);
    for (row, w) in w_hh.chunks_exact(GATES * n).enumerate() {
        of_gates[row * 2 * n..][..2 * n].copy_from_slice(&w[..2 * n]);
        of_candidate[row * n..][..n].copy_from_slice(&w[2 * n..]);
    }
    [of_gates, of_candidate]
}

/// y ← h₁ … h_T, or only h_T if `return_sequences` is false. Shapes: x is rows×T·inputs, or rows×inputs if `repeat` is
/// true; y is rows×T·n, or rows×n for only h_T; memory is n×3n.
pub fn forward<T: Scalar>(gru: &Gru, w: &Weights<T>, x: &[T], y: &mut [T], kept: Kept<&mut [T]>, memory: &mut [T]) {
    let Gru { sequence: s, update, reset } = gru;
    let (n, rows) = (s.units, s.rows(x));
    let Kept { gates, second, hidden, sums, q, v, u, h, .. } = kept;
    recurrent::input_forward(s, x, w.w_ih, w.b_ih, gates, sums);
    let after = *reset == Reset::AfterProduct;
    let [w_rz, w_n] = if after { [&[][..]; 2] } else { split_weights(w.w_hh, n, memory) };
    let (b_rz, b_n) = w.b_hh.split_at(2 * n);
    let q_len = if after { GATES * n } else { 2 * n };
    let q = &mut q[..rows * q_len];
    h.fill(T::ZERO);
    for t in 0..s.steps {
        match after {
            true => recurrent::hidden_forward(t, h, w.w_hh, w.b_hh, q),
            false => recurrent::hidden_forward(t, h, w_rz, b_rz, q),
        }
        vectorize!({
            for row in 0..rows {
                let place = row * s.steps + t;
                let (q, h, v) = (&q[row * q_len..][..q_len], &h[row * n..][..n], &mut v[row * n..][..n]);
                hidden[place * n..][..n].copy_from_slice(h);
                let gates = recurrent::input_of_step(s, [row, t, GATES * n], gates, sums);
                open(gates, q, n);
                let m = if after { &q[2 * n..] } else { h };
                v.iter_mut().zip(gates).zip(m).for_each(|((v, r), &m)| *v = *r * m);
                match after {
                    true => second[(place * GATES + 2) * n..][..n].copy_from_slice(m),
                    false => second[place * n..][..n].copy_from_slice(v),
                }
            }
        });
        if !after {
            u.copy_from_slice(v);
            matmul_bias(u, w_n, b_n, Finish::None, v);
        }
        vectorize!({
            for row in 0..rows {
                let (h, v) = (&mut h[row * n..][..n], &v[row * n..][..n]);
                renew(*update, &mut gates[(row * s.steps + t) * GATES * n..][..GATES * n], v, h);
                if let Some(seen) = s.seen(row, t, n) {
                    y[seen].copy_from_slice(h);
                }
            }
        });
    }
}

/// Computes ∂L/∂a_t and ∂L/∂q_t for all steps. dy is overwritten with all of ∂L/∂h_t; dx ← ∂L/∂a·w_ihᵀ. Shapes as for
/// [`forward`].
pub fn backward_input<T: Scalar>(
    gru: &Gru,
    w: &Weights<T>,
    dy: &mut [T],
    dx: Option<&mut [T]>,
    kept: Kept<&mut [T]>,
    memory: &mut [T],
) {
    let Gru { sequence: s, update, reset } = gru;
    let n = s.units;
    let Kept { gates, second, hidden, sums, q_sums, q: dq, v: dv, u: through, h: dh } = kept;
    let rows = dh.len() / n;
    let after = *reset == Reset::AfterProduct;
    let [w_back, w_n] = match after {
        true => [recurrent::transpose(w.w_hh, GATES * n, memory), &[]],
        false => split_weights(w.w_hh, n, memory),
    };
    let q_len = if after { GATES * n } else { 2 * n };
    let dq = &mut dq[..rows * q_len];
    [&mut *sums, q_sums, dh].into_iter().for_each(|sums| sums.fill(T::ZERO));
    for t in (0..s.steps).rev() {
        vectorize!({
            for row in 0..rows {
                let (place, dh) = (row * s.steps + t, &mut dh[row * n..][..n]);
                if let Some(seen) = s.seen(row, t, n) {
                    add(dh, &dy[seen.clone()]);
                    dy[seen].copy_from_slice(dh);
                }
                let gates = &mut gates[place * GATES * n..][..GATES * n];
                renew_backward(*update, gates, &hidden[place * n..][..n], dh);
                dv[row * n..][..n].copy_from_slice(&gates[2 * n..]);
            }
        });
        if !after {
            matmul_nt(dv, w_n, through, n, n);
            dv.copy_from_slice(through);
        }
        vectorize!({
            for row in 0..rows {
                let (place, dh, dv) = (row * s.steps + t, &mut dh[row * n..][..n], &dv[row * n..][..n]);
                let gates = &mut gates[place * GATES * n..][..GATES * n];
                let dq = &mut dq[row * q_len..][..q_len];
                if after {
                    let q = &mut second[place * GATES * n..][..GATES * n];
                    reset_backward(&mut gates[..n], &mut q[2 * n..], dv);
                    q[..2 * n].copy_from_slice(&gates[..2 * n]);
                    dq.copy_from_slice(q);
                    add(&mut q_sums[row * GATES * n..][..GATES * n], q);
                } else {
                    let dm = &mut through[row * n..][..n];
                    dm.copy_from_slice(&hidden[place * n..][..n]);
                    reset_backward(&mut gates[..n], dm, dv);
                    add(dh, dm);
                    dq.copy_from_slice(&gates[..2 * n]);
                }
                add(&mut sums[row * GATES * n..][..GATES * n], gates);
            }
        });
        if s.goes_back(t) {
            match after {
                true => matmul(dq, w_back, through, GATES * n, n),
                false => matmul_nt(dq, w_back, through, n, 2 * n),
            }
            add(dh, through);
        } else {
            dh.fill(T::ZERO);
        }
    }
    if let Some(dx) = dx {
        recurrent::input_backward(s, w.w_ih, gates, sums, dx);
    }
}

/// Rows of dw_hh for the reset before the product, where the third part of dw_hh is Σ uᵀ·δ_n. `before` holds all
/// h_{t−1}. Shapes: before and u rows×T·n, da rows×T·3n, dw and memory block.len()×3n.
fn backward_hidden_weights<T: Scalar>(
    steps: usize,
    [before, u, da]: [BatchRows<T>; 3],
    block: Range<usize>,
    dw: &mut [T],
    memory: &mut [T],
) {
    let [before, u, da] = [before, u, da].map(|rows| rows.steps(steps));
    let memory = &mut memory[..dw.len()];
    matmul_tn(before, da, block.clone(), dw);
    // Only the third part of this product is used, so this variant is slower than the one of Keras and PyTorch.
    matmul_tn(u, da, block, memory);
    let width = da.cols();
    for (dw, of_u) in dw.chunks_exact_mut(width).zip(memory.chunks_exact(width)) {
        dw[width / GATES * 2..].copy_from_slice(&of_u[width / GATES * 2..]);
    }
}

impl<T: Scalar> Layer<T> for Gru {
    fn describe(&self) -> String {
        let update = if self.update == Update::KeepsOld { "z keeps the old" } else { "z takes the new" };
        let reset = if self.reset == Reset::AfterProduct { "after" } else { "before" };
        format!("GRU {}, {update}, reset {reset} the product", self.sequence.describe(self.sequence.units))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let s = &self.sequence;
        let smallest = Self { sequence: s.smallest(), ..*self };
        s.output_shape(|| Layer::<T>::describe(self), input, s.units, Kept::lens(&smallest).iter().sum())
    }

    fn params(&self) -> Vec<ParamSpec> {
        self.sequence.params(GATES)
    }

    fn scratch_len(&self) -> usize {
        GATES * self.sequence.units * self.sequence.units
    }

    fn cache_len(&self) -> usize {
        Kept::lens(self).iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let (w, kept) = (self.sequence.weights(theta, GATES), Kept::new(self, pass.cache, self.sequence.rows(x)));
        forward(self, &w, x, y, kept, pass.scratch);
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        let (w, kept) = (self.sequence.weights(theta, GATES), Kept::new(self, pass.cache, self.sequence.rows(saved.x)));
        backward_input(self, &w, dy, dx, kept, pass.scratch);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let Kept { gates, second, hidden, sums, q_sums, .. } = Kept::of_batch(self, saved.cache);
        let ih = Deltas { steps: gates, sums };
        let hh = match self.reset {
            Reset::AfterProduct => Deltas { steps: second, sums: q_sums },
            Reset::BeforeProduct if block.param == 1 => {
                let matrices = [hidden, second, gates];
                return backward_hidden_weights(self.sequence.steps, matrices, block.rows.clone(), dtheta, scratch);
            }
            Reset::BeforeProduct => ih,
        };
        recurrent::backward_params(&self.sequence, saved.x, hidden, [ih, hh], block, dtheta);
    }
}
