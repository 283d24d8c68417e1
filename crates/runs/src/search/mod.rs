//! Searches for good settings: trains each combination of the given values with several seeds, and measures all of them
//! in the same way on samples held out of the training samples.
//!
//! ```text
//! error       Σ (x − x̂)² / d, the mean over the held out samples      x as the network gets it, d known values
//! of a combination: the mean over its seeds, ± their standard deviation
//! ```
//!
//! The error is the squared error whatever the loss, since values of different losses cannot be compared. The held out
//! samples are drawn once, with the first seed, and are the same for all trainings. The validation samples of the data
//! set take no part in this: they are the test, and only the combination with the smallest error is measured on them.
//!
//! Slides: KERAS "Hyperparameters to Train an Autoencoder": code size, number of layers, number of nodes per layer,
//! loss function. Source of the successive halving: Jamieson & Talwalkar, "Non-stochastic best arm identification and
//! hyperparameter optimization", AISTATS 2016.

use std::ops::ControlFlow;

use handgrad_analysis::{deviation, mean};
use handgrad_dataset::Samples;
use handgrad_files::{Progress, Unit};
use handgrad_models::{Model, Network};
use handgrad_tasks::CHUNK;
use handgrad_trainer::{Event, Trainer, Training, fit, shuffled};

use crate::parts::{Parts, kept};
use crate::settings::{Group, find};
use crate::{Config, Error, Prepared, Result, Settings, prepare};

mod baseline;
mod table;

pub use baseline::{Baseline, baseline};
pub use table::{SEARCH, Table};

