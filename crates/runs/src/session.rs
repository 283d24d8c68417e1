//! One training run: starts or continues it, reports its progress, and writes the results.

use handgrad_files::shown;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use handgrad_dataset::{DataSet, count, named};
use handgrad_files::Progress;
use handgrad_models::{Model, Network};
use handgrad_trainer::checkpoint::Checkpoint;
use handgrad_trainer::yardstick::{Yardsticks, yardsticks};
use handgrad_trainer::{EpochRecord, Evaluation, Event as Training, Outcome, Plan, State, Trainer, go_on};

use crate::checkpoints::Checkpoints;
use crate::folder::{COLUMNS, CURVES, LOSS_CHART, RECONSTRUCTIONS, RunFolder};
use crate::identity::{Identity, same_settings};
use crate::interval::Clock;
use crate::parts::{self, Parts};
use crate::prepared::check_bytes;
use crate::results::{loss_chart, reconstructions, surprises, with_residuals};
use crate::schema::{self, SCHEMA};
use crate::{Config, Error, Every, Prepared, Result, Settings, curves, data};

/// A function that receives notes for the user. It is called on any thread.
pub type Notes = Arc<dyn Fn(&str) + Send + Sync>;

/// A request to train a new run or to continue a run.
#[derive(Clone)]
pub struct Request {
    /// The given settings. The others have the values of the preset, or their defaults.
    pub given: Settings,
    /// The folder for a new run. `None` means `runs/PRESET-DATA`.
    pub out: Option<PathBuf>,
    /// The folder of the run to continue. `None` means a new run.
    pub resume: Option<PathBuf>,
    /// The interval between two checkpoints.
    pub every: Every,
    /// True if the user did not choose the data: then synthetic images replace images that cannot be downloaded.
    pub any_data: bool,
    /// Receives notes for the user.
    pub notes: Notes,
}

impl Default for Request {
    /// A new run of the default preset. Notes are ignored.
    fn default() -> Self {
        let (given, every) = (Settings::default(), Every::default());
        Self { given, out: None, resume: None, every, any_data: false, notes: Arc::new(|_| {}) }
    }
}

/// What happens while a run trains.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step is done.
    Step {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The number of samples in all steps of the run so far.
        seen: usize,
        /// The mean loss over the samples of this epoch so far.
        loss: f64,
    },
    /// An epoch is done, and its line is in `metrics.csv`.
    Epoch {
        /// Its results.
        record: &'a EpochRecord,
        /// The weights after its last step.
        theta: &'a [f32],
    },
}

/// A training that is ready to start: everything is checked, and its folder exists.
pub struct Run {
    prepared: Prepared,
    trainer: Trainer<f32>,
    state: State<f32>,
    folder: RunFolder,
    checkpoints: Checkpoints,
    identity: Identity,
    every: Every,
    resumed: bool,
}

/// A training that has ended.
pub struct Finished {
    /// The values of all settings that have an effect.
    pub config: Config,
    /// The data, not scaled.
    pub data: DataSet,
    /// The trained model.
    pub model: Model,
    /// The losses of every epoch, and how the training ended.
    pub outcome: Outcome,
    /// The number of steps in the whole run.
    pub steps: u64,
    /// With a validation split: the loss on the validation samples of the data set, which training did not use at all.
    pub test: Option<Evaluation>,
    /// Losses to compare with: the least possible loss, and the loss of the mean sample.
    pub yardsticks: Yardsticks,
    /// The training time in seconds, in this process and in earlier ones.
    pub seconds: f64,
    /// The run folder.
    pub folder: PathBuf,
    /// The names of the files that were written in it, in the order of writing.
    pub written: Vec<&'static str>,
}

