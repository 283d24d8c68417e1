//! .npy, the file format of numpy arrays: `\x93NUMPY`, a version, the length of the header, the header, which is a
//! Python dictionary, and the values.
//!
//! Arrays of two dimensions with floats of 32 or 64 bits can be read, in either byte order and in C or Fortran order.
//! The size that a header claims is compared with the length of the file before memory is allocated; if the length is
//! not known, the buffer grows as bytes arrive. A header may have at most 10,000 bytes, as in numpy.

use std::io::Read;
use std::path::Path;

use handgrad_files::memory;
use ndarray::{Array2, ArrayViewD, ShapeBuilder};

use crate::{Error, count, sizes, thousands};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// numpy refuses longer headers too.
const LONGEST_HEADER: usize = 10_000;

/// Reads an array of two dimensions from a file.
///
/// # Errors
/// If the file cannot be read, is not a .npy file of floats with two dimensions, or is longer or shorter than its
/// header says.
pub fn read(path: &Path) -> Result<Array2<f32>, Error> {
    let (file, length) = handgrad_files::open(path).map_err(Error::io(path, "opening"))?;
    decode_of_length(file, path, length)
}

/// Reads an array of two dimensions from `bytes`, to their end. Errors name them `name`.
///
/// # Errors
/// The same as those of [`read`].
pub fn decode(bytes: impl Read, name: &Path) -> Result<Array2<f32>, Error> {
    decode_of_length(bytes, name, None)
}

fn decode_of_length(mut bytes: impl Read, path: &Path, length: Option<u64>) -> Result<Array2<f32>, Error> {
    let wrong = |problem: String| {
        let problem = format!("{problem}; write it again, for instance with numpy.save");
        Error::Unfit { path: path.to_path_buf(), problem }
    };
    let mut take = |count: usize| -> Result<Vec<u8>, Error> {
        let mut taken = Vec::with_capacity(count);
        let outcome = (&mut bytes).take(count as u64).read_to_end(&mut taken);
        outcome.map(|_| taken).map_err(Error::io(path, "reading"))
    };
    let start = take(10)?;
    let [magic @ .., version, _, a, b] = &start[..] else { return Err(wrong(NOT_NPY.into())) };
    if magic != MAGIC {
        return Err(wrong(NOT_NPY.into()));
    }
    let (start_len, header_len) = match version {
        1 => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        2 | 3 => match take(2)?[..] {
            [c, d] => (12, u32::from_le_bytes([*a, *b, c, d]) as usize),
            _ => return Err(wrong("it ends before the length of its header is complete".into())),
        },
        _ => return Err(wrong(format!("it has the format version {version}, where 1, 2 or 3 was expected"))),
    };
    let left = length.map_or(LONGEST_HEADER as u64, |length| length.saturating_sub(start_len));
    if header_len > LONGEST_HEADER || header_len as u64 > left {
        return Err(wrong(format!(
            "its header should have {}, where at most {}, and no more than are left in the file, were expected",
            count(header_len, "byte", "bytes"),
            thousands(LONGEST_HEADER)
        )));
    }
    let text = take(header_len)?;
    let header = std::str::from_utf8(&text).ok().filter(|_| text.len() == header_len).and_then(Header::parse);
    let Some(Header { descr, fortran_order, shape }) = header else {
        return Err(wrong("its header is not that of an array of plain numbers".into()));
    };
    let [rows, columns] = shape[..] else {
        return Err(wrong(format!("it has the shape {}, where the shape rows × values was expected", sizes(&shape))));
    };
    let convert: fn(&[u8]) -> Option<f32> = match descr {
        "<f4" => |bytes| Some(f32::from_le_bytes(bytes.try_into().ok()?)),
        ">f4" => |bytes| Some(f32::from_be_bytes(bytes.try_into().ok()?)),
        "<f8" => |bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?) as f32),
        ">f8" => |bytes| Some(f64::from_be_bytes(bytes.try_into().ok()?) as f32),
        _ => {
            let descr: String = descr.chars().take(40).collect();
            return Err(wrong(format!("its elements are {descr:?}, where '<f4' or '<f8' was expected")));
        }
    };
    let element_len: u64 = if descr.ends_with('4') { 4 } else { 8 };
    let mismatch = |found: u64| {
        let shape = sizes(&shape);
        let claim = format!("its header claims {shape} values of {element_len} bytes");
        wrong(match (length, found) {
            (None, _) => format!("{claim}, but a different number of bytes follows"),
            (Some(_), 1) => format!("{claim}, but 1 byte follows"),
            (Some(_), found) => format!("{claim}, but {} follow", count(found as usize, "byte", "bytes")),
        })
    };
    let follow = length.map(|length| length.saturating_sub(start_len + header_len as u64));
    let claimed = rows.checked_mul(columns).filter(|&count| count > 0).and_then(|count| count.checked_mul(element_len));
    let claimed = claimed.filter(|&claimed| follow.is_none_or(|follow| follow == claimed) && claimed < 1 << 62);
    let claimed = claimed.ok_or_else(|| mismatch(follow.unwrap_or_default()))?;

    let (mut values, mut found) = (Vec::new(), 0);
    if length.is_some() {
        let bytes = claimed / element_len * 4;
        let out_of_memory = |_| Error::OutOfMemory { path: path.to_path_buf(), bytes };
        memory::reserve(&mut values, (claimed / element_len) as usize).map_err(out_of_memory)?;
    }
    while found <= claimed {
        // A piece of 2¹⁴ bytes holds whole elements of 4 or 8 bytes. At the end, one extra byte is asked for: if it
        // comes, the file is too long.
        let piece = take((1 << 14).min(claimed - found + 1) as usize)?;
        if piece.is_empty() {
            break;
        }
        found += piece.len() as u64;
        values.extend(piece.chunks_exact(element_len as usize).filter_map(convert));
    }
    if found != claimed {
        return Err(mismatch(found));
    }
    let shape = (rows as usize, columns as usize);
    let array = Array2::from_shape_vec(shape.set_f(fortran_order), values).map_err(|error| wrong(error.to_string()))?;
    Ok(if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() })
}

