//! Checks whether a file may be written to a path. It is called before a long computation, so that no result is lost.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::{Error, open};

/// A kind of output file that may replace a file of the same kind, but nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaceable {
    /// A picture.
    Png,
    /// A chart.
    Svg,
    /// A report.
    Html,
}

impl Replaceable {
    /// Returns the name of the kind, the ending of its file names, and the first bytes of its files.
    const fn about(self) -> (&'static str, &'static str, &'static [u8]) {
        match self {
            Self::Png => ("PNG", "png", b"\x89PNG\r\n\x1a\n"),
            Self::Svg => ("SVG", "svg", b"<svg"),
            Self::Html => ("HTML page", "html", b"<!DOCTYPE html>"),
        }
    }
}

/// Refuses a path at which something exists.
///
/// # Errors
/// If something exists at the path, even a link that leads nowhere.
pub fn must_be_free(path: &Path) -> Result<(), Error> {
    match path.symlink_metadata() {
        Ok(_) => Err(Error::Taken { path: path.to_path_buf(), what: "already".into() }),
        Err(_) => Ok(()),
    }
}

/// Refuses a name with the wrong ending for this kind of file, and a path at which something else exists.
///
/// # Errors
/// If the name is wrong, or something exists at the path that is not a file of this kind or cannot be read.
pub fn must_be(path: &Path, kind: Replaceable) -> Result<(), Error> {
    let (name, ending, start) = kind.about();
    if !ends_in(path, ending) {
        return Err(Error::WrongName { path: path.to_path_buf(), expected: format!(".{ending}") });
    }
    let other = |why: &str| Error::Taken { path: path.to_path_buf(), what: format!("but is no {name}{why}") };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(other(&format!(" that can be read ({error})"))),
        // Reading from a pipe could block for ever.
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

/// Returns whether the name has this ending. Upper and lower case are equal.
#[must_use]
pub fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}
