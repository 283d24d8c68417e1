//! Files that are either complete or not there, and everything else that this project does with files. Here lies the
//! [seam](fault) at which tests make a disk fail.
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
mod lock;
pub mod memory;
pub mod place;
mod progress;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

pub use error::Error;
use fault::{Operation, ask, of_bytes};
pub use lock::{Lock, lock};
pub use progress::{Progress, Unit};

/// How the name of a file begins that is not finished,
const UNFINISHED: &str = ".handgrad-";
/// and how it ends.
const PART: &str = ".part";

/// What is done last.
const ON_DISK: &str = "putting its name on the disk";
/// Where that fails.
const THERE_BUT: &str = "the new file is there, but putting its name on the disk";

/// A file, through the seam.
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
///
/// # Errors
/// If folder or file cannot be made.
pub fn beside(path: &Path) -> Result<NamedTempFile, Error> {
    make_folder(folder_of(path))?;
    unfinished(path)
}

/// To be given the name `path`. It has the mode of the file that is there, before the first byte is in it, or else that
/// of any new file of the user; the default would shut out everybody else for good.
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
    ask(Operation::Create).and_then(|()| builder.tempfile_in(folder)).map_err(Error::io(folder, "making a file"))
}

/// Writes a whole file: beside `path`, flushed to the disk, then renamed. What was there stays until the new one is
/// whole. Its folder is made where it is not there, and a link is followed, so that it stays one.
///
/// # Errors
/// If any of that fails. What was there is then untouched, but for the very last step: where the name cannot be put on
/// the disk, the error says that the new file is there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_folder(folder_of(path))?;
    match fs::canonicalize(path) {
        Ok(path) => write_into(&path, bytes),
        Err(_) if path.is_symlink() => {
            let nowhere =
                io::Error::new(io::ErrorKind::NotFound, "it is a link that leads nowhere; name another place");
            Err(Error::io(path, "writing")(nowhere))
        }
        Err(_) => write_into(path, bytes),
    }
}

/// As [`write()`], into a folder that must be there: one that has vanished is not made again. A link is replaced, so
/// that nothing outside the folder is written to.
///
/// # Errors
/// As [`write()`], or if the folder is not there.
pub fn write_into(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A device, a pipe or a folder must not be replaced by a file.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
        let not_a_file = io::Error::new(io::ErrorKind::AlreadyExists, "it is there and is no file; name another place");
        return Err(Error::io(path, "writing")(not_a_file));
    }
    let file = unfinished(path)?;
    Seam(file.as_file()).write_all(bytes).map_err(Error::io(path, "writing"))?;
    keep(file, path)
}

/// As [`write()`], where nothing is yet, or not at all.
///
/// # Errors
/// As [`write()`], or if something is there; nothing new is there then.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = beside(path)?;
    Seam(file.as_file()).write_all(bytes).map_err(Error::io(path, "writing"))?;
    finish(&file, path)?;
    let rename = || {
        file.persist_noclobber(path).map_err(|persist| match persist.error.kind() {
            kind @ io::ErrorKind::AlreadyExists => io::Error::new(kind, "it is there already and is not overwritten"),
            _ => persist.error,
        })
    };
    ask(Operation::Rename).and_then(|()| rename()).map_err(Error::io(path, "giving the finished file its name"))?;
    sync_folder(folder_of(path)).map_err(|error| match remove(path) {
        Ok(()) => Error::io(path, ON_DISK)(error),
        Err(_) => Error::io(path, THERE_BUT)(error),
    })
}

/// Makes a file written with [`beside`] durable and gives it its name.
///
/// # Errors
/// If any of that fails.
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

/// New files that belong together. Where one cannot be written and this is dropped, those before it are taken back, so
/// that all can be begun again.
#[derive(Debug, Default)]
#[must_use]
pub struct Together(Vec<PathBuf>);

impl Together {
    /// One more is there that was not, or is about to be.
    pub fn add(&mut self, path: &Path) {
        self.0.push(path.to_path_buf());
    }

    /// All are there.
    pub fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        for path in &self.0 {
            // The error that led here is what people must see.
            let _ = remove(path);
        }
    }
}

/// Puts the names in a folder on the disk, where a system can be asked to.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    ask(Operation::Sync).and_then(|()| File::open(folder)?.sync_all())?;
    Ok(())
}

/// Removes the unfinished files that killed writers have left in a folder: only for whoever knows that nobody writes
/// there.
///
/// # Errors
/// If the folder cannot be read, or one of them not be removed.
pub fn sweep(folder: &Path) -> Result<(), Error> {
    let left = |name: &String| name.starts_with(UNFINISHED) && name.ends_with(PART);
    let paths = names(folder)?.into_iter().filter(left).map(|name| folder.join(name));
    paths.filter(|path| is_plain(path)).try_for_each(|path| remove(&path))
}

/// Is it a file, and neither a link to one nor a pipe, on which reading waits for ever?
#[must_use]
pub fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
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
    // Where it leads is not known before they are there, nor whether something of that name is.
    if missing.iter().any(|folder| folder.ends_with("..")) {
        let back =
            io::Error::new(io::ErrorKind::NotFound, "`..` leads out of a folder that is not there; leave it out");
        return Err(Error::io(path, "making the folder")(back));
    }
    let make = || if missing.is_empty() { Ok(()) } else { ask(Operation::Create) };
    make().and_then(|()| fs::create_dir_all(path)).map_err(Error::io(path, "making the folder"))?;
    missing.into_iter().try_for_each(|folder| sync_folder(folder_of(folder)).map_err(Error::io(folder, ON_DISK)))
}

/// Makes a folder that is not there yet. Says whether it was not.
///
/// # Errors
/// If that fails.
pub fn make_new_folder(path: &Path) -> Result<bool, Error> {
    match ask(Operation::Create).and_then(|()| fs::create_dir(path)) {
        Ok(()) => sync_folder(folder_of(path)).map(|()| true).map_err(Error::io(path, ON_DISK)),
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
    ask(Operation::Create).and_then(|()| append()).map_err(Error::io(path, "adding a line"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The length and SHA-256 of a file.
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
#[must_use]
pub fn hex(sha: Sha256) -> String {
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
