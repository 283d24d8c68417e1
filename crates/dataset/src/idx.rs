//! IDX, the file format of MNIST: two zero bytes, an element type, a rank, the dimensions as big-endian 32-bit
//! integers, then the values, also big-endian, in row-major order (the last dimension varies fastest).
//!
//! Whether a file is plain or compressed with gzip is decided by its content, not by its name. The size that a header
//! claims is compared with the length of a plain file before memory is allocated; otherwise the buffer grows as bytes
//! arrive.
//!
//! The decompressed contents may have at most 64 MiB plus 256 times the length of the gzip stream.

use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

use byteorder::{BigEndian, ByteOrder, WriteBytesExt};
use flate2::{Compression, GzBuilder};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::Error;
use crate::gzip::{Bomb, Members, NotGzip};
use handgrad_files::{Seam, memory};

/// The usual names of the four files: training images, training labels, validation images and validation labels.
pub(crate) const USUAL_NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// The array of an IDX file, in its element type.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Type 0x08.
    U8(ArrayD<u8>),
    /// Type 0x09.
    I8(ArrayD<i8>),
    /// Type 0x0B.
    I16(ArrayD<i16>),
    /// Type 0x0C.
    I32(ArrayD<i32>),
    /// Type 0x0D.
    F32(ArrayD<f32>),
    /// Type 0x0E.
    F64(ArrayD<f64>),
}

impl Array {
    /// The name of the element type: `u8`, …
    #[must_use]
    pub fn element(&self) -> &'static str {
        match self {
            Array::U8(_) => "u8",
            Array::I8(_) => "i8",
            Array::I16(_) => "i16",
            Array::I32(_) => "i32",
            Array::F32(_) => "f32",
            Array::F64(_) => "f64",
        }
    }

    /// The dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::U8(a) => a.shape(),
            Self::I8(a) => a.shape(),
            Self::I16(a) => a.shape(),
            Self::I32(a) => a.shape(),
            Self::F32(a) => a.shape(),
            Self::F64(a) => a.shape(),
        }
    }
}

#[derive(Clone, Copy)]
enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => Self::U8,
            0x09 => Self::I8,
            0x0b => Self::I16,
            0x0c => Self::I32,
            0x0d => Self::F32,
            0x0e => Self::F64,
            _ => return None,
        })
    }

    fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// Reads an IDX file, plain or compressed with gzip.
///
/// # Errors
/// If the file cannot be read, is not IDX, is damaged, has no values, or is longer or shorter than its header says.
pub fn read(path: &Path) -> Result<Array, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    decode_of_length(file, path, length)
}

/// Reads IDX from `bytes`, plain or compressed with gzip, to their end. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read`].
pub fn decode(bytes: impl Read, name: &Path) -> Result<Array, Error> {
    decode_of_length(bytes, name, None)
}

fn decode_of_length(bytes: impl Read, name: &Path, length: Option<u64>) -> Result<Array, Error> {
    let mut reader = BufReader::with_capacity(1 << 16, bytes);
    let mut first = [0; 2];
    let count = fill(&mut reader, &mut first).map_err(Error::io(name, "reading"))?;
    let whole = io::Cursor::new(&first[..count]).chain(reader);
    if first == [0x1f, 0x8b] {
        Decoder { reader: Members::new(whole), name, length: None, decoded: 0 }.array()
    } else {
        Decoder { reader: whole, name, length, decoded: 0 }.array()
    }
}

struct Decoder<'a, R> {
    reader: R,
    name: &'a Path,
    /// The length of the file in bytes, if it is known and the file is plain.
    length: Option<u64>,
    decoded: u64,
}

