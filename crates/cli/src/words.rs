//! Losses and networks in words.

use handgrad_dataset::{sizes, thousands};
use handgrad_layers::{Loss, Output, Reduction, Scalar};
use handgrad_models::Network;
pub use handgrad_pictures::charts::number;
use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{EpochRecord, Plan, Schedule};
use serde_json::Value;

/// The table of a network's layers.
pub fn summary<T: Scalar>(network: &Network<T>) -> String {
    let last = network.layers().len() - 1;
    let mut rows = vec![["layer".to_string(), "output".into(), "parameters".into()]];
    for (at, layer) in network.layers().iter().enumerate() {
        let mut what = layer.describe();
        if at == last && network.output() != Output::Linear {
            // The last activation was moved into the loss; people look for it where the spec has it.
            what = format!("{}, {}", what.trim_end_matches(", linear"), network.output().name());
        }
        // Tied weights count where they are stored.
        let own = network.params().iter().filter(|param| param.layer == at).map(|param| param.range.len()).sum();
        rows.push([what, sizes(network.shape(at + 1)), thousands(own)]);
    }
    rows.push(["total".into(), String::new(), thousands(network.param_count())]);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    let line = |[a, b, c]: &[String; 3]| format!("  {a:first$}  {b:second$}  {c:>third$}\n");
    rows.iter().map(line).collect()
}

/// The line that follows an epoch: the losses beside their yardsticks, and the learning rate where it changes.
pub fn epoch_line(record: &EpochRecord, plan: &Plan, yardsticks: &Yardsticks) -> String {
    let epochs = plan.epochs;
    let width = epochs.to_string().len();
    let rate = match plan.schedule {
        Schedule::Constant => String::new(),
        _ => format!("  learning rate {:.3e}", record.learning_rate),
    };
    format!(
        "epoch {:>width$}/{epochs}  loss {}  validation {}{}  (least possible {}, mean image {}){rate}  \
         {:.2} s, {} images/s",
        record.epoch,
        number(record.train_loss),
        number(record.validation_loss),
        terms(&record.validation_terms),
        number(yardsticks.least),
        number(yardsticks.mean_sample),
        record.seconds,
        thousands(record.samples_per_second as usize),
    )
}

/// What a loss is made of, where that is more than the reconstruction: ` = reconstruction 81.2 + KL divergence 25.1`.
pub fn terms(terms: &[(&'static str, f64)]) -> String {
    match terms {
        [] | [_] => String::new(),
        terms => {
            let terms: Vec<_> = terms.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
            format!(" = {}", terms.join(" + "))
        }
    }
}

/// What a loss is made of, for programs.
pub fn json_terms(terms: &[(&'static str, f64)]) -> Value {
    terms.iter().map(|&(name, value)| (name.to_string(), Value::from(value))).collect()
}

/// The reconstruction both ways, and which of them the loss counts.
pub fn reconstruction(loss: Loss, terms: &[(&'static str, f64)], features: usize) -> String {
    let both = loss.per_value_and_sample(terms.first().map_or(f64::NAN, |term| term.1), features);
    let [per_value, per_sample] = both.map(number);
    let reduction = match loss.reduction {
        Reduction::Mean => "mean",
        Reduction::Sum => "sum",
    };
    let kind = loss.kind.in_words();
    format!(
        "reconstruction, {kind}: {per_value} per value, {per_sample} per sample; the loss takes the {reduction} over a \
         sample's values"
    )
}

/// Says how values outside of 0..1 were drawn; nothing where there are none.
pub fn drawn_from(range: Option<(f32, f32)>) -> Option<String> {
    range.map(|(low, high)| format!("drawn with {low} as black and {high} as white: not all values lie within 0..1"))
}
