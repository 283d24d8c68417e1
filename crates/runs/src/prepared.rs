//! All that a training begins with: a configuration made for the data, the data, and the network.

use handgrad_dataset::DataSet;
use handgrad_files::Progress;
use handgrad_models::{Network, Spec};
use handgrad_trainer::{Plan, Trainer};

use crate::{Config, Error, Result, Settings, data};

/// What a training begins with.
pub struct Prepared {
    /// Every setting that has an effect.
    pub config: Config,
    /// In the data's own units.
    pub data: DataSet,
    /// The network, with the scale of the training samples.
    pub spec: Spec,
}

/// Checks settings, loads the data that they name, and describes the network for it.
///
/// # Errors
/// If the settings make no sense, the data cannot be had, or one does not go with the other.
pub fn prepare(given: Settings, progress: &dyn Progress) -> Result<Prepared> {
    let config = Config::new(given)?;
    let data = data::load(&config, progress)?;
    Prepared::of(config, data)
}

impl Prepared {
    pub(crate) fn of(mut config: Config, mut data: DataSet) -> Result<Self> {
        // The scale is that of all classes.
        let scale = config.scale_for(&data.train)?;
        if let Some(classes) = config.settings().only_class.clone() {
            data::keep_classes(&classes, &mut data)?;
        }
        let spec = config.fit_to(&data, scale)?;
        config.keep_whole_path()?;
        Ok(Self { config, data, spec })
    }

    /// A trainer with fresh weights, for an epoch of so many samples.
    ///
    /// # Errors
    /// If the network does not fit together, or a setting of the optimiser makes no sense.
    pub fn trainer(&self, samples: usize) -> Result<Trainer<f32>> {
        let network = Network::new(&self.spec)?;
        Ok(Trainer::new(network, &self.config.training(samples))?)
    }

    /// How long to train.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.config.plan()
    }
}

/// Asks for so much memory, and gives it back: there is no network before there is the memory for it.
pub(crate) fn check_bytes(bytes: usize) -> Result<()> {
    if !handgrad_files::memory::has_room_for(bytes as u64) {
        return Err(Error::Model(handgrad_models::Error::NoMemory { bytes }));
    }
    Ok(())
}
