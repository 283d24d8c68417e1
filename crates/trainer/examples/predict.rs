//! Uses a trained model from Rust: prints the reconstructions of the first samples of an IDX file as CSV, one in each
//! line.
//!
//! `cargo run --release -p handgrad-trainer --example predict -- RUN/model.safetensors IMAGES.idx.gz 10 f32`
//!
//! With f64 instead of f32, the reconstructions are computed from the same weights in double precision.

use handgrad_dataset::{Samples, idx};
use handgrad_layers::Scalar;
use handgrad_models::{Network, file};
use handgrad_trainer::{Source, Trainer, Training};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [model, images, count, precision] = &args[..] else {
        return Err("usage: predict MODEL IMAGES COUNT f32|f64".into());
    };
    let (network, theta) = file::decode(&std::fs::read(model)?)?;
    let samples = Samples::from_idx(idx::read(images.as_ref())?, images.as_ref())?;
    let first: Vec<u32> = (0..count.parse::<u32>()?.min(samples.len() as u32)).collect();
    match precision.as_str() {
        "f32" => print(network, theta, &samples, &first),
        "f64" => {
            let theta = theta.into_iter().map(f64::from).collect();
            print(Network::<f64>::new(network.spec())?, theta, &samples, &first)
        }
        other => Err(format!("the precision is {other}, but must be f32 or f64").into()),
    }
}

fn print<T: Scalar>(
    network: Network<T>,
    theta: Vec<T>,
    samples: &Samples,
    first: &[u32],
) -> Result<(), Box<dyn std::error::Error>> {
    // Nothing is trained, so the training settings do not matter.
    let trainer = Trainer::with_weights(network, theta, &Training::default())?;
    for row in trainer.predict(&Source::new(samples), first)?.rows() {
        println!("{}", row.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    }
    Ok(())
}
