//! `handgrad sample`, `latent-grid` and `encode`: what lies in a code.

use std::fmt::Write;

use anyhow::{Result, bail};
use handgrad_dataset::disk;
use handgrad_layers::{Mode, Pass, math, random};
use handgrad_models::{LayerSpec, Part};
use handgrad_trainer::{Source, Trainer};
use ndarray::{Array2, Axis};
use serde_json::json;

use crate::args::{EncodeArgs, LatentGridArgs, PictureArgs, SampleArgs};
use crate::run_folder::{self, Trained};
use crate::{Done, eval, picture, reconstruct, show};

/// Codes that go through the decoder at a time.
const BATCH: usize = 256;

/// A variational model, ready to decode, and the size of its code.
fn open(args: &PictureArgs) -> Result<(Trainer<f32>, usize)> {
    reconstruct::check_place(&args.out)?;
    let Trained { network, theta, .. } = run_folder::read_one_of(&args.run, &[Part::Whole, Part::Decoder])?;
    let Some(&LayerSpec::Reparameterize { latent_dim, .. }) = network.spec().encoder.last() else {
        bail!(
            "{}: is not variational, so nothing says which codes its decoder knows: there is no distribution to draw from. \
             Train one with `handgrad train --preset vae`",
            args.run.display()
        );
    };
    eval::check_memory(&network, &eval::STILL, BATCH)?;
    Ok((Trainer::with_weights(network, theta, eval::STILL, BATCH), latent_dim))
}

/// Draws what the decoder makes of `codes`, `columns` in a row, and writes it.
fn draw(trainer: &mut Trainer<f32>, codes: &Array2<f32>, columns: usize, args: &PictureArgs) -> Result<()> {
    let images = trainer.decode(codes)?;
    let rows: Vec<_> = images.axis_chunks_iter(Axis(0), columns).map(|row| row.to_owned()).collect();
    disk::write(&args.out, &picture::grid(&rows, &trainer.network().spec().input)?)?;
    if args.json {
        return show::result(&json!({ "picture": args.out, "images": codes.nrows() }).to_string());
    }
    show::result(&format!("wrote {}: {} images", args.out.display(), codes.nrows()))
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
    // About as many rows as columns.
    let columns = (1..).find(|columns| columns * columns >= codes.nrows()).unwrap_or(1);
    draw(&mut trainer, &codes, columns, &args.picture)?;
    Ok(Done::Whole)
}

/// Draws the images of a grid over a code of two places, spaced as the prior is: each image stands for as many codes.
pub fn grid(args: &LatentGridArgs) -> Result<Done> {
    let (mut trainer, latent_dim) = open(&args.picture)?;
    if latent_dim != 2 {
        bail!(
            "{}: has a code of {latent_dim} places, and a picture has two directions: train one with `handgrad train --preset \
             vae-2d`, or draw from this one with `handgrad sample`",
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

/// Writes the code of every sample, one a line, behind its label if it has one.
pub fn encode(args: &EncodeArgs) -> Result<Done> {
    if args.out.exists() {
        bail!("{}: is there already and is not overwritten; choose another name", args.out.display());
    }
    let mut subject = eval::open_one_of(&args.eval, &[Part::Whole, Part::Encoder])?;
    let source = Source::new(&subject.samples);
    let all: Vec<u32> = (0..source.len() as u32).collect();
    let codes = subject.trainer.encode(&source, &all)?;
    let labels = subject.samples.labels.as_deref();
    let names = (0..codes.ncols()).map(|place| format!("z{place}"));
    let header: Vec<_> = labels.map(|_| "label".to_string()).into_iter().chain(names).collect();
    let mut text = header.join(",") + "\n";
    for (number, code) in codes.rows().into_iter().enumerate() {
        let label = labels.and_then(|labels| labels.get(number)).map(ToString::to_string);
        let line: Vec<_> = label.into_iter().chain(code.iter().map(ToString::to_string)).collect();
        writeln!(text, "{}", line.join(","))?;
    }
    disk::write(&args.out, text.as_bytes())?;
    if args.eval.output.json {
        let object = json!({ "codes": args.out, "samples": codes.nrows(), "values": codes.ncols() });
        show::result(&object.to_string())?;
    } else {
        let (out, count, values) = (args.out.display(), codes.nrows(), codes.ncols());
        show::result(&format!("wrote {out}: {count} codes of {values} values, of {}", subject.origin))?;
    }
    Ok(Done::Whole)
}
