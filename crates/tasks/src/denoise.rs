//! Removes noise from samples, or from an image of the user's own.
//!
//! ```text
//! denoised   x̂ = decode(encode(x̃))          x̃ = noise(x)
//! measured   how far x̃ and x̂ are from x: squared error, PSNR, SSIM (see handgrad_analysis)
//! ```
//!
//! Slides: CE6146 "Denoising Autoencoders", "Example – Denoising Autoencoders"; UTMIST "Denoising Autoencoders"; one
//! sentence in KERAS "Key Takeaways".

use handgrad_analysis::{psnr, ssim};
use handgrad_dataset::{Samples, photo};
use handgrad_files::{Progress, Unit};
use handgrad_layers::{Noise, window};
use handgrad_models::Model;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView1, ArrayView3, Axis};

use crate::{CHUNK, Error, check_numbers, noise, tiles};

/// Clean samples, the same samples with noise, and the denoised samples. Each matrix has one sample per row.
#[derive(Clone, Debug, PartialEq)]
pub struct Denoised {
    /// The samples without noise.
    pub clean: Array2<f32>,
    /// The samples with noise added.
    pub noisy: Array2<f32>,
    /// The model's reconstruction of the noisy samples.
    pub denoised: Array2<f32>,
}

/// Adds noise to the samples with these numbers, and denoises them.
///
/// # Errors
/// If a number is not that of a sample; also the errors of [`Model::reconstruct`].
pub fn rows(model: &Model, samples: &Samples, numbers: &[u32], noises: &[Noise]) -> Result<Denoised, Error> {
    check_numbers(samples, numbers)?;
    let clean = samples.rows(numbers);
    let mut noisy = clean.clone();
    noise::add(model, &mut noisy, numbers, noises);
    let denoised = model.reconstruct(noisy.view())?;
    Ok(Denoised { clean, noisy, denoised })
}

/// How much images differ from the clean images. Each measure is a mean over the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// The mean squared error per value.
    pub mse: f64,
    /// The PSNR in decibels.
    pub psnr: f64,
    /// The SSIM. `None` if an image is smaller than the window of SSIM.
    pub ssim: Option<f64>,
}

impl Distance {
    /// Measures one image, channels × height × width, whose values span `range`.
    #[must_use]
    pub fn of(image: ArrayView3<f32>, clean: ArrayView3<f32>, range: f64) -> Self {
        let [x, y] = [image, clean].map(|image| image.iter().copied().collect::<Vec<_>>());
        let planes = || image.axis_iter(Axis(0)).zip(clean.axis_iter(Axis(0)));
        let of_planes: Option<f64> = planes().map(|(x, y)| ssim(x, y, range)).sum();
        Self {
            mse: psnr::mse(&x, &y).unwrap_or(f64::NAN),
            psnr: psnr(&x, &y, range).unwrap_or(f64::NAN),
            ssim: of_planes.map(|sum| sum / planes().len() as f64),
        }
    }
}

/// The mean of distances, which are added in their order.
fn mean(distances: impl ExactSizeIterator<Item = Distance>) -> Distance {
    let count = distances.len() as f64;
    let start = Distance { mse: 0.0, psnr: 0.0, ssim: Some(0.0) };
    let Distance { mse, psnr, ssim } = distances.fold(start, |sum, image| Distance {
        mse: sum.mse + image.mse,
        psnr: sum.psnr + image.psnr,
        ssim: sum.ssim.zip(image.ssim).map(|(sum, image)| sum + image),
    });
    Distance { mse: mse / count, psnr: psnr / count, ssim: ssim.map(|sum| sum / count) }
}

/// How much the noisy samples and the denoised samples differ from the clean samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The noisy samples.
    pub noisy: Distance,
    /// The denoised samples.
    pub denoised: Distance,
}