const NOT_NPY: &str = "not a .npy file, because it does not begin with \\x93NUMPY";

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

/// The entries of a header, for example `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct Header<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim_ascii();
        while !rest.is_empty() {
            let (key, after) = string(rest)?;
            let value = after.trim_ascii_start().strip_prefix(':')?.trim_ascii_start();
            let (new, after) = match key {
                "descr" => string(value).map(|(text, after)| (descr.replace(text).is_none(), after))?,
                "fortran_order" => {
                    let (truth, after) = match value.strip_prefix("True") {
                        Some(after) => (true, after),
                        None => (false, value.strip_prefix("False")?),
                    };
                    (fortran_order.replace(truth).is_none(), after)
                }
                "shape" => tuple(value).map(|(sizes, after)| (shape.replace(sizes).is_none(), after))?,
                _ => return None,
            };
            let after = after.trim_ascii_start();
            rest = match after.strip_prefix(',') {
                Some(after) => after.trim_ascii_start(),
                None => after.is_empty().then_some("")?,
            };
            new.then_some(())?;
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }
}

/// Parses a Python string in quotes. Returns its text and what follows it, or `None` if it has escapes.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let (string, after) = text[1..].split_once(quote)?;
    (!string.contains('\\')).then_some((string, after))
}

/// Parses a Python tuple of whole numbers. Returns the numbers and what follows the tuple.
fn tuple(text: &str) -> Option<(Vec<u64>, &str)> {
    let (inside, after) = text.strip_prefix('(')?.split_once(')')?;
    let mut parts: Vec<_> = inside.split(',').map(str::trim_ascii).collect();
    // A comma may follow the last number. With a single number it must: (4,) is a tuple, but (4) is just a number.
    let comma = parts.pop_if(|last| last.is_empty()).is_some();
    if parts.len() == 1 && !comma {
        return None;
    }
    let sizes = parts.into_iter().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    Some((sizes, after))
}
