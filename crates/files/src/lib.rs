//! All file operations of this project. Files are written atomically: they are either complete or not there. Tests
//! can make operations fail with the module [`fault`].
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("codes.csv");
//! handgrad_files::place::must_be_free(&path)?;
//! handgrad_files::write_new(&path, b"z0,z1\n")?;
//! assert!(handgrad_files::write_new(&path, b"").is_err(), "nothing is overwritten");
//! assert!(handgrad_files::holds(&path, b"z0,z1\n")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod error;
pub mod fault;
mod kind;
mod lock;
pub mod memory;
pub mod place;
mod progress;
mod shown;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

pub use error::Error;
use fault::{Operation, ask, of_bytes};
pub use kind::kind;
pub use lock::{Lock, is_locked, lock};
pub use progress::{Progress, Unit};
pub use shown::shown;

/// Prefix of the names of unfinished files.
const UNFINISHED: &str = ".handgrad-";
/// Suffix of the names of unfinished files.
const PART: &str = ".part";

/// The name of the last operation of a write, for errors.
const ON_DISK: &str = "saving its name on the disk";
/// The same, if the new file exists although the operation failed.
const THERE_BUT: &str = "the new file is there, but saving its name on the disk";

/// A file whose operations call [`fault`] first.
#[derive(Debug)]
pub struct Seam<F>(pub F);

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

/// Opens a file for reading. Also returns its length, or None for a pipe and everything else that has none.
///
/// # Errors
/// If the operation fails.
pub fn open(path: &Path) -> io::Result<(Seam<File>, Option<u64>)> {
    ask(Operation::Read)?;
    let file = File::open(path)?;
    let about = file.metadata()?;
    Ok((Seam(file), about.is_file().then_some(about.len())))
}

/// Creates a temporary file in the folder of `path`, with a unique name. It is removed unless [`keep`] renames it.
/// The folder is created if it does not exist.
///
/// # Errors
/// If the folder or the file cannot be created.
pub fn beside(path: &Path) -> Result<NamedTempFile, Error> {
    make_folder(folder_of(path))?;
    unfinished(path)
}

/// Creates a temporary file that will be renamed to `path`. Its permissions are set before the first byte is written:
/// those of the existing file at `path`, or else the user's default for new files. The default of `tempfile` would
/// exclude all other users permanently.
fn unfinished(path: &Path) -> Result<NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(PART);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let there = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        builder.permissions(there.map_or(fs::Permissions::from_mode(0o666), |there| there.permissions()));
    }
    let folder = folder_of(path);
    ask(Operation::Create).and_then(|()| builder.tempfile_in(folder)).map_err(Error::io(folder, "creating a file"))
}

/// Writes a whole file atomically: to a temporary file beside `path`, which is synchronised with the disk and then
/// renamed. An existing file stays until the new one is complete. The folder is created if it does not exist. A link
/// is followed, so that it stays a link.
///
/// # Errors
/// If an operation fails. An existing file is then unchanged, except if the last operation fails: if the name cannot
/// be synchronised with the disk, the error says that the new file is there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_folder(folder_of(path))?;
    match fs::canonicalize(path) {
        Ok(path) => write_into(&path, bytes),
        Err(_) if path.is_symlink() => {
            let nowhere =
                io::Error::new(io::ErrorKind::NotFound, "it is a link that leads nowhere; choose another path");
            Err(Error::io(path, "writing")(nowhere))
        }
        Err(_) => write_into(path, bytes),
    }
}

/// Like [`write()`], but the folder must exist and is not created. A link is replaced, so that nothing outside the
/// folder is written.
///
/// # Errors
/// As [`write()`], or if the folder does not exist.
pub fn write_into(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A device, a pipe or a folder must not be replaced by a file.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
        let not_a_file = io::Error::new(io::ErrorKind::AlreadyExists, "it exists but is no file; choose another path");
        return Err(Error::io(path, "writing")(not_a_file));
    }
    let file = unfinished(path)?;
    Seam(file.as_file()).write_all(bytes).map_err(Error::io(path, "writing"))?;
    keep(file, path)
}

