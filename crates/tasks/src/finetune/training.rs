//! One training of a comparison: of a classifier, or of a layer that is pre-trained.

use std::ops::ControlFlow;

use handgrad_dataset::Samples;
use handgrad_layers::Optimizer;
use handgrad_layers::adam::Adam;
use handgrad_models::{Model, Network};
use handgrad_trainer::{EpochRecord, Event as Trained, Plan, Schedule, Source, Trainer, Training, fit};

use crate::Error;

/// A classifier is trained for at least this number of steps, however few its samples are.
pub const LEAST_STEPS: usize = 500;
/// The number of training samples on which the loss is measured after an epoch, for its record.
pub(super) const MEASURED: usize = 256;

/// The settings of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The number of epochs; with few samples it is larger: see [`epochs_for`].
    pub epochs: usize,
    /// The number of samples of a step.
    pub batch_size: usize,
    /// The learning rate of the first epoch. Adam is the optimiser.
    pub learning_rate: f64,
    /// The seed of the labelled samples, the new weights, the order of the samples, and of noise and dropout.
    pub seed: u64,
}

/// What happens during a comparison.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A training begins.
    Begins {
        /// What is trained, in words.
        what: &'a str,
        /// The number of samples of all its steps together.
        samples: usize,
    },
    /// A step is done.
    Step {
        /// The number of samples of all steps so far.
        samples: usize,
        /// The mean loss of this epoch so far.
        loss: f64,
    },
    /// An epoch is done.
    Epoch {
        /// Its record.
        record: &'a EpochRecord,
        /// The number of all epochs of this training.
        epochs: usize,
    },
}

/// Receives the events of a comparison, and says whether to continue.
pub type Observer<'a> = &'a mut (dyn FnMut(Event) -> ControlFlow<()> + Send);

/// Returns the number of epochs for a number of samples: as many as are asked for, or as many as make
/// [`LEAST_STEPS`] steps, if that is more.
///
/// ```
/// use handgrad_tasks::finetune::{Settings, epochs_for};
///
/// let settings = Settings { epochs: 30, batch_size: 100, learning_rate: 1e-3, seed: 0 };
/// assert_eq!(epochs_for(&settings, 60_000), 30);
/// // One step an epoch.
/// assert_eq!(epochs_for(&settings, 100), 500);
/// ```
#[must_use]
pub fn epochs_for(settings: &Settings, samples: usize) -> usize {
    let steps = samples.div_ceil(settings.batch_size.max(1)).max(1);
    settings.epochs.max(LEAST_STEPS.div_ceil(steps))
}

/// Trains a network on all samples of a source for a number of epochs, and returns the trainer with the weights of the
/// last step, and the record of the last epoch. `Break` says that the observer stopped it.
pub(super) fn run(
    mut trainer: Trainer<f32>,
    [train, measured]: [&Source; 2],
    plan: &Plan,
    what: &str,
    observer: Observer<'_>,
) -> Result<ControlFlow<(), (Trainer<f32>, EpochRecord)>, Error> {
    if observer(Event::Begins { what, samples: train.len().saturating_mul(plan.epochs) }).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let outcome = fit(&mut trainer, train, measured, plan, &mut |event| match event {
        Trained::Step { epoch, samples, samples_per_epoch, loss } => {
            observer(Event::Step { samples: (epoch - 1) * samples_per_epoch + samples, loss })
        }
        Trained::Epoch { record, .. } => observer(Event::Epoch { record, epochs: plan.epochs }),
    })?;
    Ok(match outcome.epochs.last().filter(|_| !outcome.stopped) {
        Some(last) => ControlFlow::Continue((trainer, last.clone())),
        None => ControlFlow::Break(()),
    })
}

/// The settings of the trainer.
pub(super) fn training_of(settings: &Settings, samples: usize, encoder_rate: f64) -> Training {
    let adam = Adam { learning_rate: settings.learning_rate, ..Adam::default() };
    Training {
        optimizer: Optimizer::Adam(adam),
        batch_size: settings.batch_size.min(samples.max(1)),
        seed: settings.seed,
        encoder_rate,
        ..Training::default()
    }
}

/// Trains a classifier from the weights `theta` on samples of these classes.
#[expect(clippy::too_many_arguments, reason = "a network, its samples, its settings, and who watches")]
pub(super) fn classifier(
    network: Network<f32>,
    theta: Vec<f32>,
    samples: &Samples,
    classes: &[u32],
    settings: &Settings,
    encoder_rate: f64,
    what: &str,
    observer: Observer<'_>,
) -> Result<ControlFlow<(), Model>, Error> {
    let trainer = Trainer::with_weights(network, theta, &training_of(settings, samples.len(), encoder_rate))?;
    let train = Source::new(samples).with_classes(classes)?;
    let few = samples.len().min(MEASURED);
    let measured = Source::part(samples, 0..few)?.with_classes(&classes[..few])?;
    let epochs = epochs_for(settings, samples.len());
    let plan = Plan { epochs, schedule: Schedule::Cosine { floor: 0.0 }, early_stopping: None };
    Ok(match run(trainer, [&train, &measured], &plan, what, observer)? {
        ControlFlow::Continue((trainer, _)) => ControlFlow::Continue(trainer.into_model()?),
        ControlFlow::Break(()) => ControlFlow::Break(()),
    })
}
