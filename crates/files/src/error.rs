//! The error type of this crate.

use crate::shown;
use std::io;
use std::path::{Path, PathBuf};

/// The reason why a file could not be read, written or locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system returned an error.
    #[error("{}: {doing} failed: {source}; check the path, its permissions and the free space of the disk",
        shown(.path))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation that failed.
        doing: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("{}: {holder} holds this lock and uses the folder; wait until it has ended, or stop it", shown(.path))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder of the lock, for example `process 1234`.
        holder: String,
    },
    /// The name has the wrong ending for this kind of file.
    #[error("{}: give it a name that ends in {expected}", shown(.path))]
    WrongName {
        /// The file.
        path: PathBuf,
        /// A description of the expected endings.
        expected: String,
    },
    /// Something exists at the path and must not be overwritten.
    #[error("{}: exists {what} and is not overwritten: choose another name", shown(.path))]
    Taken {
        /// The path.
        path: PathBuf,
        /// The reason: `already`, or `but is no PNG`.
        what: String,
    },
}

impl Error {
    /// Returns a function that converts an error of the operating system into an error with the path and the
    /// operation.
    pub fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, doing, source }
    }

    /// Returns whether the error is a wrong use, in contrast to an operation that failed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::WrongName { .. })
    }
}
