//! Noise taken off samples, or off an image of one's own.
//!
//! ```text
//! denoised   x̂ = decode(encode(x̃))          x̃ = noise(x)
//! measured   how far x̃ and x̂ are from x: squared error, PSNR, SSIM (see handgrad_analysis)
//! ```
//!
//! Slides: KERAS "Denoising Autoencoder"; CE6146 "Denoising Autoencoder".

use handgrad_analysis::{psnr, ssim};
use handgrad_dataset::{Samples, photo};
use handgrad_files::{Progress, Unit};
use handgrad_layers::{Noise, window};
use handgrad_models::Model;
use ndarray::{Array2, Array3, ArrayView1, ArrayView3, Axis};

use crate::{CHUNK, Error, check_numbers, noise, tiles};

/// Samples clean, with noise, and denoised, one a row each.
#[derive(Clone, Debug, PartialEq)]
pub struct Denoised {
    /// As they are.
    pub clean: Array2<f32>,
    /// With noise on them.
    pub noisy: Array2<f32>,
    /// What the model makes of the noisy ones.
    pub denoised: Array2<f32>,
}

/// Puts noise on the samples of these numbers and takes it off again.
///
/// # Errors
/// If there is no such sample, or as [`Model::reconstruct`].
pub fn rows(model: &Model, samples: &Samples, numbers: &[u32], noises: &[Noise]) -> Result<Denoised, Error> {
    check_numbers(samples, numbers)?;
    let clean = samples.rows(numbers);
    let mut noisy = clean.clone();
    noise::put_on(model, &mut noisy, numbers, noises);
    let denoised = model.reconstruct(noisy.view())?;
    Ok(Denoised { clean, noisy, denoised })
}

/// How far images are from the clean ones, as means over the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// The squared error a value.
    pub mse: f64,
    /// Decibels.
    pub psnr: f64,
    /// None where an image is smaller than the window of the measure.
    pub ssim: Option<f64>,
}

impl Distance {
    /// Of one image, channels × height × width, whose values span `range`.
    #[must_use]
    pub fn of(image: ArrayView3<f32>, clean: ArrayView3<f32>, range: f64) -> Self {
        let mut sums = Sums::new();
        sums.add(image, clean, range);
        sums.mean()
    }
}

/// Sums over images.
struct Sums {
    images: usize,
    mse: f64,
    psnr: f64,
    ssim: Option<f64>,
}

impl Sums {
    fn new() -> Self {
        Self { images: 0, mse: 0.0, psnr: 0.0, ssim: Some(0.0) }
    }

    fn add(&mut self, image: ArrayView3<f32>, clean: ArrayView3<f32>, range: f64) {
        let [x, y] = [image, clean].map(|image| image.iter().copied().collect::<Vec<_>>());
        let planes = || image.axis_iter(Axis(0)).zip(clean.axis_iter(Axis(0)));
        let of_planes: Option<f64> = planes().map(|(x, y)| ssim(x, y, range)).sum();
        self.images += 1;
        self.mse += psnr::mse(&x, &y).unwrap_or(f64::NAN);
        self.psnr += psnr(&x, &y, range).unwrap_or(f64::NAN);
        self.ssim = self.ssim.zip(of_planes).map(|(sum, of_planes)| sum + of_planes / planes().len() as f64);
    }

    fn mean(&self) -> Distance {
        let mean = |sum: f64| sum / self.images as f64;
        Distance { mse: mean(self.mse), psnr: mean(self.psnr), ssim: self.ssim.map(mean) }
    }
}

/// How far all samples are from the clean ones, with noise on them and denoised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// With noise.
    pub noisy: Distance,
    /// Denoised.
    pub denoised: Distance,
}

/// Puts noise on all samples, takes it off again, and measures both.
///
/// # Errors
/// As [`Model::reconstruct`].
pub fn measure(model: &Model, samples: &Samples, noises: &[Noise], progress: &dyn Progress) -> Result<Measured, Error> {
    let (low, high) = samples.range();
    let span = if low >= 0.0 && high <= 1.0 { 1.0 } else { f64::from(high - low) };
    let shape = window::chw(&samples.shape).unwrap_or([1, 1, samples.features()]);
    let (mut noisy, mut denoised) = (Sums::new(), Sums::new());
    progress.start("", Some(samples.len() as u64), Unit::Samples);
    for numbers in samples.numbers().chunks(CHUNK) {
        let rows = rows(model, samples, numbers, noises)?;
        for number in 0..numbers.len() {
            let [clean, with_noise, without] =
                [&rows.clean, &rows.noisy, &rows.denoised].map(|rows| image_of(rows.row(number), shape));
            noisy.add(with_noise.view(), clean.view(), span);
            denoised.add(without.view(), clean.view(), span);
        }
        progress.advance(numbers.len() as u64);
    }
    progress.finish();
    Ok(Measured { noisy: noisy.mean(), denoised: denoised.mean() })
}

/// A row as an image of that shape, which has as many values.
fn image_of(row: ArrayView1<f32>, shape: [usize; 3]) -> Array3<f32> {
    let mut values = row.iter().copied();
    Array3::from_shape_simple_fn(shape, || values.next().unwrap_or(f32::NAN))
}

/// How an image gets through a network made for another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// In tiles of the network's size, which overlap and fade into each other; the result has the image's size.
    Tiled,
    /// The image is made as large as the network's input, whose proportions it takes on, and so is the result.
    Resized,
}

/// Channels, height and width of the images that a model takes.
///
/// # Errors
/// If its samples are no images.
pub fn image_shape(model: &Model) -> Result<[usize; 3], Error> {
    window::chw(&model.spec().input).ok_or(Error::NoImages)
}

/// An image of one's own, channels × height × width, brought to the size in which it goes through the network.
///
/// # Errors
/// If the model's samples are no images.
pub fn fitted(model: &Model, image: Array3<f32>, fit: Fit) -> Result<Array3<f32>, Error> {
    let [_, height, width] = image_shape(model)?;
    match fit {
        Fit::Tiled => Ok(image),
        Fit::Resized => photo::resized(&image, [height, width]).ok_or(Error::NoImages),
    }
}

/// Puts noise on an image, as on sample number 0.
#[must_use]
pub fn with_noise(model: &Model, image: &Array3<f32>, noises: &[Noise]) -> Array3<f32> {
    let mut values = image.iter().copied();
    let mut row = Array2::from_shape_simple_fn((1, image.len()), || values.next().unwrap_or(f32::NAN));
    noise::put_on(model, &mut row, &[0], noises);
    image_of(row.row(0), image.dim().into())
}

/// Takes noise off an image that [`fitted`] gave: the values of the result lie within 0..1.
///
/// # Errors
/// As [`Model::reconstruct`], or if the model's samples are no images, or the image has no pixels.
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
