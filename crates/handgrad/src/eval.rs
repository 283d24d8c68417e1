//! `handgrad eval`.

use anyhow::{Result, bail};
use handgrad_dataset::Samples;
use handgrad_layers::{Loss, LossKind, Optimizer, Reduction};
use handgrad_models::Network;
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, Trainer};
use serde_json::json;

use crate::args::EvalArgs;
use crate::{Done, show, subject};

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
    let mut subject = subject::open(args)?;
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
