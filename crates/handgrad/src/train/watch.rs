//! What happens while a network trains.

use std::ops::ControlFlow;
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
    failure: Option<anyhow::Error>,
}

impl<'a> Watch<'a> {
    /// Of a run that sees so many samples, `seen` of them before now.
    pub fn new(
        folder: &'a RunFolder,
        plan: &'a Plan,
        yardsticks: &'a Yardsticks,
        [seen, samples]: [usize; 2],
        quiet: bool,
    ) -> Self {
        let bar = show::sample_bar(samples, quiet);
        bar.set_position(seen as u64);
        bar.reset_eta();
        Self { folder, plan, yardsticks, bar, quiet, failure: None }
    }

    /// Takes note, and says whether to go on.
    pub fn on(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Step { epoch, samples, loss, samples_per_epoch } => {
                self.bar.set_prefix(format!("epoch {epoch}/{}", self.plan.epochs));
                self.bar.set_position((epoch - 1).saturating_mul(samples_per_epoch).saturating_add(samples) as u64);
                let rate = handgrad_dataset::thousands(self.bar.per_sec() as usize);
                self.bar.set_message(format!("loss {}  {rate} images/s", show::number(loss)));
            }
            Event::Epoch(record) => {
                if !self.quiet {
                    let line = show::epoch_line(record, self.plan, self.yardsticks);
                    self.bar.suspend(|| show::note(&line));
                }
                if let Err(error) = self.folder.add_metrics(record) {
                    self.failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        if self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Is the training to stop before its end?
    pub fn is_stopped(&self) -> bool {
        self.failure.is_some() || STOP.load(Ordering::Relaxed)
    }

    /// Why the training was broken off, if `metrics.csv` was why.
    pub fn finish(self) -> Option<anyhow::Error> {
        self.bar.finish_and_clear();
        self.failure
    }
}
