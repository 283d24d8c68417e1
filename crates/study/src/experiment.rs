//! One training as part of a comparison: the settings of `handgrad train`, without a run folder.

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

/// Settings by their names.
pub type Pairs = &'static [(&'static str, &'static str)];

/// How networks are trained to be compared.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// So many epochs instead of the usual number, for a quick look.
    pub epochs: Option<usize>,
    /// Where named data sets are kept, if not in the usual place.
    pub data_dir: Option<&'a PathBuf>,
    /// Told how far each training is.
    pub progress: &'a dyn Progress,
}

/// A trained network, its history and its data.
pub struct Experiment {
    /// The network, trained.
    pub model: Model,
    /// In its own units.
    pub data: DataSet,
    /// What was trained.
    pub config: Config,
    /// At least one.
    pub epochs: Vec<EpochRecord>,
    /// Of the training.
    pub seconds: f64,
}

impl Experiment {
    /// Trains as `handgrad train` with these settings and a seed would.
    ///
    /// # Errors
    /// If the settings make no sense, the data cannot be had, or the training goes wrong.
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

    /// What the last epoch came to: `fit` has finished at least one.
    #[must_use]
    pub fn last(&self) -> &EpochRecord {
        &self.epochs[self.epochs.len() - 1]
    }

    /// The reconstruction's part of the validation loss.
    #[must_use]
    pub fn reconstruction(&self) -> f64 {
        self.last().reconstruction()
    }

    /// The codes of the validation samples.
    pub(crate) fn codes(&self) -> Result<Array2<f32>, Error> {
        Ok(self.model.encode(self.data.validation.to_floats().view())?)
    }

    /// What becomes of the validation samples.
    pub(crate) fn reconstructions(&self) -> Result<Array2<f32>, Error> {
        Ok(self.model.reconstruct(self.data.validation.to_floats().view())?)
    }

    /// The validation samples of all classes, where some were trained on.
    pub(crate) fn all_validation(&self) -> Result<Samples, Error> {
        let settings = self.config.settings();
        let data_dir = settings.data_dir.clone().unwrap_or_else(handgrad_runs::usual_data_dir);
        let what = settings.data.as_deref().unwrap_or_default();
        Ok(handgrad_dataset::load(what, &data_dir, &settings.layout(), &())
            .map_err(handgrad_runs::Error::from)?
            .validation)
    }
}

/// Mean over the rows of the sum over their values of (x − y)².
#[must_use]
pub fn squared_error(x: &Array2<f32>, y: &Array2<f32>) -> f64 {
    let sum: f64 = x.iter().zip(y).map(|(&x, &y)| f64::from(x - y).powi(2)).sum();
    sum / x.nrows() as f64
}
