//! # The checkpoint file: everything that a run needs to continue with the same bits
//!
//! ```text
//! safetensors │ SHA-256 of all bytes before it, 32 of them
//! ```
//!
//! The hash is checked first: a file in which a single bit has changed or whose end is missing is refused.
//!
//! | tensor | |
//! | --- | --- |
//! | `theta` | F32: the weights after the last step, in the order of the network's parameters |
//! | `slot0`, `slot1` | F32: the optimiser's running values, Adam's m and v or the velocity; empty if not used |
//! | `best` | F32: with early stopping, the weights of the best epoch |
//! | `records` | F64, one row per epoch: learning rate, both losses, seconds, samples per second, terms of the losses |
//!
//! The file's metadata has one entry, `handgrad-checkpoint`, in TOML: the number of the format, the number of steps,
//! the place in the epoch, the state of the schedule and of early stopping, and the text of the writer about its run.
//! Everything is little endian.
//!
//! | format | |
//! | --- | --- |
//! | 1 | the first training of a trainer |
//! | 2 | also a later training of a trainer: `epochs_before` is the number of epochs before it |
//!
//! A file has the lowest format that supports its content.

use std::collections::HashMap;

use handgrad_dataset::count;
use handgrad_models::file::header::{self, check_toml, one_line};
use safetensors::tensor::{Dtype, Metadata, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Best, EpochRecord, Place, Plan, Rate, State, Trainer};

/// The format of the first training of a trainer.
const FIRST_TRAINING: u64 = 1;
/// The newest format.
const NEWEST: u64 = 2;
/// The key in the file's metadata.
const KEY: &str = "handgrad-checkpoint";
/// Number of bytes of the SHA-256 at the end.
const HASH: usize = 32;
/// The names of its tensors. A file has exactly these.
const TENSORS: [&str; 5] = ["theta", "slot0", "slot1", "best", "records"];
/// Number of values in the record of an epoch before its terms.
const BEFORE_TERMS: usize = 5;

/// The complete state of a training between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// A text of the writer about its run: the things that must be the same when the run continues.
    pub about: String,
    /// The weights.
    pub theta: Vec<f32>,
    /// The optimiser's running values.
    pub slots: [Vec<f32>; 2],
    /// Number of steps so far.
    pub steps: u64,
    /// The rest of the state.
    pub state: State<f32>,
}

/// The reason why a training cannot continue from a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is not as it was written.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(String),
    /// The file was written by a newer version.
    #[error("the checkpoint has format {found}, but this handgrad reads formats up to {newest}: use a newer handgrad")]
    TooNew {
        /// The format of the file.
        found: u64,
        /// The newest format that this version can read.
        newest: u64,
    },
    /// The checkpoint belongs to a different network or optimiser.
    #[error("the checkpoint belongs to a different training: it has {found} {what}, where {expected} were expected")]
    Misfit {
        /// The things whose number differs.
        what: &'static str,
        /// Their number in the checkpoint.
        found: usize,
        /// The expected number.
        expected: usize,
    },
}

