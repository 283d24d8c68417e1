//! What must be unchanged when a run is continued.

use handgrad_dataset::{Samples, named};
use handgrad_models::file::header::one_line;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::settings::ScheduleName;
use crate::{Error, Prepared, Result, Settings, data};

/// The settings of a run, and the fingerprints of its samples. Every checkpoint contains this as TOML.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    training: String,
    validation: String,
    config: Settings,
}

impl Identity {
    pub fn of(prepared: &Prepared) -> Self {
        let of = |samples: &Samples| match &prepared.spec.scale {
            Some(scale) => data::scaled(samples, scale).fingerprint(),
            None => samples.fingerprint(),
        };
        let (training, validation) = rayon::join(|| of(&prepared.data.train), || of(&prepared.data.validation));
        Self { training, validation, config: prepared.config.stated() }
    }

    pub fn text(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::Checkpoint(error.to_string()))
    }

    /// Returns an error that names the differences if the checkpoint is of another run.
    pub fn check(&self, checkpoint: &str) -> Result<()> {
        let unread = |said: &str| {
            Error::Checkpoint(format!("the checkpoint's description of its run cannot be read: {}", one_line(said)))
        };
        let then: Self = toml::from_str(checkpoint).map_err(|error| unread(error.message()))?;
        same_settings(&self.config, &then.config, "the checkpoint's run")?;
        for (set, now, then) in
            [("training", &self.training, &then.training), ("validation", &self.validation, &then.validation)]
        {
            if now != then {
                return Err(Error::Checkpoint(format!(
                    "the {set} samples are not those that the run began with: now there are {now}, but it began with \
                     {}; use the original samples, or start a new run",
                    one_line(then)
                )));
            }
        }
        Ok(())
    }
}

/// Returns an error that names each difference if a run that began with the settings `then` cannot be continued with
/// the settings `now`.
///
/// The path of the data may be different, because the samples are compared. The number of epochs may be larger, unless
/// the schedule is cosine, whose learning rates depend on this number.
pub(crate) fn same_settings(now: &Settings, then: &Settings, whose: &str) -> Result<()> {
    // As JSON values, because a TOML value holds whole numbers up to 2⁶³ − 1, and a seed may be larger.
    let fields = |settings: &Settings| -> Result<Map<String, Value>> {
        let value = serde_json::to_value(settings).map_err(|error| Error::Checkpoint(error.to_string()))?;
        let Value::Object(mut fields) = value else { return Ok(Map::new()) };
        fields.retain(|_, value| !value.is_null());
        Ok(fields)
    };
    let (now_fields, then_fields) = (fields(now)?, fields(then)?);
    let more = now.epochs > then.epochs && now.schedule != Some(ScheduleName::Cosine);
    let is_path = |data: &Option<String>| data.as_ref().is_some_and(|data| named::find(data).is_none());
    let moved = is_path(&now.data) && is_path(&then.data);
    let may_differ = |key: &str| key == "data_dir" || (key == "data" && moved) || (key == "epochs" && more);
    let value = |fields: &Map<String, Value>, key: &str| fields.get(key).map_or("not set".into(), ToString::to_string);
    let keys: Vec<&String> =
        now_fields.keys().chain(then_fields.keys().filter(|key| !now_fields.contains_key(*key))).collect();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| !may_differ(key) && now_fields.get(*key) != then_fields.get(*key))
        .map(|key| {
            let (now, then) = (value(&now_fields, key), value(&then_fields, key));
            format!(
                "{key} is {}, and {} in {whose}",
                from_where_it_differs(&now, &then),
                from_where_it_differs(&then, &now)
            )
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let text = format!("{}; a run keeps its settings: leave this out, or start a new run", differences.join("; "));
    Err(Error::Usage(text))
}

/// Shortens a value for an error message: a long beginning that it has in common with `other` is left out.
fn from_where_it_differs(value: &str, other: &str) -> String {
    let same = value.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let rest: String = value.chars().skip(same.saturating_sub(20)).collect();
    if same > 100 { format!("…{}", one_line(&rest)) } else { one_line(value) }
}
