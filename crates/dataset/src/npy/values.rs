//! The values of a .npy file.

use std::io::Read;
use std::path::Path;

use handgrad_files::memory;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::header::{Element, Header};
use super::{Array, wrong};
use crate::{Error, check_room, count, sizes};

/// Bytes that are read at a time, or one element if that is longer.
const PIECE: u64 = 1 << 14;

/// Reads the values that follow a header, to the end. If the number of bytes that follow is known, it must be the one
/// that the header claims.
pub(super) fn read(bytes: impl Read, path: &Path, header: &Header, follow: Option<u64>) -> Result<Array, Error> {
    let size = header.element.bytes();
    let mismatch = |found: u64| {
        let claim = format!("its header claims {} values of {size} bytes", sizes(&header.shape));
        let claim = if size == 1 { claim.trim_end_matches('s').to_owned() } else { claim };
        let problem = match (follow, found) {
            (None, _) => format!("{claim}, but a different number of bytes follows"),
            (Some(_), 1) => format!("{claim}, but 1 byte follows"),
            (Some(_), found) => format!("{claim}, but {} follow", count(found as usize, "byte", "bytes")),
        };
        wrong(path, &problem)
    };
    let claimed = header.shape.iter().try_fold(size, |product, &dim| product.checked_mul(dim));
    let claimed = claimed.filter(|&claimed| claimed > 0 && claimed < 1 << 62);
    let claimed = claimed.filter(|&claimed| follow.is_none_or(|follow| follow == claimed));
    let claimed = claimed.ok_or_else(|| mismatch(follow.unwrap_or_default()))?;
    let mut reader = Reader { bytes, path, claimed, is_known: follow.is_some(), size };
    let big = header.big;
    macro_rules! numbers {
        ($type:ty, $to:ty) => {
            reader.values(|bytes: &[u8]| {
                let bytes = bytes.try_into().unwrap_or_default();
                <$to>::from(if big { <$type>::from_be_bytes(bytes) } else { <$type>::from_le_bytes(bytes) })
            })
        };
    }
    macro_rules! large {
        ($type:ty) => {
            reader.values(|bytes: &[u8]| {
                let bytes = bytes.try_into().unwrap_or_default();
                (if big { <$type>::from_be_bytes(bytes) } else { <$type>::from_le_bytes(bytes) }) as f64
            })
        };
    }
    let bytes = |values: Result<Option<Vec<u8>>, Error>| shaped(values?, header, path, mismatch).map(Array::Bytes);
    let singles = |values: Result<Option<Vec<f32>>, Error>| shaped(values?, header, path, mismatch).map(Array::Singles);
    let doubles = |values: Result<Option<Vec<f64>>, Error>| {
        let array = shaped(values?, header, path, mismatch)?;
        if array.iter().any(|&value| f64::from(value as f32) != value && !value.is_nan()) {
            return Ok(Array::Doubles(array));
        }
        check_room(path, array.len() as u64 * 4)?;
        Ok(Array::Singles(array.mapv(|value| value as f32)))
    };
    match header.element {
        Element::U8 => bytes(reader.values(|bytes| bytes[0])),
        // numpy writes 0 and 1.
        Element::Bool => bytes(reader.values(|bytes| if bytes[0] == 0 { 0 } else { 255 })),
        Element::I8 => singles(numbers!(i8, f32)),
        Element::U16 => singles(numbers!(u16, f32)),
        Element::I16 => singles(numbers!(i16, f32)),
        Element::F16 => singles(reader.values(|bytes| {
            let bytes = bytes.try_into().unwrap_or_default();
            of_half(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
        })),
        Element::F32 => singles(numbers!(f32, f32)),
        Element::U32 => doubles(numbers!(u32, f64)),
        Element::I32 => doubles(numbers!(i32, f64)),
        Element::U64 => doubles(large!(u64)),
        Element::I64 => doubles(large!(i64)),
        Element::F64 => doubles(numbers!(f64, f64)),
        Element::Unicode(_) => {
            let words = reader.values(|bytes| {
                let (codes, _) = bytes.as_chunks::<4>();
                let code = |&code: &[u8; 4]| if big { u32::from_be_bytes(code) } else { u32::from_le_bytes(code) };
                let char = |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                codes.iter().map(code).take_while(|&code| code != 0).map(char).collect::<String>()
            });
            shaped(words?, header, path, mismatch).map(Array::Words)
        }
        Element::Ascii(_) => {
            let words = reader.values(|bytes| {
                let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                String::from_utf8_lossy(&bytes[..length]).into_owned()
            });
            shaped(words?, header, path, mismatch).map(Array::Words)
        }
    }
}

struct Reader<'a, R> {
    bytes: R,
    path: &'a Path,
    /// How many bytes the values have.
    claimed: u64,
    /// Whether this number is also the number of the bytes that follow.
    is_known: bool,
    /// How many bytes a value has.
    size: u64,
}

impl<R: Read> Reader<'_, R> {
    /// All values, each converted from its bytes. Returns `None` if there are more or fewer bytes than claimed.
    fn values<T>(&mut self, convert: impl Fn(&[u8]) -> T) -> Result<Option<Vec<T>>, Error> {
        let (mut values, mut found, mut piece) = (Vec::new(), 0, Vec::new());
        let reserve = |values: &mut Vec<T>, more: usize| {
            let bytes = (values.len() + more) as u64 * size_of::<T>() as u64;
            let out_of_memory = |_| Error::OutOfMemory { path: self.path.to_path_buf(), bytes };
            memory::reserve(values, more).map_err(out_of_memory)
        };
        if self.is_known {
            reserve(&mut values, (self.claimed / self.size) as usize)?;
        }
        while found <= self.claimed {
            piece.clear();
            // At the end, one extra byte is asked for: if it comes, there are too many bytes.
            let piece_length = (PIECE / self.size).max(1) * self.size;
            let wanted = piece_length.min(self.claimed - found + 1);
            let outcome = (&mut self.bytes).take(wanted).read_to_end(&mut piece);
            outcome.map_err(Error::io(self.path, "reading"))?;
            if piece.is_empty() {
                break;
            }
            found += piece.len() as u64;
            let more = piece.len() / self.size as usize;
            if values.capacity() - values.len() < more {
                // The buffer doubles.
                let more = more.max(values.len());
                reserve(&mut values, more)?;
            }
            values.extend(piece.chunks_exact(self.size as usize).map(&convert));
        }
        Ok((found == self.claimed).then_some(values))
    }
}

/// Arranges the values as the header says.
fn shaped<T: Clone>(
    values: Option<Vec<T>>,
    header: &Header,
    path: &Path,
    mismatch: impl Fn(u64) -> Error,
) -> Result<ArrayD<T>, Error> {
    let values = values.ok_or_else(|| mismatch(0))?;
    let bytes = values.len() as u64 * size_of::<T>() as u64;
    let shape: Vec<usize> = header.shape.iter().map(|&size| size as usize).collect();
    let array = ArrayD::from_shape_vec(IxDyn(&shape).set_f(header.fortran_order), values);
    let array = array.map_err(|error| wrong(path, &error.to_string()))?;
    if array.is_standard_layout() {
        return Ok(array);
    }
    check_room(path, bytes)?;
    Ok(array.as_standard_layout().into_owned())
}

/// Converts a float of 16 bits: a sign, 5 bits of exponent and 10 of fraction.
fn of_half(bits: u16) -> f32 {
    let (exponent, fraction) = (bits >> 10 & 0x1f, f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}