/// The content of the entry in the metadata.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u64,
    steps: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    epochs_before: usize,
    epochs: usize,
    terms: usize,
    first_loss: Option<f64>,
    best_epoch: Option<usize>,
    best_loss: Option<f64>,
    about: String,
    place: Place,
    rate: Rate,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Checkpoint {
    /// Returns the checkpoint of a training that pauses after a step.
    #[must_use]
    pub fn of(trainer: &Trainer<f32>, state: &State<f32>, about: &str) -> Self {
        let slots = trainer.slots().map(<[f32]>::to_vec);
        let (theta, steps) = (trainer.theta().to_vec(), trainer.steps());
        Self { about: about.into(), theta, slots, steps, state: state.clone() }
    }

    /// Returns the largest number of bytes that a checkpoint file of this training can have.
    #[must_use]
    pub fn most_bytes(trainer: &Trainer<f32>, plan: &Plan) -> u64 {
        let copies = 2 + trainer.slots().iter().filter(|slot| !slot.is_empty()).count();
        let weights = trainer.theta().len().saturating_mul(copies * size_of::<f32>());
        let record = (BEFORE_TERMS + 2 * trainer.terms().len()) * size_of::<f64>();
        weights
            .saturating_add(plan.epochs.saturating_mul(record))
            .saturating_add(header::LONGEST_PLAIN as usize + 8 + HASH) as u64
    }

    /// Restores the weights, the running values and the number of steps in a new trainer of the same run. Returns the
    /// state from which the training continues.
    ///
    /// # Errors
    /// If the trainer has a different network or optimiser.
    pub fn restore(self, trainer: &mut Trainer<f32>) -> Result<State<f32>, Error> {
        let fits = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(Error::Misfit { what, found, expected }),
        };
        fits("weights", self.theta.len(), trainer.theta().len())?;
        for (slot, own) in self.slots.iter().zip(trainer.slots()) {
            fits("running values of the optimiser", slot.len(), own.len())?;
        }
        if let Some(best) = &self.state.best {
            fits("weights of the best epoch", best.theta.len(), trainer.theta().len())?;
        }
        let (Place { steps, samples, term_sums, .. }, batch) = (&self.state.place, trainer.batch_size());
        if *steps > 0 {
            fits("sums of a loss's terms", term_sums.len(), trainer.terms().len())?;
        }
        if *samples > steps.saturating_mul(batch)
            || *samples <= steps.saturating_sub(1).saturating_mul(batch) && *steps > 0
        {
            return Err(damaged(format!(
                "{} of batches of {batch} and {} do not agree",
                count(*steps, "step", "steps"),
                count(*samples, "sample", "samples")
            )));
        }
        let state = self.state;
        trainer.restore(&self.theta, self.slots.each_ref().map(Vec::as_slice), self.steps);
        trainer.set_place(state.epoch() - 1, state.place.samples, state.rate.now);
        Ok(state)
    }

    /// Encodes the checkpoint as the bytes of its file.
    ///
    /// # Errors
    /// If the training cannot be described in a file. No such training is known; please report it as a bug.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let State { epochs_before, records, place, first_loss, rate, best } = &self.state;
        let terms = records.first().map_or(0, |record| record.train_terms.len());
        let header = sensible(Header {
            format: if *epochs_before == 0 { FIRST_TRAINING } else { NEWEST },
            steps: self.steps,
            epochs_before: *epochs_before,
            epochs: records.len(),
            terms,
            first_loss: *first_loss,
            best_epoch: best.as_ref().map(|best| best.epoch),
            best_loss: best.as_ref().map(|best| best.loss),
            about: self.about.clone(),
            place: place.clone(),
            rate: *rate,
        })?;
        let written_by = concat!("# written by handgrad ", env!("CARGO_PKG_VERSION"));
        let header = format!("{written_by}\n{}", toml::to_string(&header).map_err(damaged)?);
        let best = best.as_ref().map_or(&[][..], |best| &best.theta);
        let floats = [&self.theta[..], &self.slots[0], &self.slots[1], best];
        let mut tensors: Vec<_> = floats.map(|values| (Dtype::F32, bytes_of(values, f32::to_le_bytes))).into();
        let records: Vec<f64> = records.iter().flat_map(values_of).collect();
        tensors.push((Dtype::F64, bytes_of(&records, f64::to_le_bytes)));
        let mut views = Vec::new();
        for (name, (dtype, bytes)) in TENSORS.iter().zip(&tensors) {
            let size = if *dtype == Dtype::F32 { size_of::<f32>() } else { size_of::<f64>() };
            views.push((*name, TensorView::new(*dtype, vec![bytes.len() / size], bytes).map_err(damaged)?));
        }
        check_len(&header)?;
        let metadata = HashMap::from([(KEY.to_string(), header)]);
        let mut bytes = safetensors::serialize(views, Some(metadata)).map_err(damaged)?;
        header::read(&bytes, header::LONGEST_PLAIN).map_err(Error::Damaged)?;
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        Ok(bytes)
    }

    /// Decodes a checkpoint from the bytes of its file. `names` are the terms of the training's loss.
    ///
    /// # Errors
    /// If a bit differs from what was written, the format is newer, or the loss has different terms.
    pub fn decode(bytes: &[u8], names: &[&'static str]) -> Result<Self, Error> {
        let (metadata, data) = header::read(checked(bytes)?, header::LONGEST_PLAIN).map_err(Error::Damaged)?;
        let header = header_of(&metadata)?;
        let held = metadata.offset_keys().len();
        if held != TENSORS.len() {
            return Err(damaged(format!(
                "it holds {}, where {} were expected",
                count(held, "tensor", "tensors"),
                TENSORS.len()
            )));
        }
        let tensor = |name: &str, dtype: Dtype| {
            let info = metadata.info(name).ok_or_else(|| damaged(format!("it has no tensor {name}")))?;
            let bytes = data.get(info.data_offsets.0..info.data_offsets.1).filter(|_| info.dtype == dtype);
            bytes.ok_or_else(|| damaged(format!("tensor {name} is of {:?}, where {dtype:?} was expected", info.dtype)))
        };
        let floats = |name: &str| {
            let (values, _) = tensor(name, Dtype::F32)?.as_chunks();
            Ok::<Vec<f32>, Error>(values.iter().copied().map(f32::from_le_bytes).collect())
        };
        if header.epochs > 0 && header.terms != names.len() {
            let (found, expected) = (header.terms, names.len());
            return Err(Error::Misfit { what: "terms of a loss", found, expected });
        }
        let (values, _) = tensor("records", Dtype::F64)?.as_chunks();
        let (found, width) = (values.len(), BEFORE_TERMS + 2 * names.len());
        if header.epochs.checked_mul(width) != Some(found) {
            let epochs = header.epochs;
            let (values, epochs) = (count(found, "value", "values"), count(epochs, "epoch", "epochs"));
            return Err(damaged(format!(
                "its records have {values} for {epochs}, where {width} for each were expected"
            )));
        }
        let values: Vec<f64> = values.iter().copied().map(f64::from_le_bytes).collect();
        let rows = values.chunks_exact(width).enumerate();
        let before = header.epochs_before;
        let records = rows.map(|(at, values)| record_of(before + at + 1, values, names)).collect();
        let best = match (header.best_epoch, header.best_loss) {
            (Some(epoch), Some(loss)) => Some(Best { epoch, loss, theta: floats("best")? }),
            _ if tensor("best", Dtype::F32)?.is_empty() => None,
            _ => return Err(damaged("it has weights of a best epoch, but no best epoch")),
        };
        let Header { about, steps, epochs_before, first_loss, place, rate, .. } = header;
        let (theta, slots) = (floats("theta")?, [floats("slot0")?, floats("slot1")?]);
        let state = State { epochs_before, records, place, first_loss, rate, best };
        Ok(Self { about, theta, slots, steps, state })
    }
}

