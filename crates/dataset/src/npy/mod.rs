//! .npy, the file format of numpy arrays: `\x93NUMPY`, a version, the length of the header, the header, which is a
//! Python dictionary, and the values.
//!
//! Arrays of whole numbers of 8 to 64 bits, of floats of 16, 32 and 64 bits, of truth values and of words can be read,
//! in either byte order and in C or Fortran order. The size that a header claims is compared with the length of the
//! file before memory is allocated; if the length is not known, the buffer grows as bytes arrive. A header may have at
//! most 10,000 bytes, as in numpy.

mod header;
mod values;

use std::io::Read;
use std::path::Path;

use ndarray::{Array2, ArrayD, ArrayViewD, Ix2};

use self::header::{Element, MAGIC};
use crate::{Error, sizes};

/// The array of a .npy file.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// From unsigned whole numbers of 8 bits. Truth values become 0 and 255, since bytes are divided by 255 where they
    /// are used as samples.
    Bytes(ArrayD<u8>),
    /// From numbers that are all exact in 32 bits.
    Singles(ArrayD<f32>),
    /// From numbers of 32 or 64 bits of which at least one is not exact in a float of 32 bits. Whole numbers beyond 2⁵³
    /// are rounded.
    Doubles(ArrayD<f64>),
    /// Words, which can be labels.
    Words(ArrayD<String>),
}

impl Array {
    /// The dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Bytes(array) => array.shape(),
            Self::Singles(array) => array.shape(),
            Self::Doubles(array) => array.shape(),
            Self::Words(array) => array.shape(),
        }
    }
}

/// Reads an array of two dimensions with floats of 32 or 64 bits from a file.
///
/// # Errors
/// If the file cannot be read, is not a .npy file of floats with two dimensions, or is longer or shorter than its
/// header says.
pub fn read(path: &Path) -> Result<Array2<f32>, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    table(file, path, length)
}

/// Reads an array of two dimensions with floats of 32 or 64 bits from `bytes`, to their end. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read`].
pub fn decode(bytes: impl Read, name: &Path) -> Result<Array2<f32>, Error> {
    table(bytes, name, None)
}

fn table(mut bytes: impl Read, path: &Path, length: Option<u64>) -> Result<Array2<f32>, Error> {
    let (header, length) = header::read(&mut bytes, path, length)?;
    if header.shape.len() != 2 {
        let shape = sizes(&header.shape);
        return Err(wrong(path, &format!("it has the shape {shape}, where the shape rows × values was expected")));
    }
    if !matches!(header.element, Element::F32 | Element::F64) {
        let found = &header.descr;
        return Err(wrong(path, &format!("its elements are {found:?}, where '<f4' or '<f8' was expected")));
    }
    let floats = match values::read(bytes, path, &header, length)? {
        Array::Bytes(bytes) => bytes.mapv(f32::from),
        Array::Singles(floats) => floats,
        Array::Doubles(floats) => floats.mapv(|value| value as f32),
        Array::Words(_) => return Err(wrong(path, "its elements are words, where numbers were expected")),
    };
    floats.into_dimensionality::<Ix2>().map_err(|error| wrong(path, &error.to_string()))
}

/// Reads an array of any shape and type from a file.
///
/// # Errors
/// If the file cannot be read, is not a .npy file of numbers, or is longer or shorter than its header says.
pub fn read_array(path: &Path) -> Result<Array, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    array_of_length(file, path, length)
}

/// Reads an array of any shape and type from `bytes`, to their end. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read_array`].
pub fn decode_array(bytes: impl Read, name: &Path) -> Result<Array, Error> {
    array_of_length(bytes, name, None)
}

/// The same for `length` bytes, if their number is known.
pub(crate) fn array_of_length(mut bytes: impl Read, path: &Path, length: Option<u64>) -> Result<Array, Error> {
    let (header, length) = header::read(&mut bytes, path, length)?;
    values::read(bytes, path, &header, length)
}

/// The dimensions that a .npy file claims. Its values are not read.
pub(crate) fn claimed_shape(mut bytes: impl Read, path: &Path) -> Result<Vec<u64>, Error> {
    Ok(header::read(&mut bytes, path, None)?.0.shape)
}

fn wrong(path: &Path, problem: &str) -> Error {
    let problem = format!("{problem}; write it again, for instance with numpy.save");
    Error::Unfit { path: path.to_path_buf(), problem }
}

/// Returns an array as the bytes of a .npy file, in format version 1.0, which every version of numpy can read.
#[must_use]
pub fn encode(array: &ArrayViewD<'_, f32>) -> Vec<u8> {
    let shape = array.shape().iter().map(|size| format!("{size},")).collect::<Vec<_>>().join(" ");
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    // The header ends with a line feed, and is padded with spaces so that the values begin at a multiple of 64 bytes.
    let padding = 63 - (MAGIC.len() + 4 + header.len()) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    let mut bytes = [&MAGIC[..], &[1, 0], &length, header.as_bytes()].concat();
    bytes.reserve_exact(4 * array.len());
    bytes.extend(array.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
