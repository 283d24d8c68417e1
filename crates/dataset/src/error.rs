//! The error type of this crate. Every message names the file, what was found, what was expected and what to do.

use handgrad_files::shown;
use std::io;
use std::path::{Path, PathBuf};

use crate::tables::ColumnError;
use crate::words::{bytes, count, sizes, thousands};

/// Why a data set could not be read, written, generated or downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the operating system, a folder that another process has locked, or a file name that is not allowed.
    #[error(transparent)]
    Files(#[from] handgrad_files::Error),
    /// The file is empty.
    #[error("{}: the file is empty, where an IDX header of at least 8 bytes was expected; download or copy it again",
        shown(.path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file does not start with the first bytes of an IDX file.
    #[error(
        "{}: not an IDX file: it {}starts with the bytes {found}, where 00 00, an element type and a rank were \
         expected; \
         give an IDX file, plain or compressed with gzip, or a CSV file whose name ends in .csv",
        shown(.path), .kind.map_or(String::new(), |kind| format!("is {kind} and "))
    )]
    NotIdx {
        /// The file.
        path: PathBuf,
        /// Its first bytes in hexadecimal.
        found: String,
        /// What it is, if it is of a well-known kind.
        kind: Option<&'static str>,
    },
    /// The header names an element type that IDX does not have.
    #[error(
        "{}: the element type at offset 2 is {found:02x}, where 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e \
         (f64) was expected; the file is damaged or not IDX: download or write it again", shown(.path)
    )]
    UnknownElement {
        /// The file.
        path: PathBuf,
        /// The byte at offset 2.
        found: u8,
    },
    /// The header has no dimensions.
    #[error(
        "{}: the rank at offset 3 is 0, where at least 1 dimension was expected; \
         the file is damaged or not IDX: download or write it again", shown(.path)
    )]
    NoDimensions {
        /// The file.
        path: PathBuf,
    },
    /// The file ends inside its header.
    #[error(
        "{}: the file ends at offset {found}, where a header of {expected} bytes was expected; \
         the file is incomplete: download or copy it again", shown(.path)
    )]
    HeaderTruncated {
        /// The file.
        path: PathBuf,
        /// The length of the file in bytes.
        found: u64,
        /// The length of the header in bytes, as far as it is known.
        expected: u64,
    },
    /// The product of the dimensions is larger than a computer can address.
    #[error(
        "{}: the dimensions {} at offset 4 need more bytes than can be addressed, where at most {} were \
         expected; the header is damaged: download or write the file again", shown(.path), sizes(.dims), isize::MAX
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
    },
    /// The array fits into the address space, but there is not enough free memory for it.
    #[error(
        "{}: reading it needs {bytes} bytes of memory, which are not free; use a machine with more memory, or a \
         smaller file", shown(.path)
    )]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// The number of bytes that are needed.
        bytes: u64,
    },
    /// One of the dimensions is zero.
    #[error(
        "{}: the dimensions at offset 4 are {}, so there are no samples, where at least one was expected; give a file \
         with samples",
        shown(.path), sizes(.dims)
    )]
    NoSamples {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
    },
    /// The array to be written has a shape that an IDX file cannot have.
    #[error(
        "{}: it cannot be written, because its dimensions would be {}, where 1 to 255 dimensions, each from 1 to \
         4,294,967,295, were expected; write at least one sample, or samples of another shape",
        shown(.path), dimensions(.dims)
    )]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// The dimensions of the array that cannot be written.
        dims: Vec<u64>,
    },
    /// There are fewer values than the header says.
    #[error(
        "{}: the header, whose dimensions are {}, is followed by {} instead of the expected {}; the file \
         is incomplete or its header is damaged: download or copy it again",
        shown(.path), sizes(.dims), bytes(*.found), thousands(*.expected as usize)
    )]
    TooFewBytes {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
        /// The number of bytes that the dimensions need.
        expected: u64,
        /// The number of bytes after the header.
        found: u64,
    },
    /// The file has more bytes than its header says.
    #[error(
        "{}: the file goes on after its header, whose dimensions are {}, and {}, where its end was expected; \
         the header is damaged or something was appended: download or write it again",
        shown(.path), sizes(.dims), bytes(*.expected)
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
        /// The number of bytes that the dimensions need.
        expected: u64,
    },
    /// The gzip stream ends too early.
    #[error(
        "{}: the gzip stream ends early, after {} of decompressed data, where its checksum was expected; \
         the file is incomplete: download or copy it again", shown(.path), bytes(*.decoded)
    )]
    GzipTruncated {
        /// The file.
        path: PathBuf,
        /// The number of decompressed bytes before the error.
        decoded: u64,
    },
    /// The gzip stream is damaged.
    #[error(
        "{}: the gzip stream is damaged (after {} of decompressed data: {reason}), where a stream with a correct \
         checksum was expected; download or copy it again", shown(.path), bytes(*.decoded)
    )]
    GzipCorrupt {
        /// The file.
        path: PathBuf,
        /// The number of decompressed bytes before the error.
        decoded: u64,
        /// The error message of the decompressor.
        reason: String,
    },
    /// The decompressed contents are much too large for the gzip stream: more than 64 MiB plus 256 times its length.
    #[error(
        "{}: {taken} bytes of its gzip stream decompress to more than 64 MiB plus 256 times their number, where less \
         was expected, as ordinary data gives; if the file is right, decompress it with gunzip first",
        shown(.path)
    )]
    GzipBomb {
        /// The file.
        path: PathBuf,
        /// The number of compressed bytes read so far.
        taken: u64,
    },
    /// A .npy file, a table or a picture is not valid, or does not fit its use.
    #[error("{}: {problem}", shown(.path))]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected and what to do.
        problem: String,
    },
    /// Something that is not gzip follows the gzip stream.
    #[error(
        "{}: the gzip stream is complete, with {} of decompressed data, but it is followed by something that is not \
         gzip, where the end of the file was expected; something was appended: download or copy it again",
        shown(.path), bytes(*.decoded)
    )]
    GzipTrailing {
        /// The file.
        path: PathBuf,
        /// The number of decompressed bytes before the error.
        decoded: u64,
    },
    /// Labels were given where samples were expected.
    #[error(
        "{}: the file has only one dimension, of size {found}, like a file of labels, where samples of at least two \
         dimensions were expected; give the file with the samples", shown(.path)
    )]
    OnlyLabels {
        /// The file.
        path: PathBuf,
        /// How many values it holds.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "{}: sample {sample} (counted from 0) has {found} at position {position}, where a finite number was \
         expected; remove that sample or correct the value", shown(.path)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Which sample, counted from 0.
        sample: usize,
        /// Which of its values, counted from 0.
        position: usize,
        /// The value.
        found: f64,
    },
    /// The labels do not match the samples.
    #[error(
        "{}: found {found}, where one byte for each sample, {} in all, was expected; \
         give the labels that belong to the samples, or move this file away to use the samples without labels",
        shown(.path), thousands(*.expected)
    )]
    WrongLabels {
        /// The label file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// The number of samples, each of which needs a label.
        expected: usize,
    },
    /// Training and validation samples are of different kinds.
    #[error(
        "{}: its samples are {found}, where samples of {expected} were expected, like the training samples; \
         give two files with samples of the same kind", shown(.path)
    )]
    ShapesDiffer {
        /// The validation file.
        path: PathBuf,
        /// Its samples, in words.
        found: String,
        /// The training samples, in words.
        expected: String,
    },
    /// The file has too few samples to hold one out.
    #[error(
        "{}: the file has {}, where at least 2 were expected: one for training and one held out for \
         validation; give a file with more samples", shown(.path), count(*.found, "sample", "samples")
    )]
    TooFewSamples {
        /// The file.
        path: PathBuf,
        /// How many samples it has.
        found: usize,
    },
    /// A CSV file without rows.
    #[error(
        "{}: the file is empty, or has a header and no rows, where at least one row of values was expected; give a \
         file with samples", shown(.path)
    )]
    EmptyTable {
        /// The file.
        path: PathBuf,
    },
    /// Something in a CSV file is not valid.
    #[error(
        "{}, {place}: found {found}, where {expected} was expected; correct it, or remove the row or column",
        shown(.path)
    )]
    Table {
        /// The file.
        path: PathBuf,
        /// Line and column, counted from 1.
        place: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A value of a CSV file is missing.
    #[error(
        "{}, line {line}, column {column}: the value is missing; remove the row or column, or choose how \
         missing values are filled: zero, mean or previous", shown(.path)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: usize,
    },
    /// The column that should hold the labels does not exist.
    #[error(
        "{}, line {line}: found {}, but not {column:?}, where the column of labels was expected; give a name from the \
         header, {}, last or none", shown(.path), count(*.columns, "column", "columns"), numbers_to(*.columns)
    )]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The first line of the file.
        line: u64,
        /// The column that was asked for.
        column: String,
        /// How many columns there are.
        columns: usize,
    },
    /// The columns of a table are not as they should be.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// A window has more steps than the series.
    #[error(
        "{}: found {}, too few for a window of {}; make the window shorter. A tenth of a file is held out for \
         validation, and each part must be as long as one window at least",
        shown(.path), count(*.found, "step", "steps"), thousands(*.steps)
    )]
    WindowTooLong {
        /// The file.
        path: PathBuf,
        /// The number of steps in a window.
        steps: usize,
        /// The number of steps in this part of the series.
        found: usize,
    },
    /// A folder does not have a file that it needs, or has more than one of it.
    #[error(
        "{}: found {found}, where one IDX file {expected} was expected (examples of such names: \
         train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz), or PNG or JPEG files; put such files there, or \
         give a single file instead of the folder", shown(.path)
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The files that were found.
        found: String,
        /// What the file should hold, and what its name should start with.
        expected: String,
    },
    /// What was asked for is neither a known name nor an existing path.
    #[error(
        "{}: there is no such file or folder, and no data set of that name is known{similar}; give one of {known}, a \
         folder with PNG or JPEG files or with IDX files whose names start with train- and t10k-, an IDX file, or a \
         .csv, .npy or .npz file", shown(.what)
    )]
    Unknown {
        /// What was asked for.
        what: String,
        /// The names that are known.
        known: String,
        /// A suggestion, from [`did_you_mean`](crate::did_you_mean).
        similar: String,
    },
    /// A file of a named set does not have the expected length and SHA-256.
    #[error(
        "{}: this is not the expected file: it has {found}, where {expected} was expected; \
         delete it or move it away, and the right file will be downloaded", shown(.path)
    )]
    WrongFile {
        /// The file.
        path: PathBuf,
        /// Its length and SHA-256.
        found: String,
        /// The length and SHA-256 that it should have.
        expected: String,
    },
    /// Files of a named set are missing and no mirror delivered them.
    #[error(
        "{}: the file is missing, and no mirror delivered it: {said}; check the network, or download {by_hand} by hand \
         to the folder {}",
        shown(.path), shown(.path.parent().unwrap_or(Path::new(".")))
    )]
    Unavailable {
        /// The missing file.
        path: PathBuf,
        /// What went wrong with each mirror.
        said: String,
        /// Which files to download, and from where.
        by_hand: String,
    },
}

