//! `handgrad denoise`: removes noise from samples, or from the user's own image.

use handgrad_files::shown;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use handgrad_analysis::ssim;
use handgrad_dataset::count;
use handgrad_dataset::photo;
use handgrad_files::place::{self, Replaceable};
use handgrad_layers::Noise;
use handgrad_models::{Model, Part};
use handgrad_pictures::{grid, images, to_unit};
use handgrad_runs::settings::{NoiseName, Value as _};
use handgrad_tasks::denoise::{self, Distance, Measured};
use handgrad_tasks::noise;
use ndarray::Array3;
use serde_json::{Value, json};

use crate::columns;
use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::number;

/// How an image is adapted to a network of another size.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// Cut into overlapping tiles of the network's size, which are blended. The result has the size of the image.
    Tiled,
    /// Resized to the network's size, also if the proportions differ. The result has this size.
    Resized,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    handgrad train --preset tf-denoise --out runs/denoiser\n  \
    handgrad denoise runs/denoiser --out ten.png               ten samples\n  \
    handgrad denoise runs/denoiser scan.jpg --out clean.png    your own image\n  \
    handgrad denoise runs/denoiser noisy.png --clean right.png --out clean.png\n  \
    handgrad denoise runs/denoiser right.png --noise gaussian --out three.png")]
pub struct DenoiseArgs {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Your own image, PNG or JPEG, with at most 67 million pixels. It is converted to grey if the network takes grey
    /// images.
    #[arg(value_name = "IMAGE", conflicts_with = "data")]
    image: Option<PathBuf>,

    /// The picture to write. An older picture of this name is replaced, any other file is not.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,

    /// How your own image is adapted to the network.
    #[arg(long, value_name = "NAME", default_value = "tiled")]
    fit: Fit,

    /// Your image without noise, to measure how well the noise is removed.
    #[arg(long, value_name = "IMAGE", requires = "image", conflicts_with = "noise")]
    clean: Option<PathBuf>,

    /// Noise to add first: gaussian, masking or salt-and-pepper [default: none for your own image; for samples, the
    /// noise of the training].
    #[arg(long, value_name = "NAME", value_parser = NoiseName::read)]
    noise: Option<NoiseName>,

    /// The amount of noise: the standard deviation of gaussian noise, otherwise the part of the values that is changed.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.2, requires = "noise", allow_negative_numbers = true)]
    noise_level: f64,

