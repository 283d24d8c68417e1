//! What happens while a network trains.

use std::sync::atomic::Ordering;

use handgrad_trainer::yardstick::Yardsticks;
use handgrad_trainer::{Event, Plan};
use indicatif::ProgressBar;

use super::STOP;
use crate::run_folder::RunFolder;
use crate::show;

/// Shows the progress and keeps `metrics.csv`.
pub struct Watch<'a> {
    folder: &'a RunFolder,
    plan: &'a Plan,
    yardsticks: &'a Yardsticks,
    bar: ProgressBar,
    quiet: bool,
    epochs_done: usize,
    failure: Option<anyhow::Error>,
}

impl<'a> Watch<'a> {
    pub fn new(folder: &'a RunFolder, plan: &'a Plan, yardsticks: &'a Yardsticks, samples: usize, quiet: bool) -> Self {
        let bar = show::sample_bar(samples.saturating_mul(plan.epochs), quiet);
        Self { folder, plan, yardsticks, bar, quiet, epochs_done: 0, failure: None }
    }

    /// Takes note, and says whether to go on.
    pub fn on(&mut self, event: Event) -> bool {
        match event {
            Event::Step { epoch, samples, loss, samples_per_epoch } => {
                self.bar.set_prefix(format!("epoch {epoch}/{}", self.plan.epochs));
                self.bar.set_position((epoch - 1).saturating_mul(samples_per_epoch).saturating_add(samples) as u64);
                let rate = handgrad_dataset::thousands(self.bar.per_sec() as usize);
                self.bar.set_message(format!("loss {}  {rate} images/s", show::number(loss)));
            }
            Event::Epoch(record) => {
                self.epochs_done = record.epoch;
                if !self.quiet {
                    let line = show::epoch_line(record, self.plan, self.yardsticks);
                    self.bar.suspend(|| show::note(&line));
                }
                if let Err(error) = self.folder.add_metrics(record) {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
        !STOP.load(Ordering::Relaxed)
    }

    /// Epochs that were finished, and why the training was broken off, if `metrics.csv` was why.
    pub fn finish(self) -> (usize, Option<anyhow::Error>) {
        self.bar.finish_and_clear();
        (self.epochs_done, self.failure)
    }
}
