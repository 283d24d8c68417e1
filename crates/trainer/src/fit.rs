//! Training over several epochs.

use std::ops::ControlFlow;
use std::time::Instant;

use handgrad_dataset::thousands;
use handgrad_layers::{ParamRole, Scalar};

use crate::engine::name_of;
use crate::schedule::Schedule;
use crate::{Error, Evaluation, Place, Source, State, Trainer, check, shuffled};

/// The plan of a training: its number of epochs, the learning-rate schedule and early stopping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Number of epochs. Every sample is used once in each epoch.
    pub epochs: usize,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// Early stopping: the number of epochs without a new lowest validation loss, at least 1, after which the
    /// training stops. If it is set, the trainer always ends with the weights of the best epoch instead of those of
    /// the last one.
    pub early_stopping: Option<usize>,
}

impl Default for Plan {
    /// One epoch with the learning rate of the optimiser.
    fn default() -> Self {
        Self { epochs: 1, schedule: Schedule::Constant, early_stopping: None }
    }
}

/// The results of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// The number of the epoch, counted from 1 over all trainings of the same trainer.
    pub epoch: usize,
    /// The learning rate of its steps.
    pub learning_rate: f64,
    /// The mean training loss over the samples of the epoch. The loss of a sample is computed just before the step
    /// that uses it.
    pub train_loss: f64,
    /// The terms of this loss with their names, first the reconstruction. Their sum is the loss.
    pub train_terms: Vec<(&'static str, f64)>,
    /// The mean loss over the validation samples after the epoch.
    pub validation_loss: f64,
    /// The terms of the validation loss with their names, first the reconstruction. Their sum is the loss.
    pub validation_terms: Vec<(&'static str, f64)>,
    /// Time of the epoch's steps in seconds, without the evaluation.
    pub seconds: f64,
    /// Number of training samples per second of that time. 0 if the clock has not advanced.
    pub samples_per_second: f64,
}

/// An event during training. T is the type of the weights.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a, T = f32> {
    /// A step has finished.
    Step {
        /// The number of the epoch, counted from 1 over all trainings of the same trainer.
        epoch: usize,
        /// Number of samples used so far in this epoch.
        samples: usize,
        /// Number of samples of an epoch.
        samples_per_epoch: usize,
        /// Mean loss over these samples.
        loss: f64,
    },
    /// An epoch has finished.
    Epoch {
        /// Its results.
        record: &'a EpochRecord,
        /// The weights after its last step.
        theta: &'a [T],
    },
}

/// The result of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The records of the finished epochs.
    pub epochs: Vec<EpochRecord>,
    /// Whether `on_event` stopped the training.
    pub stopped: bool,
    /// With early stopping, the epoch whose weights the trainer has now, if an epoch has finished.
    pub best_epoch: Option<usize>,
}

/// A rate, or 0 if the clock has not advanced: a rate that was not measured must not look like a very large one.
fn per_second(samples: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { samples / seconds } else { 0.0 }
}

impl EpochRecord {
    /// Returns the reconstruction term of the validation loss, without penalties.
    #[must_use]
    pub fn reconstruction(&self) -> f64 {
        self.validation_terms.first().map_or(self.validation_loss, |term| term.1)
    }
}

impl Outcome {
    /// Returns the epoch whose losses the training reports: with early stopping the best epoch, whose weights are
    /// kept, otherwise the last finished epoch. If the training was stopped within an epoch, the weights are some
    /// steps ahead of this record.
    #[must_use]
    pub fn kept(&self) -> Option<&EpochRecord> {
        match self.best_epoch {
            Some(best) => self.epochs.iter().find(|record| record.epoch == best),
            None => self.epochs.last(),
        }
    }

    /// Returns the number of training samples per second over all finished epochs, or None if no epoch has
    /// finished or the clock has not advanced.
    #[must_use]
    pub fn samples_per_second(&self) -> Option<f64> {
        let seconds: f64 = self.epochs.iter().map(|record| record.seconds).sum();
        let samples: f64 = self.epochs.iter().map(|record| record.seconds * record.samples_per_second).sum();
        self.epochs.last().map(|_| per_second(samples, seconds)).filter(|&rate| rate > 0.0)
    }
}

/// A training has diverged if the loss of a batch is larger than this factor times the loss of the first batch, and
/// also larger than this factor times the loss of an untrained network on the same samples. (A reference loss below 1
/// counts as 1.) Without the second comparison, one outlier among normal samples would look like a divergence.
const LARGEST_LOSS: f64 = 1e3;
/// The training has also diverged if a weight is larger than this. Normal weights are of the order of 1, independent
/// of the scale of the data.
const LARGEST_WEIGHT: f64 = 1e4;