impl Run {
    /// Checks everything, loads the data, and creates the run folder or opens the folder of the run to continue. If
    /// anything is wrong, no run is written.
    ///
    /// # Errors
    /// If the settings are not valid, if the data cannot be loaded, if there is not enough memory, or if the folder
    /// cannot be used.
    pub fn begin(request: &Request, progress: &dyn Progress) -> Result<Self> {
        let begun = request.resume.as_deref().map(RunFolder::open).transpose()?;
        let mut config = match &begun {
            None => Config::new(request.given.clone())?,
            Some((folder, settings)) => config_of(&request.given, settings, folder.path())?,
        };
        let data = load(&mut config, request, progress)?;
        let mut prepared = Prepared::of(config, data)?;
        prepared.spec.trained_on = data::trained_on(&prepared.config)?;
        let parts = Parts::new(&prepared.data, prepared.config.settings().validation_split)?;
        let differences = parts::differences(&prepared.data, prepared.config.settings());
        if !differences.is_empty() {
            (request.notes)(&format!(
                "note: the samples for training and those for validation differ: {}",
                differences.join("; ")
            ));
        }
        let training = prepared.config.training(parts.train.len());
        let plan = prepared.plan();
        check_memory(&Network::new(&prepared.spec)?, &prepared, &plan)?;
        let identity = Identity::of(&prepared);
        let mut trainer = Trainer::new(Network::new(&prepared.spec)?, &training)?;
        let resumed = begun.is_some();
        let mut folder = match begun {
            Some((folder, _)) => folder,
            None => {
                let name = format!("{}-{}", prepared.config.settings().preset(), prepared.data.name);
                RunFolder::create(request.out.as_deref(), &name, &prepared.config.stated(), trainer.network())?
            }
        };
        if let Some(table) = &prepared.spec.table {
            folder.write(SCHEMA, schema::text(table)?.as_bytes())?;
        }
        let mut checkpoints = Checkpoints::new(folder.checkpoints(), request.notes.clone());
        let mut state = State::new(&trainer);
        if resumed {
            match checkpoints.read(&trainer, &plan, |about| identity.check(about))? {
                Some(checkpoint) => state = checkpoint.restore(&mut trainer)?,
                None if folder.has_model() => {
                    return Err(Error::NothingToGoOnFrom { path: folder.path().to_path_buf() });
                }
                None => {}
            }
            folder.write_config(&prepared.config.stated())?;
            folder.write_metrics(trainer.network(), &state.records)?;
        }
        Ok(Self { prepared, trainer, state, folder, checkpoints, identity, every: request.every, resumed })
    }