/// Adds noise to all samples and denoises them. Measures how much the noisy samples and the denoised samples differ
/// from the clean samples.
///
/// # Errors
/// The same as those of [`Model::reconstruct`].
pub fn measure(model: &Model, samples: &Samples, noises: &[Noise], progress: &dyn Progress) -> Result<Measured, Error> {
    let (low, high) = samples.range();
    let span = if low >= 0.0 && high <= 1.0 { 1.0 } else { f64::from(high - low) };
    let shape = window::chw(&samples.shape).unwrap_or([1, 1, samples.features()]);
    let mut distances = Vec::with_capacity(samples.len());
    progress.start("", Some(samples.len() as u64), Unit::Samples);
    for numbers in samples.numbers().chunks(CHUNK) {
        let rows = rows(model, samples, numbers, noises)?;
        let of_sample = |number| {
            let images = [&rows.clean, &rows.noisy, &rows.denoised];
            let [clean, noisy, denoised] = images.map(|rows| image_of(rows.row(number), shape));
            [noisy, denoised].map(|image| Distance::of(image.view(), clean.view(), span))
        };
        distances.extend((0..numbers.len()).into_par_iter().map(of_sample).collect::<Vec<_>>());
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    let [noisy, denoised] = [0, 1].map(|kind| mean(distances.iter().map(|both| both[kind])));
    Ok(Measured { noisy, denoised })
}

/// Returns a row as an image of the given shape. The row and the image must have the same number of values.
fn image_of(row: ArrayView1<f32>, shape: [usize; 3]) -> Array3<f32> {
    let mut values = row.iter().copied();
    Array3::from_shape_simple_fn(shape, || values.next().unwrap_or(f32::NAN))
}

/// How an image is processed by a network whose input has another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The image is split into overlapping tiles of the network's size, whose results are blended. The result has the
    /// size of the image.
    Tiled,
    /// The image is resized to the network's size; its proportions may change. The result has the network's size.
    Resized,
}

/// Returns the channels, height and width of the images that a model takes.
///
/// # Errors
/// If the model's samples are not images.
pub fn image_shape(model: &Model) -> Result<[usize; 3], Error> {
    window::chw(&model.spec().input).ok_or(Error::NoImages)
}

/// Prepares an image, channels × height × width, for [`image()`]: it is resized if `fit` is [`Fit::Resized`], otherwise
/// it is returned unchanged.
///
/// # Errors
/// If the model's samples are not images, or if the image has no pixels.
pub fn fitted(model: &Model, image: Array3<f32>, fit: Fit) -> Result<Array3<f32>, Error> {
    let [_, height, width] = image_shape(model)?;
    match fit {
        Fit::Tiled => Ok(image),
        Fit::Resized => photo::resized(&image, [height, width]).ok_or(Error::NoImages),
    }
}

/// Adds noise to an image: the same noise as for sample number 0.
#[must_use]
pub fn with_noise(model: &Model, image: &Array3<f32>, noises: &[Noise]) -> Array3<f32> {
    let mut values = image.iter().copied();
    let mut row = Array2::from_shape_simple_fn((1, image.len()), || values.next().unwrap_or(f32::NAN));
    noise::add(model, &mut row, &[0], noises);
    image_of(row.row(0), image.dim().into())
}

/// Denoises an image that [`fitted`] returned. The values of the result are clipped to 0..1.
///
/// # Errors
/// If the model's samples are not images, or if the image has no pixels; also the errors of [`Model::reconstruct`].
pub fn image(model: &Model, image: &Array3<f32>, fit: Fit, progress: &dyn Progress) -> Result<Array3<f32>, Error> {
    let [_, height, width] = image_shape(model)?;
    let total = match fit {
        Fit::Tiled => tiles::count(image, [height, width]),
        Fit::Resized => 1,
    };
    progress.start("", Some(total as u64), Unit::Samples);
    let predicted = |rows: Array2<f32>| {
        progress.advance(rows.nrows() as u64);
        Ok(model.reconstruct(rows.view())?)
    };
    let denoised = match fit {
        Fit::Tiled => tiles::tiled(image, [height, width], predicted)?,
        Fit::Resized => {
            let row = Array2::from_shape_vec((1, image.len()), image.iter().copied().collect());
            let row = predicted(row.map_err(|_| Error::NoImages)?)?;
            image_of(row.row(0), image.dim().into())
        }
    };
    progress.finish();
    Ok(denoised.mapv(|value| value.clamp(0.0, 1.0)))
}
