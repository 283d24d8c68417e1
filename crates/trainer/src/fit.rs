//! Epoch after epoch.

use std::ops::ControlFlow;
use std::time::Instant;

use handgrad_dataset::thousands;
use handgrad_layers::{ParamRole, Scalar};

use crate::engine::name_of;
use crate::schedule::Schedule;
use crate::{Error, Evaluation, Place, Source, State, Trainer, check, shuffled};

/// How long to train, and what changes on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How many times every sample is seen.
    pub epochs: usize,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// To stop where so many epochs in a row, at least 1, have had no lower validation loss than one before them, and
    /// in any case to give back the weights of the best epoch instead of the last one's.
    pub early_stopping: Option<usize>,
}

impl Default for Plan {
    /// One epoch with the optimiser's own learning rate.
    fn default() -> Self {
        Self { epochs: 1, schedule: Schedule::Constant, early_stopping: None }
    }
}

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// Counted from 1, over all trainings of the same trainer.
    pub epoch: usize,
    /// Of its steps.
    pub learning_rate: f64,
    /// Mean over the epoch's samples, each one's loss just before it was learnt from.
    pub train_loss: f64,
    /// The terms of that loss with their names, the reconstruction first: they add up to it.
    pub train_terms: Vec<(&'static str, f64)>,
    /// Mean over the validation samples, after the epoch.
    pub validation_loss: f64,
    /// The terms of the validation loss with their names, the reconstruction first: they add up to it.
    pub validation_terms: Vec<(&'static str, f64)>,
    /// Time of the epoch's steps, evaluation not included.
    pub seconds: f64,
    /// Training samples per second of that time.
    pub samples_per_second: f64,
}

/// What happens while training.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step is done.
    Step {
        /// Counted from 1, over all trainings of the same trainer.
        epoch: usize,
        /// Samples seen in this epoch.
        samples: usize,
        /// Samples that an epoch has.
        samples_per_epoch: usize,
        /// Mean loss over these samples.
        loss: f64,
    },
    /// An epoch is done.
    Epoch(&'a EpochRecord),
}

/// What training came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The epochs that were finished.
    pub epochs: Vec<EpochRecord>,
    /// Did `on_event` ask to stop?
    pub stopped: bool,
    /// The epoch whose weights the trainer has now, where early stopping was asked for and there was one.
    pub best_epoch: Option<usize>,
}

impl EpochRecord {
    /// The reconstruction's part of the validation loss, without penalties.
    #[must_use]
    pub fn reconstruction(&self) -> f64 {
        self.validation_terms.first().map_or(self.validation_loss, |term| term.1)
    }
}

impl Outcome {
    /// The epoch whose losses the training reports: under early stopping the best one, whose weights are kept,
    /// otherwise the last one that was finished. A stop within an epoch leaves weights that are some steps further.
    #[must_use]
    pub fn kept(&self) -> Option<&EpochRecord> {
        match self.best_epoch {
            Some(best) => self.epochs.iter().find(|record| record.epoch == best),
            None => self.epochs.last(),
        }
    }

    /// Training samples per second, over all finished epochs; None where there is none.
    #[must_use]
    pub fn samples_per_second(&self) -> Option<f64> {
        let seconds: f64 = self.epochs.iter().map(|record| record.seconds).sum();
        let samples: f64 = self.epochs.iter().map(|record| record.seconds * record.samples_per_second).sum();
        self.epochs.last().map(|_| samples / seconds)
    }
}

/// A loss this many times the first one, or this many times 1 where that is more, is looked at more closely; training
/// has diverged if the loss is also this many times that of an untrained network on the same samples. Without the
/// second comparison one outlier among sound samples would look like a divergence.
const LARGEST_LOSS: f64 = 1e3;
/// And so does a weight of this size: a sound network's are about 1, whatever the scale of the data.
const LARGEST_WEIGHT: f64 = 1e4;

