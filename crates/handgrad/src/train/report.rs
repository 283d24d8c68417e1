//! What a run came to, on the standard output.

use anyhow::Result;
use handgrad_dataset::DataSet;
use handgrad_models::file;
use handgrad_trainer::{EpochRecord, Evaluation, Outcome, Plan, Trainer};
use serde_json::json;

use crate::args::TrainArgs;
use crate::config::Config;
use crate::eval;
use crate::run_folder::RunFolder;
use crate::show;

/// A run that has ended.
pub struct Finished<'a> {
    pub config: &'a Config,
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    pub trainer: &'a Trainer<f32>,
    pub outcome: &'a Outcome,
    /// On samples that training never saw, where validation took some of the training samples.
    pub test: Option<Evaluation>,
    /// Of this process, and of the training that others did before it.
    pub seconds: f64,
}

/// The epoch whose losses the run reports: under early stopping the best one, whose weights are kept, otherwise the last one
/// that was finished. A stop within an epoch leaves weights that are some steps further.
pub fn kept(outcome: &Outcome) -> Option<&EpochRecord> {
    match outcome.best_epoch {
        Some(best) => outcome.epochs.iter().find(|record| record.epoch == best),
        None => outcome.epochs.last(),
    }
}

impl Finished<'_> {
    pub fn report(&self, args: &TrainArgs, folder: &RunFolder) -> Result<()> {
        if args.output.json {
            return show::result(&self.json().to_string());
        }
        show::result(&self.text())?;
        let path = folder.path().display();
        match folder.written() {
            [] => show::result(&format!("{path}: all of it was there already, nothing was left to do"))?,
            written => show::result(&format!("wrote {path}: {}", written.join(", ")))?,
        }
        match self.outcome.stopped {
            true => show::result(&format!("go on with: handgrad train --resume {path}")),
            false => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        let Outcome { epochs, best_epoch, .. } = self.outcome;
        let kept = kept(self.outcome);
        let training: f64 = epochs.iter().map(|record| record.seconds).sum();
        let samples: f64 = epochs.iter().map(|record| record.seconds * record.samples_per_second).sum();
        let loss = self.trainer.network().loss();
        let features = self.trainer.network().spec().features();
        let both = kept.map(|record| loss.per_value_and_sample(record.validation_terms[0].1, features));
        json!({
            "preset": self.config.preset,
            "parameters": self.trainer.theta().len(),
            "epochs": epochs.len(),
            "best_epoch": best_epoch,
            "stopped": self.outcome.stopped,
            "steps": self.trainer.steps(),
            "loss": eval::loss_name(loss),
            "reduction": loss.reduction,
            "train_loss": kept.map(|record| record.train_loss),
            "train_terms": kept.map(|record| show::json_terms(&record.train_terms)),
            "val_loss": kept.map(|record| record.validation_loss),
            "val_terms": kept.map(|record| show::json_terms(&record.validation_terms)),
            "val_reconstruction_per_value": both.map(|both| both[0]),
            "val_reconstruction_per_sample": both.map(|both| both[1]),
            "test_loss": self.test.as_ref().map(|test| test.loss),
            "test_terms": self.test.as_ref().map(|test| show::json_terms(&test.terms)),
            "weights_sha256": file::weights_sha256(self.trainer.theta()),
            "seconds": self.seconds,
            "images_per_second": kept.map(|_| samples / training),
        })
    }

    fn text(&self) -> String {
        let Some(record) = kept(self.outcome) else {
            return format!("stopped within the first epoch, after {} steps", self.trainer.steps());
        };
        let epochs = self.outcome.epochs.len();
        let loss = self.trainer.network().loss();
        let features = self.trainer.network().spec().features();
        let mut text = format!("{epochs} epochs in {:.1} s: ", self.seconds);
        if let Some(best) = self.outcome.best_epoch {
            text += &match self.plan.early_stopping {
                Some(patience) if epochs < self.plan.epochs && !self.outcome.stopped => format!(
                    "stopped early, as {patience} in a row had no lower validation loss; kept are the weights of epoch {best}: "
                ),
                _ => format!("kept are the weights of epoch {best}, which had the lowest validation loss: "),
            };
        }
        if self.outcome.best_epoch.is_none() && self.outcome.stopped {
            let steps = self.trainer.steps();
            text += &format!("stopped after {steps} steps; what the last epoch that was finished came to: ");
        }
        text += &format!(
            "loss {}, validation {}{}\n{}",
            show::number(record.train_loss),
            show::number(record.validation_loss),
            show::terms(&record.validation_terms),
            eval::reconstruction(loss, &record.validation_terms, features),
        );
        if let Some(Evaluation { loss, terms }) = &self.test {
            let (value, terms) = (show::number(*loss), show::terms(terms));
            text += &format!("\ntest {value}{terms} over {}", self.data.validation_origin);
        }
        text
    }
}
