//! # ConvLSTM: an LSTM whose products are convolutions
//!
//! ```text
//! forward     z_t = x_t ∗ w_ih + h_{t−1} ∗ w_hh + b = [z_i │ z_f │ z_g │ z_o]           h₀ = c₀ = 0
//!             ∗ is a convolution with zeros around the image, so that the size stays the same
//!             i, f, g, o, c_t and h_t from z_t as in an LSTM, position by position
//!             x_t c×h×w; h_t, c_t and each gate filters×h×w
//!             w_ih 4·filters×c×k×k, w_hh 4·filters×filters×k×k, b 4·filters
//!
//! given dh_t: δ_t as in an LSTM; instead of the products with w_hhᵀ, x_tᵀ and h_{t−1}ᵀ:
//!   to h_{t−1}: the transposed convolution of δ_t with w_hh      ∂L/∂x_t: the same with w_ih
//!   ∂L/∂w_ih: the weight gradient of x_t and δ_t, summed over t and samples; ∂L/∂w_hh: of h_{t−1} and δ_t
//!   ∂L/∂b: Σ δ_t over positions, t and samples
//! ```
//!
//! The derivations are in [`lstm`] and [`conv2d`]. There are no peephole connections (z does not depend on c_{t−1}),
//! as in Keras; the paper has them. Each gate has one bias. As in an LSTM, the initial bias of the forget gate is 1.
//!
//! Kept from the forward pass: as in an LSTM.
//!
//! Slides: CE6146 "ConvLSTM", without formulas. Source: Shi, Chen, Wang, Yeung, Wong & Woo, "Convolutional LSTM
//! network", NeurIPS 2015.

use crate::conv2d::{self, Conv2d};
use crate::lstm::{self, Kept};
use crate::recurrent::Sequence;
use crate::window::{Chw, Window};
use crate::{Activation, Block, Error, Layer, Padding, ParamRole, ParamSpec, Pass, Saved, SavedBatch, Scalar};

/// The sizes of a ConvLSTM layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvLstm {
    /// Number of steps, and values per step.
    sequence: Sequence,
    /// The convolution from x_t to the gates.
    of_input: Window,
    /// The convolution from h_{t−1} to the gates.
    of_hidden: Window,
}

impl ConvLstm {
    /// A layer from sequences of `steps` images of shape `x` to `filters` channels, with windows of
    /// `kernel_size`×`kernel_size` taps.
    ///
    /// # Errors
    /// If a size is outside its valid range.
    pub fn new(
        steps: usize,
        x: Chw,
        filters: usize,
        kernel_size: usize,
        return_sequences: bool,
        truncate_every: Option<usize>,
    ) -> Result<Self, Error> {
        let [c, h, w] = x;
        // The gates are the channels of one convolution, which has at most 65536. `Conv2d::new` checks the other
        // sizes.
        if !(1..=65_536 / lstm::GATES).contains(&filters) {
            let (name, range) = ("filters of a ConvLSTM", "at least 1 and at most 16384");
            return Err(Error::OutOfRange { name, value: filters.to_string(), range });
        }
        let to_gates = |channels| {
            let gates = lstm::GATES * filters;
            Conv2d::new([channels, h, w], gates, [kernel_size, 1, 1], Padding::Same, Activation::Linear)
        };
        let (of_input, of_hidden) = (to_gates(c)?.window, to_gates(filters)?.window);
        let (inputs, units) = (c * h * w, filters * h * w);
        let sequence = Sequence { inputs, units, steps, repeat: false, return_sequences, truncate_every };
        Ok(Self { sequence, of_input, of_hidden })
    }

    /// Channels of h.
    fn filters(&self) -> usize {
        self.of_hidden.x[0]
    }

    /// Splits θ into w_ih, w_hh and b.
    fn split<'a, T>(&self, theta: &'a [T]) -> [&'a [T]; 3] {
        let (w_ih, rest) = theta.split_at(self.of_input.taps() * self.of_input.y[0]);
        let (w_hh, b) = rest.split_at(self.of_hidden.taps() * self.of_hidden.y[0]);
        [w_ih, w_hh, b]
    }
}

