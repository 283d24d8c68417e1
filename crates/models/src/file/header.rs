//! The header of a safetensors file from anybody: what it claims is looked at before the library reads it, which takes
//! headers of 100 MB, needs many times that, and adds offsets up without a look at how large they are.

use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

/// Bytes that a header may have: those of the tensors and the text that a file of ours may have.
pub const LONGEST: u64 = 1 << 15;
/// Bytes of a text in TOML, which needs up to 100 times as much to be read.
pub const LONGEST_TEXT: usize = 10 << 10;
/// Digits of a number; a sum of longer ones may overflow in the library.
const LONGEST_NUMBER: usize = 15;

/// Characters that an error quotes at most.
const MOST_QUOTED: usize = 200;

/// Its length, which is the file's first number; or that number, where it is too large.
pub(super) fn len(bytes: &[u8]) -> Result<usize, u64> {
    match bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length)) {
        found if found > LONGEST => Err(found),
        found => Ok(found as usize),
    }
}

/// What it says, and the bytes behind it.
///
/// # Errors
/// If it is too long, or not one; in a line that says why.
pub fn read(bytes: &[u8]) -> Result<(Metadata, &[u8]), String> {
    let len = len(bytes).map_err(|found| {
        format!("its header has {found} bytes, where at most {LONGEST} were expected: is it whole?")
    })?;
    if bytes.get(8..8 + len).is_some_and(has_long_number) {
        return Err(format!("its header has a number of more than {LONGEST_NUMBER} digits"));
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| one_line(&error.to_string()))?;
    Ok((metadata, bytes.get(8 + len..).unwrap_or_default()))
}

/// The beginning of what a file or a library that may quote it says, for an error: a line without anything that a
/// terminal would obey.
#[must_use]
pub fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    // Signs that turn the direction of writing hide what stands there as well as control signs do.
    let obeyed = |char: char| char.is_control() || "\u{61c}\u{200e}\u{200f}".contains(char) || turns(char);
    let escape = |char: char| if obeyed(char) { char.escape_default().to_string() } else { char.to_string() };
    let cut = if first.chars().nth(MOST_QUOTED).is_some() { "…" } else { "" };
    first.chars().take(MOST_QUOTED).map(escape).collect::<String>() + cut
}

/// Refuses TOML that is dear to read: a pair of braces takes some kilobytes, a pair of brackets some hundred bytes, a
/// dot more than any letter. What is written here has none of the first and few of the others.
///
/// # Errors
/// In a line that says what there is too much of.
pub fn check_toml(text: &str) -> Result<(), String> {
    for (bracket, most) in [('{', 16), ('[', 512), ('.', 2048)] {
        let found = text.matches(bracket).count();
        if found > most {
            return Err(format!("it has {found} of the sign {bracket}, where at most {most} were expected"));
        }
    }
    Ok(())
}

fn turns(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Is there a number in JSON, outside its strings, that is longer than any that is needed?
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
