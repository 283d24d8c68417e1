//! A folder that one process works in at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::fault::{Operation, ask};
use crate::{Error, Seam, is_plain};

/// Held as long as it lives, and let go of by the operating system however the process ends: a lock of a dead process,
/// or from before the machine was started again, does not count.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock file `path`, which stays where it is.
///
/// # Errors
/// [`Error::Locked`] if another process has it; or if the file cannot be made, or what is there is not a lock.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    // What a link leads to would be written to.
    if path.symlink_metadata().is_ok() && !is_plain(path) {
        let not_plain = io::Error::new(io::ErrorKind::AlreadyExists, "it is a link or no file; remove it");
        return Err(Error::io(path, "making the lock file")(not_plain));
    }
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = ask(Operation::Create).and_then(|()| open()).map_err(Error::io(path, "making the lock file"))?;
    match file.try_lock() {
        Ok(()) => {
            let empty = || ask(Operation::Write).and_then(|()| file.set_len(0));
            let note = || empty().and_then(|()| write!(Seam(&file), "process {}", std::process::id()));
            note().map_err(Error::io(path, "writing the lock file"))?;
        }
        Err(TryLockError::WouldBlock) => {
            // Where the system lets nobody read a locked file, its holder stays unnamed.
            let mut holder = String::new();
            let named = file.take(64).read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let holder = if named { holder } else { "another process".into() };
            return Err(Error::Locked { path: path.to_path_buf(), holder });
        }
        // A file system without locks is no reason not to train.
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {}
        Err(TryLockError::Error(error)) => return Err(Error::io(path, "locking")(error)),
    }
    Ok(Lock { _file: file })
}

/// Does a file system have no locks at all? Some network ones say so by ENOLCK, which has no kind of its own.
fn has_no_locks(error: &io::Error) -> bool {
    let enolck = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == io::ErrorKind::Unsupported || (cfg!(unix) && error.raw_os_error() == Some(enolck))
}
