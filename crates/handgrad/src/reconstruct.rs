//! `handgrad reconstruct`.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use handgrad_dataset::Samples;
use handgrad_trainer::{Source, Trainer};
use ndarray::Array2;
use serde_json::json;

use crate::args::uses::ReconstructArgs;
use crate::config::UsageError;
use crate::{Done, denoise, noisy, picture, show, subject};

pub fn run(args: &ReconstructArgs) -> Result<Done> {
    check_place(&args.out)?;
    let mut subject = subject::open(&args.eval)?;
    let pairs = Pairs::new(&mut subject.trainer, &subject.samples, usize::from(args.count))?;
    handgrad_files::write(&args.out, &pairs.picture(&subject.samples)?)?;
    let errors = pairs.squared_errors();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    if args.eval.output.json {
        let object = json!({ "picture": args.out.display().to_string(), "samples": errors.len(), "mse": mean, "mse_of_each": errors });
        show::result(&object.to_string())?;
    } else {
        let count = errors.len();
        show::result(&format!("wrote {}: {count} samples above what the model made of them", args.out.display()))?;
        show::result(&format!("squared error per value {}", show::number(mean)))?;
    }
    Ok(Done::Whole)
}

/// A picture may replace a picture, but nothing else.
pub fn check_place(out: &Path) -> Result<()> {
    if out.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png")) {
        return Err(UsageError(format!("{}: the picture is a PNG; call it so: --out seen.png", out.display())).into());
    }
    let no_png = || {
        format!(
            "{}: is there and is no PNG that can be read; it is not overwritten: choose another name",
            out.display()
        )
    };
    match fs::metadata(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        // A pipe would have us wait for ever.
        found => ensure!(found.with_context(no_png)?.is_file(), no_png()),
    }
    let mut start = Vec::new();
    handgrad_files::open(out)
        .and_then(|(file, _)| file.take(PNG.len() as u64).read_to_end(&mut start))
        .with_context(no_png)?;
    ensure!(start == PNG, no_png());
    Ok(())
}

/// How every PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The first `count` samples above their reconstructions, as PNG; of a network that takes off noise: clean, with its
/// noise, and denoised.
pub fn picture(trainer: &mut Trainer<f32>, samples: &Samples, count: usize) -> Result<Vec<u8>> {
    let noises = noisy::of(trainer.network());
    if !noises.is_empty() {
        let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
        let range = samples.range();
        let rows = denoise::rows(trainer, samples, &first, &noises)?.map(|row| picture::to_unit(&row, range));
        return picture::grid(&rows, &samples.shape);
    }
    Pairs::new(trainer, samples, count)?.picture(samples)
}

/// Samples and what a model makes of them, one a row.
struct Pairs {
    originals: Array2<f32>,
    reconstructions: Array2<f32>,
}

impl Pairs {
    fn new(trainer: &mut Trainer<f32>, samples: &Samples, count: usize) -> Result<Self> {
        let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
        let reconstructions = trainer.predict(&Source::new(samples), &first)?;
        let originals = subject::rows(samples, &first);
        Ok(Self { originals, reconstructions })
    }

    fn picture(&self, samples: &Samples) -> Result<Vec<u8>> {
        let range = samples.range();
        let rows = [&self.originals, &self.reconstructions].map(|row| picture::to_unit(row, range));
        picture::grid(&rows, &samples.shape)
    }

    /// Mean squared error of each sample.
    fn squared_errors(&self) -> Vec<f64> {
        let squares = (&self.originals - &self.reconstructions).mapv(|error| f64::from(error).powi(2));
        squares.rows().into_iter().map(|row| row.mean().unwrap_or(f64::NAN)).collect()
    }
}
