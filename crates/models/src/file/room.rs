//! The limits of a model file. A network that exceeds them is refused before it is trained.

use serde::Serialize;

use super::header::{LONGEST_TABLE, LONGEST_TEXT};
use crate::{Error, Spec};

/// Largest number of tensors of a model: weights and biases.
const MOST_TENSORS: usize = 192;

/// The specification, as it is at the end of the file's metadata.
#[derive(Serialize)]
struct Tail<'a> {
    model: &'a Spec,
}

/// Refuses a network that a model file cannot hold, given its specification and its number of tensors, with tied ones
/// counted twice.
pub(crate) fn check(tensors: usize, spec: &Spec) -> Result<(), Error> {
    let text = spec_text(spec)?.len();
    if tensors > MOST_TENSORS || text > LONGEST_TEXT {
        return Err(Error::TooDeep { tensors, text, most_tensors: MOST_TENSORS, most_text: LONGEST_TEXT });
    }
    let classes = classes_text(spec)?.map_or(0, |text| text.len());
    for (what, text) in [
        ("the description of the table and of the classes", table_text(spec)?),
        ("the list of the steps and of the classes", steps_text(spec)?),
    ] {
        let (found, most) = ((text.map_or(0, |text| text.len()) + classes) as u64, LONGEST_TABLE as u64);
        if found > most {
            return Err(Error::TooLong { what, found, most });
        }
    }
    Ok(())
}

/// Returns the columns of a table as text.
pub(super) fn table_text(model: &Spec) -> Result<Option<String>, Error> {
    let text = model.table.as_ref().map(serde_json::to_string).transpose();
    text.map_err(|error| Error::NotAModel(error.to_string()))
}

/// Returns the names of the steps of a series as text.
pub(super) fn steps_text(model: &Spec) -> Result<Option<String>, Error> {
    let steps = model.series.as_ref().map(|series| &series.steps).filter(|steps| !steps.is_empty());
    steps.map(serde_json::to_string).transpose().map_err(|error| Error::NotAModel(error.to_string()))
}

/// Returns the names of the classes of a classifier as text.
pub(super) fn classes_text(model: &Spec) -> Result<Option<String>, Error> {
    let classes = Some(&model.classes).filter(|classes| !classes.is_empty());
    classes.map(serde_json::to_string).transpose().map_err(|error| Error::NotAModel(error.to_string()))
}

/// Returns the specification as text. The comment at its end is covered by the SHA-256 of the text.
pub(super) fn spec_text(model: &Spec) -> Result<String, Error> {
    let text = toml::to_string(&Tail { model }).map_err(|error| Error::NotAModel(error.to_string()))?;
    Ok(format!("{text}\n# written by handgrad {}\n", env!("CARGO_PKG_VERSION")))
}
