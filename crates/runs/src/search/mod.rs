//! Searches for good settings: trains each combination of the given values with several seeds, and measures all of them
//! in the same way on samples held out of the training samples.
//!
//! ```text
//! error       Σ (x − x̂)² / d, the mean over the held out samples      x as the network gets it, d values
//! of a combination: the mean over its seeds, ± their standard deviation
//! ```
//!
//! The error is the squared error whatever the loss, since values of different losses cannot be compared. The held out
//! samples of a seed are the same for all combinations. The validation samples of the data set take no part in this:
//! they are the test, and only the combination with the smallest error is measured on them, once.
//!
//! Slides: KERAS "Hyperparameters to Train an Autoencoder": code size, number of layers, number of nodes per layer, loss
//! function. Source of the successive halving: Jamieson & Talwalkar, "Non-stochastic best arm identification and
//! hyperparameter optimization", AISTATS 2016.

use std::ops::ControlFlow;

use handgrad_files::{Progress, Unit};
use handgrad_layers::LossKind;
use handgrad_models::Model;
use handgrad_tasks::CHUNK;
use handgrad_trainer::{Event, fit, shuffled};

use crate::parts::{Parts, kept};
use crate::settings::{Group, Setting, find};
use crate::{Config, Error, Result, Settings, prepare};

mod baseline;
mod table;

pub use baseline::{Baseline, baseline};
pub use table::{SEARCH, Table};

/// The part of the training samples that is held out if the settings do not say it.
const HELD_OUT: f64 = 0.1;
/// The most combinations of one search.
const MOST: usize = 10_000;

/// The name of a setting, and the values to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name of the setting.
    pub name: String,
    /// The values, in words, as a flag of the training takes them.
    pub values: Vec<String>,
}

/// Which combinations are trained, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// All combinations.
    Grid,
    /// This many of all combinations, drawn from the seed.
    Random(usize),
    /// Successive halving: all combinations for a few epochs, the better half of them for twice as many, and so on, until
    /// one is left, which is trained for all epochs.
    Halving,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The settings that all trainings share.
    pub base: Settings,
    /// The settings that vary.
    pub choices: Vec<Choice>,
    /// Which combinations are trained.
    pub method: Method,
    /// The number of seeds of each combination. They begin with the seed of `base`.
    pub seeds: usize,
}

/// One training of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The value of each choice, in their order.
    pub values: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// The number of epochs.
    pub epochs: usize,
    /// The squared error per value on the held out samples. Not a number if the training diverged.
    pub error: f64,
    /// The number of values of a code.
    pub code: usize,
    /// The number of parameters of the network.
    pub parameters: usize,
}

/// A combination with all its seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    /// The value of each choice, in their order.
    pub values: Vec<String>,
    /// The number of epochs.
    pub epochs: usize,
    /// The mean error over the seeds. Not a number if a training diverged.
    pub error: f64,
    /// The standard deviation over the seeds, 0 for a single one.
    pub deviation: f64,
    /// The number of values of a code.
    pub code: usize,
    /// The number of parameters of the network.
    pub parameters: usize,
}

impl Search {
    /// Checks the choices and the settings of every combination, before anything is trained.
    ///
    /// # Errors
    /// If a choice has no values or names a setting that does not exist or cannot vary, if there are too many
    /// combinations, or if a combination is not valid.
    pub fn check(&self) -> Result<()> {
        let usage = |text: String| Err(Error::Usage(text));
        if self.seeds == 0 || self.choices.is_empty() {
            return usage("a search needs at least one seed, and one setting with the values to try".into());
        }
        for (at, choice) in self.choices.iter().enumerate() {
            let name = &choice.name;
            // Errors on different data or with different scales could not be compared.
            let varies = |setting: &Setting| setting.group != Group::Data;
            let fixed = ["preset", "data", "seed", "epochs", "validation_split"].contains(&name.as_str());
            if fixed || !find(name).is_some_and(varies) {
                return usage(format!(
                    "{name} is not a setting of which a search can try values; layers, loss and learning_rate are"
                ));
            }
            let is_twice = self.choices[..at].iter().any(|other| other.name == *name);
            let value_twice = choice.values.iter().enumerate().find(|(at, value)| choice.values[..*at].contains(value));
            if is_twice || choice.values.is_empty() || value_twice.is_some() {
                return usage(format!(
                    "{name} must be named once, with different values, for example layers=8/16/64,32"
                ));
            }
        }
        let all = self.choices.iter().try_fold(1_usize, |all, choice| all.checked_mul(choice.values.len()));
        if all.is_none_or(|all| all > MOST) {
            return usage(format!("there are more than {MOST} combinations: try fewer values"));
        }
        self.combinations().iter().try_for_each(|values| Config::new(self.settings(values, 0, None)?).map(|_| ()))
    }

    /// All combinations of values, the last choice varying fastest.
    fn combinations(&self) -> Vec<Vec<String>> {
        let longer = |all: Vec<Vec<String>>, choice: &Choice| {
            let with = |values: &Vec<String>| {
                choice.values.iter().map(|value| [&values[..], std::slice::from_ref(value)].concat()).collect::<Vec<_>>()
            };
            all.iter().flat_map(with).collect()
        };
        self.choices.iter().fold(vec![Vec::new()], longer)
    }