/// Trains the network. `on_event` is called after every step and every epoch, and returns whether to continue.
///
/// A second call continues where the first call ended: with its weights, its running values of the optimiser and the
/// number of the next epoch. Because of the new epoch numbers, the order of the samples and the noise differ from
/// those of all epochs before. The schedule restarts with the learning rate of the optimiser.
///
/// With early stopping, the trainer has the weights of the best epoch at the end. This is also true after an error:
/// if the training diverges, the best weights until then are not lost. The running values of the optimiser are always
/// those of the last step. After a divergence they are useless: to train the weights further, create a new trainer
/// with them.
///
/// # Errors
/// If the samples do not fit the network or have values that are not finite, or the training diverges.
pub fn fit<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    on_event: &mut (dyn FnMut(Event<T>) -> ControlFlow<()> + Send),
) -> Result<Outcome, Error> {
    let mut state = State::new(trainer);
    let reached_end = go_on(trainer, train, validation, plan, &mut state, on_event);
    if let Some(best) = &state.best {
        trainer.set_theta(&best.theta)?;
    }
    let stopped = !reached_end?;
    Ok(Outcome { epochs: state.records, stopped, best_epoch: state.best.map(|best| best.epoch) })
}

/// Continues a training from the state of `state` and of the trainer to the end of the plan. At the end the trainer
/// has the weights of the last step, and `state` has those of the best epoch. Returns true if the end was reached,
/// and false if `on_event` stopped the training. A training that was stopped after any step and continued gives the
/// same bits as one without a stop.
///
/// # Errors
/// As [`fit`], or if no training can reach such a state.
pub fn go_on<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    state: &mut State<T>,
    on_event: &mut (dyn FnMut(Event<T>) -> ControlFlow<()> + Send),
) -> Result<bool, Error> {
    check_all(trainer, train, validation, state)?;
    let mut order = vec![0; train.len()];
    while !state.is_over(plan) {
        if run_epoch(trainer, train, validation, plan, state, &mut order, on_event)?.is_break() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses samples that cannot be used for training, and a place in the epoch that is not possible with them.
pub(crate) fn check_all<T: Scalar>(
    trainer: &Trainer<T>,
    train: &Source,
    validation: &Source,
    state: &State<T>,
) -> Result<(), Error> {
    check::set(trainer.network(), train, "training")?;
    check::set(trainer.network(), validation, "validation")?;
    check_place(&state.place, train.len(), trainer.batch_size())
}

/// Trains one epoch, or the rest of it. Returns whether to continue.
pub(crate) fn run_epoch<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    state: &mut State<T>,
    order: &mut [u32],
    on_event: &mut (dyn FnMut(Event<T>) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, Error> {
    let epoch = state.epoch();
    trainer.set_place(epoch - 1, state.place.samples, state.rate.now);
    shuffled(trainer.training().seed, epoch as u64, order);
    let (start, seconds) = (Instant::now(), state.place.seconds);
    let all_steps = steps(trainer, train, order, state, on_event);
    state.place.seconds = seconds + start.elapsed().as_secs_f64();
    if all_steps?.is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let record = record(trainer, validation, state)?;
    trainer.set_place(epoch, 0, state.rate.now);
    let flow = on_event(Event::Epoch { record: &record, theta: trainer.theta() });
    state.add(record, plan, trainer.theta());
    Ok(flow)
}

/// Refuses a place that is not possible in an epoch of `all` samples, where only the last batch may be smaller.
fn check_place(place: &Place, all: usize, batch: usize) -> Result<(), Error> {
    let Place { steps, samples, .. } = *place;
    match samples == all || samples < all && samples % batch == 0 {
        true if steps == samples.div_ceil(batch) => Ok(()),
        _ => Err(Error::NoSuchPlace { steps, samples, all, batch }),
    }
}

/// Runs the remaining steps of an epoch. Returns whether to continue.
fn steps<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    order: &[u32],
    state: &mut State<T>,
    on_event: &mut (dyn FnMut(Event<T>) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, Error> {
    state.place.term_sums.resize(trainer.terms().len(), 0.0);
    let batches = order.chunks(trainer.batch_size()).skip(state.place.steps);
    let mut result = Ok(ControlFlow::Continue(()));
    trainer.run_steps(train, batches, |trainer, samples, loss| {
        result = add_step(trainer, train, samples, loss, state).map(|()| {
            let Place { samples, loss_sum, .. } = state.place;
            let (epoch, loss) = (state.epoch(), loss_sum / samples as f64);
            on_event(Event::Step { epoch, samples, samples_per_epoch: order.len(), loss })
        });
        *result.as_ref().unwrap_or(&ControlFlow::Break(()))
    });
    result
}

/// Adds the result of a step to the state.
///
/// # Errors
/// If the training has diverged.
fn add_step<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    samples: &[u32],
    loss: f64,
    state: &mut State<T>,
) -> Result<(), Error> {
    let (epoch, place) = (state.epoch(), &mut state.place);
    let step = place.steps + 1;
    let first = *state.first_loss.get_or_insert(loss);
    if !first.is_finite() {
        let (batch, layer) = (in_words(samples), trainer.engine.blame(&trainer.network, samples));
        return Err(Error::FirstLossNotFinite { loss, batch, layer, penalty: infinite_penalty(trainer) });
    }
    if !loss.is_finite() {
        let (batch, layer) = (in_words(samples), trainer.engine.blame(&trainer.network, samples));
        if !trainer.untrained_loss(train, samples).is_finite() {
            // The samples themselves are too large, and not what was learnt.
            return Err(Error::FirstLossNotFinite { loss, batch, layer, penalty: infinite_penalty(trainer) });
        }
        return Err(Error::Diverged { epoch, step, batch, layer, loss, first, untrained: None });
    }
    if loss > LARGEST_LOSS * first.max(1.0) {
        let untrained = trainer.untrained_loss(train, samples);
        if untrained.is_finite() && loss > LARGEST_LOSS * untrained.max(1.0) {
            let (batch, untrained) = (in_words(samples), Some(untrained));
            return Err(Error::Diverged { epoch, step, batch, layer: None, loss, first, untrained });
        }
    }
    if !trainer.is_finite() {
        check_weights(trainer, epoch, step, in_words(samples), f64::MAX)?;
    }
    place.steps = step;
    place.samples += samples.len();
    place.loss_sum += loss * samples.len() as f64;
    place.term_sums.iter_mut().zip(trainer.terms()).for_each(|(sum, term)| *sum += term * samples.len() as f64);
    Ok(())
}

/// Returns the name of the penalty of the last step that is not finite, if the reconstruction term is finite.
fn infinite_penalty<T: Scalar>(trainer: &Trainer<T>) -> Option<String> {
    let (reconstruction, penalties) = trainer.terms().split_first()?;
    let names = trainer.network().term_names().into_iter().skip(1);
    let (name, _) = names.zip(penalties).find(|(_, penalty)| !penalty.is_finite())?;
    reconstruction.is_finite().then(|| name.to_string())
}

/// Returns the record of an epoch after its last step.
fn record<T: Scalar>(trainer: &mut Trainer<T>, validation: &Source, state: &State<T>) -> Result<EpochRecord, Error> {
    let (epoch, place) = (state.epoch(), &state.place);
    let Evaluation { loss: validation_loss, terms: validation_terms } = trainer.measure(validation);
    if !validation_loss.is_finite() {
        let (first, layer) = (state.first_loss.unwrap_or(f64::NAN), trainer.blame_on(validation));
        let (step, batch, loss) = (place.steps, "the validation samples".into(), validation_loss);
        return Err(Error::Diverged { epoch, step, batch, layer, loss, first, untrained: None });
    }
    check_weights(trainer, epoch, place.steps, "the last batch of the epoch".into(), LARGEST_WEIGHT)?;
    let (samples, names) = (place.samples as f64, trainer.network().term_names().into_iter());
    Ok(EpochRecord {
        epoch,
        learning_rate: state.rate.now,
        train_loss: place.loss_sum / samples,
        train_terms: names.zip(place.term_sums.iter().map(|sum| sum / samples)).collect(),
        validation_loss,
        validation_terms,
        seconds: place.seconds,
        samples_per_second: per_second(samples, place.seconds),
    })
}

/// Refuses parameters that are not finite, and weights above `largest`.
fn check_weights<T: Scalar>(
    trainer: &Trainer<T>,
    epoch: usize,
    step: usize,
    batch: String,
    largest: f64,
) -> Result<(), Error> {
    for param in trainer.network().params() {
        let weights = matches!(param.spec.role, ParamRole::Weight { .. });
        let mut values = trainer.theta()[param.range.clone()].iter().map(|value| value.to_f64());
        if let Some(value) = values.find(|value| !value.is_finite() || (weights && value.abs() > largest)) {
            let layer = name_of(trainer.network(), param.layer);
            return Err(Error::WeightOutOfRange { epoch, step, batch, layer, value });
        }
    }
    Ok(())
}

/// Describes a batch for messages: its number of samples, and its first samples.
fn in_words(samples: &[u32]) -> String {
    const SHOWN: usize = 4;
    if let [sample] = samples {
        return format!("the batch of sample {sample} alone (numbered from 0)");
    }
    let first: Vec<_> = samples.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if samples.len() > SHOWN { ", …" } else { "" };
    format!("the batch of samples {}{more} ({} of them, numbered from 0)", first.join(", "), thousands(samples.len()))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, per_second};

    /// A clock of low resolution, or one that was set back, may say that no time has passed.
    #[test]
    fn no_time_is_no_rate() {
        assert_eq!((per_second(300.0, 0.0), per_second(300.0, -1.0), per_second(300.0, 2.0)), (0.0, 0.0, 150.0));
        let nothing = Outcome { epochs: Vec::new(), stopped: false, best_epoch: None };
        assert_eq!(nothing.samples_per_second(), None);
    }
}