/// Trains. After every step and every epoch `on_event` is told, and says whether to go on.
///
/// A second call goes on where the first one ended: with the weights, the optimiser's running values and the number of
/// the next epoch, and so with an order of the samples and with noise that no epoch before had. The schedule begins
/// anew, from the optimiser's own learning rate.
///
/// Under early stopping the trainer has the weights of the best epoch afterwards. That is so after an error too: if the
/// training diverges, what it had learnt until then is not lost. The optimiser's running values are always those of the
/// last step. After a divergence they are useless: make a new trainer of the weights to train them further.
///
/// # Errors
/// If the samples do not fit the network or have values that are no finite numbers, or the training diverges.
pub fn fit<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    on_event: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
) -> Result<Outcome, Error> {
    let mut state = State::new(trainer);
    let reached_end = go_on(trainer, train, validation, plan, &mut state, on_event);
    if let Some(best) = &state.best {
        trainer.set_theta(&best.theta)?;
    }
    let stopped = !reached_end?;
    Ok(Outcome { epochs: state.records, stopped, best_epoch: state.best.map(|best| best.epoch) })
}

/// Trains from where `state` and the trainer are to the end of the plan, and leaves the last weights in the trainer.
/// The best ones are in the state. Says whether the end was reached; if not, `on_event` asked to stop. Going on from
/// there, after any step, gives the same bits as if nothing had happened.
///
/// # Errors
/// As [`fit`], or if no training comes to such a state.
pub fn go_on<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    state: &mut State<T>,
    on_event: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
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

/// Refuses samples that cannot be trained with, and a place that no training of them comes to.
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

/// One epoch, or what is left of it. Says whether to go on.
pub(crate) fn run_epoch<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    validation: &Source,
    plan: &Plan,
    state: &mut State<T>,
    order: &mut [u32],
    on_event: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
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
    let flow = on_event(Event::Epoch(&record));
    state.add(record, plan, trainer.theta());
    Ok(flow)
}

/// Refuses a place that no epoch of so many samples comes to: only its last batch may be smaller.
fn check_place(place: &Place, all: usize, batch: usize) -> Result<(), Error> {
    let Place { steps, samples, .. } = *place;
    match samples == all || samples < all && samples % batch == 0 {
        true if steps == samples.div_ceil(batch) => Ok(()),
        _ => Err(Error::NoSuchPlace { steps, samples, all, batch }),
    }
}

/// The steps of an epoch that are left. Says whether to go on.
fn steps<T: Scalar>(
    trainer: &mut Trainer<T>,
    train: &Source,
    order: &[u32],
    state: &mut State<T>,
    on_event: &mut (dyn FnMut(Event) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>, Error> {
    let (epoch, place) = (state.epoch(), &mut state.place);
    place.term_sums.resize(trainer.terms().len(), 0.0);
    for samples in order.chunks(trainer.batch_size()).skip(place.steps) {
        let step = place.steps + 1;
        let loss = trainer.step(train, samples);
        let first = *state.first_loss.get_or_insert(loss);
        if !first.is_finite() {
            let (batch, layer) = (in_words(samples), trainer.engine.blame(&trainer.network, samples));
            return Err(Error::FirstLossNotFinite { loss, batch, layer, penalty: infinite_penalty(trainer) });
        }
        if !loss.is_finite() {
            let (batch, layer) = (in_words(samples), trainer.engine.blame(&trainer.network, samples));
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
        let loss = place.loss_sum / place.samples as f64;
        let event = Event::Step { epoch, samples: place.samples, samples_per_epoch: order.len(), loss };
        if on_event(event).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The penalty of the last step that is not a finite number, where the reconstruction is one.
fn infinite_penalty<T: Scalar>(trainer: &Trainer<T>) -> Option<String> {
    let (reconstruction, penalties) = trainer.terms().split_first()?;
    let names = trainer.network().term_names().into_iter().skip(1);
    let (name, _) = names.zip(penalties).find(|(_, penalty)| !penalty.is_finite())?;
    reconstruction.is_finite().then(|| name.to_string())
}

/// What the epoch came to whose steps are done.
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
        samples_per_second: samples / place.seconds,
    })
}

/// Refuses parameters that are no numbers, and weights above `largest`.
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

/// A batch for people: how many samples, and which ones begin it.
fn in_words(samples: &[u32]) -> String {
    const SHOWN: usize = 4;
    if let [sample] = samples {
        return format!("the batch of sample {sample} alone (numbered from 0)");
    }
    let first: Vec<_> = samples.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if samples.len() > SHOWN { ", …" } else { "" };
    format!("the batch of samples {}{more} ({} of them, numbered from 0)", first.join(", "), thousands(samples.len()))
}