    /// The number of samples to draw, from the first one on. All are measured.
    #[arg(long, default_value_t = 10, conflicts_with = "image")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

pub fn run(args: &DenoiseArgs) -> Result<Done> {
    place::must_be(&args.out, Replaceable::Png)?;
    for own in args.image.iter().chain(&args.clean) {
        // Links are resolved in both paths. The picture must not replace the image that it is made from.
        if let (Ok(own), Ok(out)) = (own.canonicalize(), args.out.canonicalize())
            && own == out
        {
            bail!(
                "{}: this is the image itself, which is not overwritten: choose another name for --out",
                shown(&args.out)
            );
        }
    }
    match &args.image {
        Some(image) => own_image(args, image),
        None => samples(args),
    }
}

/// Returns the requested noise, or by default the noise of the model. `range` is the range of the scaled values.
fn chosen(args: &DenoiseArgs, model: &Model, range: (f32, f32)) -> Result<Vec<Noise>> {
    match args.noise {
        Some(kind) => Ok(vec![noise::checked(kind.into(), args.noise_level, range)?]),
        None => match noise::of(model.network()) {
            own if own.is_empty() => Err(handgrad_tasks::Error::NoNoise.into()),
            own => Ok(own),
        },
    }
}

fn warn_if_no_denoiser(args: &DenoiseArgs, model: &Model) {
    if noise::of(model.network()).is_empty() && !args.subject.output.quiet {
        terminal::note(
            "note: this network was not trained to remove noise; `handgrad train --preset tf-denoise` trains one that \
             is",
        );
    }
}

/// Draws samples clean, with noise, and denoised, and measures all samples.
fn samples(args: &DenoiseArgs) -> Result<Done> {
    let bars = Bars::new(args.subject.output.quiet);
    let subject = args.subject.open(&[Part::Whole], &bars)?;
    columns::refuse(&subject.model, "denoise")?;
    let (model, samples) = (&subject.model, &subject.samples);
    let noises = chosen(args, model, model.scaled_range(samples.range()))?;
    warn_if_no_denoiser(args, model);
    let measured = denoise::measure(model, samples, &noises, &bars)?;
    let rows = denoise::rows(model, samples, &subject.first(args.count), &noises)?;
    let rows = [&rows.clean, &rows.noisy, &rows.denoised].map(|rows| to_unit(rows, samples.range()));
    handgrad_files::write(&args.out, &grid(&rows, &samples.shape)?)?;
    let noise = noise::describe(&noises);
    let (drawn, origin) = (rows[0].nrows(), &subject.origin);
    let drawn = count(drawn, "sample", "samples");
    let words = format!("{drawn} clean, with noise, and denoised\n{noise}; means over {origin}");
    report(args, json!({ "samples": samples.len(), "noise": noise }), &words, Some(measured))
}

/// Denoises the user's own image, in tiles or resized to the input of the network.
fn own_image(args: &DenoiseArgs, path: &Path) -> Result<Done> {
    let (model, settings) = handgrad_runs::model(&args.subject.run, &[Part::Whole])?;
    let run = || shown(&args.subject.run);
    handgrad_runs::check_takes_pictures(&model, &settings).with_context(run)?;
    let fit = match args.fit {
        Fit::Tiled => denoise::Fit::Tiled,
        Fit::Resized => denoise::Fit::Resized,
    };
    let [channels, ..] = denoise::image_shape(&model).with_context(run)?;
    warn_if_no_denoiser(args, &model);
    let read = |path: &Path| -> Result<Array3<f32>> { Ok(photo::read(path, channels)?) };
    let given = read(path)?;
    let clean = args.clean.as_deref().map(read).transpose()?;
    if let (Some(clean), Some(name)) = (&clean, &args.clean) {
        let ([_, height, width], [_, h, w]) = (<[usize; 3]>::from(clean.dim()), <[usize; 3]>::from(given.dim()));
        if [height, width] != [h, w] {
            let (name, path) = (shown(name), shown(path));
            bail!(
                "{name}: is {width}×{height}, and {path} is {w}×{h} (width × height): the clean image must be of the \
                 same size"
            );
        }
    }
    let given = denoise::fitted(&model, given, fit)?;
    let clean = clean.map(|clean| denoise::fitted(&model, clean, fit)).transpose()?;
    let (noisy, clean) = match (clean, args.noise) {
        (None, Some(_)) => {
            let noises = chosen(args, &model, model.scaled_range((0.0, 1.0)))?;
            (denoise::with_noise(&model, &given, &noises), Some(given))
        }
        (clean, _) => (given, clean),
    };
    let denoised = denoise::image(&model, &noisy, fit, &Bars::new(args.subject.output.quiet))?;
    // The denoised image is within 0..1, so the measured image is the one that is written.
    let measured = clean.as_ref().map(|clean| {
        let [noisy, denoised] = [&noisy, &denoised].map(|image| Distance::of(image.view(), clean.view(), 1.0));
        Measured { noisy, denoised }
    });
    let stack = match clean.as_ref().filter(|_| args.noise.is_some()) {
        Some(clean) => vec![clean.view(), noisy.view(), denoised.view()],
        None => vec![denoised.view()],
    };
    let words = if stack.len() > 1 { "the image clean, with noise, and denoised" } else { "the image, denoised" };
    handgrad_files::write(&args.out, &images(&stack)?)?;
    let (_, height, width) = denoised.dim();
    report(args, json!({ "width": width, "height": height }), &format!("{words}, {width}×{height}"), measured)
}

/// Prints what was written. If there is a clean image, also prints how similar the noisy and the denoised image are to
/// it.
fn report(args: &DenoiseArgs, more: Value, words: &str, measured: Option<Measured>) -> Result<Done> {
    let picture = shown(&args.out);
    if args.subject.output.json {
        let mut object = json!({ "picture": args.out.display().to_string() });
        let found = measured.map(|it| json!({ "noisy": json_of(&it.noisy), "denoised": json_of(&it.denoised) }));
        for part in [more].into_iter().chain(found) {
            if let (Some(object), Value::Object(part)) = (object.as_object_mut(), part) {
                object.extend(part);
            }
        }
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    terminal::result(&format!("wrote {picture}: {words}"))?;
    if let Some(Measured { noisy, denoised }) = measured {
        terminal::result(&format!("noisy     {}\ndenoised  {}", in_words(&noisy), in_words(&denoised)))?;
    }
    Ok(Done::Whole)
}

fn json_of(distance: &Distance) -> Value {
    json!({ "mse": distance.mse, "psnr": distance.psnr, "ssim": distance.ssim })
}

fn in_words(distance: &Distance) -> String {
    let ssim = distance.ssim.map_or_else(|| format!("– (below {0}×{0})", ssim::WINDOW), |ssim| format!("{ssim:.4}"));
    format!("squared error {}  PSNR {:.2} dB  SSIM {ssim}", number(distance.mse), distance.psnr)
}