/// Like [`write()`], but only if nothing exists at `path`.
///
/// # Errors
/// As [`write()`], or if something exists at `path`, which is then unchanged.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = beside(path)?;
    Seam(file.as_file()).write_all(bytes).map_err(Error::io(path, "writing"))?;
    keep_new(file, path)
}

/// Like [`keep`], but only if nothing exists at `path`.
///
/// # Errors
/// If an operation fails, or if something exists at `path`, which is then unchanged.
pub fn keep_new(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    finish(&file, path)?;
    let rename = || {
        file.persist_noclobber(path).map_err(|persist| match persist.error.kind() {
            kind @ io::ErrorKind::AlreadyExists => io::Error::new(kind, "it exists already and is not overwritten"),
            _ => persist.error,
        })
    };
    ask(Operation::Rename).and_then(|()| rename()).map_err(Error::io(path, "renaming the finished file"))?;
    sync_folder(folder_of(path)).map_err(|error| match remove(path) {
        Ok(()) => Error::io(path, ON_DISK)(error),
        Err(_) => Error::io(path, THERE_BUT)(error),
    })
}

/// Synchronises a file from [`beside`] with the disk and renames it to `path`.
///
/// # Errors
/// If an operation fails.
pub fn keep(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    finish(&file, path)?;
    let rename = || file.persist(path).map_err(|persist| persist.error);
    ask(Operation::Rename).and_then(|()| rename()).map_err(Error::io(path, "renaming the finished file"))?;
    sync_folder(folder_of(path)).map_err(Error::io(path, THERE_BUT))
}

fn finish(file: &NamedTempFile, path: &Path) -> Result<(), Error> {
    Seam(file.as_file()).flush().map_err(Error::io(path, "writing"))?;
    ask(Operation::Sync).and_then(|()| file.as_file().sync_all()).map_err(Error::io(path, "writing to the disk"))
}

/// New files that belong together. If one of them cannot be written and this value is dropped, the files written
/// before are removed, so that all of them can be written again.
#[derive(Debug, Default)]
#[must_use]
pub struct Together(Vec<PathBuf>);

impl Together {
    /// Adds a file that was just created or will be created next.
    pub fn add(&mut self, path: &Path) {
        self.0.push(path.to_path_buf());
    }

    /// Keeps all files. To be called when all of them are written.
    pub fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        for path in &self.0 {
            // The error that caused this is reported, not an error of the removal.
            let _ = remove(path);
        }
    }
}

/// Synchronises the names in a folder with the disk, on systems that support it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    ask(Operation::Sync).and_then(|()| File::open(folder)?.sync_all())?;
    Ok(())
}

/// Removes the unfinished files that killed processes have left in a folder. It must be called only if no other
/// process writes in the folder.
///
/// # Errors
/// If the folder cannot be read, or a file cannot be removed.
pub fn sweep(folder: &Path) -> Result<(), Error> {
    let left = |name: &String| name.starts_with(UNFINISHED) && name.ends_with(PART);
    let paths = names(folder)?.into_iter().filter(left).map(|name| folder.join(name));
    paths.filter(|path| is_plain(path)).try_for_each(|path| remove(&path))
}

/// Returns whether `path` is a regular file, and neither a link nor a pipe. Reading from a pipe could block for ever.
#[must_use]
pub fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
}

/// Returns the names of the entries of a folder, sorted.
///
/// # Errors
/// If it cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<OsString>, Error> {
    let read = || -> io::Result<Vec<_>> {
        ask(Operation::Read)?;
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    };
    let mut names = read().map_err(Error::io(folder, "reading the folder"))?;
    names.sort();
    Ok(names)
}

