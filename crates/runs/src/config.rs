//! Makes a checked configuration from given settings and a preset, and from the configuration the specification of the
//! network and of its training.

use handgrad_dataset::named;
use handgrad_layers::{Activation, LossKind, Noise, Optimizer, adam::Adam};
use handgrad_models::{
    ConvVae, Deep, NextStep, PooledConv, PooledStridedConv, SequenceAutoencoder, Spec, StridedConv, Vae,
};
use handgrad_trainer::{Plan, Schedule, Training};

use crate::settings::{self, ModelName, NoiseName, OptimizerName, ScheduleName, Settings};
use crate::{Error, Result, preset, usual_data_dir};

/// A checked configuration. A setting that has an effect has a value if it was given or if `config.toml` states its
/// default. A setting without an effect has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    settings: Settings,
    /// Whether the loss was not given.
    has_usual_loss: bool,
}

impl Config {
    /// Takes every setting from `given`, otherwise from the preset, otherwise its default, and checks the result.
    ///
    /// # Errors
    /// If the preset does not exist, if a given setting has no effect, or if a value is not valid.
    pub fn new(given: Settings) -> Result<Self> {
        let name = given.preset();
        let all = given.clone().or(preset::find(&name)?.settings);
        // If such a setting were ignored, the user would believe that it was used.
        let useless =
            |setting: &&settings::Setting| (setting.asks_for_something)(&given) && !(setting.has_effect)(&all);
        if let Some(setting) = settings::SETTINGS.iter().find(useless) {
            let (name, condition) = (setting.name, setting.only_with);
            return Err(Error::Usage(format!("{name} is given, but it only has an effect with {condition}")));
        }
        let mut all = all;
        if given.layers.is_some() && given.hide.is_none() {
            // Hiding is for the wide layers of the preset. A narrow code cannot copy its input.
            all.hide = None;
        }
        if given.schedule.is_none() && all.schedule == Some(ScheduleName::Cosine) && all.epochs == Some(1) {
            // The schedule of a preset has no effect in a single epoch.
            all.schedule = None;
        }
        let epochs_depend_on_data = (settings::is_table(&all) || settings::is_series(&all)) && all.epochs.is_none();
        let mut settings = all;
        settings.data_dir.get_or_insert_with(usual_data_dir);
        settings::SETTINGS.iter().for_each(|setting| (setting.state)(&mut settings));
        settings::SETTINGS.iter().try_for_each(|setting| (setting.check)(&settings)).map_err(Error::Usage)?;
        if epochs_depend_on_data {
            settings.epochs = None;
        }
        let config = Self { settings, has_usual_loss: given.loss.is_none() };
        config.check_together().map_err(Error::Usage)?;
        Ok(config)
    }

    /// The settings. See [`Config`] for which of them have a value.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns whether the loss was not given, but is that of the preset.
    pub(crate) fn has_usual_loss(&self) -> bool {
        self.has_usual_loss
    }

    /// The settings, to be completed when the data is known.
    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// The settings for `config.toml`, with which this run can be repeated.
    #[must_use]
    pub fn stated(&self) -> Settings {
        let mut settings = self.settings.clone();
        let is_kept =
            named::find(settings.data.as_deref().unwrap_or_default()).is_some_and(|set| !set.files.is_empty());
        // A default that config.toml does not state must be stated where the preset has another value.
        let preset = preset::find(&settings.preset()).map(|preset| preset.settings).unwrap_or_default();
        if preset.schedule.is_some() {
            settings.schedule.get_or_insert(ScheduleName::Constant);
        }
        if preset.hide.is_some() && settings::is_table(&settings) {
            settings.hide.get_or_insert(0.0);
        }
        settings.data_dir = settings.data_dir.filter(|_| is_kept).and_then(|folder| std::path::absolute(folder).ok());
        settings
    }

