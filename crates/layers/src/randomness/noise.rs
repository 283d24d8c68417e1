//! # Noise on the input: what a denoising autoencoder learns to remove
//!
//! ```text
//! gaussian          y_i = x_i + std·ε_i, optionally clipped to low..high      ε_i ~ N(0, 1)
//! masking           y_i = 0 with probability p, else x_i
//! salt and pepper   y_i = low with probability p/2, high with probability p/2, else x_i
//!
//! given dy = ∂L/∂y, the noise held fixed:  dx_i = dy_i where y_i depends on x_i, else 0
//! ```
//!
//! The noise is the first layer of the encoder, and the target of the loss is still the clean sample. Nothing else
//! distinguishes a denoising autoencoder. In training, noise is drawn anew in every epoch; in an evaluation, it is
//! always the same. When the network is used, no noise is added, because the samples may be noisy already.
//!
//! Slides: CE6146 "Denoising Autoencoders": noise is added "either by corrupting the data values or by masking some
//! of the data values"; UTMIST "Denoising Autoencoders"; DIVE "Types of Autoencoders": denoising autoencoder. Source:
//! Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising autoencoders", JMLR 11 (2010), section 3.3,
//! which has all three kinds.

use serde::{Deserialize, Serialize};

use crate::{Error, Layer, Mode, ParamSpec, Pass, Saved, Scalar, random};

/// A layer that adds noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Noise {
    /// Adds std·N(0, 1).
    Gaussian {
        /// Standard deviation.
        std: f64,
        /// The range to which the sum is clipped, if it is clipped.
        clip: Option<[f64; 2]>,
    },
    /// Sets random values to 0.
    Masking {
        /// The probability that a value is set to 0.
        p: f64,
    },
    /// Sets random values to one of the two ends of the data's range.
    SaltAndPepper {
        /// The probability that a value is replaced.
        p: f64,
        /// The low and the high end.
        ends: [f64; 2],
    },
}

impl Noise {
    /// y ← x with noise, for one row of the pass. On entry y holds x.
    pub fn forward<T: Scalar>(&self, y: &mut [T], row: usize, pass: &Pass<'_, T>) {
        match *self {
            Noise::Gaussian { std, clip } => {
                let std = T::from_f64(std);
                let [low, high] = clip.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]).map(T::from_f64);
                random::with_normal(pass, row, y, |x, n| {
                    let y = x + std * n;
                    // Written so that NaN stays NaN.
                    let y = if y < low { low } else { y };
                    if y > high { high } else { y }
                });
            }
            Noise::Masking { p } => {
                let p = T::from_f64(p);
                random::with_uniform(pass, row, y, |x, u| if u < p { T::ZERO } else { x });
            }
            Noise::SaltAndPepper { p, ends } => {
                let (half, p) = (T::from_f64(p / 2.0), T::from_f64(p));
                let [low, high] = ends.map(T::from_f64);
                random::with_uniform(pass, row, y, |x, u| {
                    let end = if u < half { low } else { high };
                    if u < p { end } else { x }
                });
            }
        }
    }

    /// dx ← dy where y depends on x, 0 elsewhere, for one row of the pass. On entry dx holds dy. All slices have the
    /// same length.
    pub fn backward<T: Scalar>(&self, y: &[T], dx: &mut [T], row: usize, pass: &Pass<'_, T>) {
        match *self {
            Noise::Gaussian { clip: None, .. } => {}
            Noise::Gaussian { clip: Some(clip), .. } => {
                let [low, high] = clip.map(T::from_f64);
                for (dx, &y) in dx.iter_mut().zip(y) {
                    // At the ends, the value was clipped.
                    *dx = if y > low && y < high { *dx } else { T::ZERO };
                }
            }
            Noise::Masking { p } | Noise::SaltAndPepper { p, .. } => {
                let p = T::from_f64(p);
                random::with_uniform(pass, row, dx, |dy, u| if u < p { T::ZERO } else { dy });
            }
        }
    }
}

impl<T: Scalar> Layer<T> for Noise {
    fn describe(&self) -> String {
        match self {
            Noise::Gaussian { std, clip: None } => format!("Gaussian noise, std {std}"),
            Noise::Gaussian { std, clip: Some([low, high]) } => {
                format!("Gaussian noise, std {std}, clipped to {low}..{high}")
            }
            Noise::Masking { p } => format!("Masking noise, p {p}"),
            Noise::SaltAndPepper { p, .. } => format!("Salt-and-pepper noise, p {p}"),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let outside = |name, value: f64, range| Err(Error::OutOfRange { name, value: value.to_string(), range });
        match *self {
            Noise::Gaussian { std, .. } if !(std.is_finite() && std >= 0.0) => {
                outside("the standard deviation of noise", std, "0 or more")
            }
            Noise::Gaussian { clip: Some([low, high]), .. } | Noise::SaltAndPepper { ends: [low, high], .. }
                if low.is_nan() || high.is_nan() || low >= high =>
            {
                outside("the upper end of noise", high, "above the lower one")
            }
            Noise::Masking { p } | Noise::SaltAndPepper { p, .. } if !(0.0..=1.0).contains(&p) => {
                outside("the probability of noise", p, "within 0..1")
            }
            _ => Ok(input.to_vec()),
        }
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        y.copy_from_slice(x);
        if pass.mode != Mode::Predict {
            let width = y.len() / pass.samples.len();
            y.chunks_exact_mut(width).enumerate().for_each(|(row, y)| self.forward(y, row, pass));
        }
    }

    fn backward_input(&self, _: &[T], saved: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, pass: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        dx.copy_from_slice(dy);
        if pass.mode != Mode::Predict {
            let width = dx.len() / pass.samples.len();
            for (row, (dx, y)) in dx.chunks_exact_mut(width).zip(saved.y.chunks_exact(width)).enumerate() {
                self.backward(y, dx, row, pass);
            }
        }
    }
}
