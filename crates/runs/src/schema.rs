//! `schema.toml`: what the columns of a table are, in a form that people read and edit.

use std::path::Path;

use handgrad_dataset::tables::{Kind, KindName, Schema};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The name of the file in a run folder.
pub(crate) const SCHEMA: &str = "schema.toml";
/// The largest size of the file in bytes: some 10,000 columns.
const LARGEST_FILE: u64 = 4 << 20;

/// The content of the file.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    column: Vec<Entry>,
}

/// What is said about one column.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: KindName,
    /// The format of a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Why it is of this kind. It is written for people and not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Reads which kinds the columns have, with the formats of dates.
///
/// # Errors
/// If the file cannot be read or is not such a file.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, KindName, Option<String>)>> {
    let cannot = |source: std::io::Error| Error::CannotRead { path: path.to_path_buf(), source };
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() || about.len() > LARGEST_FILE {
        let kind = std::io::ErrorKind::InvalidInput;
        return Err(cannot(std::io::Error::new(kind, "it is not a file, or too long for a schema")));
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        Error::Configuration { path: path.to_path_buf(), line, what: error.message().to_owned() }
    })?;
    Ok(file.column.into_iter().map(|entry| (entry.name, entry.kind, entry.format)).collect())
}

/// Returns the text of the file for a schema.
pub(crate) fn text(schema: &Schema) -> Result<String> {
    let entry = |column: &handgrad_dataset::tables::Column| Entry {
        name: column.name.clone(),
        kind: column.kind_name(),
        format: if let Kind::Date { format, .. } = &column.kind { Some(format.clone()) } else { None },
        reason: Some(column.reason.clone()),
    };
    let file = File { column: schema.columns.iter().map(entry).collect() };
    let body = toml::to_string(&file).map_err(|error| Error::Checkpoint(error.to_string()))?;
    Ok(format!(
        "# What the columns are. To change a kind, edit this file and train with `--schema schema.toml`.\n# Kinds: \
         number, amount (a long tail, taken as logarithm), ordinal, category, date (with a format),\n# identifier, \
         text and ignored (all three are left out).\n\n{body}"
    ))
}
