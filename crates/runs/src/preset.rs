//! Presets: settings of published examples, by name. Each preset is a file in `presets/`.

use handgrad_dataset::did_you_mean;
use serde::Deserialize;

use crate::{Error, Result, Settings};

/// The names and texts of all files, made by `build.rs`.
const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The settings of a published example.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is and where it comes from, in one line.
    pub about: String,
    /// All of its settings.
    pub settings: Settings,
}

/// The content of the file of a preset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    settings: Settings,
}

/// All presets, by name.
///
/// # Errors
/// If one of the files is not valid; a test reads them all.
pub fn all() -> Result<Vec<Preset>> {
    FILES.iter().map(|&(name, text)| read(name, text)).collect()
}

/// The preset of that name.
///
/// ```
/// let deep = handgrad_runs::preset::find("deep")?;
/// assert_eq!(deep.settings.layers, Some(vec![128, 64, 32]));
/// # Ok::<(), handgrad_runs::Error>(())
/// ```
///
/// # Errors
/// If there is no such preset.
pub fn find(name: &str) -> Result<Preset> {
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((name, text)) => read(name, text),
        None => {
            let names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
            let (similar, names) = (did_you_mean(name, names.iter().copied()), names.join(", "));
            Err(Error::Usage(format!("there is no preset {name:?}{similar}: there are {names}")))
        }
    }
}

fn read(name: &'static str, text: &str) -> Result<Preset> {
    let File { about, settings } = toml::from_str(text).map_err(|error| Error::Configuration {
        path: name.into(),
        line: None,
        what: error.message().to_string(),
    })?;
    Ok(Preset { name, about, settings })
}
