//! `handgrad eval`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handgrad_dataset::{Samples, idx};
use handgrad_layers::{Loss, LossKind, Optimizer, Reduction};
use handgrad_models::{Network, Part};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, Trainer};
use serde_json::json;

use crate::args::{EvalArgs, usual_data_dir};
use crate::run_folder::{self, Trained};
use crate::{Done, distribution, show};

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

/// Opens a whole model.
pub fn open(args: &EvalArgs) -> Result<Subject> {
    open_one_of(args, &[Part::Whole])
}

/// Opens a model of which there may be as much as one of `parts`.
pub fn open_one_of(args: &EvalArgs, parts: &[Part]) -> Result<Subject> {
    let Trained { network, theta, settings } = run_folder::read_one_of(&args.run, parts)?;
    let what = args.data.clone().or(settings.data).with_context(|| {
        format!("{}: does not say what it was trained on; name the data with --data", args.run.display())
    })?;
    let path = Path::new(&what);
    let (train, samples, origin) = if args.data.is_some() && path.is_file() {
        // A file of one's own is tried whole, not just the tenth that training would hold out.
        (None, Samples::from_idx(idx::read(path)?, path)?, format!("all samples of {what}"))
    } else {
        let data_dir = args.place.data_dir.clone().or(settings.data_dir).unwrap_or_else(usual_data_dir);
        let progress = show::Download::new(args.output.quiet);
        let data = handgrad_dataset::load(&what, &data_dir, &progress)?;
        (Some(data.train), data.validation, data.validation_origin)
    };
    if matches!(network.loss().kind, LossKind::Bce | LossKind::BceLogits) && !within_0_to_1(&[&samples]) {
        bail!(NOT_WITHIN_0_TO_1);
    }
    if network.loss().kind == LossKind::CrossEntropy {
        distribution::check(&[("sample", &samples)])?;
    }
    check_memory(&network, &STILL, BATCH)?;
    let trainer = Trainer::with_weights(network, theta, STILL, BATCH);
    Ok(Subject { trainer, samples, origin, train })
}

/// Where nothing is learnt the simplest optimiser will do.
pub const STILL: Optimizer = Optimizer::Sgd { learning_rate: 0.0, momentum: 0.0 };

/// Asks for all memory that a network needs before anything is written, and gives it back.
pub fn check_memory(network: &Network<f32>, optimizer: &Optimizer, batch_size: usize) -> Result<()> {
    let bytes = Trainer::memory_needed(network, optimizer, batch_size);
    if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
        bail!(
            "this network needs {:.1} GB of memory, more than there is: make its layers or the batches smaller",
            bytes as f64 / 1e9
        );
    }
    Ok(())
}

pub fn run(args: &EvalArgs) -> Result<Done> {
    let mut subject = open(args)?;
    let source = Source::new(&subject.samples);
    let loss = subject.trainer.evaluate(&source)?;
    let name = loss_name(subject.trainer.network().loss());
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
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (least, mean) = (show::number(yardsticks.least), show::number(yardsticks.mean_sample));
    show::result(&format!("{name} {} over {}", show::number(loss), subject.origin))?;
    show::result(&format!("least possible {least}, mean sample {mean}"))?;
    Ok(Done::Whole)
}

/// What to say where cross-entropy meets other data.
pub const NOT_WITHIN_0_TO_1: &str = "the loss is binary cross-entropy, which needs values within 0..1, and the data has \
    others: train with --loss mse, or scale the data to 0..1";

/// Do all values lie within 0..1?
pub fn within_0_to_1(all: &[&Samples]) -> bool {
    all.iter().map(|samples| samples.range()).all(|(low, high)| low >= 0.0 && high <= 1.0)
}

/// The loss with its reduction, in words.
pub fn loss_name(loss: Loss) -> String {
    let kind = match loss.kind {
        LossKind::Mse => "squared error",
        LossKind::Mae => "absolute error",
        LossKind::Bce | LossKind::BceLogits => "binary cross-entropy (nats)",
        LossKind::CrossEntropy => "cross-entropy (nats)",
    };
    let per = match loss.reduction {
        Reduction::Mean => "per value",
        Reduction::Sum => "per sample",
    };
    format!("{kind} {per}")
}
