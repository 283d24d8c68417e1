//! `handgrad eval`.

use anyhow::{Result, bail};
use handgrad_dataset::Samples;
use handgrad_layers::{Loss, LossKind, Reduction};
use handgrad_models::{Network, Part};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, Trainer, Training};
use serde_json::json;

use crate::args::EvalArgs;
use crate::{Done, show, subject};

/// Refuses a network that there is not the memory for, before anything is written.
pub fn check_memory(network: &Network<f32>, training: &Training) -> Result<()> {
    check_bytes(Trainer::memory_needed(network, training))
}

/// Asks for so much memory, and gives it back.
pub fn check_bytes(bytes: usize) -> Result<()> {
    if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
        bail!(
            "this network needs {:.1} GB of memory, more than there is: make its layers or the batches smaller",
            bytes as f64 / 1e9
        );
    }
    Ok(())
}

pub fn run(args: &EvalArgs) -> Result<Done> {
    let mut subject = subject::open_unscaled(args, &[Part::Whole])?;
    if args.data.is_none() && !subject.only_class.is_empty() {
        // As it was validated in training.
        subject.samples = subject.samples.of_classes(&subject.only_class);
        subject.train = subject.train.map(|train| train.of_classes(&subject.only_class));
        subject.origin = format!("those of the classes trained on of {}", subject.origin);
    }
    let source = Source::new(&subject.samples);
    let measured = subject.trainer.evaluate(&source)?;
    let loss = subject.trainer.network().loss();
    let name = loss_name(loss);
    let train = Source::new(subject.train.as_ref().unwrap_or(&subject.samples));
    let yardsticks = yardsticks(&train, &source, subject.trainer.network())?;
    if args.output.json {
        let [per_value, per_sample] = loss.per_value_and_sample(measured.terms[0].1, source.features());
        let object = json!({
            "loss": name,
            "value": measured.loss,
            "terms": show::json_terms(&measured.terms),
            "reduction": loss.reduction,
            "reconstruction_per_value": per_value,
            "reconstruction_per_sample": per_sample,
            "samples": source.len(),
            "least_possible": yardsticks.least,
            "mean_sample": yardsticks.mean_sample,
        });
        show::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (value, terms) = (show::number(measured.loss), show::terms(&measured.terms));
    show::result(&format!("{name} {value}{terms} over {}", subject.origin))?;
    show::result(&reconstruction(loss, &measured.terms, source.features()))?;
    let (least, mean) = (show::number(yardsticks.least), show::number(yardsticks.mean_sample));
    show::result(&format!("least possible {least}, mean sample {mean}"))?;
    Ok(Done::Whole)
}

/// The reconstruction both ways, and which of them the loss counts.
pub fn reconstruction(loss: Loss, terms: &[(&'static str, f64)], features: usize) -> String {
    let both = loss.per_value_and_sample(terms.first().map_or(f64::NAN, |term| term.1), features);
    let [per_value, per_sample] = both.map(show::number);
    let reduction = match loss.reduction {
        Reduction::Mean => "mean",
        Reduction::Sum => "sum",
    };
    let kind = kind_name(loss);
    format!(
        "reconstruction, {kind}: {per_value} per value, {per_sample} per sample; the loss takes the {reduction} over a \
         sample's values"
    )
}

/// What to say where cross-entropy meets other data.
pub const NOT_WITHIN_0_TO_1: &str = "the loss is binary cross-entropy, which needs values within 0..1, and the data \
    has others: train with --loss mse, or scale the data to 0..1";

/// Do all values lie within 0..1?
pub fn within_0_to_1(all: &[&Samples]) -> bool {
    all.iter().map(|samples| samples.range()).all(|(low, high)| low >= 0.0 && high <= 1.0)
}

/// The loss with its reduction, in words.
pub fn loss_name(loss: Loss) -> String {
    let per = match loss.reduction {
        Reduction::Mean => "per value",
        Reduction::Sum => "per sample",
    };
    format!("{} {per}", kind_name(loss))
}

fn kind_name(loss: Loss) -> &'static str {
    match loss.kind {
        LossKind::Mse => "squared error",
        LossKind::Mae => "absolute error",
        LossKind::Bce | LossKind::BceLogits => "binary cross-entropy (nats)",
        LossKind::CrossEntropy => "cross-entropy (nats)",
    }
}
