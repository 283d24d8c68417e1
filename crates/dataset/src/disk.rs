//! Files that are either complete or not there, and everything else that this project does with files. Here lies the
//! [seam](fault) at which tests make a disk fail.

pub mod fault;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use self::fault::{Operation, ask, of_bytes};
use crate::Error;

/// How the name of a file begins that is not finished,
const UNFINISHED: &str = ".handgrad-";
/// and how it ends.
const PART: &str = ".part";

/// A file, through the seam.
#[derive(Debug)]
pub struct Seam<F>(pub(crate) F);

impl<F: Read> Read for Seam<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = of_bytes(Operation::Read, into.len())?;
        self.0.read(&mut into[..count])
    }
}

impl<F: Write> Write for Seam<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = of_bytes(Operation::Write, bytes.len())?;
        self.0.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        ask(Operation::Flush)?;
        self.0.flush()
    }
}

impl<F: Seek> Seek for Seam<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Opens a file to read it; its length beside it, where it has one: a pipe has none.
///
/// # Errors
/// If that fails.
pub fn open(path: &Path) -> io::Result<(Seam<File>, Option<u64>)> {
    ask(Operation::Read)?;
    let file = File::open(path)?;
    let about = file.metadata()?;
    Ok((Seam(file), about.is_file().then_some(about.len())))
}

/// A file beside `path`, under a name of its own, gone again unless [`keep`] renames it. Its folder is made where it is
/// not there.
pub(crate) fn beside(path: &Path) -> Result<NamedTempFile, Error> {
    make_folder(folder_of(path))?;
    unfinished(folder_of(path))
}

fn unfinished(folder: &Path) -> Result<NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(PART);
    #[cfg(unix)]
    {
        // As any other file, under the user's umask; the default would shut out everybody else for good.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    ask(Operation::Create).and_then(|()| builder.tempfile_in(folder)).map_err(Error::io(folder, "making a file"))
}

/// Writes a whole file: beside `path`, flushed to the disk, then renamed. What was there stays until the new one is
/// whole. Its folder is made where it is not there.
///
/// # Errors
/// If any of that fails; the file that was there is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_folder(folder_of(path))?;
    write_into(path, bytes)
}

/// As [`write()`], into a folder that must be there: one that has vanished is not made again.
///
/// # Errors
/// As [`write()`], or if the folder is not there.
pub fn write_into(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A link is followed, so that it stays one; a device or a folder must not be replaced by a file.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let not_a_file = io::Error::new(io::ErrorKind::AlreadyExists, "it is there and is no file; name another place");
        return Err(Error::io(path, "writing")(not_a_file));
    }
    let file = unfinished(folder_of(path))?;
    Seam(file.as_file()).write_all(bytes).map_err(Error::io(path, "writing"))?;
    keep(file, path)
}

/// Makes a file written with [`beside`] durable and gives it its name.
pub(crate) fn keep(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    Seam(file.as_file()).flush().map_err(Error::io(path, "writing"))?;
    ask(Operation::Sync).and_then(|()| file.as_file().sync_all()).map_err(Error::io(path, "writing to the disk"))?;
    let rename = || file.persist(path).map_err(|persist| persist.error);
    ask(Operation::Rename).and_then(|()| rename()).map_err(Error::io(path, "renaming the finished file"))?;
    sync_folder(folder_of(path))
}

/// Puts the names in a folder on the disk, where a system can be asked to.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        let sync = ask(Operation::Sync).and_then(|()| File::open(folder)?.sync_all());
        sync.map_err(Error::io(folder, "writing the folder to the disk"))?;
    }
    Ok(())
}

/// Removes the unfinished files that killed writers have left in a folder: only for whoever knows that nobody writes
/// there.
///
/// # Errors
/// If the folder cannot be read, or one of them not be removed.
pub fn sweep(folder: &Path) -> Result<(), Error> {
    let left = |name: &String| name.starts_with(UNFINISHED) && name.ends_with(PART);
    names(folder)?.iter().filter(|name| left(name)).try_for_each(|name| remove(&folder.join(name)))
}

