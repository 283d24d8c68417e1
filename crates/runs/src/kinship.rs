//! Whether a file is the one that a model was trained on.

use std::path::Path;

use handgrad_files::shown;
use handgrad_models::TrainedOn;

use crate::Result;
use crate::data::is_file;

/// How a file is related to the file that a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// The same content.
    Same,
    /// It begins with the content of that file, and goes on.
    Grown,
    /// Another content.
    Other,
    /// It is not known what the model was trained on, or the data is not a single file.
    Unknown,
}

impl Kinship {
    pub fn of(what: &str, content: Option<&TrainedOn>) -> Result<Self> {
        let Some(content) = content.filter(|_| is_file(what)) else { return Ok(Self::Unknown) };
        let path = Path::new(what);
        let length = std::fs::metadata(path).map_or(0, |about| about.len());
        let is_beginning =
            length >= content.bytes && handgrad_files::begins_with(path, content.bytes, &content.sha256)?;
        Ok(match is_beginning {
            true if length == content.bytes => Self::Same,
            true => Self::Grown,
            false => Self::Other,
        })
    }

    /// What the user should know. `is_same_path` says that the model was trained on a file of this path, `all` that all
    /// samples of the file are used.
    pub fn note(self, what: &str, is_same_path: bool, all: bool) -> Option<String> {
        let what = shown(what);
        match self {
            Self::Same if all => Some(format!(
                "{what} is the data that the model was trained on, so nine of ten samples are not new to the model; if \
                 no data is named, only the held-out samples are used"
            )),
            Self::Grown => Some(format!(
                "{what} begins with the data that the model was trained on, and has grown since: all of its samples \
                 are used, and those of the training are among them"
            )),
            Self::Other if is_same_path => Some(format!(
                "{what} has changed since the model was trained on it: all of its samples are used, and samples of the \
                 training may be among them"
            )),
            _ => None,
        }
    }
}

/// Returns whether two names of data are paths to the same file.
pub(crate) fn is_same_path(a: &str, b: &str) -> bool {
    let whole = |path: &str| Path::new(path).canonicalize().ok();
    a == b || whole(a).is_some_and(|a| whole(b) == Some(a))
}
