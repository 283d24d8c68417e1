//! # SSIM: similarity of two images in brightness, contrast and structure
//!
//! ```text
//! at each pixel, with weights w of a window around it, Σ w_i = 1:
//! μ_x = Σ w_i·x_i     σ_x² = Σ w_i·x_i² − μ_x²     σ_xy = Σ w_i·x_i·y_i − μ_x·μ_y
//!
//!            (2·μ_x·μ_y + C₁)·(2·σ_xy + C₂)
//! SSIM = ──────────────────────────────────────────         C₁ = (K₁·L)²,  C₂ = (K₂·L)²,  K₁ = .01,  K₂ = .03
//!        (μ_x² + μ_y² + C₁)·(σ_x² + σ_y² + C₂)              L: range of the values, 1 for 0..1
//!
//! w_i ∝ exp(−d_i² / (2·1.5²))     a Gaussian over 11×11 pixels; d_i is the distance from the centre
//! ```
//!
//! The SSIM of two images is the mean over all pixels whose window lies completely within the image: 1 for two equal
//! images, about 0 for unrelated images. The Gaussian is separable, so each weighted sum is computed first along the
//! columns and then along the rows.
//!
//! Source: Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to structural
//! similarity", IEEE Transactions on Image Processing 13 (2004), section III-B.

use ndarray::{Array2, ArrayView2, Axis, Zip};

/// Side of the window in pixels.
pub const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// Returns the mean SSIM of two images whose values span `range`, or `None` if a side is shorter than the window.
///
/// # Panics
/// If the images are of different sizes.
#[must_use]
pub fn ssim(x: ArrayView2<f32>, y: ArrayView2<f32>, range: f64) -> Option<f64> {
    assert_eq!(x.dim(), y.dim(), "images of one size");
    if x.nrows() < WINDOW || x.ncols() < WINDOW {
        return None;
    }
    let (x, y) = (x.mapv(f64::from), y.mapv(f64::from));
    let [mu_x, mu_y] = [&x, &y].map(window_sums);
    let [xx, yy, xy] = [&x * &x, &y * &y, &x * &y].map(|products| window_sums(&products));
    let (c1, c2) = ((K1 * range).powi(2), (K2 * range).powi(2));
    let mut sum = 0.0;
    Zip::from(&mu_x).and(&mu_y).and(&xx).and(&yy).and(&xy).for_each(|&mu_x, &mu_y, &xx, &yy, &xy| {
        let (var_x, var_y, covar) = (xx - mu_x * mu_x, yy - mu_y * mu_y, xy - mu_x * mu_y);
        let above = (2.0 * mu_x * mu_y + c1) * (2.0 * covar + c2);
        let below = (mu_x * mu_x + mu_y * mu_y + c1) * (var_x + var_y + c2);
        sum += above / below;
    });
    Some(sum / mu_x.len() as f64)
}

/// The weights of a window along one axis. Their sum is 1.
fn weights() -> [f64; WINDOW] {
    let centre = (WINDOW / 2) as f64;
    let weights: [f64; WINDOW] =
        std::array::from_fn(|i| libm::exp(-(i as f64 - centre).powi(2) / (2.0 * SIGMA * SIGMA)));
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// Σ w_i·v_i of every window that lies within the image. The result has 10 fewer rows and 10 fewer columns.
fn window_sums(values: &Array2<f64>) -> Array2<f64> {
    along(&along(values, Axis(0)), Axis(1))
}

/// The weighted sums along one axis.
fn along(values: &Array2<f64>, axis: Axis) -> Array2<f64> {
    let mut size = values.raw_dim();
    size[axis.0] -= WINDOW - 1;
    let mut sums = Array2::zeros(size);
    for (shift, weight) in weights().into_iter().enumerate() {
        let shifted = values.slice_axis(axis, (shift..shift + sums.len_of(axis)).into());
        sums.scaled_add(weight, &shifted);
    }
    sums
}
