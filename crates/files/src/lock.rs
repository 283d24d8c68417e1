//! Locks a folder so that only one process uses it at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::fault::{Operation, ask};
use crate::{Error, Seam, is_plain};

/// A lock, which is held until this value is dropped. The operating system releases it whenever the process ends. A
/// lock file of a process that has ended, or from before a restart of the machine, has no effect.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks the lock file `path`. The file is created if it does not exist, and is never removed.
///
/// # Errors
/// [`Error::Locked`] if another process holds the lock. Also if the file cannot be created, or something else exists
/// at `path`.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    // A link must not be followed, because its target would be overwritten.
    if path.symlink_metadata().is_ok() && !is_plain(path) {
        let not_plain = io::Error::new(io::ErrorKind::AlreadyExists, "it is a link or no file; remove it");
        return Err(Error::io(path, "creating the lock file")(not_plain));
    }
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = ask(Operation::Create).and_then(|()| open()).map_err(Error::io(path, "creating the lock file"))?;
    match file.try_lock() {
        Ok(()) => {
            let empty = || ask(Operation::Write).and_then(|()| file.set_len(0));
            let note = || empty().and_then(|()| write!(Seam(&file), "process {}", std::process::id()));
            note().map_err(Error::io(path, "writing the lock file"))?;
        }
        Err(TryLockError::WouldBlock) => {
            // On systems where a locked file cannot be read, the holder is unknown.
            let mut holder = String::new();
            let named = file.take(64).read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let holder = if named { holder } else { "another process".into() };
            return Err(Error::Locked { path: path.to_path_buf(), holder });
        }
        // On a file system without locks, training continues without a lock.
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {}
        Err(TryLockError::Error(error)) => return Err(Error::io(path, "locking")(error)),
    }
    Ok(Lock { _file: file })
}

/// Returns true if a process holds the lock file now, and false if the file cannot be opened. Nothing is written.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Returns whether the error means that the file system does not support locks. Some network file systems return
/// ENOLCK, for which there is no [`io::ErrorKind`].
fn has_no_locks(error: &io::Error) -> bool {
    let enolck = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == io::ErrorKind::Unsupported || (cfg!(unix) && error.raw_os_error() == Some(enolck))
}
