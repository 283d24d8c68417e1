//! What people see while a command runs: tables, bars and numbers. Progress goes to the standard error.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use handgrad_dataset::{sizes, thousands};
use handgrad_layers::{Output, Scalar};
use handgrad_models::Network;
use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{EpochRecord, Plan, Schedule};
use indicatif::{ProgressBar, ProgressStyle};

/// A line on the standard error. Nobody may be listening: that is no reason to stop.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A result, on the standard output. Whoever reads it may have seen enough; any other failure is one.
pub fn result(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the results cannot be written to the standard output; is its disk full?"),
    }
}

/// A value to five significant digits, as losses and scores are shown.
pub fn number(value: f64) -> String {
    let digits = 4 - value.abs().max(1e-12).log10().floor().clamp(-8.0, 4.0) as i32;
    format!("{value:.*}", usize::try_from(digits.clamp(0, 9)).unwrap_or(0))
}

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
pub fn json_terms(terms: &[(&'static str, f64)]) -> serde_json::Value {
    terms.iter().map(|&(name, value)| (name.to_string(), serde_json::Value::from(value))).collect()
}

/// A bar over samples, hidden where there is no terminal or no wish for one.
pub fn sample_bar(samples: usize, quiet: bool) -> ProgressBar {
    bar(samples as u64, quiet, "{prefix} {bar:30} {percent:>3} %  {msg}  {eta} left")
}

/// A bar over bytes.
pub fn byte_bar(bytes: u64) -> ProgressBar {
    bar(bytes, false, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")
}

fn bar(length: u64, quiet: bool, template: &str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Shows a download.
#[derive(Default)]
pub struct Download {
    bar: std::sync::Mutex<Option<ProgressBar>>,
    quiet: bool,
}

impl Download {
    pub fn new(quiet: bool) -> Self {
        Self { quiet, ..Self::default() }
    }

    fn with_bar(&self, f: impl FnOnce(&mut Option<ProgressBar>)) {
        // A panic elsewhere does not make the bar unusable.
        f(&mut self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl handgrad_files::Progress for Download {
    fn start(&self, what: &str, bytes: Option<u64>) {
        if !self.quiet {
            self.with_bar(|bar| {
                let new = byte_bar(bytes.unwrap_or(0));
                new.set_message(what.to_string());
                *bar = Some(new);
            });
        }
    }

    fn advance(&self, bytes: u64) {
        self.with_bar(|bar| bar.iter().for_each(|bar| bar.inc(bytes)));
    }

    fn finish(&self) {
        self.with_bar(|bar| bar.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}