impl<T: Scalar> Layer<T> for ConvLstm {
    fn describe(&self) -> String {
        let (steps, [c, ..], k) = (self.sequence.steps, self.of_input.x, self.of_input.kernel_size);
        let truncated = self.sequence.describe_truncation();
        let of = if self.sequence.return_sequences { "all" } else { "the last" };
        format!("ConvLSTM {c} → {}, {k}×{k}, {of} of {steps} steps{truncated}", self.filters())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let Sequence { inputs, units, steps, return_sequences, .. } = self.sequence;
        let [c, h, w] = self.of_input.x;
        let fits = input == [steps, c, h, w] || (c == 1 && input == [steps, h, w]);
        let layer = || Layer::<T>::describe(self);
        if !fits {
            let (found, expected) = (input.iter().product(), steps.saturating_mul(inputs));
            return Err(Error::InputSize { layer: layer(), shape: input.to_vec(), found, expected });
        }
        let cache_len = Kept::lens(&self.sequence.smallest()).iter().sum();
        self.sequence.output_shape(layer, &[steps, inputs], units, cache_len)?;
        let image = [self.filters(), h, w];
        Ok(if return_sequences { [&[steps], &image[..]].concat() } else { image.to_vec() })
    }

    fn params(&self) -> Vec<ParamSpec> {
        let (filters, gates, k) = (self.filters(), self.of_input.y[0], self.of_input.kernel_size);
        let uses = self.sequence.steps * self.of_input.y[1] * self.of_input.y[2];
        let weight = |name, channels| {
            let role = ParamRole::Weight { fan_in: channels * k * k, fan_out: filters * k * k };
            ParamSpec { name, shape: vec![gates, channels, k, k], uses, role }
        };
        let b = ParamSpec { name: "b", shape: vec![gates], uses: 1, role: ParamRole::Bias };
        vec![weight("w_ih", self.of_input.x[0]), weight("w_hh", filters), b]
    }

    fn adjust_start(&self, theta: &mut [T]) {
        let b = theta.len() - self.of_input.y[0];
        theta[b + self.filters()..][..self.filters()].fill(T::ONE);
    }

    fn scratch_len(&self) -> usize {
        conv2d::scratch_len(&self.of_input).max(conv2d::scratch_len(&self.of_hidden))
    }

    fn cache_len(&self) -> usize {
        Kept::lens(&self.sequence).iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let ([w_ih, w_hh, b], s) = (self.split(theta), &self.sequence);
        let scratch = &mut *pass.scratch;
        let mut kept = Kept::new(s, pass.cache, s.rows(x));
        conv2d::forward(&self.of_input, w_ih, b, Activation::Linear, x, kept.gates, [&mut [], &mut *scratch]);
        lstm::through_time(s, &mut kept, y, |t, h, z| match t {
            0 => z.fill(T::ZERO),
            _ => conv2d::forward(&self.of_hidden, w_hh, &[], Activation::Linear, h, z, [&mut [], &mut *scratch]),
        });
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        let ([w_ih, w_hh, _], s) = (self.split(theta), &self.sequence);
        let mut kept = Kept::new(s, pass.cache, s.rows(saved.x));
        lstm::back_through_time(s, &mut kept, dy, |delta, dh| {
            conv2d::backward_input(&self.of_hidden, w_hh, delta, dh, [&mut [], &mut *pass.scratch]);
        });
        if let Some(dx) = dx {
            conv2d::backward_input(&self.of_input, w_ih, kept.gates, dx, [&mut [], &mut *pass.scratch]);
        }
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let (steps, rows) = (self.sequence.steps, block.rows.clone());
        let Kept { gates, hidden, sums, .. } = Kept::of_batch(&self.sequence, saved.cache);
        let delta = gates.steps(steps);
        match block.param {
            0 => conv2d::backward_weights(&self.of_input, saved.x.steps(steps), delta, None, rows, dtheta, scratch),
            1 => conv2d::backward_weights(&self.of_hidden, hidden.steps(steps), delta, None, rows, dtheta, scratch),
            // `sums` is already summed over the steps.
            _ => conv2d::backward_bias(sums, self.of_input.y[1] * self.of_input.y[2], rows, dtheta),
        }
    }
}
