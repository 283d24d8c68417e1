//! The one error of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be read, written or locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system said no.
    #[error("{}: {doing} failed: {source}; check that the path is right, that you may use it and that there is room",
        .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done to it.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process works there.
    #[error("{}: {holder} holds this lock and works in the folder; wait until it is done, or stop it", .path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it: `process 1234`.
        holder: String,
    },
    /// The name does not end as that of such a file does.
    #[error("{}: give it a name that ends in {expected}", .path.display())]
    WrongName {
        /// The file.
        path: PathBuf,
        /// The endings that were expected, in words.
        expected: String,
    },
    /// Something is there that must not be overwritten.
    #[error("{}: is there {what} and is not overwritten: choose another name", .path.display())]
    Taken {
        /// What is there.
        path: PathBuf,
        /// What was seen of it: `already`, or `but is no PNG`.
        what: String,
    },
}

impl Error {
    /// Turns what the operating system says about `path` into an error that names both.
    pub fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, doing, source }
    }

    /// Did the user ask for what makes no sense, as opposed to: could it not be done?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::WrongName { .. })
    }
}
