//! `handgrad reconstruct`.

use anyhow::Result;
use handgrad_dataset::{Samples, disk};
use handgrad_trainer::{Source, Trainer};
use ndarray::Array2;
use serde_json::json;

use crate::args::ReconstructArgs;
use crate::{Done, eval, picture, show};

pub fn run(args: &ReconstructArgs) -> Result<Done> {
    let mut subject = eval::open(&args.eval)?;
    let count = usize::from(args.count).min(subject.samples.len());
    let bytes = picture(&mut subject.trainer, &subject.samples, count)?;
    disk::write(&args.out, &bytes)?;

    let errors = errors(&mut subject.trainer, &subject.samples, count)?;
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    if args.eval.output.json {
        println!("{}", json!({ "picture": args.out, "samples": count, "mse": mean, "mse_of_each": errors }));
    } else {
        println!("wrote {}: {count} samples above what the model made of them", args.out.display());
        println!("squared error per value {}", show::number(mean));
    }
    Ok(Done::Whole)
}

/// The first `count` samples above their reconstructions, as PNG.
pub fn picture(trainer: &mut Trainer<f32>, samples: &Samples, count: usize) -> Result<Vec<u8>> {
    let (mut original, mut reconstruction) = both(trainer, samples, count)?;
    picture::to_unit(&mut original, &mut reconstruction, samples.range());
    picture::grid(&[&original, &reconstruction], &samples.shape)
}

/// Mean squared error of each of the first `count` samples.
fn errors(trainer: &mut Trainer<f32>, samples: &Samples, count: usize) -> Result<Vec<f64>> {
    let (original, reconstruction) = both(trainer, samples, count)?;
    let difference = (&original - &reconstruction).mapv(|error| f64::from(error).powi(2));
    Ok(difference.rows().into_iter().map(|row| row.mean().unwrap_or(f64::NAN)).collect())
}

fn both(trainer: &mut Trainer<f32>, samples: &Samples, count: usize) -> Result<(Array2<f32>, Array2<f32>)> {
    let source = Source::new(samples);
    let first: Vec<u32> = (0..count.min(samples.len()) as u32).collect();
    let reconstruction = trainer.predict(&source, &first)?;
    let mut original = Array2::zeros((first.len(), source.features()));
    for (&sample, mut row) in first.iter().zip(original.rows_mut()) {
        let mut values = vec![0.0_f32; source.features()];
        source.fill(sample as usize, &mut values);
        row.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }
    Ok((original, reconstruction))
}
