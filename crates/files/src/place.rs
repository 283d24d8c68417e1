//! May a file be written here? To be asked before any work is done, so that nothing is lost and no work is in vain.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::{Error, open};

/// A kind of file that may replace an older one of its kind, but nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaceable {
    /// A picture.
    Png,
    /// A chart.
    Svg,
}

impl Replaceable {
    /// Its name, the ending of its files, and how each of them begins.
    const fn about(self) -> (&'static str, &'static str, &'static [u8]) {
        match self {
            Self::Png => ("PNG", "png", b"\x89PNG\r\n\x1a\n"),
            Self::Svg => ("SVG", "svg", b"<svg"),
        }
    }
}

/// Refuses a place where anything is already.
///
/// # Errors
/// If something is there, be it a link that leads nowhere.
pub fn must_be_free(path: &Path) -> Result<(), Error> {
    match path.symlink_metadata() {
        Ok(_) => Err(Error::Taken { path: path.to_path_buf(), what: "already".into() }),
        Err(_) => Ok(()),
    }
}

/// Refuses a name that does not end as this kind of file does, and a place where anything else is.
///
/// # Errors
/// If the name is wrong, or something is there that is not such a file or cannot be read.
pub fn must_be(path: &Path, kind: Replaceable) -> Result<(), Error> {
    let (name, ending, start) = kind.about();
    if !ends_in(path, ending) {
        return Err(Error::WrongName { path: path.to_path_buf(), expected: format!(".{ending}") });
    }
    let other = |why: &str| Error::Taken { path: path.to_path_buf(), what: format!("but is no {name}{why}") };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(other(&format!(" that can be read ({error})"))),
        // Reading from a pipe would wait for ever.
        Ok(about) if !about.is_file() => return Err(other("")),
        Ok(_) => {}
    }
    let mut found = Vec::new();
    let read = open(path).and_then(|(file, _)| file.take(start.len() as u64).read_to_end(&mut found));
    match read {
        Err(error) => Err(other(&format!(" that can be read ({error})"))),
        Ok(_) if found != start => Err(other("")),
        Ok(_) => Ok(()),
    }
}

/// Does the name end so? Upper and lower case are alike.
#[must_use]
pub fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}