    /// Checks settings that depend on each other, but not on the data.
    fn check_together(&self) -> Result<(), String> {
        let s = &self.settings;
        let (model, layers) = (s.model(), s.layers.as_ref().map_or(1, Vec::len));
        if model == ModelName::ConvVae && layers != 1 {
            return Err(format!("layers has {layers} numbers, but conv-vae needs only the size of its code: try 2"));
        }
        if matches!(model, ModelName::Sequence | ModelName::NextStep) && layers != 1 {
            let name = if model == ModelName::Sequence { "sequence" } else { "next-step" };
            return Err(format!(
                "layers has {layers} numbers, but {name} needs only the units of its recurrent layer: try 64"
            ));
        }
        if settings::is_variational(s) && (s.l1.is_some() || s.sparsity.is_some()) {
            return Err(
                "a variational model has a penalty on its code already: leave out l1 and sparsity, or use another \
                 model"
                    .into(),
            );
        }
        if s.code_activation.is_some() && s.sparsity.is_some() {
            return Err("sparsity gives the code a sigmoid: leave out code_activation".into());
        }
        if s.l1.is_some() && s.sparsity.is_some() {
            return Err("l1 and sparsity are two penalties on the same code: use only one of them".into());
        }
        self.check_schedule()?;
        self.check_weight_decay()
    }

    /// Checks the settings of the schedule. A schedule that would never change the learning rate is an error.
    fn check_schedule(&self) -> Result<(), String> {
        let s = &self.settings;
        let (name, needed) = match s.schedule() {
            ScheduleName::Constant => return Ok(()),
            ScheduleName::Step => {
                let Some(every) = s.schedule_every else {
                    return Err(
                        "the schedule step needs to know after how many epochs the learning rate changes: give \
                         schedule_every, for example 10"
                            .into(),
                    );
                };
                ("step", every.saturating_add(1))
            }
            // The first epoch is the first best one, patience + 1 epochs are not better, and one more epoch is trained
            // with the changed rate.
            ScheduleName::Plateau => ("plateau", s.schedule_patience().saturating_add(3)),
            ScheduleName::Cosine => {
                let (floor, rate) = (s.schedule_floor(), s.learning_rate());
                if !(floor >= 0.0 && floor < rate) {
                    return Err(format!(
                        "schedule_floor is {floor}, but must be at least 0 and below the learning rate, which is {rate}"
                    ));
                }
                ("cosine", 2)
            }
        };
        if s.epochs() < needed {
            return Err(format!(
                "the schedule {name} would never change the learning rate: it needs at least {needed} epochs, but the \
                 run has {}; train for more epochs, or let the rate change earlier",
                s.epochs()
            ));
        }
        Ok(())
    }

    /// Checks that one step subtracts less than the whole weight, and enough to change a 32-bit number.
    fn check_weight_decay(&self) -> Result<(), String> {
        let (decay, rate) = (self.settings.weight_decay(), self.settings.learning_rate());
        let part = decay * rate;
        if part >= 1.0 {
            return Err(format!(
                "weight_decay × learning_rate is {part}, but must be below 1, or every step would flip the signs \
                 of the weights: 0.01 is usual for weight_decay"
            ));
        }
        if decay > 0.0 && part < SMALLEST_DECAY {
            return Err(format!(
                "weight_decay × learning_rate is {part:e}, but must be at least {SMALLEST_DECAY:.1e} to change a \
                 32-bit weight: make weight_decay larger, or leave it out"
            ));
        }
        Ok(())
    }

