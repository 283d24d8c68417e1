//! `handgrad sample` and `latent-grid`: what a variational model makes of codes from its prior.

use anyhow::{Result, bail};
use handgrad_layers::{Mode, Pass, math, random};
use handgrad_models::{LayerSpec, Part};
use handgrad_trainer::Trainer;
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::args::uses::{LatentGridArgs, PictureArgs, SampleArgs};
use crate::{Done, picture, reconstruct, show, subject};

/// A variational model, ready to decode, and the size of its code.
fn open(args: &PictureArgs) -> Result<(Trainer<f32>, usize)> {
    reconstruct::check_place(&args.out)?;
    let (trainer, _) = subject::model(&args.run, &[Part::Whole, Part::Decoder])?;
    let Some(&LayerSpec::Reparameterize { latent_dim, .. }) = trainer.network().spec().encoder.last() else {
        bail!(
            "{}: is not variational, so nothing says which codes its decoder knows: there is no distribution to draw \
             from. Train one with `handgrad train --preset vae`",
            args.run.display()
        );
    };
    Ok((trainer, latent_dim))
}

/// Draws what the decoder makes of `codes`, `columns` in a row, and writes it.
fn draw(trainer: &mut Trainer<f32>, codes: &Array2<f32>, columns: usize, args: &PictureArgs) -> Result<()> {
    let (images, range) = picture::to_be_seen(&trainer.decode(codes)?);
    let rows: Vec<_> = images.axis_chunks_iter(Axis(0), columns).map(|row| row.to_owned()).collect();
    handgrad_files::write(&args.out, &picture::grid(&rows, &trainer.network().spec().input)?)?;
    if args.output.json {
        let object = json!({ "picture": args.out.display().to_string(), "images": codes.nrows(), "drawn_from": range });
        return show::result(&object.to_string());
    }
    show::result(&format!("wrote {}: {} images", args.out.display(), codes.nrows()))?;
    picture::tell(range)
}

/// Draws images from the prior: z ~ N(0, 1), decoded.
pub fn sample(args: &SampleArgs) -> Result<Done> {
    let (mut trainer, latent_dim) = open(&args.picture)?;
    let mut codes = Array2::zeros((usize::from(args.count), latent_dim));
    for (number, mut code) in codes.rows_mut().into_iter().enumerate() {
        let pass = Pass { mode: Mode::Train, seed: args.seed, samples: &[number as u32], ..Pass::predict() };
        if let Some(code) = code.as_slice_mut() {
            random::with_normal(&pass, 0, code, |_, normal| normal);
        }
    }
    draw(&mut trainer, &codes, picture::columns_of_square(codes.nrows()), &args.picture)?;
    Ok(Done::Whole)
}

/// Draws the images of a grid over a code of two places, spaced as the prior is: each image stands for as many codes.
pub fn grid(args: &LatentGridArgs) -> Result<Done> {
    let (mut trainer, latent_dim) = open(&args.picture)?;
    if latent_dim != 2 {
        bail!(
            "{}: has a code of {latent_dim} places, and a picture has two directions: train one with `handgrad train \
             --preset vae-2d`, or draw from this one with `handgrad sample`",
            args.picture.run.display()
        );
    }
    let side = usize::from(args.side);
    let quantile = |number: usize| math::normal((number as f32 + 0.5) / side as f32);
    let codes = Array2::from_shape_fn((side * side, 2), |(at, place)| match place {
        0 => quantile(at % side),
        // Upwards, as on paper.
        _ => quantile(side - 1 - at / side),
    });
    draw(&mut trainer, &codes, side, &args.picture)?;
    Ok(Done::Whole)
}