/// Returns the text of the writer about its run, so that it can be compared before the rest is read.
///
/// # Errors
/// As [`Checkpoint::decode`].
pub fn about(bytes: &[u8]) -> Result<String, Error> {
    let (metadata, _) = header::read(checked(bytes)?, header::LONGEST_PLAIN).map_err(Error::Damaged)?;
    Ok(header_of(&metadata)?.about)
}

/// Checks the hash at the end, and returns the bytes before it.
fn checked(bytes: &[u8]) -> Result<&[u8], Error> {
    let (body, hash) = bytes.split_last_chunk::<HASH>().ok_or_else(|| {
        damaged(format!("it has {}, where at least {HASH} were expected", count(bytes.len(), "byte", "bytes")))
    })?;
    match Sha256::digest(body)[..] == hash[..] {
        true => Ok(body),
        false => Err(damaged("its SHA-256 differs from the one at its end: the file was cut off or changed")),
    }
}

fn header_of(metadata: &Metadata) -> Result<Header, Error> {
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or_else(|| damaged(format!("its metadata has no entry {KEY:?}")))?;
    // The format number is read first, without the rest: a newer format may have unknown entries.
    let format = text.lines().find_map(|line| line.strip_prefix("format = "));
    match format.and_then(|format| format.trim().parse().ok()) {
        Some(FIRST_TRAINING..=NEWEST) => {
            check_len(text)?;
            check_toml(text).map_err(damaged)?;
            toml::from_str(text).map_err(|error| damaged(one_line(error.message()))).and_then(sensible)
        }
        Some(found) if found > NEWEST => Err(Error::TooNew { found, newest: NEWEST }),
        _ => Err(damaged("its format number is missing or does not exist")),
    }
}

