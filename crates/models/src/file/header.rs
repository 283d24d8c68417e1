//! Reads the header of a safetensors file from an untrusted source. The header is checked before the `safetensors`
//! library reads it: the library accepts headers of 100 MB, needs many times that memory, and adds offsets without
//! checking their size.

use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

/// Largest number of bytes of a header. It has room for the tensors and the texts of a file that this crate writes. In
/// a header, each quotation mark of the text of a table needs a second byte.
pub const LONGEST: u64 = LONGEST_PLAIN + 2 * LONGEST_TABLE as u64;
/// Largest number of bytes of a header without a table.
pub const LONGEST_PLAIN: u64 = 1 << 15;
/// Largest number of bytes of the description of a table: some 10,000 columns.
pub const LONGEST_TABLE: usize = 2 << 20;
/// Largest number of bytes of a text in TOML. Reading it needs up to 100 times as much memory.
pub const LONGEST_TEXT: usize = 10 << 10;
/// Largest number of digits of a number. A sum of longer numbers may overflow in the library.
const LONGEST_NUMBER: usize = 15;

/// Largest number of characters that an error quotes.
const MOST_QUOTED: usize = 200;

/// Returns the length of the header, which is the first number in the file. If it is larger than `most`, it is the
/// error.
pub(super) fn len(bytes: &[u8], most: u64) -> Result<usize, u64> {
    match bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) {
        found if found > most => Err(found),
        found => Ok(found as usize),
    }
}

/// Returns the metadata of the header, which has at most `most` bytes, and the bytes after the header.
///
/// # Errors
/// If the header is too long or not valid. The error is one line that says why.
pub fn read(bytes: &[u8], most: u64) -> Result<(Metadata, &[u8]), String> {
    let len = len(bytes, most).map_err(|found| {
        format!("its header has {found} bytes, where at most {most} were expected: is the file complete?")
    })?;
    if bytes.get(8..8 + len).is_some_and(has_long_number) {
        return Err(format!("its header has a number of more than {LONGEST_NUMBER} digits"));
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| one_line(&error.to_string()))?;
    Ok((metadata, bytes.get(8 + len..).unwrap_or_default()))
}

/// Shortens a text from a file, or from a library that may quote a file, for use in an error. The result is one line
/// in which characters that would control a terminal are escaped.
#[must_use]
pub fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    // Characters that change the direction of writing can hide text, just like control characters.
    let obeyed = |char: char| char.is_control() || "\u{61c}\u{200e}\u{200f}".contains(char) || turns(char);
    let escape = |char: char| if obeyed(char) { char.escape_default().to_string() } else { char.to_string() };
    let cut = if first.chars().nth(MOST_QUOTED).is_some() { "…" } else { "" };
    first.chars().take(MOST_QUOTED).map(escape).collect::<String>() + cut
}

/// Refuses TOML that is expensive to read: a pair of braces needs some kilobytes, a pair of brackets some hundred
/// bytes, and a dot more than any letter. The TOML that this crate writes has no braces and few brackets and dots.
///
/// # Errors
/// If one of these characters is too frequent. The error is one line that says which one.
pub fn check_toml(text: &str) -> Result<(), String> {
    for (bracket, most) in [('{', 16), ('[', 512), ('.', 2048)] {
        let found = text.matches(bracket).count();
        if found > most {
            return Err(format!("it has the character {bracket} {found} times, where at most {most} were expected"));
        }
    }
    Ok(())
}

fn turns(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether JSON has, outside its strings, a number of more than [`LONGEST_NUMBER`] digits.
fn has_long_number(json: &[u8]) -> bool {
    let (mut in_string, mut escaped, mut digits) = (false, false, 0);
    json.iter().any(|&byte| {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            in_string = byte == b'"';
            digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        }
        digits > LONGEST_NUMBER
    })
}
