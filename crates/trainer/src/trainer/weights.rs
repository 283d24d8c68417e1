//! Phase two of a step: the gradient of every block of the parameters, and the update by the optimiser.

use std::sync::atomic::Ordering;

use handgrad_kernels::team::Hands;
use handgrad_layers::{Scalar, clip, vectorize, weight_decay};

use super::Trainer;
use crate::blocks::{Part, Work, gradient_of, update};
use crate::engine::Engine;
use crate::rows::{lock, of_thread};

/// The memory that clipping needs: the whole gradient, because its norm is known only when all of it is computed.
pub(super) struct Clipping<T> {
    max_norm: f64,
    gradient: Vec<T>,
    /// Σ g² of every [`STRETCH`] values of the gradient.
    squares: Vec<f64>,
}

impl<T: Scalar> Clipping<T> {
    /// Clips gradients of `len` values to the norm `max_norm`, see [`clip`].
    pub(super) fn new(max_norm: f64, len: usize) -> Self {
        Self { max_norm, gradient: vec![T::ZERO; len], squares: vec![0.0; len.div_ceil(STRETCH)] }
    }

    /// Fills the memory that a step must write before it reads it with NaN.
    #[cfg(feature = "poison")]
    pub(super) fn poison(&mut self) {
        self.gradient.fill(T::NAN);
        self.squares.fill(f64::NAN);
    }
}

/// Number of values of the gradient whose squares are added in one sum. It is fixed, so that the bits of the norm do
/// not depend on the number of threads.
const STRETCH: usize = 1 << 14;

impl<T: Scalar> Trainer<T> {
    /// Returns the running values of the optimiser. Each slot that it uses has one value for each weight; the others
    /// are empty.
    #[must_use]
    pub fn slots(&self) -> [&[T]; 2] {
        self.slots.each_ref().map(|slot| &**slot)
    }

    /// Replaces the weights, the running values and the number of steps by those of another trainer of the same
    /// network and optimiser.
    pub(crate) fn restore(&mut self, theta: &[T], slots: [&[T]; 2], steps: u64) {
        self.theta.copy_from_slice(theta);
        self.slots.iter_mut().zip(slots).for_each(|(slot, values)| slot.copy_from_slice(values));
        self.steps = steps;
    }

    /// Returns whether all weights were finite after the last step.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.finite.load(Ordering::Relaxed)
    }

    /// Runs phase two.
    pub(super) fn weights(&mut self, rows: usize, hands: &mut Hands) {
        let Self { network, engine, steps, finite, .. } = self;
        let Engine { arena, memory, scratch, workspace, blocks, groups, .. } = engine;
        let decay = self.training.weight_decay;
        let [first, second] = &mut self.slots;
        let mut part = Part { theta: &mut self.theta, first, second, gradient: &mut [] };
        let optimizer = self.training.optimizer.with_learning_rate(self.learning_rate);
        let (rate, of_encoder) = (self.learning_rate, self.training.encoder_rate);
        let optimizer_of_encoder = self.training.optimizer.with_learning_rate(rate * of_encoder);
        let encoder_len = network.encoder_len();
        let is_frozen = |work: &Work| of_encoder == 0.0 && work.layer < encoder_len;
        *finite.get_mut() = true;
        let finite = &*finite;
        let step = |work: &Work, theta: &mut [T], g: &[T], slots: [&mut [T]; 2]| {
            let (rate, optimizer) = match work.layer < encoder_len {
                true => (rate * of_encoder, &optimizer_of_encoder),
                false => (rate, &optimizer),
            };
            if decay > 0.0 && work.decays {
                weight_decay::decay(theta, rate, decay);
            }
            optimizer.update(theta, g, slots, *steps);
            // Checked here because the weights are in cache. The join at the end of the phase makes the result
            // visible, so relaxed ordering is sufficient.
            if !all_finite(theta) {
                finite.store(false, Ordering::Relaxed);
            }
        };
        let Some(Clipping { max_norm, gradient, squares }) = &mut self.clipping else {
            return update(blocks, groups, part, hands, &|work: &Work, part: Part<T>| {
                if is_frozen(work) {
                    return;
                }
                let (mut scratch, mut workspace) = (lock(of_thread(scratch)), lock(of_thread(workspace)));
                let dtheta = gradient_of(network, arena, memory, work, rows, &mut scratch, &mut workspace);
                step(work, part.theta, dtheta, [part.first, part.second]);
            });
        };
        // 1. Compute the whole gradient.
        let whole = Part { theta: &mut [], first: &mut [], second: &mut [], gradient: &mut *gradient };
        update(blocks, groups, whole, hands, &|work: &Work, part: Part<T>| {
            if is_frozen(work) {
                return part.gradient.fill(T::ZERO);
            }
            let (mut scratch, mut workspace) = (lock(of_thread(scratch)), lock(of_thread(workspace)));
            part.gradient.copy_from_slice(gradient_of(
                network,
                arena,
                memory,
                work,
                rows,
                &mut scratch,
                &mut workspace,
            ));
        });
        // 2. Compute its norm.
        sum_squares(squares, gradient, hands);
        let factor = clip::factor(squares.iter().sum::<f64>().sqrt(), *max_norm);
        // 3. Update the weights.
        part.gradient = gradient;
        update(blocks, groups, part, hands, &|work: &Work, part: Part<T>| {
            if is_frozen(work) {
                return;
            }
            if factor < 1.0 {
                clip::scale(part.gradient, factor);
            }
            step(work, part.theta, part.gradient, [part.first, part.second]);
        });
    }
}

/// Computes Σ g² of every [`STRETCH`] values of the gradient. The threads divide the stretches.
fn sum_squares<T: Scalar>(squares: &mut [f64], gradient: &[T], hands: &mut Hands) {
    if hands.count() == 1 || squares.len() <= 1 {
        let stretches = squares.iter_mut().zip(gradient.chunks(STRETCH));
        return stretches.for_each(|(squares, g)| *squares = clip::sum_of_squares(g));
    }
    let at = (squares.len() * (hands.count() / 2) / hands.count()).max(1);
    let (left, right) = squares.split_at_mut(at);
    let (left_g, right_g) = gradient.split_at(at * STRETCH);
    hands.join(|hands| sum_squares(left, left_g, hands), |hands| sum_squares(right, right_g, hands));
}

/// Returns whether all values are finite.
fn all_finite<T: Scalar>(values: &[T]) -> bool {
    let mut odd = false;
    // ∞·0 and NaN·0 are NaN.
    vectorize!(values.iter().for_each(|&value| odd |= value * T::ZERO != T::ZERO));
    !odd
}
