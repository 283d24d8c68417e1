//! A training as part of a comparison: it has the settings of `handgrad train`, but writes no run folder.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use handgrad_dataset::{DataSet, Samples};
use handgrad_files::{Progress, Unit};
use handgrad_models::Model;
use handgrad_runs::{Config, Settings, prepare};
use handgrad_trainer::{EpochRecord, Event, Source, fit};
use ndarray::Array2;

use crate::Error;

/// Names and values of settings.
pub type Pairs = &'static [(&'static str, &'static str)];

/// Options of all trainings of a comparison.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The number of epochs instead of the usual number, for a quick look.
    pub epochs: Option<usize>,
    /// The folder of the named data sets, if it is not the usual one.
    pub data_dir: Option<&'a PathBuf>,
    /// Receives the progress of each training.
    pub progress: &'a dyn Progress,
}

/// A trained network, its history and its data.
pub struct Experiment {
    /// The trained network.
    pub model: Model,
    /// The data, in its own units.
    pub data: DataSet,
    /// The configuration of the training.
    pub config: Config,
    /// The records of the epochs; there is at least one.
    pub epochs: Vec<EpochRecord>,
    /// The duration of the training.
    pub seconds: f64,
}

impl Experiment {
    /// Trains as `handgrad train` does with these settings and this seed.
    ///
    /// # Errors
    /// If the settings are not valid, if the data cannot be loaded, or if the training fails.
    pub fn run(name: &str, settings: &[(&str, &str)], seed: u64, setup: &Setup) -> Result<Self, Error> {
        let mut given = Settings::of(settings)?;
        given.seed = Some(seed);
        given.data_dir = setup.data_dir.cloned();
        given.epochs = setup.epochs.or(given.epochs);
        let prepared = prepare(given, setup.progress)?;
        let (train, validation) = (Source::new(&prepared.data.train), Source::new(&prepared.data.validation));
        let plan = prepared.plan();
        let start = Instant::now();
        let mut trainer = prepared.trainer(train.len())?;
        let total = train.len() as u64 * plan.epochs as u64;
        setup.progress.start(&format!("{name}, seed {seed}"), Some(total), Unit::Samples);
        let mut seen = 0;
        let outcome = fit(&mut trainer, &train, &validation, &plan, &mut |event| {
            if let Event::Step { epoch, samples, samples_per_epoch, .. } = event {
                let now = ((epoch - 1) * samples_per_epoch + samples) as u64;
                setup.progress.advance(now - seen);
                seen = now;
            }
            ControlFlow::Continue(())
        });
        setup.progress.finish();
        let (epochs, seconds) = (outcome?.epochs, start.elapsed().as_secs_f64());
        let model = trainer.into_model()?;
        Ok(Self { model, data: prepared.data, config: prepared.config, epochs, seconds })
    }

    /// Returns the record of the last epoch: `fit` has finished at least one.
    #[must_use]
    pub fn last(&self) -> &EpochRecord {
        &self.epochs[self.epochs.len() - 1]
    }

    /// Returns the reconstruction part of the validation loss.
    #[must_use]
    pub fn reconstruction(&self) -> f64 {
        self.last().reconstruction()
    }

    /// Returns the codes of the validation samples.
    pub(crate) fn codes(&self) -> Result<Array2<f32>, Error> {
        Ok(self.model.encode(self.data.validation.to_floats().view())?)
    }

    /// Returns the reconstructions of the validation samples.
    pub(crate) fn reconstructions(&self) -> Result<Array2<f32>, Error> {
        Ok(self.model.reconstruct(self.data.validation.to_floats().view())?)
    }

    /// Returns the validation samples of all classes, also if only some classes were used for training.
    pub(crate) fn all_validation(&self) -> Result<Samples, Error> {
        let settings = self.config.settings();
        let data_dir = settings.data_dir.clone().unwrap_or_else(handgrad_runs::usual_data_dir);
        let what = settings.data.as_deref().unwrap_or_default();
        Ok(handgrad_dataset::load(what, &data_dir, &settings.layout(), &())
            .map_err(handgrad_runs::Error::from)?
            .validation)
    }
}

/// Returns (x − y)², summed over the values of a row and averaged over the rows.
#[must_use]
pub fn squared_error(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let sum: f64 = x.iter().zip(y).map(|(&x, &y)| f64::from(x - y).powi(2)).sum();
    sum / x.nrows() as f64
}
