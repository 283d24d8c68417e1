//! .npz, the archives that `numpy.savez` and `numpy.savez_compressed` write: zip files of .npy files.
//!
//! Only the arrays that are asked for are read. The decompressed length of an array may be at most 64 MiB plus 256
//! times its compressed length, and its checksum must be right.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator};

use crate::gzip::{FREE, RATIO};
use crate::npy::{self, Array};
use crate::{Error, thousands};

/// The most entries that an archive may have.
const MOST_ENTRIES: usize = 1000;

/// An open archive.
pub(crate) struct Npz<R> {
    archive: ZipArchive<Shared<R>>,
    path: PathBuf,
    /// The arrays, in the order of the archive.
    pub entries: Vec<Entry>,
}

/// A file that is read at any place.
struct Shared<R>(RefCell<R>);

impl<R: Read + Seek> ReaderAt for Shared<R> {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = self.0.borrow_mut();
        file.seek(SeekFrom::Start(offset))?;
        file.read(into)
    }
}

/// A reader that notes how the contents of an archive are damaged. Errors of the system are not noted.
struct Noting<'a, R> {
    inner: R,
    said: &'a mut Option<String>,
}

impl<R: Read> Read for Noting<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let outcome = self.inner.read(into);
        if let Err(error) = &outcome {
            let of_deflate = [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::UnexpectedEof];
            let of_zip = error.get_ref().is_some_and(|inner| inner.is::<rawzip::Error>());
            if of_zip || of_deflate.contains(&error.kind()) {
                *self.said = Some(error.to_string());
            }
        }
        outcome
    }
}

/// An array in an archive, not read yet.
pub(crate) struct Entry {
    /// The name of the array: the name of its file without `.npy`.
    pub key: String,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

impl<R: Read + Seek> Npz<R> {
    /// Opens an archive and lists its arrays. Errors name it `path`.
    pub fn open(mut reader: R, path: &Path) -> Result<Self, Error> {
        let wrong = |problem: String| damaged(path, &problem);
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let length = reader.seek(SeekFrom::End(0)).map_err(Error::io(path, "reading"))?;
        let archive = ZipLocator::new().locate_in_reader(Shared(RefCell::new(reader)), &mut buffer, length);
        let archive = archive.map_err(|(_, error)| {
            let begins = "not an .npz file, which is a zip file with arrays of numpy";
            wrong(format!("{begins}: {error}"))
        })?;
        let mut entries = Vec::new();
        let mut listed = archive.entries(&mut buffer);
        while let Some(entry) = listed.next_entry().map_err(|error| wrong(error.to_string()))? {
            if entries.len() == MOST_ENTRIES {
                let most = thousands(MOST_ENTRIES);
                return Err(unfit(path, format!("it has more than {most} entries, where a few arrays were expected")));
            }
            let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            let Some(key) = name.strip_suffix(".npy") else { continue };
            if entry.flags().is_encrypted() {
                return Err(unfit(path, format!("its entry {name:?} is encrypted: write it without a password")));
            }
            let key = key.to_owned();
            entries.push(Entry { key, place: entry.wayfinder(), method: entry.compression_method() });
        }
        Ok(Self { archive, path: path.to_path_buf(), entries })
    }

    /// The path of an array, for errors.
    pub fn path_of(&self, entry: &Entry) -> PathBuf {
        self.path.join(format!("{}.npy", entry.key))
    }

    /// The dimensions that an array claims.
    pub fn shape(&self, entry: &Entry) -> Result<Vec<u64>, Error> {
        self.opened(entry, |bytes, _| npy::claimed_shape(bytes, &self.path_of(entry)))
    }

    /// Reads an array.
    pub fn array(&self, entry: &Entry) -> Result<Array, Error> {
        self.opened(entry, |bytes, length| npy::array_of_length(bytes, &self.path_of(entry), length))
    }

    /// Calls `read` with the bytes of an array, and with their number if the archive really has as many. A damaged
    /// archive is named as such.
    fn opened<T>(
        &self,
        entry: &Entry,
        read: impl FnOnce(&mut dyn Read, Option<u64>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut said = None;
        let outcome = self.unpacked(entry, &mut said, read);
        match said {
            Some(said) if outcome.is_err() => Err(damaged(&self.path_of(entry), &said)),
            _ => outcome,
        }
    }

    /// Calls `read` with the bytes of an array, and with their number if the archive really has as many. If the
    /// archive turns out to be damaged, `said` gets the reason.
    fn unpacked<T>(
        &self,
        entry: &Entry,
        said: &mut Option<String>,
        read: impl FnOnce(&mut dyn Read, Option<u64>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let path = &self.path_of(entry);
        let found = self.archive.get_entry(entry.place).map_err(|error| damaged(path, &error.to_string()))?;
        let (start, end) = found.compressed_data_range();
        let (compressed, length) = (end.saturating_sub(start), entry.place.uncompressed_size_hint());
        if end > self.archive.end_offset() {
            return Err(damaged(path, "the archive ends before it"));
        }
        match entry.method {
            CompressionMethod::STORE if compressed == length => {
                read(&mut Noting { inner: found.verifying_reader(found.reader()), said }, Some(length))
            }
            CompressionMethod::STORE => Err(damaged(path, "it has another length than the archive says")),
            CompressionMethod::DEFLATE => {
                if length > FREE.saturating_add(RATIO.saturating_mul(compressed)) {
                    return Err(unfit(
                        path,
                        format!(
                            "its {compressed} bytes claim to decompress to {length}, where at most 64 MiB plus 256 \
                             times their number were expected; if the file is right, write it again with numpy.savez, \
                             which does not compress"
                        ),
                    ));
                }
                let inflated = DeflateDecoder::new(found.reader());
                // What was claimed is never exceeded by more than one byte.
                let checked = found.verifying_reader(inflated).take(length.saturating_add(1));
                read(&mut Noting { inner: checked, said }, None)
            }
            other => {
                let problem = format!("it is compressed with the method {other}, where none or deflate was expected");
                Err(damaged(path, &problem))
            }
        }
    }
}

fn damaged(path: &Path, problem: &str) -> Error {
    let problem: String = problem.lines().next().unwrap_or_default().chars().take(300).collect();
    unfit(path, format!("{problem}; copy it again, or write it again with numpy.savez"))
}

fn unfit(path: &Path, problem: String) -> Error {
    Error::Unfit { path: path.to_path_buf(), problem }
}
