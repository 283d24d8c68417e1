//! What a model file has room for: a network that none would hold is refused before somebody trains it.

use serde::Serialize;

use super::header::LONGEST_TEXT;
use crate::{Error, Spec};

/// Tensors of a model, weights and biases.
const MOST_TENSORS: usize = 192;

/// The specification, as it ends the file's metadata.
#[derive(Serialize)]
struct Tail<'a> {
    model: &'a Spec,
}

/// Refuses a network of so many tensors, tied ones counted twice, and this specification, if there is not the room.
pub(crate) fn check(tensors: usize, spec: &Spec) -> Result<(), Error> {
    let text = spec_text(spec)?.len();
    if tensors > MOST_TENSORS || text > LONGEST_TEXT {
        return Err(Error::TooDeep { tensors, text, most_tensors: MOST_TENSORS, most_text: LONGEST_TEXT });
    }
    Ok(())
}

/// The specification's text.
pub(super) fn spec_text(model: &Spec) -> Result<String, Error> {
    toml::to_string(&Tail { model }).map_err(|error| Error::NotAModel(error.to_string()))
}
