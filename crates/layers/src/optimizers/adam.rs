//! # Adam: a separate step size for every parameter
//!
//! ```text
//! m ← β₁·m + (1 − β₁)·g        running mean of the gradient g = ∂L/∂θ
//! v ← β₂·v + (1 − β₂)·g²       running mean of its square
//! m̂ = m/(1 − β₁ᵗ)              both start at 0 and so are too small at first: with gradients of the same
//! v̂ = v/(1 − β₂ᵗ)              distribution, E(m) = (1 − β₁ᵗ)·E(g) after t steps, and E(v) likewise
//! θ ← θ − α·m̂/(√v̂ + ε)
//! ```
//!
//! The step is about α·E(g)/√E(g²), whatever the scale of the gradients: at most about α, as long as they keep their
//! distribution. After many gradients of 0 it is longer, because v is then much smaller than g²: the first gradient
//! that is not 0 gives a step of α·(1 − β₁)/√(1 − β₂) = 3.16·α, and more gradients of the same size give up to 6.57·α,
//! at the twelfth of them. No step is longer than α·(1 − β₁)/√((1 − β₂)·(1 − β₁²/β₂)) = 7.27·α: apply the
//! Cauchy–Schwarz inequality to m = (1 − β₁)·Σ (β₁/√β₂)ⁱ·(√β₂ⁱ·g_{t−i}); the corrections only shorten the step. t is
//! counted from 1, so the first step of all is −α·sign(g), apart from ε.
//!
//! Some gradients become 0 for good, such as those of a ReLU that no sample activates, or of a pixel that is 0 in
//! every sample. Then m is multiplied by β₁ in every step until it is a denormal number. There it remains, because
//! rounding restores it. Some processors are a hundred times slower with denormal numbers. So numbers that are too
//! small to change a weight are set to 0: |m| < 2⁻¹⁰⁰, v < 2⁻¹⁰⁰, and |g| < 2⁻⁵⁷, whose square is smaller still. With
//! ε = 10⁻⁸, the largest of them would give a step of 10⁻⁹·α. (So ε must stay well above √2⁻¹⁰⁰, about 10⁻¹⁵; with a
//! smaller ε, v would become 0 while m still has an effect.)
//!
//! Slides: CE6146 "Basic Autoencoder (2/3)": `optimizer='adam'`. Source: Kingma & Ba, "Adam", ICLR 2015, algorithm 1;
//! PyTorch computes the same. (Keras adds ε to √v before the correction, and its ε is 10⁻⁷.)

use handgrad_kernels::vectorize;

use crate::Scalar;

/// The settings of Adam; the default values are those of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// α, the learning rate.
    pub learning_rate: f64,
    /// β₁: the part of the running mean that is kept in each step.
    pub beta1: f64,
    /// β₂: the part of the running mean square that is kept in each step.
    pub beta2: f64,
    /// ε: keeps the quotient finite where all gradients so far are 0. It is at least 10⁻¹².
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// 2⁻⁵⁷: a gradient below this counts as 0, since (1 − β₂)·g² would come near the denormal numbers.
const NEGLIGIBLE_GRADIENT: f64 = 1.0 / (1_u64 << 57) as f64;
/// 2⁻¹⁰⁰: a running mean below this is set to 0.
const NEGLIGIBLE_MEAN: f64 = 1.0 / (1_u128 << 100) as f64;

/// βᵗ by repeated squaring. The result of the standard library may differ between platforms.
fn power(mut beta: f64, mut t: u64) -> f64 {
    let mut product = 1.0;
    while t > 0 {
        if t % 2 == 1 {
            product *= beta;
        }
        beta *= beta;
        t /= 2;
    }
    product
}

/// Performs step number `t`, counted from 1. All slices have the same length.
pub fn update<T: Scalar>(theta: &mut [T], g: &[T], m: &mut [T], v: &mut [T], adam: &Adam, t: u64) {
    let correction1 = 1.0 - power(adam.beta1, t);
    let correction2 = 1.0 - power(adam.beta2, t);
    let (beta1, one_minus_beta1) = (T::from_f64(adam.beta1), T::from_f64(1.0 - adam.beta1));
    let (beta2, one_minus_beta2) = (T::from_f64(adam.beta2), T::from_f64(1.0 - adam.beta2));
    // α·m̂/(√v̂ + ε) = (α/(1 − β₁ᵗ))·m / (√v·1/√(1 − β₂ᵗ) + ε)
    let step_size = T::from_f64(adam.learning_rate / correction1);
    let root_correction = T::from_f64(1.0 / correction2.sqrt());
    let epsilon = T::from_f64(adam.epsilon);
    let (negligible_gradient, negligible_mean) = (T::from_f64(NEGLIGIBLE_GRADIENT), T::from_f64(NEGLIGIBLE_MEAN));
    vectorize!({
        for (((theta, &g), m), v) in theta.iter_mut().zip(g).zip(m).zip(v) {
            let g = if g.abs() < negligible_gradient { T::ZERO } else { g };
            *m = beta1 * *m + one_minus_beta1 * g;
            *v = beta2 * *v + one_minus_beta2 * (g * g);
            *m = if m.abs() < negligible_mean { T::ZERO } else { *m };
            *v = if *v < negligible_mean { T::ZERO } else { *v };
            *theta -= step_size * *m / (v.sqrt() * root_correction + epsilon);
        }
    });
}
