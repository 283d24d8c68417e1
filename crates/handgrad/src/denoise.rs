//! `handgrad denoise`: noise taken off samples, or off an image of one's own.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handgrad_analysis::{psnr, ssim};
use handgrad_dataset::{Samples, photo};
use handgrad_layers::{Noise, window};
use handgrad_models::{Network, Part};
use handgrad_trainer::{Source, Trainer};
use ndarray::{Array2, Array3, ArrayView3, Axis};
use serde_json::{Value, json};

use crate::args::uses::{DenoiseArgs, Fit};
use crate::config::{NoiseName, UsageError};
use crate::subject::{self, CHUNK, Subject};
use crate::{Done, noisy, picture, reconstruct, show, tiles};

pub fn run(args: &DenoiseArgs) -> Result<Done> {
    reconstruct::check_place(&args.out)?;
    for own in args.image.iter().chain(&args.clean) {
        // Both through links: the picture must not take the place of what it is made from.
        if let (Ok(own), Ok(out)) = (own.canonicalize(), args.out.canonicalize())
            && own == out
        {
            bail!("{}: is the image itself; it is not overwritten: choose another name for --out", args.out.display());
        }
    }
    match &args.image {
        Some(image) => own_image(args, image),
        None => samples(args),
    }
}

/// How far images are from the clean ones: sums over images, or their means.
#[derive(Clone, Copy, Default)]
struct Distance {
    images: usize,
    mse: f64,
    psnr: f64,
    /// None once an image was smaller than the window.
    ssim: Option<f64>,
}

impl Distance {
    fn new() -> Self {
        Self { ssim: Some(0.0), ..Self::default() }
    }

    /// Adds an image, channels × height × width.
    fn add(&mut self, image: ArrayView3<f32>, clean: ArrayView3<f32>, range: f64) {
        let [x, y] = [image, clean].map(|image| image.iter().copied().collect::<Vec<_>>());
        let planes = || image.axis_iter(Axis(0)).zip(clean.axis_iter(Axis(0)));
        let of_planes: Option<f64> = planes().map(|(x, y)| ssim(x, y, range)).sum();
        self.images += 1;
        self.mse += psnr::mse(&x, &y).unwrap_or(f64::NAN);
        self.psnr += psnr(&x, &y, range).unwrap_or(f64::NAN);
        self.ssim = self.ssim.zip(of_planes).map(|(sum, of_planes)| sum + of_planes / planes().len() as f64);
    }

    fn mean(self) -> Self {
        let mean = |sum: f64| sum / self.images as f64;
        Self { mse: mean(self.mse), psnr: mean(self.psnr), ssim: self.ssim.map(mean), ..self }
    }

    fn json(&self) -> Value {
        json!({ "mse": self.mse, "psnr": self.psnr, "ssim": self.ssim })
    }

    fn words(&self) -> String {
        let ssim = self.ssim.map_or_else(|| format!("– (below {0}×{0})", ssim::WINDOW), |ssim| format!("{ssim:.4}"));
        format!("squared error {}  PSNR {:.2} dB  SSIM {ssim}", show::number(self.mse), self.psnr)
    }
}

