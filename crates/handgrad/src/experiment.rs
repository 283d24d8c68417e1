//! One training as part of a comparison: the flags of `handgrad train`, without a run folder.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use handgrad_dataset::{DataSet, Samples};
use handgrad_trainer::{EpochRecord, Event, Source, Trainer, fit};
use ndarray::Array2;

use crate::args::{Args, Command, ExperimentArgs};
use crate::config::{Config, Settings};
use crate::{scale, show, subject, train};

/// A trained network, its history and its data.
pub struct Experiment {
    pub trainer: Trainer<f32>,
    /// At the scale of the network.
    pub data: DataSet,
    pub config: Config,
    pub epochs: Vec<EpochRecord>,
    pub seconds: f64,
}

impl Experiment {
    /// Trains as `handgrad train FLAGS --seed SEED` would.
    pub fn run(name: &str, flags: &str, seed: u64, args: &ExperimentArgs) -> Result<Self> {
        let given = Settings { seed: Some(seed), data_dir: args.place.data_dir.clone(), ..settings(flags)? };
        let mut config = Config::new(given, Settings::default())?;
        if let Some(epochs) = args.epochs {
            config.epochs = usize::from(epochs);
        }
        let progress = show::Download::new(args.output.quiet);
        let layout = config.settings().layout();
        let mut data = handgrad_dataset::load(&config.data, &config.data_dir, &layout, &progress)?;
        let scale = train::fit_to_data(&mut config, &mut data)?;
        let network = train::network(&config, &data, scale)?;
        let plan = config.plan();
        let start = Instant::now();
        let mut trainer = Trainer::new(network, &config.training(data.train.len()))?;
        let (train, validation) = (Source::new(&data.train), Source::new(&data.validation));
        let bar = show::sample_bar(train.len() * plan.epochs, args.output.quiet);
        bar.set_prefix(format!("{name}, seed {seed}"));
        let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |event| {
            match event {
                Event::Step { epoch, samples, samples_per_epoch, .. } => {
                    bar.set_position(((epoch - 1) * samples_per_epoch + samples) as u64);
                }
                Event::Epoch(record) => bar.set_message(format!("validation {}", show::number(record.validation_loss))),
            }
            ControlFlow::Continue(())
        });
        bar.finish_and_clear();
        let (epochs, seconds) = (outcome?.epochs, start.elapsed().as_secs_f64());
        // What is measured from here on compares samples with what the network gives, which is at its scale.
        scale::apply(&mut data.train, scale);
        scale::apply(&mut data.validation, scale);
        Ok(Self { trainer, data, config, epochs, seconds })
    }

    /// What the last epoch came to: `fit` has finished at least one.
    pub fn last(&self) -> &EpochRecord {
        &self.epochs[self.epochs.len() - 1]
    }

    /// The reconstruction's part of the validation loss.
    pub fn reconstruction(&self) -> f64 {
        let last = self.last();
        last.validation_terms.first().map_or(last.validation_loss, |term| term.1)
    }

    /// The codes of the validation samples.
    pub fn codes(&mut self) -> Result<Array2<f32>> {
        let samples = &self.data.validation;
        Ok(self.trainer.encode(&Source::new(samples), &subject::all(samples))?)
    }

    /// What becomes of the validation samples.
    pub fn reconstructions(&mut self) -> Result<Array2<f32>> {
        let samples = &self.data.validation;
        Ok(self.trainer.predict(&Source::new(samples), &subject::all(samples))?)
    }
}

/// The flags of `handgrad train` as settings.
fn settings(flags: &str) -> Result<Settings> {
    let words = ["handgrad", "train"].into_iter().chain(flags.split_whitespace());
    match Args::try_parse_from(words)?.command {
        Command::Train(args) => Ok(args.settings),
        _ => bail!("{flags}: not flags of train"),
    }
}

/// All samples as floats, one a row.
pub fn floats(samples: &Samples) -> Array2<f32> {
    subject::rows(samples, &subject::all(samples))
}

/// Mean over the rows of the sum over their values of (x − y)².
pub fn squared_error(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let sum: f64 = x.iter().zip(y).map(|(&x, &y)| f64::from(x - y).powi(2)).sum();
    sum / x.nrows() as f64
}