impl Error {
    /// True only if files of a named set are missing and no mirror delivered them. The caller can then continue without
    /// them, for instance with the synthetic set. If a file exists but is wrong, this is false.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// True if the request itself was wrong, false if it was right but could not be carried out.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Files(error) => error.is_usage(),
            Self::NoSuchColumn { .. } | Self::WindowTooLong { .. } => true,
            Self::Columns(ColumnError::NoSuch { .. }) => true,
            _ => false,
        }
    }

    /// Turns an error of the operating system into an [`Error`] that names `path` and what was being done to it.
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let to_error = handgrad_files::Error::io(path, doing);
        move |source| Self::Files(to_error(source))
    }
}

/// The numbers that a column can have: `1`, or `a number from 1 to 3`.
fn numbers_to(last: usize) -> String {
    if last <= 1 { "1".to_owned() } else { format!("a number from 1 to {}", thousands(last)) }
}

/// The dimensions of an array in words.
fn dimensions(dims: &[u64]) -> String {
    if dims.is_empty() { "none".to_owned() } else { sizes(dims) }
}

/// Returns an error if `bytes` bytes of memory are not free. Call it before code that would abort the program if an
/// allocation failed.
pub(crate) fn check_room(path: &Path, bytes: u64) -> Result<(), Error> {
    if handgrad_files::memory::has_room_for(bytes) {
        Ok(())
    } else {
        Err(Error::OutOfMemory { path: path.to_path_buf(), bytes })
    }
}
