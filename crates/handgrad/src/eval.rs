//! `handgrad eval`.

use std::path::Path;

use anyhow::{Context, Result};
use handgrad_dataset::{Samples, idx};
use handgrad_layers::{LossKind, Optimizer, Reduction};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, Trainer};
use serde_json::json;

use crate::args::EvalArgs;
use crate::run_folder::{self, Trained};
use crate::{Done, show};

/// Samples that go through the network at a time.
const BATCH: usize = 256;

/// A trained model beside the samples to try it on.
pub struct Subject {
    pub trainer: Trainer<f32>,
    pub samples: Samples,
    pub origin: String,
    /// What it was trained on, if that is the data it is tried on.
    train: Option<Samples>,
}

pub fn open(args: &EvalArgs) -> Result<Subject> {
    let Trained { network, theta, settings } = run_folder::read(&args.run)?;
    let what = args.data.clone().or(settings.data).with_context(|| {
        format!("{}: does not say what it was trained on; name the data with --data", args.run.display())
    })?;
    let path = Path::new(&what);
    let (train, samples, origin) = if args.data.is_some() && path.is_file() {
        // A file of one's own is tried whole, not just the tenth that training would hold out.
        (None, Samples::from_idx(idx::read(path)?, path)?, format!("all samples of {what}"))
    } else {
        let progress = show::Download::new(args.output.quiet);
        let data = handgrad_dataset::load(&what, &args.place.data_dir, &progress)?;
        (Some(data.train), data.validation, data.validation_origin)
    };
    // Nothing is learnt here: the optimiser keeps no running values worth the memory.
    let trainer = Trainer::with_weights(network, theta, Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 }, BATCH);
    Ok(Subject { trainer, samples, origin, train })
}

pub fn run(args: &EvalArgs) -> Result<Done> {
    let mut subject = open(args)?;
    let source = Source::new(&subject.samples);
    let loss = subject.trainer.evaluate(&source)?;
    let name = loss_name(subject.trainer.network().loss().kind, subject.trainer.network().loss().reduction);
    let train = Source::new(subject.train.as_ref().unwrap_or(&subject.samples));
    let yardsticks = yardsticks(&train, &source, subject.trainer.network().loss());
    if args.output.json {
        let object = json!({
            "loss": name,
            "value": loss,
            "samples": source.len(),
            "least_possible": yardsticks.least,
            "mean_sample": yardsticks.mean_sample,
        });
        println!("{object}");
        return Ok(Done::Whole);
    }
    println!("{name} {} over {}", show::number(loss), subject.origin);
    println!("least possible {}, mean sample {}", show::number(yardsticks.least), show::number(yardsticks.mean_sample));
    Ok(Done::Whole)
}

/// The loss with its reduction, in words.
pub fn loss_name(kind: LossKind, reduction: Reduction) -> String {
    let kind = match kind {
        LossKind::Mse => "squared error",
        LossKind::Mae => "absolute error",
        LossKind::Bce | LossKind::BceLogits => "binary cross-entropy",
    };
    let per = match reduction {
        Reduction::Mean => "per value",
        Reduction::Sum => "per sample",
    };
    format!("{kind} {per}")
}