    /// The settings of a training. `number` is that of its seed, counted from 0.
    fn settings(&self, values: &[String], number: usize, epochs: Option<usize>) -> Result<Settings> {
        let pairs: Vec<(&str, &str)> =
            self.choices.iter().zip(values).map(|(choice, value)| (choice.name.as_str(), value.as_str())).collect();
        let mut settings = Settings::of(&pairs)?.or(self.base.clone());
        settings.seed = Some(self.base.seed().wrapping_add(number as u64));
        settings.validation_split = settings.validation_split.or(Some(HELD_OUT));
        settings.epochs = epochs.or(settings.epochs);
        Ok(settings)
    }

    /// The settings with which the best combination is trained once more, with the first seed.
    ///
    /// # Errors
    /// If the values are not valid.
    pub fn settings_of(&self, best: &Combination) -> Result<Settings> {
        self.settings(&best.values, 0, Some(best.epochs))
    }

    /// Makes all trainings that `table` does not have yet, and adds them to it. Returns the combinations of the last
    /// round, the one with the smallest error first.
    ///
    /// # Errors
    /// If the search is not valid, if the data cannot be loaded, or if a training fails other than by diverging.
    pub fn run(&self, table: &mut Table, progress: &dyn Progress) -> Result<Vec<Combination>> {
        self.check()?;
        let mut left = self.combinations();
        if let Method::Random(count) = self.method {
            let mut order = vec![0; left.len()];
            shuffled(self.base.seed(), 0, &mut order);
            let mut drawn: Vec<u32> = order.into_iter().take(count).collect();
            drawn.sort_unstable();
            left = drawn.into_iter().map(|at| left[at as usize].clone()).collect();
        }
        let epochs = Config::new(self.settings(&left[0], 0, None)?)?.plan().epochs;
        let mut rounds = match self.method {
            Method::Halving => left.len().next_power_of_two().trailing_zeros(),
            _ => 0,
        };
        loop {
            let epochs = epochs.div_ceil(1 << rounds);
            let of_round = self.round(&left, epochs, table, progress)?;
            if rounds == 0 {
                return Ok(of_round);
            }
            rounds -= 1;
            let half = left.len().div_ceil(2);
            left = of_round.into_iter().take(half).map(|combination| combination.values).collect();
        }
    }

    /// Trains these combinations, and returns them with the smallest error first.
    fn round(
        &self,
        left: &[Vec<String>],
        epochs: usize,
        table: &mut Table,
        progress: &dyn Progress,
    ) -> Result<Vec<Combination>> {
        let mut combinations = Vec::new();
        for (at, values) in left.iter().enumerate() {
            let mut trials = Vec::new();
            for number in 0..self.seeds {
                let settings = self.settings(values, number, Some(epochs))?;
                let trial = match table.find(values, settings.seed(), epochs) {
                    Some(trial) => trial.clone(),
                    None => {
                        let what = format!("combination {} of {}, seed {}", at + 1, left.len(), settings.seed());
                        let trial = train(values, settings, epochs, &what, progress)?;
                        table.add(trial.clone())?;
                        trial
                    }
                };
                trials.push(trial);
            }
            combinations.push(combined(&trials));
        }
        // NaN is the largest in this order. The sort is stable, so that equal ones keep their order.
        let key =
            |combination: &Combination| if combination.error.is_nan() { f64::INFINITY } else { combination.error };
        combinations.sort_by(|a, b| key(a).total_cmp(&key(b)));
        Ok(combinations)
    }
}

/// Trains a network and measures it on the held out samples.
fn train(values: &[String], settings: Settings, epochs: usize, what: &str, progress: &dyn Progress) -> Result<Trial> {
    let seed = settings.seed();
    let prepared = prepare(settings, progress)?;
    let parts = Parts::new(&prepared.data, prepared.config.settings().validation_split)?;
    let mut trainer = prepared.trainer(parts.train.len())?;
    progress.start(what, Some((parts.train.len() * epochs) as u64), Unit::Samples);
    let mut seen = 0;
    let outcome = fit(&mut trainer, &parts.train, &parts.validation, &prepared.plan(), &mut |event| {
        if let Event::Step { epoch, samples, samples_per_epoch, .. } = event {
            let now = ((epoch - 1) * samples_per_epoch + samples) as u64;
            progress.advance(now - seen);
            seen = now;
        }
        ControlFlow::Continue(())
    });
    progress.finish();
    let parameters = trainer.network().param_count();
    let diverged = match outcome {
        Ok(_) => false,
        Err(error) if error.is_divergence() => true,
        Err(error) => return Err(error.into()),
    };
    let model = trainer.into_model()?;
    let error = if diverged { f64::NAN } else { error_of(&model, &prepared)? };
    Ok(Trial { values: values.to_vec(), seed, epochs, error, code: model.code_len(), parameters })
}

/// The squared error per value on the held out samples, in the units of the network.
fn error_of(model: &Model, prepared: &crate::Prepared) -> Result<f64> {
    let train = &prepared.data.train;
    let first = kept(train.len(), prepared.config.settings().validation_split);
    let numbers: Vec<u32> = (first as u32..train.len() as u32).collect();
    let mut sum = 0.0;
    for numbers in numbers.chunks(CHUNK) {
        sum += model.score_by(LossKind::Mse, train.exact_rows(numbers).view())?.sum();
    }
    Ok(sum / numbers.len() as f64)
}

/// A combination from the trainings with all its seeds.
fn combined(trials: &[Trial]) -> Combination {
    let n = trials.len() as f64;
    let error = trials.iter().map(|trial| trial.error).sum::<f64>() / n;
    let squares: f64 = trials.iter().map(|trial| (trial.error - error).powi(2)).sum();
    let deviation = if trials.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    let Trial { values, epochs, code, parameters, .. } = trials[0].clone();
    Combination { values, epochs, error, deviation, code, parameters }
}