/// The part of the training samples that is held out if the settings do not say it.
const HELD_OUT: f64 = 0.1;
/// The most combinations of one search.
const MOST: usize = 10_000;
/// Settings of which a search cannot try values, besides those of the data: they would not be compared alike.
const FIXED: [&str; 4] = ["preset", "seed", "epochs", "validation_split"];

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
    /// Successive halving: all combinations for a few epochs, the better half of them for twice as many, and so on,
    /// until one is left, which is trained for all epochs.
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
        for (at, Choice { name, values }) in self.choices.iter().enumerate() {
            let Some(setting) = find(name) else {
                return usage(format!("there is no setting {name}; for example layers and loss are settings"));
            };
            // Errors on different data or with different scales could not be compared.
            if setting.group == Group::Data || name == "data" || FIXED.contains(&name.as_str()) {
                return usage(format!("a search cannot try values of {name}: it must be the same for all trainings"));
            }
            if (setting.is_given)(&self.base) {
                return usage(format!("{name} is given, and it is also a setting to try: leave one of them out"));
            }
            let other = self.choices[..at].iter().any(|other| other.name == *name);
            if other || values.is_empty() || values.iter().any(|value| value.contains(char::is_control)) {
                return usage(format!("{name} must be named once, with values such as layers=8/16/64,32"));
            }
        }
        let all = self.choices.iter().try_fold(1_usize, |all, choice| all.checked_mul(choice.values.len()));
        if all.is_none_or(|all| all > MOST) {
            return usage(format!("there are more than {MOST} combinations: try fewer values"));
        }
        if let Method::Random(count) = self.method
            && all.is_some_and(|all| all < count)
        {
            return usage(format!("there are only {} combinations, but {count} are to be drawn", all.unwrap_or(0)));
        }
        let combinations = self.combinations();
        let mut all: Vec<Settings> = Vec::with_capacity(combinations.len());
        for values in &combinations {
            let settings = self.settings(values)?;
            Config::new(settings.clone())?;
            if let Some(same) = all.iter().position(|other| *other == settings) {
                let [first, second] = [&combinations[same], values].map(|values| values.join(", "));
                return usage(format!("the values {first} and {second} are the same: leave one of them out"));
            }
            all.push(settings);
        }
        Ok(())
    }

    /// All combinations of values, the last choice varying fastest.
    fn combinations(&self) -> Vec<Vec<String>> {
        let longer = |all: Vec<Vec<String>>, choice: &Choice| {
            let with = |values: &Vec<String>| {
                choice
                    .values
                    .iter()
                    .map(|value| [&values[..], std::slice::from_ref(value)].concat())
                    .collect::<Vec<_>>()
            };
            all.iter().flat_map(with).collect()
        };
        self.choices.iter().fold(vec![Vec::new()], longer)
    }

    /// The settings of the trainings with these values.
    fn settings(&self, values: &[String]) -> Result<Settings> {
        let pairs: Vec<(&str, &str)> =
            self.choices.iter().zip(values).map(|(choice, value)| (choice.name.as_str(), value.as_str())).collect();
        let mut settings = Settings::of(&pairs)?.or(self.base.clone());
        settings.validation_split = settings.validation_split.or(Some(HELD_OUT));
        Ok(settings)
    }

    /// The settings with which the best combination is trained once more, with the first seed.
    ///
    /// # Errors
    /// If the values are not valid.
    pub fn settings_of(&self, best: &Combination) -> Result<Settings> {
        Ok(Settings { epochs: Some(best.epochs), ..self.settings(&best.values)? })
    }

    /// Makes all trainings that `table` does not have yet, and adds them to it. Returns the combinations of the last
    /// round, the one with the smallest error first.
    ///
    /// # Errors
    /// If the search is not valid, if the data cannot be loaded, if a training fails other than by diverging, or if all
    /// of them diverge.
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
        let epochs = Config::new(self.settings(&left[0])?)?.plan().epochs;
        let mut rounds = match self.method {
            Method::Halving => left.len().next_power_of_two().trailing_zeros(),
            _ => 0,
        };
        loop {
            let epochs = epochs.div_ceil(1 << rounds);
            let of_round = self.round(&left, epochs, table, progress)?;
            if of_round.iter().all(|combination| combination.error.is_nan()) {
                return Err(Error::AllDiverged);
            }
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
            let settings = Settings { epochs: Some(epochs), ..self.settings(values)? };
            for number in 0..self.seeds {
                let seed = self.base.seed().wrapping_add(number as u64);
                if let Some(trial) = table.find(values, seed, epochs) {
                    trials.push(trial.clone());
                    continue;
                }
                let what = format!("combination {} of {}, seed {seed}", at + 1, left.len());
                let prepared = prepare(settings.clone(), progress)?;
                let (error, network) = train(&prepared, seed, &what, progress)?;
                let code = network.width(network.encoder_len());
                let parameters = network.param_count();
                let trial = Trial { values: values.clone(), seed, epochs, error, code, parameters };
                table.add(trial.clone())?;
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

/// Trains a network with its weights, its noise and the order of its samples drawn from `seed`, and measures it on the
/// held out samples. The error of a training that diverges is not a number.
fn train(prepared: &Prepared, seed: u64, what: &str, progress: &dyn Progress) -> Result<(f64, Network<f32>)> {
    let parts = Parts::new(&prepared.data, prepared.config.settings().validation_split)?;
    let training = Training { seed, ..prepared.config.training(parts.train.len()) };
    let plan = prepared.plan();
    let mut trainer = Trainer::new(Network::new(&prepared.spec)?, &training)?;
    progress.start(what, Some((parts.train.len() * plan.epochs) as u64), Unit::Samples);
    let mut seen = 0;
    let outcome = fit(&mut trainer, &parts.train, &parts.validation, &plan, &mut |event| {
        if let Event::Step { epoch, samples, samples_per_epoch, .. } = event {
            let now = ((epoch - 1) * samples_per_epoch + samples) as u64;
            progress.advance(now - seen);
            seen = now;
        }
        ControlFlow::Continue(())
    });
    progress.finish();
    match outcome {
        Ok(_) => {}
        Err(error) if error.is_divergence() => return Ok((f64::NAN, Network::new(&prepared.spec)?)),
        Err(error) => return Err(error.into()),
    }
    let model = trainer.into_model()?;
    let train = &prepared.data.train;
    let held_out = kept(train.len(), prepared.config.settings().validation_split)..train.len();
    let error = squared_error(&model, train, &held_out.map(|number| number as u32).collect::<Vec<_>>())?;
    Ok((if error.is_finite() { error } else { f64::NAN }, model.into_parts().0))
}

/// Returns the squared error per value of the reconstructions of the samples with these numbers, in the units of the
/// network: scaled, and the columns of a table encoded. Missing values do not count.
///
/// # Errors
/// If the samples do not fit the model, or there is not enough memory.
pub fn squared_error(model: &Model, samples: &Samples, numbers: &[u32]) -> Result<f64> {
    let (mut sum, mut values) = (0.0, 0_usize);
    for numbers in numbers.chunks(CHUNK) {
        let x = model.scaled(samples.exact_rows(numbers).view());
        let predicted = model.network().predict(model.weights(), x.view())?;
        for (&x, &predicted) in x.iter().zip(&predicted).filter(|(x, _)| !x.is_nan()) {
            sum += (f64::from(x) - f64::from(predicted)).powi(2);
            values += 1;
        }
    }
    Ok(sum / values as f64)
}

/// A combination from the trainings with all its seeds.
fn combined(trials: &[Trial]) -> Combination {
    let errors: Vec<f64> = trials.iter().map(|trial| trial.error).collect();
    let (error, deviation) = (mean(&errors), deviation(&errors).unwrap_or(0.0));
    let Trial { values, epochs, code, parameters, .. } = trials[0].clone();
    Combination { values, epochs, error, deviation, code, parameters }
}