    /// The configuration, the data, and the specification of the network.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network<f32> {
        self.trainer.network()
    }

    /// The folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The weights so far.
    #[must_use]
    pub fn theta(&self) -> &[f32] {
        self.trainer.theta()
    }

    /// The epochs that are finished already, if the run is continued.
    #[must_use]
    pub fn records(&self) -> &[EpochRecord] {
        &self.state.records
    }

    /// Describes the samples in words: which are used for training, and which are held out.
    ///
    /// # Errors
    /// As [`Run::begin`].
    pub fn about_data(&self) -> Result<String> {
        Ok(self.parts()?.about)
    }

    /// Computes losses to compare with: the least possible loss, and the loss of the mean sample.
    ///
    /// # Errors
    /// As [`Run::begin`].
    pub fn yardsticks(&self) -> Result<Yardsticks> {
        let parts = self.parts()?;
        Ok(yardsticks(&parts.train, &parts.validation, self.trainer.network())?)
    }

    /// The number of samples in all steps so far, and their number at the end of the run.
    ///
    /// # Errors
    /// As [`Run::begin`].
    pub fn samples(&self) -> Result<[usize; 2]> {
        let each = self.parts()?.train.len();
        let seen = self.state.records.len().saturating_mul(each).saturating_add(self.state.place.samples);
        Ok([seen, each.saturating_mul(self.prepared.plan().epochs)])
    }

    /// Says in words where a continued run continues. `None` for a new run.
    #[must_use]
    pub fn going_on(&self) -> Option<String> {
        self.resumed.then(|| match (self.state.is_over(&self.prepared.plan()), self.trainer.steps()) {
            (true, _) => "this run is finished: there is nothing left to train".into(),
            (false, 0) => "there is no checkpoint yet: the run starts from the beginning".into(),
            (false, steps) => {
                let steps = count(steps as usize, "step", "steps");
                format!("continuing in epoch {}, after {steps}", self.state.records.len() + 1)
            }
        })
    }

    fn parts(&self) -> Result<Parts<'_>> {
        Parts::new(&self.prepared.data, self.prepared.config.settings().validation_split)
    }

    /// Trains to the end, or until `observer` asks to stop, and writes the model, the losses and the pictures. In both
    /// cases, a checkpoint is written too. If the training diverges, the model gets the weights of the last checkpoint.
    ///
    /// # Errors
    /// If the training fails or diverges, or if a file cannot be written.
    pub fn train(mut self, observer: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send)) -> Result<Finished> {
        let (plan, yardsticks) = (self.prepared.plan(), self.yardsticks()?);
        let start = Instant::now();
        let before: f64 =
            self.state.records.iter().map(|record| record.seconds).sum::<f64>() + self.state.place.seconds;
        if let Err(error) = self.train_with_checkpoints(&plan, observer) {
            return Err(self.stopped_by(error, &plan));
        }
        let seconds = before + start.elapsed().as_secs_f64();

        let stopped = !self.state.is_over(&plan);
        let Self { prepared, mut trainer, state, mut folder, .. } = self;
        if let Some(best) = &state.best {
            trainer.set_theta(&best.theta)?;
        }
        let steps = trainer.steps();
        let outcome = Outcome { epochs: state.records, stopped, best_epoch: state.best.map(|best| best.epoch) };
        let test = {
            let parts = Parts::new(&prepared.data, prepared.config.settings().validation_split)?;
            parts.test.map(|test| trainer.evaluate(&test)).transpose()?
        };
        let mut model = trainer.into_model()?;
        if let Some(schema) = &prepared.data.table {
            model = with_residuals(model, &prepared.data.train, schema)?;
        }
        folder.write_model(&model)?;
        let Prepared { config, data, .. } = prepared;
        match &data.table {
            None if data.series.is_some() => folder.write(CURVES, curves::of_validation(&model, &data)?.as_bytes())?,
            None => folder.write(RECONSTRUCTIONS, &reconstructions(&model, &data, 10)?)?,
            Some(schema) => folder.write(COLUMNS, surprises(&model, &data, schema)?.as_bytes())?,
        }
        let title = format!("{} on {}", config.settings().preset(), data.name);
        if let Some(chart) = loss_chart(&title, &model, &outcome, &yardsticks) {
            folder.write(LOSS_CHART, chart.as_bytes())?;
        }
        let (path, written) = (folder.path().to_path_buf(), folder.written().to_vec());
        Ok(Finished { config, data, model, outcome, steps, test, yardsticks, seconds, folder: path, written })
    }

    /// Trains and writes checkpoints. Afterwards, the trainer has the last weights, and the last checkpoint is on disk.
    fn train_with_checkpoints(
        &mut self,
        plan: &Plan,
        observer: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
    ) -> Result<()> {
        let Self { prepared, trainer, state, folder, checkpoints, identity, every, .. } = self;
        let Parts { train, validation, .. } = Parts::new(&prepared.data, prepared.config.settings().validation_split)?;
        let mut clock = Clock::new(*every, trainer.steps());
        let about = identity.text()?;
        let (mut failure, mut is_stopped) = (None, false);
        loop {
            let mut on_event = |event: Training| {
                let told = match event {
                    Training::Step { epoch, samples, loss, samples_per_epoch } => {
                        let before = (epoch - 1).saturating_mul(samples_per_epoch);
                        observer(Event::Step { epoch, seen: before.saturating_add(samples), loss })
                    }
                    Training::Epoch { record, theta } => {
                        if let Err(error) = folder.add_metrics(record) {
                            failure = Some(error);
                        }
                        observer(Event::Epoch { record, theta })
                    }
                };
                is_stopped |= told.is_break() || failure.is_some();
                let is_due = clock.is_due(&event) || checkpoints.has_failed();
                if is_due || is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let reached_end = go_on(trainer, &train, &validation, plan, state, &mut on_event);
            if reached_end.is_err() {
                checkpoints.wait();
            }
            let over = reached_end? || is_stopped;
            checkpoints.write(|| Checkpoint::of(trainer, state, &about), over)?;
            if let Some(error) = failure {
                // The weights are also written as the model, so that they can be used.
                folder.write_weights(
                    trainer.network(),
                    state.best.as_ref().map_or(trainer.theta(), |best| &best.theta),
                )?;
                return Err(error);
            }
            if over {
                return Ok(());
            }
        }
    }

    /// Adds to the error of a training what was kept of the run. If the training diverged, also writes the weights of
    /// the last checkpoint as the model, or removes the folder of a new run without a checkpoint.
    fn stopped_by(mut self, error: Error, plan: &Plan) -> Error {
        let diverged = error.is_divergence();
        let Some(newest) = self.checkpoints.newest().map(shown) else {
            if diverged && self.state.records.is_empty() && !self.resumed {
                self.folder.discard();
            }
            return error;
        };
        let mut about = format!("the run stopped, and its last good checkpoint is kept, {newest}");
        if diverged {
            about += &match self.write_last_model(plan) {
                Ok(()) => ", and its weights were written as the model".into(),
                Err(error) => format!(", but the model was not written: {}", error.in_full()),
            };
        }
        Error::Stopped { about, source: Box::new(error) }
    }

    /// Writes the weights of the last checkpoint as the model. With early stopping, these are its best weights.
    fn write_last_model(&mut self, plan: &Plan) -> Result<()> {
        match self.checkpoints.read(&self.trainer, plan, |_| Ok(()))? {
            Some(last) => {
                let theta = last.state.best.as_ref().map_or(&last.theta, |best| &best.theta);
                self.folder.write_weights(self.trainer.network(), theta)
            }
            None => Ok(()),
        }
    }
}

