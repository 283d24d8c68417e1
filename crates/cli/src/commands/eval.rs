//! `handgrad eval`.

use anyhow::Result;
use handgrad_models::Part;
use handgrad_tasks::columns::{report, surprise};
use handgrad_tasks::{code, outside};
use handgrad_trainer::yardstick::yardsticks;
use handgrad_trainer::{Source, evaluate};
use serde_json::json;

use crate::advice;
use crate::columns;
use crate::exit::Done;
use crate::flags::SubjectArgs;
use crate::terminal::{self, Bars};
use crate::words::{self, number};

pub type EvalArgs = SubjectArgs;

/// The number of samples that go through the network at a time.
const BATCH: usize = 256;

pub fn run(args: &EvalArgs) -> Result<Done> {
    let mut subject = args.open(&[Part::Whole], &Bars::new(args.output.quiet))?;
    if args.data.is_none() {
        subject.keep_trained_classes();
    }
    let source = Source::new(&subject.samples);
    let measured = evaluate(subject.model.network(), subject.model.weights(), &source, BATCH)?;
    let loss = subject.model.network().loss();
    let train = Source::new(subject.train.as_ref().unwrap_or(&subject.samples));
    let yardsticks = yardsticks(&train, &source, subject.model.network())?;
    let features = subject.model.spec().features();
    let code = code::measure(&subject.model, &subject.samples)?;
    let told = match subject.model.spec().table.is_some() {
        true => report::measure(&subject.model, &subject.samples, &subject.samples.numbers())?,
        false => Vec::new(),
    };
    if args.output.json {
        let [per_value, per_sample] = loss.per_value_and_sample(measured.terms[0].1, features);
        let object = json!({
            "loss": words::loss_of(subject.model.network()),
            "value": measured.loss,
            "terms": words::json_terms(&measured.terms),
            "reduction": loss.reduction,
            "reconstruction_per_value": per_value,
            "reconstruction_per_sample": per_sample,
            "samples": source.len(),
            "values_outside_0_to_1": outside(loss.kind, subject.model.spec().encoding(), &subject.samples),
            "least_possible": yardsticks.least,
            "mean_sample": yardsticks.mean_sample,
            "code": advice::json_of_code(&subject.model, &code, &subject.samples),
            "columns": columns::told_json(&told),
        });
        terminal::result(&object.to_string())?;
        return Ok(Done::Whole);
    }
    let (value, terms) = (number(measured.loss), words::terms(&measured.terms, words::beta(subject.model.spec())));
    terminal::result(&format!("{} {value}{terms} over {}", words::loss_of(subject.model.network()), subject.origin))?;
    terminal::result(&words::reconstruction(subject.model.network(), &measured.terms))?;
    let (least, mean) = (number(yardsticks.least), number(yardsticks.mean_sample));
    terminal::result(&format!("least possible {least}, mean sample {mean}"))?;
    if !told.is_empty() {
        terminal::result(&columns::told(&told, surprise::hides(&subject.model)))?;
    }
    if let Some(note) = advice::of_code(&subject.model, &code, &subject.samples) {
        terminal::result(&note)?;
    }
    Ok(Done::Whole)
}
