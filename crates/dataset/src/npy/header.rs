//! The header of a .npy file.

use std::io::Read;
use std::path::Path;

use super::wrong;
use crate::{Error, count, sizes, thousands};

pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// numpy refuses longer headers too.
const LONGEST_HEADER: usize = 10_000;
/// numpy arrays have at most this number of dimensions.
const MOST_DIMENSIONS: usize = 64;
const NOT_NPY: &str = "not a .npy file, because it does not begin with \\x93NUMPY";

/// The type of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
    /// A word of as many characters at most, of 4 bytes each.
    Unicode(u64),
    /// A word of as many bytes at most.
    Ascii(u64),
}

/// The most characters of a word.
const LONGEST_WORD: u64 = 1 << 12;

impl Element {
    /// The type that a description such as `<f4` names, and whether its bytes are in big-endian order.
    fn of(descr: &str) -> Option<(Self, bool)> {
        let (order, kind) = descr.split_at_checked(1)?;
        let word = |letter: char| {
            let length: u64 = kind.strip_prefix(letter)?.parse().ok()?;
            (1..=LONGEST_WORD).contains(&length).then_some(length)
        };
        let element = match kind {
            "b1" | "?" => Self::Bool,
            "u1" => Self::U8,
            "i1" => Self::I8,
            "u2" => Self::U16,
            "i2" => Self::I16,
            "u4" => Self::U32,
            "i4" => Self::I32,
            "u8" => Self::U64,
            "i8" => Self::I64,
            "f2" => Self::F16,
            "f4" => Self::F32,
            "f8" => Self::F64,
            _ => match (word('U'), word('S')) {
                (Some(length), _) => Self::Unicode(length),
                (_, Some(length)) => Self::Ascii(length),
                _ => return None,
            },
        };
        match order {
            "|" if matches!(element, Self::Ascii(_)) => Some((element, false)),
            "<" => Some((element, false)),
            ">" => Some((element, true)),
            // Bytes have no order.
            "|" if element.bytes() == 1 => Some((element, false)),
            _ => None,
        }
    }

    pub fn bytes(self) -> u64 {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::Unicode(length) => 4 * length,
            Self::Ascii(length) => length,
        }
    }
}

pub(super) struct Header {
    /// The description of the type, at most 40 characters of it.
    pub descr: String,
    pub element: Element,
    /// Whether the bytes of an element are in big-endian order.
    pub big: bool,
    pub fortran_order: bool,
    pub shape: Vec<u64>,
}

/// Reads a header. `length` is the number of all bytes, if it is known; the result has the number of those that follow
/// the header.
pub(super) fn read(bytes: &mut impl Read, path: &Path, length: Option<u64>) -> Result<(Header, Option<u64>), Error> {
    let mut take = |count: usize| -> Result<Vec<u8>, Error> {
        let mut taken = Vec::with_capacity(count);
        let outcome = bytes.take(count as u64).read_to_end(&mut taken);
        outcome.map(|_| taken).map_err(Error::io(path, "reading"))
    };
    let start = take(10)?;
    let [magic @ .., version, _, a, b] = &start[..] else { return Err(wrong(path, NOT_NPY)) };
    if magic != MAGIC {
        return Err(wrong(path, NOT_NPY));
    }
    let (start_len, header_len) = match version {
        1 => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        2 | 3 => match take(2)?[..] {
            [c, d] => (12, u32::from_le_bytes([*a, *b, c, d]) as usize),
            _ => return Err(wrong(path, "it ends before the length of its header is complete")),
        },
        _ => {
            let problem = format!("it has the format version {version}, where 1, 2 or 3 was expected");
            return Err(wrong(path, &problem));
        }
    };
    let left = length.map_or(LONGEST_HEADER as u64, |length| length.saturating_sub(start_len));
    if header_len > LONGEST_HEADER || header_len as u64 > left {
        let problem = format!(
            "its header should have {}, where at most {}, and no more than are left in the file, were expected",
            count(header_len, "byte", "bytes"),
            thousands(LONGEST_HEADER)
        );
        return Err(wrong(path, &problem));
    }
    let text = take(header_len)?;
    let entries = std::str::from_utf8(&text).ok().filter(|_| text.len() == header_len).and_then(Entries::parse);
    let entries = entries.filter(|entries| entries.shape.len() <= MOST_DIMENSIONS);
    let Some(Entries { descr, fortran_order, shape }) = entries else {
        return Err(wrong(path, "its header is not that of an array of plain numbers"));
    };
    let short: String = descr.chars().take(40).collect();
    let Some((element, big)) = Element::of(descr) else {
        let problem = format!(
            "its elements, of shape {}, are {short:?}, where whole numbers of 8 to 64 bits ('|u1', '<i4'), floats \
             ('<f2', '<f4', '<f8') or truth values ('|b1') were expected, or for labels words ('<U5', '|S5')",
            sizes(&shape)
        );
        return Err(wrong(path, &problem));
    };
    let follow = length.map(|length| length.saturating_sub(start_len + header_len as u64));
    Ok((Header { descr: short, element, big, fortran_order, shape }, follow))
}

/// The entries of a header, for example `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct Entries<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl<'a> Entries<'a> {
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