/// Returns the configuration of a continued run: its own settings, and those that were given now.
fn config_of(given: &Settings, settings: &Settings, folder: &Path) -> Result<Config> {
    let whose = shown(folder);
    let all = given.clone().or(settings.clone());
    let config = Config::new(all.clone());
    if config.is_err() {
        // If given settings differ from those of the run, this is the more helpful error.
        same_settings(&all, settings, &whose)?;
    }
    let config = config?;
    same_settings(&config.stated(), &Config::new(settings.clone())?.stated(), &whose)?;
    Ok(config)
}

/// Loads the data. If the user did not choose it and it cannot be downloaded, uses synthetic images and notes this.
fn load(config: &mut Config, request: &Request, progress: &dyn Progress) -> Result<DataSet> {
    let what = config.settings().data.clone().unwrap_or_default();
    let images = named::find(&what).is_some_and(|set| !set.mirrors.is_empty());
    if let (Some(run), None, true) = (&request.resume, &request.given.data, data::is_stream(&what)) {
        return Err(Error::NoData { path: run.clone() });
    }
    match data::load(config, progress) {
        Err(Error::Data(error)) if request.any_data && images && error.is_unavailable() => {
            let folder = config.settings().data_dir.clone().unwrap_or_default().join(&what);
            config.settings_mut().data = Some("synthetic".into());
            (request.notes)(&format!(
                "note: {what} is not in {} and cannot be downloaded, so this run uses synthetic images instead; with a \
                 network, `handgrad data fetch {what}` downloads it",
                shown(&folder)
            ));
            data::load(config, progress)
        }
        Err(Error::Data(source)) if request.resume.is_some() && named::find(&what).is_none() => {
            Err(Error::DataMoved { source })
        }
        other => {
            if other.is_ok() && data::is_stream(&what) {
                let what = shown(&what);
                (request.notes)(&format!(
                    "note: {what} is not a file and can be read only once: to resume this run or to use its model, \
                     name the same data in a file"
                ));
            }
            other
        }
    }
}

/// Returns an error if there is not enough memory for the training. In addition to what every training needs, clipping
/// keeps the whole gradient, early stopping keeps the best weights, and writing a checkpoint needs three copies of its
/// content.
fn check_memory(network: &Network<f32>, prepared: &Prepared, plan: &Plan) -> Result<()> {
    let training = prepared.config.training(prepared.data.train.len());
    let best = usize::from(plan.early_stopping.is_some());
    let of_a_checkpoint = 1 + training.optimizer.slots() + best;
    let copies = usize::from(training.clip_norm.is_some()) + best + 3 * of_a_checkpoint;
    let more = network.param_count().saturating_mul(copies * size_of::<f32>());
    check_bytes(Trainer::memory_needed(network, &training).saturating_add(more))
}