/// The names of what is in a folder, in order; those that are no Unicode are left out, as none of ours is.
///
/// # Errors
/// If it cannot be read.
pub fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let read = || -> io::Result<Vec<String>> {
        ask(Operation::Read)?;
        let names: io::Result<Vec<_>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect();
        Ok(names?.into_iter().filter_map(|name| name.into_string().ok()).collect())
    };
    let mut names = read().map_err(Error::io(folder, "reading the folder"))?;
    names.sort();
    Ok(names)
}

/// Makes a folder, and those it lies in, where they are not there; they are on the disk then.
///
/// # Errors
/// If that fails.
pub fn make_folder(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    let make = || if missing.is_empty() { Ok(()) } else { ask(Operation::Create) };
    make().and_then(|()| fs::create_dir_all(path)).map_err(Error::io(path, "making the folder"))?;
    missing.into_iter().try_for_each(|folder| sync_folder(folder_of(folder)))
}

/// Makes a folder that is not there yet. Says whether it was not.
///
/// # Errors
/// If that fails.
pub fn make_new_folder(path: &Path) -> Result<bool, Error> {
    match ask(Operation::Create).and_then(|()| fs::create_dir(path)) {
        Ok(()) => sync_folder(folder_of(path)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io(path, "making the folder")(error)),
    }
}

/// Removes a file.
///
/// # Errors
/// If that fails.
pub fn remove(path: &Path) -> Result<(), Error> {
    ask(Operation::Remove).and_then(|()| fs::remove_file(path)).map_err(Error::io(path, "removing"))
}

/// Removes a folder that is empty.
///
/// # Errors
/// If that fails, or it is not.
pub fn remove_folder(path: &Path) -> Result<(), Error> {
    ask(Operation::Remove).and_then(|()| fs::remove_dir(path)).map_err(Error::io(path, "removing the folder"))
}

/// Reads a whole file of at most so many bytes.
///
/// # Errors
/// If that fails, or it is longer.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open(path)?.0.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > most {
            true => {
                let text = format!("it has more than the {most} bytes that were expected at most");
                Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
            }
            false => Ok(bytes),
        }
    };
    read().map_err(Error::io(path, "reading"))
}

/// Reads a file back: does it hold these bytes and no others?
///
/// # Errors
/// If it cannot be read.
pub fn holds(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let mut rest = Some(bytes);
    let look = |part: &[u8]| rest = rest.and_then(|rest| rest.strip_prefix(part));
    in_parts(path, look).map_err(Error::io(path, "reading back"))?;
    Ok(rest == Some(&[]))
}

/// Adds to the end of a file. A kill may leave a part of `bytes`: this is for what can be written again.
///
/// # Errors
/// If that fails.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let append = || Seam(OpenOptions::new().append(true).open(path)?).write_all(bytes);
    append().map_err(Error::io(path, "adding a line"))
}

/// Held as long as it lives, and let go of by the operating system however the process ends: a lock of a dead process,
/// or from before the machine was started again, is none.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock file `path`, which stays where it is.
///
/// # Errors
/// [`Error::Locked`] if another process has it; or if the file cannot be made.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = ask(Operation::Create).and_then(|()| open()).map_err(Error::io(path, "making the lock file"))?;
    match file.try_lock() {
        Ok(()) => {
            let note = || file.set_len(0).and_then(|()| write!(Seam(&file), "process {}", std::process::id()));
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The length and SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> Result<(u64, String), Error> {
    let (mut sha, mut length) = (Sha256::new(), 0);
    let add = |part: &[u8]| {
        sha.update(part);
        length += part.len() as u64;
    };
    in_parts(path, add).map_err(Error::io(path, "reading"))?;
    Ok((length, hex(sha)))
}

/// Reads a file to its end without holding all of it.
fn in_parts(path: &Path, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut file = open(path)?.0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest in hexadecimal.
pub(crate) fn hex(sha: Sha256) -> String {
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