/// Prints what was written, and the distances before and after if there is something clean to measure from.
fn report(args: &DenoiseArgs, more: Value, words: &str, distances: Option<[Distance; 2]>) -> Result<Done> {
    if args.eval.output.json {
        let mut object = json!({ "picture": args.out.display().to_string() });
        let found = distances.map(|[before, after]| json!({ "noisy": before.json(), "denoised": after.json() }));
        for part in [more].into_iter().chain(found) {
            if let (Some(object), Value::Object(part)) = (object.as_object_mut(), part) {
                object.extend(part);
            }
        }
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    show::result(&format!("wrote {}: {words}", args.out.display()))?;
    if let Some([before, after]) = distances {
        show::result(&format!("noisy     {}\ndenoised  {}", before.words(), after.words()))?;
    }
    Ok(Done::Whole)
}

/// The noise asked for, or else the model's own.
fn chosen(args: &DenoiseArgs, network: &Network<f32>, (low, high): (f32, f32)) -> Result<Vec<Noise>> {
    let unit = low >= 0.0 && high <= 1.0;
    let ends = if unit { [0.0, 1.0] } else { [f64::from(low), f64::from(high)] };
    let own = noisy::of(network);
    let Some(name) = args.noise else {
        if own.is_empty() {
            bail!(UsageError(
                "the network was not trained to take off any noise, so say which to put on: --noise gaussian --noise-level 0.2".into()
            ));
        }
        return Ok(own);
    };
    let level = args.noise_level;
    match name {
        NoiseName::Gaussian if !(level.is_finite() && level >= 0.0) => {
            bail!(UsageError(format!("--noise-level is {level}, but a standard deviation is 0 or more")))
        }
        NoiseName::Masking | NoiseName::SaltAndPepper if !(0.0..=1.0).contains(&level) => {
            bail!(UsageError(format!(
                "--noise-level is {level}, but the part of the values that is hit is within 0..1"
            )))
        }
        NoiseName::Gaussian => Ok(vec![Noise::Gaussian { std: level, clip: unit.then_some(ends) }]),
        NoiseName::Masking => Ok(vec![Noise::Masking { p: level }]),
        NoiseName::SaltAndPepper => Ok(vec![Noise::SaltAndPepper { p: level, ends }]),
    }
}

fn warn_if_no_denoiser(args: &DenoiseArgs, network: &Network<f32>) {
    if noisy::of(network).is_empty() && !args.eval.output.quiet {
        show::note(
            "note: this network was not trained to take off noise; `handgrad train --preset tf-denoise` trains one that is",
        );
    }
}

/// Samples, clean, with noise, and denoised.
fn samples(args: &DenoiseArgs) -> Result<Done> {
    let Subject { mut trainer, samples, origin, .. } = subject::open(&args.eval)?;
    let noises = chosen(args, trainer.network(), samples.range())?;
    warn_if_no_denoiser(args, trainer.network());
    let (low, high) = samples.range();
    let span = if low >= 0.0 && high <= 1.0 { 1.0 } else { f64::from(high - low) };
    let shape = window::chw(&samples.shape).unwrap_or([1, 1, samples.features()]);
    let mut distances = [Distance::new(); 2];
    let mut drawn: Option<[Array2<f32>; 3]> = None;
    let bar = show::sample_bar(samples.len(), args.eval.output.quiet);
    for numbers in subject::all(&samples).chunks(CHUNK) {
        let rows = rows(&mut trainer, &samples, numbers, &noises)?;
        let image = |row: usize, number: usize| rows[row].row(number).to_shape(shape).map(|image| image.into_owned());
        for number in 0..numbers.len() {
            let clean = image(0, number)?;
            for (row, distance) in [1, 2].into_iter().zip(&mut distances) {
                distance.add(image(row, number)?.view(), clean.view(), span);
            }
        }
        bar.inc(numbers.len() as u64);
        let count = usize::from(args.count).min(numbers.len());
        drawn.get_or_insert_with(|| rows.map(|row| row.slice_axis(Axis(0), (..count).into()).to_owned()));
    }
    bar.finish_and_clear();
    let rows = drawn.into_iter().flatten().map(|row| picture::to_unit(&row, samples.range()));
    let rows: Vec<_> = rows.collect();
    handgrad_files::write(&args.out, &picture::grid(&rows, &samples.shape)?)?;
    let noise = noisy::describe(&noises);
    let more = json!({ "samples": samples.len(), "noise": noise });
    let count = rows.first().map_or(0, Array2::nrows);
    let words = format!("{count} samples clean, with noise, and denoised\n{noise}; means over {origin}");
    report(args, more, &words, Some(distances.map(Distance::mean)))
}

/// Samples of these numbers, one a row: clean, with noise, and denoised.
pub fn rows(
    trainer: &mut Trainer<f32>,
    samples: &Samples,
    numbers: &[u32],
    noises: &[Noise],
) -> Result<[Array2<f32>; 3]> {
    let clean = subject::rows(samples, numbers);
    let mut noisy = clean.clone();
    noisy::put_on(&mut noisy, numbers, noises);
    let denoised = predict(trainer, noisy.clone())?;
    Ok([clean, noisy, denoised])
}

/// What the network makes of rows.
fn predict(trainer: &mut Trainer<f32>, rows: Array2<f32>) -> Result<Array2<f32>> {
    let samples = subject::samples(rows, trainer.network());
    Ok(trainer.predict(&Source::new(&samples), &subject::all(&samples))?)
}

/// An image of one's own, in tiles or resized to the network's input.
fn own_image(args: &DenoiseArgs, path: &Path) -> Result<Done> {
    let (mut trainer, _) = subject::model(&args.eval.run, &[Part::Whole])?;
    let Some([channels, h, w]) = window::chw(&trainer.network().spec().input) else {
        bail!("{}: the network takes samples that are no images, so it cannot denoise one", args.eval.run.display());
    };
    warn_if_no_denoiser(args, trainer.network());
    let read = |path: &Path| -> Result<(Array3<f32>, [usize; 2])> {
        let image = photo::read(path, channels)?;
        let size = [image.dim().1, image.dim().2];
        let resized = || photo::resized(&image, [h, w]).context("an image has pixels, and the network takes some");
        Ok((if args.fit == Fit::Resized { resized()? } else { image }, size))
    };
    let (given, size) = read(path)?;
    let (noisy, clean) = match (&args.clean, args.noise) {
        (Some(clean), _) => {
            let (image, clean_size) = read(clean)?;
            if clean_size != size {
                bail!(
                    "{}: is {}×{}, and {} is {}×{} (width × height): the clean image must be of the same size",
                    clean.display(),
                    clean_size[1],
                    clean_size[0],
                    path.display(),
                    size[1],
                    size[0]
                );
            }
            (given, Some(image))
        }
        (None, Some(_)) => {
            let mut row = given.to_shape((1, given.len()))?.into_owned();
            noisy::put_on(&mut row, &[0], &chosen(args, trainer.network(), (0.0, 1.0))?);
            (row.to_shape(given.dim())?.into_owned(), Some(given))
        }
        (None, None) => (given, None),
    };
    let bar = show::sample_bar(tiles::count(&noisy, [h, w]), args.eval.output.quiet);
    let mut predicted = |rows: Array2<f32>| {
        bar.inc(rows.nrows() as u64);
        predict(&mut trainer, rows)
    };
    let denoised = match args.fit {
        Fit::Tiled => tiles::tiled(&noisy, [h, w], predicted)?,
        Fit::Resized => predicted(noisy.to_shape((1, noisy.len()))?.into_owned())?.to_shape(noisy.dim())?.into_owned(),
    };
    bar.finish_and_clear();
    // What is written is within 0..1, and so is what is measured.
    let denoised = denoised.mapv(|value| value.clamp(0.0, 1.0));
    let distances = clean.as_ref().map(|clean| {
        [&noisy, &denoised].map(|image| {
            let mut distance = Distance::new();
            distance.add(image.view(), clean.view(), 1.0);
            distance
        })
    });
    let own_noise = clean.filter(|_| args.noise.is_some());
    let words = if own_noise.is_some() { "the image clean, with noise, and denoised" } else { "the image, denoised" };
    let stack: Vec<_> = match &own_noise {
        Some(clean) => vec![clean.view(), noisy.view(), denoised.view()],
        None => vec![denoised.view()],
    };
    handgrad_files::write(&args.out, &picture::images(&stack)?)?;
    let (_, height, width) = denoised.dim();
    report(args, json!({ "width": width, "height": height }), &format!("{words}, {width}×{height}"), distances)
}
