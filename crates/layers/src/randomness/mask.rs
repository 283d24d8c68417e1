//! # Mask: missing values become 0, with a flag beside them
//!
//! ```text
//! x = G groups of values, for instance the columns of a table. A group is missing if its first value is NaN.
//! h_g = 1 if group g is missing, or if it is hidden in this training step, else 0
//!
//! y = (x_1·(1 − h_1), …, x_G·(1 − h_G), h_1, …, h_G)        where NaN·0 = 0
//!
//! given dy = ∂L/∂y, h held fixed:
//!   dx_gi = dy_gi·(1 − h_g)          the flags do not depend on x
//! ```
//!
//! In training each group of each sample is hidden with probability `rate`, even if its value is known. The loss
//! still compares its reconstruction with the known value, so the network learns to tell every column from the others.
//! This is what fills in missing values, and it prevents the network from copying its input. In all other modes only
//! missing groups are hidden.
//!
//! A flag tells the network that a 0 stands for nothing, and not for the mean, which is 0 after scaling. A sample of
//! several steps has the flags of a step after the values of that step, so that the steps stay separate.
//!
//! Slides: CE6146 "Denoising Autoencoders": "by masking some of the data values"; DIVE "Applications of Autoencoders",
//! 4: "corruptions or missing values". Source: Vincent et al., JMLR 11 (2010), masking noise; Lipton, Kale & Wetzel,
//! "Directly modeling missing data in sequences with RNNs", MLHC 2016, for the flags.

use crate::{Error, Layer, Mode, ParamSpec, Pass, Saved, Scalar, random};

/// y ← one step of x with hidden groups set to 0, followed by the flags h. `widths` are the numbers of values of the
/// groups, and `is_hidden` says which groups this step hides besides the missing ones.
pub fn forward<T: Scalar>(x: &[T], widths: &[usize], is_hidden: impl Fn(usize) -> bool, y: &mut [T]) {
    let (values, flags) = y.split_at_mut(x.len());
    let mut start = 0;
    for (group, (&width, flag)) in widths.iter().zip(flags).enumerate() {
        let at = start..start + width;
        start = at.end;
        let hides = x[at.start].to_f64().is_nan() || is_hidden(group);
        *flag = if hides { T::ONE } else { T::ZERO };
        match hides {
            true => values[at].fill(T::ZERO),
            false => values[at.clone()].copy_from_slice(&x[at]),
        }
    }
}

/// dx ← dy without its flags, and 0 for hidden groups. `y` is the output of [`forward`].
pub fn backward<T: Scalar>(y: &[T], widths: &[usize], dy: &[T], dx: &mut [T]) {
    let flags = &y[dx.len()..];
    let mut start = 0;
    for (&width, &flag) in widths.iter().zip(flags) {
        for at in start..start + width {
            dx[at] = dy[at] * (T::ONE - flag);
        }
        start += width;
    }
}

/// Replaces missing values, and hides values in training.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// The number of steps of a sample: 1 unless it is a sequence.
    pub steps: usize,
    /// The numbers of values of the groups of one step.
    pub widths: Vec<usize>,
    /// The probability that a group is hidden in training; at least 0 and below 1.
    pub rate: f64,
}

impl Mask {
    fn width(&self) -> usize {
        self.widths.iter().sum()
    }
}

impl<T: Scalar> Layer<T> for Mask {
    fn describe(&self) -> String {
        format!("Mask {} groups, {} hidden in training", self.steps * self.widths.len(), self.rate)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        if !(0.0..1.0).contains(&self.rate) {
            let (name, range) = ("the part of hidden values", "at least 0 and below 1");
            return Err(Error::OutOfRange { name, value: self.rate.to_string(), range });
        }
        let last = input.last().copied().unwrap_or(0);
        if last != self.width() || self.widths.contains(&0) {
            let (name, value) = ("the number of values of the mask's groups", self.width().to_string());
            return Err(Error::OutOfRange { name, value, range: "the number of values of a step, none of them 0" });
        }
        let mut shape = input.to_vec();
        if let Some(last) = shape.last_mut() {
            *last += self.widths.len();
        }
        Ok(shape)
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn scratch_len(&self) -> usize {
        self.steps * self.widths.len()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let (width, groups) = (self.width(), self.widths.len());
        let rows = x.chunks_exact(self.steps * width).zip(y.chunks_exact_mut(self.steps * (width + groups)));
        for (row, (x, y)) in rows.enumerate() {
            let mut hidden = std::mem::take(&mut pass.scratch);
            hidden.fill(T::ZERO);
            if pass.mode == Mode::Train && self.rate > 0.0 {
                let rate = T::from_f64(self.rate);
                random::with_uniform(pass, row, hidden, |_, u| if u < rate { T::ONE } else { T::ZERO });
            }
            let steps = x.chunks_exact(width).zip(y.chunks_exact_mut(width + groups));
            for ((x, y), hidden) in steps.zip(hidden.chunks_exact(groups)) {
                forward(x, &self.widths, |group| hidden[group] == T::ONE, y);
            }
            pass.scratch = std::mem::take(&mut hidden);
        }
    }

    fn backward_input(&self, _: &[T], saved: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, _: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        let (width, groups) = (self.width(), self.widths.len());
        let steps = saved.y.chunks_exact(width + groups).zip(dy.chunks_exact(width + groups));
        for ((y, dy), dx) in steps.zip(dx.chunks_exact_mut(width)) {
            backward(y, &self.widths, dy, dx);
        }
    }
}
