//! Files that are either complete or not there.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::Error;

/// A file beside `path`, under a name of its own, gone again unless [`keep`] renames it.
pub(crate) fn beside(path: &Path) -> Result<NamedTempFile, Error> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io(folder, "making the folder"))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
    #[cfg(unix)]
    {
        // As any other file, under the user's umask; the default would shut out everybody else for good.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(Error::io(folder, "making a file"))
}

/// Writes a whole file: beside `path`, flushed to the disk, then renamed. What was there stays until the new one is whole.
///
/// # Errors
/// If any of that fails; the file that was there is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A link is followed, so that it stays one; a device or a folder must not be replaced by a file.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let not_a_file = io::Error::new(io::ErrorKind::AlreadyExists, "it is there and is no file; name another place");
        return Err(Error::io(path, "writing")(not_a_file));
    }
    let mut file = beside(path)?;
    file.write_all(bytes).map_err(Error::io(path, "writing"))?;
    keep(file, path)
}

/// Makes a file written with [`beside`] durable and gives it its name.
pub(crate) fn keep(file: NamedTempFile, path: &Path) -> Result<(), Error> {
    file.as_file().sync_all().map_err(Error::io(path, "writing to the disk"))?;
    file.persist(path).map_err(|e| Error::io(path, "renaming the finished file")(e.error))?;
    #[cfg(unix)]
    {
        let folder = folder_of(path);
        let sync = File::open(folder).and_then(|folder| folder.sync_all());
        sync.map_err(Error::io(folder, "writing the folder to the disk"))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The length and SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> Result<(u64, String), Error> {
    let read = || -> io::Result<(u64, String)> {
        let mut file = File::open(path)?;
        let mut sha = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut length = 0;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok((length, hex(sha))),
                Ok(count) => {
                    sha.update(&buffer[..count]);
                    length += count as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    };
    read().map_err(Error::io(path, "reading"))
}

/// The digest in hexadecimal.
pub(crate) fn hex(sha: Sha256) -> String {
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