/// Refuses a description that is too long, both in writing and in reading.
fn check_len(text: &str) -> Result<(), Error> {
    let (found, most) = (text.len(), header::LONGEST_TEXT);
    match found > most {
        true => Err(damaged(format!("its description has {found} bytes, where at most {most} were expected"))),
        false => Ok(()),
    }
}

/// Refuses a state that no training can reach, although the hash is correct.
fn sensible(header: Header) -> Result<Header, Error> {
    let Header { steps, epochs_before, epochs, best_epoch, best_loss, place, .. } = &header;
    let Some(last) = epochs_before.checked_add(*epochs).filter(|last| *last < usize::MAX) else {
        return Err(damaged(format!("{} cannot follow {epochs_before} others", count(*epochs, "epoch", "epochs"))));
    };
    let is_an_epoch = |best: usize| *epochs_before < best && best <= last;
    if best_epoch.is_some() != best_loss.is_some() || best_epoch.is_some_and(|best| !is_an_epoch(best)) {
        let epochs = count(*epochs, "epoch", "epochs");
        let text = format!("the best of {epochs} is number {best_epoch:?}, with the loss {best_loss:?}");
        return Err(damaged(text));
    }
    let agree = |before: u64| match before.checked_div(*epochs as u64) {
        // The number of steps in the epochs before this training is unknown.
        _ if *epochs_before > 0 => true,
        // All finished epochs have the same number of steps, and the unfinished epoch does not have more.
        Some(each) => each > 0 && before.is_multiple_of(*epochs as u64) && place.steps as u64 <= each,
        None => before == 0,
    };
    if !steps.checked_sub(place.steps as u64).is_some_and(agree)
        || place.samples < place.steps
        || (place.samples > 0) != (place.steps > 0)
    {
        let Place { steps: done, samples, .. } = place;
        let (steps, epochs) =
            (count(usize::try_from(*steps).unwrap_or(usize::MAX), "step", "steps"), count(*epochs, "epoch", "epochs"));
        let (done, samples) = (count(*done, "step", "steps"), count(*samples, "sample", "samples"));
        let text = format!("{steps}, {epochs} and then {done} with {samples} do not agree");
        return Err(damaged(text));
    }
    Ok(header)
}

fn damaged(problem: impl ToString) -> Error {
    Error::Damaged(problem.to_string())
}

fn bytes_of<T: Copy, const N: usize>(values: &[T], to_bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut bytes = vec![0; values.len() * N];
    bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(bytes, &value)| *bytes = to_bytes(value));
    bytes
}

/// Returns a record as a row of the tensor.
fn values_of(record: &EpochRecord) -> impl Iterator<Item = f64> {
    let EpochRecord { learning_rate, train_loss, validation_loss, seconds, samples_per_second, .. } = *record;
    let terms = record.train_terms.iter().chain(&record.validation_terms).map(|term| term.1);
    [learning_rate, train_loss, validation_loss, seconds, samples_per_second].into_iter().chain(terms)
}

/// Returns the record for a row of the tensor.
fn record_of(epoch: usize, values: &[f64], names: &[&'static str]) -> EpochRecord {
    let (train, validation) = values[BEFORE_TERMS..].split_at(names.len());
    let named = |values: &[f64]| names.iter().copied().zip(values.iter().copied()).collect();
    EpochRecord {
        epoch,
        learning_rate: values[0],
        train_loss: values[1],
        validation_loss: values[2],
        seconds: values[3],
        samples_per_second: values[4],
        train_terms: named(train),
        validation_terms: named(validation),
    }
}