/// Returns the names of the entries of a folder, sorted. Names that are not Unicode are skipped, because this project
/// does not write such names.
///
/// # Errors
/// If it cannot be read.
pub fn names(folder: &Path) -> Result<Vec<String>, Error> {
    Ok(entries(folder)?.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

/// Creates a folder and its parent folders, as far as they do not exist, and synchronises their names with the disk.
///
/// # Errors
/// If the operation fails.
pub fn make_folder(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    // The target of `..` is unknown before these folders exist, and so is whether something with that name exists.
    if missing.iter().any(|folder| folder.ends_with("..")) {
        let back =
            io::Error::new(io::ErrorKind::NotFound, "`..` leads out of a folder that does not exist; leave it out");
        return Err(Error::io(path, "creating the folder")(back));
    }
    let make = || if missing.is_empty() { Ok(()) } else { ask(Operation::Create) };
    make().and_then(|()| fs::create_dir_all(path)).map_err(Error::io(path, "creating the folder"))?;
    missing.into_iter().try_for_each(|folder| sync_folder(folder_of(folder)).map_err(Error::io(folder, ON_DISK)))
}

/// Creates a folder. Returns true if it was created, and false if something with this name exists already.
///
/// # Errors
/// If the operation fails.
pub fn make_new_folder(path: &Path) -> Result<bool, Error> {
    match ask(Operation::Create).and_then(|()| fs::create_dir(path)) {
        Ok(()) => sync_folder(folder_of(path)).map(|()| true).map_err(Error::io(path, ON_DISK)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io(path, "creating the folder")(error)),
    }
}

/// Removes a file.
///
/// # Errors
/// If the operation fails.
pub fn remove(path: &Path) -> Result<(), Error> {
    ask(Operation::Remove).and_then(|()| fs::remove_file(path)).map_err(Error::io(path, "removing"))
}

/// Removes a folder that is empty.
///
/// # Errors
/// If the operation fails, or the folder is not empty.
pub fn remove_folder(path: &Path) -> Result<(), Error> {
    ask(Operation::Remove).and_then(|()| fs::remove_dir(path)).map_err(Error::io(path, "removing the folder"))
}

/// Reads a whole file of at most `most` bytes.
///
/// # Errors
/// If the operation fails, or the file is longer.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open(path)?.0.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > most {
            true => {
                let text = format!("it has more than {most} bytes, the largest size that was expected");
                Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
            }
            false => Ok(bytes),
        }
    };
    read().map_err(Error::io(path, "reading"))
}

/// Reads a file and returns whether its content is exactly these bytes.
///
/// # Errors
/// If it cannot be read.
pub fn holds(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let mut rest = Some(bytes);
    let look = |part: &[u8]| rest = rest.and_then(|rest| rest.strip_prefix(part));
    in_parts(path, look).map_err(Error::io(path, "reading back"))?;
    Ok(rest == Some(&[]))
}

/// Appends bytes to a file. If the process is killed, a part of `bytes` may be in the file, so this is only for data
/// that can be written again.
///
/// # Errors
/// If the operation fails.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let append = || Seam(OpenOptions::new().append(true).open(path)?).write_all(bytes);
    ask(Operation::Create).and_then(|()| append()).map_err(Error::io(path, "adding a line"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the length and the SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn digest(path: &Path) -> Result<(u64, String), Error> {
    let (mut sha, mut length) = (Sha256::new(), 0);
    let add = |part: &[u8]| {
        sha.update(part);
        length += part.len() as u64;
    };
    in_parts(path, add).map_err(Error::io(path, "reading"))?;
    Ok((length, hex(sha)))
}

/// Returns whether the first `bytes` bytes of a file exist and have this SHA-256.
///
/// # Errors
/// If it cannot be read.
pub fn begins_with(path: &Path, bytes: u64, sha256: &str) -> Result<bool, Error> {
    let (mut sha, mut left) = (Sha256::new(), bytes);
    let add = |part: &[u8]| {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(part.len());
        sha.update(&part[..count]);
        left -= count as u64;
    };
    in_parts(path, add).map_err(Error::io(path, "reading"))?;
    Ok(left == 0 && hex(sha) == sha256)
}

/// Reads a file to its end in parts, and calls `each` for every part.
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

/// Returns the digest in hexadecimal.
#[must_use]
pub fn hex(sha: Sha256) -> String {
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