impl<R: Read> Decoder<'_, R> {
    fn array(mut self) -> Result<Array, Error> {
        let path = || self.name.to_path_buf();
        let (element, dims) = self.header()?;
        if dims.contains(&0) {
            return Err(Error::NoSamples { path: path(), dims });
        }
        let expected = dims.iter().try_fold(element.bytes(), |product, &d| product.checked_mul(d));
        let (Some(expected), true) = (expected, expected.is_some_and(|bytes| isize::try_from(bytes).is_ok())) else {
            return Err(Error::TooLarge { path: path(), dims });
        };
        let mut bytes = Vec::new();
        if let Some(length) = self.length {
            let found = length.saturating_sub(self.decoded);
            if found < expected {
                return Err(Error::TooFewBytes { path: path(), dims, expected, found });
            }
            if found > expected {
                return Err(Error::TrailingBytes { path: path(), dims, expected });
            }
            let out_of_memory = |_| Error::OutOfMemory { path: path(), bytes: expected };
            // One byte more than needed, so that the check for trailing bytes below does not make the buffer grow.
            memory::reserve(&mut bytes, expected as usize + 1).map_err(out_of_memory)?;
        }
        let outcome = (&mut self.reader).take(expected + 1).read_to_end(&mut bytes);
        self.decoded += bytes.len() as u64;
        outcome.map_err(|e| self.fault(e))?;
        let found = bytes.len() as u64;
        if found < expected {
            return Err(Error::TooFewBytes { path: path(), dims, expected, found });
        }
        if found > expected {
            return Err(Error::TrailingBytes { path: path(), dims, expected });
        }
        bytes.shrink_to_fit();
        self.convert(element, dims, bytes)
    }

    fn header(&mut self) -> Result<(Element, Vec<u64>), Error> {
        let path = self.name.to_path_buf();
        let mut magic = [0; 4];
        let count = self.fill(&mut magic)?;
        if count == 0 {
            return Err(Error::Empty { path });
        }
        if magic[..2] != [0, 0] {
            let found = magic[..count].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            let mut more = [0; 508];
            let length = self.fill(&mut more)?;
            let kind = handgrad_files::kind(&[&magic[..count], &more[..length]].concat());
            return Err(Error::NotIdx { path, found, kind });
        }
        if count < 4 {
            return Err(Error::HeaderTruncated { path, found: count as u64, expected: 4 });
        }
        let Some(element) = Element::from_code(magic[2]) else {
            return Err(Error::UnknownElement { path, found: magic[2] });
        };
        let rank = usize::from(magic[3]);
        if rank == 0 {
            return Err(Error::NoDimensions { path });
        }
        let mut sizes = vec![0; 4 * rank];
        let count = self.fill(&mut sizes)?;
        if count < sizes.len() {
            let expected = (4 + sizes.len()) as u64;
            return Err(Error::HeaderTruncated { path, found: self.decoded, expected });
        }
        let dims = sizes.chunks_exact(4).map(|size| u64::from(BigEndian::read_u32(size))).collect();
        Ok((element, dims))
    }

    /// Converts bytes to elements. `bytes` must have the length that `dims` and the element type give.
    fn convert(&self, element: Element, dims: Vec<u64>, bytes: Vec<u8>) -> Result<Array, Error> {
        let count = bytes.len() / element.bytes() as usize;
        match element {
            Element::U8 => self.shaped(dims, bytes).map(Array::U8),
            Element::I8 => self.shaped(dims, bytes.into_iter().map(|byte| byte as i8).collect()).map(Array::I8),
            Element::I16 => {
                let mut values = self.zeros(count)?;
                BigEndian::read_i16_into(&bytes, &mut values);
                self.shaped(dims, values).map(Array::I16)
            }
            Element::I32 => {
                let mut values = self.zeros(count)?;
                BigEndian::read_i32_into(&bytes, &mut values);
                self.shaped(dims, values).map(Array::I32)
            }
            Element::F32 => {
                let mut values = self.zeros(count)?;
                BigEndian::read_f32_into(&bytes, &mut values);
                self.shaped(dims, values).map(Array::F32)
            }
            Element::F64 => {
                let mut values = self.zeros(count)?;
                BigEndian::read_f64_into(&bytes, &mut values);
                self.shaped(dims, values).map(Array::F64)
            }
        }
    }

    fn zeros<T: Clone + Default>(&self, count: usize) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        let bytes = (count * size_of::<T>()) as u64;
        let out_of_memory = |_| Error::OutOfMemory { path: self.name.to_path_buf(), bytes };
        memory::reserve(&mut values, count).map_err(out_of_memory)?;
        values.resize(count, T::default());
        Ok(values)
    }

    fn shaped<T>(&self, dims: Vec<u64>, values: Vec<T>) -> Result<ArrayD<T>, Error> {
        let shape: Vec<usize> = dims.iter().map(|&d| d as usize).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), values)
            .map_err(|_| Error::TooLarge { path: self.name.to_path_buf(), dims })
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let outcome = fill(&mut self.reader, into);
        let count = outcome.map_err(|e| self.fault(e))?;
        self.decoded += count as u64;
        Ok(count)
    }

    /// Turns an error that occurred while reading into an error of this crate.
    fn fault(&self, error: io::Error) -> Error {
        let (path, decoded) = (self.name.to_path_buf(), self.decoded);
        if error.get_ref().is_some_and(|inner| inner.is::<NotGzip>()) {
            return Error::GzipTrailing { path, decoded };
        }
        if let Some(bomb) = error.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()) {
            return Error::GzipBomb { path, taken: bomb.taken };
        }
        match error.kind() {
            ErrorKind::UnexpectedEof => Error::GzipTruncated { path, decoded },
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                Error::GzipCorrupt { path, decoded, reason: error.to_string() }
            }
            _ => Error::io(self.name, "reading")(error),
        }
    }
}

/// Reads until `into` is full or the end is reached. Returns the number of bytes read.
fn fill(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < into.len() {
        match reader.read(&mut into[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(count)
}

/// Writes bytes as an IDX file that is compressed with gzip. The file is written completely or not at all. The same
/// array always gives the same file.
///
/// # Errors
/// If the file cannot be written, or if an IDX header cannot express the shape: the rank is 0 or above 255, or a
/// dimension is 0 or above 2³²−1.
pub fn write_gz(path: &Path, array: &ArrayViewD<'_, u8>) -> Result<(), Error> {
    let dims: Vec<u64> = array.shape().iter().map(|&d| d as u64).collect();
    let sizes: Result<Vec<u32>, _> = dims.iter().map(|&d| u32::try_from(d)).collect();
    let (Ok(rank @ 1..), Ok(sizes), false) = (u8::try_from(dims.len()), sizes, dims.contains(&0)) else {
        return Err(Error::CannotWrite { path: path.to_path_buf(), dims });
    };
    let file = handgrad_files::beside(path)?;
    let write = || -> io::Result<()> {
        // The gzip header has no time, no file name and no operating system (255 means unknown), so the bytes depend
        // only on the array.
        let gzip = GzBuilder::new().mtime(0).operating_system(255);
        let mut gzip = gzip.write(BufWriter::new(Seam(file.as_file())), Compression::new(6));
        gzip.write_all(&[0, 0, 0x08, rank])?;
        for size in sizes {
            gzip.write_u32::<BigEndian>(size)?;
        }
        match array.as_slice() {
            Some(values) => gzip.write_all(values)?,
            None => gzip.write_all(&array.iter().copied().collect::<Vec<u8>>())?,
        }
        gzip.finish()?.flush()
    };
    write().map_err(Error::io(path, "writing"))?;
    Ok(handgrad_files::keep(file, path)?)
}
