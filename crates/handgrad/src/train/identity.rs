//! What must be the same for whoever goes on with a run.

use anyhow::{Context, Result, bail};
use handgrad_dataset::DataSet;
use serde::{Deserialize, Serialize};

use crate::config::{Config, ScheduleName, Settings, UsageError};

/// A run's settings, and what it learns from; as TOML it stands in every checkpoint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    training: String,
    validation: String,
    config: Settings,
}

impl Identity {
    pub fn of(config: &Config, data: &DataSet) -> Self {
        let (training, validation) = rayon::join(|| data.train.fingerprint(), || data.validation.fingerprint());
        Self { training, validation, config: config.settings() }
    }

    pub fn text(&self) -> Result<String> {
        Ok(toml::to_string(self)?)
    }

    /// Refuses to go on with a run that is not this one, naming the difference.
    pub fn check(&self, checkpoint: &str) -> Result<()> {
        let then: Self = toml::from_str(checkpoint).context("what the checkpoint says of its run cannot be read")?;
        same_settings(&self.config, &then.config, "the checkpoint's run")?;
        for (set, now, then) in
            [("training", &self.training, &then.training), ("validation", &self.validation, &then.validation)]
        {
            if now != then {
                bail!(
                    "the {set} samples are not those that the run began with: there are {now}, and it began with {then}; \
                     put those back, or start a new run"
                );
            }
        }
        Ok(())
    }
}

/// Refuses settings that would not give the run that others began, naming each difference.
///
/// The data may have moved to another folder, and there may be more epochs, where the first ones do not hang on how
/// many.
pub fn same_settings(now: &Settings, then: &Settings, whose: &str) -> Result<()> {
    let (now_table, then_table) = (toml::Table::try_from(now)?, toml::Table::try_from(then)?);
    let more = now.epochs > then.epochs && now.schedule != Some(ScheduleName::Cosine);
    let may_differ = |key: &str| key == "data_dir" || (key == "epochs" && more);
    let value = |table: &toml::Table, key: &str| table.get(key).map_or("not set".into(), ToString::to_string);
    let keys: Vec<&String> =
        now_table.keys().chain(then_table.keys().filter(|key| !now_table.contains_key(*key))).collect();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| !may_differ(key) && now_table.get(*key) != then_table.get(*key))
        .map(|key| format!("{key} is {}, and {} in {whose}", value(&now_table, key), value(&then_table, key)))
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let text = format!("{}; a run goes on as it began: leave that out, or start a new run", differences.join("; "));
    Err(UsageError(text).into())
}
