//! The one error of this crate: every message names the file, what was found, what was expected and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::words::sizes;

/// Why a data set could not be read, written, drawn or fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system said no, or another process works there.
    #[error(transparent)]
    Files(#[from] handgrad_files::Error),
    /// The file holds nothing.
    #[error("{}: the file is empty, 0 bytes, where an IDX header of at least 8 was expected; fetch or copy it again",
        .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file does not start as an IDX file does.
    #[error(
        "{}: not an IDX file: at offset 0 it has the bytes {found}, where 00 00, an element type and a rank were \
         expected; \
         give an IDX file, plain or compressed with gzip, or a CSV file whose name ends in .csv", .path.display()
    )]
    NotIdx {
        /// The file.
        path: PathBuf,
        /// Its first bytes in hexadecimal.
        found: String,
    },
    /// The header names an element type that IDX does not have.
    #[error(
        "{}: the element type at offset 2 is {found:02x}, where 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e \
         (f64) was expected; the file is damaged or not IDX: fetch or write it again", .path.display()
    )]
    UnknownElement {
        /// The file.
        path: PathBuf,
        /// The byte at offset 2.
        found: u8,
    },
    /// The header gives no dimensions.
    #[error(
        "{}: the rank at offset 3 is 0, where at least 1 dimension was expected; \
         the file is damaged or not IDX: fetch or write it again", .path.display()
    )]
    NoDimensions {
        /// The file.
        path: PathBuf,
    },
    /// The file ends inside its header.
    #[error(
        "{}: the file ends at offset {found}, where a header of {expected} bytes was expected; \
         it was cut short: fetch or copy it again", .path.display()
    )]
    HeaderTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes that are there.
        found: u64,
        /// Bytes that the header needs, as far as it says.
        expected: u64,
    },
    /// The sizes in the header multiply to more than a computer can address.
    #[error(
        "{}: the dimensions {} at offset 4 ask for more bytes than can be addressed, where at most {} were \
         expected; the header is damaged: fetch or write the file again", .path.display(), sizes(.dims), isize::MAX
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
    },
    /// The array fits the address space but not the memory.
    #[error(
        "{}: {bytes} bytes of memory were expected to be free and are not; use a machine with more, or a smaller file",
        .path.display()
    )]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// Bytes asked for.
        bytes: u64,
    },
    /// One of the dimensions is zero.
    #[error(
        "{}: the dimensions at offset 4 are {}, which holds no samples, where at least one was expected; give a file \
         with samples",
        .path.display(), sizes(.dims)
    )]
    NoSamples {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
    },
    /// There are fewer values than the header claims.
    #[error(
        "{}: after the header, whose dimensions are {}, come {found} bytes, where {expected} were expected; \
         the file was cut short or its header is damaged: fetch or copy it again", .path.display(), sizes(.dims)
    )]
    TooFewBytes {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
        /// Bytes that the dimensions ask for.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The file goes on where its values should end.
    #[error(
        "{}: the file goes on after the header, whose dimensions are {}, and the {expected} bytes that were expected; \
         its header is damaged or something was appended: fetch or write it again", .path.display(), sizes(.dims)
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// The dimensions in the header.
        dims: Vec<u64>,
        /// Bytes that the dimensions ask for.
        expected: u64,
    },
    /// The gzip stream ends too early.
    #[error(
        "{}: the gzip stream ends early, after giving {decoded} bytes, where its checksum was expected; \
         the file was cut short: fetch or copy it again", .path.display()
    )]
    GzipTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes decompressed until then.
        decoded: u64,
    },
    /// The gzip stream is damaged.
    #[error(
        "{}: the gzip stream is damaged, seen after {decoded} bytes of contents ({reason}), where a stream with a \
         right checksum was expected: fetch or copy it again", .path.display()
    )]
    GzipCorrupt {
        /// The file.
        path: PathBuf,
        /// Bytes decompressed until then.
        decoded: u64,
        /// What the decompressor said.
        reason: String,
    },
    /// The contents of the gzip stream are far larger than it.
    #[error(
        "{}: {taken} bytes of its gzip stream hold more than 64 MiB and 256 times as much, where data was expected, \
         which packs less; decompress it with gunzip first if it is what you want", .path.display()
    )]
    GzipBomb {
        /// The file.
        path: PathBuf,
        /// Compressed bytes read until then.
        taken: u64,
    },
    /// A .npy file or a picture is not as it should be.
    #[error("{}: {problem}", .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected and what to do.
        problem: String,
    },
    /// Something that is not gzip follows the gzip stream.
    #[error(
        "{}: after the gzip stream, complete with {decoded} bytes of contents, come bytes that are not gzip, where the \
         end of the file was expected; something was appended: fetch or copy it again", .path.display()
    )]
    GzipTrailing {
        /// The file.
        path: PathBuf,
        /// Bytes decompressed until then.
        decoded: u64,
    },
    /// Labels were given where samples were expected.
    #[error(
        "{}: the file has one dimension of {found}, as label files have, where samples of at least two dimensions were \
         expected; give the file with the images", .path.display()
    )]
    OnlyLabels {
        /// The file.
        path: PathBuf,
        /// How many values it holds.
        found: usize,
    },
    /// A value is not a number or infinite.
    #[error(
        "{}: sample {sample} (counted from 0) has {found} at position {position}, where a finite 32-bit number was \
         expected; remove that sample or repair the value", .path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Which sample, counted from 0.
        sample: usize,
        /// Which of its values, counted from 0.
        position: usize,
        /// The value as it came out.
        found: f32,
    },
    /// The labels do not go with the samples.
    #[error(
        "{}: found {found}, where {expected} labels, one byte a sample, were expected; \
         give the labels that belong to the samples, or move the file away to do without", .path.display()
    )]
    WrongLabels {
        /// The label file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// How many samples want a label.
        expected: usize,
    },
    /// Training and validation samples are of different kinds.
    #[error(
        "{}: its samples are {found}, where {expected} were expected, as the training samples are; \
         give two files of one kind", .path.display()
    )]
    ShapesDiffer {
        /// The validation file.
        path: PathBuf,
        /// Its samples, in words.
        found: String,
        /// The training samples, in words.
        expected: String,
    },
    /// There is nothing to hold out.
    #[error(
        "{}: the file has {found} sample, where at least 2 were expected: one to train on and one held out to \
         validate; give a file with more", .path.display()
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
         file with samples", .path.display()
    )]
    EmptyTable {
        /// The file.
        path: PathBuf,
    },
    /// Something in a CSV file is not as it should be.
    #[error(
        "{}, {place}: found {found}, where {expected} was expected; mend it there, or remove the row or column",
        .path.display()
    )]
    Table {
        /// The file.
        path: PathBuf,
        /// Line and column, counted from 1.
        place: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A cell of a CSV file holds nothing.
    #[error(
        "{}, line {line}, column {column}: the value is missing; remove the row or column, or choose what \
         is to stand there: zero, mean or previous", .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// Counted from 1.
        column: usize,
    },
    /// There is no such column to take labels from.
    #[error(
        "{}, line {line}: found {columns} columns and none that is called {column:?}, where the column of labels was \
         expected; give a name of the header, a number from 1 to {columns}, last or none", .path.display()
    )]
    NoSuchColumn {
        /// The file.
        path: PathBuf,
        /// The first one.
        line: u64,
        /// What was asked for.
        column: String,
        /// How many there are.
        columns: usize,
    },
    /// A window has more steps than the series.
    #[error(
        "{}: found {found} steps, where a window of {steps} was expected to fit; make the window shorter. A tenth of a \
         file is held out as validation, and each part needs a window", .path.display()
    )]
    WindowTooLong {
        /// The file.
        path: PathBuf,
        /// Of a window.
        steps: usize,
        /// Steps of this part of the series.
        found: usize,
    },
    /// A folder lacks a file, or has it twice.
    #[error(
        "{}: found {found}, where one IDX file {expected} was expected, as train-images-idx3-ubyte.gz and \
         t10k-images-idx3-ubyte.gz are; put it there, or give one IDX file instead of the folder", .path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What the file's name should start with.
        expected: String,
    },
    /// Neither a known name nor a path.
    #[error(
        "{what}: no such file or folder, and no data set of that name is known; give one of {known}, a folder with \
         train- and t10k- IDX files, an IDX file or a .csv file"
    )]
    Unknown {
        /// What was asked for.
        what: String,
        /// The names that are known.
        known: String,
    },
    /// A file of a named set is not the file it should be.
    #[error(
        "{}: not the file it should be: {found}, where {expected} was expected; \
         delete it or move it away, and the right one will be downloaded", .path.display()
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
        "{}: not there, and no mirror delivered it: {said}; check the network, or download {by_hand} by hand and put \
         them in {}",
        .path.display(), .path.parent().unwrap_or(Path::new(".")).display()
    )]
    Unavailable {
        /// The missing file.
        path: PathBuf,
        /// What each mirror said.
        said: String,
        /// What to download from where.
        by_hand: String,
    },
}

impl Error {
    /// True only when files of a named set are missing and no mirror could deliver them, so that doing without them,
    /// for instance with the synthetic set, is the sensible answer. A file that is there but wrong is not that.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Did the user ask for what makes no sense, as opposed to: could it not be done?
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_usage())
    }

    /// Turns what the operating system says about `path` into an error that names both.
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let to_error = handgrad_files::Error::io(path, doing);
        move |source| Self::Files(to_error(source))
    }
}

/// Refuses what there is no memory for, before something asks for it that cannot be told so.
pub(crate) fn check_room(path: &Path, bytes: u64) -> Result<(), Error> {
    if handgrad_files::memory::has_room_for(bytes) {
        Ok(())
    } else {
        Err(Error::OutOfMemory { path: path.to_path_buf(), bytes })
    }
}