    /// Returns the specification of the network for samples of shape `input`. The scale and the columns of a table are
    /// not set, because they depend on the data.
    ///
    /// # Errors
    /// If the settings do not fit together.
    pub fn spec(&self, input: &[usize]) -> Result<Spec> {
        let s = &self.settings;
        let output_activation = s.output_activation.unwrap_or(Activation::Sigmoid);
        let (layers, loss) = (s.layers.as_deref().unwrap_or_default(), LossKind::from(s.loss()));
        let (code, hidden) = layers.split_last().map_or((0, layers), |(&code, hidden)| (code, hidden));
        let mut spec = match s.model() {
            ModelName::Dense => Deep {
                layers: layers.to_vec(),
                activation: s.activation(),
                code_activation: s.code_activation,
                output_activation,
                loss,
                tied: s.tied(),
            }
            .spec(input),
            ModelName::StridedConv => StridedConv { filters: layers.to_vec(), output_activation, loss }.spec(input),
            ModelName::PooledConv => PooledConv { output_activation, loss }.spec(input),
            ModelName::PooledStridedConv => {
                PooledStridedConv { filters: layers.to_vec(), output_activation, loss }.spec(input)
            }
            ModelName::Vae => {
                let (hidden_dims, beta) = (hidden.to_vec(), s.beta());
                Vae { hidden_dims, latent_dim: code, beta, output_activation, loss }.spec(input)
            }
            ModelName::ConvVae => ConvVae { latent_dim: code, beta: s.beta(), output_activation, loss }.spec(input),
            ModelName::Sequence => {
                let (cell, bidirectional) = (s.cell().into(), s.bidirectional());
                SequenceAutoencoder { cell, units: code, bidirectional, output_activation, loss }.spec(input)
            }
            ModelName::NextStep => NextStep { cell: s.cell().into(), units: code, output_activation, loss }.spec(input),
        };
        if s.dilation() > 1 {
            spec = spec.with_dilation(s.dilation());
        }
        spec.reduction = s.reduction();
        if let Some(rate) = s.dropout {
            spec = spec.with_dropout(rate)?;
        }
        if let Some(weight) = s.l1 {
            spec = spec.with_l1(weight);
        }
        if let Some(rho) = s.sparsity {
            spec = spec.with_kl(rho, s.sparsity_weight())?;
        }
        let level = s.noise_level();
        // With a sigmoid as output activation, the data is within 0..1, and noise must not leave this range.
        let clip = (output_activation == Activation::Sigmoid).then_some([0.0, 1.0]);
        let noise = s.noise.map(|noise| match noise {
            NoiseName::Gaussian => Noise::Gaussian { std: level, clip },
            NoiseName::Masking => Noise::Masking { p: level },
            NoiseName::SaltAndPepper => Noise::SaltAndPepper { p: level, ends: [0.0, 1.0] },
        });
        Ok(match noise {
            Some(noise) => spec.with_noise(noise),
            None => spec,
        })
    }

    /// The number of values in the state of a recurrent network, for both directions together, or `None` for any other
    /// network.
    #[must_use]
    pub fn state_units(&self) -> Option<usize> {
        let s = &self.settings;
        let units = s.layers.as_ref()?.first()?;
        let directions = if s.bidirectional() { 2 } else { 1 };
        matches!(s.model(), ModelName::Sequence | ModelName::NextStep).then_some(units * directions)
    }

    /// The seed of all random numbers: first weights, order of the samples, noise.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.settings.seed()
    }

    /// The number of epochs, the schedule of the learning rate, and early stopping.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let s = &self.settings;
        let schedule = match s.schedule() {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Step => Schedule::Step { every: s.schedule_every.unwrap_or(1), factor: s.schedule_factor() },
            ScheduleName::Cosine => Schedule::Cosine { floor: s.schedule_floor() },
            ScheduleName::Plateau => Schedule::Plateau { patience: s.schedule_patience(), factor: s.schedule_factor() },
        };
        Plan { epochs: s.epochs(), schedule, early_stopping: s.early_stopping }
    }

    /// The optimiser, the batch size and the other settings of the trainer. The batch size is at most `samples`, the
    /// number of training samples.
    #[must_use]
    pub fn training(&self, samples: usize) -> Training {
        let s = &self.settings;
        let learning_rate = s.learning_rate();
        let optimizer = match s.optimizer() {
            OptimizerName::Adam => Optimizer::Adam(Adam { learning_rate, ..Adam::default() }),
            OptimizerName::Sgd => Optimizer::Sgd { learning_rate, momentum: s.momentum() },
        };
        Training {
            optimizer,
            batch_size: s.batch_size().min(samples.max(1)),
            seed: s.seed(),
            weight_decay: s.weight_decay(),
            clip_norm: s.clip_norm,
            encoder_rate: 1.0,
        }
    }
}

/// 2⁻²⁵. If less than this part of a 32-bit number is subtracted from it, rounding makes the difference equal to it.
const SMALLEST_DECAY: f64 = 1.0 / (1 << 25) as f64;
