//! Everything that is needed before a training starts: the configuration, the data, and the specification of the
//! network.

use handgrad_dataset::DataSet;
use handgrad_files::Progress;
use handgrad_models::{Network, Spec};
use handgrad_trainer::{Plan, Trainer};

use crate::{Config, Error, Result, Settings, data, parts};

/// Everything that is needed before a training starts.
pub struct Prepared {
    /// The values of all settings that have an effect.
    pub config: Config,
    /// The data, not scaled.
    pub data: DataSet,
    /// The specification of the network, with the scale of the training samples.
    pub spec: Spec,
}

/// Checks the settings, loads the data that they name, and specifies the network for it.
///
/// # Errors
/// If the settings are not valid, if the data cannot be loaded, or if they do not fit together.
pub fn prepare(given: Settings, progress: &dyn Progress) -> Result<Prepared> {
    let config = Config::new(given)?;
    let data = data::load(&config, progress)?;
    Prepared::of(config, data)
}

impl Prepared {
    pub(crate) fn of(mut config: Config, mut data: DataSet) -> Result<Self> {
        let chosen = config.choose_loss(&data);
        data.understood.extend(chosen);
        // The scale is computed before samples of other classes are removed.
        let scale = config.scale_for(&data)?;
        if let Some(classes) = config.settings().only_class.clone() {
            data::keep_classes(&classes.0, &mut data)?;
        }
        parts::draw(&mut data, config.settings());
        let spec = config.fit_to(&data, scale)?;
        config.keep_whole_path()?;
        Ok(Self { config, data, spec })
    }

    /// Returns a trainer with new weights, for epochs of this number of samples.
    ///
    /// # Errors
    /// If the layers of the network do not fit together, or if a setting of the optimiser is not valid.
    pub fn trainer(&self, samples: usize) -> Result<Trainer<f32>> {
        let network = Network::new(&self.spec)?;
        Ok(Trainer::new(network, &self.config.training(samples))?)
    }

    /// The number of epochs, the schedule of the learning rate, and early stopping.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.config.plan()
    }
}

/// Returns an error if there is no memory for this number of further bytes. Called before the training allocates it.
pub(crate) fn check_bytes(bytes: usize) -> Result<()> {
    if !handgrad_files::memory::has_room_for(bytes as u64) {
        return Err(Error::Model(handgrad_models::Error::NoMemory { bytes }));
    }
    Ok(())
}
